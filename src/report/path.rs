//! From a place in X12 to the JSON field that holds it.
//!
//! Paths are those of the record of the transaction set (`billing_providers[0].subscribers[1].claims[0].charge`),
//! or of the interchange. Inside a claim it is known which of its like each loop is; elsewhere, and for repeats
//! inside a loop, the list stands without a number: `billing_providers[].tax_id`.

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

/// The loops around the findings of a claim, which are told when it ends, before the findings come.
#[derive(Debug, Default)]
pub(super) struct Steps(VecDeque<Vec<Step>>);

impl Steps {
    /// Takes note of a claim that has ended.
    pub(super) fn of_claim(&mut self, claim: &Claim<'_>) {
        self.0.clear();
        if claim.findings.is_empty() {
            return;
        }
        let mut above = Vec::new();
        let mut at = claim.scope;
        while at.node() != NodeId::ROOT {
            above.push((at.node(), at.ordinal()));
            at = at.around();
        }
        self.0.extend(claim.findings.iter().map(|finding| {
            let mut steps = above.clone();
            steps.extend(claim.scope.loops_at(finding.place.position));
            steps
        }));
    }

    /// The loops around a finding; those of a claim come in their order.
    pub(super) fn next(&mut self, _: &Finding) -> Vec<Step> {
        self.0.pop_front().unwrap_or_default()
    }
}
