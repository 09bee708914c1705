//! Segments into any [`Write`].

use std::io::{self, Write};

use super::Delimiters;

/// What becomes of data that holds a delimiter, which X12 has no way to escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnDelimiter {
    /// The segment is refused.
    #[default]
    Refuse,
    /// Each such byte becomes this one.
    Replace(u8),
}

/// Writes segments, each with its terminator and a line break.
///
/// Three ways, from what is data to what is bytes: [`segment`](Self::segment) and [`start`](Self::start)
/// take values and write them canonically, without separators that nothing follows;
/// [`verbatim`](Self::verbatim) takes elements as they stood, composites in one piece, and leaves out
/// nothing; [`raw`](Self::raw) takes bytes. A segment is written whole or, if it is refused, not at all.
///
/// Every segment is one call of the output's `write_all`: give it a [`std::io::BufWriter`] for a file.
///
/// ```
/// use claimwire::x12::{Delimiters, Writer};
///
/// let mut writer = Writer::new(Vec::new(), Delimiters::default()).line_break("\n");
/// writer.segment(["N3", "236 N MAIN ST", ""])?;
/// writer.start("SV1").composite(["HC", "99213", "25", ""]).element("40").end()?;
/// assert_eq!(writer.into_inner(), b"N3*236 N MAIN ST~\nSV1*HC:99213:25*40~\n");
/// # Ok::<(), claimwire::x12::WriteError>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    delimiters: Delimiters,
    line_break: Vec<u8>,
    on_delimiter: OnDelimiter,
    /// The segment that is being put together.
    text: Vec<u8>,
    bytes: u64,
    segments: u64,
}

/// Why a segment cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The output refused the bytes.
    #[error(transparent)]
    Io(#[from] io::Error),

    /// A value holds a delimiter.
    #[error(
        "segment {segment}: {place} holds `{}`, which separates; choose other delimiters, or have such characters replaced",
        char::from(*byte).escape_default()
    )]
    HoldsDelimiter {
        /// Which segment, as the writer counts them, from 1.
        segment: u64,
        /// Which value.
        place: ElementPlace,
        /// The delimiter.
        byte: u8,
    },

    /// There are several components or repetitions, and the delimiters have nothing to separate them.
    #[error("segment {segment}: {place} needs a {separator}, and the delimiters have none; add one")]
    NoSeparator {
        /// Which segment, as the writer counts them, from 1.
        segment: u64,
        /// Which value.
        place: ElementPlace,
        /// Which separator: `component separator` or `repetition separator`.
        separator: &'static str,
    },
}

/// Where a value belongs in its segment. `Display` is the field's notation, such as `SV101-2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementPlace {
    /// The segment id.
    pub id: String,
    /// The element, from 1; 0 is the id.
    pub element: u32,
    /// The repetition, from 1.
    pub repetition: u32,
    /// The component, from 1, if the element has several.
    pub component: Option<u32>,
}

impl std::fmt::Display for ElementPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ElementPlace { id, element, repetition, component } = self;
        match element {
            0 => return write!(f, "the segment id"),
            _ => write!(f, "{id}{element:02}")?,
        }
        if let Some(component) = component {
            write!(f, "-{component}")?;
        }
        if *repetition > 1 {
            write!(f, " (repetition {repetition})")?;
        }
        Ok(())
    }
}

impl<W: Write> Writer<W> {
    /// A writer that puts nothing between segments and refuses data that holds a delimiter.
    pub fn new(output: W, delimiters: Delimiters) -> Self {
        Writer {
            output,
            delimiters,
            line_break: Vec::new(),
            on_delimiter: OnDelimiter::Refuse,
            text: Vec::new(),
            bytes: 0,
            segments: 0,
        }
    }

    /// Writes these bytes after every terminator.
    pub fn line_break(self, bytes: impl Into<Vec<u8>>) -> Self {
        Writer { line_break: bytes.into(), ..self }
    }

    /// Does this with data that holds a delimiter.
    pub fn on_delimiter(self, on_delimiter: OnDelimiter) -> Self {
        Writer { on_delimiter, ..self }
    }

