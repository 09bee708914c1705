//! Whole interchanges out of a stream of bytes, and into one.

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memmem};
use tokio_util::codec::{Decoder, Encoder};

use super::{
    Delimiters, Error,
    isa::{self, HEADER_WINDOW, Header, Refusal},
};

/// One interchange as it came, from its ISA to the terminator of its IEA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interchange {
    /// Its bytes.
    pub bytes: Bytes,
    /// The separators that its ISA states.
    pub delimiters: Delimiters,
    /// Where it begins in the stream, in bytes from 0.
    pub offset: u64,
    /// Whether it ends with an IEA; if not, another ISA came before one.
    pub ended: bool,
}

impl AsRef<[u8]> for Interchange {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What becomes of bytes between interchanges that are neither line breaks, blanks nor NULs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Junk {
    /// They are an error.
    #[default]
    Refuse,
    /// They are passed over, up to the next ISA.
    Skip,
}

/// Cuts a stream into interchanges: a [`Decoder`] and [`Encoder`] for `tokio_util::codec::Framed`.
///
/// It finds where interchanges begin and end, and nothing else; a [`Reader`](super::Reader) reads them. What
/// it is given at a time does not matter, and bytes are looked at once.
#[derive(Clone, Debug)]
pub struct InterchangeCodec {
    limit: usize,
    junk: Junk,
    line_break: Bytes,
    /// Where in the stream the bytes begin that have not been taken.
    offset: u64,
    /// The interchange that has begun.
    begun: Option<Begun>,
}

/// How far an interchange has been looked at, from its first byte.
#[derive(Clone, Debug)]
struct Begun {
    delimiters: Delimiters,
    /// Where the segment begins that is being looked for the end of.
    segment: usize,
    /// How far there is no end of it.
    upto: usize,
}

impl InterchangeCodec {
    /// A codec for interchanges of at most `limit` bytes, which refuses junk and puts nothing between
    /// interchanges.
    pub fn new(limit: usize) -> Self {
        InterchangeCodec { limit, junk: Junk::Refuse, line_break: Bytes::new(), offset: 0, begun: None }
    }

    /// Does this with junk between interchanges.
    pub fn junk(self, junk: Junk) -> Self {
        InterchangeCodec { junk, ..self }
    }

    /// Writes these bytes after every interchange.
    pub fn line_break(self, bytes: impl Into<Bytes>) -> Self {
        InterchangeCodec { line_break: bytes.into(), ..self }
    }

    /// The next interchange; `ended` says that no more than `source` will come.
    fn next(&mut self, source: &mut BytesMut, ended: bool) -> Result<Option<Interchange>, Error> {
        if self.begun.is_none() && !self.begin(source, ended)? {
            return Ok(None);
        }
        let Some(begun) = &mut self.begun else { return Ok(None) };
        let end = begun.end(source, ended);
        let length = end.as_ref().map_or(source.len(), |end| end.length);
        if length > self.limit {
            return Err(Error::InterchangeTooLarge { offset: self.offset, limit: self.limit });
        }
        let Some(End { length, with_trailer }) = end else {
            return if ended { Err(Error::InterchangeCutShort { offset: self.offset }) } else { Ok(None) };
        };
        let delimiters = begun.delimiters;
        self.begun = None;
        let offset = self.offset;
        self.offset = self.offset.saturating_add(length as u64);
        Ok(Some(Interchange { bytes: source.split_to(length).freeze(), delimiters, offset, ended: with_trailer }))
    }

    /// Takes what stands before the next header, and reads that; whether there is one.
    fn begin(&mut self, source: &mut BytesMut, ended: bool) -> Result<bool, Error> {
        loop {
            self.pass(source, source.iter().take_while(|byte| **byte <= b' ').count());
            if source.is_empty() {
                return Ok(false);
            }
            let refusal = match header(source, ended) {
                Ok(Header { delimiters, end, terminated, .. }) => {
                    let segment = end.saturating_add(usize::from(terminated));
                    self.begun = Some(Begun { delimiters, segment, upto: segment });
                    return Ok(true);
                }
                Err(Refusal::Incomplete) => return Ok(false),
                Err(refusal) => refusal,
            };
            let offset = self.offset;
            match (self.junk, refusal) {
                (Junk::Skip, _) => {
                    let rest = source.get(1..).unwrap_or_default();
                    // `ISA` may have begun in the last two bytes
                    let held = if ended { 0 } else { 2 };
                    let next = memmem::find(rest, b"ISA").unwrap_or(rest.len().saturating_sub(held));
                    self.pass(source, next.saturating_add(1));
                    if source.len() < 3 && !ended {
                        return Ok(false);
                    }
                }
                (Junk::Refuse, Refusal::NotASeparator(at, separator)) => {
                    return Err(Error::NotASeparator { offset: offset.saturating_add(at as u64), separator });
                }
                (Junk::Refuse, Refusal::CutShort) => return Err(Error::HeaderCutShort { offset }),
                (Junk::Refuse, _) => return Err(Error::Junk { offset }),
            }
        }
    }

