//! Interchanges out of a stream of bytes, piece by piece: no interchange is held whole.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use tokio_util::codec::Decoder;

use super::{
    Delimiters, Error,
    isa::{self, HEADER_WINDOW, Header, Refusal},
};

/// A piece of a stream of interchanges. Of each interchange comes its beginning, then its bytes, then its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// An interchange begins.
    Begin {
        /// Its ISA, without the terminator.
        header: Bytes,
        /// The separators that the ISA states.
        delimiters: Delimiters,
        /// Where it begins in the stream, in bytes from 0.
        offset: u64,
    },
    /// The next bytes of it; the first ones are those of its ISA.
    Bytes(Bytes),
    /// It ends.
    End {
        /// Whether with an IEA; if not, another ISA came before one.
        ended: bool,
    },
}

/// Cuts a stream into interchanges as [`InterchangeCodec`](super::InterchangeCodec) does, and hands each out while it
/// comes. What it holds back is bounded by a header. Junk between interchanges is an error; line breaks, blanks and
/// NULs are passed over.
#[derive(Clone, Debug)]
pub struct InterchangePieces {
    limit: u64,
    /// Where in the stream the bytes begin that have not been taken.
    offset: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Between,
    Within(Open),
    /// The bytes have been handed out, the end has not.
    Over {
        ended: bool,
    },
}

/// An interchange that has begun.
#[derive(Clone, Copy, Debug)]
struct Open {
    delimiters: Delimiters,
    /// Where it begins in the stream.
    offset: u64,
    within: Within,
}

#[derive(Clone, Copy, Debug)]
enum Within {
    /// The bytes of the ISA are next, so many.
    Header(usize),
    /// A segment is next, or line breaks before it.
    Start,
    /// A segment has begun.
    Segment { trailer: bool },
}

/// What a look at the bytes has shown.
enum Seen {
    /// So many belong to the interchange, and more must come to say what follows.
    More(usize),
    /// So many are left of it.
    End(usize, bool),
}

impl InterchangePieces {
    /// Interchanges of at most `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self { limit, offset: 0, stage: Stage::Between }
    }

    /// Whether an interchange has begun and not ended.
    pub fn is_within(&self) -> bool {
        !matches!(self.stage, Stage::Between)
    }

    fn next(&mut self, source: &mut BytesMut, ended: bool) -> Result<Option<Piece>, Error> {
        match self.stage {
            Stage::Between => self.begin(source, ended),
            Stage::Within(mut open) => {
                let seen = open.look(source, ended);
                let (length, stage) = match seen {
                    Seen::More(length) => (length, Stage::Within(open)),
                    Seen::End(length, ended) => (length, Stage::Over { ended }),
                };
                let after = self.offset.saturating_add(length as u64);
                if after.saturating_sub(open.offset) > self.limit {
                    let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
                    return Err(Error::InterchangeTooLarge { offset: open.offset, limit });
                }
                self.stage = stage;
                self.offset = after;
                match (length, stage) {
                    (0, Stage::Over { .. }) => self.next(source, ended),
                    (0, _) if ended => Err(Error::InterchangeCutShort { offset: open.offset }),
                    (0, _) => Ok(None),
                    _ => Ok(Some(Piece::Bytes(source.split_to(length.min(source.len())).freeze()))),
                }
            }
            Stage::Over { ended } => {
                self.stage = Stage::Between;
                Ok(Some(Piece::End { ended }))
            }
        }
    }

    fn begin(&mut self, source: &mut BytesMut, ended: bool) -> Result<Option<Piece>, Error> {
        let blank = source.iter().take_while(|byte| **byte <= b' ').count();
        source.advance(blank);
        self.offset = self.offset.saturating_add(blank as u64);
        if source.is_empty() {
            return Ok(None);
        }
        let offset = self.offset;
        let Header { delimiters, end, terminated, .. } = match header(source, ended) {
            Ok(header) => header,
            Err(Refusal::Incomplete) => return Ok(None),
            Err(Refusal::NotASeparator(at, separator)) => {
                return Err(Error::NotASeparator { offset: offset.saturating_add(at as u64), separator });
            }
            Err(Refusal::CutShort) => return Err(Error::HeaderCutShort { offset }),
            Err(Refusal::Otherwise) => return Err(Error::Junk { offset }),
        };
        let within = Within::Header(end.saturating_add(usize::from(terminated)));
        self.stage = Stage::Within(Open { delimiters, offset, within });
        let header = Bytes::copy_from_slice(source.get(..end).unwrap_or_default());
        Ok(Some(Piece::Begin { header, delimiters, offset }))
    }
}

impl Open {
    /// Goes on through `source`, from where the last look ended.
    fn look(&mut self, source: &[u8], ended: bool) -> Seen {
        let mut at = 0;
        loop {
            let rest = source.get(at..).unwrap_or_default();
            match self.within {
                Within::Header(length) => {
                    at = length;
                    self.within = Within::Start;
                }
                Within::Start => {
                    at += rest.iter().take_while(|byte| self.delimiters.is_filler(**byte)).count();
                    let rest = source.get(at..).unwrap_or_default();
                    // the trailer is missing if another header comes
                    match header(rest, ended) {
                        Ok(_) => return Seen::End(at, false),
                        Err(Refusal::Incomplete) => return Seen::More(at),
                        Err(_) if rest.is_empty() => return Seen::More(at),
                        Err(_) => {}
                    }
                    match self.is_trailer(rest, ended) {
                        Some(trailer) => self.within = Within::Segment { trailer },
                        None => return Seen::More(at),
                    }
                }
                Within::Segment { trailer } => match memchr(self.delimiters.segment, rest) {
                    Some(end) if trailer => return Seen::End(at + end + 1, true),
                    Some(end) => {
                        at += end + 1;
                        self.within = Within::Start;
                    }
                    // the last terminator may be missing
                    None if ended && trailer => return Seen::End(source.len(), true),
                    None => return Seen::More(source.len()),
                },
            }
        }
    }

