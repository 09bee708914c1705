//! The `segments` format to X12.

use std::{
    fmt,
    io::{BufReader, BufWriter, Read, Write},
};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};

use super::Error;
use crate::x12::{Delimiters, Writer};

/// Writes the X12 that a document of the `segments` format tells, interchange by interchange.
///
/// Nothing is counted or put right: what is written is what the segments say. Memory is bounded by the
/// largest interchange.
///
/// # Errors
///
/// [`Error::Json`] for other JSON; [`Error::Write`] when an element holds a separator or a terminator, so
/// that something else would be read back; [`Error::NotAByte`]; [`Error::Io`]. What came before has been
/// written then.
pub fn from_json(input: impl Read, output: impl Write) -> Result<(), Error> {
    let writer = Writer::new(BufWriter::with_capacity(64 << 10, output), Delimiters::default());
    let mut document = Document { writer, interchanges: 0, failed: None };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, input));
    let read = json.deserialize_map(&mut document).and_then(|trailing| json.end().map(|()| trailing));
    if let Some(error) = document.failed {
        return Err(error);
    }
    let trailing = bytes(&read?, document.interchanges, || "`trailing`".into())?;
    document.writer.raw(&trailing).map_err(|error| write_error(document.interchanges, error))?;
    document.writer.into_inner().flush()?;
    Ok(())
}

/// The document, as far as it has been written.
struct Document<W: Write> {
    writer: Writer<BufWriter<W>>,
    interchanges: u64,
    /// Why an interchange could not be written; the reading of JSON ends then.
    failed: Option<Error>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Interchange {
    #[serde(default)]
    before: String,
    #[serde(default)]
    delimiters: Delimiters,
    #[serde(default)]
    line_break: String,
    segments: Segments,
    #[serde(default)]
    line_breaks: Vec<LineBreak>,
    #[serde(default)]
    latin1: Vec<u64>,
    #[serde(default)]
    unterminated: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineBreak {
    before_segment: u64,
    text: String,
}

/// All elements of an interchange in one text, which is much smaller than a string for each.
#[derive(Default)]
struct Segments {
    text: String,
    /// Where each element ends in the text.
    elements: Vec<usize>,
    /// How many elements there are up to the end of each segment.
    segments: Vec<usize>,
}

/// Reads the document, writing what it can; gives what stands after the last segment.
impl<'de, W: Write> Visitor<'de> for &mut Document<W> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `interchanges`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<String, A::Error> {
        let (mut interchanges, mut trailing) = (None, None);
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "interchanges" if interchanges.is_none() => {
                    interchanges = Some(fields.next_value_seed(Interchanges(&mut *self))?);
                }
                "trailing" if trailing.is_none() => trailing = Some(fields.next_value()?),
                "interchanges" => return Err(A::Error::duplicate_field("interchanges")),
                "trailing" => return Err(A::Error::duplicate_field("trailing")),
                other => return Err(A::Error::unknown_field(other, &["interchanges", "trailing"])),
            }
        }
        interchanges.ok_or_else(|| A::Error::missing_field("interchanges"))?;
        Ok(trailing.unwrap_or_default())
    }
}

/// Reads the array of interchanges, writing each.
struct Interchanges<'d, W: Write>(&'d mut Document<W>);

impl<'de, W: Write> DeserializeSeed<'de> for Interchanges<'_, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, W: Write> Visitor<'de> for Interchanges<'_, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of interchanges")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let document = self.0;
        while let Some(interchange) = array.next_element::<Interchange>()? {
            document.interchanges = document.interchanges.saturating_add(1);
            if let Err(error) = document.write(interchange) {
                document.failed = Some(error);
                return Err(A::Error::custom("an interchange could not be written"));
            }
        }
        Ok(())
    }
}

