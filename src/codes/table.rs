//! Codes in a table that answers in one probe: no text is compared or hashed, nothing is allocated.
//!
//! A code becomes a number: its bytes or, beyond eight, digits to base 37. The table is open, at most half
//! taken, and searched onwards from where the number's product falls.

use jiff::civil::Date;

/// Codes, asked for by value and date.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The number of a code, 0 where there is none; as many as a power of two.
    slots: Box<[u64]>,
    /// When the code of a slot is valid; empty if every code always is.
    periods: Box<[Period]>,
    headers: bool,
    /// Slots that hold something.
    taken: usize,
    codes: usize,
}

/// What a [`Table`] says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Here,
    /// Only codes that begin with it are here.
    Header,
    /// Not before this date.
    NotYet(Date),
    /// Not after this date.
    NoLonger(Date),
    Absent,
}

/// The days of a code's validity, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub from: Date,
    pub to: Date,
}

impl Period {
    pub const ALWAYS: Self = Self { from: Date::MIN, to: Date::MAX };
}

/// Most characters of a code that a table takes.
pub(super) const MOST: usize = 12;
/// Fewest characters of a code that others begin with.
const LEAST_HEADER: usize = 3;
/// Marks the number of a header, which has fewer than eight characters.
const HEADER: u64 = 1 << 62;
/// Marks the number of a code of more than eight characters.
const LONG: u64 = 1 << 63;
/// In a slot whose code was taken out: no code's number.
const GONE: u64 = u64::MAX;

impl Table {
    /// An empty table with room for so many codes; it grows if there are more. With `headers`, what
    /// longer codes begin with is known as such.
    pub fn for_codes(codes: usize, headers: bool) -> Self {
        // ICD-10-CM has two headers for five codes.
        let entries = if headers { codes.saturating_add(codes / 2) } else { codes };
        let slots = entries.saturating_mul(2).max(16).next_power_of_two();
        Self { slots: vec![0; slots].into(), headers, ..Self::default() }
    }

    /// Adds a code; false if it cannot be one: too long, or with odd characters.
    #[must_use]
    pub fn add(&mut self, code: &str, period: Period) -> bool {
        let Some(number) = number(code.as_bytes()) else { return false };
        if self.headers {
            // Longest first: where a header is known, so are those that it begins with.
            for end in (LEAST_HEADER..code.len().min(8)).rev() {
                let Some(header) = code.as_bytes().get(..end).and_then(self::number) else { break };
                if self.slot(header | HEADER).is_some() {
                    break;
                }
                self.put(header | HEADER, Period::ALWAYS);
            }
        }
        self.codes += 1;
        self.put(number, period);
        true
    }

    /// Takes out codes that longer codes begin with, which are headers. To be called when all are added,
    /// if there may be such.
    pub fn settle(&mut self) {
        let headers: Vec<u64> =
            self.slots.iter().filter(|held| self.headers && **held & HEADER != 0).copied().collect();
        for header in headers {
            while let Some(held) = self.slot(header & !HEADER).and_then(|slot| self.slots.get_mut(slot)) {
                *held = GONE;
                self.codes -= 1;
            }
        }
    }

    /// How many codes it has.
    pub fn len(&self) -> usize {
        self.codes
    }

    /// What it says of a value on a date; without one, codes of any time are here.
    pub fn ask(&self, value: &[u8], on: Option<Date>) -> Answer {
        let Some(number) = number(value) else { return Answer::Absent };
        let Some(slot) = self.slot(number) else {
            let header = self.headers && self.slot(number | HEADER).is_some();
            return if header { Answer::Header } else { Answer::Absent };
        };
        match on {
            Some(on) if !self.periods.is_empty() => self.ask_periods(slot, number, on),
            _ => Answer::Here,
        }
    }

    /// A code may stand several times, with a period each.
    #[cold]
    fn ask_periods(&self, mut slot: usize, number: u64, on: Date) -> Answer {
        let (mut first, mut last) = (Date::MAX, Date::MIN);
        while let Some(&held) = self.slots.get(slot)
            && held != 0
        {
            if held == number {
                let period = self.periods.get(slot).copied().unwrap_or(Period::ALWAYS);
                if (period.from..=period.to).contains(&on) {
                    return Answer::Here;
                }
                first = first.min(period.from);
                if period.to < on {
                    last = last.max(period.to);
                }
            }
            slot = self.next(slot);
        }
        if last == Date::MIN { Answer::NotYet(first) } else { Answer::NoLonger(last) }
    }

    /// The first slot that holds a number.
    fn slot(&self, number: u64) -> Option<usize> {
        let mut slot = self.home(number);
        loop {
            match self.slots.get(slot).copied().unwrap_or_default() {
                0 => return None,
                held if held == number => return Some(slot),
                _ => slot = self.next(slot),
            }
        }
    }

