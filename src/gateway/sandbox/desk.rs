//! Where claims come in: each is checked, gets its outcome, and is answered.

use std::collections::{HashMap, HashSet};

use super::{Numbers, Outcome};
use crate::{
    acknowledge::{Answerer, Answers, Kinds, Options, Owed, Ruling},
    check::{
        Answer, Claim, Finding, GroupOutcome, Held, InterchangeOutcome, Receive, Scope, Severity, TransactionOutcome,
        Verdict,
    },
    claims::{BusinessUnit, ElementError, SegmentError, Status, StatusCode},
    document,
    gateway::connect::Content,
    record::{Date, Decimal, Text, Time},
    x12::Delimiters,
};

/// TA105 of an interchange that is rejected because a claim in it asks for that: invalid content.
const REJECTED_BY_WISH: &str = "024";

/// A claim number that was accepted, with who bills by it.
pub(super) type Known = HashSet<(Text, Text)>;

/// Takes what checking a file finds, and answers it.
pub(super) struct Desk<'s> {
    parts: [(Part, Answers<Vec<u8>>); 5],
    numbers: &'s mut Numbers,
    /// Claims of this partner that were accepted earlier.
    known: &'s mut Known,
    /// Those of the open interchange that may be.
    waiting: Known,
    taken: Taken,
    interchange: Text,
    /// Claims of the open interchange, group and transaction set.
    pending: Pending,
    group: Pending,
    set: Pending,
}

/// What was made of a file.
#[derive(Default)]
pub(super) struct Taken {
    /// Every claim, with its outcome; none if checking has refused it or what it stands in.
    pub(super) claims: Vec<(Submitted, Option<Outcome>)>,
    /// The claims that go to adjudication, by where they begin in the file.
    pub(super) accepted: HashMap<u64, Accepted>,
    /// The functional groups that have such claims.
    pub(super) envelopes: Vec<Envelope>,
}

/// A claim as it came in.
pub(super) struct Submitted {
    /// ISA13.
    pub(super) interchange: Text,
    pub(super) control_number: Text,
    pub(super) charge: Decimal,
    /// Who bills: NPI or tax number.
    provider: Text,
    offset: u64,
    /// The payer's number for it.
    number: Text,
}

/// A claim that goes to adjudication.
pub(super) struct Accepted {
    pub(super) outcome: Outcome,
    /// The payer's number for it.
    pub(super) number: Text,
    /// Which of the envelopes it came in.
    pub(super) envelope: usize,
}

/// What a remittance repeats of the envelopes that the claims came in, with the sides swapped.
#[derive(Clone, Debug, Default)]
pub(super) struct Envelope {
    pub(super) sender: (String, String),
    pub(super) receiver: (String, String),
    pub(super) group_sender: String,
    pub(super) group_receiver: String,
    pub(super) usage: String,
    pub(super) delimiters: Delimiters,
}

/// A file of answers.
pub(super) struct Answered {
    pub(super) content: Content,
    pub(super) bytes: Vec<u8>,
    /// Whether it waits for the delay.
    pub(super) later: bool,
}

/// The files that answers are spread over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Interchange,
    Functional,
    /// What the payer says of claims at once.
    Payer,
    /// What the clearinghouse says of claims before the payer does.
    Clearinghouse,
    /// What the payer says of claims later.
    Later,
}

/// Claims of which it is not yet known whether what they stand in is accepted.
#[derive(Default)]
struct Pending {
    claims: Vec<(Submitted, Option<Outcome>, usize)>,
    envelope: Envelope,
    refused: bool,
}

impl<'s> Desk<'s> {
    /// `always`: a TA1 is made though none is asked for.
    pub(super) fn new(numbers: &'s mut Numbers, known: &'s mut Known, created: (Date, Time), always: bool) -> Self {
        let part = |part: Part| {
            let kinds = Kinds {
                interchange: match part {
                    Part::Interchange if always => Owed::Always,
                    Part::Interchange => Owed::IfDue,
                    _ => Owed::Never,
                },
                functional: part == Part::Functional,
                claims: matches!(part, Part::Payer | Part::Clearinghouse | Part::Later),
            };
            let answerer = if part == Part::Clearinghouse { Answerer::Clearinghouse } else { Answerer::Payer };
            (part, Answers::new(Vec::new(), Options { kinds, answerer, created, ..Options::default() }))
        };
        let parts = [Part::Interchange, Part::Functional, Part::Payer, Part::Clearinghouse, Part::Later].map(part);
        Self {
            parts,
            numbers,
            known,
            waiting: Known::new(),
            taken: Taken::default(),
            interchange: Text::default(),
            pending: Pending::default(),
            group: Pending::default(),
            set: Pending::default(),
        }
    }

