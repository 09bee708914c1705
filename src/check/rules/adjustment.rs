//! Adjustments: what the reasons in CAS segments may say, and what they call for (835, and the decisions of
//! other payers in an 837).

use std::{
    cell::LazyCell,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use rust_decimal::Decimal;

use super::super::{
    Check, Found, Scope,
    memory::Sum,
    rule::{Rule, rules},
    scope::{At, Held, places},
};
use crate::codes;

rules! {
    ZERO = Rule::error(2, "R07", "adjustment.amount.zero").ik4("7").stc("A7:519")
        .says("an adjustment of zero adjusts nothing", "leave the reason out");
    GAP = Rule::error(2, "R07", "adjustment.reason.gap").ik4("I12").stc("A7:519")
        .says("a reason stands after an empty place", "fill the reasons of a CAS from the first place on, without gaps");
    REPEATED = Rule::error(2, "R08", "adjustment.reason.repeated").ik4("7")
        .says("the same group and reason stand twice at one level", "add their amounts up to one adjustment");
    BOTH_LEVELS = Rule::warning(4, "R10", "adjustment.both-levels").ik3("I9")
        .says("an adjustment of the claim repeats what its lines say already", "report an adjustment once, at the line where possible");
    EXCESS = Rule::error(4, "R30", "adjustment.excess.sign").ik4("I12")
        .says("reason 94 (processed in excess of charges) lowers the payment", "write its amount with a minus: it raises the line above its charge");
    REMARK = Rule::error(5, "R32", "adjustment.remark").ik4("I12").stc("A7:634")
        .says("the reason calls for a remark code, and there is none", "add LQ*HE with a remark code or LQ*RX with an NCPDP reject code to the line, or a remark code to MIA or MOA");
    GROUP = Rule::error(4, "R36", "adjustment.group").ik4("I12").stc("A7:521")
        .says("the reason does not go with this group code (CAS01)", "use the group that the reason's note names");
    WHOLE_CHARGE = Rule::error(4, "R36", "adjustment.whole-charge").ik4("I12").stc("A7:521")
        .says("the reason takes the whole charge, which its note forbids", "use the reason for which nothing is paid");
    LINE_ONLY = Rule::error(4, "R36", "adjustment.line-only").ik4("I12").stc("A7:521")
        .says("the reason stands at the claim, and is for lines only", "report it at the line");
    CLAIM_ONLY = Rule::error(4, "R36", "adjustment.claim-only").ik4("I12")
        .says("the reason is for claims only and not for a payment", "use a reason that a payer may give");
    PROPERTY_CASUALTY = Rule::warning(4, "R36", "adjustment.property-casualty").ik4("I12").stc("A7:521")
        .says("the reason is for workers' compensation and property and casualty only", "use another reason, or correct the kind of insurance (CLP06, SBR09)");
}

places! {
    CLP = "2100" / "CLP";
    OF_PAYMENT = "2100" / "CAS";
    MIA = "2100" / "MIA";
    MOA = "2100" / "MOA";
    PAID_LINE = "2100" / "2110";
    SVC = "2110" / "SVC";
    OF_PAID_LINE = "2110" / "CAS";
    LQ = "2110" / "LQ";
    CLM = "2300" / "CLM";
    SBR = "2320" / "SBR";
    OF_COVERAGE = "2320" / "CAS";
    OF_DECISION = "2430" / "CAS";
    SV1 = "2400" / "SV1";
    SV2 = "2400" / "SV2";
    SV3 = "2400" / "SV3";
}

pub(super) const CHECKS: &[Check] = &[
    Check::new("2100", &["835"], payment).when([&OF_PAYMENT]),
    Check::new("2110", &["835"], paid_line).when([&OF_PAID_LINE]),
    Check::claims("2320", coverage).when([&OF_COVERAGE]),
    Check::claims("2430", decision).when([&OF_DECISION]),
];

/// A reason of a CAS segment.
#[derive(Clone, Copy)]
pub(super) struct Reason<'c> {
    cas: Held<'c>,
    /// The element that holds the code; the amount stands in the next.
    at: usize,
    code: &'c [u8],
}

impl<'c> Reason<'c> {
    /// The amount; `None` if it cannot be read.
    pub(super) fn amount(self) -> Option<Decimal> {
        self.cas.number(self.at + 1)
    }

    /// The group code: `CO`.
    pub(super) fn group(self) -> &'c [u8] {
        self.cas.element(1)
    }

    /// Group and code.
    fn key(self) -> (&'c [u8], &'c [u8]) {
        (self.group(), self.code)
    }

    /// The segment, and the element that holds the code.
    pub(super) fn place(self) -> (Held<'c>, usize) {
        (self.cas, self.at)
    }

    /// The reason code: `45`.
    pub(super) fn code(self) -> &'c [u8] {
        self.code
    }
}

