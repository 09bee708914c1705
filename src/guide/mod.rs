//! Guides: what may stand where.
//!
//! A guide is read from `specs/*.guide` over `specs/x12.dictionary` (the notation is explained in
//! `specs/README.md`). Placement, checking, reading, writing, acknowledgments, the data dictionary
//! and `explain` are interpreters of the value read here; nothing about a loop, a segment, an
//! element or a code is stated anywhere else.
//!
//! A [`Guide`] holds two views of the same facts: the *definitions* ([`Loop`], [`SegmentUse`],
//! [`ElementUse`]) as they are written, and the *tree* of [`Node`]s, in which a loop that is used
//! in two places (2300 under 2000B and 2000C) stands twice.
//!
//! A *companion guide* ([`parse_companion`], [`Library`]) is a guide too: that of a trading partner
//! who wants less than the guide it extends allows. Its tree is that guide's, node for node, so a
//! [`NodeId`] means the same place in both, and a segment is placed alike by both; the definitions
//! differ where the partner's do. What the published guide says of a place is
//! `guide.published().place(node)`, and who narrowed it [`Guide::narrowed_by`].

mod companion;
mod designator;
mod dictionary;
mod dispatch;
mod error;
mod language;
mod library;
mod notation;
mod pattern;

pub use companion::{Limit, Override, parse_companion};
pub use designator::{Designator, DesignatorError};
pub use dictionary::{DataElement, DataType, Dictionary, DictionaryElement, Requirement, SyntaxNote, dictionary};
pub(crate) use dispatch::{Lookup, pack};
pub use error::GuideError;
pub use language::parse;
pub use library::{Library, LibraryError, NAMES, by_id, by_name, for_set};

use dispatch::Dispatch;

/// One implementation guide.
#[derive(Debug)]
pub struct Guide {
    /// The name people use: `837P`.
    pub name: String,
    /// The adopted identifier (ST03, GS08): `005010X222A1`.
    pub id: String,
    /// Other identifiers with the same content that are accepted and written back.
    pub also: Vec<String>,
    /// ST01: `837`.
    pub set: String,
    /// GS01: `HC`.
    pub group: String,
    /// The guide's title.
    pub title: String,
    /// Of a companion guide: the identifiers (ST03, GS08) that choose it; none if those of the
    /// guide that it extends do.
    pub ids: Vec<String>,
    /// Of a companion guide: the partner's limits, those of the companion it extends included.
    pub limits: Vec<Limit>,
    /// Of a companion guide: rule ids, and what the partner makes of them; each id once. Whether
    /// there is such a rule is for the owner of the rules to check.
    pub overrides: Vec<(String, Override)>,
    loops: Vec<Loop>,
    segments: Vec<SegmentUse>,
    nodes: Vec<Node>,
    dispatch: Dispatch,
    steps: Vec<Step>,
    /// The guide that this one, a companion, extends.
    base: Option<&'static Guide>,
    changes: Vec<Change>,
}

/// A loop as a guide defines it. The transaction set itself is the loop with an empty id.
#[derive(Clone, Debug)]
pub struct Loop {
    /// `2310B`; empty for the transaction set.
    pub id: String,
    /// What the guide calls it.
    pub name: String,
    /// Required or situational; not used, in a companion guide.
    pub usage: Usage,
    /// How often it may occur inside its parent.
    pub repeat: Repeat,
    /// The base standard's position; neighbours with equal positions may come in any order.
    pub position: u16,
    /// Whether usage or repeat are a companion's, narrower than the published guide's.
    pub narrowed: bool,
    /// As written; in a companion as its base wrote them. The nodes say what holds.
    parts: Vec<Part>,
}

/// One use of a segment inside a loop.
#[derive(Clone, Debug)]
pub struct SegmentUse {
    /// `REF`.
    pub id: String,
    /// What the guide calls this use.
    pub name: String,
    /// Required or situational; not used, in a companion guide.
    pub usage: Usage,
    /// How often it may occur inside its loop.
    pub repeat: Repeat,
    /// The base standard's position.
    pub position: u16,
    /// Whether usage or repeat are a companion's, narrower than the published guide's. Elements say
    /// so for themselves.
    pub narrowed: bool,
    /// Elements and components the guide uses, in order; a composite stands before its components.
    pub elements: Vec<ElementUse>,
}

