//! Files that came in, processed: split, checked, answered, and joined to what we know.

use std::{
    collections::HashMap,
    io::{BufReader, BufWriter, Write},
    sync::Arc,
};

use compact_str::CompactString;
use serde_json::json;

use super::{
    Event, FlowError, State, answers, batch,
    deliver::{self, New, Outlet},
    facts::{Entered, Entry, Line},
    hand_on,
    held_back::{self, HeldBack, Repeated},
    judged::Judged,
    outline::{self, Outline},
    remit::{self, Facts, Remitted},
    timeline::{self, Claims},
};
use crate::{
    acknowledge::{self, Answer, Answers, Kinds, Options, Owed},
    check::{self, Claim, Finding, GroupOutcome, InterchangeOutcome, Receive, TransactionOutcome},
    gateway::{
        Gateway, Id,
        connect::Content,
        store::{
            self, Row, Tx, audit,
            payload::{self, PayloadWriter, Sealed},
            values,
        },
    },
    ndjson,
    partner::{OnDuplicate, Partner, Suspend},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

impl Gateway {
    /// Processes a file that is stored. It blocks; a file that was processed before is left as it is.
    ///
    /// # Errors
    /// The store's. A file that cannot be processed is refused, which is no error.
    pub(super) fn process(self: &Arc<Self>, file: Id) -> Result<(), FlowError> {
        let row = self.store().read_blocking(move |tx| -> store::Result<_> { deliver::file_row(tx, file) })?;
        if !matches!(row.text("state")?, "received" | "duplicate") || row.maybe_text("content")?.is_some() {
            return Ok(());
        }
        if row.text("state")? == "duplicate" {
            return self.answer_again(file);
        }
        let Some(partner) = self.partner(row.text("partner")?) else {
            return self.refuse(file, "its partner has no settings any more");
        };
        let mut impostor = None;
        match self.work_out(&row, &partner, &mut impostor) {
            Ok(outcome) => {
                let of = Arc::clone(&partner);
                let hand_on = self.hand_on.is_some();
                let outlet = Outlet::of(&partner);
                let told = self.store().write_blocking(move |tx| -> store::Result<_> {
                    impostor.map_or(Ok(()), |why| note_impostor(tx, file, of.name(), why))?;
                    outcome.record(tx, file, &of, outlet, hand_on)
                })?;
                tracing::info!(partner = partner.name(), file.id = %file, claims = told, "a file was processed");
                Ok(())
            }
            Err(FlowError::Refused(reason)) => {
                if let Some(why) = impostor {
                    self.store().write_blocking(move |tx| note_impostor(tx, file, partner.name(), why))?;
                }
                self.refuse(file, &reason)
            }
            Err(error) => Err(error),
        }
    }

    fn refuse(&self, file: Id, reason: &str) -> Result<(), FlowError> {
        let reason = reason.to_owned();
        tracing::warn!(file.id = %file, reason, "a file is refused");
        Ok(self.store().write_blocking(move |tx| -> store::Result<_> {
            let row = tx.first(
                "UPDATE file SET state = 'refused', reason = ?2 WHERE id = ?1 AND state = 'received' RETURNING partner",
                values![file.0, &reason],
            )?;
            let Some(row) = row else { return Ok(()) };
            timeline::of_file(tx, row.text("partner")?, file, Event::FileRefused, &json!({ "reason": reason }))
        })?)
    }

    /// Reads and checks a file, and writes the answers to it, without recording anything yet. `impostor` is set to what
    /// its envelopes say that its sender may not.
    fn work_out(
        self: &Arc<Self>,
        row: &Row,
        partner: &Partner,
        impostor: &mut Option<&'static str>,
    ) -> Result<Processed, FlowError> {
        let payload = row.payload("payload")?;
        let outline = outline::of(BufReader::new(self.store().payload_reader(payload)?))?;
        if outline.interchanges.is_empty() {
            return Err(FlowError::Refused("there is no interchange in it".into()));
        }
        let kinds: Vec<&str> = outline.groups().map(|group| group.kind.as_str()).collect();
        let has = |kind: &str| kinds.contains(&kind);
        let options = self.checking_of(row, partner, &outline)?;
        // Acknowledgments are not acknowledged.
        let answered =
            has("HC") || has("HP") || kinds.is_empty() && !outline.interchanges.iter().any(|one| one.answers);
        *impostor = outline.impostor(partner);
        let streamed = row.text("channel")? == "stream";
        let (held, repeated) = self.held_back(row, partner, &outline)?;
        let mut judged = Judged::with(held);
        let mut made = Vec::new();
        if answered {
            let input = || -> Result<_, FlowError> {
                Ok(BufReader::with_capacity(256 << 10, self.store().payload_reader(payload)?))
            };
            if partner.checking.suspend == Suspend::Interchange {
                check::check(input()?, &options, &mut judged)?;
                judged = Judged::with(judged.suspended());
            }
            let mut answering = self.answering(partner, &outline, streamed)?;
            check::check(input()?, &options, &mut Both { judged: &mut judged, answering: &mut answering })?;
            made = answering.finish(self)?;
        }
        let (mut lines, mut claims, mut payments) = (None, Vec::new(), Vec::new());
        if has("HC") || has("HP") {
            let mut output = Split {
                output: BufWriter::with_capacity(256 << 10, self.store().payload_writer()?),
                gateway: self,
                partner,
                judged: &judged,
                sets: outline.sets(),
                open: Vec::new(),
                at: 0,
                claims,
                payments,
            };
            ndjson::read(
                BufReader::with_capacity(256 << 10, self.store().payload_reader(payload)?),
                &mut output,
                None,
            )?;
            let writer = output.output.into_inner().map_err(|error| FlowError::Io(error.into_error()))?;
            lines = Some(writer.finish()?);
            (claims, payments) = (output.claims, output.payments);
        }
        let mut theirs = Vec::new();
        // A file that is not answered is refused without a word to its sender.
        if let (false, Some(why)) = (answered, *impostor) {
            return Err(FlowError::Refused(why.into()));
        }
        if kinds.iter().any(|kind| matches!(*kind, "FA" | "HN")) || outline.interchanges.iter().any(|one| one.answers) {
            theirs = acknowledge::read(BufReader::new(self.store().payload_reader(payload)?))?;
        }
        if impostor.is_some() {
            theirs.clear();
        }
        Ok(Processed { judged, claims, payments, lines, theirs, made, outline, repeated })
    }

    /// What the partner's settings hold back of a file, and the numbers in it that came before.
    fn held_back(
        &self,
        row: &Row,
        partner: &Partner,
        outline: &Outline,
    ) -> Result<(HeldBack, Vec<Repeated>), FlowError> {
        let (file, name, windows) = (Id(row.int("id")?), partner.name().to_owned(), partner.duplicates);
        let numbers = held_back::numbers(outline);
        let read = move |tx: &mut dyn Tx| HeldBack::by_numbers(tx, &name, &windows, file, &numbers);
        Ok(self.store().read_blocking(read)?)
    }

    /// How a file is checked: as the partner's files are, and against what came before.
    pub(super) fn checking_of(
        &self,
        row: &Row,
        partner: &Partner,
        outline: &Outline,
    ) -> Result<check::Options, FlowError> {
        let mut options = self.checking(partner.name());
        let text = |text: &str| CompactString::from(text);
        let is_stranger = |one: &outline::Interchange| {
            let [qualifier, id, ..] = &one.parties;
            !partner.sends_as(qualifier, id)
        };
        if let Some(id) = partner.receiver_id.as_deref().filter(|_| outline.interchanges.iter().any(is_stranger)) {
            options.sender = Some([text(partner.receiver_qualifier.as_deref().unwrap_or("ZZ")), text(id)]);
        }
        if let Some(id) = partner.sender_id.as_deref() {
            options.receiver = Some([text(partner.sender_qualifier.as_deref().unwrap_or("ZZ")), text(id)]);
        }
        // Limits are on files of claims: answers to ours may be gathered as the partner likes.
        if outline.groups().any(|group| group.kind == "HC") {
            options.limits.extend(partner.limits_of_files());
        }
        let window = partner.duplicates.interchange;
        let (name, file) = (partner.name().to_owned(), row.int("id")?);
        let numbers: Vec<String> = outline.interchanges.iter().map(|one| one.control_number.clone()).collect();
        let before = self.store().read_blocking(move |tx| -> store::Result<_> {
            let since = tx.now() - i64::from(window.days) * DAY;
            let mut before = Vec::new();
            for number in numbers {
                let row = tx.first(
                    "SELECT 1 AS one FROM interchange WHERE partner = ?1 AND direction = 'in' AND control_number = ?2
                     AND at >= ?3 AND file <> ?4 AND (answer IS NULL OR answer <> 'R') LIMIT 1",
                    values![&name, &number, since, file],
                )?;
                before.push(row.is_some());
            }
            Ok(before)
        })?;
        let refuses = window.days > 0 && window.then == OnDuplicate::Refuse;
        for (one, before) in outline.interchanges.iter().zip(before) {
            if before && refuses {
                let [qualifier, id, ..] = &one.parties;
                options.seen.insert([text(qualifier), text(id), text(&one.control_number)]);
            }
        }
        Ok(options)
    }

    /// Writers of the answers that are owed, each kind into a file of its own.
    fn answering(&self, partner: &Partner, outline: &Outline, streamed: bool) -> Result<Answering, FlowError> {
        let owed = partner.answers();
        let none = Kinds { interchange: Owed::Never, functional: false, claims: false };
        // What came over the stream has had its TA1 already.
        let interchange = if streamed { Owed::Never } else { owed.kinds.interchange };
        let kinds = [
            (Content::InterchangeAcknowledgmentTa1, Kinds { interchange, ..none }, interchange != Owed::Never),
            (Content::Acknowledgment999, Kinds { functional: true, ..none }, owed.kinds.functional),
            (Content::ClaimAcknowledgment277, Kinds { claims: true, ..none }, owed.kinds.claims),
        ];
        let mut answering = Answering::default();
        for (content, kinds, _) in kinds.into_iter().filter(|(.., owed)| *owed) {
            let control_number = self.answer_numbers(partner, outline)?;
            let output = BufWriter::with_capacity(64 << 10, self.store().payload_writer()?);
            answering.0.push((content, Answers::new(output, Options { kinds, control_number, ..owed.clone() })));
        }
        Ok(answering)
    }

    /// Control numbers for answers to all parts of a file.
    pub(super) fn answer_numbers(&self, partner: &Partner, outline: &Outline) -> Result<u32, FlowError> {
        let (name, range) = (partner.name().to_owned(), partner.control_numbers.interchange);
        let most = u32::try_from(outline.parts()).unwrap_or(u32::MAX).max(1);
        Ok(self.store().write_blocking(move |tx| batch::take(tx, &name, batch::INTERCHANGES, most, range))?)
    }
}

/// Audits that a file says it is from somebody else than its sender has proven to be, or mixes test and production.
fn note_impostor(tx: &mut dyn Tx, file: Id, partner: &str, why: &str) -> store::Result<()> {
    tracing::warn!(partner, file.id = %file, why, "a file is not what its sender may send");
    audit::append(tx, partner, "refused", &file.to_string(), &json!({ "why": why }).to_string()).map(drop)
}

/// What a file came to.
struct Processed {
    outline: Outline,
    judged: Judged,
    claims: Vec<Received>,
    payments: Vec<remit::Row>,
    lines: Option<Sealed>,
    theirs: Vec<Answer>,
    made: Vec<New>,
    repeated: Vec<Repeated>,
}

impl Processed {
    fn record(self, tx: &mut dyn Tx, file: Id, of: &Partner, outlet: Outlet, hand_on: bool) -> store::Result<usize> {
        let Self { outline, judged, claims, payments, lines, theirs, made, repeated } = self;
        let partner = of.name();
        let moved = tx.run(
            "UPDATE file SET state = 'processed', content = ?2, lines = ?3
             WHERE id = ?1 AND state = 'received' AND content IS NULL",
            values![file.0, outline.content().map_or("unknown", Content::name), lines.as_ref().map(|lines| lines.id)],
        )?;
        // Somebody was faster.
        if moved == 0 {
            return Ok(0);
        }
        let recorded = outline.record(tx, file, "in", partner)?;
        judged.record(tx, &recorded)?;
        if let Some(lines) = &lines {
            payload::keep(tx, lines.id, "lines")?;
        }
        let mut accepted = 0;
        for claim in &claims {
            let (Some(set), Some(lines)) = (recorded.sets.get(claim.set), &lines) else { continue };
            accepted += usize::from(!claim.state.is_dead());
            claim.entry.record(
                tx,
                Entered {
                    direction: "in",
                    partner,
                    source: partner,
                    state: claim.state,
                    set: Some((*set, claim.position)),
                    payload: lines.id,
                    offset: claim.offset,
                    length: claim.length,
                    findings: None,
                },
            )?;
        }
        timeline::of_claims(tx, Claims::OfFile(file), Event::Received, None, Some(file), &())?;
        for new in made {
            let (id, _) = deliver::made(tx, of, &new, Some(file))?;
            judged.answered(tx, id, partner, file, new.content, &outline)?;
            deliver::ask(tx, partner, id, outlet)?;
        }
        let from = answers::Answered { partner, file };
        for answer in &theirs {
            answers::join(tx, &from, answer)?;
        }
        if let Some(lines) = &lines {
            let of = Remitted { file, direction: "in", partner, lines: lines.id };
            let posted = remit::record(tx, of, &payments, &judged.unbalanced)?;
            // Nothing is in it but payments that came before.
            if let (Some(first), 0, true) = (posted.repeats, posted.new, claims.is_empty() && theirs.is_empty()) {
                tx.run(
                    "UPDATE file SET state = 'duplicate', about = ?2 WHERE id = ?1 AND state = 'processed'",
                    values![file.0, first.0],
                )?;
            }
        }
        timeline::of_file(
            tx,
            partner,
            file,
            Event::FileProcessed,
            &json!({ "claims": claims.len(), "accepted": accepted, "answers": theirs.len(), "repeated": repeated }),
        )?;
        if hand_on && accepted > 0 {
            hand_on::ask(tx, file)?;
        }
        Ok(claims.len())
    }
}

/// A claim that came in. Its JSON is `length` bytes at `offset` of the payload of lines.
struct Received {
    state: State,
    /// Its transaction set: number in the file, from 0.
    set: usize,
    position: u32,
    offset: u64,
    length: u64,
    entry: Entry,
}

/// Takes lines of JSON as they are written, and notes what the store keeps of each.
struct Split<'a, W> {
    output: W,
    gateway: &'a Gateway,
    partner: &'a Partner,
    judged: &'a Judged,
    sets: HashMap<(&'a str, &'a str, &'a str), usize>,
    /// The line that has not ended, and where it begins.
    open: Vec<u8>,
    at: u64,
    claims: Vec<Received>,
    payments: Vec<remit::Row>,
}

impl<W> Split<'_, W> {
    /// Notes a line. What is neither a claim nor of a remittance, or was not judged, has no row.
    fn note(&mut self, line: &[u8], offset: u64, length: u64) -> Option<()> {
        let facts = Line::of(line).ok()?;
        if facts.is_claim() {
            let judgement = self.judged.claims.get(&facts.source.byte_offset?)?;
            self.claims.push(Received {
                state: self.judged.state(judgement, &self.partner.acknowledgments.owed),
                set: judgement.set,
                position: judgement.position,
                offset,
                length,
                entry: facts.entry(self.gateway.fingerprints(), self.partner.name()),
            });
            return Some(());
        }
        let payment = Facts::of(line, &facts)?;
        let of = &facts.source;
        let set = *self.sets.get(&(of.interchange.as_str(), of.group.as_str(), of.transaction.as_str()))?;
        if self.judged.may_be_posted(set) {
            self.payments.push(remit::Row { offset, length, set, facts: payment });
        }
        Some(())
    }
}

