//! Files whose owner takes them for valid and another program does not: each decided on its guide, in
//! `disputed.tsv`.
//!
//! The columns: file; `accepted` or `rejected`; of a rejected one the segment, by its number in the file, and
//! the rule that decide it, of an accepted one `-`; why.

use std::collections::BTreeMap;

use super::Judged;

/// What was decided of a file.
pub struct Decided {
    accepted: bool,
    number: u64,
    rule: &'static str,
}

/// The decisions, by file.
pub fn rows() -> BTreeMap<&'static str, Decided> {
    let rows = include_str!("disputed.tsv").lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, verdict, number, rule, reason] = columns[..] else { panic!("five columns: {line}") };
        assert!(!reason.is_empty(), "no reason: {line}");
        let accepted = match verdict {
            "accepted" => true,
            "rejected" => false,
            _ => panic!("neither accepted nor rejected: {line}"),
        };
        assert_eq!(accepted, rule == "-", "a rule decides what is rejected: {line}");
        (name, Decided { accepted, number: number.parse().unwrap_or(0), rule })
    });
    rows.collect()
}

/// What contradicts the decision.
pub fn fault(decided: &Decided, judged: &Judged) -> Option<String> {
    if decided.accepted {
        return (!judged.accepted || !judged.errors.is_empty()).then(|| "keeps its guide".to_owned());
    }
    let Decided { number, rule, .. } = decided;
    let is_there = judged.errors.iter().any(|one| one.rule_id() == *rule && one.place.number == *number);
    (judged.accepted || !is_there).then(|| format!("breaks {rule} at segment {number}"))
}
