use bytes::{Bytes, BytesMut};
use memchr::memmem;
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::streaming::{tag, take_while_m_n},
    combinator::opt,
};

use super::Header;

/// How long the headers of one part may be, in bytes.
const MAX_HEADERS: usize = 16 * 1024;

/// How many parts a multipart may have.
const MAX_PARTS: usize = 64;

/// How long a boundary may be. The standard says 70; some clients write more.
const MAX_BOUNDARY: usize = 200;

/// How many blanks may follow a boundary on its line.
const MAX_PADDING: usize = 256;

/// Cuts a multipart into its parts as its bytes come in.
///
/// [`feed`](Reader::feed) it bytes, however they are cut, and take [events](Reader::next) until there is none;
/// after the last bytes say so by [`end`](Reader::end) and take the rest. It holds no more than the bytes it was
/// last fed and the headers of one part.
#[derive(Debug)]
pub struct Reader {
    buffer: BytesMut,
    /// Two hyphens and the boundary.
    delimiter: Vec<u8>,
    /// A line end and the delimiter.
    line: memmem::Finder<'static>,
    state: State,
    /// Whether the buffer begins where a line does, so that a delimiter may stand there without a line end.
    line_start: bool,
    /// How far the headers in the buffer were searched for their end.
    searched: usize,
    parts: usize,
    ended: bool,
}

/// What comes in.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Part(Headers),
    /// Some of its bytes.
    Data(Bytes),
    /// It ends.
    End,
}

/// The headers of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

/// Why a multipart cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No boundary, or one that is too long.
    #[error("the multipart names no boundary of 1 to {MAX_BOUNDARY} characters")]
    Boundary,
    /// The headers of a part do not end.
    #[error("the headers of a part are longer than {MAX_HEADERS} bytes")]
    Headers,
    /// More parts than are read.
    #[error("the multipart has more than {MAX_PARTS} parts")]
    Parts,
    /// The bytes stop before the closing boundary.
    #[error("the multipart stops before its closing boundary")]
    Truncated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    Headers,
    Body,
    /// The part's last bytes were given; its end was not. Says whether it was the last part.
    End {
        last: bool,
    },
    Epilogue,
}

/// Where the bytes of a part stop.
enum Stop {
    /// At a delimiter: so many bytes before it, so many up to the end of its line.
    Delimiter { before: usize, through: usize, last: bool },
    /// Perhaps after so many bytes: more has to come.
    Unknown { certain: usize },
}

