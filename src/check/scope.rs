//! What a rule sees: a loop, what stands in it, and the loops around it.

use std::{
    fmt,
    sync::atomic::{AtomicU16, Ordering},
};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{index::Index, value};
use crate::{
    guide::{Designator, Guide, LoopKey, NAMES, NodeId, Place as Node},
    place::{Entry, Tape},
    x12::Segment,
};

/// A part of a loop, as the guides name it: `2300/REF[F8]`, `2300/2310B`, or `/BHT` in the transaction set
/// itself. Each guide is asked once where it is.
#[derive(Debug)]
pub(crate) struct At {
    loop_id: &'static str,
    key: LoopKey,
    part: &'static str,
    /// By guide: index of the part in its loop and two more, or one of these.
    found: [AtomicU16; NAMES.len()],
}

/// Nobody has asked yet.
const NOT_ASKED: u16 = 0;
/// The guide has no such place.
const NOWHERE: u16 = 1;

impl At {
    pub(super) const fn new(loop_id: &'static str, part: &'static str) -> Self {
        Self { loop_id, key: LoopKey::of(loop_id), part, found: [const { AtomicU16::new(NOT_ASKED) }; NAMES.len()] }
    }

    /// The id of the loop it is in.
    #[cfg(test)]
    pub(super) fn loop_id(&self) -> &'static str {
        self.loop_id
    }

    /// Index among the parts of its loop.
    #[inline]
    fn part(&self, view: &View<'_>) -> Option<usize> {
        let found = self.found.get(view.ordinal)?;
        match found.load(Ordering::Relaxed) {
            NOT_ASKED => self.ask(found, view.guide),
            NOWHERE => None,
            part => Some(usize::from(part - 2)),
        }
    }

    #[cold]
    fn ask(&self, found: &AtomicU16, guide: &Guide) -> Option<usize> {
        let part = self.find(guide).map(|(_, part)| part);
        let answer = part.and_then(|part| u16::try_from(part + 2).ok()).unwrap_or(NOWHERE);
        found.store(answer, Ordering::Relaxed);
        part
    }

    /// The node of the loop and the index of the part, in a guide.
    pub(super) fn find(&self, guide: &Guide) -> Option<(NodeId, usize)> {
        let designator = Designator::parse(self.part).ok()?;
        let around = guide
            .nodes()
            .find(|node| matches!(guide.place(*node), Node::Loop(_)) && guide.loop_id(*node) == self.loop_id)?;
        let part = guide.children(around).iter().position(|&child| match guide.place(child) {
            Node::Loop(inner) => inner.id == designator.id,
            Node::Segment(segment) => {
                segment.id == designator.id
                    && (designator.code.is_empty()
                        || guide
                            .discriminator(child)
                            .is_some_and(|element| element.codes.iter().any(|code| code == designator.code)))
            }
        })?;
        Some((around, part))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.loop_id, self.part)
    }
}

/// Declares places, each a static, and lists them all in `PLACES`.
macro_rules! places {
    ($($name:ident = $loop:literal / $part:literal;)*) => {
        $(static $name: $crate::check::scope::At = $crate::check::scope::At::new($loop, $part);)*
        /// Every place that the rules of this file name.
        #[allow(dead_code, reason = "a test walks them")]
        pub(in $crate::check) static PLACES: &[&$crate::check::scope::At] = &[$(&$name),*];
    };
}
pub(super) use places;

/// The tape of an open transaction set, with its index.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'c> {
    pub(super) guide: &'static Guide,
    /// Which of [`NAMES`] the guide is, or extends.
    pub(super) ordinal: usize,
    pub(super) tape: &'c Tape,
    pub(super) index: &'c Index,
}

/// A loop with what stands in it.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'c> {
    pub(super) view: &'c View<'c>,
    pub(super) entry: usize,
    /// Where the index has its parts.
    parts: usize,
    node: NodeId,
    id: LoopKey,
}

/// A segment that stands in a loop.
#[derive(Clone, Copy, Debug)]
pub struct Held<'c> {
    /// The segment.
    pub segment: Segment<'c>,
    pub(super) entry: &'c Entry,
    view: &'c View<'c>,
    at: usize,
}

