//! The bytes that separate: chosen by each interchange, stated by position in its ISA.

use serde::{Deserialize, Serialize};

/// The separators of one interchange, each a single byte.
///
/// An interchange states them in its ISA: the element separator is the byte after `ISA`, the repetition
/// separator is ISA11 (from version 00402 on), the component separator is ISA16, and the terminator is the
/// byte after that.
///
/// In JSON each is a string of one character, bytes above 0x7F by their Latin-1 character:
/// `{"element":"*","component":":","repetition":"^","segment":"~"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delimiters {
    /// Between elements, usually `*`.
    #[serde(with = "character")]
    pub element: u8,
    /// Between the components of a composite element, usually `:`. `None` when there are no composites.
    #[serde(with = "character::optional", default, skip_serializing_if = "Option::is_none")]
    pub component: Option<u8>,
    /// Between repetitions of an element, usually `^`. `None` before version 00402.
    #[serde(with = "character::optional", default, skip_serializing_if = "Option::is_none")]
    pub repetition: Option<u8>,
    /// Ends every segment, usually `~`: the segment terminator.
    #[serde(with = "character")]
    pub segment: u8,
}

impl Delimiters {
    /// Whether `byte` is one of the four.
    pub fn contains(&self, byte: u8) -> bool {
        byte == self.element || byte == self.segment || self.component == Some(byte) || self.repetition == Some(byte)
    }

    /// Whether elements, components and repetitions are separated as with others.
    pub(crate) fn separate_as(&self, other: Self) -> bool {
        *self == Self { segment: self.segment, ..other }
    }

    /// Whether `byte` may stand between segments without meaning anything: a control character or a
    /// blank, unless it is a delimiter. Line breaks may even where one of them is the terminator.
    pub(crate) fn is_filler(&self, byte: u8) -> bool {
        byte <= b' ' && (matches!(byte, b'\r' | b'\n') && byte != self.element || !self.contains(byte))
    }
}

/// `*`, `:`, `^` and `~`, which nearly everybody uses.
impl Default for Delimiters {
    fn default() -> Self {
        Delimiters { element: b'*', component: Some(b':'), repetition: Some(b'^'), segment: b'~' }
    }
}

/// Whether `byte` can separate at all: letters, digits and blanks are data.
pub(super) fn can_separate(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && byte != b' '
}

/// Blanks, tabs, line breaks and NULs.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0)
}

/// One byte as a string of one character.
mod character {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(byte: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        char::from(*byte).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        let character = char::deserialize(deserializer)?;
        u8::try_from(character).map_err(|_| D::Error::custom("a delimiter is a single byte, U+0000 to U+00FF"))
    }

    /// The same for a delimiter that may be absent.
    pub mod optional {
        use serde::{Deserializer, Serialize, Serializer};

        pub fn serialize<S: Serializer>(byte: &Option<u8>, serializer: S) -> Result<S::Ok, S::Error> {
            byte.map(char::from).serialize(serializer)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_character_each() {
        let usual = serde_json::to_string(&Delimiters::default()).unwrap();
        assert_eq!(usual, r#"{"element":"*","component":":","repetition":"^","segment":"~"}"#);
        let odd = Delimiters { element: 0x1C, component: None, repetition: None, segment: b'\n' };
        let json = serde_json::to_string(&odd).unwrap();
        assert_eq!(json, r#"{"element":"\u001c","segment":"\n"}"#);
        assert_eq!(serde_json::from_str::<Delimiters>(&json).unwrap(), odd);
    }

    #[test]
    fn every_byte_survives_json() {
        for byte in 0..=255 {
            let delimiters = Delimiters { element: byte, component: Some(byte), ..Delimiters::default() };
            let json = serde_json::to_string(&delimiters).unwrap();
            assert_eq!(serde_json::from_str::<Delimiters>(&json).unwrap(), delimiters);
        }
    }

    #[test]
    fn two_characters_or_a_wide_one_are_refused() {
        for json in
            [r#"{"element":"**","segment":"~"}"#, r#"{"element":"€","segment":"~"}"#, r#"{"element":"","segment":"~"}"#]
        {
            assert!(serde_json::from_str::<Delimiters>(json).is_err(), "{json}");
        }
    }
}
