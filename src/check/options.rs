//! What is checked, and how strictly.

use std::collections::HashMap;

use jiff::{Zoned, civil::Date};

use super::{Finding, Severity};
use crate::guide::Guide;

/// What is checked, and how strictly.
#[derive(Clone, Debug)]
pub struct Options {
    /// Levels up to this one: 1 to 7.
    pub level: u8,
    /// Whether findings carry the values they are about. They may name people.
    pub values: bool,
    /// Guides of trading partners, which come before the guides they extend.
    pub guides: Vec<&'static Guide>,
    /// Rules turned off, down or up, by name, or by the last part of a name that has its place in it.
    pub overrides: HashMap<String, Override>,
    /// The day that dates are compared with.
    pub today: Date,
    /// ISA15 that is expected: `T` or `P`; any if `None`.
    pub usage: Option<u8>,
}

/// What a trading partner makes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Override {
    /// It is not reported.
    Off,
    /// It is worth knowing.
    Info,
    /// It is reported, and rejects nothing.
    Warning,
    /// It rejects.
    Error,
}

impl Default for Options {
    /// All levels, no partner, no values, today.
    fn default() -> Self {
        Self {
            level: 7,
            values: false,
            guides: Vec::new(),
            overrides: HashMap::new(),
            today: Zoned::now().date(),
            usage: None,
        }
    }
}

impl Options {
    /// How much a finding matters; `None` if it is not asked for.
    pub(super) fn severity(&self, finding: &Finding) -> Option<Severity> {
        if finding.rule.level > self.level {
            return None;
        }
        if self.overrides.is_empty() {
            return Some(finding.severity);
        }
        let exact = if finding.rule.by_place { self.overrides.get(&finding.rule_id()) } else { None };
        match exact.or_else(|| self.overrides.get(finding.rule.id)) {
            None => Some(finding.severity),
            Some(Override::Off) => None,
            Some(Override::Info) => Some(Severity::Info),
            Some(Override::Warning) => Some(Severity::Warning),
            Some(Override::Error) => Some(Severity::Error),
        }
    }
}
