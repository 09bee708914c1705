//! A segment as it is shown: as it stands, or as a shape that says nothing about people.

use crate::{
    guide::{SegmentUse, dictionary},
    x12::Segment,
};

/// Stands for a character that is not shown.
const DOT: char = '·';
/// Stands for what is left out of a long segment.
const MORE: char = '…';
/// Most characters of a segment that are shown around what is pointed at.
const MOST: usize = 140;
/// Characters before it that are shown of a long segment.
const BEFORE: usize = 48;

/// A segment as it is shown, a column for each character.
pub(super) struct Picture<'s> {
    bytes: &'s [u8],
    /// Whether a character may be several bytes.
    is_utf8: bool,
    /// How many bytes the segment id has.
    id: usize,
    /// The segment and its terminator.
    pub(super) text: String,
}

/// Part of a picture, cut in three: before, at and after what is pointed at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) before: String,
    pub(super) at: String,
    pub(super) after: String,
}

impl Cut {
    /// Columns before what is pointed at.
    pub(super) fn column(&self) -> usize {
        self.before.chars().count()
    }

    /// Columns pointed at; at least one.
    pub(super) fn width(&self) -> usize {
        self.at.chars().count().max(1)
    }
}

impl<'s> Picture<'s> {
    /// Without `values` the picture has the separators, the id, and the codes that the use of the segment
    /// lists; a dot stands for every other character.
    pub(super) fn new(segment: &Segment<'s>, used: Option<&SegmentUse>, values: bool) -> Self {
        let bytes = segment.bytes();
        let mut picture = Self {
            bytes,
            is_utf8: std::str::from_utf8(bytes).is_ok(),
            id: segment.id().len(),
            text: String::with_capacity(bytes.len() + 1),
        };
        if values {
            picture.show(bytes);
        } else {
            picture.mask(segment, used);
        }
        let terminator = segment.delimiters().segment;
        if terminator.is_ascii_graphic() {
            picture.text.push(char::from(terminator));
        }
        picture
    }

    fn mask(&mut self, segment: &Segment<'_>, used: Option<&SegmentUse>) {
        let delimiters = segment.delimiters();
        let is_header = segment.id() == b"ISA";
        for (at, element) in segment.elements().enumerate() {
            if at == 0 {
                if is_segment_id(element) {
                    self.show(element)
                } else {
                    self.hide(element)
                }
                continue;
            }
            self.text.push(shown(delimiters.element));
            if is_header {
                // The header holds the separators themselves.
                if matches!(at, 11 | 16) {
                    self.show(element)
                } else {
                    self.value(element, used, at, 0)
                }
                continue;
            }
            let is_composite = used.is_some_and(|used| used.element(at as u8, 1).is_some());
            for (number, repetition) in split(element, delimiters.repetition).enumerate() {
                if number > 0 {
                    self.text.extend(delimiters.repetition.map(shown));
                }
                for (part, component) in (1..).zip(split(repetition, delimiters.component)) {
                    if part > 1 {
                        self.text.extend(delimiters.component.map(shown));
                    }
                    self.value(component, used, at, if is_composite { part } else { 0 });
                }
            }
        }
    }

    /// An element or component: shown if it is a code of its guide.
    fn value(&mut self, value: &[u8], used: Option<&SegmentUse>, element: usize, component: usize) {
        let place = u8::try_from(element).ok().zip(u8::try_from(component).ok());
        let codes = used
            .zip(place)
            .and_then(|(used, (element, component))| used.element(element, component))
            .map_or(&[] as &[String], |element| &element.codes);
        if codes.iter().any(|code| code.as_bytes() == value.trim_ascii_end()) {
            self.show(value)
        } else {
            self.hide(value)
        }
    }