    /// The file has ended: its answers, and what was made of its claims.
    pub(super) fn finish(self) -> Result<(Taken, Vec<Answered>), document::Error> {
        let Self { parts, taken, .. } = self;
        let all_late = !taken.claims.is_empty() && taken.claims.iter().all(|(_, one)| *one == Some(Outcome::Late));
        let mut answers = Vec::new();
        for (part, part_answers) in parts {
            let (bytes, _) = part_answers.finish()?;
            if bytes.is_empty() {
                continue;
            }
            let (content, later) = match part {
                Part::Interchange => (Content::InterchangeAcknowledgmentTa1, false),
                Part::Functional => (Content::Acknowledgment999, all_late),
                Part::Payer | Part::Clearinghouse => (Content::ClaimAcknowledgment277, false),
                Part::Later => (Content::ClaimAcknowledgment277, true),
            };
            answers.push(Answered { content, bytes, later });
        }
        Ok((taken, answers))
    }

    fn each(&mut self, mut to: impl FnMut(Part, &mut Answers<Vec<u8>>)) {
        for (part, answers) in &mut self.parts {
            to(*part, answers);
        }
    }

    fn outcome(&mut self, claim: &Claim<'_>, submitted: &Submitted) -> Option<Outcome> {
        if claim.verdict != Verdict::Accepted {
            return None;
        }
        // A replacement or void has the number of the claim that it is about.
        let frequency = claim.scope.begin().map_or(&b""[..], |clm| clm.component(5, 3));
        let key = submitted.key();
        let is_known = self.known.contains(&key) || self.waiting.contains(&key);
        if is_known && !matches!(frequency, b"6" | b"7" | b"8") {
            return Some(Outcome::Duplicate);
        }
        let outcome = Outcome::of(&member_id(claim.scope));
        if is_accepted(outcome) {
            self.waiting.insert(key);
        }
        Some(outcome)
    }
}

impl Receive for Desk<'_> {
    fn finding(&mut self, finding: &Finding) {
        if finding.severity == Severity::Error {
            match finding.answer() {
                Answer::Interchange => self.pending.refused = true,
                Answer::Group => self.group.refused = true,
                Answer::Set => self.set.refused = true,
                Answer::Claim => {}
            }
        }
        self.each(|_, answers| answers.finding(finding));
    }

    fn interchange_begins(&mut self, interchange: &InterchangeOutcome) {
        let element = |n: usize| interchange.header.get(n - 1).map(ToString::to_string).unwrap_or_default();
        self.interchange = element(13).into();
        let envelope = Envelope {
            sender: (element(7), element(8)),
            receiver: (element(5), element(6)),
            usage: element(15),
            delimiters: interchange.delimiters,
            ..Envelope::default()
        };
        self.pending = Pending { envelope, ..Pending::default() };
        self.each(|_, answers| answers.interchange_begins(interchange));
    }

    fn group_begins(&mut self, group: &GroupOutcome) {
        let envelope = Envelope {
            group_sender: group.receiver.to_string(),
            group_receiver: group.sender.to_string(),
            ..self.pending.envelope.clone()
        };
        self.group = Pending { envelope, ..Pending::default() };
        self.each(|_, answers| answers.group_begins(group));
    }

    fn transaction_begins(&mut self, set: &TransactionOutcome) {
        self.set = Pending::default();
        self.each(|_, answers| answers.transaction_begins(set));
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        let is_claim = claim.scope.id() == "2300";
        let Some(clm) = claim.scope.begin().filter(|_| is_claim) else {
            return self.each(|_, answers| answers.claim(claim));
        };
        let submitted = Submitted {
            interchange: self.interchange.clone(),
            control_number: text(clm.element(1)),
            charge: clm.number(2).unwrap_or_default(),
            provider: provider(claim.scope),
            offset: clm.offset(),
            number: self.numbers.claim(),
        };
        let outcome = self.outcome(claim, &submitted);
        match outcome {
            Some(Outcome::InterchangeRejected) => {
                self.pending.refused = true;
                self.each(|_, answers| answers.refuse_interchange(REJECTED_BY_WISH));
            }
            Some(Outcome::SetRejected) => {
                self.set.refused = true;
                self.each(|_, answers| answers.refuse_set(refusal(clm)));
            }
            _ => {}
        }
        self.each(|part, answers| answers.claim_ruled(claim, &ruling(part, outcome, &submitted.number)));
        self.set.claims.push((submitted, outcome, 0));
    }

    fn transaction(&mut self, set: &TransactionOutcome) {
        self.each(|_, answers| answers.transaction(set));
        let Pending { claims, refused, .. } = std::mem::take(&mut self.set);
        self.group.take_in(claims, refused, 0);
    }

    fn group(&mut self, group: &GroupOutcome) {
        self.each(|_, answers| answers.group(group));
        let Pending { claims, refused, envelope } = std::mem::take(&mut self.group);
        let at = self.taken.envelopes.len();
        self.taken.envelopes.push(envelope);
        self.pending.take_in(claims, refused, at);
    }

    fn interchange(&mut self, interchange: &InterchangeOutcome) {
        let mut next = self.numbers.next;
        self.each(|_, answers| {
            answers.count_from(next);
            answers.interchange(interchange);
            next = answers.next_control_number();
        });
        self.numbers.next = next;
        self.waiting.clear();
        let Pending { claims, refused, .. } = std::mem::take(&mut self.pending);
        for (claim, outcome, envelope) in claims {
            let outcome = outcome.filter(|outcome| !refused || *outcome == Outcome::InterchangeRejected);
            if let Some(outcome) = outcome.filter(|outcome| is_accepted(*outcome)) {
                self.known.insert(claim.key());
                let accepted = Accepted { outcome, number: claim.number.clone(), envelope };
                self.taken.accepted.insert(claim.offset, accepted);
            }
            self.taken.claims.push((claim, outcome));
        }
    }
}

