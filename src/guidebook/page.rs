//! A guide in its own order, ready to be shown.

use super::facts::{filling_words, note_words, repeat_words, rules, type_and_length, usage_letter, usage_word};
use crate::{
    guide::{DataType, Guide, NodeId, Place, SegmentUse, SyntaxNote, dictionary},
    record::{Binding, Row},
};

pub(super) struct Page {
    pub(super) guide: &'static Guide,
    /// Loops and segments, depth first.
    pub(super) items: Vec<Item>,
}

pub(super) enum Item {
    Loop(LoopItem),
    Segment(SegmentItem),
}

pub(super) struct LoopItem {
    pub(super) id: String,
    pub(super) title: String,
    /// Loop ids from the root.
    pub(super) path: String,
    /// `situational, up to 100`
    pub(super) standing: String,
    /// Path of its record in the document's JSON.
    pub(super) json: Option<String>,
    /// Path of the loop that has been shown already and has the same parts.
    pub(super) same_as: Option<String>,
    pub(super) depth: usize,
}

pub(super) struct SegmentItem {
    pub(super) designator: String,
    pub(super) title: String,
    pub(super) standing: String,
    /// Path of the loop around it.
    pub(super) path: String,
    /// Syntax notes in words.
    pub(super) notes: Vec<String>,
    pub(super) elements: Vec<ElementItem>,
}

pub(super) struct ElementItem {
    /// `CLM05-3`
    pub(super) designator: String,
    pub(super) usage: &'static str,
    pub(super) form: String,
    pub(super) name: String,
    /// Codes, lists and further limits.
    pub(super) rules: Vec<String>,
    /// Fields, by their paths from the record of the loop.
    pub(super) json: Vec<String>,
    /// What fills it where no field does.
    pub(super) filling: Option<&'static str>,
}

impl Page {
    pub(super) fn of(guide: &'static Guide, binding: Option<&'static Binding>) -> Self {
        let rows = binding.map(Binding::rows).unwrap_or_default();
        let loops = binding.map(Binding::loops).unwrap_or_default();
        let mut items = Vec::new();
        let mut shown: Vec<(NodeId, &SegmentUse)> = Vec::new();
        let mut skip: Option<NodeId> = None;
        for node in guide.nodes().skip(1) {
            if let Some(skipped) = skip {
                if is_below(guide, node, skipped) {
                    continue;
                }
                skip = None;
            }
            let standing = format!("{}, {}", usage_word(guide.usage(node)), repeat_words(guide.repeat(node)));
            match guide.place(node) {
                Place::Loop(one) => {
                    let first = guide.children(node).first().and_then(|&first| guide.segment(first));
                    let same = first
                        .and_then(|first| shown.iter().find(|(_, segment)| std::ptr::eq(*segment, first)).copied());
                    if same.is_some() {
                        skip = Some(node);
                    } else if let Some(first) = first {
                        shown.push((node, first));
                    }
                    let path = guide.path(node);
                    let depth = path.split('/').count();
                    let same_as = same.map(|(node, _)| guide.path(node));
                    items.push(Item::Loop(LoopItem {
                        id: one.id.clone(),
                        title: one.name.clone(),
                        path,
                        standing,
                        json: loops.get(&node).cloned(),
                        same_as,
                        depth,
                    }));
                }
                Place::Segment(segment) => {
                    let around = std::iter::successors(Some(guide.parent(node)), |&at| {
                        (at != NodeId::ROOT).then(|| guide.parent(at))
                    });
                    let prefix =
                        around.into_iter().find_map(|node| loops.get(&node)).map(String::as_str).unwrap_or_default();
                    let elements =
                        rows.iter().filter(|row| row.node == node).map(|row| element(segment, row, prefix)).collect();
                    items.push(Item::Segment(SegmentItem {
                        designator: guide.designator(node),
                        title: segment.name.clone(),
                        standing,
                        path: guide.path(node),
                        notes: notes(segment),
                        elements,
                    }));
                }
            }
        }
        Self { guide, items }
    }
}

fn is_below(guide: &Guide, node: NodeId, above: NodeId) -> bool {
    let mut at = node;
    while at != NodeId::ROOT {
        at = guide.parent(at);
        if at == above {
            return true;
        }
    }
    false
}

fn element(segment: &SegmentUse, row: &Row, prefix: &str) -> ElementItem {
    let relative =
        |path: &String| path.strip_prefix(prefix).map_or(path.as_str(), |rest| rest.trim_start_matches('.')).to_owned();
    ElementItem {
        designator: row.element.designator(&segment.id),
        usage: usage_letter(row.element.usage),
        form: type_and_length(row.element),
        name: row.element.name.clone(),
        rules: rules(row.element),
        json: row.json.iter().map(relative).collect(),
        filling: filling_words(row),
    }
}

/// The syntax notes of a segment and its composites that concern elements the guide uses.
fn notes(segment: &SegmentUse) -> Vec<String> {
    let Ok(dictionary) = dictionary() else {
        return Vec::new();
    };
    let mut words: Vec<String> = notes_in_use(segment, 0, dictionary.segment_notes(&segment.id))
        .map(|note| note_words(note, &segment.id))
        .collect();
    for element in segment.elements.iter().filter(|element| element.data.kind == DataType::Composite) {
        let prefix = format!("{}{:02}-", segment.id, element.position);
        words.extend(
            notes_in_use(segment, element.position, dictionary.composite_notes(&element.data.number))
                .map(|note| note_words(note, &prefix)),
        );
    }
    words
}

/// The notes that can come to bear, given what the guide uses; of a composite's, at an element.
pub(crate) fn notes_in_use<'n>(
    segment: &'n SegmentUse,
    composite: u8,
    notes: &'n [SyntaxNote],
) -> impl Iterator<Item = &'n SyntaxNote> {
    let used = move |position: u8| {
        if composite == 0 {
            segment.element(position, 0).is_some()
        } else {
            segment.element(composite, position).is_some()
        }
    };
    notes.iter().filter(move |note| {
        let count = note.positions.iter().filter(|&&position| used(position)).count();
        match note.kind {
            'R' => count > 0,
            'C' | 'L' => note.positions.first().is_some_and(|&first| used(first)),
            _ => count > 1,
        }
    })
}
