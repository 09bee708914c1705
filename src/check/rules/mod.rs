//! Rules across segments and loops, by what they are about: one file a subject. Each file declares its
//! rules, the places it looks at, and the checks that run when a loop closes.

mod acknowledgment;
mod adjustment;
mod balance;
mod bill;
mod bill_codes;
mod billing;
mod claim;
mod coordination;
mod dates;
mod dental;
mod header;
mod hierarchy;
mod institutional;
mod line;
mod party;
mod payment;
mod professional;
mod providers;
mod references;
mod remittance;
mod status;
mod subscriber;

use super::{Check, Rule, scope::At};

/// Every file of rules.
const FILES: &[(&[Check], &[&Rule], &[&At])] = &[
    (balance::CHECKS, balance::RULES, balance::PLACES),
    (bill::CHECKS, bill::RULES, bill::PLACES),
    (bill_codes::CHECKS, bill_codes::RULES, bill_codes::PLACES),
    (claim::CHECKS, claim::RULES, claim::PLACES),
    (coordination::CHECKS, coordination::RULES, coordination::PLACES),
    (dental::CHECKS, dental::RULES, dental::PLACES),
    (institutional::CHECKS, institutional::RULES, institutional::PLACES),
    (adjustment::CHECKS, adjustment::RULES, adjustment::PLACES),
    (payment::CHECKS, payment::RULES, payment::PLACES),
    (remittance::CHECKS, remittance::RULES, remittance::PLACES),
    (acknowledgment::CHECKS, acknowledgment::RULES, acknowledgment::PLACES),
    (status::CHECKS, status::RULES, status::PLACES),
    (billing::CHECKS, billing::RULES, billing::PLACES),
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
