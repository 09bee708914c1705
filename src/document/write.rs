//! A document to its file.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    io::{Read, Write},
    thread,
};

use memchr::memmem;
use serde::{Deserialize, de::Error as _};
use serde_json::value::RawValue;

use super::{Crew, Error, Framing, LineBreak, binding, framing, interchange_guide, outline::Outline};
use crate::{
    guide,
    record::write::{Start, Style, Writer, Written},
    x12::Delimiters,
};

/// Reads a document (JSON) and writes its X12.
///
/// # Errors
/// JSON that is not a document; a field that its guide has no place for; a value that is not of
/// its form or holds a delimiter; input or output that fails.
pub fn write(input: impl Read, output: impl Write, style: &Style) -> Result<(), Error> {
    write_on(1, input, output, style)
}

/// As [`write()`], on so many threads, this one among them, as far as an interchange has transaction sets for them. The
/// file is the same.
///
/// # Errors
/// As those of [`write()`].
pub fn write_on(threads: usize, mut input: impl Read, mut output: impl Write, style: &Style) -> Result<(), Error> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let Ok(text) = std::str::from_utf8(&text) else {
        let error = serde_json::from_slice::<Document<'_>>(&text).err();
        return Err(error.unwrap_or_else(|| serde_json::Error::custom("the document is not UTF-8")).into());
    };
    let outline = Outline::of(text);
    let in_whole = |piece: &str, error| Error::Json(outline.place(error, piece));
    let document: Document<'_> =
        serde_json::from_str(outline.text()).map_err(|error| in_whole(outline.text(), error))?;
    let mut usual: Vec<u8> = Vec::new();
    for (at, &raw) in document.interchanges.iter().enumerate() {
        let stated: Stated = serde_json::from_str(raw.get()).map_err(|error| in_whole(raw.get(), error))?;
        let interchange = Interchange { raw, at, outline: &outline, threads };
        let framing = Framing::of(stated, style);
        match &framing.before {
            Some(before) => output.write_all(&framing::bytes(before))?,
            None if at > 0 => output.write_all(&usual)?,
            None => {}
        }
        usual = framing::bytes(&framing.line_break);
        let style =
            Style { delimiters: framing.delimiters, line_break: usual.clone(), on_delimiter: style.on_delimiter };
        if !framing.line_breaks.is_empty() {
            interchange.broken(&framing, &style, &mut output)?;
            continue;
        }
        let segments = interchange.segments(&style)?;
        // Between this interchange and what follows stands what is said there.
        let mut left = segments.len().saturating_sub(usual.len() + usize::from(framing.unterminated));
        for piece in &segments.pieces {
            let piece = piece.get(..left).unwrap_or(piece);
            output.write_all(piece)?;
            left -= piece.len();
        }
    }
    match document.trailing {
        Some(trailing) => output.write_all(&framing::bytes(&trailing))?,
        None => output.write_all(&usual)?,
    }
    Ok(output.flush()?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'j> {
    #[serde(borrow)]
    interchanges: Vec<&'j RawValue>,
    trailing: Option<String>,
}

/// What an interchange says of its framing.
#[derive(Deserialize)]
struct Stated {
    before: Option<String>,
    delimiters: Option<Delimiters>,
    line_break: Option<String>,
    #[serde(default)]
    line_breaks: Vec<LineBreak>,
    #[serde(default)]
    unterminated: bool,
}

impl Framing {
    /// What an interchange does not say is as the style has it.
    fn of(stated: Stated, style: &Style) -> Self {
        let Stated { before, delimiters, line_break, line_breaks, unterminated } = stated;
        // An interchange that names its delimiters names its line break too: none is the empty one.
        let usual = if delimiters.is_some() { String::new() } else { framing::text(&style.line_break) };
        Self {
            before,
            delimiters: delimiters.unwrap_or(style.delimiters),
            line_break: line_break.unwrap_or(usual),
            line_breaks,
            unterminated,
        }
    }
}

/// An interchange of a document.
struct Interchange<'o, 'j> {
    /// What the outline has of it, and where it stands there.
    raw: &'o RawValue,
    at: usize,
    outline: &'o Outline<'j>,
    threads: usize,
}

