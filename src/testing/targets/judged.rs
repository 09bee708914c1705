//! Files that are checked, answered and explained.

use std::sync::LazyLock;

use super::{Pieces, shown};
use crate::{
    acknowledge::{self, Answered, Answers},
    check::{
        self, Claim, Finding, GroupOutcome, InterchangeOutcome, Options, Receive, Severity, TransactionOutcome, Verdict,
    },
    generate::{self, Kind},
    record::{Date, Time},
    report::{self, Format, Limit, Look, Report},
    x12::{Reader, Token},
};

/// Checks: findings lie inside the input and are the same however it comes in; lower levels find what the
/// highest finds of theirs; what is found in an interchange does not depend on what follows it; and every
/// report can be written.
pub fn check(data: &[u8]) {
    let all = Found::of(data, &OPTIONS);
    for (finding, end) in &all.findings {
        assert!(*end <= data.len() as u64, "{finding:?} lies inside the input");
    }
    assert!(all.same(&Found::of(Pieces::of(data), &OPTIONS)), "in pieces as in one: {}", shown(data));
    let mut form = OPTIONS.clone();
    form.level = 2;
    let low = Found::of(data, &form);
    let of_form = all.findings.iter().filter(|(finding, _)| finding.level <= 2);
    // Where there are many outside claims, what else is found decides when they are told.
    assert_eq!(in_order(low.findings.iter()), in_order(of_form), "lower levels find what is theirs");
    for end in interchange_ends(data) {
        let start = Found::of(data.get(..end).unwrap_or_default(), &OPTIONS);
        let so_far = all.findings.get(..start.findings.len()).unwrap_or_default();
        assert_eq!(start.findings, so_far, "the report of a prefix is a prefix of the report");
    }
    for format in [Format::Text, Format::Json, Format::Annotated, Format::Html] {
        written(data, format);
    }
}

/// Findings by where they are.
fn in_order<'f>(findings: impl Iterator<Item = &'f (Key, u64)>) -> Vec<&'f (Key, u64)> {
    let mut findings: Vec<_> = findings.collect();
    findings.sort_by(|(one, end), (other, other_end)| {
        (one.place, end, &one.rule, &one.message).cmp(&(other.place, other_end, &other.rule, &other.message))
    });
    findings
}

/// Envelopes: what begins ends, one inside the other, and counts are those of what was inside.
pub fn envelope(data: &[u8]) {
    let mut options = OPTIONS.clone();
    options.level = 1;
    let mut nesting = Nesting::default();
    let outcome = check::check(data, &options, &mut nesting);
    if outcome.is_ok() {
        assert!(!nesting.interchange && !nesting.group && !nesting.set, "what has begun has ended");
    }
}

/// Acknowledgments that we make: they pass our own checks, and what they mean is what was found.
pub fn answers(data: &[u8]) {
    let mut answers = Answers::new(Vec::new(), answered());
    if check::check(data, &OPTIONS, &mut answers).is_err() {
        return;
    }
    let made = answers.finish();
    assert!(made.is_ok(), "{:?} for {}", made.err().map(|error| error.to_string()), shown(data));
    let Ok((file, summary)) = made else { return };
    if file.is_empty() {
        return;
    }
    let findings = errors(&file);
    assert!(findings.is_empty(), "{findings:#?}\n{}\nfor {}", shown(&file), shown(data));
    let mut words = Vec::new();
    let file_of = Answered { name: "file".into(), input: data };
    let explained = acknowledge::explain(&file[..], Some(file_of), true, &mut words);
    assert!(explained.is_ok(), "{:?} of {}", explained.err().map(|error| error.to_string()), shown(&file));
    if let Ok(explained) = explained {
        let made = summary.interchanges + summary.groups + summary.batches;
        assert_eq!(explained.answers as u64, made, "every answer is read: {}", shown(&file));
        assert_eq!(explained.rejects, summary.rejects, "{} for {}", shown(&file), shown(data));
    }
}