/// One element or component of a [`SegmentUse`]. What the dictionary has and no `ElementUse` names
/// is not used by the guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementUse {
    /// Position in the segment, from 1.
    pub position: u8,
    /// Position in the composite, from 1; 0 for the element itself.
    pub component: u8,
    /// Required or situational; not used, in a companion guide.
    pub usage: Usage,
    /// Whether the codes of this element tell the use from others of the same segment.
    pub discriminator: bool,
    /// How often the element may repeat.
    pub repeat: Repeat,
    /// The industry name.
    pub name: String,
    /// The codes allowed; empty where the guide lists none. Of the fixed-width elements of the ISA
    /// without their padding. An identifier of a guide stands for its other identifiers too
    /// ([`Guide::accepts`]), unless a companion has narrowed the element: then it is meant literally.
    pub codes: Vec<String>,
    /// External code lists that govern the value, by their names in `specs/codes`.
    pub lists: Vec<String>,
    /// The guide's own limit, shorter than the dictionary's (characters; digits for numbers).
    pub max: Option<u16>,
    /// Most digits after the decimal point.
    pub decimals: Option<u8>,
    /// A pattern the whole value must have (`specs/README.md` says what a pattern is made of).
    pub pattern: Option<String>,
    /// Whether any of this is a companion's, narrower than the published guide's.
    pub narrowed: bool,
    /// The data element: number, type and lengths. A composite's is [`DataType::Composite`].
    pub data: DataElement,
}

/// Whether a part must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `R`
    Required,
    /// `S`
    Situational,
    /// `N`: only in companion guides, of what the guide they extend uses. Such a part keeps its
    /// place, so that a file that has it converts all the same.
    NotUsed,
}

/// How often a part may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// At most so often.
    UpTo(u16),
    /// `>1`: no limit.
    Unlimited,
}

impl Repeat {
    /// Whether a count is within the limit.
    pub fn allows(self, count: u32) -> bool {
        match self {
            Self::UpTo(most) => count <= u32::from(most),
            Self::Unlimited => true,
        }
    }

    /// Whether it may stand more than once.
    pub fn is_many(self) -> bool {
        self != Self::UpTo(1)
    }
}

impl std::fmt::Display for Repeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UpTo(most) => write!(f, "{most}"),
            Self::Unlimited => f.write_str(">1"),
        }
    }
}

/// A part of a loop definition: an index into the guide's segments or loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Segment(usize),
    Loop(usize),
}

/// A line of a companion guide that narrowed something.
#[derive(Clone, Copy, Debug)]
struct Change {
    node: NodeId,
    /// Element and component; zeros for the part itself.
    element: (u8, u8),
    line: usize,
}

/// Who narrowed what the published guide says: see [`Guide::narrowed_by`].
#[derive(Clone, Copy, Debug)]
pub struct Narrowing<'g> {
    /// The companion guide.
    pub companion: &'g Guide,
    /// The line of its text, from 1.
    pub line: usize,
}

/// A place in the guide's tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u16);

impl NodeId {
    /// The transaction set.
    pub const ROOT: NodeId = NodeId(0);

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A loop or a segment use at its place in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    parent: NodeId,
    /// Index among the parent's parts.
    part: u16,
    /// Order among the parent's parts: parts of one rank may come in any order.
    rank: u16,
    what: Part,
    role: Role,
    children: Vec<NodeId>,
    /// Those of the children that must stand.
    required: Vec<NodeId>,
}

/// What a loop is to those who take claims one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// One claim, claim payment or claim status.
    Claim,
    /// A loop around claims, such as a billing provider: what it says holds for all of them.
    Level,
    /// Something else: a part of a claim, of a level, or of the transaction set.
    #[default]
    Part,
}

/// What the walk asks of a node for every segment, close together: nodes and definitions are large, and far
/// apart in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    /// The loop it stands in.
    pub(crate) around: NodeId,
    /// Index among the parts of that loop.
    pub(crate) part: u16,
    /// How many parts it has.
    pub(crate) parts: u16,
    /// How often it may stand; 0 without a limit.
    pub(crate) most: u16,
    /// Whether it is the segment that begins its loop.
    pub(crate) begins: bool,
    /// The id of the innermost loop at or around it.
    pub(crate) id: LoopKey,
}

/// The id of a loop, so that ids compare in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoopKey(u64);

impl LoopKey {
    /// Of an id; ids have at most six characters.
    #[inline]
    pub(crate) const fn of(id: &str) -> Self {
        let (bytes, mut key, mut at) = (id.as_bytes(), 0, 0);
        while at < bytes.len() && at < 8 {
            key = key << 8 | bytes[at] as u64;
            at += 1;
        }
        Self(key)
    }
}