/// The segments of an interchange, in pieces: transaction sets are nearly all of it, and are not copied.
struct Segments {
    pieces: Vec<Vec<u8>>,
    count: u32,
}

impl Segments {
    fn len(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    /// An envelope and its transaction sets, for each of which its number stands between two NULs; none if the
    /// envelope has NULs of its own.
    fn joined(envelope: &Written, mut sets: Vec<Vec<u8>>) -> Option<Self> {
        let parts: Vec<&[u8]> = envelope.bytes.split(|byte| *byte == 0).collect();
        if parts.len() != 2 * sets.len() + 1 {
            return None;
        }
        let mut pieces = Vec::with_capacity(parts.len());
        for (at, part) in parts.into_iter().enumerate() {
            if at % 2 == 0 {
                pieces.push(part.to_vec());
            } else {
                let number: usize = std::str::from_utf8(part).ok()?.parse().ok()?;
                pieces.push(std::mem::take(sets.get_mut(number)?));
            }
        }
        Some(Self { pieces, count: envelope.segments })
    }
}

impl Interchange<'_, '_> {
    /// Its segments.
    fn segments(&self, style: &Style) -> Result<Segments, Error> {
        if !style.line_break.contains(&0) {
            let mut sets = Vec::new();
            let envelope = self.written(style, |set, out| {
                out.extend_from_slice(format!("\0{}\0", sets.len()).as_bytes());
                sets.push(set);
            })?;
            if let Some(segments) = Segments::joined(&envelope, sets) {
                return Ok(segments);
            }
        }
        let whole = self.written(style, |mut set, out| out.append(&mut set))?;
        Ok(Segments { pieces: vec![whole.bytes], count: whole.segments })
    }

    /// Its envelope, with what `put` puts for each of its transaction sets.
    fn written(&self, style: &Style, put: impl FnMut(Vec<u8>, &mut Vec<u8>)) -> Result<Written, Error> {
        let guide = interchange_guide()?;
        let Some(binding) = binding(guide) else { return Ok(Written::default()) };
        let put = RefCell::new(put);
        let (first, sets) = self.outline.of_interchange(self.at);
        let ahead = RefCell::new(self.ahead(sets, style));
        let refused = Cell::new(None);
        let outside = |raw: &RawValue, out: &mut Vec<u8>| {
            let at = raw.get().parse::<usize>().ok().and_then(|number| number.checked_sub(first));
            let written = match at.and_then(|at| Some((at, *sets.get(at)?))) {
                Some((at, set)) => {
                    let written = ahead.borrow_mut().get_mut(at).and_then(Option::take);
                    let written = written.unwrap_or_else(|| transaction(set, style));
                    written.map_err(|error| self.outline.place_in_set(&error, set.get()))
                }
                None => transaction(raw, style).map_err(|error| self.outline.place(error, raw.get())),
            };
            let Written { bytes, segments } = written.map_err(|error| {
                let told = error.to_string();
                refused.set(Some(error));
                told
            })?;
            put.borrow_mut()(bytes, out);
            Ok(segments)
        };
        let writer = Writer::of_envelope(binding, style, &outside).ignoring(Framing::FIELDS);
        let written = writer.write(&mut serde_json::Deserializer::from_str(self.raw.get()));
        Ok(written.map_err(|error| refused.take().unwrap_or_else(|| self.outline.place(error, self.raw.get())))?)
    }

    /// Its transaction sets, written by several threads; none if that is not worth it.
    fn ahead(&self, sets: &[&RawValue], style: &Style) -> Vec<Option<Result<Written, serde_json::Error>>> {
        if self.threads < 2 || sets.len() < 2 {
            return Vec::new();
        }
        thread::scope(|scope| {
            let mut crew = Crew::new(scope, self.threads, || |set: &RawValue| transaction(set, style));
            let mut written = Vec::with_capacity(sets.len());
            for set in sets {
                crew.give(*set);
                written.extend(std::iter::from_fn(|| crew.next()).map(Some));
            }
            written.extend(std::iter::from_fn(|| crew.last()).map(Some));
            written
        })
    }

