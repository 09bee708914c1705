//! What is checked, and how strictly.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use jiff::{Zoned, civil::Date};

use super::{Finding, Severity};
use crate::codes::Own;
use crate::guide::{Guide, Library, Limit, Override};

/// What is checked, and how strictly.
#[derive(Clone, Debug)]
pub struct Options {
    /// Levels up to this one: 1 to 7.
    pub level: u8,
    /// Whether findings carry the values they are about. They may name people.
    pub values: bool,
    /// The guides, those of trading partners among them.
    pub library: Library,
    /// The operator's own code lists, which take the place of those that come with the program.
    pub lists: Own,
    /// Rules turned off, down or up, by name, or by the last part of a name that has its place in it.
    pub overrides: HashMap<String, Override>,
    /// The day that dates are compared with.
    pub today: Date,
    /// ISA15 that is expected: `T` or `P`; any if `None`.
    pub usage: Option<u8>,
    /// Who is expected to send (ISA05, ISA06); anybody if `None`.
    pub sender: Option<[CompactString; 2]>,
    /// Who is expected to receive (ISA07, ISA08); anybody if `None`.
    pub receiver: Option<[CompactString; 2]>,
    /// Interchanges that came before, in other files: ISA05, ISA06, ISA13.
    pub seen: HashSet<[CompactString; 3]>,
    /// Limits on counts and sizes that are agreed on, besides those of companion guides. The tightest counts.
    pub limits: Vec<Limit>,
}

impl Default for Options {
    /// All levels, no partner, no values, today.
    fn default() -> Self {
        Self {
            level: 7,
            values: false,
            library: Library::new(),
            lists: Own::default(),
            overrides: HashMap::new(),
            today: Zoned::now().date(),
            usage: None,
            sender: None,
            receiver: None,
            seen: HashSet::new(),
            limits: Vec::new(),
        }
    }
}

impl Options {
    /// How much a finding matters; `None` if it is not asked for. What the companion guide of its transaction
    /// set makes of the rule comes before what the options make of it.
    pub(super) fn severity(&self, finding: &Finding, companion: Option<&Guide>) -> Option<Severity> {
        if finding.rule.level > self.level {
            return None;
        }
        let stated = companion.map_or(&[] as &[(String, Override)], |guide| &guide.overrides);
        if self.overrides.is_empty() && stated.is_empty() {
            return Some(finding.severity);
        }
        let made = |id: &str| {
            let partner = stated.iter().rev().find(|(rule, _)| rule == id).map(|(_, made)| *made);
            partner.or_else(|| self.overrides.get(id).copied())
        };
        let exact = if finding.rule.by_place { made(&finding.rule_id()) } else { None };
        match exact.or_else(|| made(finding.rule.id)) {
            None => Some(finding.severity),
            Some(Override::Off) => None,
            Some(Override::Warning) => Some(Severity::Warning),
            Some(Override::Error) => Some(Severity::Error),
        }
    }
}
