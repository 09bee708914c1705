//! Rules across segments and loops, by what they are about: one file a subject. Each file declares its
//! rules, the places it looks at, and the checks that run when a loop closes.

mod acknowledgment;
mod adjustment;
mod balance;
mod bill;
mod bill_codes;
mod claim;
mod coordination;
mod dental;
mod institutional;
mod payment;
mod remittance;
mod status;

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
