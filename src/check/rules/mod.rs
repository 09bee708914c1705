//! Rules across segments and loops, by what they are about: one file a subject. Each file declares its
//! rules, the places it looks at, and the checks that run when a loop closes.

mod billing;
mod claim;
mod dates;
mod header;
mod hierarchy;
mod line;
mod party;
mod professional;
mod providers;
mod references;
mod subscriber;

use super::{Check, Rule, scope::At};

/// Every file of rules.
const FILES: &[(&[Check], &[&Rule], &[&At])] = &[
    (billing::CHECKS, billing::RULES, billing::PLACES),
    (claim::CHECKS, claim::RULES, claim::PLACES),
    (dates::CHECKS, dates::RULES, dates::PLACES),
    (header::CHECKS, header::RULES, header::PLACES),
    (hierarchy::CHECKS, hierarchy::RULES, hierarchy::PLACES),
    (line::CHECKS, line::RULES, line::PLACES),
    (party::CHECKS, party::RULES, party::PLACES),
    (professional::CHECKS, professional::RULES, professional::PLACES),
    (providers::CHECKS, providers::RULES, providers::PLACES),
    (references::CHECKS, references::RULES, references::PLACES),
    (subscriber::CHECKS, subscriber::RULES, subscriber::PLACES),
];

/// Every check.
pub(super) fn checks() -> impl Iterator<Item = &'static Check> {
    FILES.iter().flat_map(|(checks, ..)| checks.iter())
}

/// Every rule.
pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    FILES.iter().flat_map(|(_, rules, _)| rules.iter().copied())
}

/// Every place that a rule names.
#[cfg(test)]
pub(super) fn places() -> impl Iterator<Item = &'static At> {
    FILES.iter().flat_map(|(.., places)| places.iter().copied())
}
