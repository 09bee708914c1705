//! What 277CAs add up to: every claim once, with the verdict that checking gave it.

use std::{collections::BTreeMap, fs};

use claimwire::{
    check::{self, Answer, Claim, Finding, Receive, Severity, TransactionOutcome, Verdict},
    document,
    generate::{self, Kind},
};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{answer, foreign, options, samples};

/// Claims by their batch: CLM01, verdict and charge, of the sets that are accepted.
#[derive(Default)]
struct Claims {
    open: Vec<(String, bool, Decimal)>,
    refused: bool,
    batches: Vec<Vec<(String, bool, Decimal)>>,
}

impl Receive for Claims {
    fn claim(&mut self, claim: &Claim<'_>) {
        let Some(clm) = claim.scope.begin().filter(|clm| clm.segment.id() == b"CLM") else { return };
        let number = String::from_utf8_lossy(clm.element(1)).trim().to_owned();
        self.open.push((number, claim.verdict == Verdict::Accepted, clm.number(2).unwrap_or_default()));
    }

    fn finding(&mut self, finding: &Finding) {
        self.refused |= finding.severity == Severity::Error && finding.answer() != Answer::Claim;
    }

    fn transaction(&mut self, set: &TransactionOutcome) {
        let claims = std::mem::take(&mut self.open);
        if set.errors == 0 && set.guide.is_some_and(|guide| guide.set == "837") && !claims.is_empty() {
            self.batches.push(claims);
        }
    }
}

#[test]
fn every_claim_of_an_accepted_set_is_answered_once() {
    let (mut claims, mut batches) = (0, 0);
    for path in samples().into_iter().chain(foreign::files().unwrap_or_default()) {
        let bytes = fs::read(&path).expect("readable");
        if let Some((of_file, in_claims)) = compare(&bytes, &path.display().to_string()) {
            batches += of_file;
            claims += in_claims;
        }
    }
    println!("{claims} claims in {batches} batches");
    assert!(claims > 100);
}

#[test]
fn generated_batches_add_up() {
    for (kind, seed) in [("837p", 3), ("837i", 4), ("837d", 5)] {
        let mut bytes = Vec::new();
        let kind: Kind = kind.parse().expect("a kind");
        let generated =
            generate::Options { claims_per_transaction: Some(40), ..generate::Options::new(kind, 150, seed) };
        generate::write(&generated, &mut bytes).expect("written");
        // Every eleventh charge is made wrong.
        let mut text = String::from_utf8(bytes).expect("text");
        let claims: Vec<usize> = text.match_indices("\nCLM*").map(|(at, _)| at).collect();
        for at in claims.iter().rev().step_by(11) {
            let charge = at + 5 + text[at + 5..].find('*').expect("a charge") + 1;
            text.insert(charge, '7');
        }
        compare(text.as_bytes(), "generated").expect("batches");
    }
}

/// Compares the 277CAs of a file with its claims; gives the number of batches and claims.
fn compare(bytes: &[u8], name: &str) -> Option<(usize, usize)> {
    let mut claims = Claims::default();
    let checked = check::Options { today: jiff::civil::date(2026, 11, 1), ..check::Options::default() };
    check::check(bytes, &checked, &mut claims).ok()?;
    let (answer, summary) = answer(bytes, options())?;
    // Where a group or interchange is refused, or gets no answer, no claim is answered.
    if claims.batches.is_empty() || summary.batches == 0 {
        assert!(
            claims.batches.is_empty() || claims.refused || !summary.notices.is_empty(),
            "{name}: {} batches get no answer",
            claims.batches.len()
        );
        return None;
    }
    let reports = reports(&answer);
    assert_eq!(reports.len() as u64, summary.batches, "{name}");
    if !claims.refused {
        assert_eq!(reports.len(), claims.batches.len(), "{name}");
    }
    let mut count = 0;
    let mut sent = claims.batches.iter();
    for report in &reports {
        let told = told(report, name);
        count += told.len();
        assert!(sent.any(|batch| *batch == told), "{name}: claims differ");
    }
    Some((reports.len(), count))
}

/// The 277CAs of an answer.
fn reports(answer: &[u8]) -> Vec<Value> {
    let mut json = Vec::new();
    document::read(answer, &mut json).expect("a document");
    let document: Value = serde_json::from_slice(&json).expect("JSON");
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let groups = list(&document, "interchanges").into_iter().flat_map(|interchange| list(&interchange, "groups"));
    let sets = groups.flat_map(|group| list(&group, "transactions"));
    sets.filter(|set| set["type"] == "277CA").collect()
}

/// The claims of a report, whose totals are looked at on the way.
fn told(report: &Value, name: &str) -> Vec<(String, bool, Decimal)> {
    let number = |value: &Value| value.as_str().map_or(Decimal::ZERO, |text| text.parse().expect("a number"));
    let receiver = &report["source"]["receiver"];
    let mut all = Vec::new();
    for provider in receiver["providers"].as_array().expect("providers") {
        let start = all.len();
        for claim in provider["patients"]
            .as_array()
            .expect("patients")
            .iter()
            .flat_map(|patient| patient["claims"].as_array().expect("claims"))
        {
            let statuses = claim["statuses"].as_array().expect("statuses");
            let accepted = statuses.iter().all(|status| status["action"] == "WQ");
            assert!(accepted || statuses.iter().all(|status| status["action"] == "U"), "{name}: mixed");
            let number_of = claim["control_number"].as_str().expect("a number").to_owned();
            all.push((number_of, accepted, number(&statuses[0]["amount"])));
        }
        totals(provider, all.get(start..).unwrap_or_default(), name);
    }
    totals(receiver, &all, name);
    all
}

fn totals(level: &Value, claims: &[(String, bool, Decimal)], name: &str) {
    let number = |value: &Value| value.as_str().map_or(Decimal::ZERO, |text| text.parse().expect("a number"));
    let mut sums: BTreeMap<bool, (Decimal, Decimal)> = BTreeMap::new();
    for (_, accepted, charge) in claims {
        let (count, sum) = sums.entry(*accepted).or_default();
        *count += Decimal::ONE;
        *sum += charge;
    }
    let of = |accepted: bool| sums.get(&accepted).copied().unwrap_or_default();
    let stated = |quantity: &str, amount: &str| (number(&level[quantity]), number(&level[amount]));
    assert_eq!(stated("accepted_quantity", "accepted_amount"), of(true), "{name}: accepted");
    assert_eq!(stated("rejected_quantity", "rejected_amount"), of(false), "{name}: rejected");
    assert_eq!(number(&level["statuses"][0]["amount"]), of(true).1 + of(false).1, "{name}: submitted");
}