/// Acknowledgments that others have made: they can be told, with the file that they answer and without.
pub fn explain(data: &[u8]) {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut file = Vec::new();
        drop(generate::write(&generate::Options::new(Kind::Professional, 3, 1), &mut file));
        file
    });
    let mut alone = Vec::new();
    let told = acknowledge::explain(data, None::<Answered<&[u8]>>, false, &mut alone);
    let mut beside = Vec::new();
    let answered = Answered { name: "file".into(), input: &FILE[..] };
    let told_beside = acknowledge::explain(data, Some(answered), true, &mut beside);
    assert_eq!(told.is_ok(), told_beside.is_ok(), "the file makes no difference to what can be read");
    if let (Ok(told), Ok(beside)) = (told, told_beside) {
        assert_eq!((told.answers, told.rejects), (beside.answers, beside.rejects));
    }
}

/// What the tables of the guides say against a file; those of the rules that go beyond are left out.
pub(super) fn stated(file: &[u8]) -> Vec<Key> {
    let mut options = OPTIONS.clone();
    options.level = 2;
    let mut found = Found::of(file, &options);
    found.findings.retain(|(finding, _)| finding.is_stated);
    found.findings.into_iter().map(|(finding, _)| finding).collect()
}

/// Findings of an answer of ours that make it wrong.
fn errors(file: &[u8]) -> Vec<Key> {
    let mut options = OPTIONS.clone();
    options.level = 2;
    let mut found = Found::of(file, &options);
    // Totals of the 277CA may have more digits than an amount, and there is nothing shorter to say.
    found.findings.retain(|(finding, _)| finding.severity == Severity::Error && !finding.rule.ends_with(".amount"));
    found.findings.into_iter().map(|(finding, _)| finding).collect()
}

/// All levels, on a day that stays the same.
static OPTIONS: LazyLock<Options> =
    LazyLock::new(|| Options { values: true, today: jiff::civil::Date::constant(2026, 1, 15), ..Options::default() });

fn answered() -> acknowledge::Options {
    let created = (Date::constant(2026, 1, 15), Time::new(10, 30).unwrap_or_default());
    acknowledge::Options { created, ..acknowledge::Options::default() }
}

/// A finding, as far as it can be compared.
#[derive(Debug, PartialEq)]
pub(super) struct Key {
    rule: String,
    level: u8,
    severity: Severity,
    is_stated: bool,
    message: String,
    claim: String,
    within: check::Within,
    value: Option<String>,
    expected: Option<String>,
    /// Number and position of the segment, offset, length, line.
    place: (u64, u32, u64, u32, u64),
    element: (u8, u8, u16),
}

impl Key {
    fn of(finding: &Finding) -> Self {
        let (rule, place) = (finding.rule, &finding.place);
        let of_tables = ["envelope.", "transaction.", "segment.", "hierarchy.", "line.number"];
        let is_stated = (rule.level == 1 || rule.by_place || of_tables.iter().any(|about| rule.id.starts_with(about)))
            // That the note of a TA1 goes with its answer no table says.
            && rule.id != "envelope.ta1.note";
        let key = Self {
            rule: finding.rule_id(),
            level: rule.level,
            severity: finding.severity,
            is_stated,
            message: finding.message(),
            claim: finding.claim.to_string(),
            within: (*finding.within).clone(),
            value: finding.value.as_ref().map(ToString::to_string),
            expected: finding.expected.as_ref().map(ToString::to_string),
            place: (place.number, place.position, place.offset, place.length, place.line),
            element: (place.element, place.component, place.repetition),
        };
        assert!(!key.message.is_empty() && !key.rule.is_empty() && !finding.hint().is_empty());
        key
    }
}

/// Findings, each with where it ends, and the outcome.
#[derive(Default)]
struct Found {
    findings: Vec<(Key, u64)>,
    claims: Vec<Verdict>,
    outcome: Option<Result<Verdict, String>>,
}

impl Found {
    fn of(input: impl std::io::Read, options: &Options) -> Self {
        let mut found = Self::default();
        let outcome = check::check(input, options, &mut found);
        found.outcome = Some(outcome.map_err(|error| error.to_string()));
        found
    }

