//! Verdicts over files that other people wrote, beside what is known of them.
//!
//! The corpus is read where it is (`CLAIMWIRE_CORPUS`, else `../shared/corpus`); without it the test
//! says that it did nothing.

mod disputed;
#[path = "../foreign/mod.rs"]
mod foreign;
mod named;

use std::{collections::BTreeMap, fs};

use claimwire::check::{self, Finding, Options, Receive, Severity, Verdict};

/// Valid files that call themselves production data (ISA15 = P) and have NPIs whose check digit is wrong and ZIP
/// codes of five digits, as X12's own examples do. A receiver of production data would refuse them.
const MADE_UP: &[&str] = &[
    "pass__COB-claim-from-billing-provider-to-payer-a.edi",
    "pass__COB-claim-from-billing-provider-to-payer-b.edi",
    "pass__COB-claim-from-payer-a-to-payer-b-in-payer-to-payer.edi",
];

#[derive(Default)]
struct Collected(Vec<Finding>);

impl Receive for Collected {
    fn finding(&mut self, finding: &Finding) {
        if finding.severity == Severity::Error {
            self.0.push(finding.clone());
        }
    }
}

/// What we say of a file.
struct Judged {
    accepted: bool,
    errors: Vec<Finding>,
    /// What made it unreadable.
    failure: Option<String>,
}

impl Judged {
    fn says(&self) -> &'static str {
        if self.accepted { "accepted" } else { "rejected" }
    }

    /// The errors in words, as many as help.
    fn list(&self) -> String {
        let errors = self.errors.iter().take(12).map(|one| {
            format!("    {} {} {} {}\n", one.place.number, one.place.designator(), one.rule_id(), one.message())
        });
        self.failure.iter().map(|failure| format!("    {failure}\n")).chain(errors).collect()
    }
}

#[test]
fn verdicts_over_the_corpus() {
    let Some(index) = foreign::index() else { return };
    let mut counts: BTreeMap<(&str, &str), [u32; 2]> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut unseen = disputed::rows();
    for row in &index {
        let judged = judge(&fs::read(&row.path).expect("readable"));
        counts.entry((&row.gold, &row.transaction)).or_default()[usize::from(!judged.accepted)] += 1;
        let fault = match row.gold.as_str() {
            "valid" if MADE_UP.iter().any(|name| row.name.ends_with(name)) => {
                let only_that = !judged.errors.is_empty() && judged.errors.iter().all(|one| one.rule.invented);
                (!only_that).then(|| "is valid but for its made-up numbers".to_owned())
            }
            "valid" => (!judged.accepted || !judged.errors.is_empty()).then(|| "is valid".to_owned()),
            "invalid" => named::fault(row, &judged),
            "disputed" => match unseen.remove(row.name.as_str()) {
                Some(decided) => disputed::fault(&decided, &judged),
                None => Some("is not decided".to_owned()),
            },
            _ => None,
        };
        if let Some(fault) = fault {
            wrong.push(format!("{} {}: {fault}, and is {}\n{}", row.gold, row.name, judged.says(), judged.list()));
        }
    }
    println!("{:<10} {:<16} {:>8} {:>8}", "gold", "transaction", "accepted", "rejected");
    for ((gold, transaction), [accepted, rejected]) in counts {
        println!("{gold:<10} {transaction:<16} {accepted:>8} {rejected:>8}");
    }
    wrong.extend(unseen.into_keys().map(|name| format!("{name} is decided and not there")));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn judge(file: &[u8]) -> Judged {
    // What is in the future of a file does not depend on when this runs.
    let options = Options { today: jiff::civil::date(2026, 6, 30), ..Options::default() };
    let mut collected = Collected::default();
    let verdict = check::check(file, &options, &mut collected);
    Judged {
        accepted: verdict.as_ref().is_ok_and(|verdict| *verdict == Verdict::Accepted),
        errors: collected.0,
        failure: verdict.err().map(|error| error.to_string()),
    }
}
