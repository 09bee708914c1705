//! Choices out of entropy. When it is used up every choice is the least: no, the first, the shortest.

use arbitrary::Unstructured;

/// Draws from entropy, and cannot fail.
pub(super) struct Draw<'u, 'e>(pub(super) &'u mut Unstructured<'e>);

impl Draw<'_, '_> {
    /// A byte; 0 when there is none left.
    pub(super) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number below `bound`; 0 when the bound is.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.int_in_range(0..=bound.saturating_sub(1)).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in so many of 256 cases, and never when entropy is used up.
    pub(super) fn chance(&mut self, of_256: u16) -> bool {
        255 - u16::from(self.byte()) < of_256 && of_256 > 0 && !(self.0.is_empty() && of_256 < 256)
    }

    /// One of a table.
    pub(super) fn pick<'t, T>(&mut self, table: &'t [T]) -> Option<&'t T> {
        table.get(self.below(table.len()))
    }

    /// A length within limits: mostly short, now and then the longest.
    pub(super) fn length(&mut self, least: usize, most: usize) -> usize {
        let most = most.max(least);
        match self.byte() {
            0..200 => self.between(least, most.min(least.saturating_add(12))),
            200..240 => self.between(least, most),
            _ => most,
        }
    }
}