    fn same(&self, other: &Self) -> bool {
        self.findings == other.findings && self.claims == other.claims && self.outcome == other.outcome
    }
}

impl Receive for Found {
    fn finding(&mut self, finding: &Finding) {
        self.findings.push((Key::of(finding), finding.place.offset + u64::from(finding.place.length)));
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        let is_wrong = claim.findings.iter().chain(claim.inherited).any(|finding| finding.severity == Severity::Error);
        assert_eq!(claim.verdict == Verdict::Rejected, is_wrong, "a claim is rejected for a reason");
        self.claims.push(claim.verdict);
    }
}

/// Where interchanges end whose IEA is whole.
fn interchange_ends(data: &[u8]) -> Vec<usize> {
    let mut reader = Reader::new(data);
    let (mut ends, mut is_fragment) = (Vec::new(), None);
    while ends.len() < 2 {
        let Ok(Some(Token::Segment { segment, offset, terminated, .. })) = reader.next() else { break };
        // What separates the elements of a fragment is guessed from all that is there.
        if *is_fragment.get_or_insert(segment.id() != b"ISA") {
            break;
        }
        if segment.id() == b"IEA" && terminated {
            ends.push(offset as usize + segment.bytes().len() + 1);
        }
    }
    ends
}

/// Writes a report of a file.
fn written(data: &[u8], format: Format) {
    let mut report = Report::new("file", Limit { file: 50, cause: 5 });
    let outcome = check::check(data, &OPTIONS, &mut report);
    report.end(outcome);
    let mut writer = report::Writer::new(format, Look { values: true, colours: false }, Vec::new());
    let written = writer.file(&report, data).and_then(|()| writer.finish());
    assert!(written.is_ok(), "{written:?}");
    if let (Format::Json, Ok(json)) = (format, written) {
        let value = serde_json::from_slice::<serde_json::Value>(&json);
        assert!(value.is_ok(), "{value:?}: {}", shown(&json));
    }
}

/// Follows what begins and ends.
#[derive(Default)]
struct Nesting {
    interchange: bool,
    group: bool,
    set: bool,
    /// Transaction sets of the open group, and those of them that were accepted.
    sets: (u32, u32),
    claims: (u64, u64),
}

impl Receive for Nesting {
    fn interchange_begins(&mut self, _: &InterchangeOutcome) {
        assert!(
            !std::mem::replace(&mut self.interchange, true) && !self.group && !self.set,
            "an interchange in another"
        );
    }

    fn group_begins(&mut self, _: &GroupOutcome) {
        assert!(
            self.interchange && !std::mem::replace(&mut self.group, true) && !self.set,
            "a group in an interchange"
        );
        self.sets = (0, 0);
    }

    fn transaction_begins(&mut self, _: &TransactionOutcome) {
        assert!(self.interchange && !std::mem::replace(&mut self.set, true), "a set in an interchange");
        self.claims = (0, 0);
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        assert!(self.set, "a claim in a set");
        self.claims.0 += 1;
        self.claims.1 += u64::from(claim.verdict == Verdict::Rejected);
    }

    fn transaction(&mut self, set: &TransactionOutcome) {
        assert!(std::mem::replace(&mut self.set, false), "a set that has begun");
        assert_eq!((set.claims, set.rejected_claims), self.claims, "the claims of a set are counted");
        self.sets.0 += 1;
        self.sets.1 += u32::from(set.verdict != Verdict::Rejected || set.errors == 0);
    }

    fn group(&mut self, group: &GroupOutcome) {
        // Sets that stand outside a group end with one that has not begun.
        let is_fragment = group.kind.is_empty() && group.control_number.is_empty();
        assert!((std::mem::take(&mut self.group) || is_fragment) && !self.set, "a group that has begun");
        assert_eq!((group.received, group.accepted), std::mem::take(&mut self.sets), "the sets of a group are counted");
    }

    fn interchange(&mut self, _: &InterchangeOutcome) {
        assert!(
            std::mem::replace(&mut self.interchange, false) && !self.group && !self.set,
            "an interchange that has begun"
        );
    }
}