    /// Goes on with other delimiters: another interchange begins.
    pub fn set_delimiters(&mut self, delimiters: Delimiters) {
        self.delimiters = delimiters;
    }

    /// The delimiters in use.
    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    /// Writes a segment of simple elements, the id first. In an ISA, ISA11 and ISA16 may be the separators
    /// that they state.
    ///
    /// # Errors
    ///
    /// [`WriteError::HoldsDelimiter`], unless such bytes are to be replaced; [`WriteError::Io`].
    pub fn segment<V: AsRef<[u8]>>(&mut self, values: impl IntoIterator<Item = V>) -> Result<(), WriteError> {
        let mut values = values.into_iter();
        let mut segment = match values.next() {
            Some(id) => self.start(id),
            None => self.start(""),
        };
        for value in values {
            segment = segment.element(value);
        }
        segment.end()
    }

    /// Begins a segment that has composite or repeated elements.
    pub fn start(&mut self, id: impl AsRef<[u8]>) -> SegmentWriter<'_, W> {
        self.text.clear();
        let id = id.as_ref();
        let mut segment = SegmentWriter {
            id: id.len(),
            element: 0,
            repetition: 1,
            component: 1,
            pending: Pending::default(),
            refused: None,
            writer: self,
        };
        segment.value(id, false);
        segment
    }

    /// Writes a segment of elements as they stood, the id first: components and repetitions have their
    /// separators inside, and empty elements at the end stay. An ISA may hold terminators: it is read by
    /// its fixed width.
    ///
    /// # Errors
    ///
    /// [`WriteError::HoldsDelimiter`] for an element separator or a terminator; [`WriteError::Io`].
    pub fn verbatim<V: AsRef<[u8]>>(&mut self, elements: impl IntoIterator<Item = V>) -> Result<(), WriteError> {
        self.join(elements)?;
        self.finish_segment()
    }

    /// Writes the same without a terminator and a line break: the last segment of an input that was cut off.
    ///
    /// # Errors
    ///
    /// As [`verbatim`](Self::verbatim).
    pub fn unterminated<V: AsRef<[u8]>>(&mut self, elements: impl IntoIterator<Item = V>) -> Result<(), WriteError> {
        self.join(elements)?;
        self.put_text()?;
        self.segments = self.segments.saturating_add(1);
        Ok(())
    }

    /// Writes a segment whose bytes are given as they stood, without its terminator.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn raw_segment(&mut self, text: &[u8]) -> Result<(), WriteError> {
        self.text.clear();
        self.text.extend_from_slice(text);
        self.finish_segment()
    }

    /// Writes bytes that belong to no segment.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.output.write_all(bytes)?;
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// How many bytes have been written.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many segments have been written.
    pub fn segments(&self) -> u64 {
        self.segments
    }

    /// The output; it has not been flushed.
    pub fn into_inner(self) -> W {
        self.output
    }

    /// Puts a segment of elements as they stood together.
    fn join<V: AsRef<[u8]>>(&mut self, elements: impl IntoIterator<Item = V>) -> Result<(), WriteError> {
        let Delimiters { element: separator, segment: terminator, .. } = self.delimiters;
        self.text.clear();
        let (mut id, mut is_isa) = (0, false);
        for (number, element) in elements.into_iter().enumerate() {
            let element = element.as_ref();
            if number > 0 {
                self.text.push(separator);
            } else {
                (id, is_isa) = (element.len(), element == b"ISA");
            }
            let start = self.text.len();
            self.text.extend_from_slice(element);
            let delimits = |byte: u8| byte == separator || byte == terminator && !is_isa;
            if let Err(byte) = self.on_delimiter.apply(self.text.get_mut(start..).unwrap_or_default(), delimits) {
                let place = ElementPlace { id: self.id(id), element: number as u32, repetition: 1, component: None };
                return Err(WriteError::HoldsDelimiter { segment: self.segments.saturating_add(1), place, byte });
            }
        }
        Ok(())
    }

    /// The id of the segment that is being put together.
    fn id(&self, length: usize) -> String {
        String::from_utf8_lossy(self.text.get(..length).unwrap_or_default()).into_owned()
    }

    fn finish_segment(&mut self) -> Result<(), WriteError> {
        self.text.push(self.delimiters.segment);
        self.text.extend_from_slice(&self.line_break);
        self.put_text()?;
        self.segments = self.segments.saturating_add(1);
        Ok(())
    }

    fn put_text(&mut self) -> Result<(), WriteError> {
        self.output.write_all(&self.text)?;
        self.bytes = self.bytes.saturating_add(self.text.len() as u64);
        Ok(())
    }
}

