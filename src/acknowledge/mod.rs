//! Answering like a payer: TA1, 999 and 277CA for a file, made while it is checked.
//!
//! [`Answers`] receives what [`check`](crate::check::check) finds and writes, for each interchange, the one that
//! answers it: the TA1 right after its ISA, then a 999 for each functional group, then a 277CA for each
//! batch of claims that its 999 accepts. Answers are records of [`claims`](crate::claims), written by their
//! guides like everything else.
//!
//! | rejected | is answered by | and what is inside |
//! |---|---|---|
//! | the interchange | TA1 | gets no 999 and no 277CA |
//! | a functional group or transaction set | 999 | gets no 277CA |
//! | a claim | 277CA | |
//!
//! Two functions go the other way: [`read`] makes records of the acknowledgments that others have sent, and
//! [`explain`] says in words what they mean.
//!
//! A set is accepted with errors (`E`) where a partner turned an error down to a warning; what is a warning
//! by itself is in no answer.
//!
//! Guides do not know whom a payer insures or what it has received before. A receiver that does calls
//! [`Answers::claim_ruled`], [`Answers::refuse_set`], [`Answers::refuse_group`] and [`Answers::refuse_interchange`] while it hands over what
//! checking finds, and its own business is answered in the same way.
//!
//! ```
//! use claimwire::{acknowledge::{Answers, Options}, check};
//!
//! let claims = std::fs::File::open("samples/837p/office-visit.x12")?;
//! let mut answers = Answers::new(Vec::new(), Options::default());
//! check::check(claims, &check::Options::default(), &mut answers)?;
//! let (x12, _) = answers.finish()?;
//! assert!(x12.starts_with(b"ISA"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod explain;
mod functional;
mod interchange;
mod output;
mod read;
mod ruling;

use std::io::Write;

pub use self::{
    explain::{Answered, Coded, Explained, explain, meaning, status_meaning},
    read::{Answer, Batch, read},
    ruling::Ruling,
};
pub use crate::document::{Error, Notice, Severity};

use self::{
    functional::{Group, Set},
    interchange::Interchange,
};
use crate::{
    check::{Claim, Finding, GroupOutcome, InterchangeOutcome, Receive, TransactionOutcome},
    claims::SegmentError,
    record::{Date, Text, Time},
};

/// What is answered, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which acknowledgments.
    pub kinds: Kinds,
    /// Who answers claims.
    pub answerer: Answerer,
    /// Whether the 999 repeats the values that are wrong (IK404). They may name people.
    pub values: bool,
    /// ISA13 and GS06 of the first answer; further ones count on.
    pub control_number: u32,
    /// Date and time of the answers.
    pub created: (Date, Time),
    /// Most segments in error (IK3) that are listed of a transaction set; what is left out is said in a
    /// [`Notice`].
    pub most_segments: usize,
}

impl Default for Options {
    /// All that is owed, by the payer, without values, now (UTC), from number 1 on.
    fn default() -> Self {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let time = Time::new(now.hour().unsigned_abs(), now.minute().unsigned_abs()).unwrap_or_default();
        Self {
            kinds: Kinds::ALL,
            answerer: Answerer::Payer,
            values: false,
            control_number: 1,
            created: (now.date(), time),
            most_segments: 1000,
        }
    }
}

/// Which acknowledgments are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Whether and when a TA1 is made.
    pub interchange: Owed,
    /// 999.
    pub functional: bool,
    /// 277CA.
    pub claims: bool,
}

impl Kinds {
    /// Whatever is owed.
    pub const ALL: Self = Self { interchange: Owed::IfDue, functional: true, claims: true };
}

/// When a TA1 is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Never.
    Never,
    /// When the interchange is rejected or asks for one (ISA14).
    IfDue,
    /// For every interchange.
    Always,
}

