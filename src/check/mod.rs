//! Checking like a payer: every finding of a file in one pass, SNIP levels 1 to 7.
//!
//! [`check`] reads segments, places them in their guide, judges each element as it comes and each loop as
//! it closes, and hands what it finds to a [`Receive`]. A claim is judged when it ends and is then
//! forgotten, so that memory is bounded by the largest claim.
//!
//! What a broken rule is called, how much it matters and which acknowledgment codes it answers with stands
//! in one place, its [`Rule`]; [`all`] lists them.

mod element;
mod envelope;
mod external;
mod finding;
mod found;
mod index;
mod known;
mod memory;
mod numbering;
mod open;
mod options;
mod outcome;
mod outline;
mod partner;
mod plan;
mod registry;
mod rule;
mod rules;
mod run;
mod scope;
mod set;
mod status;
mod structure;
mod value;

pub use finding::{Answer, Finding, Place, Trigger, Within};
pub use options::Options;
pub use outcome::{Claim, GroupOutcome, InterchangeOutcome, Receive, TransactionOutcome, Verdict};
pub use rule::{Codes, Rule, Severity};
pub use run::check;
pub use scope::{Held, Scope};
pub use status::{Status, UNPROCESSABLE};

pub use crate::guide::Override;
use found::Found;
use scope::At;

/// A check that runs when a loop closes.
#[derive(Clone, Copy, Debug)]
struct Check {
    /// The loop's id; empty for the transaction set.
    on: &'static str,
    /// Names of the guides it is for.
    guides: &'static [&'static str],
    /// Places of the loop of which one at least must be taken for the check to have anything to say; none if
    /// it always may.
    when: [Option<&'static At>; 5],
    run: fn(Scope<'_>, &mut Found<'_>),
}

impl Check {
    /// A check of loops of an id, in some guides.
    const fn new(on: &'static str, guides: &'static [&'static str], run: fn(Scope<'_>, &mut Found<'_>)) -> Self {
        Self { on, guides, when: [None; 5], run }
    }

    /// A check of loops of an id in all three claim guides.
    const fn claims(on: &'static str, run: fn(Scope<'_>, &mut Found<'_>)) -> Self {
        Self::new(on, &["837P", "837I", "837D"], run)
    }

    /// The same, to be run only on loops where one of these places at least is taken: cheaper than a check that
    /// looks and returns.
    const fn when<const N: usize>(mut self, places: [&'static At; N]) -> Self {
        let mut n = 0;
        while n < N {
            self.when[n] = Some(places[n]);
            n += 1;
        }
        self
    }
}

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let own = [
        finding::RULES,
        element::RULES,
        structure::RULES,
        envelope::RULES,
        partner::RULES,
        external::RULES,
        numbering::RULES,
    ];
    own.into_iter().flatten().copied().chain(rules::rules())
}

/// A rule by its name, or by a name with a place in it.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id).or_else(|| {
        let (_, last) = id.rsplit_once('.')?;
        all().find(|rule| rule.by_place && rule.id == last)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::guide;

    #[test]
    fn rules_are_named_once_and_say_something() {
        let mut ids = HashSet::new();
        for rule in all() {
            assert!(ids.insert(rule.id), "{} stands twice", rule.id);
            assert!(!rule.title.is_empty() && !rule.hint.is_empty(), "{} says nothing", rule.id);
            assert!((1..=7).contains(&rule.level), "{}", rule.id);
            assert!(!rule.number.is_empty(), "{}", rule.id);
            assert!(!rule.by_place || !rule.id.contains('.'), "{}", rule.id);
        }
    }

    #[test]
    fn places_that_rules_name_are_in_a_guide() {
        let guides: Vec<_> = guide::NAMES.iter().filter_map(|name| guide::by_name(name)?.ok()).collect();
        for place in rules::places().chain(external::PLACES.iter().copied()) {
            assert!(guides.iter().any(|guide| place.find(guide).is_some()), "{place} is in no guide");
        }
        for check in rules::checks() {
            for name in check.guides {
                let guide = guide::by_name(name).and_then(Result::ok).unwrap_or_else(|| panic!("{name} is no guide"));
                let here = guide.nodes().any(|node| guide.loop_at(node).is_some_and(|one| one.id == check.on));
                assert!(here, "{name} has no loop {:?}", check.on);
            }
            for place in check.when.iter().flatten() {
                assert_eq!(place.loop_id(), check.on, "{place} is not in the loop it is asked of");
            }
        }
    }
}
