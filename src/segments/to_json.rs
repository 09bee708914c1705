//! X12 to the `segments` format.

use std::io::{self, BufWriter, Read, Write};

use serde::Serialize;

use super::Error;
use crate::x12::{Delimiters, Finding, Reader, Segment, Token};

/// Writes the segments of `input` as JSON, as they are read. `pretty` puts each on a line of its own.
///
/// Returns what is odd about the bytes. Memory is bounded by the longest segment, and by the number of
/// segments that have another line break than the rest.
///
/// # Errors
///
/// [`Error::X12`] when there is no X12 or no way to go on; [`Error::Io`].
pub fn to_json(input: impl Read, output: impl Write, pretty: bool) -> Result<Vec<Finding>, Error> {
    let mut reader = Reader::new(input);
    let output = BufWriter::with_capacity(64 << 10, output);
    let mut document = Document { output, pretty, open: None, scratch: Vec::new(), interchanges: 0, trailing: false };
    while let Some(token) = reader.next()? {
        match token {
            Token::Segment { segment, before, terminated, .. } => document.segment(segment, before, terminated)?,
            Token::Trailing { bytes, .. } => document.trailing(bytes)?,
        }
    }
    document.end()?;
    Ok(reader.findings().to_vec())
}

/// The document, as far as it has been written.
struct Document<W: Write> {
    output: BufWriter<W>,
    pretty: bool,
    open: Option<Interchange>,
    /// The last segment as JSON, for the room it has.
    scratch: Vec<u8>,
    /// How many have begun.
    interchanges: u64,
    /// Whether the text that stands after the last segment has begun.
    trailing: bool,
}

/// The interchange that is being written.
struct Interchange {
    /// How many segments there have been.
    segments: u64,
    /// The first segment as JSON, until the second tells the line break, which comes before it.
    first: Option<Vec<u8>>,
    line_break: Vec<u8>,
    line_breaks: Vec<LineBreak>,
    latin1: Vec<u64>,
    unterminated: bool,
}

/// A line break unlike the others.
#[derive(Serialize)]
struct LineBreak {
    before_segment: u64,
    text: String,
}

impl<W: Write> Document<W> {
    fn segment(&mut self, segment: Segment<'_>, before: &[u8], terminated: bool) -> Result<(), Error> {
        if self.open.is_none() || segment.id() == b"ISA" {
            self.close_interchange()?;
            self.open_interchange(segment.delimiters(), before)?;
        }
        let Some(mut interchange) = self.open.take() else { return Ok(()) };
        interchange.segments += 1;
        interchange.unterminated = !terminated;
        let mut json = std::mem::take(&mut self.scratch);
        json.clear();
        if !write_segment(&mut json, segment, if self.pretty { b", " } else { b"," })? {
            interchange.latin1.push(interchange.segments);
        }
        match interchange.segments {
            1 => interchange.first = Some(json),
            number => {
                if number == 2 {
                    interchange.line_break = before.to_vec();
                    self.begin_segments(&mut interchange)?;
                } else if before.iter().ne(&interchange.line_break) {
                    interchange.line_breaks.push(LineBreak { before_segment: number, text: latin1(before) });
                }
                self.output.write_all(b",")?;
                self.line(4)?;
                self.output.write_all(&json)?;
                self.scratch = json;
            }
        }
        self.open = Some(interchange);
        Ok(())
    }

    fn trailing(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if !self.trailing {
            self.close_interchanges()?;
            self.output.write_all(b",")?;
            self.line(1)?;
            self.key("trailing")?;
            self.output.write_all(b"\"")?;
            self.trailing = true;
        }
        let json = serde_json::to_vec(&latin1(bytes))?;
        let text = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        self.output.write_all(text)?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.trailing {
            self.output.write_all(b"\"")?;
        } else {
            self.close_interchanges()?;
        }
        self.line(0)?;
        self.output.write_all(b"}\n")?;
        self.output.flush()?;
        Ok(())
    }