impl Step {
    fn of(guide: &Guide, node: NodeId) -> Self {
        Self {
            around: guide.parent(node),
            part: guide.node(node).part,
            parts: u16::try_from(guide.children(node).len()).unwrap_or(u16::MAX),
            most: match guide.repeat(node) {
                Repeat::UpTo(most) => most,
                Repeat::Unlimited => 0,
            },
            begins: guide.is_trigger(node),
            id: LoopKey::of(guide.loop_id(node)),
        }
    }
}

/// What stands at a [`Node`].
#[derive(Clone, Copy, Debug)]
pub enum Place<'g> {
    /// A loop.
    Loop(&'g Loop),
    /// A segment use.
    Segment(&'g SegmentUse),
}

impl Guide {
    /// The guide that this one, a companion, extends; none for a published guide. It has the same
    /// nodes.
    pub fn base(&self) -> Option<&'static Guide> {
        self.base
    }

    /// The published guide: what a companion extends in the end, itself otherwise. It has the same
    /// nodes. Records and JSON are bound to it, never to a companion.
    pub fn published(&self) -> &Guide {
        self.base.map_or(self, Guide::published)
    }

    /// The companion, of those between this guide and the published one, that narrowed a part
    /// (position 0) or an element of it last, and where. None if all is the published guide's.
    pub fn narrowed_by(&self, node: NodeId, position: u8, component: u8) -> Option<Narrowing<'_>> {
        let change = self.changes.iter().rev().find(|one| one.node == node && one.element == (position, component));
        match change {
            Some(change) => Some(Narrowing { companion: self, line: change.line }),
            None => self.base?.narrowed_by(node, position, component),
        }
    }

    /// What this companion itself narrowed: node, position, component (zeros for the part itself),
    /// in the order of its lines.
    pub fn narrowings(&self) -> impl Iterator<Item = (NodeId, u8, u8)> + '_ {
        self.changes.iter().map(|one| (one.node, one.element.0, one.element.1))
    }

    /// What stands at a node.
    pub fn place(&self, node: NodeId) -> Place<'_> {
        match self.node(node).what {
            Part::Loop(index) => Place::Loop(&self.loops[index]),
            Part::Segment(index) => Place::Segment(&self.segments[index]),
        }
    }

    /// The segment use at a node, if it is one.
    pub fn segment(&self, node: NodeId) -> Option<&SegmentUse> {
        match self.place(node) {
            Place::Segment(segment) => Some(segment),
            Place::Loop(_) => None,
        }
    }

    /// The loop at a node, if it is one.
    pub fn loop_at(&self, node: NodeId) -> Option<&Loop> {
        match self.place(node) {
            Place::Loop(one) => Some(one),
            Place::Segment(_) => None,
        }
    }

    /// Every node, depth first, in the guide's order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.nodes.len() as u16).map(NodeId)
    }

    /// The parts of a loop, in the guide's order. Empty for a segment.
    pub fn children(&self, node: NodeId) -> &[NodeId] {
        &self.node(node).children
    }

    /// The parts of a loop that must stand.
    pub(crate) fn required(&self, node: NodeId) -> &[NodeId] {
        &self.node(node).required
    }

    /// The loop a node stands in; the root's is itself.
    pub fn parent(&self, node: NodeId) -> NodeId {
        self.node(node).parent
    }

    /// What a node is to those who take claims one by one.
    pub fn role(&self, node: NodeId) -> Role {
        self.node(node).role
    }

    /// Whether the node is the segment that begins its loop.
    pub fn is_trigger(&self, node: NodeId) -> bool {
        let node = self.node(node);
        node.part == 0 && matches!(node.what, Part::Segment(_))
    }

    /// The segment that begins a part: itself, or the loop's first.
    pub(crate) fn first_segment(&self, node: NodeId) -> Option<NodeId> {
        match self.node(node).what {
            Part::Segment(_) => Some(node),
            Part::Loop(_) => self.children(node).first().copied(),
        }
    }

    /// Index of a node among its loop's parts.
    pub(crate) fn part(&self, node: NodeId) -> usize {
        usize::from(self.node(node).part)
    }

    pub(crate) fn rank(&self, node: NodeId) -> u16 {
        self.node(node).rank
    }

    /// Required or situational; not used, in a companion guide.
    pub fn usage(&self, node: NodeId) -> Usage {
        match self.place(node) {
            Place::Loop(one) => one.usage,
            Place::Segment(segment) => segment.usage,
        }
    }

    /// How often it may stand in its loop.
    pub fn repeat(&self, node: NodeId) -> Repeat {
        match self.place(node) {
            Place::Loop(one) => one.repeat,
            Place::Segment(segment) => segment.repeat,
        }
    }

    /// What the guide calls it.
    pub fn title(&self, node: NodeId) -> &str {
        match self.place(node) {
            Place::Loop(one) => &one.name,
            Place::Segment(segment) => &segment.name,
        }
    }

    /// The id of the innermost loop at or around a node; empty at the root.
    pub fn loop_id(&self, node: NodeId) -> &str {
        match self.place(node) {
            Place::Loop(one) => &one.id,
            Place::Segment(_) => self.loop_id(self.parent(node)),
        }
    }

    /// Loop ids from the root: `2000A/2000B/2300`.
    pub fn path(&self, node: NodeId) -> String {
        let mut ids = Vec::new();
        let mut at = node;
        while at != NodeId::ROOT {
            if let Place::Loop(one) = self.place(at) {
                ids.push(one.id.as_str());
            }
            at = self.parent(at);
        }
        ids.reverse();
        ids.join("/")
    }

    /// The notation for a node inside its loop: `CLM`, `REF[G1]` where the loop has several uses of
    /// REF, `2310B` for a loop. A companion's is that of the published guide.
    pub fn designator(&self, node: NodeId) -> String {
        if let Some(base) = self.base {
            return base.designator(node);
        }
        match self.place(node) {
            Place::Loop(one) => one.id.clone(),
            Place::Segment(segment) => match self.discriminator(node) {
                Some(element) if self.has_twins(node) => {
                    format!("{}[{}]", segment.id, element.codes.first().map_or("", String::as_str))
                }
                _ => segment.id.clone(),
            },
        }
    }

    fn has_twins(&self, node: NodeId) -> bool {
        let id = self.segment(node).map(|segment| segment.id.as_str());
        self.children(self.parent(node))
            .iter()
            .filter(|&&other| self.segment(other).map(|segment| segment.id.as_str()) == id)
            .count()
            > 1
    }

    /// The element whose codes tell a segment use (or a loop, by its first segment) from others.
    pub fn discriminator(&self, node: NodeId) -> Option<&ElementUse> {
        match self.place(node) {
            Place::Segment(segment) => segment.elements.iter().find(|element| element.discriminator),
            Place::Loop(_) => self.children(node).first().and_then(|&first| self.discriminator(first)),
        }
    }

    /// Whether an identifier (GS08, ST03) names this guide.
    pub fn accepts(&self, id: &str) -> bool {
        self.id == id || self.also.iter().chain(&self.ids).any(|other| other == id)
    }

    /// Notes for each loop which of its parts must stand, and what the walk asks of every node.
    fn require(&mut self) {
        for index in 0..self.nodes.len() {
            let mut required = self.nodes[index].children.clone();
            required.retain(|&child| self.usage(child) == Usage::Required);
            self.nodes[index].required = required;
        }
        self.steps = self.nodes().map(|node| Step::of(self, node)).collect();
    }

    /// Notes which loops are claims, and what stands around them; false if there is no loop of that id.
    fn tell_roles(&mut self, claim: &str) -> bool {
        let is_claim = |node: &NodeId| self.loop_at(*node).is_some_and(|one| one.id == claim);
        let claims: Vec<NodeId> = self.nodes().filter(is_claim).collect();
        for &claim in &claims {
            self.nodes[claim.index()].role = Role::Claim;
            let mut around = self.parent(claim);
            while around != NodeId::ROOT {
                self.nodes[around.index()].role = Role::Level;
                around = self.parent(around);
            }
        }
        !claims.is_empty()
    }

    /// What the walk asks of a node.
    #[inline]
    pub(crate) fn step(&self, node: NodeId) -> Step {
        self.steps.get(node.index()).copied().unwrap_or_default()
    }

    pub(crate) fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.index()]
    }
}

impl SegmentUse {
    /// The use of an element (component 0) or component, if the guide uses it.
    pub fn element(&self, position: u8, component: u8) -> Option<&ElementUse> {
        self.elements.iter().find(|element| element.position == position && element.component == component)
    }
}

impl ElementUse {
    /// The only code this element can hold, if there is just one.
    pub fn only_code(&self) -> Option<&str> {
        match self.codes.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// `CLM05-3` for a segment id.
    pub fn designator(&self, segment: &str) -> String {
        if self.component == 0 {
            format!("{segment}{:02}", self.position)
        } else {
            format!("{segment}{:02}-{}", self.position, self.component)
        }
    }
}