    fn pass(&mut self, source: &mut BytesMut, length: usize) {
        let length = length.min(source.len());
        source.advance(length);
        self.offset = self.offset.saturating_add(length as u64);
    }
}

/// Where an interchange ends.
struct End {
    length: usize,
    with_trailer: bool,
}

impl Begun {
    /// Goes on looking for the end of the interchange that `source` begins with.
    fn end(&mut self, source: &[u8], ended: bool) -> Option<End> {
        loop {
            if self.upto == self.segment {
                let rest = source.get(self.segment..).unwrap_or_default();
                self.segment += rest.iter().take_while(|byte| self.delimiters.is_filler(**byte)).count();
                self.upto = self.segment;
                let rest = source.get(self.segment..).unwrap_or_default();
                // the trailer is missing if another header comes
                match header(rest, ended) {
                    Ok(_) => return Some(End { length: self.segment, with_trailer: false }),
                    Err(Refusal::Incomplete) => return None,
                    Err(_) => {}
                }
            }
            let rest = source.get(self.upto..).unwrap_or_default();
            let end = match memchr(self.delimiters.segment, rest) {
                Some(at) => self.upto + at,
                None => {
                    self.upto = source.len();
                    let trailer = ended && self.is_trailer(source.get(self.segment..)?);
                    return trailer.then_some(End { length: source.len(), with_trailer: true });
                }
            };
            if self.is_trailer(source.get(self.segment..end)?) {
                return Some(End { length: end + 1, with_trailer: true });
            }
            self.segment = end + 1;
            self.upto = self.segment;
        }
    }

    fn is_trailer(&self, segment: &[u8]) -> bool {
        segment.split(|byte| *byte == self.delimiters.element).next() == Some(b"IEA")
    }
}

/// The header that `text` begins with.
fn header(text: &[u8], ended: bool) -> Result<Header, Refusal> {
    match text.get(..HEADER_WINDOW) {
        Some(window) => isa::header(window, true),
        None => isa::header(text, ended),
    }
}

impl Decoder for InterchangeCodec {
    type Item = Interchange;
    type Error = Error;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Interchange>, Error> {
        self.next(source, false)
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<Interchange>, Error> {
        self.next(source, true)
    }
}

impl<T: AsRef<[u8]>> Encoder<T> for InterchangeCodec {
    type Error = Error;