/// Who answers claims: what acceptance means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// The payer accepts into adjudication (`A2`).
    Payer,
    /// A clearinghouse has received (`A1`).
    Clearinghouse,
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// TA1 segments written.
    pub interchanges: u64,
    /// 999 transaction sets written.
    pub groups: u64,
    /// 277CA transaction sets written.
    pub batches: u64,
    /// Whether an answer that was written rejects something.
    pub rejects: bool,
    /// Number after the last that was given to an interchange or group.
    pub next_control_number: u32,
    /// What a person should know: what could not be answered, and what was left out.
    pub notices: Vec<Notice>,
}

/// Answers a file while it is checked. Answers to an interchange are written when it ends; until then
/// what they will say is kept, about 200 bytes a claim.
pub struct Answers<W: Write> {
    output: W,
    options: Options,
    /// Numbers of the next interchange and functional group.
    next: (u32, u32),
    open: Option<Interchange>,
    group: Option<Group>,
    set: Option<OpenSet>,
    summary: Summary,
    failed: Option<Error>,
}

/// A transaction set that has not ended.
struct OpenSet {
    functional: Set,
    /// Its claims, as long as the set may be accepted.
    batch: Option<batch::Batch>,
}

impl<W: Write> Answers<W> {
    /// Answers to write to an output.
    pub fn new(output: W, options: Options) -> Self {
        let next = (options.control_number, options.control_number);
        Self { output, options, next, open: None, group: None, set: None, summary: Summary::default(), failed: None }
    }

    /// Gives the output back, and says what was answered.
    ///
    /// # Errors
    /// Output that fails; an answer that could not be written.
    pub fn finish(mut self) -> Result<(W, Summary), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.output.flush()?;
        self.summary.next_control_number = self.next_control_number();
        Ok((self.output, self.summary))
    }

    /// Takes a claim that has ended, and what the receiver's own business says of it: a claim that checking has
    /// refused stays refused for what was found. Instead of [`Receive::claim`], at the same point.
    pub fn claim_ruled(&mut self, claim: &Claim<'_>, ruling: &Ruling) {
        let Some(set) = &mut self.set else { return };
        set.functional.claim(claim.scope);
        let result = set.batch.as_mut().map_or(Ok(()), |batch| batch.claim(claim, ruling));
        self.attempt(result);
    }

    /// Refuses the transaction set that has not ended, for a segment in it: its 999 says `R`, and its claims get
    /// no answer. Nothing happens outside a transaction set.
    pub fn refuse_set(&mut self, error: SegmentError) {
        if let Some(set) = &mut self.set {
            set.functional.refuse(error, &self.options);
            set.batch = None;
        }
    }

    /// Refuses the functional group that has not ended: its 999 says `R`, with a code (AK905: `19` a control number used
    /// before) if one says why, and its claims get no answer. Nothing happens outside a functional group.
    pub fn refuse_group(&mut self, code: Option<&'static str>) {
        if let Some(group) = &mut self.group {
            group.refuse(code);
        }
    }

    /// Refuses the interchange that has not ended: its TA1 says `R` with a note (TA105: `025` a control number
    /// used before, `008` an unknown receiver, …), and nothing in it is answered. A note that stands already
    /// stays. Nothing happens outside an interchange.
    pub fn refuse_interchange(&mut self, note: &'static str) {
        if let Some(interchange) = &mut self.open {
            interchange.refuse(note);
        }
    }

    /// ISA13 and GS06 of the next answer are at least this: for numbers that several writers share. See
    /// [`Summary::next_control_number`].
    pub fn count_from(&mut self, control_number: u32) {
        self.next = (self.next.0.max(control_number), self.next.1.max(control_number));
    }

    /// The number after the last that was given to an interchange or group.
    pub fn next_control_number(&self) -> u32 {
        self.next.0.max(self.next.1)
    }

    fn note(&mut self, severity: Severity, transaction: &str, message: String) {
        let transaction = transaction.to_owned();
        self.summary.notices.push(Notice { severity, offset: 0, transaction, position: 0, message });
    }

    /// Takes note of an error; after the first nothing is written.
    fn attempt<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.failed.get_or_insert(error);
                None
            }
        }
    }
}

