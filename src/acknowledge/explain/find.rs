//! The file that was answered: which segment and claim stands at a place that an answer names.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io::Read,
};

use super::super::read::Answer;
use crate::{
    guide::{self, Guide, NodeId},
    place::{Keep, Walk},
    record::Text,
    x12::{self, Reader, Segment, Token},
};

/// Number of a functional group (GS06, without leading zeros) and its kind (GS01).
type GroupKey = (Text, Text);
/// A functional group and the number of a transaction set in it.
type SetKey = (GroupKey, Text);

/// What of a file its answers are about.
#[derive(Debug, Default)]
pub(super) struct Found {
    interchanges: HashSet<Text>,
    groups: HashSet<GroupKey>,
    sets: HashMap<SetKey, OfSet>,
    /// By BHT03: the claims of the batches.
    batches: HashMap<Text, OfBatch>,
}

/// What stands in a transaction set at the positions asked for.
#[derive(Debug, Default)]
struct OfSet {
    segments: HashMap<u32, Spot>,
}

/// The claims of a batch, by CLM01.
#[derive(Debug, Default)]
pub(super) struct OfBatch {
    claims: HashMap<Text, Vec<ClaimSpot>>,
}

/// A segment of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Spot {
    /// Its id.
    pub(super) segment: Text,
    /// Where its guide has it.
    pub(super) node: Option<(&'static Guide, NodeId)>,
    /// CLM01 or CLP01 of the claim it stands in; empty outside claims.
    pub(super) claim: Text,
    /// That of the segment before it.
    pub(super) claim_before: Text,
}

/// Where a claim stands.
#[derive(Clone, Debug)]
pub(super) struct ClaimSpot {
    /// ST02.
    pub(super) transaction: Text,
    /// Of its CLM, ST = 1.
    pub(super) position: u32,
    /// REF*D9.
    pub(super) trace: Option<Text>,
}

impl Found {
    /// Looks in a file for all that some answers are about.
    pub(super) fn read(input: impl Read, answers: &[Answer]) -> Result<Self, x12::Error> {
        let mut reader = Reader::new(input);
        let mut search = Search::new(answers);
        while let Some(token) = reader.next()? {
            if let Token::Segment { segment, offset, .. } = token {
                search.segment(&segment, offset);
            }
        }
        Ok(search.found)
    }

    pub(super) fn has_interchange(&self, number: &str) -> bool {
        self.interchanges.contains(&bare(number))
    }

    pub(super) fn has_group(&self, number: &str, kind: &str) -> bool {
        self.groups.contains(&(bare(number), kind.into()))
    }

    pub(super) fn has_set(&self, (number, kind): (&str, &str), set: &str) -> bool {
        self.sets.contains_key(&((bare(number), kind.into()), bare(set)))
    }

    pub(super) fn spot(&self, (number, kind): (&str, &str), set: &str, position: u32) -> Option<&Spot> {
        self.sets.get(&((bare(number), kind.into()), bare(set)))?.segments.get(&position)
    }

    pub(super) fn batch(&self, reference: &str) -> Option<&OfBatch> {
        self.batches.get(reference)
    }
}

impl OfBatch {
    /// The claims of a number: one, unless the number was given twice.
    pub(super) fn claims(&self, number: &str, trace: Option<&str>) -> Vec<&ClaimSpot> {
        let all = self.claims.get(number).map(Vec::as_slice).unwrap_or_default();
        let traced: Vec<&ClaimSpot> =
            all.iter().filter(|claim| trace.is_some() && claim.trace.as_deref() == trace).collect();
        if traced.is_empty() { all.iter().collect() } else { traced }
    }

    /// Claims in the batch.
    pub(super) fn len(&self) -> usize {
        self.claims.values().map(Vec::len).sum()
    }

    /// How many claims of the batch none of the numbers names.
    pub(super) fn unnamed<'n>(&self, numbers: impl Iterator<Item = &'n str>) -> usize {
        let named: HashSet<&str> = numbers.collect();
        self.claims.iter().filter(|(number, _)| !named.contains(number.as_str())).map(|(_, all)| all.len()).sum()
    }
}

/// The pass over the file.
struct Search {
    /// Positions asked for.
    asked: HashMap<SetKey, BTreeSet<u32>>,
    /// Batches asked for.
    wanted: HashSet<Text>,
    found: Found,
    group: GroupKey,
    version: Text,
    set: Option<OpenSet>,
}

