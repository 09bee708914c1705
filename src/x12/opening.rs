//! Where X12 begins in an input that does not begin with an ISA, and what separates a fragment.

use super::{
    Delimiters,
    delimiters::{can_separate, is_space},
};

/// As much of the input as [`fragment`] needs to see.
pub(super) const FRAGMENT_WINDOW: usize = 4096;

/// The UTF-8 byte order mark.
pub(super) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The ids of segments that come second in a transaction set, whichever set it is.
const SECOND_OF_A_SET: [&[u8]; 26] = [
    b"BHT", b"BPR", b"AK1", b"BGN", b"BAK", b"BCH", b"BCT", b"BEG", b"BIA", b"BIG", b"BMG", b"BPT", b"BQR", b"BQT",
    b"BRA", b"BSN", b"BSS", b"BTP", b"B1", b"B2", b"B3", b"B10", b"W05", b"W06", b"OTI", b"SE",
];

/// Whether the input is UTF-16 text, by its byte order mark or by an `ISA` or `ST` of two-byte characters.
pub(super) fn is_utf16(start: &[u8]) -> bool {
    let begins: [&[u8]; 8] =
        [b"\xFF\xFE", b"\xFE\xFF", b"I\0S\0A\0", b"\0I\0S\0A", b"G\0S\0", b"\0G\0S", b"S\0T\0", b"\0S\0T"];
    begins.iter().any(|mark| start.starts_with(mark))
}

/// The separators of a fragment: X12 without its ISA, beginning with GS or ST. `None` if `input` does not
/// begin with one.
///
/// The element separator is the byte after the id, where a GS01 of two characters or an ST01 of three
/// digits follows it. The terminator is the last character before the next segment, one that can come
/// second in a group or set; if that character is data, the line break after it. If no such segment is
/// in sight it is the first of `~`, line feed and carriage return. The component separator is `:` or `>`,
/// the one that stands within an element, `:` if neither does. The repetition separator is `^` if GS08 or
/// ST03 names version 00402 or later, and there is none otherwise.
pub(super) fn fragment(input: &[u8]) -> Option<Delimiters> {
    let element = *input.get(2)?;
    let is_group = begins_group(input, element);
    if !is_group && !begins_set(input, element) {
        return None;
    }
    if !can_separate(element) || is_space(element) {
        return None;
    }
    let begins_second = if is_group { begins_set } else { begins_second_of_a_set };
    let first = first_segment(input, |rest| begins_second(rest, element));
    let (first, segment) = first.filter(|(_, segment)| *segment != element).unwrap_or_else(|| {
        let end = input.iter().position(|byte| *byte != element && matches!(byte, b'~' | b'\n' | b'\r'));
        let segment = end.and_then(|end| input.get(end)).copied().unwrap_or(b'~');
        (input.get(..end.unwrap_or(input.len())).unwrap_or_default(), segment)
    });

    let unused = |byte: &u8| *byte != element && *byte != segment;
    let within_element = |separator: &u8| {
        let between = |text: &[u8]| matches!(*text, [a, b, c] if b == *separator && is_data(a) && is_data(c));
        input.windows(3).any(between)
    };
    let candidates = [b':', b'>'];
    let component = candidates.into_iter().filter(unused).find(within_element);
    let component = component.or(candidates.into_iter().find(unused));

    let version = if is_group { 8 } else { 3 };
    let version = first.split(|byte| *byte == element).nth(version).and_then(|version| version.get(..6));
    let later =
        version.is_some_and(|version| version.iter().all(u8::is_ascii_digit) && version >= b"004020".as_slice());
    let repetition = Some(b'^').filter(|byte| later && unused(byte) && component != Some(*byte));
    Some(Delimiters { element, component, repetition, segment })
}

/// `GS` and a GS01 of two letters.
fn begins_group(text: &[u8], element: u8) -> bool {
    matches!(*text, [b'G', b'S', before, a, b, after, ..]
        if before == element && after == element && [a, b].iter().all(u8::is_ascii_uppercase))
}

/// `ST` and an ST01 of three digits.
fn begins_set(text: &[u8], element: u8) -> bool {
    matches!(*text, [b'S', b'T', before, a, b, c, after, ..]
        if before == element && after == element && [a, b, c].iter().all(u8::is_ascii_digit))
}

fn begins_second_of_a_set(text: &[u8], element: u8) -> bool {
    let begins = |id: &&[u8]| text.strip_prefix(*id).is_some_and(|rest| rest.first() == Some(&element));
    SECOND_OF_A_SET.iter().any(begins)
}

/// The first segment and its terminator, told from where the second begins.
fn first_segment(input: &[u8], begins_second: impl Fn(&[u8]) -> bool) -> Option<(&[u8], u8)> {
    let seconds = (3..input.len()).filter(|at| begins_second(input.get(*at..).unwrap_or_default()));
    seconds.into_iter().find_map(|second| {
        let before = input.get(..second)?;
        let space = before.iter().rev().take_while(|byte| is_space(**byte)).count();
        let (text, space) = before.split_at_checked(second - space)?;
        match text.split_last()? {
            (last, text) if can_separate(*last) => Some((text, *last)),
            _ => space.iter().find(|byte| matches!(byte, b'\r' | b'\n')).map(|line_break| (text, *line_break)),
        }
    })
}

/// Whether a byte on both sides of a separator makes it look like one.
fn is_data(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn separators(input: &str) -> Option<(char, Option<char>, Option<char>, char)> {
        let Delimiters { element, component, repetition, segment } = fragment(input.as_bytes())?;
        Some((element.into(), component.map(char::from), repetition.map(char::from), segment.into()))
    }

    #[test]
    fn a_transaction_set_shows_its_separators() {
        let set = separators("ST*837*0021*005010X222~\nBHT*0019*00*0123*20260115*1023*CH~\nCLM*1*2***11:B:1~\n");
        assert_eq!(set, Some(('*', Some(':'), Some('^'), '~')));
        assert_eq!(separators("ST|835|1234\nBPR|I|1\nSVC|HC>99213|1\n"), Some(('|', Some('>'), None, '\n')));
        assert_eq!(separators("ST*837*1\r\nBHT*0019\r\n"), Some(('*', Some(':'), None, '\r')));
        assert_eq!(separators("ST*837*1\n~BHT*0019\n~"), Some(('*', Some(':'), None, '~')));
        assert_eq!(separators("ST:837:1'BHT:0019'HI:BK>1"), Some((':', Some('>'), None, '\'')));
    }

    #[test]
    fn a_group_shows_its_separators() {
        let group = "GS*HC*ACME-ST*B*20260115*1023*1*X*005010X222A1~ST*837*1~";
        assert_eq!(separators(group), Some(('*', Some(':'), Some('^'), '~')));
        let older = "GS*HC*A*B*20260115*1023*1*X*004010X098A1\nST*837*1\n";
        assert_eq!(separators(older), Some(('*', Some(':'), None, '\n')));
    }

    #[test]
    fn a_first_segment_alone_ends_at_the_usual_places() {
        assert_eq!(separators("ST*837*1~"), Some(('*', Some(':'), None, '~')));
        assert_eq!(separators("ST*837*1"), Some(('*', Some(':'), None, '~')));
    }

    #[test]
    fn other_text_is_no_fragment() {
        for text in ["", "ST", "STREET", "ST 837 1~BHT", "ST*ABC*1~", "GS*H", "GST*1", "ST\n837\n1"] {
            assert_eq!(separators(text), None, "{text}");
        }
    }
}
