//! What kind of input this is, told by its beginning.

use std::{
    fmt,
    io::{self, BufReader, Cursor, Read},
};

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The kinds of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// X12, or what must be taken for it.
    X12,
    /// A document: `{"interchanges":[…]}` with claims, payments, acknowledgments.
    Document,
    /// The same with plain segments: `{"interchanges":[{…,"segments":[…]}]}`.
    Segments,
    /// JSON objects, each a claim or the like, one a line.
    Lines,
    /// Nothing at all.
    Empty,
}

/// Tells the kind of an input and gives back all of its bytes.
///
/// # Errors
/// Input that cannot be read.
pub fn detect(input: impl Read) -> io::Result<(Kind, impl Read)> {
    let mut input = BufReader::with_capacity(64 << 10, input);
    let mut seen = Vec::new();
    let first = loop {
        let mut byte = [0];
        if input.read(&mut byte)? == 0 {
            break None;
        }
        seen.extend_from_slice(&byte);
        let in_mark = b"\xEF\xBB\xBF".starts_with(&seen);
        if !in_mark && !byte[0].is_ascii_whitespace() || seen.len() >= MOST_BLANKS {
            break Some(byte[0]);
        }
    };
    let kind = match first {
        None => Kind::Empty,
        Some(b'{') => {
            let mut tee = Tee { input: &mut input, seen: Vec::new() };
            let kind = of_json((&b"{"[..]).chain(&mut tee));
            let Tee { seen: more, .. } = tee;
            seen.extend_from_slice(&more);
            kind
        }
        Some(_) => Kind::X12,
    };
    // JSON may not begin with a byte order mark; X12 keeps what it came with.
    let skipped = if kind == Kind::X12 { 0 } else { seen.iter().take_while(|byte| !byte.is_ascii()).count() };
    let mut seen = Cursor::new(seen);
    seen.set_position(skipped as u64);
    Ok((kind, seen.chain(input)))
}

/// Blanks before the first character that are looked through.
const MOST_BLANKS: usize = 64 << 10;

/// Remembers what was read through it.
struct Tee<R> {
    input: R,
    seen: Vec<u8>,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.seen.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Reads no further than to the first key that decides.
fn of_json(json: impl Read) -> Kind {
    let mut decided = None;
    // An error is either how reading stops or what the command itself will meet again and report.
    let _ = Keys { deeper: true, decided: &mut decided }.deserialize(&mut serde_json::Deserializer::from_reader(json));
    decided.unwrap_or(Kind::Lines)
}

/// An object whose keys are looked at: the document itself, or its first interchange.
struct Keys<'d> {
    deeper: bool,
    decided: &'d mut Option<Kind>,
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            *self.decided = match (self.deeper, key.as_str()) {
                (true, "interchanges") => {
                    *self.decided = Some(Kind::Document);
                    return map.next_value_seed(First { decided: self.decided });
                }
                (true, "trailing") => Some(Kind::Document),
                (true, _) => Some(Kind::Lines),
                (false, "segments") => Some(Kind::Segments),
                (false, "header" | "acknowledgments" | "groups" | "transactions" | "x12") => Some(Kind::Document),
                (false, _) => None,
            };
            if self.decided.is_some_and(|kind| kind != Kind::Document || !self.deeper) {
                return Err(A::Error::custom("decided"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The first of the interchanges.
struct First<'d> {
    decided: &'d mut Option<Kind>,
}

impl<'de> DeserializeSeed<'de> for First<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for First<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of interchanges")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut inner = None;
        let _ = list.next_element_seed(Keys { deeper: false, decided: &mut inner });
        *self.decided = inner.or(*self.decided);
        Err(A::Error::custom("decided"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &[u8]) -> Kind {
        let (kind, mut rest) = detect(text).unwrap();
        let mut back = Vec::new();
        rest.read_to_end(&mut back).unwrap();
        if kind == Kind::X12 {
            assert_eq!(back, text, "every byte is still there");
        } else {
            assert_eq!(back, text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text));
        }
        kind
    }

    #[test]
    fn x12_is_what_is_not_json() {
        for text in [
            &b"ISA*00*"[..],
            b"\xEF\xBB\xBFISA*00*",
            b"\r\n ISA*",
            b"ST*837*0001~",
            b"\0\0\0",
            b"hello",
            b"[1]",
            b"\xFF\xFEI\0",
        ] {
            assert_eq!(kind(text), Kind::X12, "{text:?}");
        }
        assert_eq!(kind(b""), Kind::Empty);
        assert_eq!(kind(b" \n"), Kind::Empty);
        assert_eq!(kind(b"\xEF\xBB\xBF"), Kind::Empty);
    }

    #[test]
    fn documents_and_segments_by_their_first_interchange() {
        assert_eq!(kind(br#"{"interchanges":[{"line_break":"\n","header":{}}]}"#), Kind::Document);
        assert_eq!(
            kind(br#"{"interchanges":[{"delimiters":{"element":"*"},"groups":[{"segments":[]}]}]}"#),
            Kind::Document
        );
        assert_eq!(kind(br#" {"trailing":"x","interchanges":[{"delimiters":{},"segments":[]}]}"#), Kind::Segments);
        assert_eq!(kind(b"\xEF\xBB\xBF{\"interchanges\":[]}"), Kind::Document);
        assert_eq!(kind(br#"{"interchanges":["#), Kind::Document);
        assert_eq!(kind(br#"{"interchanges":5}"#), Kind::Document);
    }

    #[test]
    fn other_objects_are_lines() {
        for text in
            [&b"{\"kind\":\"professional\"}\n{}"[..], b"{}", b"{", b"{\"kind\":{\"interchanges\":[]}}", b"{not json"]
        {
            assert_eq!(kind(text), Kind::Lines, "{text:?}");
        }
    }
}
