//! The interchange header: ISA, which states the separators by where they stand.

use nom::{
    Err, IResult, Parser,
    bytes::streaming::{tag, take, take_till},
    sequence::preceded,
};

use super::{
    Delimiters, Finding, FindingKind,
    delimiters::{can_separate, is_space},
};

/// As much of the input as [`header`] ever needs to see.
pub(super) const HEADER_WINDOW: usize = 2048;

/// The fixed widths of ISA01 to ISA15; ISA16 has one byte.
const WIDTHS: [usize; 15] = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1];

/// No element of an ISA that is not fixed width is longer, or else it is no ISA.
const LONGEST_ELEMENT: usize = 64;

/// The longest id of a segment that may follow an ISA, with the separator after it.
const LONGEST_OPENING: usize = 4;

/// What has fewer elements is no ISA.
const FEWEST_ELEMENTS: usize = 8;

/// What an ISA says about the interchange that it opens.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) delimiters: Delimiters,
    /// Where the ISA ends, from its first byte: the place of its terminator.
    pub(super) end: usize,
    /// Whether there is a terminator, or the input ends before.
    pub(super) terminated: bool,
    /// What is odd about it, with offsets from its first byte.
    pub(super) remarks: Vec<Finding>,
}

/// Why something that begins with `ISA` is no header.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// It may be one: more bytes are needed to say.
    Incomplete,
    /// The input ends within it.
    CutShort,
    /// Something that cannot separate stands so many bytes from its first, where this separator should be.
    NotASeparator(usize, &'static str),
    /// It is something else.
    Otherwise,
}

/// Reads the ISA that `input` begins with. `complete` says that there is no more input than that, or that
/// no more is to be looked at.
///
/// The element separator is the byte after `ISA`. Where the sixteen elements have their fixed widths, the
/// component separator and the terminator are the two bytes after the sixteenth separator. Elements that
/// are not padded are found by their separators, and then [`close`] says how the ISA ends.
pub(super) fn header(input: &[u8], complete: bool) -> Result<Header, Refusal> {
    let refuse = |error| match error {
        Err::Incomplete(_) if complete => Refusal::CutShort,
        Err::Incomplete(_) => Refusal::Incomplete,
        Err::Error(()) | Err::Failure(()) => Refusal::Otherwise,
    };
    let (body, element) = separator(input).map_err(refuse)?;
    if !can_separate(element) {
        return Err(Refusal::NotASeparator(3, "element separator"));
    }
    let (tail, elements) = match fixed_width(body, element) {
        Err(Err::Incomplete(_)) if !complete => return Err(Refusal::Incomplete),
        Err(_) => any_width(body, element).map_err(refuse)?,
        Ok(parsed) => parsed,
    };
    let tail_at = input.len() - tail.len();
    let ending = close(tail, element, complete).map_err(|refusal| match refusal {
        Refusal::NotASeparator(at, which) => Refusal::NotASeparator(tail_at + at, which),
        other => other,
    })?;

    let is_fixed = elements.iter().map(|element| element.len()).eq(WIDTHS);
    let holds_terminator = |element: &&[u8]| ending.terminator.is_some_and(|byte| element.contains(&byte));
    if !is_fixed && elements.iter().any(holds_terminator) {
        return Err(Refusal::Otherwise);
    }

    let end = tail_at + ending.end;
    let mut remarks = Vec::new();
    let mut remark = |kind, at: usize, length: usize| {
        remarks.push(Finding { kind, offset: at as u64, length: length as u64 });
    };
    if !(is_fixed && ending.end == 1) {
        remark(FindingKind::IsaNotFixedWidth, 0, end);
    }

    let segment = ending.terminator.unwrap_or(if element == b'~' { b'\n' } else { b'~' });
    let mut delimiters = Delimiters { element, component: None, repetition: None, segment };
    match ending.component.filter(|byte| can_separate(*byte) && !is_space(*byte)) {
        Some(component) if delimiters.contains(component) => {
            remark(FindingKind::SeparatorsNotDistinct, tail_at, 1);
        }
        Some(component) => delimiters.component = Some(component),
        None => remark(FindingKind::NoComponentSeparator, tail_at, ending.end),
    }

    let version = elements.get(11).copied().unwrap_or_default();
    if let Some(stated) = elements.get(10).filter(|_| states_repetition(version)) {
        let at = elements.iter().take(10).fold(4, |at, element| at + element.len() + 1);
        match single(stated) {
            Some(b'U') => remark(FindingKind::RepetitionSeparatorIsLetterU, at, 1),
            Some(byte) if !can_separate(byte) => remark(FindingKind::NoRepetitionSeparator, at, 1),
            Some(byte) if delimiters.contains(byte) => remark(FindingKind::SeparatorsNotDistinct, at, 1),
            Some(byte) => delimiters.repetition = Some(byte),
            None => remark(FindingKind::NoRepetitionSeparator, at, stated.len()),
        }
    }
    Ok(Header { delimiters, end, terminated: ending.terminator.is_some(), remarks })
}

