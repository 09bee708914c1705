//! Bytes and segments.

use std::fmt;

#[cfg(feature = "framing")]
use super::choices;
use super::{Pieces, shown};
use crate::{
    segments::{from_json, to_json},
    x12::{Delimiters, FindingKind, Reader, Token, Writer},
};

/// What a reader makes of bytes: everything that it says.
#[derive(Default, PartialEq)]
struct Read {
    bytes: Vec<u8>,
    /// Where each segment begins and ends, and its number of elements.
    segments: Vec<(u64, u64, usize)>,
    delimiters: Vec<Delimiters>,
    trailing: usize,
    findings: Vec<(FindingKind, u64, u64)>,
    error: Option<String>,
}

/// All but the bytes, which say nothing to a reader as numbers.
impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, segments, delimiters, trailing, findings, error } = self;
        write!(f, "{} bytes, {segments:?}, {delimiters:?}, {trailing} trailing, {findings:?}, {error:?}", bytes.len())
    }
}

impl Read {
    /// Reads, and asserts what must hold of each token.
    fn of(input: impl std::io::Read, length: usize) -> Self {
        let mut reader = Reader::new(input);
        let mut read = Self::default();
        let error = loop {
            match reader.next() {
                Err(error) => break Some(error),
                Ok(None) => break None,
                Ok(Some(Token::Trailing { bytes, offset })) => {
                    assert_eq!(offset, read.bytes.len() as u64, "the place of what trails");
                    read.bytes.extend_from_slice(bytes);
                    read.trailing += bytes.len();
                }
                Ok(Some(Token::Segment { segment, before, offset, terminated })) => {
                    assert_eq!(read.trailing, 0, "a segment after what trails");
                    read.bytes.extend_from_slice(before);
                    assert_eq!(offset, read.bytes.len() as u64, "the place of a segment");
                    let delimiters = segment.delimiters();
                    let mut at = 0;
                    for (n, element) in segment.elements().enumerate() {
                        assert_eq!(segment.bytes().get(at..at + element.len()), Some(element), "element {n}");
                        assert_eq!(segment.element(n), element, "element {n} by its number");
                        let parts: usize = segment.components(n).map(|part| part.len() + 1).sum();
                        assert_eq!(parts.saturating_sub(1), element.len(), "the components of element {n}");
                        at += element.len() + 1;
                    }
                    assert_eq!(at, segment.bytes().len() + 1, "elements and separators are the segment");
                    assert!(segment.element(segment.len()).is_empty());
                    read.bytes.extend_from_slice(segment.bytes());
                    read.segments.push((offset, read.bytes.len() as u64, segment.len()));
                    if terminated {
                        read.bytes.push(delimiters.segment);
                    }
                    if read.delimiters.last() != Some(&delimiters) {
                        read.delimiters.push(delimiters);
                    }
                }
            }
            assert_eq!(reader.offset(), read.bytes.len() as u64, "how far it has come");
        };
        read.error = error.as_ref().map(ToString::to_string);
        let place = error.and_then(|error| error.offset()).unwrap_or(0);
        assert!(place <= length as u64, "the error lies inside the input");
        for finding in reader.findings() {
            assert!(finding.offset + finding.length <= length as u64, "{finding:?} lies inside the input");
            read.findings.push((finding.kind, finding.offset, finding.length));
        }
        read
    }
}

/// The tokeniser: what it hands out is the input, at the places it says, however the input comes in.
pub fn tokens(data: &[u8]) {
    let whole = Read::of(data, data.len());
    assert_eq!(data.get(..whole.bytes.len()), Some(whole.bytes.as_slice()), "tokens are the input");
    if whole.error.is_none() {
        assert_eq!(whole.bytes.len(), data.len(), "tokens are all of the input");
    }
    let torn = Read::of(Pieces::of(data), data.len());
    assert!(torn == whole, "in pieces as in one: {}\n{torn:?}\n{whole:?}", shown(data));
}

/// The same where every byte is a letter of X12, behind a header: segments get long, deep and many.
pub fn alphabet(data: &[u8]) {
    const LETTERS: &[&str] = &[
        "*", "*", "*", "*", "~", "~", ":", "^", "\n", "A", "B", "0", "1", "9", ".", "-", " ", "~ISA*", "~GS*",
        "~ST*837*", "~SE*", "~GE*", "~IEA*", "~HL*", "~NM1*", "~CLM*", "~REF*", "~DTP*", "~LX*", "~SV1*", "~CAS*",
        "20240101", "\r\n", "é", "\0", HEADER,
    ];
    const HEADER: &str =
        "ISA*00*          *00*          *ZZ*A              *ZZ*B              *240101*1200*^*00501*000000001*0*T*:~";
    let mut file = HEADER.as_bytes().to_vec();
    for byte in data.iter().take(4096) {
        file.extend_from_slice(LETTERS.get(usize::from(*byte) % LETTERS.len()).unwrap_or(&"").as_bytes());
    }
    tokens(&file);
    super::document(&file);
}

