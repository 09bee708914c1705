//! The join of a record's table with a guide.
//!
//! A [`Binding`] knows, for each field, the part of the loop it reaches and the format its element
//! gives it; and for each segment, element by element, whether a field holds it, the guide implies
//! it, or a counter fills it. Reading and writing walk it without looking anything up.

use super::{
    Field, Kind, Record, Shape,
    held::Holdings,
    plan::{
        Chunk, Counter, ElementPlan, FieldPlan, FieldSet, Fields, Fill, Flow, LoopPlan, NO_FIELD, NO_SLOT, PartPlan,
        Reach, SegmentPlan, Traits, Value,
    },
    scalar::Format,
};
use crate::guide::{Designator, ElementUse, Guide, NodeId, Place, Repeat, SegmentUse, Usage};

/// A record's table joined with a guide, at one of its loops.
#[derive(Debug)]
pub struct Binding {
    pub(crate) guide: &'static Guide,
    pub(crate) plan: LoopPlan,
}

/// A table that does not go with a guide.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The guide has no loop at the path.
    #[error("guide {guide} has no loop at `{path}`")]
    NoLoop {
        /// The guide.
        guide: String,
        /// The path of loop ids asked for.
        path: String,
    },
}

impl Binding {
    /// Joins a record with the loop at a path of loop ids (`2000A/2000B`; empty for the transaction
    /// set).
    ///
    /// # Errors
    /// A path that leads to no loop.
    pub fn of<R: Record>(guide: &'static Guide, path: &str) -> Result<Self, BindError> {
        Self::of_shape(guide, path, R::SHAPE)
    }

    /// As [`Binding::of`], for a table at hand.
    ///
    /// # Errors
    /// A path that leads to no loop.
    pub fn of_shape(guide: &'static Guide, path: &str, shape: &'static Shape) -> Result<Self, BindError> {
        Self::with(guide, path, shape, |_| true)
    }

    /// As [`Binding::of_shape`], with only those fields of the table itself that are wanted.
    ///
    /// # Errors
    /// A path that leads to no loop.
    pub fn with(
        guide: &'static Guide,
        path: &str,
        shape: &'static Shape,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Self, BindError> {
        let node = loop_at(guide, path)
            .ok_or_else(|| BindError::NoLoop { guide: guide.name.clone(), path: path.to_owned() })?;
        Ok(Self { guide, plan: LoopPlan::with(guide, node, shape, &wanted) })
    }

    /// Joins a table with the loop at a node.
    pub(crate) fn at(guide: &'static Guide, node: NodeId, shape: &'static Shape) -> Self {
        Self { guide, plan: LoopPlan::new(guide, node, shape) }
    }

    /// The guide.
    pub fn guide(&self) -> &'static Guide {
        self.guide
    }

    /// The loop.
    pub fn node(&self) -> NodeId {
        self.plan.node
    }

    /// The table.
    pub fn shape(&self) -> &'static Shape {
        self.plan.shape
    }

    /// Whether the loop begins with an HL.
    pub fn is_hierarchical(&self) -> bool {
        self.plan.hierarchical
    }
}

/// The loop at a path of loop ids from the root.
fn loop_at(guide: &Guide, path: &str) -> Option<NodeId> {
    path.split('/').filter(|id| !id.is_empty()).try_fold(NodeId::ROOT, |at, id| {
        guide.children(at).iter().copied().find(|&child| guide.loop_at(child).is_some_and(|one| one.id == id))
    })
}

impl LoopPlan {
    fn new(guide: &Guide, node: NodeId, shape: &'static Shape) -> Self {
        Self::with(guide, node, shape, &|_| true)
    }

