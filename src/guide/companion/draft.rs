//! A companion guide while its lines are read: the base's tree, with definitions of its own where
//! the lines change them.

use super::{
    Limit, Override,
    narrow::{self, Wanted},
    place::Target,
};
use crate::guide::{Change, ElementUse, Guide, NodeId, Part, Usage, dictionary};

pub(super) struct Draft {
    guide: Guide,
    base: &'static Guide,
}

impl Draft {
    pub(super) fn new(name: &str, title: Option<&str>, base: &'static Guide) -> Self {
        let guide = Guide {
            name: name.to_owned(),
            id: base.id.clone(),
            also: base.also.clone(),
            set: base.set.clone(),
            group: base.group.clone(),
            title: title.map_or_else(|| base.title.clone(), str::to_owned),
            ids: Vec::new(),
            limits: base.limits.clone(),
            overrides: base.overrides.clone(),
            loops: base.loops.clone(),
            segments: base.segments.clone(),
            nodes: base.nodes.clone(),
            // Placement is the base's: codes that a companion no longer allows have their place.
            dispatch: base.dispatch.clone(),
            steps: Vec::new(),
            base: Some(base),
            changes: Vec::new(),
        };
        Self { guide, base }
    }

    pub(super) fn guide(&self) -> &Guide {
        &self.guide
    }

