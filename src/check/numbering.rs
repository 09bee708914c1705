//! Numbers that count up: of hierarchical levels, and of the service lines of a claim.
//!
//! Unlike other rules these follow the segments as they come, because a level is closed, and may be
//! forgotten, only after those inside it.

use super::{
    found::{Found, Spot},
    rule::{Rule, rules},
};

rules! {
    LEVEL = Rule::error(2, "HL01", "hierarchy.number").ik4("I12")
        .says("the levels are not numbered 1, 2, 3 and so on", "put into HL01 the number of the HL in the transaction set");
    LINE = Rule::error(2, "LIN01", "line.number").ik4("I12")
        .says("the service lines of a claim are not numbered 1, 2, 3 and so on", "put into LX01 the number of the line in its claim");
    LEVEL_OF_SET = Rule::error(1, "HL01", "set.hierarchy.number").ik4("7")
        .says("the levels are not numbered 1, 2, 3 and so on", "put into HL01 the number of the HL in the transaction set");
    PARENT_OF_SET = Rule::error(1, "HL02", "set.hierarchy.parent").ik4("7")
        .says("the level belongs to one that has not come before", "put into HL02 the HL01 of the level this one belongs to");
    LINE_OF_SET = Rule::error(1, "LIN01", "set.line.number").ik4("7")
        .says("the service lines of a claim are not numbered 1, 2, 3 and so on", "put into LX01 the number of the line in its claim");
}

/// How far the numbers of a transaction set have come.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    level: u64,
    line: u64,
    /// Whether lines are those of claims: of an 837.
    counts_lines: bool,
}

impl Numbering {
    /// At the beginning of a transaction set.
    pub(super) fn of(set: &str) -> Self {
        Self { counts_lines: set == "837", ..Self::default() }
    }

    /// Takes note of a segment, in a set that has a guide or has none.
    #[inline]
    pub(super) fn take(&mut self, spot: &Spot<'_>, found: &mut Found<'_>) {
        match spot.segment.id() {
            b"LX" if self.counts_lines => {
                let rule = if spot.guide.is_some() { &LINE } else { &LINE_OF_SET };
                count(&mut self.line, rule, spot, found);
            }
            b"HL" => self.level(spot, found),
            b"CLM" => self.line = 0,
            _ => {}
        }
    }

    fn level(&mut self, spot: &Spot<'_>, found: &mut Found<'_>) {
        let rule = if spot.guide.is_some() { &LEVEL } else { &LEVEL_OF_SET };
        count(&mut self.level, rule, spot, found);
        let parent = spot.segment.element(2);
        // With a guide, placement knows which level it must be.
        if spot.guide.is_none()
            && !parent.is_empty()
            && !number(parent).is_some_and(|parent| parent > 0 && parent < self.level)
        {
            found.at(&PARENT_OF_SET, spot, (2, 0, 0));
        }
    }
}

/// Compares element 1 with the number that follows; after a gap it goes on from there.
#[inline]
fn count(last: &mut u64, rule: &'static Rule, spot: &Spot<'_>, found: &mut Found<'_>) {
    let next = last.saturating_add(1);
    let stated = spot.segment.element(1);
    let given = number(stated);
    if given != Some(next) && !stated.is_empty() {
        found.at(rule, spot, (1, 0, 0)).expected(next);
    }
    *last = given.unwrap_or(next);
}

/// A whole number of few digits.
#[inline]
fn number(value: &[u8]) -> Option<u64> {
    let is_number = !value.is_empty() && value.len() <= 12 && value.iter().all(u8::is_ascii_digit);
    is_number.then(|| value.iter().fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0')))
}
