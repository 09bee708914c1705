//! Acknowledgments of a group (999): whether what is said of segments, transaction sets and the group agrees.

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::{Held, places},
};

rules! {
    KIND = Rule::warning(2, "AK02", "acknowledgment.set.kind").ik4("I12")
        .says("the transaction set (AK201) does not belong into a group of this kind (AK101)", "repeat ST01 and GS01 as they were received");
    SETS = Rule::warning(2, "AK03", "acknowledgment.sets.missing").ik4("I12")
        .says("not all is well with the group, and not every transaction set received is named", "add an AK2 for each transaction set");
    ELEMENT_MISSING = Rule::error(2, "AK05", "acknowledgment.element.missing").ik3("I6")
        .says("a segment has element errors (IK304 is 8), and none is named", "add an IK4 for each element in error");
    ELEMENT_UNCALLED = Rule::error(2, "AK05", "acknowledgment.element.segment").ik4("I12")
        .says("element errors are named, and IK304 says that there are none", "write 8 in IK304 of a segment with element errors");
    VALUE_OF_NOTHING = Rule::error(2, "AK05", "acknowledgment.element.value").ik4("I13")
        .says("an element is said to be missing, and its value is quoted", "leave IK404 out");
    TRIGGER = Rule::warning(2, "AK06", "acknowledgment.trigger").ik3("I6")
        .says("a situational rule was broken, and what made it hold is not said", "add CTX with SITUATIONAL TRIGGER");
    UNIT = Rule::warning(2, "AK07", "acknowledgment.unit").ik4("I12")
        .says("the business unit is of another kind of transaction set", "name claims by CLM01, payments and claim statuses by TRN02");
    ACCEPTED_WITH_ERRORS = Rule::error(2, "AK08", "acknowledgment.set.accepted").ik4("I12")
        .says("the transaction set is accepted without remark (IK501 is A), and errors are reported", "write E if it was accepted with errors, R if it was rejected");
    SEGMENTS_IN_ERROR = Rule::warning(2, "AK08", "acknowledgment.set.segments").ik4("I12")
        .says("segments in error are named, and IK502 to IK506 do not say so", "add 5, or I5 where only the guide was violated");
    RECEIVED = Rule::warning(3, "AK09", "acknowledgment.group.received").ik4("I12")
        .says("AK903 is less than the transaction sets named", "count the transaction sets received again");
    ACCEPTED = Rule::warning(3, "AK09", "acknowledgment.group.accepted").ik4("I12")
        .says("AK904 is not the number of transaction sets accepted", "count those whose IK501 is A or E");
    VERDICT = Rule::warning(3, "AK09", "acknowledgment.group.verdict").ik4("I12")
        .says("AK901 contradicts the transaction sets and their numbers", "A if all were accepted, E if all were and some had errors, P if some were, R if none was");
}

places! {
    AK1 = "" / "AK1";
    SET = "" / "2000";
    AK9 = "" / "AK9";
    AK2 = "2000" / "AK2";
    SEGMENT = "2000" / "2100";
    IK5 = "2000" / "IK5";
    IK3 = "2100" / "IK3";
    CONTEXT = "2100" / "CTX[SITUATIONAL TRIGGER]";
    UNITS = "2100" / "CTX[CLM01]";
    ELEMENT = "2100" / "2110";
    IK4 = "2110" / "IK4";
    ELEMENT_CONTEXT = "2110" / "CTX";
}

pub(super) const CHECKS: &[Check] = &[
    Check::new("2110", &["999"], element),
    Check::new("2100", &["999"], segment),
    Check::new("2000", &["999"], set),
    Check::new("", &["999"], group),
];

/// GS01 and the transaction set of its groups.
const KINDS: &[(&[u8], &[u8])] = &[
    (b"BE", b"834"),
    (b"HB", b"271"),
    (b"HC", b"837"),
    (b"HI", b"278"),
    (b"HN", b"277"),
    (b"HP", b"835"),
    (b"HR", b"276"),
    (b"HS", b"270"),
    (b"RA", b"820"),
];