impl<'c> Scope<'c> {
    #[inline]
    pub(super) fn new(view: &'c View<'c>, entry: usize) -> Option<Self> {
        let node = view.tape.entry(entry)?.node;
        Some(Self { view, entry, parts: view.index.parts_of(entry), node, id: view.guide.step(node).id })
    }

    /// The loop's id; empty for the transaction set.
    pub fn id(self) -> &'static str {
        self.view.guide.loop_id(self.node)
    }

    /// The guide.
    pub fn guide(self) -> &'static Guide {
        self.view.guide
    }

    /// The loop's node in the guide.
    pub fn node(self) -> NodeId {
        self.node
    }

    /// Whether the guide is, or extends, the one of this name.
    pub fn is(self, guide: &str) -> bool {
        NAMES.get(self.view.ordinal).is_some_and(|name| *name == guide)
    }

    /// The first segment at a place of this loop.
    #[inline]
    pub(crate) fn first(self, at: &At) -> Option<Held<'c>> {
        self.held(self.view.index.first(self.parts, self.part(at)?)?)
    }

    /// The segments at a place of this loop.
    #[inline]
    pub(crate) fn all(self, at: &At) -> impl Iterator<Item = Held<'c>> + use<'c> {
        self.entries(at).filter_map(move |entry| self.held(entry))
    }

    /// Whether anything stands at a place of this loop.
    #[inline]
    pub(crate) fn has(self, at: &At) -> bool {
        self.part(at).is_some_and(|part| self.view.index.first(self.parts, part).is_some())
    }

    /// How often a place of this loop has been taken, by loops that have been forgotten too.
    pub(crate) fn count(self, at: &At) -> u32 {
        self.part(at).map_or(0, |part| self.view.index.count(self.parts, part))
    }

    /// The loops at a place of this loop.
    #[inline]
    pub(crate) fn loops(self, at: &At) -> impl Iterator<Item = Scope<'c>> + use<'c> {
        self.entries(at).filter_map(move |entry| Scope::new(self.view, entry))
    }

    /// The first loop at a place of this loop.
    pub(crate) fn inner(self, at: &At) -> Option<Scope<'c>> {
        self.loops(at).next()
    }

    /// The loops that stand in this one, in the order of the file, as far as they are not forgotten.
    pub fn inside(self) -> impl Iterator<Item = Scope<'c>> + use<'c> {
        let Self { view, entry, .. } = self;
        view.tape.inside(entry).filter(|(_, entry)| entry.is_loop()).filter_map(move |(at, _)| Scope::new(view, at))
    }

    /// The loop around this one; the transaction set's is itself.
    pub fn around(self) -> Scope<'c> {
        Scope::new(self.view, self.view.tape.around(self.entry)).unwrap_or(self)
    }

    /// The loop of an id among those around this one, or this one.
    #[inline]
    pub fn up(self, id: &str) -> Option<Scope<'c>> {
        let (key, mut at) = (LoopKey::of(id), self);
        loop {
            if at.id == key {
                return Some(at);
            }
            if at.entry == 0 {
                return None;
            }
            at = at.around();
        }
    }

    /// Which of its like in the loop around it this loop is, from 0, those forgotten counted too. Right
    /// while it is the latest, as a loop that has just closed and those around it are.
    pub fn ordinal(self) -> u32 {
        let around = self.view.tape.around(self.entry);
        self.view.index.count(self.view.index.parts_of(around), self.view.guide.part(self.node)).saturating_sub(1)
    }

    /// The loops in this one that hold a position of the transaction set, outer ones first, each with which
    /// of its like in the loop around it that is, from 0.
    pub fn loops_at(self, position: u32) -> impl Iterator<Item = (NodeId, u32)> + use<'c> {
        let tape = self.view.tape;
        let mut at = Some(self.entry);
        std::iter::from_fn(move || {
            let around = at.take()?;
            let before = || {
                let loops = tape.inside(around).filter(|(_, entry)| entry.is_loop());
                loops.take_while(|(_, entry)| entry.position <= position)
            };
            let (inner, entry) = before().last()?;
            // A segment of the loop around may follow the inner one.
            let later = tape
                .inside(around)
                .any(|(index, other)| index > inner && !other.is_loop() && other.position <= position);
            if later {
                return None;
            }
            at = Some(inner);
            let ordinal = before().filter(|(_, other)| other.node == entry.node).count().saturating_sub(1);
            Some((entry.node, ordinal as u32))
        })
    }

    /// Every segment of this very loop, in the order of the file.
    pub fn segments(self) -> impl Iterator<Item = Held<'c>> + use<'c> {
        let Self { view, entry, .. } = self;
        view.tape.inside(entry).filter(|(_, entry)| !entry.is_loop()).filter_map(move |(at, _)| self.held(at))
    }

    /// The segment that begins the loop.
    pub fn begin(self) -> Option<Held<'c>> {
        self.held(self.entry + 1)
    }

    /// The first segment of an id in this very loop.
    pub fn segment(self, id: &str) -> Option<Held<'c>> {
        self.segments().find(|held| held.segment.id() == id.as_bytes())
    }

    /// How often a part of this loop has stood.
    pub(super) fn count_of(self, part: NodeId) -> u32 {
        self.view.index.count(self.parts, self.view.guide.part(part))
    }

    /// The segments at a part of this loop.
    pub(super) fn all_of(self, part: NodeId) -> impl Iterator<Item = Held<'c>> + use<'c> {
        let index = self.view.index;
        let first = index.first(self.parts, self.view.guide.part(part));
        std::iter::successors(first, move |entry| index.next(*entry)).filter_map(move |entry| self.held(entry))
    }

    /// The last segment at a part of this loop, or the first of the last loop there.
    pub(super) fn last_of(self, part: NodeId) -> Option<Held<'c>> {
        let entry = self.view.index.last(self.parts, self.view.guide.part(part))?;
        self.held(entry).or_else(|| Scope::new(self.view, entry)?.begin())
    }

    /// The node of a place of this loop.
    pub(super) fn child(self, at: &At) -> Option<NodeId> {
        self.view.guide.children(self.node).get(self.part(at)?).copied()
    }

    fn entries(self, at: &At) -> impl Iterator<Item = usize> + use<'c> {
        let first = self.part(at).and_then(|part| self.view.index.first(self.parts, part));
        let index = self.view.index;
        std::iter::successors(first, move |entry| index.next(*entry))
    }

    #[inline]
    fn part(self, at: &At) -> Option<usize> {
        if self.id == at.key { at.part(self.view) } else { None }
    }

    #[inline]
    fn held(self, at: usize) -> Option<Held<'c>> {
        let entry = self.view.tape.entry(at).filter(|entry| !entry.is_loop())?;
        Some(Held { segment: self.view.tape.segment(entry), entry, view: self.view, at })
    }
}