    fn open_interchange(&mut self, delimiters: Delimiters, before: &[u8]) -> Result<(), Error> {
        if self.interchanges == 0 {
            self.output.write_all(b"{")?;
            self.line(1)?;
            self.key("interchanges")?;
            self.output.write_all(b"[")?;
        } else {
            self.output.write_all(b",")?;
        }
        self.interchanges += 1;
        self.line(2)?;
        self.output.write_all(b"{")?;
        self.line(3)?;
        if !before.is_empty() {
            self.field("before", &latin1(before))?;
        }
        self.field("delimiters", &delimiters)?;
        self.open = Some(Interchange {
            segments: 0,
            first: None,
            line_break: Vec::new(),
            line_breaks: Vec::new(),
            latin1: Vec::new(),
            unterminated: false,
        });
        Ok(())
    }

    /// Writes what comes before the second segment: the line break, and the first.
    fn begin_segments(&mut self, interchange: &mut Interchange) -> Result<(), Error> {
        let Some(first) = interchange.first.take() else { return Ok(()) };
        if !interchange.line_break.is_empty() {
            self.field("line_break", &latin1(&interchange.line_break))?;
        }
        self.key("segments")?;
        self.output.write_all(b"[")?;
        self.line(4)?;
        self.output.write_all(&first)?;
        Ok(())
    }

    fn close_interchange(&mut self) -> Result<(), Error> {
        let Some(mut interchange) = self.open.take() else { return Ok(()) };
        self.begin_segments(&mut interchange)?;
        self.line(3)?;
        self.output.write_all(b"]")?;
        if !interchange.line_breaks.is_empty() {
            self.last_field("line_breaks", &interchange.line_breaks)?;
        }
        if !interchange.latin1.is_empty() {
            self.last_field("latin1", &interchange.latin1)?;
        }
        if interchange.unterminated {
            self.last_field("unterminated", &true)?;
        }
        self.line(2)?;
        self.output.write_all(b"}")?;
        Ok(())
    }

    fn close_interchanges(&mut self) -> Result<(), Error> {
        self.close_interchange()?;
        self.line(1)?;
        self.output.write_all(b"]")?;
        Ok(())
    }

    /// A field that others follow.
    fn field(&mut self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        self.key(name)?;
        serde_json::to_writer(&mut self.output, value)?;
        self.output.write_all(b",")?;
        self.line(3)?;
        Ok(())
    }

    /// A field that follows others.
    fn last_field(&mut self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        self.output.write_all(b",")?;
        self.line(3)?;
        self.key(name)?;
        serde_json::to_writer(&mut self.output, value)?;
        Ok(())
    }

    fn key(&mut self, name: &str) -> io::Result<()> {
        let space = if self.pretty { " " } else { "" };
        write!(self.output, "\"{name}\":{space}")
    }

    /// Begins a line, so deep, if there are to be any.
    fn line(&mut self, depth: usize) -> io::Result<()> {
        if self.pretty { write!(self.output, "\n{:1$}", "", depth * 2) } else { Ok(()) }
    }
}

/// Writes a segment as an array of strings; whether it is UTF-8.
fn write_segment(json: &mut Vec<u8>, segment: Segment<'_>, comma: &[u8]) -> Result<bool, Error> {
    let utf8 = segment.bytes().is_ascii() || segment.elements().all(|element| std::str::from_utf8(element).is_ok());
    json.push(b'[');
    for (number, element) in segment.elements().enumerate() {
        if number > 0 {
            json.extend_from_slice(comma);
        }
        if element.iter().all(|byte| is_plain(*byte)) {
            json.push(b'"');
            json.extend_from_slice(element);
            json.push(b'"');
            continue;
        }
        match std::str::from_utf8(element) {
            Ok(text) if utf8 => serde_json::to_writer(&mut *json, text)?,
            _ => serde_json::to_writer(&mut *json, &latin1(element))?,
        }
    }
    json.push(b']');
    Ok(utf8)
}

/// Whether a byte stands for itself in a JSON string, as nearly all of X12 does.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Each byte as the character of its number.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
