//! One segment, cut into elements, borrowed from where it stands.

use std::fmt;

use super::Delimiters;

/// One segment: its bytes without the terminator, and where its elements end. Copying it copies no data.
///
/// Element 0 is the segment id, so that `element(1)` is what the standard calls `CLM01`. What is absent is
/// empty: asking for an element or component beyond the last gives `""`.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    text: &'a [u8],
    /// Where each element ends, the last one included, as positions in some buffer ...
    ends: &'a [u32],
    /// ... in which `text` begins here.
    base: u32,
    delimiters: Delimiters,
}

impl<'a> Segment<'a> {
    /// A segment that was stored: its bytes without the terminator, and the end of each element relative
    /// to them, as [`ends`](Self::ends) gave them.
    pub fn from_parts(text: &'a [u8], ends: &'a [u32], delimiters: Delimiters) -> Self {
        Segment { text, ends, base: 0, delimiters }
    }

    /// A segment of a larger buffer, where it begins at `base`, to which `ends` are relative.
    pub(super) fn within(text: &'a [u8], ends: &'a [u32], base: u32, delimiters: Delimiters) -> Self {
        Segment { text, ends, base, delimiters }
    }

    /// The segment id, such as `CLM`; empty for an empty segment.
    pub fn id(&self) -> &'a [u8] {
        self.element(0)
    }

    /// How many elements there are, the id included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is nothing between two terminators.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Element `n`, from 1, as it stands; 0 is the id; `""` if there is none.
    #[inline]
    pub fn element(&self, n: usize) -> &'a [u8] {
        let start = match n.checked_sub(1) {
            None => 0,
            Some(previous) => match self.end(previous) {
                Some(end) => end.wrapping_add(1),
                None => return b"",
            },
        };
        match self.end(n) {
            Some(end) => self.text.get(start..end).unwrap_or_default(),
            None => b"",
        }
    }

    /// The elements in order, the id first.
    #[inline]
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let Segment { text, base, .. } = *self;
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = end.wrapping_sub(base) as usize;
            let element = text.get(start..end).unwrap_or_default();
            start = end.wrapping_add(1);
            element
        })
    }

    /// Component `c`, from 1, of element `n`, as it stands; `""` if there is none. Without a component
    /// separator an element is its own first component.
    pub fn component(&self, n: usize, c: usize) -> &'a [u8] {
        let mut rest = self.element(n);
        let Some(separator) = self.delimiters.component else { return if c == 1 { rest } else { b"" } };
        for _ in 1..c {
            match rest.iter().position(|byte| *byte == separator) {
                Some(end) => rest = rest.get(end.saturating_add(1)..).unwrap_or_default(),
                None => return b"",
            }
        }
        if c == 0 {
            return b"";
        }
        let end = rest.iter().position(|byte| *byte == separator).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// The components of element `n`: none if the element is absent or empty, otherwise at least one.
    pub fn components(&self, n: usize) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let separator = self.delimiters.component;
        let element = self.element(n);
        let components = (!element.is_empty()).then(|| element.split(move |byte| Some(*byte) == separator));
        components.into_iter().flatten()
    }

    /// The whole segment as it stands, without its terminator.
    pub fn bytes(&self) -> &'a [u8] {
        self.text
    }

    /// Where each element ends, relative to [`bytes`](Self::bytes): what [`from_parts`](Self::from_parts)
    /// takes.
    pub fn ends(&self) -> impl ExactSizeIterator<Item = u32> + Clone + use<'a> {
        let base = self.base;
        self.ends.iter().map(move |end| end.wrapping_sub(base))
    }

    /// The separators in use.
    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    #[inline]
    fn end(&self, n: usize) -> Option<usize> {
        self.ends.get(n).map(|end| end.wrapping_sub(self.base) as usize)
    }
}

/// The same bytes cut by the same separators.
impl PartialEq for Segment<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.delimiters == other.delimiters
    }
}

impl Eq for Segment<'_> {}

/// Says which segment it is and how large, never what it holds.
impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({}, {} elements, {} bytes)", self.id().escape_ascii(), self.len(), self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"CLM*A37YH556*500***11:B:1*Y";

    fn ends() -> Vec<u32> {
        let mut ends: Vec<u32> = (0..TEXT.len()).filter(|&at| TEXT[at] == b'*').map(|at| at as u32).collect();
        ends.push(TEXT.len() as u32);
        ends
    }

    #[test]
    fn elements_and_components_by_number() {
        let ends = ends();
        let segment = Segment::from_parts(TEXT, &ends, Delimiters::default());
        assert_eq!(segment.id(), b"CLM");
        assert_eq!(segment.len(), 7);
        assert_eq!(segment.element(2), b"500");
        assert_eq!(segment.element(3), b"");
        assert_eq!(segment.element(6), b"Y");
        assert_eq!(segment.element(7), b"");
        assert_eq!(segment.element(usize::MAX), b"");
        assert_eq!(segment.component(5, 0), b"");
        assert_eq!(segment.component(5, 1), b"11");
        assert_eq!(segment.component(5, 3), b"1");
        assert_eq!(segment.component(5, 4), b"");
        assert_eq!(segment.component(2, 1), b"500");
        assert_eq!(segment.components(3).count(), 0);
        assert_eq!(segment.elements().collect::<Vec<_>>().join(&b'*'), TEXT);
        assert_eq!(segment.ends().collect::<Vec<_>>(), ends);
        assert_eq!(format!("{segment:?}"), "Segment(CLM, 7 elements, 27 bytes)");
    }

    #[test]
    fn without_a_component_separator_the_element_is_whole() {
        let ends = ends();
        let delimiters = Delimiters { component: None, ..Delimiters::default() };
        let segment = Segment::from_parts(TEXT, &ends, delimiters);
        assert_eq!(segment.component(5, 1), b"11:B:1");
        assert_eq!(segment.component(5, 2), b"");
    }

    #[test]
    fn ends_that_do_not_belong_to_the_text_are_harmless() {
        let segment = Segment::from_parts(b"AB", &[7, 1, u32::MAX], Delimiters::default());
        assert!(segment.elements().all(|element| element.is_empty()));
        assert_eq!(segment.element(1), b"");
        assert_eq!(Segment::from_parts(b"AB", &[], Delimiters::default()).id(), b"");
    }
}
