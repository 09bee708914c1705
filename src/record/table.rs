//! The join of a record and a guide as data, for those who describe it rather than run it: the data
//! dictionary, the JSON Schema, `explain`.

use std::collections::HashMap;

use super::{
    Kind, Shape,
    bind::Binding,
    plan::{ElementPlan, FieldPlan, Fill, LoopPlan, PartPlan, Reach, Value},
};
use crate::guide::{DataType, ElementUse, Guide, NodeId, Repeat, SegmentUse, Usage};

/// A field of a record, where a guide gives it a place.
#[derive(Debug)]
pub struct BoundField {
    /// Its name in JSON.
    pub name: &'static str,
    /// Whether it is a list.
    pub many: bool,
    /// Most items of the list, where the guide limits them.
    pub most: Option<u32>,
    /// Whether the guide requires it wherever its record stands. What the writer counts, or what has
    /// one possible code, need not be given.
    pub required: bool,
    /// The elements it lives in, those of the first item first. Empty for a loop and for a record
    /// over a whole loop.
    pub spots: Vec<Spot>,
    /// What it holds.
    pub holds: Holds,
}

/// An element or component of a segment at its place in a guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spot {
    /// The segment.
    pub node: NodeId,
    /// Element, from 1; 0 for the segment as a whole.
    pub element: u8,
    /// Component, from 1; 0 for the element as a whole.
    pub component: u8,
}

/// What a [`BoundField`] holds.
#[derive(Debug)]
pub enum Holds {
    /// A single value.
    Value(Kind),
    /// A record over some segments or elements of the loop around it.
    Record {
        /// The record's name.
        name: &'static str,
        /// Its fields.
        fields: Vec<BoundField>,
    },
    /// A record over a loop of its own.
    Loop {
        /// The record's name.
        name: &'static str,
        /// The loop.
        node: NodeId,
        /// Its fields.
        fields: Vec<BoundField>,
    },
    /// A transaction set, which another guide describes.
    Outside,
    /// The layout of the loop.
    Layout,
}

/// An element that a guide uses, and what of the JSON fills it.
#[derive(Debug)]
pub struct Row {
    /// The segment.
    pub node: NodeId,
    /// The element or component.
    pub element: &'static ElementUse,
    /// What fills it.
    pub filling: Filling,
    /// Paths in the document's JSON, `[]` for each item of a list:
    /// `billing_providers[].subscribers[].claims[].charge`. A composite has one if a record stands
    /// for it.
    pub json: Vec<String>,
}

/// What fills an element when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// A field.
    Field,
    /// The format qualifier of the date or period after it.
    Qualifier,
    /// A number that the writer counts, or a delimiter.
    Counted,
    /// Its only code.
    Fixed,
    /// Its components.
    Components,
    /// Nothing: it can only be carried as it stands.
    Nothing,
}

impl Binding {
    /// The fields that have a place in the guide, nested as the JSON nests them.
    pub fn fields(&self) -> Vec<BoundField> {
        Tree::of(self.guide, &self.plan).fields(self.plan.shape, &self.plan.fields, &[0], false)
    }

    /// Every element that the guide uses, in the guide's order.
    pub fn rows(&self) -> Vec<Row> {
        let mut fillings = HashMap::new();
        collect_fillings(self.guide, &self.plan, &mut fillings);
        let mut paths: HashMap<Spot, Vec<String>> = HashMap::new();
        each_path(&self.fields(), "", &mut |path, field| {
            for spot in &field.spots {
                paths.entry(*spot).or_default().push(path.to_owned());
            }
        });
        let segments = self.guide.nodes().filter_map(|node| Some((node, self.guide.segment(node)?)));
        let elements = segments.flat_map(|(node, segment)| segment.elements.iter().map(move |element| (node, element)));
        elements
            .map(|(node, element)| {
                let spot = Spot { node, element: element.position, component: element.component };
                Row {
                    node,
                    element,
                    filling: fillings.get(&spot).copied().unwrap_or(Filling::Nothing),
                    json: paths.remove(&spot).unwrap_or_default(),
                }
            })
            .collect()
    }

    /// The path in the document's JSON of each loop that has a record of its own; that of the
    /// document is empty.
    pub fn loops(&self) -> HashMap<NodeId, String> {
        let mut loops = HashMap::from([(self.plan.node, String::new())]);
        each_path(&self.fields(), "", &mut |path, field| {
            if let Holds::Loop { node, .. } = field.holds {
                loops.insert(node, path.to_owned());
            }
        });
        loops
    }
}