/// The reasons of the CAS segments at a place.
pub(super) fn reasons<'c>(scope: Scope<'c>, at: &At) -> impl Iterator<Item = Reason<'c>> + use<'c> {
    let mut segments = scope.all(at);
    let mut open: Option<(Held<'c>, usize)> = None;
    std::iter::from_fn(move || {
        loop {
            if let Some((cas, next)) = &mut open {
                let cas = *cas;
                while *next <= 17 && *next < cas.segment.len() {
                    let (at, code) = (*next, cas.element(*next));
                    *next += 3;
                    if !code.is_empty() || !cas.element(at + 1).is_empty() {
                        return Some(Reason { cas, at, code });
                    }
                }
            }
            open = Some((segments.next()?, 2));
        }
    })
}

/// What the publisher's note says of a reason.
#[derive(Debug, Default)]
struct Note {
    code: &'static str,
    /// The groups it goes with; any if there are none.
    groups: Vec<&'static str>,
    needs_remark: bool,
    property_casualty: bool,
    line_only: bool,
    part_only: bool,
    claim_only: bool,
}

impl Note {
    /// The note of a reason, if there is one that asks for something.
    fn of(reason: &[u8]) -> Option<&'static Self> {
        static NOTES: LazyLock<Vec<(u32, Note)>> = LazyLock::new(|| {
            let codes = codes::by_name("carc").map_or(&[][..], |list| list.codes());
            let mut notes: Vec<Note> = codes
                .iter()
                .filter(|code| !code.flags.is_empty())
                .map(|code| Note::read(code.code, &code.flags))
                .collect();
            notes.sort_unstable_by_key(|note| packed(note.code.as_bytes()));
            notes.into_iter().map(|note| (packed(note.code.as_bytes()), note)).collect()
        });
        let wanted = packed(reason);
        let at = NOTES.partition_point(|(code, _)| *code < wanted);
        NOTES.get(at).map(|(_, note)| note).filter(|note| note.code.as_bytes() == reason)
    }

    fn read(code: &'static str, flags: &[&'static str]) -> Self {
        let has = |flag: &str| flags.contains(&flag);
        Self {
            code,
            groups: flags
                .iter()
                .find_map(|flag| flag.strip_prefix("group "))
                .map_or_else(Vec::new, |groups| groups.split(' ').collect()),
            needs_remark: has("remark"),
            property_casualty: has("property-casualty"),
            line_only: has("line-only"),
            part_only: has("part-only"),
            claim_only: has("claim-only"),
        }
    }
}

/// The first four characters of a code, which no reason exceeds, as a number that compares faster.
fn packed(code: &[u8]) -> u32 {
    code.iter().take(4).fold(0, |packed, byte| packed << 8 | u32::from(*byte))
}

/// Group codes that a reason may be bound to; others are no codes of the guide, and reported as such.
const GROUPS: &[&[u8]] = &[b"CO", b"OA", b"PI", b"PR"];

/// Kinds of insurance (CLP06, SBR09) that are, or may be, workers' compensation or property and casualty.
const CASUALTY: &[&[u8]] = &[b"AM", b"LM", b"WC", b"OF", b"ZZ", b""];

/// So many reasons are compared one by one.
const FEW: usize = 8;

/// Whether a reason stands at a claim or at a line of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Claim,
    Line,
}

/// What the note of a reason asks for in any guide. `charge` is that of the claim or line.
fn keep_note(
    reason: Reason<'_>,
    note: &Note,
    level: Level,
    charge: impl FnOnce() -> Option<Decimal>,
    insurance: &[u8],
    found: &mut Found<'_>,
) {
    let Reason { cas, at, .. } = reason;
    let group = reason.group();
    if !note.groups.is_empty()
        && GROUPS.contains(&group)
        && !note.groups.iter().any(|allowed| allowed.as_bytes() == group)
    {
        found.element(&GROUP, cas, 1).detail(format!("it goes with {}", note.groups.join(", "))).trigger(cas, at, 0);
    }
    if note.line_only && level == Level::Claim {
        found.element(&LINE_ONLY, cas, at);
    }
    if note.part_only
        && let Some(amount) = reason.amount().filter(|amount| !amount.is_zero())
        && charge() == Some(amount)
    {
        found.element(&WHOLE_CHARGE, cas, at + 1).trigger(cas, at, 0);
    }
    if note.property_casualty && !CASUALTY.contains(&insurance) {
        found.element(&PROPERTY_CASUALTY, cas, at);
    }
}

/// Adjustments of a claim payment.
fn payment(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clp) = claim.first(&CLP).filter(|_| claim.has(&OF_PAYMENT)) else { return };
    let is_explained = || claim.loops(&PAID_LINE).any(|line| line.has(&LQ));
    of_payment(claim, &OF_PAYMENT, Level::Claim, clp, clp.number(3), is_explained, found);
    both_levels(claim, found);
}