fn element(element: Scope<'_>, found: &mut Found<'_>) {
    let Some(ik4) = element.first(&IK4) else { return };
    if matches!(ik4.element(3), b"1" | b"2" | b"I9") && !ik4.element(4).is_empty() {
        found.element(&VALUE_OF_NOTHING, ik4, 4).trigger(ik4, 3, 0);
    }
    // I9 is also said of what the guide always requires, I12 of any wrong form: neither needs a trigger.
    if ik4.element(3) == b"I13" && !element.has(&ELEMENT_CONTEXT) && !element.around().has(&CONTEXT) {
        found.missing(&TRIGGER, element, &ELEMENT_CONTEXT).trigger(ik4, 3, 0);
    }
}

fn segment(segment: Scope<'_>, found: &mut Found<'_>) {
    let Some(ik3) = segment.first(&IK3) else { return };
    match (ik3.element(4), segment.inner(&ELEMENT).and_then(|inner| inner.first(&IK4))) {
        (b"8", None) => {
            found.missing(&ELEMENT_MISSING, segment, &ELEMENT).trigger(ik3, 4, 0);
        }
        (b"8", Some(_)) => {}
        (_, Some(_)) => {
            found.element(&ELEMENT_UNCALLED, ik3, 4);
        }
        (b"I6" | b"I9", None) if !segment.has(&CONTEXT) => {
            found.missing(&TRIGGER, segment, &CONTEXT).trigger(ik3, 4, 0);
        }
        _ => {}
    }
    if let Some(unit) = segment.first(&UNITS) {
        let kind = segment.around().first(&AK2).map_or(&b""[..], |ak2| ak2.element(1));
        let fits = match unit.component(1, 1) {
            b"CLM01" => kind == b"837",
            b"TRN02" => kind != b"837",
            _ => true,
        };
        if !fits {
            found.component(&UNIT, unit, 1, 1);
        }
    }
}

fn set(set: Scope<'_>, found: &mut Found<'_>) {
    let (Some(ak2), Some(ik5)) = (set.first(&AK2), set.first(&IK5)) else { return };
    let has_segments = set.has(&SEGMENT);
    let is_accepted = matches!(ik5.element(1), b"A" | b"E");
    if ik5.element(1) == b"A" && (has_segments || !ik5.element(2).is_empty()) {
        found.element(&ACCEPTED_WITH_ERRORS, ik5, 1);
    }
    if has_segments && !(2..=6).any(|at| matches!(ik5.element(at), b"5" | b"I5")) {
        found.element(&SEGMENTS_IN_ERROR, ik5, 2);
    }
    // A set that was rejected may have been so for standing in the wrong group.
    if is_accepted
        && let Some(ak1) = set.around().first(&AK1)
        && let Some((_, kind)) = KINDS.iter().find(|(group, _)| *group == ak1.element(1))
        && ak2.element(1) != *kind
    {
        found.element(&KIND, ak2, 1).trigger(ak1, 1, 0);
    }
}

/// AK9 against the sets named.
fn group(all: Scope<'_>, found: &mut Found<'_>) {
    let Some(ak9) = all.first(&AK9) else { return };
    let Some((received, accepted)) = count(ak9, 3).zip(count(ak9, 4)) else { return };
    let named = all.count(&SET);
    let mut of_named = Named::default();
    for ik5 in all.loops(&SET).filter_map(|set| set.first(&IK5)) {
        match ik5.element(1) {
            b"A" => of_named.accepted += 1,
            b"E" => of_named.with_errors += 1,
            _ => {}
        }
    }
    let passed = of_named.accepted + of_named.with_errors;
    let is_group_at_fault = !ak9.element(5).is_empty();
    if named > received {
        found.element(&RECEIVED, ak9, 3).expected(named);
    } else if named < received && ak9.element(1) != b"A" && !is_group_at_fault {
        found.element(&SETS, ak9, 3).detail(format!("{named} named"));
    }
    if named == received && passed != accepted && !(is_group_at_fault && accepted == 0) {
        found.element(&ACCEPTED, ak9, 4).expected(passed);
        return;
    }
    let agrees = match ak9.element(1) {
        b"A" => accepted == received && of_named.with_errors == 0,
        b"E" => accepted == received,
        b"P" => accepted > 0 && accepted < received,
        b"R" => accepted == 0 || is_group_at_fault,
        _ => true,
    };
    if !agrees {
        found.element(&VERDICT, ak9, 1);
    }
}

/// What the sets named were answered.
#[derive(Default)]
struct Named {
    accepted: u32,
    with_errors: u32,
}

fn count(ak9: Held<'_>, element: usize) -> Option<u32> {
    u32::try_from(ak9.number(element)?).ok()
}
