//! Which places a line of a companion guide names.

use crate::guide::{Designator, Guide, NodeId};

/// What a line may stand under.
#[derive(Debug)]
pub(super) enum Scope {
    /// Nothing: a path begins at any loop.
    Margin,
    /// Loops: a path begins in them.
    Loops(Vec<NodeId>),
    /// Segments: their elements stand here.
    Segments(Vec<NodeId>),
    /// An element, in which nothing stands.
    Element,
}

/// What a line names.
#[derive(Debug)]
pub(super) enum Target {
    Loops(Vec<NodeId>),
    Segments(Vec<NodeId>),
    Elements {
        segments: Vec<NodeId>,
        /// First and last element.
        positions: (u8, u8),
        /// First and last component; zeros for the elements themselves.
        components: (u8, u8),
    },
}

impl From<Target> for Scope {
    fn from(target: Target) -> Self {
        match target {
            Target::Loops(loops) => Self::Loops(loops),
            Target::Segments(segments) => Self::Segments(segments),
            Target::Elements { .. } => Self::Element,
        }
    }
}

/// Finds a place: `2000B/2300` for a loop, otherwise `REF[G1]`, `2300/CLM05-3`, `02..12-1`.
pub(super) fn find(guide: &Guide, scope: &Scope, text: &str, is_loop: bool) -> Result<Target, String> {
    if is_loop {
        return find_loops(guide, scope, text).map(Target::Loops);
    }
    let (path, last) = text.rsplit_once('/').unwrap_or(("", text));
    // `CLM00` and `CLM-3` are no segments.
    let is_whole = |place: &Designator<'_>| format!("{}{}", place.id, bracketed(place.code)) == last;
    let place = Designator::parse(last)
        .ok()
        .filter(|_| !text.starts_with('/'))
        .filter(|place| !place.offset && place.stride == 0 && (place.element > 0 || is_whole(place)));
    let Some(place) = place else {
        return Err(format!("`{text}`: expected a place such as `loop 2300`, REF[G1], 2300/CLM05-3, 02 or 05-3"));
    };
    if place.is_loop() {
        return Err(format!("`{text}` is a loop: write `loop {text}`"));
    }
    let segments = match (place.id, path, scope) {
        ("", "", Scope::Segments(segments)) => segments.clone(),
        ("", ..) => return Err(format!("`{text}`: an element's number alone stands under its segment")),
        (_, "", Scope::Margin) => find_segments(guide, &[NodeId::ROOT], &place)?,
        (_, "", Scope::Loops(loops)) => find_segments(guide, loops, &place)?,
        (_, "", Scope::Segments(_) | Scope::Element) => {
            return Err(format!("`{text}`: a segment cannot stand here; indent it less"));
        }
        (_, path, scope) => find_segments(guide, &find_loops(guide, scope, path)?, &place)?,
    };
    if place.element == 0 {
        return Ok(Target::Segments(segments));
    }
    let (positions, components) = ((place.element, place.last), (place.component, place.last_component));
    Ok(Target::Elements { segments, positions, components })
}

fn find_loops(guide: &Guide, scope: &Scope, path: &str) -> Result<Vec<NodeId>, String> {
    let ids: Vec<&str> = path.split('/').collect();
    if ids.contains(&"") {
        return Err(format!("`{path}`: expected loop ids, `/` between them"));
    }
    let (found, place) = match scope {
        Scope::Margin => {
            (guide.nodes().filter(|&node| ends_with(guide, node, &ids)).collect::<Vec<_>>(), String::new())
        }
        Scope::Loops(loops) => (
            ids.iter().fold(loops.clone(), |loops, id| loops_in(guide, &loops, id)),
            loops.first().map(|&first| format!(" in {}", guide.path(first))).unwrap_or_default(),
        ),
        Scope::Segments(_) | Scope::Element => {
            return Err(format!("`{path}`: a loop cannot stand here; indent it less"));
        }
    };
    if found.is_empty() {
        return Err(format!("{} has no loop `{path}`{place}", guide.published().name));
    }
    Ok(found)
}

/// Whether the path of a loop ends with these ids.
fn ends_with(guide: &Guide, node: NodeId, ids: &[&str]) -> bool {
    let mut at = node;
    for id in ids.iter().rev() {
        if guide.loop_at(at).is_none_or(|one| one.id != *id) {
            return false;
        }
        at = guide.parent(at);
    }
    true
}

fn loops_in(guide: &Guide, loops: &[NodeId], id: &str) -> Vec<NodeId> {
    let children = loops.iter().flat_map(|&around| guide.children(around)).copied();
    children.filter(|&child| guide.loop_at(child).is_some_and(|one| one.id == id)).collect()
}

/// The use of a segment in each of some loops.
fn find_segments(guide: &Guide, loops: &[NodeId], place: &Designator<'_>) -> Result<Vec<NodeId>, String> {
    // Uses are told apart by the codes of the published guide: a line above may have narrowed them.
    let guide = guide.published();
    loops.iter().map(|&around| find_segment(guide, around, place)).collect()
}

fn find_segment(guide: &Guide, around: NodeId, place: &Designator<'_>) -> Result<NodeId, String> {
    let is_it = |node: NodeId| guide.segment(node).is_some_and(|segment| segment.id == place.id);
    let uses: Vec<NodeId> = guide.children(around).iter().copied().filter(|&node| is_it(node)).collect();
    let path = guide.path(around);
    let here = if path.is_empty() { "outside its loops" } else { path.as_str() };
    if uses.is_empty() {
        let mut elsewhere: Vec<&str> = guide
            .nodes()
            .filter(|&node| is_it(node))
            .map(|node| guide.loop_id(node))
            .filter(|id| !id.is_empty())
            .collect();
        elsewhere.dedup();
        elsewhere.truncate(5);
        let hint = if elsewhere.is_empty() { String::new() } else { format!("; it has in {}", elsewhere.join(", ")) };
        return Err(format!("{} has no {} {here}{hint}", guide.name, place.id));
    }
    let takes = |node: NodeId| {
        place.code.is_empty()
            || guide.discriminator(node).is_some_and(|element| element.codes.iter().any(|code| code == place.code))
    };
    let chosen: Vec<NodeId> = uses.iter().copied().filter(|&node| takes(node)).collect();
    match chosen.as_slice() {
        [one] => Ok(*one),
        _ => {
            let known: Vec<String> = uses.iter().map(|&node| guide.designator(node)).collect();
            Err(format!("{}{}: expected one of {}", place.id, bracketed(place.code), known.join(" ")))
        }
    }
}

fn bracketed(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!("[{code}]") }
}
