use proptest::prelude::*;

use super::*;
use crate::x12::opening::BOM;

const ISA: &str =
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260115*1023*^*00501*000000905*0*T*:~";
const GROUP: &str = "GS*HC*A*B*20260115*1023*1*X*005010X222A1~ST*837*1~BHT*0019*00*1~SE*3*1~GE*1*1~";
const IEA: &str = "IEA*1*000000905~";

fn interchange() -> String {
    format!("{ISA}{GROUP}{IEA}")
}

/// Everything that a reader says, and the input put together again.
#[derive(Debug, Default, PartialEq)]
struct Said {
    segments: Vec<String>,
    before: Vec<Vec<u8>>,
    elements: Vec<usize>,
    trailing: Vec<u8>,
    rejoined: Vec<u8>,
    findings: Vec<(FindingKind, u64)>,
    error: Option<String>,
}

impl Said {
    fn kinds(&self) -> Vec<FindingKind> {
        self.findings.iter().map(|(kind, _)| *kind).collect()
    }
}

fn hear<R: Read>(mut reader: Reader<R>) -> Said {
    let mut said = Said::default();
    loop {
        match reader.next() {
            Ok(None) => break,
            Ok(Some(Token::Segment { segment, before, offset, terminated })) => {
                assert_eq!(offset, (said.rejoined.len() + before.len()) as u64);
                assert!(said.trailing.is_empty(), "a segment after what stands after the last");
                let elements: Vec<&[u8]> = segment.elements().collect();
                let separator = [segment.delimiters().element];
                assert_eq!(elements.join(&separator[..]), segment.bytes());
                assert!(elements.iter().enumerate().all(|(n, element)| segment.element(n) == *element));
                let ends: Vec<u32> = segment.ends().collect();
                assert_eq!(Segment::from_parts(segment.bytes(), &ends, segment.delimiters()), segment);
                said.segments.push(String::from_utf8_lossy(segment.bytes()).into_owned());
                said.before.push(before.to_vec());
                said.elements.push(segment.len());
                said.rejoined.extend(before);
                said.rejoined.extend(segment.bytes());
                said.rejoined.extend(terminated.then_some(segment.delimiters().segment));
            }
            Ok(Some(Token::Trailing { bytes, offset })) => {
                assert_eq!(offset, said.rejoined.len() as u64);
                assert!(!bytes.is_empty());
                said.trailing.extend(bytes);
                said.rejoined.extend(bytes);
            }
            Err(error) => {
                said.error = Some(error.to_string());
                assert!(matches!(reader.next(), Ok(None)), "something after an error");
                break;
            }
        }
        assert_eq!(reader.offset(), said.rejoined.len() as u64);
    }
    said.findings = reader.findings().iter().map(|finding| (finding.kind, finding.offset)).collect();
    said
}

fn read(input: impl AsRef<[u8]>) -> Said {
    let said = hear(Reader::new(input.as_ref()));
    if said.error.is_none() {
        assert_eq!(said.rejoined, input.as_ref(), "the bytes do not come back");
    }
    said
}

/// Gives its bytes in pieces of these lengths.
struct Pieces<'a> {
    bytes: &'a [u8],
    lengths: std::iter::Cycle<std::vec::IntoIter<usize>>,
}

impl<'a> Pieces<'a> {
    fn new(bytes: &'a [u8], lengths: Vec<usize>) -> Self {
        Pieces { bytes, lengths: lengths.into_iter().cycle() }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let length = self.lengths.next().unwrap().min(room.len()).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(length);
        room[..length].copy_from_slice(piece);
        self.bytes = rest;
        Ok(length)
    }
}

#[test]
fn a_plain_interchange() {
    let said = read(interchange());
    assert_eq!(said.segments.len(), 7);
    assert_eq!(said.segments[2], "ST*837*1");
    assert_eq!(said.elements, [17, 9, 3, 4, 3, 3, 3]);
    assert!(said.findings.is_empty());
    assert!(said.before.iter().all(Vec::is_empty));
}

#[test]
fn line_breaks_and_blanks_stand_before_the_next_segment() {
    let said = read(interchange().replace('~', "~\r\n  "));
    assert_eq!(said.segments[1], "GS*HC*A*B*20260115*1023*1*X*005010X222A1");
    assert_eq!(said.before[1], b"\r\n  ");
    assert_eq!(said.trailing, b"\r\n  ");
    assert!(said.findings.is_empty(), "{:?}", said.findings);
}

