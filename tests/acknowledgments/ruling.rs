//! What the receiver's own business says is answered beside what checking finds.

use claimwire::{
    acknowledge::{self, Answer, Answers, Batch, Options, Owed, Ruling},
    check::{self, Claim, Finding, GroupOutcome, InterchangeOutcome, Receive, TransactionOutcome},
    claims::{ElementError, InterchangeAcknowledgment, SegmentError, Status, StatusCode},
};
use jiff::civil::date;

/// Hands everything on, and rules claims by their number in the file.
struct Desk<'r> {
    answers: Answers<Vec<u8>>,
    rule: &'r dyn Fn(usize, &mut Answers<Vec<u8>>) -> Ruling,
    claims: usize,
}

impl Receive for Desk<'_> {
    fn finding(&mut self, finding: &Finding) {
        self.answers.finding(finding);
    }

    fn interchange_begins(&mut self, interchange: &InterchangeOutcome) {
        self.answers.interchange_begins(interchange);
    }

    fn group_begins(&mut self, group: &GroupOutcome) {
        self.answers.group_begins(group);
    }

    fn transaction_begins(&mut self, set: &TransactionOutcome) {
        self.answers.transaction_begins(set);
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        let ruling = (self.rule)(self.claims, &mut self.answers);
        self.answers.claim_ruled(claim, &ruling);
        self.claims += 1;
    }

    fn transaction(&mut self, set: &TransactionOutcome) {
        self.answers.transaction(set);
    }

    fn group(&mut self, group: &GroupOutcome) {
        self.answers.group(group);
    }

    fn interchange(&mut self, interchange: &InterchangeOutcome) {
        self.answers.interchange(interchange);
    }
}

/// The answers to a sample of two claims.
fn answers(bytes: &[u8], rule: &dyn Fn(usize, &mut Answers<Vec<u8>>) -> Ruling) -> Vec<Answer> {
    let kinds = acknowledge::Kinds { interchange: Owed::Always, ..acknowledge::Kinds::ALL };
    let answers = Answers::new(Vec::new(), Options { kinds, ..super::options() });
    let mut desk = Desk { answers, rule, claims: 0 };
    let options = check::Options { today: date(2026, 11, 1), ..check::Options::default() };
    check::check(bytes, &options, &mut desk).expect("X12");
    let (x12, _) = desk.answers.finish().expect("written");
    assert_eq!(super::errors(&x12), [""; 0], "{}", String::from_utf8_lossy(&x12));
    acknowledge::read(&x12[..]).expect("read")
}

fn sample() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/837p/two-visits.x12")).expect("a sample")
}

fn status(category: &str, code: &str, entity: Option<&str>, action: &str) -> Status {
    let code = StatusCode { category: category.into(), status: code.into(), entity: entity.map(Into::into) };
    Status { code, action: action.into(), ..Status::default() }
}

fn batch(answers: &[Answer]) -> Option<&Batch> {
    answers.iter().find_map(|answer| if let Answer::Batch(batch) = answer { Some(batch) } else { None })
}

fn interchange(answers: &[Answer]) -> &InterchangeAcknowledgment {
    let Some(Answer::Interchange(ta1)) = answers.first() else { panic!("no TA1: {answers:?}") };
    ta1
}

#[test]
fn claims_have_the_statuses_that_they_are_given() {
    let made = answers(&sample(), &|at, _| {
        let (status, number) = match at {
            0 => (status("A7", "164", Some("IL"), "U"), None),
            _ => (status("A2", "20", None, "WQ"), Some("P1".into())),
        };
        Ruling::Status { statuses: vec![status], payer_control_number: number }
    });
    let claims = &batch(&made).expect("a 277CA").claims;
    let first = |at: usize| claims[at].statuses[0].code.category.as_str();
    assert_eq!((claims.len(), first(0), first(1)), (2, "A7", "A2"));
    assert_eq!(claims[1].payer_control_number.as_deref(), Some("P1"));
}

#[test]
fn claims_that_are_answered_elsewhere_are_left_out() {
    let made = answers(&sample(), &|at, _| if at == 0 { Ruling::Elsewhere } else { Ruling::AsChecked });
    assert_eq!(batch(&made).expect("a 277CA").claims.len(), 1);
    let made = answers(&sample(), &|_, _| Ruling::Elsewhere);
    assert!(batch(&made).is_none());
}

#[test]
fn what_checking_refuses_stays_refused() {
    let sample = String::from_utf8(sample()).expect("text");
    let place = sample.find(":B:1").expect("a place of service");
    let number = sample[..place].rfind("CLM*").expect("a claim");
    // Charges that are not those of the lines.
    let charge = sample[number..].split('*').nth(2).expect("a charge");
    let broken = sample.replacen(&format!("*{charge}*"), "*1*", 1);
    let paid = |_: usize, _: &mut Answers<Vec<u8>>| Ruling::Status {
        statuses: vec![status("A2", "20", None, "WQ")],
        payer_control_number: None,
    };
    let made = answers(broken.as_bytes(), &paid);
    assert_eq!(batch(&made).expect("a 277CA").claims[0].statuses[0].action, "U");
}

#[test]
fn a_set_is_refused_for_a_segment() {
    let made = answers(&sample(), &|at, answers| {
        if at == 1 {
            let element = ElementError { element: Some(1), error: "7".into(), ..ElementError::default() };
            answers.refuse_set(SegmentError {
                segment: "CLM".into(),
                position: Some(30),
                error: "8".into(),
                elements: vec![element],
                ..SegmentError::default()
            });
        }
        Ruling::AsChecked
    });
    assert!(batch(&made).is_none());
    assert_eq!(interchange(&made).status, "A");
    let Answer::Group { answer, .. } = &made[1] else { panic!("no 999") };
    assert_eq!((answer.status.as_str(), answer.transactions[0].status.as_str()), ("R", "R"));
    assert_eq!(answer.transactions[0].errors, ["5"]);
    assert_eq!(answer.transactions[0].segments[0].position, Some(30));
}

#[test]
fn an_interchange_is_refused_with_a_note() {
    let made = answers(&sample(), &|_, answers| {
        answers.refuse_interchange("025");
        Ruling::AsChecked
    });
    let ta1 = interchange(&made);
    assert_eq!((made.len(), ta1.status.as_str(), ta1.note.as_str()), (1, "R", "025"));
}

#[test]
fn numbers_go_on_from_where_another_writer_was() {
    let mut answers = Answers::new(Vec::new(), super::options());
    answers.count_from(700);
    check::check(&sample()[..], &check::Options::default(), &mut answers).expect("X12");
    assert_eq!(answers.next_control_number(), 702);
    let (x12, summary) = answers.finish().expect("written");
    assert_eq!(summary.next_control_number, 702);
    let text = String::from_utf8(x12).expect("text");
    assert!(text.contains("*000000700*"), "{text}");
}
