//! The whole of every table: guides that read, places that differ, fields that have places.

use claimwire::{
    claims,
    guide::{Guide, NAMES, by_name},
    record::{Binding, Record, Shape, honest},
};

#[test]
fn every_guide_reads() {
    for name in NAMES {
        assert!(guide(name).nodes().count() > 4, "{name}");
    }
}

#[test]
fn no_field_without_a_place_and_no_element_without_a_field() {
    let bind = |shape: &'static Shape, guides: &[&str]| {
        let bindings = guides.iter().map(|name| Binding::of_shape(guide(name), "", shape).expect("the root")).collect();
        (shape, bindings)
    };
    let documents: [(&'static Shape, Vec<Binding>); 4] = [
        bind(claims::ClaimBatch::SHAPE, &["837P", "837I", "837D"]),
        bind(claims::Remittance::SHAPE, &["835"]),
        bind(claims::FunctionalAcknowledgment::SHAPE, &["999"]),
        bind(claims::ClaimStatusReport::SHAPE, &["277CA"]),
    ];
    let mut found: Vec<String> =
        honest::homeless(&documents).into_iter().map(|field| format!("no place: {field}")).collect();
    for binding in documents.iter().flat_map(|(_, bindings)| bindings) {
        found.extend(
            honest::unheld(binding).into_iter().map(|element| format!("no field: {} {element}", binding.guide().name)),
        );
    }
    assert!(found.is_empty(), "{} disagreements:\n{}", found.len(), found.join("\n"));
}

fn guide(name: &str) -> &'static Guide {
    by_name(name).expect("listed").unwrap_or_else(|error| panic!("{error}"))
}

/// Modules, each above those it may use.
const LAYERS: &[&str] = &[
    "x12",
    "segments",
    "codes",
    "guide",
    "place",
    "check",
    "record",
    "claims",
    "document",
    "ndjson",
    "generate",
    "guidebook",
    "report",
    "explain",
    "acknowledge",
    "partner",
    "gateway",
    "testing",
];

#[test]
fn modules_use_only_what_stands_below_them() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (at, module) in LAYERS.iter().enumerate() {
        let mut open = vec![source.join(module), source.join(format!("{module}.rs"))];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).expect("readable").flatten().map(|entry| entry.path()));
                continue;
            }
            // The imports of a file, each with its line breaks taken out.
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for import in text.split("use crate::").skip(1).filter_map(|rest| rest.split(';').next()) {
                let words = import.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
                for used in words.filter_map(|word| word.split("::").next()) {
                    if LAYERS.iter().skip(at + 1).any(|above| *above == used) {
                        wrong.push(format!("{} uses {used}", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