#[test]
fn any_byte_can_separate() {
    for terminator in [b'\n', b'\r', 0x1D, b'!', b'\'', 0x85] {
        for element in [b'|', b'+', 0x1C, b'~', 0xA6] {
            let text: Vec<u8> = interchange()
                .bytes()
                .map(|byte| match byte {
                    b'~' => terminator,
                    b'*' => element,
                    b':' => b'>',
                    other => other,
                })
                .collect();
            let said = read(&text);
            assert_eq!(said.elements, [17, 9, 3, 4, 3, 3, 3], "{element:#x} {terminator:#x}");
            let mut reader = Reader::new(text.as_slice());
            reader.next().unwrap();
            let expected = Delimiters { element, component: Some(b'>'), repetition: Some(b'^'), segment: terminator };
            assert_eq!(reader.delimiters(), expected);
        }
    }
}

#[test]
fn a_carriage_return_that_terminates_leaves_the_line_feed_between() {
    let said = read(interchange().replace('~', "\r\n"));
    assert_eq!(said.segments[2], "ST*837*1");
    assert_eq!(said.before[2], b"\n");
    assert_eq!(said.trailing, b"\n");
    assert!(said.findings.is_empty());
}

#[test]
fn blank_lines_are_no_segments_where_newline_terminates() {
    let said = read(interchange().replace('~', "\n") + "\n\r\n");
    assert_eq!(said.segments.len(), 7);
    assert_eq!(said.trailing, b"\n\r\n");
    let said = read(interchange().replace('~', "\n").replace("ST*", "\n\nST*"));
    assert_eq!(said.before[2], b"\n\n");
    assert!(said.findings.is_empty());
}

#[test]
fn interchanges_follow_one_another_with_separators_of_their_own() {
    let other = interchange().replace('*', "|").replace('~', "\n").replace(':', "<").replace("00501", "00401");
    let said = read(format!("{}\r\n{other}{}", interchange(), interchange()));
    assert_eq!(said.segments.len(), 21);
    assert_eq!(said.elements[7..14], [17, 9, 3, 4, 3, 3, 3]);
    assert_eq!(said.before[7], b"\r\n");
    assert!(said.findings.is_empty());
}

#[test]
fn a_new_header_needs_no_trailer_before_it() {
    let said = read(format!("{ISA}{GROUP}{}", interchange()));
    assert_eq!(said.segments.len(), 13);
    let other = interchange().replace('*', "|");
    let said = read(format!("{ISA}{GROUP}{other}"));
    assert_eq!(said.elements[6..8], [17, 9]);
}

#[test]
fn a_byte_order_mark_and_prose_are_reported_and_kept() {
    let said = read(format!("\u{FEFF}{}", interchange()));
    assert_eq!(said.findings, [(FindingKind::Bom, 0)]);
    assert_eq!(said.before[0], BOM);
    let prose = "Dear VISA, ISA-bank and ISA*,\r\nhere is the file:\r\n";
    let said = read(format!("{prose}{}", interchange()));
    assert_eq!(said.findings, [(FindingKind::JunkBeforeInterchange, 0)]);
    assert_eq!(said.before[0], prose.as_bytes());
    assert_eq!(said.segments.len(), 7);
    let said = read(format!("{}\n\u{FEFF}{}-- next --{}", interchange(), interchange(), interchange()));
    assert_eq!(said.kinds(), [FindingKind::Bom, FindingKind::JunkBeforeInterchange]);
    assert_eq!(said.segments.len(), 21);
}

#[test]
fn a_control_character_between_segments_is_reported_once_a_gap_and_kept() {
    let text = interchange();
    let gs = text.find("GS*").unwrap();
    let said = read(format!("{}\0\r\n\x1A{}", &text[..gs], &text[gs..]));
    assert_eq!(said.findings, [(FindingKind::ControlBetweenSegments, gs as u64)]);
    assert_eq!(said.segments, read(&text).segments);
    assert!(said.before[1].ends_with(b"\0\r\n\x1A"));
    assert!(read(format!("{}\t \r\n{}", &text[..gs], &text[gs..])).findings.is_empty());
}