impl OnDelimiter {
    /// Replaces the bytes that delimit, or says which one comes first.
    fn apply(self, value: &mut [u8], delimits: impl Fn(u8) -> bool) -> Result<(), u8> {
        for byte in value.iter_mut().filter(|byte| delimits(**byte)) {
            match self {
                OnDelimiter::Replace(other) if !delimits(other) => *byte = other,
                _ => return Err(*byte),
            }
        }
        Ok(())
    }
}

/// One segment on its way, from [`Writer::start`]; nothing is written before [`end`](Self::end).
///
/// Values are given in order, empty ones included. A separator is put down only when a value that is not
/// empty follows, so that none stands at the end of an element or of the segment.
#[derive(Debug)]
#[must_use = "nothing is written before `end`"]
pub struct SegmentWriter<'w, W> {
    writer: &'w mut Writer<W>,
    /// How long the id is.
    id: usize,
    element: u32,
    repetition: u32,
    component: u32,
    pending: Pending,
    /// Why the segment cannot be written.
    refused: Option<WriteError>,
}

/// Separators that are due if a value follows.
#[derive(Debug, Default)]
struct Pending {
    elements: usize,
    repetitions: usize,
    components: usize,
}

impl<W: Write> SegmentWriter<'_, W> {
    /// The next element, a simple one; `""` if it is absent.
    pub fn element(mut self, value: impl AsRef<[u8]>) -> Self {
        self.next_element();
        self.value(value.as_ref(), false);
        self
    }

    /// The next element, a composite.
    pub fn composite<V: AsRef<[u8]>>(mut self, components: impl IntoIterator<Item = V>) -> Self {
        self.next_element();
        self.components(components);
        self
    }

    /// Another repetition of the element, a simple one.
    pub fn repeated(mut self, value: impl AsRef<[u8]>) -> Self {
        self.next_repetition();
        self.value(value.as_ref(), false);
        self
    }

    /// Another repetition of the element, a composite.
    pub fn repeated_composite<V: AsRef<[u8]>>(mut self, components: impl IntoIterator<Item = V>) -> Self {
        self.next_repetition();
        self.components(components);
        self
    }

    /// Writes the segment.
    ///
    /// # Errors
    ///
    /// [`WriteError::HoldsDelimiter`] or [`WriteError::NoSeparator`] for the first value that cannot be
    /// written; [`WriteError::Io`].
    pub fn end(self) -> Result<(), WriteError> {
        match self.refused {
            Some(refused) => Err(refused),
            None => self.writer.finish_segment(),
        }
    }

    fn next_element(&mut self) {
        self.element = self.element.saturating_add(1);
        (self.repetition, self.component) = (1, 1);
        self.pending = Pending { elements: self.pending.elements.saturating_add(1), ..Pending::default() };
    }

    fn next_repetition(&mut self) {
        self.repetition = self.repetition.saturating_add(1);
        self.component = 1;
        self.pending.components = 0;
        self.pending.repetitions = self.pending.repetitions.saturating_add(1);
    }

    fn components<V: AsRef<[u8]>>(&mut self, components: impl IntoIterator<Item = V>) {
        for (number, component) in (1..).zip(components) {
            if number > 1 {
                self.pending.components = self.pending.components.saturating_add(1);
            }
            self.component = number;
            self.value(component.as_ref(), true);
        }
    }

    /// Puts a value down, after the separators that are due.
    fn value(&mut self, value: &[u8], composite: bool) {
        if value.is_empty() || self.refused.is_some() {
            return;
        }
        let Delimiters { element, component, repetition, .. } = self.writer.delimiters;
        let Pending { elements, repetitions, components } = std::mem::take(&mut self.pending);
        let due = [
            (elements, Some(element), "element separator"),
            (repetitions, repetition, "repetition separator"),
            (components, component, "component separator"),
        ];
        for (count, byte, separator) in due {
            match byte {
                Some(byte) => self.writer.text.extend(std::iter::repeat_n(byte, count)),
                None if count == 0 => {}
                None => {
                    let (segment, place) = self.place(composite);
                    self.refused = Some(WriteError::NoSeparator { segment, place, separator });
                    return;
                }
            }
        }
        let start = self.writer.text.len();
        self.writer.text.extend_from_slice(value);
        let states_itself = self.states_separator(value);
        let Writer { text, delimiters, on_delimiter, .. } = &mut *self.writer;
        let delimits = |byte| delimiters.contains(byte) && !states_itself;
        if let Err(byte) = on_delimiter.apply(text.get_mut(start..).unwrap_or_default(), delimits) {
            let (segment, place) = self.place(composite);
            self.refused = Some(WriteError::HoldsDelimiter { segment, place, byte });
        }
    }

    /// Whether the value is ISA11 or ISA16 and the very separator that it states.
    fn states_separator(&self, value: &[u8]) -> bool {
        let Delimiters { component, repetition, .. } = self.writer.delimiters;
        let stated = match self.element {
            11 => repetition,
            16 => component,
            _ => None,
        };
        self.writer.text.starts_with(b"ISA") && self.id == 3 && stated.is_some_and(|byte| value == [byte])
    }

    fn place(&self, composite: bool) -> (u64, ElementPlace) {
        let place = ElementPlace {
            id: self.writer.id(self.id),
            element: self.element,
            repetition: self.repetition,
            component: composite.then_some(self.component),
        };
        (self.writer.segments.saturating_add(1), place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::x12::{Reader, Token};

    fn writer() -> Writer<Vec<u8>> {
        Writer::new(Vec::new(), Delimiters::default())
    }

    fn text(writer: Writer<Vec<u8>>) -> String {
        assert_eq!(writer.bytes(), writer.output.len() as u64);
        String::from_utf8(writer.into_inner()).unwrap()
    }

    #[test]
    fn nothing_empty_stands_at_an_end() {
        let mut writer = writer().line_break("\r\n");
        writer.segment(["NM1", "41", "", "X", "", ""]).unwrap();
        writer.segment(["SE"]).unwrap();
        writer
            .start("HI")
            .composite(["BK", "", "1", "", ""])
            .composite(["", ""])
            .composite(["", "2"])
            .composite([""; 3])
            .end()
            .unwrap();
        writer
            .start("DMG")
            .element("D8")
            .element("")
            .element("A")
            .repeated("")
            .repeated("B")
            .repeated("")
            .element("C")
            .end()
            .unwrap();
        writer.start("DMG").composite(["", "R"]).repeated_composite(["X", "Y", ""]).end().unwrap();
        assert_eq!(writer.segments(), 5);
        let expected = "NM1*41**X~\r\nSE~\r\nHI*BK::1**:2~\r\nDMG*D8**A^^B*C~\r\nDMG*:R^X:Y~\r\n";
        assert_eq!(text(writer), expected);
    }

    #[test]
    fn data_that_holds_a_delimiter_is_refused_and_nothing_is_written() {
        let mut writer = writer();
        writer.segment(["ST", "837"]).unwrap();
        let message = |result: Result<(), WriteError>| result.unwrap_err().to_string();
        let words = message(writer.segment(["N3", "12*3 MAIN"]));
        assert_eq!(
            words,
            "segment 2: N301 holds `*`, which separates; choose other delimiters, or have such characters replaced"
        );
        let words = message(writer.start("SV1").composite(["HC", "9:9"]).element("~").end());
        assert!(words.starts_with("segment 2: SV101-2 holds `:`"), "{words}");
        let words = message(writer.start("X").element("A").repeated("^").end());
        assert!(words.starts_with("segment 2: X01 (repetition 2) holds `^`"), "{words}");
        assert!(message(writer.segment(["A~B"])).starts_with("segment 2: the segment id holds `~`"));
        assert_eq!(text(writer), "ST*837~");
    }

    #[test]
    fn or_else_replaced() {
        let mut writer = writer().on_delimiter(OnDelimiter::Replace(b' '));
        writer.segment(["N3", "12*3~MAIN:^"]).unwrap();
        writer.verbatim(["N3", "12*3~MAIN:^", ""]).unwrap();
        writer.on_delimiter = OnDelimiter::Replace(b'~');
        assert!(writer.segment(["N3", "12*3"]).is_err());
        assert_eq!(text(writer), "N3*12 3 MAIN  ~N3*12 3 MAIN:^*~");
    }

    #[test]
    fn what_cannot_be_separated_is_refused() {
        let delimiters = Delimiters { component: None, repetition: None, ..Delimiters::default() };
        let mut writer = Writer::new(Vec::new(), delimiters);
        writer.start("SV1").composite(["HC", "", ""]).end().unwrap();
        let error = writer.start("SV1").composite(["HC", "1"]).end().unwrap_err();
        assert!(error.to_string().contains("SV101-2 needs a component separator"), "{error}");
        let error = writer.start("SV1").element("1").repeated("2").end().unwrap_err();
        assert!(error.to_string().contains("needs a repetition separator"), "{error}");
        assert_eq!(text(writer), "SV1*HC~");
    }

    #[test]
    fn an_isa_states_the_separators() {
        let mut isa = vec!["ISA"];
        isa.extend(["00", "          ", "00", "          ", "ZZ", "A              ", "ZZ", "B              "]);
        isa.extend(["260115", "1023", "^", "00501", "000000001", "0", "T", ":"]);
        let mut writer = writer();
        writer.segment(&isa).unwrap();
        assert_eq!(writer.bytes(), 106);
        isa[15] = ":";
        assert!(writer.segment(&isa).is_err());
    }

    #[test]
    fn as_it_stood() {
        let mut writer = writer().line_break("\n");
        writer.raw(b"\xEF\xBB\xBF").unwrap();
        writer.verbatim(["HI", "BK:1::", "", ""]).unwrap();
        writer.raw_segment(b"A*B**").unwrap();
        writer.unterminated(["IEA", "1"]).unwrap();
        assert!(writer.verbatim(["N3", "~"]).unwrap_err().to_string().starts_with("segment 4: N301 holds `~`"));
        assert_eq!((writer.segments(), writer.bytes()), (3, 3 + 13 + 7 + 5));
        assert_eq!(writer.into_inner(), b"\xEF\xBB\xBFHI*BK:1::**~\nA*B**~\nIEA*1");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            segments in prop::collection::vec(prop::collection::vec("[A-Z0-9 ]{0,6}", 1..6), 1..20),
        ) {
            let mut writer = writer();
            let mut expected = Vec::new();
            for values in &segments {
                let values = std::iter::once("ID").chain(values.iter().map(String::as_str));
                writer.segment(values.clone()).unwrap();
                let mut values: Vec<String> = values.map(str::to_owned).collect();
                while values.pop_if(|last| last.is_empty()).is_some() {}
                expected.push(values);
            }
            let bytes = writer.into_inner();
            let mut reader = Reader::with_delimiters(bytes.as_slice(), Delimiters::default());
            let mut read = Vec::new();
            while let Some(Token::Segment { segment, .. }) = reader.next().unwrap() {
                read.push(segment.elements().map(|element| String::from_utf8(element.to_vec()).unwrap()).collect::<Vec<_>>());
            }
            prop_assert_eq!(read, expected);
        }
    }
}
