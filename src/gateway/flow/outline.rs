//! The envelopes of a file: what the store knows of a file beside its claims.

use std::{collections::HashMap, io::Read};

use super::FlowError;
use crate::{
    gateway::{
        Id,
        connect::Content,
        store::{self, Tx, values},
    },
    partner::Partner,
    x12::{Reader, Segment, Token},
};

/// Interchanges of one file.
const MOST_INTERCHANGES: usize = 10_000;
/// Transaction sets of one file.
const MOST_SETS: usize = 1_000_000;

/// The envelopes of a file.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) interchanges: Vec<Interchange>,
}

impl Outline {
    /// What the envelopes say that this partner may not send: to be somebody else, or test for production.
    pub(super) fn impostor(&self, partner: &Partner) -> Option<&'static str> {
        let is_stranger = |one: &Interchange| {
            let [qualifier, id, ..] = &one.parties;
            !partner.sends_as(qualifier, id)
        };
        if partner.receiver_id.is_some() && self.interchanges.iter().any(is_stranger) {
            return Some("ISA05 and ISA06 name somebody else than the sender has proven to be");
        }
        let other_use = |one: &Interchange| partner.agrees(&one.usage, None).is_err();
        self.interchanges
            .iter()
            .any(other_use)
            .then_some("ISA15 is not what is agreed: test and production are kept apart")
    }
}

#[derive(Debug, Default)]
pub(super) struct Interchange {
    /// ISA05 to ISA08.
    pub(super) parties: [String; 4],
    pub(super) date: String,
    pub(super) time: String,
    pub(super) control_number: String,
    pub(super) usage: String,
    pub(super) groups: Vec<Group>,
    /// Whether there are TA1s in it.
    pub(super) answers: bool,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) kind: String,
    pub(super) control_number: String,
    pub(super) version: String,
    pub(super) sets: Vec<Set>,
}

#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) kind: String,
    pub(super) control_number: String,
    /// BHT03, or TRN02 of an 835.
    pub(super) reference: String,
    pub(super) claims: u64,
}

/// Reads the envelopes of a file.
pub(super) fn of(input: impl Read) -> Result<Outline, FlowError> {
    let mut reader = Reader::new(input);
    let mut outline = Outline::default();
    let mut sets = 0;
    while let Some(token) = reader.next()? {
        let Token::Segment { segment, .. } = token else { continue };
        match segment.id() {
            b"ISA" => outline.interchanges.push(Interchange {
                parties: [5, 6, 7, 8].map(|n| text(&segment, n)),
                date: text(&segment, 9),
                time: text(&segment, 10),
                control_number: text(&segment, 13),
                usage: text(&segment, 15),
                ..Interchange::default()
            }),
            b"TA1" => outline.last().answers = true,
            b"GS" => outline.last().groups.push(Group {
                kind: text(&segment, 1),
                control_number: text(&segment, 6),
                version: text(&segment, 8),
                sets: Vec::new(),
            }),
            b"ST" => {
                sets += 1;
                let set = Set { kind: text(&segment, 1), control_number: text(&segment, 2), ..Set::default() };
                outline.last().last().sets.push(set);
            }
            b"BHT" => outline.last().last().last().reference = text(&segment, 3),
            b"TRN" => {
                let set = outline.last().last().last();
                if set.kind == "835" && set.reference.is_empty() {
                    set.reference = text(&segment, 2);
                }
            }
            b"CLM" | b"CLP" => outline.last().last().last().claims += 1,
            _ => {}
        }
        if outline.interchanges.len() > MOST_INTERCHANGES || sets > MOST_SETS {
            return Err(FlowError::Refused("the file has more interchanges or transaction sets than are taken".into()));
        }
    }
    Ok(outline)
}

impl Outline {
    /// The open interchange; a fragment has one without numbers.
    fn last(&mut self) -> &mut Interchange {
        last(&mut self.interchanges)
    }

    /// What is in the file, as connectors call it.
    pub(super) fn content(&self) -> Option<Content> {
        let mut content = None;
        let mut add = |more: Content| {
            content = match content {
                None => Some(more),
                Some(one) if one == more => Some(one),
                Some(_) => Some(Content::Mixed),
            }
        };
        for interchange in &self.interchanges {
            if interchange.answers && interchange.groups.is_empty() {
                add(Content::InterchangeAcknowledgmentTa1);
            }
            for group in &interchange.groups {
                for set in &group.sets {
                    add(Content::of(&group.version, &set.kind).unwrap_or(Content::Mixed));
                }
            }
        }
        content
    }

    /// Interchanges, groups and transaction sets together: more than answers to them can have.
    pub(super) fn parts(&self) -> usize {
        self.interchanges.len() + self.groups().map(|group| 1 + group.sets.len()).sum::<usize>()
    }

    /// The functional groups, in their order.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.interchanges.iter().flat_map(|interchange| &interchange.groups)
    }

    /// The transaction sets by the numbers of their interchange, group and themselves: number in the file, from 0.
    pub(super) fn sets(&self) -> HashMap<(&str, &str, &str), usize> {
        let (mut sets, mut at) = (HashMap::new(), 0);
        for interchange in &self.interchanges {
            for group in &interchange.groups {
                for set in &group.sets {
                    let key = (&*interchange.control_number, &*group.control_number, &*set.control_number);
                    sets.entry(key).or_insert(at);
                    at += 1;
                }
            }
        }
        sets
    }

    /// Stores the envelopes.
    pub(super) fn record(&self, tx: &mut dyn Tx, file: Id, direction: &str, partner: &str) -> store::Result<Recorded> {
        let (now, mut recorded) = (tx.now(), Recorded::default());
        for interchange in &self.interchanges {
            let id = Id::new(now);
            tx.run(
                "INSERT INTO interchange (id, file, direction, partner, control_number, date, time, usage, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                values![
                    id.0,
                    file.0,
                    direction,
                    partner,
                    &interchange.control_number,
                    &interchange.date,
                    &interchange.time,
                    &interchange.usage,
                    now
                ],
            )?;
            recorded.interchanges.push(id);
            for group in &interchange.groups {
                let of = Id::new(now);
                tx.run(
                    "INSERT INTO functional_group (id, interchange, direction, partner, kind, control_number, version)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    values![of.0, id.0, direction, partner, &group.kind, &group.control_number, &group.version],
                )?;
                for set in &group.sets {
                    let id = Id::new(now);
                    tx.run(
                        "INSERT INTO transaction_set
                            (id, functional_group, direction, partner, kind, control_number, reference, claims)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                        values![
                            id.0,
                            of.0,
                            direction,
                            partner,
                            &set.kind,
                            &set.control_number,
                            &set.reference,
                            i64::try_from(set.claims).unwrap_or(i64::MAX)
                        ],
                    )?;
                    recorded.sets.push(id);
                }
            }
        }
        Ok(recorded)
    }
}

/// Ids of stored envelopes, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) interchanges: Vec<Id>,
    pub(super) sets: Vec<Id>,
}

impl Interchange {
    fn last(&mut self) -> &mut Group {
        last(&mut self.groups)
    }
}

impl Group {
    fn last(&mut self) -> &mut Set {
        last(&mut self.sets)
    }
}

/// The last of a list, which gets one if it has none.
fn last<T: Default>(list: &mut Vec<T>) -> &mut T {
    if list.is_empty() {
        list.push(T::default());
    }
    let at = list.len() - 1;
    &mut list[at]
}

fn text(segment: &Segment<'_>, n: usize) -> String {
    String::from_utf8_lossy(segment.element(n)).trim().chars().take(80).collect()
}
