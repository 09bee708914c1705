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
    /// Puts segments (joined by `~`) after one.
    After(&'static str, &'static str),
    /// Puts segments before one.
    Before(&'static str, &'static str),
    /// Puts the segments from one to another so many times more.
    Repeat(&'static str, &'static str, usize),
    /// Leaves SE01 as it is, which the other edits keep right.
    KeepCount,
}

/// Applies edits; what cannot be applied is returned.
pub fn apply(file: &[u8], edits: &[Edit]) -> Result<Vec<u8>, String> {
    let text = String::from_utf8(file.to_vec()).expect("samples are ASCII");
    let end = text.as_bytes()[105] as char;
    let line_break = if text.contains(&format!("{end}\n")) { "\n" } else { "" };
    let mut segments: Vec<String> =
        text.split(end).map(|segment| segment.trim_start_matches(['\r', '\n']).to_owned()).collect();
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
        }
    }
    if count {
        recount(&mut segments);
    }
    Ok(segments
        .iter()
        .flat_map(|segment| [segment.as_str(), &end.to_string(), line_break].concat().into_bytes())
        .collect())
}

/// The number in the file, from 1, of the segment that begins so.
pub fn number(file: &[u8], name: &str) -> Option<u64> {
    let text = String::from_utf8(file.to_vec()).ok()?;
    let end = text.as_bytes()[105] as char;
    let segments: Vec<String> = text.split(end).map(|one| one.trim_start_matches(['\r', '\n']).to_owned()).collect();
    find(&segments, name).map(|at| at as u64 + 1)
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