impl Submitted {
    /// By what it is known.
    fn key(&self) -> (Text, Text) {
        (self.provider.clone(), self.control_number.clone())
    }
}

impl Pending {
    /// Takes in the claims of a part that has ended; none of them is accepted if the part was refused.
    fn take_in(&mut self, claims: Vec<(Submitted, Option<Outcome>, usize)>, refused: bool, envelope: usize) {
        self.claims.extend(claims.into_iter().map(|(claim, outcome, _)| {
            let wished = |outcome: &Outcome| matches!(outcome, Outcome::SetRejected | Outcome::InterchangeRejected);
            (claim, outcome.filter(|outcome| !refused || wished(outcome)), envelope)
        }));
    }
}

/// Whether a claim with this outcome goes to adjudication.
fn is_accepted(outcome: Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::MemberUnknown
            | Outcome::Returned
            | Outcome::Duplicate
            | Outcome::SetRejected
            | Outcome::InterchangeRejected
    )
}

/// What a part of the answers says of a claim.
fn ruling(part: Part, outcome: Option<Outcome>, number: &Text) -> Ruling {
    let Some(outcome) = outcome else {
        return if part == Part::Payer { Ruling::AsChecked } else { Ruling::Elsewhere };
    };
    let accepted = || status(("A2", "20", None), "WQ", Some(number));
    let refused = |code| status(code, "U", None);
    match (part, outcome) {
        (Part::Clearinghouse, Outcome::AcceptedAfterReceipt) => Ruling::AsChecked,
        (Part::Later, Outcome::AcceptedAfterReceipt | Outcome::Late) => accepted(),
        (Part::Later, Outcome::RejectedAfterAcceptance) => refused(("A7", "88", Some("QC"))),
        (Part::Clearinghouse | Part::Later, _) => Ruling::Elsewhere,
        (_, Outcome::AcceptedAfterReceipt | Outcome::Late) => Ruling::Elsewhere,
        (_, Outcome::MemberUnknown) => refused(("A7", "164", Some("IL"))),
        (_, Outcome::Returned) => refused(("A3", "116", None)),
        (_, Outcome::Duplicate) => refused(("A3", "78", None)),
        _ => accepted(),
    }
}

fn status((category, code, entity): (&str, &str, Option<&str>), action: &str, number: Option<&Text>) -> Ruling {
    let code = StatusCode { category: category.into(), status: code.into(), entity: entity.map(Text::from) };
    Ruling::Status {
        statuses: vec![Status { code, action: action.into(), ..Status::default() }],
        payer_control_number: number.cloned(),
    }
}

/// What the 999 says against a claim that asks for it: that its place of service is no code of the guide.
fn refusal(clm: Held<'_>) -> SegmentError {
    SegmentError {
        segment: "CLM".into(),
        position: Some(clm.position()),
        loop_id: Some("2300".into()),
        error: "8".into(),
        business_unit: vec![BusinessUnit { place: "CLM01".into(), value: Some(text(clm.element(1))) }],
        elements: vec![ElementError {
            element: Some(5),
            component: Some(1),
            element_number: Some(1331),
            error: "7".into(),
            ..ElementError::default()
        }],
        ..SegmentError::default()
    }
}

/// The member id by which a claim chooses its outcome: the subscriber's, or else the patient's.
fn member_id(claim: Scope<'_>) -> Text {
    let party = |level: &str, id: &str| claim.up(level)?.inside().find(|inner| inner.id() == id);
    let subscriber = party("2000B", "2010BA").and_then(|party| party.segment("NM1")).map(|nm1| text(nm1.element(9)));
    let patient = || {
        let patient = party("2000C", "2010CA")?;
        let known =
            |id: &str| patient.segments().find(|held| held.segment.id() == b"REF" && held.element(1) == id.as_bytes());
        ["1W", "SY"].into_iter().find_map(known).map(|reference| text(reference.element(2)))
    };
    subscriber.filter(|id| !id.is_empty()).or_else(patient).unwrap_or_default()
}

/// Who bills: by NPI, or else by tax number.
fn provider(claim: Scope<'_>) -> Text {
    let Some(provider) = claim.up("2000A").and_then(|level| level.inside().find(|inner| inner.id() == "2010AA")) else {
        return Text::default();
    };
    let npi = provider.segment("NM1").map(|nm1| text(nm1.element(9))).filter(|npi| !npi.is_empty());
    npi.or_else(|| provider.segment("REF").map(|reference| text(reference.element(2)))).unwrap_or_default()
}

fn text(value: &[u8]) -> Text {
    String::from_utf8_lossy(value).into()
}
