//! What a partner's settings hold back of a file that its guides would take: parts whose numbers came before, and
//! what stands beside an error where one error holds back the whole interchange.

use std::collections::BTreeMap;

use serde::Serialize;

use super::outline::Outline;
use crate::{
    acknowledge::Answers,
    claims::{ElementError, SegmentError},
    gateway::{
        Id,
        store::{Result, Tx, values},
    },
    partner::{Duplicates, OnDuplicate, Window},
};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// Numbers of a file that are looked up.
const MOST_LOOKED_UP: usize = 10_000;
/// Numbers that came before which are told of one file.
const MOST_TOLD: usize = 100;
/// AK905 of a group whose control number was used before.
const GROUP_TWICE: &str = "19";

/// Parts of a file that are refused whatever is in them, by where they stand in it, from 0.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldBack {
    /// Functional groups, and AK905 if one says why.
    groups: BTreeMap<usize, Option<&'static str>>,
    /// Transaction sets, and the segment that is why.
    sets: BTreeMap<usize, SegmentError>,
}

/// A number that came before.
#[derive(Debug, Serialize)]
pub(super) struct Repeated {
    /// `GS06`, `ST02`, `BHT03`.
    kind: &'static str,
    number: String,
    /// The file it came in first.
    first: Id,
    refused: bool,
}

/// A number of a file of claims, and the group or set that has it.
#[derive(Debug)]
pub(super) struct Number {
    of: Kind,
    at: usize,
    number: String,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Group,
    Set,
    Batch,
}

/// The numbers of a file's groups and sets of claims. Interchanges are the business of checking
/// ([`check::Options::seen`](crate::check::Options::seen)).
pub(super) fn numbers(outline: &Outline) -> Vec<Number> {
    let (mut numbers, mut set) = (Vec::new(), 0);
    for (at, group) in outline.groups().enumerate() {
        let sets = set..set + group.sets.len();
        set = sets.end;
        if group.kind != "HC" || numbers.len() >= MOST_LOOKED_UP {
            continue;
        }
        numbers.push(Number { of: Kind::Group, at, number: group.control_number.clone() });
        for (at, one) in sets.zip(&group.sets) {
            numbers.push(Number { of: Kind::Set, at, number: one.control_number.clone() });
            numbers.push(Number { of: Kind::Batch, at, number: one.reference.clone() });
        }
    }
    numbers.truncate(MOST_LOOKED_UP);
    numbers
}

impl HeldBack {
    /// What is held back for numbers that came before in other files.
    pub(super) fn by_numbers(
        tx: &mut dyn Tx,
        partner: &str,
        windows: &Duplicates,
        file: Id,
        numbers: &[Number],
    ) -> Result<(Self, Vec<Repeated>)> {
        let mut looking = Looking { partner, file, now: tx.now(), told: Vec::new() };
        let mut held = Self::default();
        for Number { of, at, number } in numbers {
            match of {
                Kind::Group => {
                    if looking.came(tx, "GS06", windows.group, GROUP, number)? {
                        held.groups.insert(*at, Some(GROUP_TWICE));
                    }
                }
                Kind::Set => {
                    if looking.came(tx, "ST02", windows.transaction, SET, number)? {
                        held.sets.insert(*at, repeated("ST", 1, 2));
                    }
                }
                Kind::Batch => {
                    if looking.came(tx, "BHT03", windows.batch, BATCH, number)? {
                        held.sets.insert(*at, repeated("BHT", 2, 3));
                    }
                }
            }
        }
        Ok((held, looking.told))
    }

    /// Holds back a functional group.
    pub(super) fn hold_group(&mut self, at: usize) {
        self.groups.entry(at).or_insert(None);
    }

    /// Whether a group is held back.
    pub(super) fn holds_group(&self, at: usize) -> bool {
        self.groups.contains_key(&at)
    }

    /// Whether a set is held back by itself.
    pub(super) fn holds_set(&self, at: usize) -> bool {
        self.sets.contains_key(&at)
    }

    /// Refuses the open group where it is held back.
    pub(super) fn refuse_group<W: std::io::Write>(&self, at: usize, answers: &mut Answers<W>) {
        if let Some(code) = self.groups.get(&at) {
            answers.refuse_group(*code);
        }
    }

    /// Refuses the open set where it is held back.
    pub(super) fn refuse_set<W: std::io::Write>(&self, at: usize, answers: &mut Answers<W>) {
        if let Some(error) = self.sets.get(&at) {
            answers.refuse_set(error.clone());
        }
    }
}

/// Looks up numbers. Those of parts that were rejected may be used again.
struct Looking<'l> {
    partner: &'l str,
    file: Id,
    now: i64,
    told: Vec<Repeated>,
}

const GROUP: &str = "SELECT i.file AS file FROM functional_group g JOIN interchange i ON i.id = g.interchange
    WHERE g.partner = ?1 AND g.direction = 'in' AND g.kind = 'HC' AND g.control_number = ?2 AND i.at >= ?3 AND i.file <> ?4
    AND COALESCE(i.answer, '') <> 'R'
    AND EXISTS (SELECT 1 FROM transaction_set s WHERE s.functional_group = g.id AND COALESCE(s.answer, '') <> 'R')
    ORDER BY i.id LIMIT 1";
const SET: &str = "SELECT i.file AS file FROM transaction_set s JOIN functional_group g ON g.id = s.functional_group
    JOIN interchange i ON i.id = g.interchange
    WHERE s.partner = ?1 AND s.direction = 'in' AND s.kind = '837' AND s.control_number = ?2 AND i.at >= ?3
    AND i.file <> ?4 AND COALESCE(i.answer, '') <> 'R' AND COALESCE(s.answer, '') <> 'R' ORDER BY i.id LIMIT 1";
const BATCH: &str = "SELECT i.file AS file FROM transaction_set s JOIN functional_group g ON g.id = s.functional_group
    JOIN interchange i ON i.id = g.interchange
    WHERE s.partner = ?1 AND s.direction = 'in' AND s.kind = '837' AND s.reference = ?2 AND i.at >= ?3
    AND i.file <> ?4 AND COALESCE(i.answer, '') <> 'R' AND COALESCE(s.answer, '') <> 'R' ORDER BY i.id LIMIT 1";

impl Looking<'_> {
    /// Whether a number came before and is refused for it.
    fn came(&mut self, tx: &mut dyn Tx, kind: &'static str, window: Window, sql: &str, number: &str) -> Result<bool> {
        if window.days == 0 || number.is_empty() {
            return Ok(false);
        }
        let since = self.now.saturating_sub(i64::from(window.days) * DAY);
        let Some(row) = tx.first(sql, values![self.partner, number, since, self.file.0])? else { return Ok(false) };
        let refused = window.then == OnDuplicate::Refuse;
        if self.told.len() < MOST_TOLD {
            let first = Id(row.int("file")?);
            self.told.push(Repeated { kind, number: number.to_owned(), first, refused });
        }
        Ok(refused)
    }
}

/// A number that a segment may not have: its value is one that is used already.
fn repeated(segment: &str, position: u32, element: u32) -> SegmentError {
    let of = ElementError { element: Some(element), error: "7".into(), ..ElementError::default() };
    SegmentError {
        segment: segment.into(),
        position: Some(position),
        error: "8".into(),
        elements: vec![of],
        ..SegmentError::default()
    }
}