    fn with(guide: &Guide, node: NodeId, shape: &'static Shape, wanted: &dyn Fn(&str) -> bool) -> Self {
        let mut inlined = Vec::new();
        collect_inlined(guide, node, shape, &mut inlined);
        let mut plan = Self {
            node,
            id: guide.loop_id(node).to_owned(),
            shape,
            parts: Vec::new(),
            traits: Vec::new(),
            fields: Fields::default(),
            slots: Vec::new(),
            standing: Vec::new(),
            hierarchical: false,
            many: false,
            homeless: Vec::new(),
            reaching: Vec::new(),
            rows: Vec::new(),
            holdings: Holdings::default(),
            first_other: NO_SLOT,
            unslotted: FieldSet::default(),
        };
        for &child in guide.children(node) {
            if inlined.contains(&child) {
                let first = plan.parts.len() as u16;
                let range = first..first + guide.children(child).len() as u16;
                for &part in guide.children(child) {
                    plan.add_part(guide, part, Some(range.clone()));
                }
            } else {
                plan.add_part(guide, child, None);
            }
        }
        plan.hierarchical = matches!(plan.parts.first(), Some(PartPlan::Segment(first)) if first.id == b"HL");
        let scope = LoopScope { guide, node, inlined: &inlined };
        plan.fields = Fields::new(plan.bind_fields(scope, shape, None, wanted));
        plan.finish();
        plan
    }

    fn add_part(&mut self, guide: &Guide, node: NodeId, inlined: Option<std::ops::Range<u16>>) {
        let slot = self.parts.len() as u16;
        let distance = node.index() - self.node.index();
        if self.slots.len() <= distance {
            self.slots.resize(distance + 1, NO_SLOT);
        }
        self.slots[distance] = slot;
        let part = match guide.place(node) {
            Place::Segment(segment) => PartPlan::Segment(SegmentPlan::new(guide, node, segment, inlined)),
            Place::Loop(_) => PartPlan::Other,
        };
        self.parts.push(part);
    }

    fn bind_fields(
        &mut self,
        scope: LoopScope<'_>,
        shape: &'static Shape,
        within: Option<NodeId>,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Vec<FieldPlan> {
        let mut fields = Vec::with_capacity(shape.fields.len());
        for field in shape.fields {
            let is_wanted = wanted(field.name);
            // What another holds is held, though not here.
            let mut places = field.places.iter().filter(|place| is_wanted || !place.is_loop() && !place.is_here());
            match places.find_map(|place| self.bind_field(scope, field, place, within)) {
                Some(plan) if is_wanted => fields.push(plan),
                None if is_wanted => self.homeless.push(field.name),
                _ => {}
            }
        }
        fields
    }

    fn bind_field(
        &mut self,
        scope: LoopScope<'_>,
        field: &'static Field,
        place: Designator,
        within: Option<NodeId>,
    ) -> Option<FieldPlan> {
        if matches!(field.kind, Kind::Layout) {
            return Some(FieldPlan::new(field, Reach::Layout, Value::Loop));
        }
        let inside = if place.within.is_empty() {
            within.unwrap_or(scope.node)
        } else {
            scope.child_loop(scope.node, place.within, "")?
        };
        if place.is_here() {
            let Kind::Record(shape) = field.kind else { return None };
            let fields = self.bind_fields(scope, shape, Some(inside), &|_| true);
            return (!fields.is_empty())
                .then(|| FieldPlan::new(field, Reach::Here, Value::Record(Fields::new(fields))));
        }
        if place.is_loop() {
            let node = scope.child_loop(inside, place.name(), place.code)?;
            let slot = self.slot(node)?;
            *self.parts.get_mut(usize::from(slot))? = match field.kind {
                Kind::Record(shape) => {
                    PartPlan::Loop(Box::new(LoopPlan { many: field.many, ..LoopPlan::new(scope.guide, node, shape) }))
                }
                Kind::Outside => PartPlan::Outside(scope.guide.designator(node)),
                _ => return None,
            };
            return Some(FieldPlan::new(field, Reach::Loop { slot }, Value::Loop));
        }
        let node = scope.segment(inside, place.id, place.code)?;
        let slot = self.slot(node)?;
        let PartPlan::Segment(segment) = self.parts.get_mut(usize::from(slot))? else { return None };
        segment.bind(scope.guide.segment(node)?, field, place, Within { base: 0, record: false }, slot)
    }

    /// What can only be known when every field is bound.
    fn finish(&mut self) {
        for part in &mut self.parts {
            if let PartPlan::Segment(segment) = part {
                segment.finish();
            }
        }
        self.traits = self.parts.iter().map(Traits::of).collect();
        let first_other = self.parts.iter().position(|part| matches!(part, PartPlan::Other));
        self.first_other = first_other.map_or(NO_SLOT, |slot| slot as u16);
        let stands = |(slot, part): (usize, &PartPlan)| {
            let slot = slot as u16;
            matches!(part, PartPlan::Segment(segment) if segment.always || segment.begins_inlined(slot)).then_some(slot)
        };
        self.standing = self.parts.iter().enumerate().filter_map(stands).collect();
        for (part, traits) in self.parts.iter().zip(&mut self.traits) {
            let (PartPlan::Segment(segment), Some(traits)) = (part, traits) else { continue };
            traits.row = self.holdings.add(segment);
            self.rows.resize(traits.row.1 as usize, NO_FIELD);
        }
        self.reaching = vec![FieldSet::default(); self.parts.len()];
        let in_rows: Vec<bool> = (0..self.fields.len()).map(|index| self.add_to_row(index)).collect();
        for (index, (field, _)) in self.fields.iter().zip(in_rows).enumerate().filter(|(_, (_, in_row))| !in_row) {
            field.each_slot(&mut |slot| match slot.and_then(|slot| self.reaching.get_mut(usize::from(slot))) {
                Some(set) => set.insert(index),
                None => self.unslotted.insert(index),
            });
        }
    }

    /// Puts a field that is the value of one element into its segment's row, if that place is free.
    fn add_to_row(&mut self, index: usize) -> bool {
        let Some(field) = self.fields.get(index) else { return false };
        let Some(single) = field.single.filter(|single| single.component == 0) else { return false };
        let slot = field.reach.slot();
        let Some(traits) = self.traits(slot) else { return false };
        let at = traits.row.0 as usize + usize::from(single.element);
        match self.rows.get_mut(at) {
            Some(field) if *field == NO_FIELD && at < traits.row.1 as usize => {
                *field = index as u16;
                true
            }
            _ => false,
        }
    }
}

#[derive(Clone, Copy)]
struct LoopScope<'s> {
    guide: &'s Guide,
    node: NodeId,
    inlined: &'s [NodeId],
}