impl Reader {
    /// A reader for the boundary that the Content-Type names.
    ///
    /// # Errors
    ///
    /// [`Error::Boundary`].
    pub fn new(boundary: &str) -> Result<Reader, Error> {
        if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
            return Err(Error::Boundary);
        }
        Ok(Reader {
            buffer: BytesMut::new(),
            delimiter: format!("--{boundary}").into_bytes(),
            line: memmem::Finder::new(format!("\n--{boundary}").as_bytes()).into_owned(),
            state: State::Preamble,
            line_start: true,
            searched: 0,
            parts: 0,
            ended: false,
        })
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.state != State::Epilogue {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// There are no more bytes.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next event; none if more bytes have to come, or if all has been said.
    ///
    /// # Errors
    ///
    /// [`Error`], after which nothing more comes out of it.
    #[allow(clippy::should_implement_trait, reason = "none does not mean the end, and errors are final")]
    pub fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match self.state {
                State::Preamble => {
                    if !self.skip_preamble() {
                        return self.wait();
                    }
                }
                State::Headers => {
                    let Some(headers) = self.take_headers()? else { return self.wait() };
                    self.state = State::Body;
                    self.line_start = true;
                    return Ok(Some(Event::Part(headers)));
                }
                State::Body => match self.stop() {
                    Stop::Delimiter { before, through, last } => {
                        let mut rest = self.buffer.split_off(through);
                        std::mem::swap(&mut rest, &mut self.buffer);
                        rest.truncate(before);
                        self.state = State::End { last };
                        if !rest.is_empty() {
                            return Ok(Some(Event::Data(rest.freeze())));
                        }
                    }
                    Stop::Unknown { certain: 0 } => return self.wait(),
                    Stop::Unknown { certain } => {
                        return Ok(Some(Event::Data(self.buffer.split_to(certain).freeze())));
                    }
                },
                State::End { last } => {
                    self.begin_part_or_end(last)?;
                    return Ok(Some(Event::End));
                }
                State::Epilogue => return Ok(None),
            }
        }
    }

    fn wait(&self) -> Result<Option<Event>, Error> {
        if self.ended { Err(Error::Truncated) } else { Ok(None) }
    }

    fn begin_part_or_end(&mut self, last: bool) -> Result<(), Error> {
        if last {
            self.state = State::Epilogue;
            self.buffer.clear();
            return Ok(());
        }
        self.parts = self.parts.saturating_add(1);
        if self.parts > MAX_PARTS {
            return Err(Error::Parts);
        }
        self.searched = 0;
        self.state = State::Headers;
        Ok(())
    }

    /// Passes over what stands before the first delimiter; false if it has not come yet.
    fn skip_preamble(&mut self) -> bool {
        match self.stop() {
            Stop::Delimiter { through, last, .. } => {
                let _ = self.buffer.split_to(through);
                // The first delimiter begins the first part, so its count is not over the limit.
                self.begin_part_or_end(last).is_ok()
            }
            Stop::Unknown { certain } => {
                let _ = self.buffer.split_to(certain);
                false
            }
        }
    }

    fn take_headers(&mut self) -> Result<Option<Headers>, Error> {
        let buffer = self.buffer.as_ref();
        // A line end right here: no headers at all.
        let end = match buffer {
            [b'\n', ..] => Some(1),
            [b'\r', b'\n', ..] => Some(2),
            _ => {
                let from = self.searched.saturating_sub(2);
                let ends = memchr::memchr_iter(b'\n', buffer.get(from..).unwrap_or_default());
                ends.filter_map(|at| {
                    let after = from.saturating_add(at).saturating_add(1);
                    match buffer.get(after..)? {
                        [b'\n', ..] => Some(after.saturating_add(1)),
                        [b'\r', b'\n', ..] => Some(after.saturating_add(2)),
                        _ => None,
                    }
                })
                .next()
            }
        };
        self.searched = buffer.len();
        match end {
            Some(end) if end <= MAX_HEADERS => Ok(Some(Headers::read(&self.buffer.split_to(end)))),
            None if buffer.len() <= MAX_HEADERS => Ok(None),
            Some(_) | None => Err(Error::Headers),
        }
    }

    /// Where the bytes before the next delimiter stop.
    fn stop(&mut self) -> Stop {
        let buffer = self.buffer.as_ref();
        if self.line_start {
            match buffer.strip_prefix(self.delimiter.as_slice()).map(|after| self.rest_of_line(after)) {
                Some(Line::Ends { length, last }) => {
                    let through = self.delimiter.len().saturating_add(length);
                    return Stop::Delimiter { before: 0, through, last };
                }
                Some(Line::Unknown) => return Stop::Unknown { certain: 0 },
                Some(Line::Other) => {}
                None if self.delimiter.starts_with(buffer) => return Stop::Unknown { certain: 0 },
                None => {}
            }
            self.line_start = false;
        }
        for at in self.line.find_iter(buffer) {
            let before = match buffer.get(..at) {
                Some([.., b'\r']) => at.saturating_sub(1),
                _ => at,
            };
            let line = at.saturating_add(self.line.needle().len());
            match self.rest_of_line(buffer.get(line..).unwrap_or_default()) {
                Line::Ends { length, last } => {
                    return Stop::Delimiter { before, through: line.saturating_add(length), last };
                }
                Line::Unknown => return Stop::Unknown { certain: before },
                Line::Other => {}
            }
        }
        // The end of the buffer may be the beginning of a delimiter: CR, LF, hyphens and some of the boundary.
        Stop::Unknown { certain: buffer.len().saturating_sub(self.line.needle().len()) }
    }

    /// Whether what follows a boundary makes it a delimiter: nothing more on its line but hyphens and blanks.
    fn rest_of_line(&self, after: &[u8]) -> Line {
        match delimiter_end(after) {
            Ok((rest, last)) => Line::Ends { length: after.len().saturating_sub(rest.len()), last },
            Err(nom::Err::Incomplete(_)) if !self.ended => Line::Unknown,
            // The closing delimiter needs no line end if nothing follows.
            Err(nom::Err::Incomplete(_)) if after.starts_with(b"--") => Line::Ends { length: after.len(), last: true },
            Err(nom::Err::Incomplete(_)) => Line::Unknown,
            Err(_) => Line::Other,
        }
    }
}

