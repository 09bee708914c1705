//! The notation for places: `CLM05-3`, `REF[G1]02`, `HI[ABK]01..12`, `CAS02/3`, `2310B`, `2310[82]`,
//! and `<GS>` for a loop whose id looks like a segment's.

use std::fmt;

/// A place, relative to a loop, a segment, or a composite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Designator<'t> {
    /// The text it was read from.
    pub text: &'t str,
    /// Loop to step into first: `2010AA` of `2010AA/NM103`.
    pub within: &'t str,
    /// Segment or loop id; empty for a place relative to the scope.
    pub id: &'t str,
    /// A code of the discriminator; empty for any.
    pub code: &'t str,
    /// Element position; 0 for the whole segment or loop. In a run: the offset.
    pub element: u8,
    /// Last element of a span.
    pub last: u8,
    /// Elements from one run to the next; 0 if there are no runs.
    pub stride: u8,
    /// Component; 0 for the whole element.
    pub component: u8,
    /// Last component of a span.
    pub last_component: u8,
    /// Whether `element` is an offset inside a run (`+1`).
    pub offset: bool,
}

/// A designator that is not in the notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DesignatorError;

impl fmt::Display for DesignatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a designator such as CLM05-3, REF[G1]02, HI[ABK]01..12, CAS02/3 or 2310B")
    }
}

impl std::error::Error for DesignatorError {}

impl<'t> Designator<'t> {
    /// The same place: `.`.
    pub const HERE: Self = Self {
        text: ".",
        within: "",
        id: "",
        code: "",
        element: 0,
        last: 0,
        stride: 0,
        component: 0,
        last_component: 0,
        offset: false,
    };

    /// Reads a designator. Usable in constants, so that a wrong one does not compile.
    pub const fn parse(text: &'t str) -> Result<Self, DesignatorError> {
        let mut at = Self { text, ..Self::HERE };
        let mut rest = text;
        if let Some((within, inner)) = split_loop(rest) {
            at.within = within;
            rest = inner;
        }
        if matches(rest, ".") || matches(rest, "*") {
            return Ok(at);
        }
        let bytes = rest.as_bytes();
        if bytes.is_empty() {
            return Err(DesignatorError);
        }
        if bytes[0] == b'<' && bytes[bytes.len() - 1] == b'>' {
            at.id = rest;
            return Ok(at);
        }
        if bytes[0] == b'+' {
            at.offset = true;
            rest = rest.split_at(1).1;
        } else if bytes[0].is_ascii_alphabetic() || is_loop_id(rest) {
            let length = id_length(rest);
            let (id, after) = rest.split_at(length);
            at.id = id;
            rest = after;
            if !rest.is_empty() && rest.as_bytes()[0] == b'[' {
                let close = find(rest, b']');
                if close == rest.len() {
                    return Err(DesignatorError);
                }
                at.code = rest.split_at(close).0.split_at(1).1;
                rest = rest.split_at(close + 1).1;
            }
        }
        let (element, after) = number(rest);
        at.element = element;
        at.last = element;
        rest = after;
        if starts(rest, "..") && starts_number(rest, 2) {
            let (last, after) = number(rest.split_at(2).1);
            at.last = last;
            rest = after;
        } else if starts(rest, "/") && starts_number(rest, 1) {
            let (stride, after) = number(rest.split_at(1).1);
            at.stride = stride;
            rest = after;
        }
        if starts(rest, "-") && starts_number(rest, 1) {
            let (component, after) = number(rest.split_at(1).1);
            at.component = component;
            at.last_component = component;
            rest = after;
            if starts(rest, "..") && starts_number(rest, 2) {
                let (last, after) = number(rest.split_at(2).1);
                at.last_component = last;
                rest = after;
            }
        }
        if !rest.is_empty() || at.last < at.element || at.last_component < at.component {
            return Err(DesignatorError);
        }
        Ok(at)
    }

    /// Whether it names a loop.
    pub const fn is_loop(&self) -> bool {
        !self.id.is_empty() && (is_loop_id(self.id) || self.id.as_bytes()[0] == b'<')
    }

    /// The id of the loop or segment, without the brackets of `<GS>`.
    pub fn name(&self) -> &'t str {
        self.id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(self.id)
    }

    /// Whether it names the scope itself.
    pub const fn is_here(&self) -> bool {
        self.id.is_empty() && self.element == 0 && self.component == 0 && !self.offset
    }
}