    /// Whether the segment that `rest` begins with is the trailer, if that can be told.
    fn is_trailer(&self, rest: &[u8], ended: bool) -> Option<bool> {
        const ID: &[u8] = b"IEA";
        let Delimiters { element, segment, .. } = self.delimiters;
        match rest.iter().take(ID.len() + 1).position(|byte| *byte == element || *byte == segment) {
            Some(end) => Some(rest.get(..end) == Some(ID)),
            None if rest.len() > ID.len() => Some(false),
            None => ended.then_some(rest == ID),
        }
    }
}

/// The header that `text` begins with.
fn header(text: &[u8], ended: bool) -> Result<Header, Refusal> {
    match text.get(..HEADER_WINDOW) {
        Some(window) => isa::header(window, true),
        None => isa::header(text, ended),
    }
}

impl Decoder for InterchangePieces {
    type Item = Piece;
    type Error = Error;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Piece>, Error> {
        self.next(source, false)
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<Piece>, Error> {
        self.next(source, true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::x12::InterchangeCodec;

    const ISA: &str =
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260115*1023*^*00501*000000905*0*T*:~";

    fn interchange() -> String {
        format!("{ISA}\nGS*HC~\nST*837*1~\nNTE*IEA*1~IEAX*1~\nIEA*1*000000905~")
    }

    fn other() -> String {
        interchange().replace('*', "|").replace('~', "\r")
    }

    /// An interchange: its bytes, where it begins, whether it has a trailer.
    type Found = (Vec<u8>, u64, bool);

    /// The interchanges of a stream that comes in pieces of these lengths, how it ends, and most bytes held back.
    fn cut(limit: u64, stream: &[u8], lengths: &[usize]) -> (Vec<Found>, Option<String>, usize) {
        let mut codec = InterchangePieces::new(limit);
        let (mut source, mut items, mut rest, mut held) = (BytesMut::new(), Vec::new(), stream, 0);
        let mut open: Option<Found> = None;
        for length in lengths.iter().cycle() {
            let (piece, later) = rest.split_at((*length).min(rest.len()));
            source.extend_from_slice(piece);
            rest = later;
            loop {
                let piece = if rest.is_empty() { codec.decode_eof(&mut source) } else { codec.decode(&mut source) };
                match piece {
                    Ok(Some(Piece::Begin { header, offset, delimiters })) => {
                        assert!(open.is_none() && header.starts_with(b"ISA") && header[3] == delimiters.element);
                        open = Some((Vec::new(), offset, false));
                    }
                    Ok(Some(Piece::Bytes(bytes))) => open.as_mut().unwrap().0.extend_from_slice(&bytes),
                    Ok(Some(Piece::End { ended })) => {
                        let (bytes, offset, _) = open.take().unwrap();
                        items.push((bytes, offset, ended));
                    }
                    Ok(None) => break,
                    Err(error) => return (items, Some(error.to_string()), held),
                }
            }
            held = held.max(source.len());
            if rest.is_empty() {
                break;
            }
        }
        assert!(open.is_none());
        (items, None, held)
    }

    #[test]
    fn nothing_is_held_back_but_what_may_be_a_header() {
        let long = format!("{ISA}{}~IEA*0*1~", "A".repeat(100_000));
        let (items, error, held) = cut(1 << 20, long.as_bytes(), &[1000]);
        assert_eq!((items, error), (vec![(long.into_bytes(), 0, true)], None));
        assert!(held <= 1000, "{held}");
    }

    #[test]
    fn an_interchange_ends_as_soon_as_its_last_byte_is_there() {
        let mut codec = InterchangePieces::new(1000);
        let mut source = BytesMut::from(interchange().as_str());
        let mut last = None;
        while let Some(piece) = codec.decode(&mut source).unwrap() {
            last = Some(piece);
        }
        assert_eq!(last, Some(Piece::End { ended: true }));
        assert!(!codec.is_within());
    }

    #[test]
    fn size_is_bounded() {
        let length = interchange().len() as u64;
        assert_eq!(cut(length, interchange().as_bytes(), &[9]).1, None);
        assert!(cut(length - 1, interchange().as_bytes(), &[9]).1.unwrap().contains("more than"));
        let endless = format!("{ISA}{}", "A".repeat(5000));
        assert!(cut(2000, endless.as_bytes(), &[9]).1.unwrap().contains("more than 2000 bytes"));
    }

    proptest! {
        #[test]
        fn it_cuts_as_the_codec_that_holds_them_whole(
            parts in prop::collection::vec(
                prop::sample::select(vec![interchange(), other(), ISA.into(), "\r\n".into(), "X".into(), "ISA".into(),
                    "IEA*1~".into(), "IEA".into(), "IE".into()]),
                0..6,
            ),
            lengths in prop::collection::vec(1..300usize, 1..6),
        ) {
            let stream = parts.concat();
            let (mut codec, mut source) = (InterchangeCodec::new(10_000), BytesMut::from(stream.as_str()));
            let mut whole = Vec::new();
            let error = loop {
                match codec.decode_eof(&mut source) {
                    Ok(Some(item)) => whole.push((item.bytes.to_vec(), item.offset, item.ended)),
                    Ok(None) => break None,
                    Err(error) => break Some(error.to_string()),
                }
            };
            let (items, cut_error, _) = cut(10_000, stream.as_bytes(), &lengths);
            prop_assert_eq!((items, cut_error), (whole, error));
        }
    }
}