    fn put(&mut self, number: u64, period: Period) {
        self.taken += 1;
        if self.taken * 2 > self.slots.len() {
            self.grow();
        }
        let mut slot = self.home(number);
        while self.slots.get(slot).is_some_and(|held| *held != 0) {
            slot = self.next(slot);
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = number;
        }
        if period != Period::ALWAYS && self.periods.is_empty() {
            self.periods = vec![Period::ALWAYS; self.slots.len()].into();
        }
        if let Some(place) = self.periods.get_mut(slot) {
            *place = period;
        }
    }

    fn grow(&mut self) {
        let larger = Self {
            slots: vec![0; (self.slots.len() * 2).max(16)].into(),
            headers: self.headers,
            codes: self.codes,
            ..Self::default()
        };
        let old = std::mem::replace(self, larger);
        for (slot, number) in old.slots.iter().enumerate().filter(|(_, number)| **number != 0) {
            self.put(*number, old.periods.get(slot).copied().unwrap_or(Period::ALWAYS));
        }
        self.taken += 1;
    }

    /// Where a number is looked for first.
    fn home(&self, number: u64) -> usize {
        // Fibonacci hashing: the upper bits of the product are the well mixed ones.
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize & self.mask()
    }

    fn next(&self, slot: usize) -> usize {
        (slot + 1) & self.mask()
    }

    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }
}

/// A code as a number other than 0; `None` if it cannot be a code.
fn number(code: &[u8]) -> Option<u64> {
    if code.len() <= 8 {
        let number = code.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        (number != 0 && number & LONG == 0).then_some(number)
    } else if code.len() <= MOST {
        // 37^12 < 2^63.
        code.iter()
            .try_fold(0_u64, |number, byte| {
                let digit = match byte {
                    b'0'..=b'9' => byte - b'0' + 1,
                    b'A'..=b'Z' => byte - b'A' + 11,
                    _ => return None,
                };
                Some(number * 37 + u64::from(digit))
            })
            .map(|number| number | LONG)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn table(codes: &[&str], headers: bool) -> Table {
        let mut table = Table::for_codes(codes.len(), headers);
        assert!(codes.iter().all(|code| table.add(code, Period::ALWAYS)));
        table
    }

    #[test]
    fn what_codes_begin_with_is_a_header() {
        let mut table = table(&["A09", "J02", "J029", "S72001A", "J02"], true);
        table.settle();
        assert_eq!(table.len(), 3);
        for (code, answer) in [
            ("A09", Answer::Here),
            ("J029", Answer::Here),
            ("J02", Answer::Header),
            ("S72", Answer::Header),
            ("S72001", Answer::Header),
            ("S7", Answer::Absent),
            ("J028", Answer::Absent),
        ] {
            assert_eq!(table.ask(code.as_bytes(), None), answer, "{code}");
        }
    }

    #[test]
    fn a_code_may_come_back() {
        let mut table = Table::for_codes(2, false);
        let period = |from, to| Period { from: date(from, 1, 1), to: date(to, 12, 31) };
        assert!(table.add("X1", period(2010, 2012)) && table.add("X1", period(2020, 2022)));
        let ask = |year| table.ask(b"X1", Some(date(year, 6, 1)));
        assert_eq!(ask(2009), Answer::NotYet(date(2010, 1, 1)));
        assert_eq!(ask(2011), Answer::Here);
        assert_eq!(ask(2015), Answer::NoLonger(date(2012, 12, 31)));
        assert_eq!(ask(2020), Answer::Here);
        assert_eq!(ask(2030), Answer::NoLonger(date(2022, 12, 31)));
        assert_eq!(table.ask(b"X1", None), Answer::Here);
    }

    #[test]
    fn a_table_grows() {
        let mut table = Table::for_codes(0, true);
        let year = Period { from: date(2026, 1, 1), to: date(2026, 12, 31) };
        assert!((10_000..20_000).all(|code| table.add(&code.to_string(), year)));
        assert_eq!(table.len(), 10_000);
        assert!(table.taken * 2 <= table.slots.len());
        assert_eq!(table.ask(b"12345", Some(date(2026, 5, 5))), Answer::Here);
        assert_eq!(table.ask(b"12345", Some(date(2025, 5, 5))), Answer::NotYet(date(2026, 1, 1)));
        assert_eq!(table.ask(b"123", None), Answer::Header);
        assert_eq!(table.ask(b"20000", None), Answer::Absent);
        assert_eq!(Table::default().ask(b"none", None), Answer::Absent);
    }

    proptest! {
        #[test]
        fn has_what_was_added_and_nothing_else(
            codes in proptest::collection::btree_set("[0-9A-Z]{1,12}", 0..200),
            others in proptest::collection::vec("[0-9A-Z]{1,13}", 0..200),
        ) {
            let table = table(&codes.iter().map(String::as_str).collect::<Vec<_>>(), false);
            let others: BTreeSet<String> = others.into_iter().collect();
            for code in codes.iter().chain(&others) {
                prop_assert_eq!(table.ask(code.as_bytes(), None) == Answer::Here, codes.contains(code));
            }
        }

        #[test]
        fn no_value_is_too_odd(value: Vec<u8>) {
            let _ = table(&["A09", "S72001A"], true).ask(&value, Some(date(2026, 1, 1)));
        }
    }
}