enum Line {
    /// After so many bytes.
    Ends { length: usize, last: bool },
    /// More has to come.
    Unknown,
    /// This is no delimiter, its boundary is only the beginning of something.
    Other,
}

/// The rest of a delimiter's line, its line end included; true if it closes the multipart.
fn delimiter_end(input: &[u8]) -> IResult<&[u8], bool> {
    let padding = take_while_m_n(0, MAX_PADDING, |byte| byte == b' ' || byte == b'\t');
    let (rest, (closing, _, _)) = (opt(tag("--")), padding, alt((tag("\r\n"), tag("\n")))).parse(input)?;
    Ok((rest, closing.is_some()))
}

impl Headers {
    /// Reads the lines of a header block. Lines that begin with a blank go on with the line before; lines without
    /// a colon are passed over.
    fn read(block: &[u8]) -> Headers {
        let text = String::from_utf8_lossy(block);
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Headers(headers)
    }

    /// What a header says, by its name in any case.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The same, with its parameters read.
    pub fn header(&self, name: &str) -> Option<Header> {
        self.value(name).map(Header::read)
    }
}

/// Reads a multipart that is whole: each part's headers and bytes.
///
/// # Errors
///
/// [`Error`].
pub fn read(boundary: &str, bytes: &[u8]) -> Result<Vec<(Headers, Vec<u8>)>, Error> {
    let mut reader = Reader::new(boundary)?;
    reader.feed(bytes);
    reader.end();
    let mut parts: Vec<(Headers, Vec<u8>)> = Vec::new();
    while let Some(event) = reader.next()? {
        match event {
            Event::Part(headers) => parts.push((headers, Vec::new())),
            Event::Data(bytes) => {
                if let Some((_, data)) = parts.last_mut() {
                    data.extend_from_slice(&bytes);
                }
            }
            Event::End => {}
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Parts read from bytes that come in pieces.
    fn in_pieces(boundary: &str, bytes: &[u8], cuts: &[usize]) -> Result<Vec<(Headers, Vec<u8>)>, Error> {
        let mut reader = Reader::new(boundary)?;
        let mut parts: Vec<(Headers, Vec<u8>)> = Vec::new();
        let mut rest = bytes;
        let mut cuts = cuts.iter().cycle();
        loop {
            let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            reader.feed(now);
            rest = later;
            if rest.is_empty() {
                reader.end();
            }
            while let Some(event) = reader.next()? {
                match event {
                    Event::Part(headers) => parts.push((headers, Vec::new())),
                    Event::Data(bytes) => {
                        assert!(!bytes.is_empty());
                        parts.last_mut().unwrap().1.extend_from_slice(&bytes);
                    }
                    Event::End => {}
                }
            }
            if rest.is_empty() {
                return Ok(parts);
            }
        }
    }

    fn bodies(parts: &[(Headers, Vec<u8>)]) -> Vec<&[u8]> {
        parts.iter().map(|(_, data)| data.as_slice()).collect()
    }

    #[test]
    fn crlf_and_lf_read_alike() {
        for end in ["\r\n", "\n"] {
            let text = format!(
                "preamble{end}--B{end}Content-Disposition: form-data;{end} name=\"PayloadType\"{end}{end}X12{end}\
                 --B \t{end}{end}ISA*~{end}{end}--B{end}X: y{end}{end}{end}--B--{end}epilogue --B{end}"
            );
            let parts = read("B", text.as_bytes()).unwrap();
            let payload = format!("ISA*~{end}");
            assert_eq!(bodies(&parts), [b"X12".as_slice(), payload.as_bytes(), b""]);
            let name = parts[0].0.header("content-disposition").unwrap();
            assert_eq!(name.parameter("name"), Some("PayloadType"));
            assert_eq!(parts[1].0.value("x"), None);
            assert_eq!(parts[2].0.value("x"), Some("y"));
        }
    }

    #[test]
    fn what_only_looks_like_a_boundary_is_data() {
        let data = b"\n--B1\r\n--Bx--\r\n --B\r\n--\r\n-B--B--\r\n--B-\r\n--B--x\r";
        let text = [b"--B\r\n\r\n".as_slice(), data, b"\r\n--B--"].concat();
        assert_eq!(bodies(&read("B", &text).unwrap()), [data.as_slice()]);
    }

    #[test]
    fn parts_without_a_line_end_before_the_next_delimiter_are_empty() {
        assert_eq!(bodies(&read("B", b"--B\n\n--B\n\n--B--").unwrap()), [b"".as_slice(), b""]);
        assert_eq!(read("B", b"--B--\r\n").unwrap(), []);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let whole = b"--B\r\nA: b\r\n\r\nISA*~\r\n--B--";
        for length in 0..whole.len() {
            assert_eq!(read("B", &whole[..length]), Err(Error::Truncated), "{length}");
        }
        assert_eq!(read("", b""), Err(Error::Boundary));
        let many = "--B\n\nx\n".repeat(MAX_PARTS + 1) + "--B--";
        assert_eq!(read("B", many.as_bytes()), Err(Error::Parts));
        let long = format!("--B\nA: {}\n\n--B--", "x".repeat(MAX_HEADERS));
        assert_eq!(read("B", long.as_bytes()), Err(Error::Headers));
    }

    /// Bytes in which delimiters and pieces of them are likely.
    fn tricky() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"--".to_vec()),
            Just(b"-".to_vec()),
            Just(b"\r\n--Bn".to_vec()),
            Just(b"Bnd".to_vec()),
            Just(b"~".to_vec()),
            prop::collection::vec(any::<u8>(), 0..6),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            payloads in prop::collection::vec(tricky(), 1..4),
            cuts in prop::collection::vec(1..40_usize, 1..8),
            lf: bool,
        ) {
            let end = if lf { "\n" } else { "\r\n" };
            let mut text = b"pre".to_vec();
            for payload in &payloads {
                text.extend_from_slice(format!("{end}--Bndry{end}A: b{end}{end}").as_bytes());
                text.extend_from_slice(payload);
            }
            text.extend_from_slice(format!("{end}--Bndry--{end}").as_bytes());
            // A payload that ends in CR before a bare LF cannot be told from CRLF.
            prop_assume!(!lf || payloads.iter().all(|payload| payload.last() != Some(&b'\r')));
            let parts = in_pieces("Bndry", &text, &cuts).unwrap();
            prop_assert_eq!(bodies(&parts), payloads.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(parts, read("Bndry", &text).unwrap());
        }

        #[test]
        fn any_bytes_read_alike_however_they_are_cut(
            bytes in tricky(),
            cuts in prop::collection::vec(1..9_usize, 1..8),
        ) {
            prop_assert_eq!(in_pieces("Bnd", &bytes, &cuts), read("Bnd", &bytes));
        }
    }
}
