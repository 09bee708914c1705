//! From a segment to its place in one look-up.
//!
//! For every node (the place of the segment before) and every *key* (segment id and class of its
//! discriminator's code) the table names the node that takes the segment, or none. The search that
//! the table replaces goes from the innermost open loop outwards: parts of the loop at or after the
//! current rank, then the same in the loop around it.

use std::collections::HashMap;

use super::{Guide, GuideError, NodeId, Part};

/// No place.
const NONE: u16 = u16::MAX;

#[derive(Clone, Debug, Default)]
pub(crate) struct Dispatch {
    ids: Vec<Id>,
    /// Open addressing over `ids`: index + 1, 0 for empty.
    slots: Vec<u16>,
    keys: usize,
    table: Vec<u16>,
}

#[derive(Clone, Debug)]
struct Id {
    packed: u64,
    /// The first key of this id: "a code that no use lists".
    base: u16,
    /// Element and component of the discriminator; element 0 if the id has none.
    discriminator: (u8, u8),
    codes: Vec<(u64, u16)>,
    /// Open addressing over `codes`: index + 1, 0 for empty.
    slots: Vec<u16>,
}

impl Id {
    /// The key of a code.
    #[inline]
    fn class(&self, code: u64) -> u16 {
        let Some(mask) = self.slots.len().checked_sub(1) else { return self.base };
        let mut slot = spread(code) & mask;
        while let Some(&index) = self.slots.get(slot) {
            match index.checked_sub(1).and_then(|index| self.codes.get(usize::from(index))) {
                Some((known, key)) if *known == code => return *key,
                Some(_) => slot = (slot + 1) & mask,
                None => break,
            }
        }
        self.base
    }
}

/// The uses of a segment id in a guide: what tells them apart, and by which codes.
#[derive(Default)]
struct Uses<'g> {
    discriminator: (u8, u8),
    codes: Vec<&'g [String]>,
}

/// The first eight bytes of a value as a number, so that codes compare in one step. A NUL at their end, which
/// would make no difference to the number, makes it one that no code has.
#[inline]
pub(crate) fn pack(bytes: &[u8]) -> u64 {
    // Nearly all are of two or three bytes: a copy of unknown length would cost more than the rest
    // of the look-up.
    match *bytes {
        [a, b @ 1..=255] => u64::from(a) | u64::from(b) << 8,
        [a, b, c @ 1..=255] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
        _ => {
            let head = bytes.get(..8).unwrap_or(bytes);
            let number = head.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            if head.last() == Some(&0) { u64::MAX } else { number }
        }
    }
}

/// What the table says of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The guide has no segment of that id.
    UnknownId,
    /// The guide has the id, and this is its key.
    Key(usize),
}