/// Segments as JSON and back: the same bytes. JSON that somebody else made, as far as it can be written, says the
/// same when it is read again.
pub fn segments(data: &[u8]) {
    if data.starts_with(b"{") {
        let mut file = Vec::new();
        if from_json(data, &mut file).is_err() || file.is_empty() {
            return;
        }
        let mut json = Vec::new();
        if to_json(&file[..], &mut json, false).is_ok() {
            comes_back(&file, &json);
        }
        return;
    }
    let mut json = Vec::new();
    if to_json(data, &mut json, false).is_ok() {
        comes_back(data, &json);
        let mut pretty = Vec::new();
        assert!(to_json(data, &mut pretty, true).is_ok(), "laid out too");
        comes_back(data, &pretty);
        rewritten(data);
    }
}

fn comes_back(file: &[u8], json: &[u8]) {
    let mut back = Vec::new();
    let written = from_json(json, &mut back);
    assert!(written.is_ok(), "{written:?} of {} by {}", shown(file), shown(json));
    assert!(back == file, "{} became {} by {}", shown(file), shown(&back), shown(json));
}

/// Segments written element by element are the bytes that were read.
fn rewritten(data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut writer = Writer::new(Vec::new(), Delimiters::default());
    let mut written = Ok(());
    while let Ok(Some(token)) = reader.next() {
        let one = match token {
            Token::Trailing { bytes, .. } => writer.raw(bytes),
            Token::Segment { segment, before, terminated, .. } => {
                writer.set_delimiters(segment.delimiters());
                let before = writer.raw(before);
                let elements = segment.elements();
                before.and_then(|()| if terminated { writer.verbatim(elements) } else { writer.unterminated(elements) })
            }
        };
        written = written.and(one);
    }
    // The header of an interchange may hold its own separators where nobody expects them.
    if written.is_ok() {
        assert!(writer.into_inner() == data, "elements written as they stood are the input");
    }
}

/// The framing codec: what it cuts out lies where it says, however the stream comes in.
#[cfg(feature = "framing")]
pub fn framing(data: &[u8]) {
    use bytes::BytesMut;
    use tokio_util::codec::{Decoder, Encoder};

    use crate::x12::{Interchange, InterchangeCodec, Junk};

    fn decode(mut codec: InterchangeCodec, mut next: impl FnMut() -> Vec<u8>) -> (Vec<Interchange>, Option<String>) {
        let (mut source, mut items) = (BytesMut::new(), Vec::new());
        loop {
            let piece = next();
            source.extend_from_slice(&piece);
            loop {
                let item = if piece.is_empty() { codec.decode_eof(&mut source) } else { codec.decode(&mut source) };
                match item {
                    Ok(Some(item)) => items.push(item),
                    Ok(None) if piece.is_empty() => return (items, None),
                    Ok(None) => break,
                    Err(error) => return (items, Some(error.to_string())),
                }
            }
        }
    }

    let ([junk, limit], stream) = choices(data);
    let junk = if junk & 1 == 0 { Junk::Refuse } else { Junk::Skip };
    let limit = if limit == 0 { 1 << 20 } else { usize::from(limit) * 16 };
    let codec = InterchangeCodec::new(limit).junk(junk).line_break("\n");
    let mut once = Some(stream.to_vec());
    let (whole, error) = decode(codec.clone(), || once.take().unwrap_or_default());
    let mut pieces = Pieces::of(stream);
    let (torn, torn_error) = decode(codec.clone(), || pieces.piece(usize::MAX).to_vec());
    // A stream that comes in pieces is refused as soon as it is too large; one that is there at once, later.
    let too_large = |error: &Option<String>| error.as_ref().is_some_and(|error| error.contains("more than"));
    if !too_large(&error) && !too_large(&torn_error) {
        assert_eq!((&torn, &torn_error), (&whole, &error), "in pieces as in one");
    }
    let is_fixed = |item: &Interchange| {
        item.bytes.get(..106).is_some_and(|header| {
            let Delimiters { element, segment, .. } = item.delimiters;
            let separators = header.iter().filter(|byte| **byte == element).count();
            separators == 16 && header.get(103) == Some(&element) && header.last() == Some(&segment)
        })
    };
    let mut end = 0;
    for item in &whole {
        let from = item.offset as usize;
        assert!(from >= end && item.bytes.len() <= limit, "one after the other, within the limit");
        end = from + item.bytes.len();
        assert_eq!(stream.get(from..end), Some(&item.bytes[..]), "the bytes at its place");
        let mut reader = Reader::new(&item.bytes[..]);
        let begins = matches!(reader.next(), Ok(Some(Token::Segment { segment, .. })) if segment.delimiters() == item.delimiters);
        // Unless the header has its fixed width, what follows it says how it ends, even the next interchange.
        assert!(begins || !is_fixed(item), "the reader sees the same separators: {}", shown(&item.bytes));
    }
    let mut joined = BytesMut::new();
    for item in &whole {
        let encoded = codec.clone().encode(item, &mut joined);
        assert!(encoded.is_ok(), "what was cut out can be sent on");
    }
    let mut once = Some(joined.to_vec());
    let (again, _) = decode(codec, || once.take().unwrap_or_default());
    let texts = |items: &[Interchange]| items.iter().map(|item| item.bytes.clone()).collect::<Vec<_>>();
    // Without its terminator the last one takes in what follows.
    let is_whole =
        |item: &Interchange| item.ended && item.bytes.last() == Some(&item.delimiters.segment) && is_fixed(item);
    if whole.iter().all(is_whole) {
        assert_eq!(texts(&again), texts(&whole), "cut, joined and cut again");
    }
}
