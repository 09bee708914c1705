//! States and events in words.

use std::io::{self, Write};

use claimwire::{
    acknowledge::{Coded, meaning, status_meaning},
    gateway::flow::State,
};
use serde_json::Value;

use super::word;

/// What a state means.
pub(super) fn of_state(state: State) -> &'static str {
    match state {
        State::Refused => "refused here, never sent",
        State::Withdrawn => "taken back before it was sent",
        State::Queued => "waits to be put into a file",
        State::Batched => "in a file that is on its way",
        State::Sent => "the partner has it",
        State::Received => "received, not yet processed",
        State::InterchangeAccepted => "its interchange is accepted (TA1)",
        State::InterchangeRejected => "its interchange is rejected (TA1)",
        State::SyntaxAccepted => "its transaction set is accepted (999)",
        State::SyntaxRejected => "its transaction set is rejected (999)",
        State::Acknowledged => "received or passed on, not yet accepted (277CA)",
        State::Accepted => "accepted into adjudication (277CA)",
        State::Rejected => "rejected before adjudication (277CA)",
        State::Forwarded => "passed on to another payer (835)",
        State::Paid => "paid (835)",
        State::PartiallyPaid => "paid, but for some lines (835)",
        State::ZeroPaid => "adjudicated without payment (835)",
        State::Denied => "denied (835)",
        State::Reversed => "its payment was taken back (835)",
        _ => "",
    }
}

/// A claim, where it stands and what happened to it.
pub(super) fn claim(claim: &Value, timeline: &[Value], out: &mut impl Write) -> io::Result<()> {
    let state = word(claim, "state");
    let way = if word(claim, "direction") == "in" { "from" } else { "to" };
    let partner = word(claim, "partner");
    let partner = if partner.is_empty() { "no partner" } else { &partner };
    writeln!(
        out,
        "{}  {}, {}, {way} {partner}, id {}",
        word(claim, "control_number"),
        word(claim, "kind"),
        word(claim, "charge"),
        word(claim, "id")
    )?;
    let means = State::of(&state).map_or("", of_state);
    writeln!(out, "{state}: {means}")?;
    let theirs = word(claim, "payer_control_number");
    if !theirs.is_empty() {
        writeln!(out, "the payer's number for it is {theirs}")?;
    }
    for one in timeline {
        writeln!(out, "  {}  {}", moment(one.get("at")), event(one))?;
    }
    Ok(())
}

/// A time, to the second.
pub(super) fn moment(at: Option<&Value>) -> String {
    let at = at.and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok()).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// What happened. What the gateway says of it is codes, counts and ids.
pub(super) fn event(event: &Value) -> String {
    let detail = event.get("detail").unwrap_or(&Value::Null);
    let (kind, partner, file) = (word(event, "kind"), word(event, "partner"), word(event, "file"));
    let in_file = if file.is_empty() { String::new() } else { format!(", file {file}") };
    match kind.as_str() {
        "refused" => match detail.get("duplicate_of").filter(|of| !of.is_null()) {
            Some(_) => format!("refused: it was handed in before, as {}", word(detail, "duplicate_of")),
            None => format!("refused, with {} findings", word(detail, "findings")),
        },
        "queued" => format!("handed in by {}, waits for a file", word(detail, "source")),
        "batched" => format!("put into file {}", word(detail, "file")),
        "withdrawn" => format!("taken back by {}", word(detail, "by")),
        "sent" => format!("sent to {partner}{in_file}"),
        "received" => format!("came from {partner}{in_file}"),
        "handed_on" => "handed on to the payer's own system".to_owned(),
        "interchange_answered" => {
            let what = meaning(Coded::Outcome, &word(detail, "status"));
            let note = word(detail, "note");
            let why = if note.is_empty() || note == "000" {
                String::new()
            } else {
                format!(": {}", meaning(Coded::Interchange, &note))
            };
            format!("TA1: interchange {} {what}{why}{in_file}", word(detail, "interchange"))
        }
        "syntax_answered" => format!("999: {}{in_file}", syntax(detail)),
        "claim_answered" => format!("277CA: {}{in_file}", statuses(detail)),
        "adjudicated" => {
            let owes = word(detail, "patient_responsibility");
            let owes = if owes.is_empty() { owes } else { format!(", the patient owes {owes}") };
            let (paid, charge, status) = (word(detail, "paid"), word(detail, "charge"), word(detail, "status"));
            format!("835: paid {paid} of {charge}{owes}; status {status}{in_file}")
        }
        other => format!("{}{in_file}", other.replace('_', " ")),
    }
}

