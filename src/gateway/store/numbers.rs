//! Control numbers that we give out, without gaps.

use super::{Error, Result, Tx, values};

/// The numbers of a kind: both ends belong to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    first: i64,
    last: i64,
}

impl Range {
    /// 1 to 999999999: ISA13 and GS06, which have nine digits at most.
    pub const NINE_DIGITS: Self = Self { first: 1, last: 999_999_999 };

    /// 1 to 9999: ST02 as most partners want it, four digits.
    pub const FOUR_DIGITS: Self = Self { first: 1, last: 9_999 };

    /// The numbers from `first` to `last`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none, or one below 0 or of more than 18 digits.
    pub const fn new(first: i64, last: i64) -> Result<Self> {
        if first < 0 || last < first || last > 999_999_999_999_999_999 {
            return Err(Error::Invalid("control numbers go from 0 or more up to at most 18 digits"));
        }
        Ok(Self { first, last })
    }

    fn width(self) -> i64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// Numbers that were taken, in order. After the last of the range comes its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    range: Range,
    next: i64,
    left: i64,
}

impl Taken {
    /// The first of them.
    pub fn first(&self) -> i64 {
        self.next
    }
}

impl Iterator for Taken {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.left = self.left.checked_sub(1).filter(|left| *left >= 0)?;
        let number = self.next;
        self.next = if number >= self.range.last { self.range.first } else { number.saturating_add(1) };
        Some(number)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).unwrap_or_default();
        (left, Some(left))
    }
}

impl ExactSizeIterator for Taken {}

/// Takes the next `count` numbers of a kind (`ISA13`, `GS06` …) for a partner. If the work is rolled back they
/// were not taken: there are no gaps. A new range begins where the old one stands, or at its own first number.
///
/// # Errors
/// [`Error::Invalid`] if the range does not have so many.
pub fn take(tx: &mut dyn Tx, partner: &str, kind: &str, count: u32, range: Range) -> Result<Taken> {
    let (count, width) = (i64::from(count), range.width());
    if count < 1 || count > width {
        return Err(Error::Invalid("as many control numbers cannot be taken at once: none, or more than there are"));
    }
    let row = tx.first(
        "INSERT INTO control_number (partner, kind, next) VALUES (?1, ?2, ?3 + ?5 % ?6)
         ON CONFLICT (partner, kind) DO UPDATE SET next = ?3 +
             (CASE WHEN control_number.next BETWEEN ?3 AND ?4 THEN control_number.next - ?3 ELSE 0 END + ?5) % ?6
         RETURNING next",
        values![partner, kind, range.first, range.last, count, width],
    )?;
    let after = row.ok_or(Error::Invalid("a control number was not stored"))?.int("next")?;
    let back = after.saturating_sub(range.first).saturating_sub(count).rem_euclid(width);
    Ok(Taken { range, next: range.first.saturating_add(back), left: count })
}

/// The number that will be taken next; `None` if none was taken yet.
///
/// # Errors
/// Why it could not be read.
pub fn next(tx: &mut dyn Tx, partner: &str, kind: &str) -> Result<Option<i64>> {
    let row = tx.first("SELECT next FROM control_number WHERE partner = ?1 AND kind = ?2", values![partner, kind])?;
    row.map(|row| row.int("next")).transpose()
}

/// Has numbers begin at `next`: as agreed with the partner, or beyond what was given out after a backup that was
/// restored.
///
/// # Errors
/// Why it could not be stored.
pub fn set_next(tx: &mut dyn Tx, partner: &str, kind: &str, next: i64) -> Result<()> {
    let sql = "INSERT INTO control_number (partner, kind, next) VALUES (?1, ?2, ?3)
               ON CONFLICT (partner, kind) DO UPDATE SET next = ?3";
    tx.run(sql, values![partner, kind, next]).map(drop)
}

/// Moves all numbers on by so many, as after a backup that was restored. Returns of how many partners and kinds.
///
/// # Errors
/// Why it could not be stored.
pub fn skip(tx: &mut dyn Tx, by: u32) -> Result<u64> {
    // Beyond the last of a range the next one taken is its first.
    tx.run("UPDATE control_number SET next = next + ?1", values![by])
}