    /// Writes it with the line breaks that are unlike the others.
    fn broken(&self, framing: &Framing, style: &Style, output: &mut impl Write) -> Result<(), Error> {
        let (bytes, mark) = self.marked(style)?;
        let mut exceptions = framing.line_breaks.iter().peekable();
        let mut start = 0;
        for (number, end) in (1..).zip(memmem::find_iter(&bytes, &mark)) {
            if number > 1 {
                match exceptions.next_if(|exception| exception.before_segment == number) {
                    Some(exception) => output.write_all(&framing::bytes(&exception.text))?,
                    None => output.write_all(&style.line_break)?,
                }
            }
            let is_last = end + mark.len() == bytes.len();
            let segment = bytes.get(start..end - usize::from(is_last && framing.unterminated)).unwrap_or_default();
            output.write_all(segment)?;
            start = end + mark.len();
        }
        Ok(())
    }

    /// Its segments, with a mark after each instead of a line break. Where segments end the bytes alone do not say: an
    /// ISA may hold the terminator. A mark that the data happen to hold is not taken.
    fn marked(&self, style: &Style) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let mut number = 0u32;
        loop {
            let mark = format!("\0{number}\0").into_bytes();
            let segments = self.segments(&Style { line_break: mark.clone(), ..style.clone() })?;
            let bytes = segments.pieces.concat();
            if memmem::find_iter(&bytes, &mark).count() == segments.count as usize {
                return Ok((bytes, mark));
            }
            number += 1;
        }
    }
}

/// What of a transaction set must be known before the rest is read.
#[derive(Deserialize)]
struct Head {
    r#type: Option<String>,
    guide: Option<String>,
    segments: Option<Vec<String>>,
    #[serde(default)]
    latin1: Vec<usize>,
}

impl Head {
    /// The head of a transaction set. One that we made says its type first, and if it is that of a guide, that is
    /// all there is to know.
    fn of(raw: &RawValue) -> Result<Self, serde_json::Error> {
        let first = raw.get().strip_prefix("{\"type\":\"").and_then(|rest| rest.split_once("\","));
        match first.filter(|(name, rest)| guide::by_name(name).is_some() && !rest.starts_with("\"segments\"")) {
            Some((name, _)) => {
                Ok(Self { r#type: Some(name.to_owned()), guide: None, segments: None, latin1: Vec::new() })
            }
            None => serde_json::from_str(raw.get()),
        }
    }
}

/// Writes one transaction set.
fn transaction(raw: &RawValue, style: &Style) -> Result<Written, serde_json::Error> {
    let head = Head::of(raw)?;
    if let Some(segments) = &head.segments {
        let mut out = Vec::new();
        let latin1: HashSet<usize> = head.latin1.iter().copied().collect();
        for (at, segment) in segments.iter().enumerate() {
            let start = out.len();
            if latin1.contains(&at) {
                out.extend(framing::bytes(segment))
            } else {
                out.extend_from_slice(segment.as_bytes())
            }
            if out.get(start..).unwrap_or_default().contains(&style.delimiters.segment) {
                let number = at + 1;
                return Err(serde_json::Error::custom(format!("segment {number} holds the segment terminator")));
            }
            out.push(style.delimiters.segment);
            out.extend_from_slice(&style.line_break);
        }
        return Ok(Written { bytes: out, segments: u32::try_from(segments.len()).unwrap_or(u32::MAX) });
    }
    let named = head.r#type.as_deref().and_then(guide::by_name);
    let guide = named.or_else(|| head.guide.as_deref().and_then(guide::by_id));
    let guide = match guide {
        Some(Ok(guide)) => guide,
        Some(Err(error)) => return Err(serde_json::Error::custom(error)),
        None => {
            let stated = head.r#type.or(head.guide).unwrap_or_default();
            return Err(serde_json::Error::custom(format!(
                "a transaction set names its `type` ({}); `{stated}` is none of them",
                guide::NAMES.join(", ")
            )));
        }
    };
    let Some(binding) = binding(guide) else {
        return Err(serde_json::Error::custom(format!("{} is no transaction set", guide.name)));
    };
    let writer = Writer::new(binding, style, Start::default()).ignoring(&["type"]);
    writer.write(&mut serde_json::Deserializer::from_str(raw.get()))
}
