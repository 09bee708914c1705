//! Whether the tables and the guides say the same: no field without a place, no guide element
//! without a field.

use std::collections::BTreeSet;

use super::{
    Kind, Shape,
    bind::Binding,
    plan::{FieldPlan, LoopPlan, PartPlan, Value},
};
use crate::guide::Guide;

/// Fields of the documents' tables (and of the tables in them) that have a place in none of the
/// documents' bindings: `Claim.onset_date`.
pub fn homeless(documents: &[(&'static Shape, Vec<Binding>)]) -> Vec<String> {
    let mut all = BTreeSet::new();
    for (shape, _) in documents {
        fields_of(shape, &mut all);
    }
    for (shape, bindings) in documents {
        for binding in bindings {
            take_bound(shape, &binding.plan.fields, Some(&binding.plan), &mut all);
        }
    }
    all.into_iter().map(|(shape, field)| format!("{shape}.{field}")).collect()
}

/// Elements that a guide uses and no field holds: `2000A/2000B/2300/CLM05-3`. Fixed codes, format
/// qualifiers and counters need no field.
pub fn unheld(binding: &Binding) -> Vec<String> {
    let mut found = Vec::new();
    look(binding.guide, &binding.plan, &mut found);
    found
}

fn fields_of(shape: &'static Shape, all: &mut BTreeSet<(&'static str, &'static str)>) {
    for field in shape.fields {
        if all.insert((shape.name, field.name))
            && let Kind::Record(inner) = field.kind
        {
            fields_of(inner, all);
        }
    }
}

fn take_bound(
    shape: &'static Shape,
    fields: &[FieldPlan],
    plan: Option<&LoopPlan>,
    all: &mut BTreeSet<(&'static str, &'static str)>,
) {
    for field in fields {
        all.remove(&(shape.name, field.name));
        let Some(Kind::Record(inner)) =
            shape.fields.iter().find(|known| known.name == field.name).map(|known| known.kind)
        else {
            continue;
        };
        match &field.value {
            Value::Record(fields) => take_bound(inner, fields, plan, all),
            Value::Loop => {
                if let Some(PartPlan::Loop(below)) = plan.and_then(|plan| plan.part(field.reach.slot())) {
                    take_bound(inner, &below.fields, Some(below), all);
                }
            }
            Value::Scalar(_) => {}
        }
    }
}

fn look(guide: &Guide, plan: &LoopPlan, found: &mut Vec<String>) {
    let path = guide.path(plan.node);
    for (part, node) in plan.parts.iter().zip(plan.nodes(guide)) {
        match part {
            PartPlan::Loop(inner) => look(guide, inner, found),
            PartPlan::Outside(_) => {}
            PartPlan::Other => found.push(format!("{path}/{}", guide.designator(node))),
            PartPlan::Segment(segment) => {
                for element in &segment.elements {
                    let has_components = element.component == 0
                        && segment.elements.iter().any(|other| other.element == element.element && other.component > 0);
                    if !element.is_filled() && element.implied.is_none() && !has_components {
                        let component =
                            if element.component > 0 { format!("-{}", element.component) } else { String::new() };
                        found.push(format!("{path}/{}{:02}{component}", segment.designator, element.element));
                    }
                }
            }
        }
    }
}