/// Visits every field with its path, outer fields first.
pub fn each_path(fields: &[BoundField], prefix: &str, visit: &mut impl FnMut(&str, &BoundField)) {
    fn walk(fields: &[BoundField], prefix: &str, visit: &mut dyn FnMut(&str, &BoundField)) {
        for field in fields {
            let dot = if prefix.is_empty() { "" } else { "." };
            let path = format!("{prefix}{dot}{}{}", field.name, if field.many { "[]" } else { "" });
            visit(&path, field);
            if let Holds::Record { fields, .. } | Holds::Loop { fields, .. } = &field.holds {
                walk(fields, &path, visit);
            }
        }
    }
    walk(fields, prefix, visit);
}

/// A loop's plan with the nodes of its parts.
struct Tree<'p> {
    guide: &'static Guide,
    plan: &'p LoopPlan,
    nodes: Vec<NodeId>,
}

impl<'p> Tree<'p> {
    fn of(guide: &'static Guide, plan: &'p LoopPlan) -> Self {
        Self { guide, plan, nodes: plan.nodes(guide).collect() }
    }

    /// `bases`: the elements that the fields' places count from, one for each item of a list;
    /// `inside`: whether the record is one over a segment or a part of it.
    fn fields(&self, shape: &'static Shape, plans: &[FieldPlan], bases: &[u8], inside: bool) -> Vec<BoundField> {
        plans.iter().filter_map(|plan| self.field(shape, plan, bases, inside)).collect()
    }

    fn field(&self, shape: &'static Shape, plan: &FieldPlan, bases: &[u8], inside: bool) -> Option<BoundField> {
        let kind = shape.fields.iter().find(|field| field.name == plan.name)?.kind;
        let bound = |most: Option<u32>, required, spots, holds| {
            Some(BoundField {
                name: plan.name,
                many: plan.many,
                most: most.filter(|_| plan.many),
                required,
                spots,
                holds,
            })
        };
        match plan.reach {
            Reach::Layout => return bound(None, false, Vec::new(), Holds::Layout),
            Reach::Here => {
                let (Kind::Record(inner), Value::Record(plans)) = (kind, &plan.value) else {
                    return None;
                };
                let fields = self.fields(inner, plans, bases, inside);
                return bound(None, requires_any(&fields), Vec::new(), Holds::Record { name: inner.name, fields });
            }
            Reach::Loop { slot } => {
                let node = self.node(slot)?;
                let required = self.guide.usage(node) == Usage::Required && self.stands(node);
                let holds = match (self.plan.part(slot)?, kind) {
                    (PartPlan::Loop(below), Kind::Record(inner)) => {
                        let fields = Tree::of(self.guide, below).fields(inner, &below.fields, &[0], false);
                        Holds::Loop { name: inner.name, node, fields }
                    }
                    _ => Holds::Outside,
                };
                return bound(limit(self.guide.repeat(node), 1), required, Vec::new(), holds);
            }
            _ => {}
        }
        self.in_segment(plan, kind, bases, inside)
    }

    /// A field that lives in one segment.
    fn in_segment(&self, plan: &FieldPlan, kind: Kind, bases: &[u8], inside: bool) -> Option<BoundField> {
        let node = self.node(plan.reach.slot())?;
        let segment = self.guide.segment(node)?;
        let base = *bases.first()?;
        let items = items_of(plan.reach, bases);
        let (relative, component) = match plan.reach {
            Reach::Segment { .. } => (0, 0),
            Reach::Element { element, component, .. } => (element, component),
            Reach::Elements { first, component, .. } => (first, component),
            Reach::Components { element, first, .. } => (element, first),
            Reach::Runs { first, .. } => (first, 0),
            Reach::Here | Reach::Layout | Reach::Loop { .. } => return None,
        };
        let stands = inside || segment.usage == Usage::Required && self.stands(node);
        let holds = match (&plan.value, kind) {
            (Value::Record(plans), Kind::Record(inner)) => {
                Holds::Record { name: inner.name, fields: self.fields(inner, plans, &items, true) }
            }
            (Value::Scalar(_), kind) => Holds::Value(kind),
            _ => return None,
        };
        let at = base.saturating_add(relative);
        let required = stands
            && match (&holds, plan.reach) {
                (_, Reach::Segment { .. }) => true,
                (Holds::Record { .. }, _) => is_required(segment, at, component, relative),
                _ => {
                    is_required(segment, at, component, relative)
                        && !self.goes_by_itself(plan.reach.slot(), at, component)
                }
            };
        let spots = spots_of(plan.reach, node, bases, &items)
            .into_iter()
            .filter(|spot| spot.element == 0 || segment.element(spot.element, spot.component).is_some())
            .collect();
        let most = match plan.reach {
            _ if !plan.many => None,
            Reach::Element { element, component, .. } if inside => {
                limit(segment.element(base.saturating_add(element), component)?.repeat, 1)
            }
            Reach::Segment { .. } | Reach::Element { .. } => limit(segment.repeat, 1),
            Reach::Components { first, last, .. } => Some(u32::from(last.saturating_sub(first)) + 1),
            _ if inside => u32::try_from(items.len() / bases.len().max(1)).ok(),
            _ => limit(segment.repeat, items.len()),
        };
        Some(BoundField { name: plan.name, many: plan.many, most, required, spots, holds })
    }

