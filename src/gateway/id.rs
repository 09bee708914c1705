//! Ids of what the gateway stores.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicI64, Ordering},
};

/// The id of a claim, a file, a delivery and so on: it grows with time, and says when it was made. In text,
/// as the API and the command line have it, it is 13 characters of Crockford's base 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub(crate) i64);

/// Bits below the milliseconds.
const COUNTER: u32 = 20;
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 13;

/// The greatest id so far.
static LAST: AtomicI64 = AtomicI64::new(0);

impl Id {
    /// The id as the store has it.
    pub fn number(self) -> i64 {
        self.0
    }

    /// A new id at a time (milliseconds since 1970): greater than every one that was made before it in this
    /// process, even if the clock went back.
    pub fn new(now: i64) -> Self {
        let first = now.max(0) << COUNTER;
        let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(first.max(last + 1)));
        Self(first.max(last.unwrap_or(0) + 1))
    }

    /// Has all new ids be greater than one of an earlier process, even if the clock went back since.
    pub(super) fn after(last: i64) {
        LAST.fetch_max(last, Ordering::Relaxed);
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..LENGTH).rev() {
            let digit = (self.0 >> (place * 5)) & 31;
            let digit = usize::try_from(digit).ok().and_then(|digit| DIGITS.get(digit)).copied().unwrap_or(b'0');
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

/// A text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: ids have {LENGTH} characters, digits and letters without i, l, o and u")]
pub struct NotAnId;

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.len() != LENGTH {
            return Err(NotAnId);
        }
        let mut id: i64 = 0;
        for (place, byte) in text.bytes().enumerate() {
            let digit = DIGITS.iter().position(|one| *one == byte.to_ascii_lowercase()).ok_or(NotAnId)?;
            // 13 digits have 65 bits; an id has 63.
            if place == 0 && digit > 7 {
                return Err(NotAnId);
            }
            id = (id << 5) | i64::try_from(digit).map_err(|_| NotAnId)?;
        }
        Ok(Self(id))
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_grow_though_the_clock_goes_back() {
        let ids: Vec<Id> = [1_790_000_000_000, 1_790_000_000_000, 5, 1_790_000_000_001].map(Id::new).into();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    }

    proptest! {
        #[test]
        fn text_leads_back_to_the_id(id in 0..i64::MAX) {
            prop_assert_eq!(Id(id).to_string().parse(), Ok(Id(id)));
        }

        #[test]
        fn any_text_is_an_id_or_is_not(text in ".{0,20}") {
            let _ = text.parse::<Id>();
        }
    }
}