/// Adjustments of a line of a claim payment.
fn paid_line(line: Scope<'_>, found: &mut Found<'_>) {
    let Some((clp, svc)) = line.around().first(&CLP).zip(line.first(&SVC)) else { return };
    of_payment(line, &OF_PAID_LINE, Level::Line, clp, svc.number(2), || line.has(&LQ), found);
}

fn of_payment(
    scope: Scope<'_>,
    place: &At,
    level: Level,
    clp: Held<'_>,
    charge: Option<Decimal>,
    is_explained: impl FnOnce() -> bool,
    found: &mut Found<'_>,
) {
    let is_explained = LazyCell::new(|| is_explained() || has_claim_remark(claim_of(scope, level)));
    // Most have a few, and are compared without a set of them.
    let mut few: [(&[u8], &[u8]); FEW] = [(b"", b""); FEW];
    let mut many = LazyCell::new(HashSet::new);
    for (before, reason) in reasons(scope, place).enumerate() {
        let Reason { cas, at, code } = reason;
        let amount = reason.amount();
        if amount.is_some_and(|amount| amount.is_zero()) {
            found.element(&ZERO, cas, at + 1);
        }
        if at > 2 && (at - 3..at).all(|place| cas.element(place).is_empty()) {
            found.element(&GAP, cas, at);
        }
        let key = reason.key();
        let is_repeated = match few.get_mut(before) {
            Some(own) => {
                *own = key;
                few.iter().take(before).any(|earlier| *earlier == key)
            }
            None => few.contains(&key) || !many.insert(key),
        };
        if is_repeated {
            found.element(&REPEATED, cas, at);
        }
        if code == b"94" && clp.element(2) != b"22" && amount.is_some_and(|amount| amount > Decimal::ZERO) {
            found.element(&EXCESS, cas, at + 1);
        }
        let Some(note) = Note::of(code) else { continue };
        keep_note(reason, note, level, || charge, clp.element(6), found);
        if note.claim_only {
            found.element(&CLAIM_ONLY, cas, at);
        }
        if note.needs_remark && !*is_explained {
            found.element(&REMARK, cas, at);
        }
    }
}

fn claim_of(scope: Scope<'_>, level: Level) -> Scope<'_> {
    if level == Level::Line { scope.around() } else { scope }
}

/// Whether MIA or MOA holds a remark code.
fn has_claim_remark(claim: Scope<'_>) -> bool {
    let holds = |at: &At, places: &[usize]| {
        claim.first(at).is_some_and(|held| places.iter().any(|place| !held.element(*place).is_empty()))
    };
    holds(&MIA, &[5, 20, 21, 22, 23]) || holds(&MOA, &[3, 4, 5, 6, 7])
}

/// An adjustment of the claim that is the sum of the same adjustment of its lines was said twice.
fn both_levels(claim: Scope<'_>, found: &mut Found<'_>) {
    let mut of_lines: HashMap<_, Sum> = HashMap::new();
    for line in claim.loops(&PAID_LINE) {
        for reason in reasons(line, &OF_PAID_LINE) {
            of_lines.entry((reason.group(), reason.code)).or_default().add(reason.amount());
        }
    }
    for reason in reasons(claim, &OF_PAYMENT).filter(|_| !of_lines.is_empty()) {
        let lines = of_lines.get(&(reason.group(), reason.code)).and_then(|sum| sum.total());
        if lines.is_some() && lines == reason.amount() {
            found.element(&BOTH_LEVELS, reason.cas, reason.at);
        }
    }
}

/// Adjustments that another payer made to the claim.
fn coverage(coverage: Scope<'_>, found: &mut Found<'_>) {
    for reason in reasons(coverage, &OF_COVERAGE) {
        let Some(note) = Note::of(reason.code) else { continue };
        let charge = || coverage.up("2300")?.first(&CLM)?.number(2);
        let insurance = coverage.first(&SBR).map_or(&b""[..], |sbr| sbr.element(9));
        keep_note(reason, note, Level::Claim, charge, insurance, found);
    }
}

/// Adjustments that another payer made to a line. Which payer that is, is a matter of its number alone.
fn decision(decision: Scope<'_>, found: &mut Found<'_>) {
    for reason in reasons(decision, &OF_DECISION) {
        let Some(note) = Note::of(reason.code) else { continue };
        let charge = || {
            let line = decision.around();
            [(&SV1, 2), (&SV2, 3), (&SV3, 2)].into_iter().find_map(|(at, n)| line.first(at)?.number(n))
        };
        keep_note(reason, note, Level::Line, charge, b"", found);
    }
}