    fn node(&self, slot: u16) -> Option<NodeId> {
        self.nodes.get(usize::from(slot)).copied()
    }

    /// Whether what a part stands in is always there: the record's own loop, or a required one that
    /// is inlined into it.
    fn stands(&self, node: NodeId) -> bool {
        let parent = self.guide.parent(node);
        parent == self.plan.node || self.guide.usage(parent) == Usage::Required
    }

    /// Whether the writer fills the element without being told.
    fn goes_by_itself(&self, slot: u16, element: u8, component: u8) -> bool {
        let Some(PartPlan::Segment(segment)) = self.plan.part(slot) else {
            return false;
        };
        segment.elements.iter().any(|plan| {
            (plan.element, plan.component) == (element, component) && (plan.counter.is_some() || plan.implied.is_some())
        })
    }
}

/// The elements that the items of a field begin at.
fn items_of(reach: Reach, bases: &[u8]) -> Vec<u8> {
    let each = bases.iter().copied();
    match reach {
        Reach::Element { element, .. } | Reach::Components { element, .. } => {
            each.map(|base| base.saturating_add(element)).collect()
        }
        Reach::Elements { first, last, .. } => {
            each.flat_map(|base| base.saturating_add(first)..=base.saturating_add(last)).collect()
        }
        Reach::Runs { first, last, stride, .. } => {
            each.flat_map(|base| (base.saturating_add(first)..=last).step_by(usize::from(stride.max(1)))).collect()
        }
        _ => bases.to_vec(),
    }
}

fn spots_of(reach: Reach, node: NodeId, bases: &[u8], items: &[u8]) -> Vec<Spot> {
    let spot = |element, component| Spot { node, element, component };
    match reach {
        Reach::Segment { .. } => bases.iter().map(|_| spot(0, 0)).take(1).collect(),
        Reach::Element { component, .. } | Reach::Elements { component, .. } => {
            items.iter().map(|&element| spot(element, component)).collect()
        }
        Reach::Components { first, last, .. } => {
            items.iter().flat_map(|&element| (first..=last).map(move |component| spot(element, component))).collect()
        }
        // The elements of a run belong to the fields of its record.
        _ => Vec::new(),
    }
}

/// Whether an element must stand where its scope does. `relative` is 0 in the scope of a composite,
/// which stands already.
fn is_required(segment: &SegmentUse, element: u8, component: u8, relative: u8) -> bool {
    // A padded element of the ISA may be blank.
    let padded = |one: &ElementUse| one.data.number.starts_with('I') && one.data.kind == DataType::String;
    let required =
        |component| segment.element(element, component).is_some_and(|one| one.usage == Usage::Required && !padded(one));
    if component == 0 || relative == 0 { required(component) } else { required(0) && required(component) }
}

fn requires_any(fields: &[BoundField]) -> bool {
    fields.iter().any(|field| field.required)
}

fn limit(repeat: Repeat, times: usize) -> Option<u32> {
    match repeat {
        Repeat::UpTo(most) => u32::try_from(times).ok()?.checked_mul(u32::from(most)),
        Repeat::Unlimited => None,
    }
}

fn collect_fillings(guide: &'static Guide, plan: &LoopPlan, found: &mut HashMap<Spot, Filling>) {
    for (part, node) in plan.parts.iter().zip(plan.nodes(guide)) {
        match part {
            PartPlan::Loop(inner) => collect_fillings(guide, inner, found),
            PartPlan::Segment(segment) => {
                for element in &segment.elements {
                    let composite = element.component == 0
                        && segment.elements.iter().any(|other| other.element == element.element && other.component > 0);
                    let spot = Spot { node, element: element.element, component: element.component };
                    found.insert(spot, if composite { Filling::Components } else { filling(element) });
                }
            }
            PartPlan::Outside(_) | PartPlan::Other => {}
        }
    }
}

fn filling(element: &ElementPlan) -> Filling {
    match element.fill {
        Fill::Value(_) => Filling::Field,
        Fill::Qualifier => Filling::Qualifier,
        Fill::Nothing if element.counter.is_some() => Filling::Counted,
        Fill::Nothing if element.implied.is_some() => Filling::Fixed,
        Fill::Nothing => Filling::Nothing,
    }
}