impl<'c> Held<'c> {
    /// Element `n`, from 1; empty if there is none.
    #[inline]
    pub fn element(self, n: usize) -> &'c [u8] {
        self.segment.element(n)
    }

    /// Component `c` of element `n`, from 1; empty if there is none.
    #[inline]
    pub fn component(self, n: usize, c: usize) -> &'c [u8] {
        self.segment.component(n, c)
    }

    /// The amount or quantity in an element; `None` if there is none that can be read.
    pub fn number(self, n: usize) -> Option<Decimal> {
        value::number(self.element(n))
    }

    /// The date in an element of the form CCYYMMDD.
    pub fn date(self, n: usize) -> Option<Date> {
        value::date(self.element(n))
    }

    /// The period in element `n` whose form is told by element `form` (D8, RD8, DT): first and last day.
    pub fn period(self, form: usize, n: usize) -> Option<(Date, Date)> {
        value::period(self.element(form), self.element(n))
    }

    /// The guide.
    pub fn guide(self) -> &'static Guide {
        self.view.guide
    }

    /// The id of the loop it stands in; empty outside loops.
    pub fn loop_id(self) -> &'static str {
        self.view.guide.loop_id(self.entry.node)
    }

    /// Its line in the file.
    pub fn line(self) -> u64 {
        self.view.index.line(self.at)
    }

    /// Where it begins in the file, in bytes from 0.
    pub fn offset(self) -> u64 {
        self.entry.offset
    }

    /// Position in the transaction set, ST = 1.
    pub fn position(self) -> u32 {
        self.entry.position
    }
}
