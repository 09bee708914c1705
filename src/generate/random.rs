//! Random numbers that are the same on every machine and in every version.

use crate::record::Text;

/// A SplitMix64 sequence: the seed is all that it depends on.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed ^ 0x005C_1A1E_0000_0837);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when the bound is.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * bound as u128;
        (product >> 64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = usize::try_from(high.saturating_sub(low)).unwrap_or(0) + 1;
        low + self.below(width) as i64
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent as usize
    }

    /// One of a table that is not empty.
    pub(crate) fn pick<T: Copy>(&mut self, table: &[T]) -> T {
        table[self.below(table.len())]
    }

    /// The row that a weight falls on.
    pub(crate) fn weighted<'t, T>(&mut self, table: &'t [T], weight: impl Fn(&T) -> u32) -> &'t T {
        let mut at = self.below(table.iter().map(|row| weight(row) as usize).sum());
        for row in table {
            match at.checked_sub(weight(row) as usize) {
                Some(rest) => at = rest,
                None => return row,
            }
        }
        &table[0]
    }

    /// So many different ones of a table, or all of it, in its order.
    pub(crate) fn several<T: Copy>(&mut self, count: usize, table: &[T]) -> Vec<T> {
        let mut wanted = count.min(table.len());
        let mut chosen = Vec::with_capacity(wanted);
        for (at, row) in table.iter().enumerate() {
            if self.below(table.len() - at) < wanted {
                chosen.push(*row);
                wanted -= 1;
            }
        }
        chosen
    }

    /// A text after a pattern: `#` stands for a digit, `@` for a letter, `?` for either.
    /// Letters that are easily taken for digits, and those that no Medicare number has, are left out.
    pub(crate) fn like(&mut self, pattern: &str) -> Text {
        const EITHER: &[u8] = b"0123456789ACDEFGHJKMNPQRTUVWXY";
        let mut bits = 0;
        let mut text = Text::with_capacity(pattern.len());
        for symbol in pattern.chars() {
            let from = match symbol {
                '#' => &EITHER[..10],
                '@' => &EITHER[10..],
                '?' => EITHER,
                other => {
                    text.push(other);
                    continue;
                }
            };
            if bits < 1 << 16 {
                bits = self.next();
            }
            text.push(char::from(from[(bits % from.len() as u64) as usize]));
            bits /= from.len() as u64;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_sequence_is_settled() {
        let mut random = Random::new(7);
        let drawn: Vec<usize> = (0..6).map(|_| random.below(1000)).collect();
        assert_eq!(drawn, [211, 65, 997, 263, 496, 129]);
    }

    #[test]
    fn several_are_different_and_as_many_as_asked() {
        let mut random = Random::new(1);
        for count in 0..6 {
            let chosen = random.several(count, &[1, 2, 3, 4]);
            assert_eq!(chosen.len(), count.min(4));
            assert!(chosen.is_sorted());
        }
    }
}
