//! From a designator to the places it names, and from a wrong one to what comes near.

use std::{
    collections::{BTreeSet, HashMap},
    sync::OnceLock,
};

use crate::{
    codes, document,
    guide::{Designator, Guide, NAMES, NodeId, Place, SegmentUse},
    guidebook,
    record::{Binding, Row, Spot},
};

/// A place that a designator names: a loop, a segment, or an element of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) guide: &'static Guide,
    pub(super) node: NodeId,
    /// Element and component; `None` for the loop or segment itself.
    pub(super) element: Option<(u8, u8)>,
}

/// The places of a guide that a designator names. Loop ids before it narrow the search:
/// `2000C/2300/CLM05-3`.
pub(super) fn find(guide: &'static Guide, query: &str) -> Vec<Found> {
    let mut loops: Vec<&str> = query.split('/').collect();
    let Some(Ok(place)) = loops.pop().map(Designator::parse) else {
        return Vec::new();
    };
    if place.id.is_empty() || place.stride > 0 || place.offset {
        return Vec::new();
    }
    let mut found = Vec::new();
    for node in guide.nodes().skip(1) {
        match guide.place(node) {
            Place::Loop(_) if place.is_loop() && place.element == 0 => {
                let fits =
                    is_loop(guide, node, place.name(), place.code) && stands_in(guide, guide.parent(node), &loops);
                found.extend(fits.then_some(Found { guide, node, element: None }));
            }
            Place::Segment(segment)
                if segment.id == place.id
                    && takes(segment, place.code)
                    && stands_in(guide, guide.parent(node), &loops) =>
            {
                if place.element == 0 {
                    found.push(Found { guide, node, element: None });
                    continue;
                }
                let components = place.component..=place.last_component;
                let elements = (place.element..=place.last)
                    .flat_map(|element| components.clone().map(move |component| (element, component)));
                found.extend(
                    elements
                        .filter(|(element, component)| segment.element(*element, *component).is_some())
                        .map(|element| Found { guide, node, element: Some(element) }),
                );
            }
            _ => {}
        }
    }
    found
}

fn is_loop(guide: &Guide, node: NodeId, id: &str, code: &str) -> bool {
    let Some(one) = guide.loop_at(node) else { return false };
    if code.is_empty() {
        return one.id == id;
    }
    one.id.starts_with(id)
        && guide.discriminator(node).is_some_and(|element| element.codes.iter().any(|known| known == code))
}

/// Whether a loop's path ends in these ids.
fn stands_in(guide: &Guide, node: NodeId, ids: &[&str]) -> bool {
    let path = guide.path(node);
    let path: Vec<&str> = path.split('/').filter(|id| !id.is_empty()).collect();
    let ids: Vec<&str> = ids.iter().copied().filter(|id| !id.is_empty()).collect();
    path.ends_with(&ids)
}

/// Whether a use takes segments with a code in the element that tells uses apart.
fn takes(segment: &SegmentUse, code: &str) -> bool {
    let mut telling = segment
        .elements
        .iter()
        .filter(|element| element.discriminator || element.position == 1 && !element.codes.is_empty());
    code.is_empty() || telling.any(|element| element.codes.iter().any(|known| known == code))
}

impl Found {
    pub(super) fn spot(&self) -> Spot {
        let (element, component) = self.element.unwrap_or_default();
        Spot { node: self.node, element, component }
    }

    /// `CLM05-3`, `REF[G1]02`, `2310B`
    pub(super) fn designator(&self) -> String {
        let designator = self.guide.designator(self.node);
        match self.element {
            None => designator,
            Some((element, 0)) => format!("{designator}{element:02}"),
            Some((element, component)) => format!("{designator}{element:02}-{component}"),
        }
    }

    /// The designator with the id of its loop before it: the same for a loop that stands twice.
    pub(super) fn short(&self) -> String {
        let id = self.guide.loop_id(self.guide.parent(self.node));
        if id.is_empty() { self.designator() } else { format!("{id}/{}", self.designator()) }
    }

    /// The designator with the path of its loop before it.
    pub(super) fn full(&self) -> String {
        let around = self.guide.path(self.guide.parent(self.node));
        if around.is_empty() { self.designator() } else { format!("{around}/{}", self.designator()) }
    }
}

/// Where the elements of a guide stand in JSON.
pub(super) struct JsonPlaces {
    pub(super) rows: HashMap<Spot, Row>,
    pub(super) loops: HashMap<NodeId, String>,
    /// Paths in a line of NDJSON.
    pub(super) lines: HashMap<Spot, Vec<String>>,
}

/// The JSON places of a guide.
pub(super) fn json_places(guide: &'static Guide) -> Option<&'static JsonPlaces> {
    static PLACES: [OnceLock<JsonPlaces>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    let index = NAMES.iter().position(|name| *name == guide.name)?;
    Some(PLACES.get(index)?.get_or_init(|| {
        let binding = document::binding(guide);
        let rows = binding.map(Binding::rows).unwrap_or_default();
        JsonPlaces {
            rows: rows
                .into_iter()
                .map(|row| {
                    (Spot { node: row.node, element: row.element.position, component: row.element.component }, row)
                })
                .collect(),
            loops: binding.map(Binding::loops).unwrap_or_default(),
            lines: guidebook::line_paths(guide),
        }
    }))
}

/// Most suggestions.
const SUGGESTIONS: usize = 5;

/// Names like a query, nearest first.
pub(super) fn near(query: &str, guides: &[&'static Guide]) -> Vec<String> {
    let word = query.rsplit([' ', '/']).next().unwrap_or(query);
    if word.len() < 2 || word.len() > 24 {
        return Vec::new();
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    names.extend(guides.iter().map(|guide| guide.name.clone()));
    names.extend(codes::all().iter().map(|list| list.name.to_uppercase()));
    for guide in guides {
        for node in guide.nodes().skip(1) {
            names.insert(guide.designator(node));
            if let Some(segment) = guide.segment(node) {
                names.insert(segment.id.clone());
                names.extend(segment.elements.iter().map(|element| element.designator(&segment.id)));
            }
        }
    }
    let most = if word.len() < 5 { 1 } else { 2 };
    let mut near: Vec<(usize, String)> =
        names.into_iter().map(|name| (distance(word, &name), name)).filter(|(distance, _)| *distance <= most).collect();
    near.sort();
    near.into_iter().map(|(_, name)| name).take(SUGGESTIONS).collect()
}

/// How many characters must be changed, added or taken away.
pub(super) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, one) in left.chars().enumerate() {
        let mut next = vec![at + 1];
        for ((other, pair), before) in right.iter().zip(row.windows(2)).zip(0..) {
            let [diagonal, above] = pair else { continue };
            let beside: usize = next.get(before).copied().unwrap_or(usize::MAX - 1);
            next.push((diagonal + usize::from(one != *other)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changes() {
        assert_eq!(distance("CLM05-3", "CLM05-3"), 0);
        assert_eq!(distance("CLM5-3", "CLM05-3"), 1);
        assert_eq!(distance("2310G", "2310B"), 1);
        assert_eq!(distance("", "REF"), 3);
        assert_eq!(distance("ABC", ""), 3);
    }
}