#[test]
fn what_stands_after_the_last_segment_is_trailing() {
    let said = read(interchange() + "\r\n\0\0\0\x1A");
    assert_eq!(said.trailing, b"\r\n\0\0\0\x1A");
    assert!(said.findings.is_empty());
    let said = read(interchange() + "\nyours sincerely, the ISA team");
    assert_eq!(said.trailing, b"\nyours sincerely, the ISA team");
    assert_eq!(said.kinds(), [FindingKind::TrailingJunk]);
    let said = read(interchange() + "TA1*1~~X");
    assert_eq!(said.segments[7..], ["TA1*1", "", "X"]);
}

#[test]
fn the_last_terminator_may_be_missing() {
    let text = interchange();
    let said = read(text.trim_end_matches('~'));
    assert_eq!(said.segments[6], "IEA*1*000000905");
    assert_eq!(said.kinds(), [FindingKind::MissingTerminator]);
    let said = read(format!("{}  \r\n \0", text.trim_end_matches('~')));
    assert_eq!(said.segments[6], "IEA*1*000000905  ");
    assert_eq!(said.trailing, b"\r\n \0");
    let said = read(ISA.trim_end_matches('~'));
    assert_eq!(said.segments.len(), 1);
    assert_eq!(said.kinds(), [FindingKind::MissingTerminator]);
}

#[test]
fn a_break_inside_a_segment_is_reported_once_a_segment() {
    let text = interchange().replace("BHT*0019*00*1", "BHT*00\r\n19*0\n0*1");
    let said = read(&text);
    assert_eq!(said.segments[3], "BHT*00\r\n19*0\n0*1");
    assert_eq!(said.findings, [(FindingKind::BreakInsideSegment, text.find('\r').unwrap() as u64)]);
}

#[test]
fn hard_wrapped_lines_cut_the_header_too() {
    let text = interchange();
    let wrapped: Vec<&str> = text.as_bytes().chunks(80).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let said = read(wrapped.join("\r\n"));
    assert_eq!(said.segments.len(), 7);
    assert_eq!(said.elements, [17, 9, 3, 4, 3, 3, 3]);
    assert_eq!(said.kinds()[..2], [FindingKind::IsaNotFixedWidth, FindingKind::BreakInsideSegment]);
}

#[test]
fn empty_segments_and_other_alphabets_are_reported() {
    let said = read(interchange().replace("~SE", "~~\n~SE").replace("BHT", "BÄÖÜ"));
    assert_eq!(said.kinds(), [FindingKind::NotAscii, FindingKind::EmptySegment, FindingKind::EmptySegment]);
    assert_eq!(said.segments[3], "BÄÖÜ*0019*00*1");
    assert_eq!(said.segments[4..6], ["", ""]);
    assert_eq!(said.elements[4], 1);
    let said = read(interchange().replace("BHT", "Ä") + &interchange().replace("BHT", "Ä"));
    assert_eq!(said.kinds(), [FindingKind::NotAscii, FindingKind::NotAscii]);
}

#[test]
fn fragments_begin_with_gs_or_st() {
    let said = read(GROUP);
    assert_eq!(said.segments.len(), 5);
    assert_eq!(said.kinds(), [FindingKind::SeparatorsGuessed]);
    let said = read(format!("the STATUS is: {}", &GROUP[41..]));
    assert_eq!(said.segments[0], "ST*837*1");
    assert_eq!(said.kinds(), [FindingKind::JunkBeforeInterchange, FindingKind::SeparatorsGuessed]);
    let said = read(format!("{GROUP}{}", interchange().replace('*', "|")));
    assert_eq!(said.elements[5..7], [17, 9]);
}

#[test]
fn given_separators_need_no_header() {
    let delimiters = Delimiters { element: b'+', segment: b'\'', ..Delimiters::default() };
    let said = hear(Reader::with_delimiters(&b"UNH+1+2'\nXX'"[..], delimiters));
    assert_eq!(said.segments, ["UNH+1+2", "XX"]);
    assert!(said.findings.is_empty());
}

#[test]
fn what_is_not_x12_is_refused_in_words() {
    let error = |input: &[u8]| read(input).error.unwrap();
    assert_eq!(error(b""), "there is nothing in it");
    assert!(error(b"%PDF-1.7").starts_with("not X12"));
    assert!(error(&[0; 300_000]).starts_with("not X12"));
    assert!(error(b"VISA card").starts_with("byte 4: a letter, digit or blank"));
    assert!(error(b"ISA*00*").starts_with("byte 0: the header that begins here is cut short"));
    assert!(error(ISA.replace('*', " ").as_bytes()).contains("element separator"));
    assert!(error(ISA.replace('~', "A").as_bytes()).contains("segment terminator"));
    let utf16: Vec<u8> = interchange().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(error(&utf16).contains("UTF-16"));
}

