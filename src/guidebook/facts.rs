//! Facts about elements in the words that every page uses.

use std::collections::HashMap;

use crate::{
    document,
    guide::{DataType, ElementUse, Guide, Repeat, SyntaxNote, Usage},
    ndjson,
    record::{BoundField, Filling, Holds, Row, Spot, each_path},
};

/// `required`, `situational`, or `not used` (by a companion guide).
pub(crate) fn usage_word(usage: Usage) -> &'static str {
    match usage {
        Usage::Required => "required",
        Usage::Situational => "situational",
        Usage::NotUsed => "not used",
    }
}

/// `R`, `S` or `N`.
pub(super) fn usage_letter(usage: Usage) -> &'static str {
    match usage {
        Usage::Required => "R",
        Usage::Situational => "S",
        Usage::NotUsed => "N",
    }
}

/// `once`, `up to 5`, `any number`.
pub(crate) fn repeat_words(repeat: Repeat) -> String {
    match repeat {
        Repeat::UpTo(1) => "once".into(),
        Repeat::UpTo(most) => format!("up to {most}"),
        Repeat::Unlimited => "any number".into(),
    }
}

/// `AN 1/20`, with the guide's own limit where it has one; a composite's id.
pub(crate) fn type_and_length(element: &ElementUse) -> String {
    let data = &element.data;
    match data.kind {
        DataType::Composite => data.number.clone(),
        kind => format!("{kind} {}/{}", data.min, most(element)),
    }
}

/// The greatest length: the guide's own where it is shorter.
pub(super) fn most(element: &ElementUse) -> u16 {
    element.max.unwrap_or(element.data.max).min(element.data.max)
}

/// Codes, lists and further limits, one a line.
pub(crate) fn rules(element: &ElementUse) -> Vec<String> {
    let mut rules = Vec::new();
    if !element.codes.is_empty() {
        rules.push(format!("= {}", element.codes.iter().map(|code| quoted(code)).collect::<Vec<_>>().join(" ")));
    }
    if !element.lists.is_empty() {
        rules.push(format!("list {}", element.lists.join(" or ")));
    }
    if let Some(decimals) = element.decimals {
        rules.push(if decimals == 0 { "no decimals".into() } else { format!("at most {decimals} decimals") });
    }
    if let Some(pattern) = &element.pattern {
        rules.push(format!("pattern {pattern}"));
    }
    if element.repeat.is_many() {
        rules.push(format!("repeats: {}", repeat_words(element.repeat)));
    }
    rules
}

fn quoted(code: &str) -> String {
    if code.contains(' ') { format!("\"{code}\"") } else { code.to_owned() }
}

/// What fills an element that no field holds.
pub(crate) fn filling_words(row: &Row) -> Option<&'static str> {
    Some(match row.filling {
        Filling::Field | Filling::Components => return None,
        Filling::Qualifier => "follows from the form of the next value",
        Filling::Counted => "counted by the writer",
        Filling::Fixed => "the only code; needs no field",
        Filling::Nothing => "no field; carried as it stands",
    })
}

/// A syntax note in words, for a segment or composite.
pub(crate) fn note_words(note: &SyntaxNote, prefix: &str) -> String {
    let names: Vec<String> = note.positions.iter().map(|position| format!("{prefix}{position:02}")).collect();
    let (first, rest) = names.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    match note.kind {
        'P' => format!("{} stand together or not at all", names.join(" and ")),
        'R' => format!("at least one of {} stands", names.join(", ")),
        'E' => format!("at most one of {} stands", names.join(", ")),
        'C' => format!("{first} needs {}", rest.join(" and ")),
        'L' => format!("{first} needs at least one of {}", rest.join(", ")),
        other => format!("{other} {}", names.join(" ")),
    }
}

/// The paths of fields in a line of NDJSON: a claim, a payment, a claim status on its own.
pub(crate) fn line_paths(guide: &'static Guide) -> HashMap<Spot, Vec<String>> {
    let mut paths: HashMap<Spot, Vec<String>> = HashMap::new();
    let Some(form) = ndjson::line_form(guide) else {
        return paths;
    };
    let mut add = |prefix: &str, fields: &[BoundField]| {
        each_path(fields, prefix, &mut |path, field| {
            for spot in &field.spots {
                paths.entry(*spot).or_default().push(path.to_owned());
            }
        });
    };
    for (name, binding) in &form.levels {
        add(name, &binding.fields());
    }
    for unit in form.units {
        add("", &unit.fields());
    }
    if form.kind == "payment"
        && let Some(document) = document::binding(guide)
    {
        let adjustments = document.fields().into_iter().find(|field| field.name == "provider_adjustments");
        if let Some(BoundField { holds: Holds::Record { fields, .. }, .. }) = adjustments {
            add("", &fields);
        }
    }
    paths
}