    fn show(&mut self, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(value) if self.is_utf8 => self.text.extend(value.chars().map(visible)),
            _ => self.text.extend(value.iter().map(|byte| visible(char::from(*byte)))),
        }
    }

    fn hide(&mut self, value: &[u8]) {
        let count = self.columns(value);
        self.text.extend(std::iter::repeat_n(DOT, count));
    }

    /// How many columns some bytes of the segment take.
    fn columns(&self, bytes: &[u8]) -> usize {
        let continues = |byte: &&u8| self.is_utf8 && (**byte & 0xC0) == 0x80;
        bytes.len() - bytes.iter().filter(continues).count()
    }

    /// The picture cut around some bytes of the segment, or its id with `None`; shortened where it is long.
    pub(super) fn cut(&self, bytes: Option<(usize, usize)>) -> Cut {
        let (column, width) = self.span(bytes);
        let total = self.text.chars().count();
        let from = if total > MOST { column.saturating_sub(BEFORE) } else { 0 };
        let to = if total > MOST { from + MOST } else { total };
        let slice = |from: usize, to: usize| self.text.chars().skip(from).take(to.saturating_sub(from));
        let mut cut = Cut {
            before: slice(from, column).collect(),
            at: slice(column, (column + width).min(to)).collect(),
            after: slice((column + width).min(to), to).collect(),
        };
        if from > 0 {
            cut.before.insert(0, MORE);
        }
        if to < total {
            cut.after.push(MORE);
        }
        cut
    }

    /// The first column and the number of columns of some bytes of the segment, or of its id with `None`.
    pub(super) fn span(&self, bytes: Option<(usize, usize)>) -> (usize, usize) {
        let (start, length) = bytes.unwrap_or((0, self.id));
        let start = start.min(self.bytes.len());
        let end = start.saturating_add(length).min(self.bytes.len());
        let columns = |from: usize, to: usize| self.columns(self.bytes.get(from..to).unwrap_or_default());
        (columns(0, start), columns(start, end))
    }
}

/// Whether an id is one of the standard, or looks like one, and not like what follows a stray terminator.
fn is_segment_id(id: &[u8]) -> bool {
    matches!(id, b"ISA" | b"IEA" | b"GS" | b"GE" | b"ST" | b"SE" | b"TA1")
        || std::str::from_utf8(id).is_ok_and(|id| dictionary().is_ok_and(|known| known.has_segment(id)))
}

fn split(value: &[u8], separator: Option<u8>) -> impl Iterator<Item = &[u8]> {
    value.split(move |byte| Some(*byte) == separator)
}

fn shown(separator: u8) -> char {
    visible(char::from(separator))
}

/// A character that a terminal does not act upon.
fn visible(character: char) -> char {
    if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        guide::by_name,
        x12::{Reader, Token},
    };

    fn with<T>(text: &str, look: impl Fn(&Segment<'_>) -> T) -> T {
        let mut reader = Reader::with_delimiters(text.as_bytes(), Default::default());
        let Ok(Some(Token::Segment { segment, .. })) = reader.next() else { panic!("no segment") };
        look(&segment)
    }

    fn name_of_subscriber() -> &'static SegmentUse {
        let guide = by_name("837P").unwrap().unwrap();
        let node = guide.nodes().find(|node| guide.loop_id(*node) == "2010BA" && guide.is_trigger(*node)).unwrap();
        guide.segment(node).unwrap()
    }

    #[test]
    fn codes_of_the_guide_are_shown_and_nothing_else() {
        let masked = |text| with(text, |segment| Picture::new(segment, Some(name_of_subscriber()), false).text);
        assert_eq!(masked("NM1*IL*1*DOE*JANE****MI*W1~"), "NM1*IL*1*···*····****MI*··~");
        assert_eq!(masked("NM1*IL*1*MI*Zoë^A:B~"), "NM1*IL*1*··*···^·:·~");
        assert_eq!(with("APT 4*MAIN ST~", |segment| Picture::new(segment, None, false).text), "·····*·······~");
        assert_eq!(with("N3*1 MAIN~", |segment| Picture::new(segment, None, true).text), "N3*1 MAIN~");
    }

    #[test]
    fn columns_are_those_of_the_bytes_pointed_at() {
        with("N3*é MAIN*X~", |segment| {
            for values in [false, true] {
                let picture = Picture::new(segment, None, values);
                let cut = picture.cut(Some((11, 1)));
                assert_eq!((cut.column(), cut.width()), (10, 1));
                assert_eq!(picture.cut(None).width(), 2);
                assert_eq!(picture.cut(Some((999, 9))).width(), 1);
            }
        });
    }

    #[test]
    fn a_long_segment_is_shown_around_what_is_pointed_at() {
        let text = format!("N3*{}*HERE*{}~", "x".repeat(500), "y".repeat(500));
        with(&text, |segment| {
            let cut = Picture::new(segment, None, true).cut(Some((504, 4)));
            assert_eq!(cut.at, "HERE");
            assert!(cut.before.starts_with(MORE) && cut.after.ends_with(MORE));
            assert!(cut.before.chars().count() + cut.at.chars().count() + cut.after.chars().count() <= MOST + 2);
        });
    }
}