#[test]
fn memory_is_bounded() {
    let endless = ISA.as_bytes().chain(io::repeat(b'0'));
    let said = hear(Reader::new(endless));
    assert_eq!(said.segments.len(), 1);
    assert!(said.error.unwrap().starts_with("byte 106: no segment terminator within 1048576 bytes"));
    assert!(hear(Reader::new(io::repeat(0))).error.is_some());
    assert!(hear(Reader::new(io::repeat(b'I'))).error.is_some());

    let longest = vec![b'A'; MAX_SEGMENT];
    let said = hear(Reader::new(ISA.as_bytes().chain(longest.as_slice()).chain(&b"~B"[..])));
    assert_eq!(said.segments[1].len(), MAX_SEGMENT);
    assert_eq!(said.segments[2], "B");
    let said = hear(Reader::new(ISA.as_bytes().chain(longest.as_slice()).chain(&b"A~"[..])));
    assert!(said.error.is_some());
}

#[test]
fn much_filler_is_trailing_unless_something_follows() {
    let text = interchange();
    let zeros = vec![0; 3 * MAX_BETWEEN];
    let said = hear(Reader::new(text.as_bytes().chain(zeros.as_slice())));
    assert_eq!(said.trailing, zeros);
    assert!(said.error.is_none() && said.findings.is_empty());
    let said = hear(Reader::new(text.as_bytes().chain(zeros.as_slice()).chain(text.as_bytes())));
    let place = text.len() + zeros.len();
    let words = format!("byte {place}: a segment begins here after more than 65536 bytes");
    assert!(said.error.unwrap().starts_with(&words));
    let prose = b"lorem ipsum ".repeat(MAX_BETWEEN / 4);
    let said = hear(Reader::new(text.as_bytes().chain(prose.as_slice())));
    assert_eq!(said.trailing, prose);
    let said = hear(Reader::new(text.as_bytes().chain(prose.as_slice()).chain(text.as_bytes())));
    assert!(said.error.unwrap().contains("a segment begins here after more than"));
}

#[test]
fn findings_are_bounded() {
    let text = interchange().replace("~SE", &("~X\nX".repeat(1000) + "~SE"));
    let mut reader = Reader::new(text.as_bytes());
    while reader.next().unwrap().is_some() {}
    assert_eq!(reader.findings().len(), 100);
    assert_eq!(reader.count(FindingKind::BreakInsideSegment), 1000);
}

/// X12 with things done to it: some bytes changed, some left out, some put in, some interchanges.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![prop::sample::select(&b"~*:^\r\n \0ISAGT|\x1C\xC3A1"[..]), any::<u8>(),];
    let piece = prop::sample::select(vec![
        interchange(),
        interchange().replace('~', "~\r\n"),
        interchange().replace('~', "\n").replace('*', "|"),
        interchange().replace("          ", ""),
        GROUP.to_owned(),
        "ST|837|1\nBHT|0019\n".to_owned(),
        "\r\n junk ISA*".to_owned(),
        "\u{FEFF}".to_owned(),
        " ".repeat(300),
        format!("NM1*{}~", "LONG ".repeat(4000)),
    ]);
    let change = (any::<prop::sample::Index>(), 0..4usize, prop::collection::vec(bytes, 0..4));
    (prop::collection::vec(piece, 0..5), prop::collection::vec(change, 0..6)).prop_map(|(pieces, changes)| {
        let mut text = pieces.concat().into_bytes();
        for (at, gone, put) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + gone).min(text.len());
            text.splice(at..end, put);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_comes_back_however_it_arrives(
        text in mutated(),
        lengths in prop::collection::vec(prop_oneof![1..40usize, 1..9000usize], 1..9),
    ) {
        let whole = read(&text);
        let pieces = hear(Reader::new(Pieces::new(&text, lengths)));
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn any_bytes_at_all_are_survived(text in prop::collection::vec(any::<u8>(), 0..600)) {
        read(&text);
        let mut with_header = ISA.as_bytes().to_vec();
        with_header.extend(&text);
        let said = read(&with_header);
        prop_assert_eq!(said.error, None);
        let delimiters = Delimiters { element: b'\r', segment: b'\n', component: Some(0), repetition: None };
        let said = hear(Reader::with_delimiters(text.as_slice(), delimiters));
        prop_assert_eq!(said.rejoined, text);
    }
}
