//! Which checks run on which loops of a guide, and what is asked of its segments.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Check, Scope, found::Found, index::Taken, partner::Partner, plan::Plan, rules};
use crate::guide::{Guide, NAMES, NodeId, Place, Role};

/// A guide made ready for checking.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) guide: &'static Guide,
    /// Which of [`NAMES`] it is, or extends.
    pub(super) ordinal: usize,
    /// What its companion narrows.
    pub(super) partner: Option<Partner>,
    /// By node. A guide has a thousand segments, a file a few dozen kinds of them: each is worked out when it is met.
    plans: Vec<OnceLock<Plan>>,
    nodes: Vec<OfNode>,
    /// By the node of a segment: the role of the loop that it begins.
    begins: Vec<Role>,
}

/// What happens when a loop of a node closes.
#[derive(Debug, Default)]
struct OfNode {
    checks: Vec<Gated>,
    role: Role,
}

/// A check in a guide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gated {
    /// It has something to say only of loops where one of these parts is taken.
    pub(super) when: Taken,
    pub(super) run: fn(Scope<'_>, &mut Found<'_>),
}

impl Gated {
    /// `None` if all that it is about is not in the guide.
    fn of(check: &Check, guide: &Guide) -> Option<Self> {
        let mut places = check.when.iter().flatten().peekable();
        if places.peek().is_none() {
            return Some(Self { when: Taken::ALWAYS, run: check.run });
        }
        let parts = places.filter_map(|at| at.find(guide)).map(|(_, part)| Taken::part(part));
        Some(Self { when: parts.reduce(Taken::or)?, run: check.run })
    }
}

impl Prepared {
    /// Each guide is made ready once. A companion's is that of the published guide, with what it narrows.
    pub(super) fn of(guide: &'static Guide) -> Arc<Self> {
        static PUBLISHED: [OnceLock<Arc<Prepared>>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
        static COMPANIONS: Mutex<Vec<(&Guide, Arc<Prepared>)>> = Mutex::new(Vec::new());
        let published = NAMES.iter().position(|name| guide.base().is_none() && *name == guide.name);
        if let Some(ready) = published.and_then(|at| PUBLISHED.get(at)) {
            return ready.get_or_init(|| Arc::new(Self::new(guide))).clone();
        }
        let mut companions = COMPANIONS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, ready)) = companions.iter().find(|(known, _)| std::ptr::eq(*known, guide)) {
            return ready.clone();
        }
        let ready = Arc::new(Self::new(guide));
        companions.push((guide, ready.clone()));
        ready
    }

    fn new(own: &'static Guide) -> Self {
        let guide = own.published();
        let ordinal = NAMES.iter().position(|name| *name == guide.name).unwrap_or(NAMES.len());
        let name = NAMES.get(ordinal).copied().unwrap_or_default();
        let nodes = guide.nodes().map(|node| match guide.place(node) {
            Place::Segment(_) => OfNode::default(),
            Place::Loop(one) => OfNode {
                checks: rules::checks()
                    .filter(|check| check.on == one.id && check.guides.contains(&name))
                    .filter_map(|check| Gated::of(check, guide))
                    .collect(),
                role: guide.role(node),
            },
        });
        let nodes: Vec<OfNode> = nodes.collect();
        let begins = guide.nodes().map(|node| {
            let around = nodes.get(guide.parent(node).index());
            around.filter(|_| guide.is_trigger(node)).map_or(Role::Part, |around| around.role)
        });
        Self {
            begins: begins.collect(),
            guide,
            ordinal,
            partner: Partner::of(own),
            plans: guide.nodes().map(|_| OnceLock::new()).collect(),
            nodes,
        }
    }

    #[inline]
    pub(super) fn plan(&self, node: NodeId) -> Option<&Plan> {
        Some(self.plans.get(node.index())?.get_or_init(|| Plan::of_use(self.guide, node)))
    }

    #[inline]
    pub(super) fn checks(&self, node: NodeId) -> &[Gated] {
        self.nodes.get(node.index()).map_or(&[], |of| &of.checks)
    }

    pub(super) fn role(&self, node: NodeId) -> Role {
        self.nodes.get(node.index()).map_or(Role::Part, |of| of.role)
    }

    /// What the loop is to a report that a segment of a node begins.
    #[inline]
    pub(super) fn begins(&self, node: NodeId) -> Role {
        self.begins.get(node.index()).copied().unwrap_or_default()
    }
}
