//! For each rule a file that breaks just that rule, and one that just keeps it: clean samples with small
//! edits. The finding is at the right segment, loop and element, and no other error comes with it.

mod acknowledgment;
mod adjustment;
mod balance;
mod bill;
mod bill_codes;
mod billing;
mod claim;
mod coordination;
mod damage;
mod dates;
mod dental;
mod edit;
mod element;
mod envelope;
mod header;
mod hierarchy;
mod institutional;
mod line;
mod partner;
mod party;
mod payment;
mod professional;
mod providers;
mod references;
mod remittance;
mod status;
mod structure;
mod subscriber;

use std::{collections::BTreeSet, fs, path::Path};

use claimwire::{
    check::{self, Finding, Options, Receive, Severity},
    codes::Own,
};
use edit::Edit;
use partner::{NOBODY, Setting};

/// One way to break a rule.
pub struct Defect {
    /// The rule's name, its place included where that is part of it.
    pub rule: &'static str,
    /// A clean file in `samples/`, without its ending.
    pub sample: &'static str,
    /// What breaks the rule.
    pub breaks: &'static [Edit],
    /// Where the finding is: loop, a slash, designator: `2300/CLM05-3`.
    pub at: &'static str,
    /// How the segment begins that has the finding's position; for something missing, the segment that stands
    /// in its place, nothing at the end of the file.
    pub on: &'static str,
    /// Other rules that cannot but be broken with it.
    pub also: &'static [&'static str],
    /// What touches the same place and keeps the rule; nothing for the sample as it is.
    pub keeps: &'static [Edit],
}

const ALL: &[&[Defect]] = &[
    balance::DEFECTS,
    bill::DEFECTS,
    bill_codes::DEFECTS,
    element::DEFECTS,
    structure::DEFECTS,
    envelope::DEFECTS,
    claim::DEFECTS,
    coordination::DEFECTS,
    dental::DEFECTS,
    institutional::DEFECTS,
    payment::DEFECTS,
    adjustment::DEFECTS,
    remittance::DEFECTS,
    acknowledgment::DEFECTS,
    status::DEFECTS,
    billing::DEFECTS,
    dates::DEFECTS,
    header::DEFECTS,
    hierarchy::DEFECTS,
    line::DEFECTS,
    party::DEFECTS,
    professional::DEFECTS,
    providers::DEFECTS,
    references::DEFECTS,
    subscriber::DEFECTS,
];

#[derive(Default)]
struct Collected(Vec<Finding>);

impl Receive for Collected {
    fn finding(&mut self, finding: &Finding) {
        self.0.push(finding.clone());
    }
}

#[test]
fn each_defect_is_found_where_it_is_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for (setting, defect) in all() {
        let options = options(setting);
        let findings = |file: &[u8]| findings(file, &options);
        let name = format!("{} in {}", defect.rule, defect.sample);
        let clean = read(defect.sample);
        let broken = edit::apply(&clean, defect.breaks).unwrap_or_else(|edit| panic!("{name}: {edit}"));
        let (found, others): (Vec<Finding>, Vec<Finding>) =
            findings(&broken).into_iter().partition(|finding| finding.rule_id() == defect.rule);
        let expected = edit::number(&broken, defect.on).unwrap_or_else(|| panic!("{name}: no segment {}", defect.on));
        if !found.iter().any(|one| place(one) == defect.at && one.place.number == expected) {
            let places: Vec<String> =
                found.iter().map(|one| format!("{} segment {}", place(one), one.place.number)).collect();
            wrong.push(format!("{name}: expected {} segment {expected}, found {places:?}", defect.at));
        }
        let mut once = BTreeSet::new();
        for one in found.iter().chain(&others) {
            let at = (one.rule_id(), one.place.number, place(one), one.place.repetition);
            if !once.insert((at, one.place.missing)) {
                wrong.push(format!("{name}: twice {}", said(one)));
            }
        }
        for other in errors(&others).filter(|other| !defect.also.contains(&other.rule_id().as_str())) {
            wrong.push(format!("{name}: also {}", said(other)));
        }
        let kept = edit::apply(&clean, defect.keeps).unwrap_or_else(|edit| panic!("{name}: {edit}"));
        let kept = findings(&kept);
        for finding in kept.iter().filter(|finding| finding.rule_id() == defect.rule) {
            wrong.push(format!("{name}: kept, but {}", said(finding)));
        }
        for finding in errors(&kept).filter(|finding| finding.rule_id() != defect.rule) {
            wrong.push(format!("{name}: kept, but also {}", said(finding)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_rule_has_a_defect() {
    let tested: BTreeSet<&str> =
        all().filter_map(|(_, defect)| check::by_id(defect.rule)).map(|rule| rule.id).collect();
    // Of JSON there is a test of its own, of the command `validate`.
    let tested = |id: &&str| tested.contains(id) || *id == "json.line";
    let untested: Vec<&str> = check::all().map(|rule| rule.id).filter(|id| !tested(id)).collect();
    assert!(untested.is_empty(), "{} rules without a defect: {untested:?}", untested.len());
}

fn read(sample: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(format!("{sample}.x12"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every defect, with what it is checked with.
fn all() -> impl Iterator<Item = (Setting, &'static Defect)> {
    let plain = ALL.iter().copied().flatten().map(|defect| (NOBODY, defect));
    plain.chain(partner::DEFECTS.iter().map(|(setting, defect)| (*setting, defect)))
}

fn options(setting: Setting) -> Options {
    // Samples are of early 2026; what is in the future of a file does not depend on when this runs.
    let today = jiff::civil::date(2026, 6, 30);
    let sender = setting.sender.map(|sender| sender.map(Into::into));
    let mut options = Options { today, usage: Some(b'T'), sender, ..Options::default() };
    if !setting.companion.is_empty() {
        options.library.read("companion", setting.companion).expect("a companion guide");
    }
    if !setting.lists.is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in setting.lists {
            fs::write(folder.path().join(format!("{name}.txt")), text).expect("written");
        }
        options.lists = Own::in_folder(folder.path()).expect("lists");
    }
    options
}

fn findings(file: &[u8], options: &Options) -> Vec<Finding> {
    let mut collected = Collected::default();
    check::check(file, options, &mut collected).expect("X12");
    collected.0
}

fn errors(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Error)
}

fn place(finding: &Finding) -> String {
    format!("{}/{}", finding.place.loop_id(), finding.place.designator())
}

fn said(finding: &Finding) -> String {
    format!("{} at {} segment {}: {}", finding.rule_id(), place(finding), finding.place.number, finding.message())
}