type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// `ISA` and the element separator.
fn separator(input: &[u8]) -> Parsed<'_, u8> {
    preceded(tag("ISA"), nom::number::streaming::u8).parse(input)
}

/// ISA01 to ISA15 at their fixed widths, each with its separator; the first separator has been read.
fn fixed_width(body: &[u8], separator: u8) -> Parsed<'_, Vec<&[u8]>> {
    let mut rest = body;
    let mut elements = Vec::with_capacity(WIDTHS.len());
    for width in WIDTHS {
        let (after, element) = take(width).parse(rest)?;
        let (after, _) = tag(&[separator][..]).parse(after)?;
        if element.contains(&separator) {
            return Err(Err::Error(()));
        }
        elements.push(element);
        rest = after;
    }
    Ok((rest, elements))
}

/// As many of ISA01 to ISA15 as there are, of any width.
fn any_width(body: &[u8], separator: u8) -> Parsed<'_, Vec<&[u8]>> {
    let mut rest = body;
    let mut elements = Vec::with_capacity(WIDTHS.len());
    for width in WIDTHS {
        let (after, element) = take_till(|byte| byte == separator).parse(rest)?;
        if elements.len() >= FEWEST_ELEMENTS && next_header(rest, separator).is_some_and(|at| at < element.len()) {
            break; // the next segment has begun
        }
        // A qualifier has two bytes; in prose that happens to say "ISA" something longer is bound to come.
        let longest = if width == 2 { 4 } else { LONGEST_ELEMENT };
        if element.len() > longest {
            return Err(Err::Error(()));
        }
        elements.push(element);
        rest = after.get(1..).unwrap_or_default();
    }
    Ok((rest, elements))
}

/// How an ISA ends.
struct Ending {
    component: Option<u8>,
    /// Where the terminator stands, or where the input ends.
    end: usize,
    terminator: Option<u8>,
}

/// Reads the end of an ISA: ISA16, which is the component separator, and the terminator.
///
/// Usually these are two characters and the next segment follows. Otherwise the next segment, which can
/// only be GS, TA1, IEA or the like, says where to look: the last character before it that is not a line
/// break or a blank is the terminator (`^`, line feed, `~`, GS), and the one before that separates
/// components. A single character and a line break can be either a component separator with a line break
/// for terminator, or a terminator after an empty ISA16: it is the latter if the next two lines end with
/// it as well.
fn close(tail: &[u8], element: u8, complete: bool) -> Result<Ending, Refusal> {
    let terminates = |byte: u8| can_separate(byte) && !is_space(byte) && byte != element;
    match *tail {
        [component, terminator, ref after @ ..] if terminates(terminator) => match after.first() {
            None if !complete => return Err(Refusal::Incomplete),
            Some(byte) if byte.is_ascii_punctuation() || *byte > 0x7F => {}
            _ => return Ok(Ending { component: Some(component), end: 1, terminator: Some(terminator) }),
        },
        [] | [_] if complete => {
            return Ok(Ending { component: tail.first().copied(), end: tail.len(), terminator: None });
        }
        _ => {}
    }
    let Some(next) = next_header(tail, element) else {
        return match *tail {
            _ if tail.len() < LONGEST_ELEMENT + LONGEST_OPENING && !complete => Err(Refusal::Incomplete),
            [component, terminator, ..] if terminates(terminator) || matches!(terminator, b'\r' | b'\n') => {
                Ok(Ending { component: Some(component), end: 1, terminator: Some(terminator) })
            }
            [_, _, ..] => Err(Refusal::NotASeparator(1, "segment terminator")),
            _ => Err(Refusal::CutShort),
        };
    };
    let (before, following) = tail.split_at_checked(next).unwrap_or((tail, &[]));
    let core = trim_end(before, is_space);
    let line_break = before.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let ends_at = |end: usize, terminator| {
        let before = trim_end(core.get(..end).unwrap_or(core), is_space);
        Ok(Ending { component: before.last().copied(), end, terminator: Some(terminator) })
    };
    match (core, line_break.and_then(|at| Some((at, *before.get(at)?)))) {
        ([only], Some((at, line_break))) if terminates(*only) && !lines_end_with(following, *only, complete)? => {
            ends_at(at, line_break)
        }
        // of several terminators the first ends the ISA, the others end empty segments
        ([.., last], _) if terminates(*last) => {
            ends_at(core.iter().position(|byte| byte == last).unwrap_or(core.len()), *last)
        }
        (_, Some((at, line_break))) => ends_at(at, line_break),
        (_, None) => match *tail {
            // What follows the header is odd, not the header.
            [component, terminator, ..] if terminates(terminator) => {
                Ok(Ending { component: Some(component), end: 1, terminator: Some(terminator) })
            }
            _ => Err(Refusal::NotASeparator(core.len(), "segment terminator")),
        },
    }
}