impl Dispatch {
    /// The key of a segment, given its id, the character that separates components, and a way to look at an
    /// element.
    #[inline]
    pub(crate) fn key<'a>(&self, id: &[u8], separator: Option<u8>, element: impl FnOnce(u8) -> &'a [u8]) -> Lookup {
        let packed = pack(id);
        let Some(id) = self.find(packed) else { return Lookup::UnknownId };
        let (position, component) = id.discriminator;
        if position == 0 {
            return Lookup::Key(usize::from(id.base));
        }
        let mut value = element(position);
        let is_separator = |byte: &u8| Some(*byte) == separator;
        for _ in 1..component {
            let end = value.iter().position(is_separator).unwrap_or(value.len());
            value = value.get(end + 1..).unwrap_or_default();
        }
        let end = value.iter().take(9).position(is_separator).unwrap_or(value.len());
        Lookup::Key(usize::from(id.class(pack(value.get(..end).unwrap_or_default()))))
    }

    /// The place of a segment after another.
    #[inline]
    pub(crate) fn next(&self, from: NodeId, key: usize) -> Option<NodeId> {
        let to = *self.table.get(from.index() * self.keys + key)?;
        (to != NONE).then_some(NodeId(to))
    }

    #[inline]
    fn find(&self, packed: u64) -> Option<&Id> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = spread(packed) & mask;
        loop {
            match self.slots[slot] {
                0 => return None,
                index => {
                    let id = &self.ids[usize::from(index) - 1];
                    if id.packed == packed {
                        return Some(id);
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Builds the table of a guide whose nodes stand.
    pub(super) fn build(guide: &Guide) -> Result<Self, GuideError> {
        let mut dispatch = Self::default();
        dispatch.collect_ids(guide)?;
        dispatch.table = vec![NONE; guide.nodes.len() * dispatch.keys];
        let takers: Vec<Vec<u16>> = guide.nodes().map(|node| dispatch.keys_of(guide, node)).collect();
        // Before the first segment, every part of the root has a place: fragments begin anywhere.
        for &part in guide.children(NodeId::ROOT) {
            let Some(taker) = guide.first_segment(part) else { continue };
            for &key in &takers[taker.index()] {
                let cell = &mut dispatch.table[usize::from(key)];
                if *cell == NONE {
                    *cell = taker.0;
                }
            }
        }
        for from in guide.nodes() {
            if matches!(guide.node(from).what, Part::Segment(_)) {
                dispatch.follow(guide, &takers, from);
            }
        }
        Ok(dispatch)
    }

    fn collect_ids(&mut self, guide: &Guide) -> Result<(), GuideError> {
        let mut by_id: HashMap<&str, Uses<'_>> = HashMap::new();
        let mut order = Vec::new();
        for segment in &guide.segments {
            let entry = by_id.entry(&segment.id).or_insert_with(|| {
                order.push(segment.id.as_str());
                Uses::default()
            });
            let Some(element) = segment.elements.iter().find(|element| element.discriminator) else { continue };
            let place = (element.position, element.component);
            if entry.discriminator != (0, 0) && entry.discriminator != place {
                return Err(GuideError::rule(
                    &guide.name,
                    format!("{} is told apart by two different elements", segment.id),
                ));
            }
            entry.discriminator = place;
            entry.codes.push(&element.codes);
        }
        let mut keys = 0u16;
        for id in order {
            let Uses { discriminator, codes: lists } = &by_id[id];
            let base = keys;
            keys += 1;
            // Codes that the same uses list share a key.
            let mut classes: HashMap<Vec<bool>, u16> = HashMap::new();
            let mut codes: Vec<(u64, u16)> = Vec::new();
            for code in lists.iter().flat_map(|list| list.iter()) {
                let packed = pack(code.as_bytes());
                if codes.iter().any(|(known, _)| *known == packed) {
                    continue;
                }
                let class = lists.iter().map(|list| list.contains(code)).collect();
                let key = *classes.entry(class).or_insert_with(|| {
                    keys += 1;
                    keys - 1
                });
                codes.push((packed, key));
            }
            let slots = addressing(codes.iter().map(|(code, _)| *code));
            self.ids.push(Id { packed: pack(id.as_bytes()), base, discriminator: *discriminator, codes, slots });
        }
        self.keys = usize::from(keys);
        self.slots = addressing(self.ids.iter().map(|id| id.packed));
        Ok(())
    }

    /// The keys that a segment use takes.
    fn keys_of(&self, guide: &Guide, node: NodeId) -> Vec<u16> {
        let Some(segment) = guide.segment(node) else { return Vec::new() };
        let Some(id) = self.find(pack(segment.id.as_bytes())) else { return Vec::new() };
        match segment.elements.iter().find(|element| element.discriminator) {
            Some(element) => {
                let mut keys: Vec<u16> = element
                    .codes
                    .iter()
                    .filter_map(|code| id.codes.iter().find(|(known, _)| *known == pack(code.as_bytes())))
                    .map(|(_, key)| *key)
                    .collect();
                keys.sort_unstable();
                keys.dedup();
                keys
            }
            None => {
                let mut keys: Vec<u16> = id.codes.iter().map(|(_, key)| *key).collect();
                keys.push(id.base);
                keys.sort_unstable();
                keys.dedup();
                keys
            }
        }
    }

    fn follow(&mut self, guide: &Guide, takers: &[Vec<u16>], from: NodeId) {
        let row = from.index() * self.keys;
        let mut at = from;
        while at != NodeId::ROOT {
            let parent = guide.parent(at);
            let rank = guide.rank(at);
            for &part in guide.children(parent) {
                // The trigger of the loop itself begins a new occurrence: the loop around finds it.
                if guide.rank(part) < rank || guide.is_trigger(part) {
                    continue;
                }
                let Some(taker) = guide.first_segment(part) else { continue };
                for &key in &takers[taker.index()] {
                    let cell = &mut self.table[row + usize::from(key)];
                    if *cell == NONE {
                        *cell = taker.0;
                    }
                }
            }
            at = parent;
        }
    }
}

/// A table for open addressing: index + 1 of each word, at most a quarter full.
fn addressing(words: impl ExactSizeIterator<Item = u64>) -> Vec<u16> {
    let mut slots = vec![0; (words.len() * 4).next_power_of_two()];
    let mask = slots.len() - 1;
    for (index, word) in words.enumerate() {
        let mut slot = spread(word) & mask;
        while slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        slots[slot] = index as u16 + 1;
    }
    slots
}

fn spread(packed: u64) -> usize {
    (packed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
}