impl<W: Write> Receive for Answers<W> {
    fn finding(&mut self, finding: &Finding) {
        if let Some(interchange) = &mut self.open {
            interchange.finding(finding);
        }
        if let Some(group) = &mut self.group {
            group.finding(finding);
        }
        if let Some(set) = &mut self.set {
            set.functional.finding(finding, &self.options);
            if set.functional.is_rejected() {
                set.batch = None;
            }
        }
    }

    fn interchange_begins(&mut self, interchange: &InterchangeOutcome) {
        self.open = Some(Interchange::new(interchange));
    }

    fn group_begins(&mut self, group: &GroupOutcome) {
        self.group = Group::new(group);
        if self.group.is_none() && group.kind != "FA" {
            let message = format!(
                "group {} ({} {}) gets no answer: a 999 answers the HIPAA transactions of release 005010",
                group.control_number, group.kind, group.version
            );
            self.note(Severity::Warning, "", message);
        }
    }

    fn transaction_begins(&mut self, set: &TransactionOutcome) {
        let (Some(group), Some(interchange)) = (&self.group, &self.open) else { return };
        let is_batch = self.options.kinds.claims && set.set == "837";
        let batch = is_batch.then(|| batch::Batch::new(interchange.style().clone(), &self.options));
        self.set = Some(OpenSet { functional: Set::new(set, group), batch });
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        self.claim_ruled(claim, &Ruling::AsChecked);
    }

    fn transaction(&mut self, set: &TransactionOutcome) {
        let (Some(OpenSet { functional, batch }), Some(interchange)) = (self.set.take(), &self.open) else { return };
        let style = interchange.style().clone();
        let left_out = functional.left_out();
        if left_out > 0 && self.options.kinds.functional {
            let message = format!(
                "the 999 lists the first {} segments in error and leaves out {left_out} findings",
                self.options.most_segments
            );
            self.note(Severity::Warning, &set.control_number, message);
        }
        let kinds = self.options.kinds;
        if functional.is_rejected() && kinds.claims && !kinds.functional && set.claims > 0 {
            let message = "its claims get no answer: a 999 rejects the transaction set".to_owned();
            self.note(Severity::Error, &set.control_number, message);
        }
        let batch = match batch.map(batch::Batch::end).transpose() {
            Ok(batch) => batch.flatten(),
            Err(error) => {
                self.failed.get_or_insert(error);
                return;
            }
        };
        let result = self.group.as_mut().map_or(Ok(()), |group| group.set(functional, batch, &style));
        self.attempt(result);
    }

    fn group(&mut self, outcome: &GroupOutcome) {
        self.set = None;
        if let (Some(group), Some(interchange)) = (self.group.take(), &mut self.open) {
            interchange.groups.push(group.end(outcome));
        }
    }

    fn interchange(&mut self, outcome: &InterchangeOutcome) {
        let Some(interchange) = self.open.take() else { return };
        if outcome.header.is_empty() {
            self.note(Severity::Error, "", "what stands outside an interchange gets no answer: it has no ISA".into());
        } else if self.failed.is_none() {
            let Self { options, output, next, summary, .. } = self;
            let result = interchange.answer(outcome, options, next, output, summary);
            self.attempt(result);
        }
    }
}

/// Data as an answer repeats it: text without what would not be allowed in it, cut to a length.
fn text(value: &[u8], most: usize) -> Text {
    // As nearly all data are: one byte a character, and nothing to clean.
    if value.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
        let value = value.trim_ascii();
        let value = value.get(..most).unwrap_or(value).trim_ascii_end();
        return std::str::from_utf8(value).unwrap_or_default().into();
    }
    let is_clean = |character: char| !character.is_control() && (!character.is_ascii() || is_plain(character as u8));
    let clean = |character: char| if is_clean(character) { character } else { ' ' };
    let text: Text = match std::str::from_utf8(value) {
        Ok(text) => text.trim().chars().map(clean).take(most).collect(),
        Err(_) => value.trim_ascii().iter().map(|&byte| clean(char::from(byte))).take(most).collect(),
    };
    text.trim_end().into()
}

/// Whether X12 has the character, and it does not separate by habit.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'`' | b'^')
}