    fn encode(&mut self, interchange: T, to: &mut BytesMut) -> Result<(), Error> {
        to.extend_from_slice(interchange.as_ref());
        to.extend_from_slice(&self.line_break);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ISA: &str =
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260115*1023*^*00501*000000905*0*T*:~";

    fn interchange() -> String {
        format!("{ISA}\nGS*HC~\nST*837*1~\nNTE*IEA*1~\nIEA*1*000000905~")
    }

    fn other() -> String {
        interchange().replace('*', "|").replace('~', "\r")
    }

    /// The interchanges of a stream that comes in pieces of these lengths, and how it ends.
    fn decode(mut codec: InterchangeCodec, stream: &[u8], lengths: &[usize]) -> (Vec<Interchange>, Option<String>) {
        let (mut source, mut items, mut rest) = (BytesMut::new(), Vec::new(), stream);
        for length in lengths.iter().cycle() {
            let (piece, later) = rest.split_at((*length).min(rest.len()));
            source.extend_from_slice(piece);
            rest = later;
            loop {
                let item = if rest.is_empty() { codec.decode_eof(&mut source) } else { codec.decode(&mut source) };
                match item {
                    Ok(Some(item)) => {
                        let from = usize::try_from(item.offset).unwrap();
                        assert_eq!(item.bytes, stream[from..from + item.bytes.len()]);
                        items.push(item);
                    }
                    Ok(None) => break,
                    Err(error) => return (items, Some(error.to_string())),
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        (items, None)
    }

    fn texts(items: &[Interchange]) -> Vec<String> {
        items.iter().map(|item| String::from_utf8_lossy(&item.bytes).into_owned()).collect()
    }

    #[test]
    fn interchanges_one_after_another() {
        let stream = format!("{}\r\n\0{}\n{}", interchange(), other(), interchange());
        let (items, error) = decode(InterchangeCodec::new(1000), stream.as_bytes(), &[7]);
        assert_eq!(error, None);
        assert_eq!(texts(&items), [interchange(), other(), interchange()]);
        assert_eq!(items[1].delimiters.element, b'|');
        assert!(items.iter().all(|item| item.ended));
    }

    #[test]
    fn an_interchange_is_handed_out_as_soon_as_it_ends() {
        let mut codec = InterchangeCodec::new(1000);
        let mut source = BytesMut::from(interchange().as_str());
        assert!(codec.decode(&mut source).unwrap().is_some());
        assert!(codec.decode(&mut source).unwrap().is_none());
        source.extend_from_slice(&interchange().as_bytes()[..130]);
        assert!(codec.decode(&mut source).unwrap().is_none());
        assert!(codec.decode_eof(&mut source).unwrap_err().to_string().contains("the stream ends within"));
    }

    #[test]
    fn junk_is_refused_or_passed_over() {
        let stream = format!("hello ISA, ISA*1\n{}MORE\n{}ISA*", interchange(), other());
        let (items, error) = decode(InterchangeCodec::new(1000), stream.as_bytes(), &[5]);
        assert_eq!((items.len(), error.unwrap().split(':').next()), (0, Some("byte 0")));
        let (items, error) = decode(InterchangeCodec::new(1000).junk(Junk::Skip), stream.as_bytes(), &[5]);
        assert_eq!((texts(&items), error), (vec![interchange(), other()], None));
        let (items, error) = decode(InterchangeCodec::new(1000), format!("{} X", interchange()).as_bytes(), &[5]);
        assert_eq!((items.len(), error.unwrap().split(':').next()), (1, Some("byte 152")));
    }

    #[test]
    fn size_is_bounded() {
        let length = interchange().len();
        let (items, error) = decode(InterchangeCodec::new(length), interchange().as_bytes(), &[9]);
        assert_eq!((items.len(), error), (1, None));
        let (items, error) = decode(InterchangeCodec::new(length - 1), interchange().as_bytes(), &[9]);
        assert_eq!(items.len(), 0);
        assert!(error.unwrap().starts_with("byte 0: the interchange that begins here has more than"));
        let endless = format!("{ISA}{}", "A".repeat(5000));
        assert!(
            decode(InterchangeCodec::new(2000), endless.as_bytes(), &[9]).1.unwrap().contains("more than 2000 bytes")
        );
    }

    #[test]
    fn a_missing_trailer_does_not_swallow_the_next_interchange() {
        let cut = format!("{ISA}\nGS*HC~\n");
        for next in [interchange(), other()] {
            let (items, error) = decode(InterchangeCodec::new(1000), format!("{cut}{next}").as_bytes(), &[3]);
            assert_eq!((texts(&items), error), (vec![cut.clone(), next], None));
            assert_eq!(items.iter().map(|item| item.ended).collect::<Vec<_>>(), [false, true]);
        }
    }

    #[test]
    fn the_last_terminator_may_be_missing() {
        let text = interchange();
        let (items, error) = decode(InterchangeCodec::new(1000), text.trim_end_matches('~').as_bytes(), &[50]);
        assert_eq!((texts(&items), error), (vec![text.trim_end_matches('~').to_owned()], None));
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut codec = InterchangeCodec::new(1000).line_break("\r\n");
        let mut to = BytesMut::new();
        codec.encode(interchange(), &mut to).unwrap();
        let item = codec.decode(&mut to).unwrap().unwrap();
        assert_eq!(to, "\r\n");
        to.clear();
        codec.encode(item, &mut to).unwrap();
        assert_eq!(to, format!("{}\r\n", interchange()).as_str());
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            parts in prop::collection::vec(
                prop::sample::select(vec![interchange(), other(), ISA.into(), "\r\n".into(), "X".into(), "ISA".into(), "IEA*1~".into()]),
                0..6,
            ),
            lengths in prop::collection::vec(1..300usize, 1..6),
            skip in any::<bool>(),
        ) {
            let stream = parts.concat();
            let codec = InterchangeCodec::new(1000).junk(if skip { Junk::Skip } else { Junk::Refuse });
            let whole = decode(codec.clone(), stream.as_bytes(), &[usize::MAX]);
            prop_assert_eq!(decode(codec, stream.as_bytes(), &lengths), whole);
        }
    }
}
