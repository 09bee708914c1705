//! Small edits of X12 files.

/// A small edit. A segment is named by how it begins (`REF*F8`, `NM1*85`); the first that does is meant, or
/// the one of a number after `#` (`LX#2`: the second LX).
#[derive(Clone, Copy, Debug)]
pub enum Edit {
    /// Puts a value into an element (`05`) or component (`05-3`) of a segment.
    Put(&'static str, &'static str, &'static str),
    /// Puts another segment in place of one.
    Replace(&'static str, &'static str),
    /// Takes a segment out.
    Remove(&'static str),
    /// Takes out a segment and all that follow, up to another, which stays.
    Cut(&'static str, &'static str),
    /// Puts segments (joined by `~`) after one.
    After(&'static str, &'static str),
    /// Puts segments before one.
    Before(&'static str, &'static str),
    /// Puts the segments from one to another so many times more.
    Repeat(&'static str, &'static str, usize),
    /// Leaves SE01 as it is, which the other edits keep right.
    KeepCount,
    /// Puts bytes in place of the first that are so, once all other edits are done.
    Bytes(&'static [u8], &'static [u8]),
    /// Puts bytes before everything.
    Begin(&'static [u8]),
    /// Takes the last bytes away, so many, line breaks included.
    Shorten(usize),
}

/// Applies edits; what cannot be applied is returned.
pub fn apply(file: &[u8], edits: &[Edit]) -> Result<Vec<u8>, String> {
    let text = String::from_utf8(file.to_vec()).expect("samples are ASCII");
    let end = terminator(&text);
    let line_break = if text.contains(&format!("{end}\n")) { "\n" } else { "" };
    let mut segments = segments(&text, end);
    segments.retain(|segment| !segment.is_empty());
    let mut count = true;
    for edit in edits {
        let missing = || format!("{edit:?} finds no segment");
        match *edit {
            Edit::Put(name, place, value) => {
                let at = find(&segments, name).ok_or_else(missing)?;
                segments[at] = put(&segments[at], place, value);
            }
            Edit::Replace(name, new) => {
                let at = find(&segments, name).ok_or_else(missing)?;
                segments[at] = new.to_owned();
            }
            Edit::Remove(name) => {
                let at = find(&segments, name).ok_or_else(missing)?;
                segments.remove(at);
            }
            Edit::Cut(first, until) => {
                let first = find(&segments, first).ok_or_else(missing)?;
                let until = find(&segments, until).ok_or_else(missing)?;
                segments.drain(first..until);
            }
            Edit::After(name, new) => {
                let at = find(&segments, name).ok_or_else(missing)?;
                segments.splice(at + 1..at + 1, new.split('~').map(str::to_owned));
            }
            Edit::Before(name, new) => {
                let at = find(&segments, name).ok_or_else(missing)?;
                segments.splice(at..at, new.split('~').map(str::to_owned));
            }
            Edit::Repeat(from, to, times) => {
                let first = find(&segments, from).ok_or_else(missing)?;
                let last = find(&segments, to).ok_or_else(missing)?;
                let copied = segments[first..=last].to_vec();
                segments.splice(last + 1..last + 1, std::iter::repeat_n(copied, times).flatten());
            }
            Edit::KeepCount => count = false,
            Edit::Bytes(..) | Edit::Begin(_) | Edit::Shorten(_) => {}
        }
    }
    if count {
        recount(&mut segments);
    }
    let mut bytes: Vec<u8> =
        segments.iter().flat_map(|one| [one.as_str(), &end.to_string(), line_break].concat().into_bytes()).collect();
    for edit in edits {
        match *edit {
            Edit::Bytes(old, new) => {
                let at = bytes.windows(old.len()).position(|window| window == old);
                let at = at.ok_or_else(|| format!("{edit:?} finds no such bytes"))?;
                bytes.splice(at..at + old.len(), new.iter().copied());
            }
            Edit::Begin(new) => drop(bytes.splice(0..0, new.iter().copied())),
            Edit::Shorten(count) => bytes.truncate(bytes.len().saturating_sub(count)),
            _ => {}
        }
    }
    Ok(bytes)
}

/// The number in the file, from 1, of the segment that begins so; of what would come next for no name.
pub fn number(file: &[u8], name: &str) -> Option<u64> {
    let text = String::from_utf8_lossy(file);
    let text = text.find("ISA*").map_or(&text[..], |begin| &text[begin..]);
    let mut segments = segments(text, terminator(text));
    segments.retain(|segment| !segment.is_empty());
    if name.is_empty() {
        return Some(segments.len() as u64 + 1);
    }
    find(&segments, name).map(|at| at as u64 + 1)
}

/// What stands after ISA16.
fn terminator(text: &str) -> char {
    let header = text.find("ISA*").and_then(|at| text[at..].match_indices('*').nth(15).map(|(star, _)| at + star));
    header.and_then(|star| text[star..].chars().nth(2)).unwrap_or('~')
}

fn segments(text: &str, end: char) -> Vec<String> {
    text.split(end).map(|segment| segment.trim_start_matches(['\r', '\n', '\0']).to_owned()).collect()
}

fn find(segments: &[String], name: &str) -> Option<usize> {
    let (name, nth) = name.split_once('#').map_or((name, 1), |(name, nth)| (name, nth.parse().expect("a number")));
    let mut found = segments.iter().enumerate().filter(|(_, segment)| {
        segment
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || name.ends_with('*') || rest.starts_with(['*', ':']))
    });
    found.nth(nth - 1).map(|(at, _)| at)
}

fn put(segment: &str, place: &str, value: &str) -> String {
    let (element, component) = place
        .split_once('-')
        .map_or((place, 0), |(element, component)| (element, component.parse::<usize>().expect("a component")));
    let element: usize = element.parse().expect("an element");
    let mut elements: Vec<String> = segment.split('*').map(str::to_owned).collect();
    elements.resize(elements.len().max(element + 1), String::new());
    if component == 0 {
        elements[element] = value.to_owned();
    } else {
        let mut components: Vec<&str> = elements[element].split(':').collect();
        components.resize(components.len().max(component), "");
        components[component - 1] = value;
        elements[element] = components.join(":").trim_end_matches(':').to_owned();
    }
    while elements.last().is_some_and(String::is_empty) {
        elements.pop();
    }
    elements.join("*")
}

fn recount(segments: &mut [String]) {
    let mut begin = 0;
    for (at, segment) in segments.iter_mut().enumerate() {
        if segment.starts_with("ST*") {
            begin = at;
        } else if segment.starts_with("SE*") {
            *segment = put(segment, "01", &(at - begin + 1).to_string());
        }
    }
}
