//! What is the case with a value.

use jiff::civil::Date;

/// What is the case with a value. A list knows the codes of its own time: of a date long before
/// [`CodeSet::as_of`](super::CodeSet::as_of), `Unknown` and `NotBillable` are a reason to ask, not a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// In the list at hand, on the date asked for.
    Known,
    /// Of the right form, but not in the list at hand; [`CodeSet::edition`](super::CodeSet::edition) says which that is.
    Unknown,
    /// Not valid before this date.
    NotYet(Date),
    /// Not valid after this date.
    NoLonger(Date),
    /// A heading over codes that begin with it: more characters are needed.
    NotBillable,
    /// Not of the form that [`CodeSet::form`](super::CodeSet::form) says.
    Malformed,
    /// Of the right form where there is one, and no list at hand to say more.
    Unjudged,
}

impl Verdict {
    /// How far it is from a yes.
    pub(super) fn weight(self) -> u8 {
        match self {
            Self::Known => 0,
            Self::Unjudged => 1,
            Self::NotBillable => 2,
            Self::NotYet(_) | Self::NoLonger(_) => 3,
            Self::Unknown => 4,
            Self::Malformed => 5,
        }
    }
}
