//! Verdicts over files that other people wrote, beside what is known of them.
//!
//! The corpus is read where it is (`CLAIMWIRE_CORPUS`, else `../shared/corpus`); without it the test
//! says that it did nothing.

mod foreign;

use std::{collections::BTreeMap, fs};

use claimwire::check::{self, Finding, Options, Override, Receive, Severity, Verdict};

/// Rules that invented people and companies break: what is known of the files is whether they are well made,
/// and their numbers, streets and ZIP codes are made up.
const INVENTED: &[&str] = &[
    "address.zip.form",
    "address.zip.whole",
    "billing.address.box",
    "party.npi",
    "party.tax-id",
    "party.upin",
    "provider.taxonomy",
];

#[derive(Default)]
struct Collected(Vec<Finding>);

impl Receive for Collected {
    fn finding(&mut self, finding: &Finding) {
        self.0.push(finding.clone());
    }
}

#[test]
fn verdicts_over_the_corpus() {
    let Some(index) = foreign::index() else { return };
    let overrides = INVENTED.iter().map(|rule| ((*rule).to_owned(), Override::Off)).collect();
    let options = Options { overrides, ..Options::default() };
    let mut counts: BTreeMap<(String, bool), u32> = BTreeMap::new();
    for row in index {
        let bytes = fs::read(&row.path).expect("readable");
        let mut collected = Collected::default();
        let verdict = check::check(&bytes[..], &options, &mut collected);
        let errors: Vec<&Finding> = collected.0.iter().filter(|finding| finding.severity == Severity::Error).collect();
        let good = errors.is_empty() && verdict.as_ref().is_ok_and(|verdict| *verdict == Verdict::Accepted);
        *counts.entry((row.gold.clone(), good)).or_default() += 1;
        let show = match row.gold.as_str() {
            "valid" => !good,
            "invalid" => good,
            "disputed" => true,
            _ => false,
        };
        if show {
            println!(
                "== {} {} {} [{}] {}",
                row.gold,
                row.name,
                row.release,
                row.detail,
                if good { "accepted" } else { "REJECTED" }
            );
            if let Err(error) = &verdict {
                println!("    {error}");
            }
            for finding in errors.iter().take(8) {
                println!(
                    "    {} {} @{} {}",
                    finding.rule_id(),
                    finding.severity,
                    finding.place.number,
                    finding.message()
                );
            }
        }
    }
    for ((gold, good), count) in counts {
        println!("{gold:<10} {} {count}", if good { "accepted" } else { "rejected" });
    }
}