impl<W: Write> Document<W> {
    fn write(&mut self, interchange: Interchange) -> Result<(), Error> {
        let number = self.interchanges;
        let Interchange { before, delimiters, line_break, segments, mut line_breaks, mut latin1, unterminated } =
            interchange;
        let before = bytes(&before, number, || "`before`".into())?;
        let line_break = bytes(&line_break, number, || "`line_break`".into())?;
        line_breaks.sort_by_key(|line_break| line_break.before_segment);
        latin1.sort_unstable();
        let mut line_breaks = line_breaks.into_iter().peekable();
        self.writer.set_delimiters(delimiters);
        let last = segments.segments.len() as u64;
        for (segment, at) in segments.iter().zip(1..) {
            let exception = line_breaks.next_if(|line_break| line_break.before_segment == at);
            let between = match exception {
                Some(line_break) => &bytes(&line_break.text, number, || format!("line break before segment {at}"))?,
                None if at == 1 => &before,
                None => &line_break,
            };
            self.writer.raw(between).map_err(|error| write_error(number, error))?;
            let terminated = at < last || !unterminated;
            if latin1.binary_search(&at).is_ok() {
                let elements = segment.map(|element| bytes(element, number, || format!("segment {at}")));
                self.segment(elements.collect::<Result<Vec<_>, _>>()?.iter(), terminated)?;
            } else {
                self.segment(segment, terminated)?;
            }
        }
        Ok(())
    }

    fn segment<V: AsRef<[u8]>>(&mut self, elements: impl Iterator<Item = V>, terminated: bool) -> Result<(), Error> {
        let written = if terminated { self.writer.verbatim(elements) } else { self.writer.unterminated(elements) };
        written.map_err(|error| write_error(self.interchanges, error))
    }
}

impl Segments {
    fn iter(&self) -> impl Iterator<Item = impl Iterator<Item = &str>> {
        let mut start = 0;
        let mut first = 0;
        self.segments.iter().map(move |&end| {
            let ends = self.elements.get(first..end).unwrap_or_default();
            first = end;
            let mut from = start;
            start = ends.last().copied().unwrap_or(start);
            ends.iter().map(move |&end| {
                let element = self.text.get(from..end).unwrap_or_default();
                from = end;
                element
            })
        })
    }
}

impl<'de> Deserialize<'de> for Segments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Reads segments.
        struct All;
        /// Reads the elements of one, behind those that came before.
        struct One<'s>(&'s mut Segments);
        /// Reads one element.
        struct Element<'s>(&'s mut Segments);

        impl<'de> Visitor<'de> for All {
            type Value = Segments;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of segments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Segments, A::Error> {
                let mut segments = Segments::default();
                while array.next_element_seed(One(&mut segments))?.is_some() {}
                Ok(segments)
            }
        }

        impl<'de> DeserializeSeed<'de> for One<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_seq(self)
            }
        }

        impl<'de> Visitor<'de> for One<'_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a segment: an array of elements, the id first")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
                while array.next_element_seed(Element(self.0))?.is_some() {}
                self.0.segments.push(self.0.elements.len());
                Ok(())
            }
        }

        impl<'de> DeserializeSeed<'de> for Element<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_str(self)
            }
        }

        impl<'de> Visitor<'de> for Element<'_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an element: a string")
            }

            fn visit_str<E>(self, element: &str) -> Result<(), E> {
                self.0.text.push_str(element);
                self.0.elements.push(self.0.text.len());
                Ok(())
            }
        }

        deserializer.deserialize_seq(All)
    }
}

/// Characters as the bytes of their numbers.
fn bytes(text: &str, interchange: u64, place: impl Fn() -> String) -> Result<Vec<u8>, Error> {
    let bytes = text.chars().map(u8::try_from).collect::<Result<_, _>>();
    bytes.map_err(|_| Error::NotAByte { interchange, place: place() })
}

fn write_error(interchange: u64, error: crate::x12::WriteError) -> Error {
    match error {
        crate::x12::WriteError::Io(error) => Error::Io(error),
        error => Error::Write { interchange, error },
    }
}