/// Whether the first two lines both end with `byte`.
fn lines_end_with(text: &[u8], byte: u8, complete: bool) -> Result<bool, Refusal> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let mut lines = text.split(is_break).map(|line| line.trim_ascii()).filter(|line| !line.is_empty());
    let (first, second) = (lines.next(), lines.next());
    // the last line may go on where this text ends
    let are_whole = lines.next().is_some() || second.is_some() && text.last().is_some_and(is_break);
    if !are_whole && !complete {
        return Err(Refusal::Incomplete);
    }
    Ok(first.is_some_and(|line| line.ends_with(&[byte])) && second.is_none_or(|line| line.ends_with(&[byte])))
}

/// Where, soon, a segment begins that can follow an ISA.
fn next_header(text: &[u8], element: u8) -> Option<usize> {
    const FOLLOWING: [&[u8]; 6] = [b"GS", b"TA1", b"IEA", b"ISB", b"ISA", b"ST"];
    let mut previous = b'A';
    text.iter().take(LONGEST_ELEMENT).enumerate().position(|(at, byte)| {
        let follows_data = std::mem::replace(&mut previous, *byte).is_ascii_alphanumeric();
        let rest = text.get(at..).unwrap_or_default();
        let begins = |id: &&[u8]| rest.strip_prefix(*id).is_some_and(|rest| rest.first() == Some(&element));
        !follows_data && FOLLOWING.iter().any(begins)
    })
}

/// Whether ISA11 holds the repetition separator: from 00402 on. A version that is none is taken as later,
/// nobody has sent the earlier ones for long.
fn states_repetition(version: &[u8]) -> bool {
    let digits: Vec<u8> = version.iter().copied().filter(u8::is_ascii_digit).collect();
    digits.len() != 5 || digits.as_slice() >= b"00402".as_slice()
}

/// The one byte of an element, apart from a line break that cut it.
fn single(element: &[u8]) -> Option<u8> {
    let mut bytes = element.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    bytes.next().filter(|_| bytes.next().is_none())
}