    /// The published guide that it extends in the end.
    pub(super) fn published(&self) -> &'static Guide {
        self.base.published()
    }

    pub(super) fn finish(mut self) -> Guide {
        self.guide.require();
        self.guide
    }

    pub(super) fn choose_by(&mut self, id: &str) {
        if !self.guide.ids.iter().any(|known| known == id) {
            self.guide.ids.push(id.to_owned());
        }
    }

    pub(super) fn limit(&mut self, limit: Limit) -> Result<(), String> {
        limit.join(&mut self.guide.limits)
    }

    pub(super) fn overrule(&mut self, rule: &str, verdict: Override) {
        self.guide.overrides.retain(|(known, _)| known != rule);
        self.guide.overrides.push((rule.to_owned(), verdict));
    }

    /// Does what a line wants. Nothing is changed if it is refused.
    pub(super) fn narrow(&mut self, target: &Target, wanted: &Wanted, line: usize) -> Result<(), String> {
        match target {
            Target::Loops(nodes) | Target::Segments(nodes) => self.narrow_parts(nodes, wanted, line),
            Target::Elements { segments, positions, components } => {
                let mut places = Vec::new();
                for position in positions.0..=positions.1 {
                    places.extend((components.0..=components.1).map(|component| (position, component)));
                }
                self.narrow_elements(segments, &places, wanted, line)
            }
        }
    }

    fn narrow_parts(&mut self, nodes: &[NodeId], wanted: &Wanted, line: usize) -> Result<(), String> {
        let mut changed = Vec::new();
        for &node in nodes {
            let author = self.author(node, (0, 0));
            let now = (self.guide.usage(node), self.guide.repeat(node));
            let new = (narrow::usage(now.0, wanted.usage, &author)?, narrow::repeat(now.1, wanted.repeat, &author)?);
            if new != now {
                changed.push((node, new));
            }
        }
        self.separate(changed.iter().map(|(node, _)| *node).collect());
        for (node, new) in changed {
            match self.guide.nodes[node.index()].what {
                Part::Loop(index) => {
                    let one = &mut self.guide.loops[index];
                    ((one.usage, one.repeat), one.narrowed) = (new, true);
                }
                Part::Segment(index) => {
                    let one = &mut self.guide.segments[index];
                    ((one.usage, one.repeat), one.narrowed) = (new, true);
                }
            }
            self.guide.changes.push(Change { node, element: (0, 0), line });
        }
        Ok(())
    }

    fn narrow_elements(
        &mut self,
        nodes: &[NodeId],
        places: &[(u8, u8)],
        wanted: &Wanted,
        line: usize,
    ) -> Result<(), String> {
        let mut changed = Vec::new();
        for &node in nodes {
            for &place in places {
                if let Some(new) = self.narrowed(node, place, wanted)? {
                    changed.push((node, new));
                }
            }
        }
        self.separate(changed.iter().map(|(node, _)| *node).collect());
        for (node, new) in changed {
            let element = (new.position, new.component);
            if let Part::Segment(index) = self.guide.nodes[node.index()].what
                && let Some(one) =
                    self.guide.segments[index].elements.iter_mut().find(|one| (one.position, one.component) == element)
            {
                *one = new;
            }
            self.guide.changes.push(Change { node, element, line });
        }
        Ok(())
    }

    /// What becomes of an element; none if nothing does.
    fn narrowed(
        &self,
        node: NodeId,
        (position, component): (u8, u8),
        wanted: &Wanted,
    ) -> Result<Option<ElementUse>, String> {
        let published = self.published();
        let element = |guide: &'_ Guide| guide.segment(node).and_then(|one| one.element(position, component)).cloned();
        let (Some(now), Some(stated)) = (element(&self.guide), element(published)) else {
            let segment = self.guide.segment(node).map_or("", |segment| segment.id.as_str());
            let part = if component > 0 { format!("-{component}") } else { String::new() };
            let standard = dictionary().ok().and_then(|known| known.data_element(segment, position, component));
            return match standard {
                None => Err(format!("the standard has no element {segment}{position:02}{part}")),
                // It is not used anyway.
                Some(_) if wanted.usage == Some(Usage::NotUsed) => Ok(None),
                Some(_) => Err(format!(
                    "{} does not use {segment}{position:02}{part}, and a companion guide only narrows",
                    published.name
                )),
            };
        };
        let author = self.author(node, (position, component));
        let mut new = narrow::element(&now, wanted, &stated, &author)?;
        if new == now {
            return Ok(None);
        }
        new.narrowed = true;
        Ok(Some(new))
    }

    /// Who said what stands at a place.
    fn author(&self, node: NodeId, (position, component): (u8, u8)) -> String {
        match self.guide.narrowed_by(node, position, component) {
            Some(by) if std::ptr::eq(by.companion, &self.guide) => format!("line {}", by.line),
            Some(by) => by.companion.name.clone(),
            None => self.published().name.clone(),
        }
    }

    /// Gives nodes definitions that no other node has, so that a change here is none elsewhere. The
    /// loops around them, which then differ from loops that were written once with them, get their
    /// own too.
    fn separate(&mut self, nodes: Vec<NodeId>) {
        let mut nodes = nodes;
        while !nodes.is_empty() {
            let mut any = false;
            for &node in &nodes {
                any |= self.separate_one(node, &nodes);
            }
            if !any {
                return;
            }
            let mut around: Vec<NodeId> =
                nodes.iter().map(|&node| self.guide.parent(node)).filter(|&node| node != NodeId::ROOT).collect();
            around.sort_unstable();
            around.dedup();
            // A loop is known by its first segment.
            for first in around.clone() {
                around.extend(self.guide.first_segment(first));
            }
            nodes = around;
        }
    }

    /// Gives those of the nodes that share this one's definition a copy, if others share it too.
    fn separate_one(&mut self, node: NodeId, nodes: &[NodeId]) -> bool {
        let what = self.guide.nodes[node.index()].what;
        let is_shared = |other: NodeId| self.guide.nodes[other.index()].what == what && !nodes.contains(&other);
        if !self.guide.nodes().any(is_shared) {
            return false;
        }
        let copy = match what {
            Part::Loop(index) => {
                self.guide.loops.push(self.guide.loops[index].clone());
                Part::Loop(self.guide.loops.len() - 1)
            }
            Part::Segment(index) => {
                self.guide.segments.push(self.guide.segments[index].clone());
                Part::Segment(self.guide.segments.len() - 1)
            }
        };
        for node in nodes {
            let node = &mut self.guide.nodes[node.index()];
            if node.what == what {
                node.what = copy;
            }
        }
        true
    }
}