impl LoopScope<'_> {
    /// A child loop by id; with a code, by the beginning of the id and a code of its discriminator.
    fn child_loop(&self, node: NodeId, id: &str, code: &str) -> Option<NodeId> {
        child_loop(self.guide, node, id, code)
    }

    fn segment(&self, node: NodeId, id: &str, code: &str) -> Option<NodeId> {
        if node != self.node && !self.inlined.contains(&node) {
            return None;
        }
        self.guide
            .children(node)
            .iter()
            .copied()
            .find(|&child| self.guide.segment(child).is_some_and(|segment| segment.id == id && takes(segment, code)))
    }
}

fn child_loop(guide: &Guide, node: NodeId, id: &str, code: &str) -> Option<NodeId> {
    guide.children(node).iter().copied().find(|&child| {
        let Some(one) = guide.loop_at(child) else { return false };
        if code.is_empty() {
            return one.id == id;
        }
        one.id.starts_with(id)
            && guide
                .children(child)
                .first()
                .and_then(|&first| guide.segment(first))
                .is_some_and(|first| takes(first, code))
    })
}

/// Whether a use takes segments with a code in the element that tells uses apart.
fn takes(segment: &SegmentUse, code: &str) -> bool {
    if code.is_empty() {
        return true;
    }
    let element = segment
        .elements
        .iter()
        .find(|element| element.discriminator)
        .or_else(|| segment.elements.iter().find(|element| element.position == 1 && !element.codes.is_empty()));
    element.is_none_or(|element| element.codes.iter().any(|known| known == code))
}

/// The child loops that a record's fields step into.
fn collect_inlined(guide: &Guide, node: NodeId, shape: &Shape, found: &mut Vec<NodeId>) {
    for field in shape.fields {
        for place in field.places.iter() {
            if !place.within.is_empty()
                && let Some(child) = child_loop(guide, node, place.within, "")
                && guide.repeat(child) == Repeat::UpTo(1)
                && !found.contains(&child)
            {
                found.push(child);
            }
            if place.is_here()
                && let Kind::Record(shape) = field.kind
            {
                collect_inlined(guide, node, shape, found);
            }
        }
    }
}