/// What a 999 says: of a group, of a transaction set, or of a segment of the claim.
fn syntax(detail: &Value) -> String {
    if detail.get("segment").is_some() {
        let around = word(detail, "loop");
        let around = if around.is_empty() { around } else { format!(" in loop {around}") };
        let mut text = format!(
            "segment {}{around} (position {}) {}",
            word(detail, "segment"),
            word(detail, "position"),
            meaning(Coded::Segment, &word(detail, "code"))
        );
        for element in list(detail, "elements") {
            let component = word(element, "component");
            let component = if component.is_empty() { component } else { format!("-{component}") };
            let what = meaning(Coded::Element, &word(element, "code"));
            text.push_str(&format!("; element {}{component} {what}", word(element, "element")));
        }
        return text;
    }
    let (name, place) =
        if detail.get("transaction").is_some() { ("transaction", Coded::Set) } else { ("group", Coded::Group) };
    let of = if name == "group" { "group" } else { "transaction set" };
    let mut text = format!("{of} {} {}", word(detail, name), meaning(Coded::Outcome, &word(detail, "status")));
    for code in list(detail, "errors").filter_map(Value::as_str) {
        text.push_str(&format!("; {}", meaning(place, code)));
    }
    text
}

/// What a 277CA says.
fn statuses(detail: &Value) -> String {
    let of = |value: &Value| list(value, "statuses").map(status).collect::<Vec<_>>();
    let mut parts = of(detail);
    for line in list(detail, "lines") {
        let number = word(line, "line");
        parts.extend(of(line).into_iter().map(|status| format!("line {number}: {status}")));
    }
    if parts.is_empty() { "no status".to_owned() } else { parts.join("; ") }
}

/// `["A7:562:85"]`
fn status(codes: &Value) -> String {
    let codes = codes.as_array().into_iter().flatten().filter_map(Value::as_str).map(|code| {
        let mut parts = code.splitn(3, ':');
        let (category, number, entity) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next());
        let words = status_meaning(category, number, entity);
        super::printable(&format!("{words} ({code})")).into_owned()
    });
    codes.collect::<Vec<_>>().join(" and ")
}

fn list<'v>(of: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    of.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use claimwire::gateway::flow::Event;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_state_is_said_in_words() {
        for state in State::all() {
            assert!(!of_state(state).is_empty(), "{state}");
        }
    }

    #[test]
    fn events_are_said_in_words() {
        let said =
            |kind: Event, detail: Value| event(&json!({ "kind": kind.name(), "partner": "harbor", "detail": detail }));
        for (kind, detail, text) in [
            (Event::Sent, json!({}), "sent to harbor"),
            (
                Event::InterchangeAnswered,
                json!({ "status": "R", "note": "025", "interchange": "000000007" }),
                "TA1: interchange 000000007 rejected: the control number was used before (ISA13)",
            ),
            (
                Event::SyntaxAnswered,
                json!({ "segment": "NM1", "position": 12, "loop": "2010AA", "code": "8",
                    "elements": [{ "element": 9, "component": null, "code": "5" }] }),
                "999: segment NM1 in loop 2010AA (position 12) has errors in its elements; element 9 is too long",
            ),
            (
                Event::SyntaxAnswered,
                json!({ "status": "A", "transaction": "0001", "errors": [] }),
                "999: transaction set 0001 accepted",
            ),
            (
                Event::ClaimAnswered,
                json!({ "statuses": [["A7:562:85"]], "lines": [] }),
                "277CA: rejected, invalid: billing provider, national provider identifier (A7:562:85)",
            ),
            (
                Event::Adjudicated,
                json!({ "paid": "80", "charge": "100", "status": "1", "patient_responsibility": "20" }),
                "835: paid 80 of 100, the patient owes 20; status 1",
            ),
        ] {
            assert_eq!(said(kind, detail), text);
        }
        // What a hostile partner might put into a code does nothing to a terminal.
        assert!(!said(Event::ClaimAnswered, json!({ "statuses": [["\u{1b}[2J"]] })).contains('\u{1b}'));
    }
}
