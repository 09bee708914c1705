//! Records of claims are written the same from their values as from their JSON.

use super::{ClaimStatus, LineStatus, Procedure, Status, StatusCode, StatusPatient};
use crate::{
    guide,
    record::{
        Binding, Date, Decimal, Record, When,
        write::{Start, Style, Writer},
    },
};

fn patient() -> StatusPatient {
    let day = |day: i8| Date::constant(2026, 1, day);
    let code = |status: &str| StatusCode { category: "A7".into(), status: status.into(), entity: Some("QC".into()) };
    let status = Status {
        code: code("21"),
        effective_date: Some(day(15)),
        action: "U".into(),
        amount: Some(Decimal::new(12850, 2)),
        second_code: Some(code("33")),
        ..Status::default()
    };
    let line = LineStatus {
        procedure: Some(Procedure {
            kind: "HC".into(),
            code: "99213".into(),
            modifiers: vec!["25".into(), "59".into()],
            ..Procedure::default()
        }),
        statuses: vec![Status { effective_date: None, amount: None, ..status.clone() }],
        service_date: Some(When::Date(day(2))),
        ..LineStatus::default()
    };
    let claim = ClaimStatus {
        control_number: "CLAIM1".into(),
        statuses: vec![status.clone(), status],
        service_date: Some(When::Period(day(1), day(3))),
        lines: vec![line.clone(), line],
        ..ClaimStatus::default()
    };
    let claims = vec![claim.clone(), claim];
    StatusPatient { last_name: "ÅBERG".into(), member_id: "M1".into(), claims, ..StatusPatient::default() }
}

fn binding() -> Binding {
    let guide = guide::by_name("277CA").expect("a guide").expect("read");
    Binding::with(guide, "2000A/2000B/2000C/2000D", StatusPatient::SHAPE, |_| true).expect("bound")
}

#[test]
fn a_record_is_written_as_its_json_is() {
    let (binding, style, record) = (binding(), Style::default(), patient());
    let start = Start { levels: 6, parent: 3, ..Start::default() };
    let json = serde_json::to_vec(&record).expect("JSON");
    let of_json = Writer::new(&binding, &style, start).write(&mut serde_json::Deserializer::from_slice(&json));
    let of_record = Writer::new(&binding, &style, start).write_record(&record).expect("written");
    assert!(of_record.segments > 15);
    assert_eq!(of_record, of_json.expect("written"));
}

#[test]
fn what_json_cannot_say_here_a_record_cannot() {
    let (binding, style) = (binding(), Style::default());
    let refused = |record: &StatusPatient, why: &str| {
        let json = serde_json::to_vec(record).expect("JSON");
        let writer = || Writer::new(&binding, &style, Start::default());
        let of_json = writer().write(&mut serde_json::Deserializer::from_slice(&json)).expect_err("refused");
        let of_record = writer().write_record(record).expect_err("refused").to_string();
        assert!(of_record.contains(why), "{of_record}");
        assert!(of_json.to_string().starts_with(&of_record), "{of_json} / {of_record}");
    };
    refused(&StatusPatient { last_name: "A*B".into(), ..patient() }, "separates");
    let mut many = patient();
    for claim in &mut many.claims {
        for line in &mut claim.lines {
            if let Some(procedure) = &mut line.procedure {
                procedure.modifiers = vec!["25".into(); 9];
            }
        }
    }
    refused(&many, "too many");
}