/// Where in a segment a field is bound.
#[derive(Clone, Copy)]
struct Within {
    /// The element that designators count from.
    base: u8,
    /// Whether the field belongs to a record over the segment or a part of it, not to the loop's.
    record: bool,
}

impl SegmentPlan {
    fn new(guide: &Guide, node: NodeId, segment: &SegmentUse, inlined: Option<std::ops::Range<u16>>) -> Self {
        let elements = segment
            .elements
            .iter()
            .map(|element| ElementPlan {
                element: element.position,
                component: element.component,
                fill: Fill::Nothing,
                counter: counter(&segment.id, element),
                implied: element.only_code().map(|code| code.as_bytes().to_vec()),
                required: element.usage == Usage::Required,
                composite_required: segment
                    .element(element.position, 0)
                    .is_some_and(|composite| composite.usage == Usage::Required),
            })
            .collect();
        let mut designator = guide.designator(node);
        if inlined.is_some() {
            designator = format!("{}/{designator}", guide.loop_id(node));
        }
        Self {
            id: segment.id.as_bytes().to_vec(),
            designator,
            elements,
            flows: Vec::new(),
            chunk: None,
            control: match segment.id.as_str() {
                "ST" => Some(2),
                "GS" => Some(6),
                "ISA" => Some(13),
                _ => None,
            },
            unfilled: 0,
            always: guide.is_trigger(node) && inlined.is_none() || matches!(segment.id.as_str(), "SE" | "GE" | "IEA"),
            inlined,
            many: false,
        }
    }

    /// Binds a field to the segment or something in it.
    fn bind(
        &mut self,
        segment: &SegmentUse,
        field: &'static Field,
        place: Designator,
        within: Within,
        slot: u16,
    ) -> Option<FieldPlan> {
        let base = within.base;
        let element = base.checked_add(place.element)?;
        if element == 0 {
            let Kind::Record(shape) = field.kind else { return None };
            self.many |= field.many;
            let fields = self.bind_inner(segment, shape, 0, slot);
            return (!fields.is_empty())
                .then(|| FieldPlan::new(field, Reach::Segment { slot }, Value::Record(Fields::new(fields))));
        }
        let last_of =
            |limit: u8| segment.elements.iter().map(|one| one.position).filter(|position| *position <= limit).max();
        if place.stride > 0 {
            let last = last_of(u8::MAX).filter(|last| *last >= element)?;
            let Kind::Record(shape) = field.kind else { return None };
            let flow = Flow { element: 0, first: element, last, stride: place.stride };
            let fields = self.bind_items(segment, shape, flow, slot)?;
            self.flows.push(flow);
            return Some(FieldPlan::new(
                field,
                Reach::Runs { slot, first: place.element, last, stride: place.stride },
                Value::Record(Fields::new(fields)),
            ));
        }
        if place.last > place.element {
            let last = last_of(base.checked_add(place.last)?).filter(|last| *last >= element)?;
            let flow = Flow { element: 0, first: element, last, stride: 1 };
            let value = match field.kind {
                Kind::Record(shape) => Value::Record(Fields::new(self.bind_items(segment, shape, flow, slot)?)),
                kind => Value::Scalar(self.hold_all(
                    segment,
                    kind,
                    (element..=last).map(|position| (position, place.component)),
                )?),
            };
            self.flows.push(flow);
            if segment.repeat.is_many() && !within.record {
                self.chunk = Some(Chunk { width: last - element + 1 });
                self.many = true;
            }
            return Some(FieldPlan::new(
                field,
                Reach::Elements { slot, first: place.element, last: last - base, component: place.component },
                value,
            ));
        }
        if place.last_component > place.component {
            let last = segment
                .elements
                .iter()
                .filter(|one| one.position == element && one.component <= place.last_component)
                .map(|one| one.component)
                .max()?;
            let format =
                self.hold_all(segment, field.kind, (place.component..=last).map(|component| (element, component)))?;
            self.flows.push(Flow { element, first: place.component, last, stride: 1 });
            return Some(FieldPlan::new(
                field,
                Reach::Components { slot, element: place.element, first: place.component, last },
                Value::Scalar(format),
            ));
        }
        self.many |= field.many && !within.record;
        let reach = Reach::Element { slot, element: place.element, component: place.component };
        let value = match field.kind {
            Kind::Record(shape) => {
                let fields = self.bind_inner(segment, shape, element, slot);
                if fields.is_empty() {
                    return None;
                }
                Value::Record(Fields::new(fields))
            }
            kind => Value::Scalar(self.hold(segment, kind, element, place.component)?),
        };
        let mut plan = FieldPlan::new(field, reach, value);
        let code = segment
            .element(element, place.component)
            .filter(|one| one.usage == Usage::Required)
            .and_then(ElementUse::only_code);
        plan.unsaid =
            code.filter(|_| field.optional && matches!(field.kind, Kind::Text)).map(|code| code.as_bytes().to_vec());
        Some(plan)
    }