/// Loop ids begin with four digits (`2310B`); `01` is an element.
const fn is_loop_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 4
        && bytes[0].is_ascii_digit()
        && bytes[1].is_ascii_digit()
        && bytes[2].is_ascii_digit()
        && bytes[3].is_ascii_digit()
}

const fn split_loop(text: &str) -> Option<(&str, &str)> {
    if !is_loop_id(text) {
        return None;
    }
    let slash = find(text, b'/');
    if slash == text.len() {
        return None;
    }
    let (within, rest) = text.split_at(slash);
    Some((within, rest.split_at(1).1))
}

/// How many characters the id takes: a loop's all up to `[`; a segment's two or three, of which the
/// rest must leave two digits for the element or nothing (`N104` is N1 and 04, `NM1` is NM1).
const fn id_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end].is_ascii_alphanumeric() {
        end += 1;
    }
    if is_loop_id(text) || end <= 3 {
        return end;
    }
    end - 2
}

const fn number(text: &str) -> (u8, &str) {
    let bytes = text.as_bytes();
    let (mut value, mut at) = (0u8, 0);
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        value = value.saturating_mul(10).saturating_add(bytes[at] - b'0');
        at += 1;
    }
    (value, text.split_at(at).1)
}

/// Whether a digit follows the first `skip` bytes.
const fn starts_number(text: &str, skip: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > skip && bytes[skip].is_ascii_digit()
}

const fn find(text: &str, byte: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != byte {
        at += 1;
    }
    at
}

const fn starts(text: &str, with: &str) -> bool {
    let (text, with) = (text.as_bytes(), with.as_bytes());
    if text.len() < with.len() {
        return false;
    }
    let mut at = 0;
    while at < with.len() {
        if text[at] != with[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn matches(text: &str, other: &str) -> bool {
    text.len() == other.len() && starts(text, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &'static str) -> (&'static str, &'static str, &'static str, u8, u8, u8, u8, u8) {
        let at = Designator::parse(text).expect(text);
        (at.within, at.id, at.code, at.element, at.last, at.stride, at.component, at.last_component)
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[A-Z0-9]{0,6}[-./\\[\\]<>+é0-9]{0,8}|\\PC{0,12}") {
            let _ = Designator::parse(&text).map(|at| (at.is_loop(), at.name().len(), at.is_here()));
        }
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(parts("CLM02"), ("", "CLM", "", 2, 2, 0, 0, 0));
        assert_eq!(parts("CLM05-3"), ("", "CLM", "", 5, 5, 0, 3, 3));
        assert_eq!(parts("N104"), ("", "N1", "", 4, 4, 0, 0, 0));
        assert_eq!(parts("NM1"), ("", "NM1", "", 0, 0, 0, 0, 0));
        assert_eq!(parts("REF[G1]02"), ("", "REF", "G1", 2, 2, 0, 0, 0));
        assert_eq!(parts("HI[ABK]01..12"), ("", "HI", "ABK", 1, 12, 0, 0, 0));
        assert_eq!(parts("SV107-1..4"), ("", "SV1", "", 7, 7, 0, 1, 4));
        assert_eq!(parts("CAS02/3"), ("", "CAS", "", 2, 2, 3, 0, 0));
        assert_eq!(parts("2310B"), ("", "2310B", "", 0, 0, 0, 0, 0));
        assert_eq!(parts("2310[82]"), ("", "2310", "82", 0, 0, 0, 0, 0));
        assert_eq!(parts("2010AA/NM103"), ("2010AA", "NM1", "", 3, 3, 0, 0, 0));
        assert_eq!(parts("-2"), ("", "", "", 0, 0, 0, 2, 2));
        assert_eq!(parts("07-1..4"), ("", "", "", 7, 7, 0, 1, 4));
        assert!(Designator::parse("+0-1").is_ok_and(|at| at.offset && at.element == 0 && at.component == 1));
        assert!(Designator::parse("2010AA/.").is_ok_and(|at| at.is_here() && at.within == "2010AA"));
        assert!(Designator::parse("CLM05-3x").is_err());
        assert!(Designator::parse("REF[G1").is_err());
        assert!(Designator::parse("CLM05-").is_err());
        assert!(Designator::parse("HI01..").is_err());
        assert!(Designator::parse("CLM05-é").is_err());
    }
}