impl<W: Write> Write for Split<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.output.write_all(bytes)?;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(piece);
            if piece.last() != Some(&b'\n') {
                continue;
            }
            let line = std::mem::take(&mut self.open);
            self.note(&line, self.at, line.len() as u64 - 1);
            self.at += line.len() as u64;
            self.open = line;
            self.open.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

/// Writers of answers, by what they write.
#[derive(Default)]
struct Answering(Vec<(Content, Answers<BufWriter<PayloadWriter>>)>);

impl Answering {
    /// The answers that were made, sealed. What nothing was written of is left out.
    fn finish(self, gateway: &Gateway) -> Result<Vec<New>, FlowError> {
        let mut made = Vec::new();
        for (content, answers) in self.0 {
            let (output, summary) = answers.finish()?;
            for notice in &summary.notices {
                tracing::warn!(notice = notice.message, "an answer leaves something out");
            }
            if summary.interchanges + summary.groups + summary.batches == 0 {
                continue;
            }
            let sealed = output.into_inner().map_err(|error| FlowError::Io(error.into_error()))?.finish()?;
            let outline = outline::of(BufReader::new(gateway.store().payload_reader(sealed.id)?))?;
            made.push(New { content, sealed, outline });
        }
        Ok(made)
    }
}

/// Shows what checking finds to the judge and to those who answer.
struct Both<'b> {
    judged: &'b mut Judged,
    answering: &'b mut Answering,
}

macro_rules! to_both {
    ($($call:ident: $what:ty),* $(,)?) => { $(
        fn $call(&mut self, what: $what) {
            self.judged.$call(what);
            self.answering.0.iter_mut().for_each(|(_, answers)| answers.$call(what));
        }
    )* };
}

impl Receive for Both<'_> {
    fn group_begins(&mut self, group: &GroupOutcome) {
        self.judged.group_begins(group);
        for (_, answers) in &mut self.answering.0 {
            answers.group_begins(group);
            self.judged.refuse_group(answers);
        }
    }

    fn transaction_begins(&mut self, set: &TransactionOutcome) {
        self.judged.transaction_begins(set);
        for (_, answers) in &mut self.answering.0 {
            answers.transaction_begins(set);
            self.judged.refuse_set(answers);
        }
    }

    to_both! {
        finding: &Finding,
        interchange_begins: &InterchangeOutcome,
        claim: &Claim<'_>,
        transaction: &TransactionOutcome,
        group: &GroupOutcome,
        interchange: &InterchangeOutcome,
    }
}
