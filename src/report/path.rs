//! From a place in X12 to the JSON field that holds it.
//!
//! Paths are those of the record of the transaction set (`billing_providers[0].subscribers[1].claims[0].charge`),
//! or of the interchange. Which of its like each loop is, is known for claims and for what stands above a claim;
//! elsewhere, and for repeats inside a loop, the list stands without a number: `diagnoses[].code`.

use std::{
    collections::{HashMap, VecDeque},
    sync::OnceLock,
};

use compact_str::ToCompactString;

use crate::{
    check::{Claim, Finding, Place},
    document,
    guide::{Guide, NAMES, NodeId},
    record::Spot,
};

/// A loop, and which of its like in the loop around it, from 0.
pub(super) type Step = (NodeId, u32);

/// The path of a place, with room for which of each list.
#[derive(Debug, Default)]
pub(super) struct Template {
    /// `billing_providers[].subscribers[].claims[].charge`, cut after each `[]`; empty if no field is known.
    pieces: Vec<String>,
    /// The loops that its first lists are made of.
    loops: Vec<NodeId>,
}

impl Template {
    /// The path of the field at a place. For a segment or loop it is that of what all of its fields have in common.
    pub(super) fn of(place: &Place) -> Self {
        let (Some(guide), Some(node)) = (place.guide, place.node) else { return Self::default() };
        let Some(fields) = Fields::of(guide) else { return Self::default() };
        let mut text = match guide.loop_at(node) {
            Some(_) => fields.loops.get(&node).cloned(),
            None => fields.at(node, place.element, place.component),
        }
        .unwrap_or_default();
        // Of something missing there is none to be counted.
        if place.missing && guide.loop_at(node).is_some() && text.ends_with("[]") {
            text.truncate(text.len() - 2);
        }
        let mut loops: Vec<NodeId> = guide_loops(guide, node)
            .filter(|one| fields.loops.get(one).is_some_and(|path| path.ends_with("[]")))
            .collect();
        loops.reverse();
        let pieces: Vec<String> = text.split("[]").map(str::to_owned).collect();
        loops.truncate(pieces.len() - 1);
        Self { pieces, loops }
    }

    /// The path of one finding.
    pub(super) fn fill(&self, steps: &[Step]) -> String {
        let mut path = String::with_capacity(96);
        let mut loops = self.loops.iter();
        for (at, piece) in self.pieces.iter().enumerate() {
            if at > 0 {
                let step = loops.next().and_then(|wanted| steps.iter().find(|(node, _)| node == wanted));
                path.push('[');
                if let Some((_, ordinal)) = step {
                    path.push_str(&ordinal.to_compact_string());
                }
                path.push(']');
            }
            path.push_str(piece);
        }
        path
    }
}

/// A path in a claim on its own (a line of NDJSON), from that in the record of a transaction set.
pub(super) fn in_line(path: &str) -> String {
    // What a line has beside its claim, under the names of `ndjson`; the innermost list tells which it is.
    const LEVELS: &[(&str, &str)] = &[
        ("claims[", ""),
        ("patients[", "patient."),
        ("subscribers[", "subscriber."),
        ("billing_providers[", "billing_provider."),
        ("groups[", "group."),
    ];
    for (list, name) in LEVELS {
        let inside = path.find(list).and_then(|at| path.get(at..)?.split_once(']'));
        if let Some((_, rest)) = inside {
            let rest = rest.trim_start_matches('.');
            let stands_beside = *list == "subscribers[" && rest.split('.').next() == Some("payer");
            return if stands_beside { rest.to_owned() } else { format!("{name}{rest}") };
        }
    }
    path.to_owned()
}

/// The loops at and around a node, inner ones first.
fn guide_loops(guide: &Guide, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    std::iter::successors(Some(node), |at| Some(guide.parent(*at)).filter(|around| around != at))
}

/// Where the elements of a guide stand in JSON.
struct Fields {
    /// Each element's first path.
    spots: HashMap<NodeId, Vec<(Spot, String)>>,
    loops: HashMap<NodeId, String>,
}

impl Fields {
    fn of(guide: &'static Guide) -> Option<&'static Self> {
        static FIELDS: [OnceLock<Option<Fields>>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
        let at = NAMES.iter().position(|name| *name == guide.name)?;
        FIELDS.get(at)?.get_or_init(|| Self::new(guide)).as_ref()
    }

    fn new(guide: &'static Guide) -> Option<Self> {
        let binding = document::binding(guide)?;
        let mut spots: HashMap<NodeId, Vec<(Spot, String)>> = HashMap::new();
        for row in binding.rows() {
            if let Some(path) = row.json.into_iter().next() {
                let spot = Spot { node: row.node, element: row.element.position, component: row.element.component };
                spots.entry(row.node).or_default().push((spot, path));
            }
        }
        Some(Self { spots, loops: binding.loops() })
    }

    /// What the paths of an element, or with element 0 of a segment, have in common.
    fn at(&self, node: NodeId, element: u8, component: u8) -> Option<String> {
        let mut paths = self.spots.get(&node)?.iter().filter(|(spot, _)| {
            (element == 0 || spot.element == element) && (component == 0 || spot.component == component)
        });
        let (_, first) = paths.next()?;
        let mut common: Vec<&str> = first.split('.').collect();
        for (_, path) in paths {
            let same = common.iter().zip(path.split('.')).take_while(|(one, other)| *one == other).count();
            common.truncate(same);
        }
        Some(common.join("."))
    }
}

/// Works out the loops around findings as they come.
///
/// Those of a claim are known when it ends, which is told before its findings come. Those of a level above claims
/// (billing provider, subscriber, patient) are known with the first claim below it, so that its findings wait.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// Of the claim that has ended: for each of its findings that has not come yet.
    claim: VecDeque<Vec<Step>>,
    waiting: Vec<Finding>,
}

/// How many findings wait for a claim; a transaction set may have none.
const PATIENCE: usize = 1_000;

impl Steps {
    /// Takes note of a claim that has ended; gives back what waited for it.
    pub(super) fn of_claim(&mut self, claim: &Claim<'_>) -> Vec<(Finding, Vec<Step>)> {
        self.claim.clear();
        if claim.findings.is_empty() && self.waiting.is_empty() {
            return Vec::new();
        }
        let mut above = Vec::new();
        let mut at = claim.scope;
        while at.node() != NodeId::ROOT {
            let begins = at.begin().map_or(0, |first| first.position());
            above.push(((at.node(), at.ordinal()), begins));
            at = at.around();
        }
        self.claim.extend(claim.findings.iter().map(|finding| {
            let around = above.iter().map(|(step, _)| *step);
            around.chain(claim.scope.loops_at(finding.place.position)).collect()
        }));
        let waited = std::mem::take(&mut self.waiting).into_iter();
        waited
            .map(|finding| {
                let holds = above.iter().filter(|(_, begins)| *begins <= finding.place.position);
                let steps = holds.map(|(step, _)| *step).collect();
                (finding, steps)
            })
            .collect()
    }

    /// The loops around a finding; `None` if it waits.
    pub(super) fn of(&mut self, finding: &Finding) -> Option<Vec<Step>> {
        if let Some(steps) = self.claim.pop_front() {
            return Some(steps);
        }
        let in_level = finding.claim.is_empty() && finding.place.position > 0 && finding.place.guide.is_some();
        if in_level && self.waiting.len() < PATIENCE {
            self.waiting.push(finding.clone());
            return None;
        }
        Some(Vec::new())
    }

    /// What waited for a claim that has not come.
    pub(super) fn rest(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.waiting)
    }
}