struct OpenSet {
    key: SetKey,
    number: Text,
    position: u32,
    /// Placing is only needed where positions are asked for.
    walk: Option<Box<Walk<'static>>>,
    claim: Text,
    batch: Option<Text>,
}

impl Search {
    fn new(answers: &[Answer]) -> Self {
        let mut asked: HashMap<SetKey, BTreeSet<u32>> = HashMap::new();
        let mut wanted = HashSet::new();
        for answer in answers {
            match answer {
                Answer::Interchange(_) => {}
                Answer::Group { answer, .. } => {
                    let group = (bare(&answer.group_control_number), answer.group_kind.clone());
                    for set in &answer.transactions {
                        let positions = asked.entry((group.clone(), bare(&set.control_number))).or_default();
                        positions.extend(set.segments.iter().filter_map(|segment| segment.position));
                    }
                }
                Answer::Batch(batch) => drop(wanted.insert(batch.reference.clone())),
            }
        }
        Self { asked, wanted, found: Found::default(), group: GroupKey::default(), version: Text::default(), set: None }
    }

    fn segment(&mut self, segment: &Segment<'_>, offset: u64) {
        let element = |n: usize| super::super::text(segment.element(n), 200);
        match segment.id() {
            b"ISA" => drop(self.found.interchanges.insert(bare(&element(13)))),
            b"GS" => {
                self.group = (bare(&element(6)), element(1));
                self.version = element(8);
                self.found.groups.insert(self.group.clone());
            }
            b"ST" => {
                let key = (self.group.clone(), bare(&element(2)));
                let asks = self.asked.get(&key).is_some_and(|positions| !positions.is_empty());
                let guide = guide::for_set(&element(1), &element(3), &self.version).and_then(Result::ok);
                let walk = guide.filter(|_| asks).map(|guide| {
                    // Nothing that has closed is asked for again.
                    Box::new(Walk::new(guide, segment.delimiters(), Keep::AllButClaims))
                });
                self.found.sets.entry(key.clone()).or_default();
                let (claim, batch) = (Text::default(), None);
                self.set = Some(OpenSet { key, number: element(2), position: 0, walk, claim, batch });
            }
            b"GE" | b"IEA" => self.set = None,
            _ => {}
        }
        let Some(set) = &mut self.set else { return };
        set.position = set.position.saturating_add(1);
        let before = set.claim.clone();
        match segment.id() {
            b"CLM" | b"CLP" => {
                set.claim = element(1);
                if let Some(batch) = set.batch.as_ref().and_then(|batch| self.found.batches.get_mut(batch)) {
                    let spot = ClaimSpot { transaction: set.number.clone(), position: set.position, trace: None };
                    batch.claims.entry(set.claim.clone()).or_default().push(spot);
                }
            }
            b"REF" if segment.element(1) == b"D9" && !set.claim.is_empty() => {
                let batch = set.batch.as_ref().and_then(|batch| self.found.batches.get_mut(batch));
                let claims = batch.and_then(|batch| batch.claims.get_mut(&set.claim));
                if let Some(claim) = claims.and_then(|claims| claims.last_mut()) {
                    claim.trace = Some(element(2));
                }
            }
            b"BHT" if self.wanted.contains(&element(3)) => {
                self.found.batches.entry(element(3)).or_default();
                set.batch = Some(element(3));
            }
            b"HL" | b"SE" | b"PLB" => set.claim = Text::default(),
            _ => {}
        }
        let node = set.walk.as_mut().and_then(|walk| {
            let node = walk.push(segment, offset, &mut |_, _, _| {});
            walk.take_faults();
            Some((walk.guide(), node?))
        });
        if self.asked.get(&set.key).is_some_and(|positions| positions.contains(&set.position)) {
            let spot = Spot {
                segment: super::super::text(segment.id(), 3),
                node,
                claim: set.claim.clone(),
                claim_before: before,
            };
            if let Some(of_set) = self.found.sets.get_mut(&set.key) {
                of_set.segments.insert(set.position, spot);
            }
        }
        if segment.id() == b"SE" {
            self.set = None;
        }
    }
}

/// A control number without the zeros before it: some write them, some do not.
fn bare(number: &str) -> Text {
    let bare = number.trim().trim_start_matches('0');
    if bare.is_empty() { "0".into() } else { bare.into() }
}