    fn bind_inner(&mut self, segment: &SegmentUse, shape: &'static Shape, base: u8, slot: u16) -> Vec<FieldPlan> {
        shape
            .fields
            .iter()
            .filter_map(|field| {
                field
                    .places
                    .iter()
                    .find_map(|place| self.bind(segment, field, place, Within { base, record: true }, slot))
            })
            .collect()
    }

    /// Binds the record of a list at each of its items; the plans of the first serve all.
    fn bind_items(
        &mut self,
        segment: &SegmentUse,
        shape: &'static Shape,
        flow: Flow,
        slot: u16,
    ) -> Option<Vec<FieldPlan>> {
        let mut first = None;
        for base in (flow.first..=flow.last).step_by(usize::from(flow.stride)) {
            let fields = self.bind_inner(segment, shape, base, slot);
            first.get_or_insert(fields);
        }
        first.filter(|fields| !fields.is_empty())
    }

    /// Marks the places of a list as held; the format is the first's.
    fn hold_all(&mut self, segment: &SegmentUse, kind: Kind, places: impl Iterator<Item = (u8, u8)>) -> Option<Format> {
        let mut first = None;
        for (element, component) in places {
            let format = self.hold(segment, kind, element, component);
            first = first.or(format);
        }
        first
    }

    /// Marks an element as held by a field.
    fn hold(&mut self, segment: &SegmentUse, kind: Kind, element: u8, component: u8) -> Option<Format> {
        let used = segment.element(element, component)?;
        let format = Format::of(kind, used)?;
        if used.data.kind == crate::guide::DataType::Composite {
            return None;
        }
        let index = self.elements.iter().position(|plan| plan.element == element && plan.component == component)?;
        self.elements[index].fill = Fill::Value(format);
        if format == Format::When
            && let Some(before) = index.checked_sub(1).and_then(|index| self.elements.get_mut(index))
        {
            before.fill = Fill::Qualifier;
        }
        Some(format)
    }

    fn finish(&mut self) {
        for at in 0..self.elements.len() {
            let plan = &self.elements[at];
            let next_held = self.elements.get(at + 1).is_some_and(|next| {
                let follows = if plan.component == 0 {
                    next.element == plan.element + 1
                } else {
                    next.element == plan.element && next.component == plan.component + 1
                };
                follows && next.is_filled()
            });
            // What a field holds is implied only if it must stand: a situational code says something.
            let implied = plan.implied.is_some() && (plan.required || next_held && plan.fill == Fill::Nothing);
            if !implied {
                self.elements[at].implied = None;
            }
        }
        let stands = |element: &ElementPlan| {
            element.counter.is_some()
                || matches!(element.fill, Fill::Value(Format::Padded(_)))
                || element.implied.is_some() && element.required
        };
        self.unfilled = self.elements.iter().rposition(stands).map_or(0, |last| last + 1);
    }
}

fn counter(segment: &str, element: &ElementUse) -> Option<Counter> {
    match (segment, element.position) {
        ("HL", 1) => Some(Counter::Level),
        ("HL", 2) => Some(Counter::Parent),
        ("HL", 4) => Some(Counter::HasChildren),
        ("LX", 1) => Some(Counter::Line),
        ("SE", 1) => Some(Counter::Segments),
        ("GE" | "IEA", 1) => Some(Counter::Inner),
        ("ST" | "SE" | "GE" | "IEA", 2) => Some(Counter::Control),
        ("ISA", 11) => Some(Counter::RepetitionSeparator),
        ("ISA", 16) => Some(Counter::ComponentSeparator),
        _ => None,
    }
}