/// `bytes` without those at the end that `trimmed` is true of.
fn trim_end(bytes: &[u8], trimmed: impl Fn(u8) -> bool) -> &[u8] {
    let kept = bytes.iter().rposition(|byte| !trimmed(*byte)).map_or(0, |last| last + 1);
    bytes.get(..kept).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: &str =
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260115*1023*^*00501*000000905*0*T*:~GS*";

    fn separators(header: &Header) -> (char, Option<char>, Option<char>, char) {
        let Delimiters { element, component, repetition, segment } = header.delimiters;
        (element.into(), component.map(char::from), repetition.map(char::from), segment.into())
    }

    /// The header of an ISA that is not padded and ends like this.
    fn ending(tail: &str) -> Result<Header, Refusal> {
        header(format!("ISA*00**00**ZZ*A*ZZ*B*260115*1023*^*00501*1*0*T*{tail}").as_bytes(), true)
    }

    fn kinds(header: &Header) -> Vec<FindingKind> {
        header.remarks.iter().map(|remark| remark.kind).collect()
    }

    #[test]
    fn fixed_width() {
        let header = header(FIXED.as_bytes(), false).unwrap();
        assert_eq!(separators(&header), ('*', Some(':'), Some('^'), '~'));
        assert_eq!((header.end, header.terminated, header.remarks.len()), (105, true, 0));
    }

    #[test]
    fn a_segment_without_id_may_follow() {
        let header = header(FIXED.replace("GS*", "*IEA*1*000000905~").as_bytes(), true).unwrap();
        assert_eq!(separators(&header), ('*', Some(':'), Some('^'), '~'));
        assert_eq!(header.end, 105);
    }

    #[test]
    fn says_when_it_needs_more() {
        for length in 0..107 {
            assert_eq!(header(&FIXED.as_bytes()[..length], false), Err(Refusal::Incomplete), "{length}");
        }
        assert!(header(&FIXED.as_bytes()[..107], false).is_ok());
        assert_eq!(header(&FIXED.as_bytes()[..70], true), Err(Refusal::CutShort));
    }

    #[test]
    fn endings() {
        let read = |tail| {
            let header = ending(tail).unwrap_or_else(|refusal| panic!("{tail:?}: {refusal:?}"));
            let (_, component, _, segment) = separators(&header);
            (component, segment, header.end - "ISA*00**00**ZZ*A*ZZ*B*260115*1023*^*00501*1*0*T*".len())
        };
        assert_eq!(read(":~GS*"), (Some(':'), '~', 1));
        assert_eq!(read(":~\r\nGS*"), (Some(':'), '~', 1));
        assert_eq!(read(">\nGS*HC\nST*837\n"), (Some('>'), '\n', 1));
        assert_eq!(read(">\r\nGS*HC\r\nST*837\r\n"), (Some('>'), '\r', 1));
        assert_eq!(read(">  \nGS*HC  \nST*837  \n"), (Some('>'), '\n', 3));
        // ISA16 is empty
        assert_eq!(read("~GS*HC~ST*"), (None, '~', 0));
        assert_eq!(read("~\r\nGS*HC~\r\nST*1~\r\n"), (None, '~', 0));
        assert_eq!(read("\nGS*HC\n"), (None, '\n', 0));
        // the line is broken before the terminator
        assert_eq!(read("^\n~GS*"), (Some('^'), '~', 2));
        // empty segments follow
        assert_eq!(read(":~~GS*"), (Some(':'), '~', 1));
        assert_eq!(read(":~\r\n~GS*"), (Some(':'), '~', 1));
        // nothing follows
        assert_eq!(read(":~"), (Some(':'), '~', 1));
        assert_eq!(read(":\n"), (Some(':'), '\n', 1));
        assert_eq!(read(":"), (Some(':'), '~', 1));
        // a seventeenth element
        assert_eq!(read("0*:~GS*"), (Some(':'), '~', 3));
        assert_eq!(ending("AB GS*"), Err(Refusal::NotASeparator(50, "segment terminator")));
    }

    #[test]
    fn too_few_elements_end_at_the_next_segment() {
        let header = header(b"ISA*00**00**ZZ*A*ZZ*B*260115*1023*^*00501*1*0*T~GS*HC*A*B*C*D*E*F~", true).unwrap();
        assert_eq!((separators(&header).3, header.end), ('~', 47));
        assert_eq!(kinds(&header), [FindingKind::IsaNotFixedWidth, FindingKind::NoComponentSeparator]);
    }

    #[test]
    fn repetition_by_version() {
        let read = |stated: &str, version: &str| {
            let text = FIXED.replace("*^*", &format!("*{stated}*")).replace("00501", version);
            let header = header(text.as_bytes(), true).unwrap();
            (header.delimiters.repetition.map(char::from), kinds(&header))
        };
        assert_eq!(read("^", "00501"), (Some('^'), vec![]));
        assert_eq!(read("^", "00402"), (Some('^'), vec![]));
        assert_eq!(read("^", "00401"), (None, vec![]));
        assert_eq!(read("U", "00401"), (None, vec![]));
        assert_eq!(read("U", "00501"), (None, vec![FindingKind::RepetitionSeparatorIsLetterU]));
        assert_eq!(read("0", "00501"), (None, vec![FindingKind::NoRepetitionSeparator]));
        assert_eq!(read(":", "00501"), (None, vec![FindingKind::SeparatorsNotDistinct]));
        assert_eq!(read("~", "00501"), (None, vec![FindingKind::SeparatorsNotDistinct]));
    }

    #[test]
    fn separators_that_cannot_be() {
        let error = header(FIXED.replace('*', "A").as_bytes(), true).unwrap_err();
        assert_eq!(error, Refusal::NotASeparator(3, "element separator"));
        let error = header(FIXED.replace(":~", ":X").as_bytes(), true).unwrap_err();
        assert_eq!(error, Refusal::NotASeparator(105, "segment terminator"));
        let header = header(FIXED.replace(":~", "X~").as_bytes(), true).unwrap();
        assert_eq!((header.delimiters.component, kinds(&header)), (None, vec![FindingKind::NoComponentSeparator]));
        let header = ending("*~GS*").unwrap();
        assert_eq!((header.delimiters.component, header.delimiters.segment), (None, b'~'));
    }

    #[test]
    fn prose_is_no_header() {
        for text in ["ISA-bank, the-best-of-all-banks, offers", "ISA,", "ISABELLA", "ISO"] {
            assert!(header(text.as_bytes(), true).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
        #[test]
        fn what_is_said_of_a_beginning_is_said_of_the_whole(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "*", "*", "*", "*", "*", "*", "*", "~", "~", ":", "\n", "\r\n", " ", "GS*", "ST*", "ISA*", "TA1", "1", "ZZ", "00501", "U", "AB       ",
                ]),
                0..60,
            ),
        ) {
            let text = format!("ISA{}", pieces.concat());
            let whole = header(text.as_bytes(), true);
            for length in 0..text.len() {
                let start = header(&text.as_bytes()[..length], false);
                proptest::prop_assert!(start == Err(Refusal::Incomplete) || start == whole, "{length}: {start:?}, {whole:?}");
            }
        }
    }
}
