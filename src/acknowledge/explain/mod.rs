//! Acknowledgments, read: which interchange, group, set or claim was refused, where and why.
//!
//! An answer names what it is about by numbers. With the file that it answers at hand, those lead to
//! segments and claims:
//!
//! | in the answer | is in the file |
//! |---|---|
//! | TA101 | ISA13 |
//! | AK102, AK101 | GS06, GS01 |
//! | AK202 | ST02 |
//! | IK302 | position of a segment, ST = 1, and the claim that it stands in |
//! | 277CA 2200B TRN02 | BHT03 |
//! | 277CA 2200D TRN02, REF\*D9 | CLM01, REF\*D9 |

mod find;
mod words;

use std::io::{self, Read, Write};

pub use self::words::{Coded, meaning, status_meaning};

use self::find::{Found, Spot};
use super::{
    Error,
    read::{self, Answer, Batch},
};
use crate::{
    claims::{
        ElementError, FunctionalAcknowledgment, InterchangeAcknowledgment, SegmentError, Status, StatusCode,
        TransactionAcknowledgment,
    },
    guide::dictionary,
    record::Decimal,
};

/// The file that is answered.
pub struct Answered<R> {
    /// What to call it.
    pub name: String,
    /// Its bytes.
    pub input: R,
}

/// What came of explaining.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// Answers that were read: TA1s, 999s, 997s and 277CAs.
    pub answers: usize,
    /// Whether one of them refuses something.
    pub rejects: bool,
    /// Whether one is about something that the file does not have.
    pub strangers: bool,
}

/// Says in words what the acknowledgments in a file mean. Claims go by their numbers (CLM01); values of
/// the data, which may name people, are shown only if asked for.
///
/// # Errors
/// Input that is not X12; output that fails.
pub fn explain<R: Read>(
    answer: impl Read,
    answered: Option<Answered<R>>,
    values: bool,
    output: impl Write,
) -> Result<Explained, Error> {
    let answers = read::read(answer)?;
    let file = match answered {
        Some(Answered { name, input }) => Some((name, Found::read(input, &answers)?)),
        None => None,
    };
    let explained = Explained { answers: answers.len(), ..Explained::default() };
    let mut telling = Telling { output, file, values, explained };
    for answer in &answers {
        match answer {
            Answer::Interchange(answer) => telling.interchange(answer)?,
            Answer::Group { set, answer } => telling.group(set, answer)?,
            Answer::Batch(batch) => telling.batch(batch)?,
        }
    }
    telling.output.flush()?;
    Ok(telling.explained)
}

struct Telling<W> {
    output: W,
    file: Option<(String, Found)>,
    values: bool,
    explained: Explained,
}

impl<W: Write> Telling<W> {
    fn interchange(&mut self, answer: &InterchangeAcknowledgment) -> io::Result<()> {
        let InterchangeAcknowledgment { control_number, status, note, .. } = answer;
        writeln!(self.output, "TA1  interchange {control_number}: {}", words::of(words::OUTCOME, status))?;
        self.explained.rejects |= status == "R";
        if note != "000" {
            self.line(1, &format!("{} (TA105 {note})", words::of(words::INTERCHANGE, note)))?;
        }
        if let Some((name, file)) = &self.file
            && !file.has_interchange(control_number)
        {
            let message = format!("{name} has no interchange with this number");
            self.stranger(1, &message)?;
        }
        Ok(())
    }

    fn group(&mut self, set: &str, answer: &FunctionalAcknowledgment) -> io::Result<()> {
        let FunctionalAcknowledgment { group_kind: kind, group_control_number: number, group_guide, status, .. } =
            answer;
        let outcome = if status.is_empty() { "no outcome".into() } else { words::of(words::OUTCOME, status) };
        let guide = if group_guide.is_empty() { String::new() } else { format!(", {group_guide}") };
        writeln!(self.output, "{set}  group {number} ({kind}{guide}): {outcome}")?;
        self.explained.rejects |= !matches!(status.as_str(), "A" | "E");
        let count = |count: &Option<Decimal>| count.map_or_else(|| "?".into(), |count| count.to_string());
        let (accepted, received) = (count(&answer.accepted), count(&answer.received));
        self.line(1, &format!("{accepted} of {received} transaction sets accepted"))?;
        for code in &answer.errors {
            self.line(1, &format!("{} (AK905 {code})", words::of(words::GROUP, code)))?;
        }
        if let Some((name, file)) = &self.file
            && !file.has_group(number, kind)
        {
            let message = format!("{name} has no such group");
            return self.stranger(1, &message);
        }
        for set in &answer.transactions {
            self.set((number, kind), set)?;
        }
        Ok(())
    }

    fn set(&mut self, group: (&str, &str), answer: &TransactionAcknowledgment) -> io::Result<()> {
        let TransactionAcknowledgment { kind, control_number, status, segments, errors, .. } = answer;
        let outcome = if status.is_empty() { "no outcome".into() } else { words::of(words::OUTCOME, status) };
        self.line(1, &format!("transaction set {control_number} ({kind}): {outcome}"))?;
        for code in errors {
            self.line(2, &format!("{} (IK502 {code})", words::of(words::SET, code)))?;
        }
        if let Some((name, file)) = &self.file
            && !file.has_set(group, control_number)
        {
            let message = format!("{name} has no such transaction set in the group");
            self.stranger(2, &message)?;
        }
        for error in segments {
            self.segment(group, control_number, error)?;
        }
        Ok(())
    }

    fn segment(&mut self, group: (&str, &str), set: &str, error: &SegmentError) -> io::Result<()> {
        let position = error.position.unwrap_or_default();
        let missing = words::MISSING.contains(&error.error.as_str());
        let file = self.file.as_ref().filter(|(_, file)| file.has_set(group, set));
        let spot = file.and_then(|(_, file)| file.spot(group, set, position)).cloned();
        let is_past_end = file.is_some() && spot.is_none();
        // What is missing is named by the answer, what stands there by the file.
        let title = spot.as_ref().filter(|spot| !missing && spot.segment == error.segment).and_then(title);
        let loop_id = error.loop_id.as_deref().or_else(|| spot.as_ref().filter(|_| !missing).and_then(loop_of));
        let mut what = format!("segment {position}, {}", error.segment);
        if let Some(id) = loop_id {
            what.push_str(&format!(" in loop {id}"));
        }
        if let Some(title) = title {
            what.push_str(&format!(" ({title})"));
        }
        what.push_str(&format!(" {} (IK304 {})", words::of(words::SEGMENT, &error.error), error.error));
        self.line(2, &what)?;
        for element in &error.elements {
            self.element(&error.segment, spot.as_ref(), element)?;
        }
        for trigger in error.contexts.iter().chain(error.elements.iter().flat_map(|element| &element.contexts)) {
            let element = trigger.element.map_or_else(String::new, |element| format!("{element:02}"));
            let position = trigger.position.unwrap_or_default();
            self.line(3, &format!("because of {}{element} in segment {position}", trigger.segment))?;
        }
        let stated = error.business_unit.iter().find_map(|unit| Some((unit.place.as_str(), unit.value.as_deref()?)));
        let claim = match (stated, &spot) {
            // Other units may be named by a person's name or number.
            (Some(("CLM01" | "CLP01", claim)), _) => Some(claim.to_owned()),
            // The claim of what is missing has ended where the next begins.
            (_, Some(spot)) if missing && spot.claim != spot.claim_before && !spot.claim_before.is_empty() => {
                Some(spot.claim_before.to_string())
            }
            (_, Some(spot)) if !spot.claim.is_empty() => Some(spot.claim.to_string()),
            _ => None,
        };
        if let Some(claim) = claim {
            self.line(3, &format!("claim {claim}"))?;
        }
        match spot {
            Some(spot) if !missing && error.segment != spot.segment => {
                let message = format!("the file has {} at this position", spot.segment);
                self.stranger(3, &message)
            }
            None if is_past_end => self.stranger(3, "the transaction set has no such position"),
            _ => Ok(()),
        }
    }

    fn element(&mut self, segment: &str, spot: Option<&Spot>, error: &ElementError) -> io::Result<()> {
        let element = error.element.and_then(|element| u8::try_from(element).ok()).unwrap_or_default();
        let component = error.component.and_then(|component| u8::try_from(component).ok()).unwrap_or_default();
        let mut what = format!("{segment}{element:02}");
        if component > 0 {
            what.push_str(&format!("-{component}"));
        }
        let used = spot.and_then(|spot| spot.node).and_then(|(guide, node)| {
            Some(guide.segment(node).filter(|one| one.id == segment)?.element(element, component)?.name.clone())
        });
        let standard = || Some(dictionary().ok()?.data_element(segment, element, component)?.name);
        if let Some(name) = used.filter(|name| !name.is_empty()).or_else(standard) {
            what.push_str(&format!(" {name}"));
        }
        if let Some(repetition) = error.repetition {
            what.push_str(&format!(", repetition {repetition},"));
        }
        what.push_str(&format!(" {} (IK403 {})", words::of(words::ELEMENT, &error.error), error.error));
        if let Some(value) = error.value.as_ref().filter(|_| self.values) {
            what.push_str(&format!(": {value}"));
        }
        self.line(3, &what)
    }

    fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        let refused = |status: &Status| status.action == "U" || matches!(outcome(status), Outcome::Refused);
        let rejected: Vec<_> = batch.claims.iter().filter(|claim| claim.statuses.iter().any(refused)).collect();
        let taken = batch.claims.len() - rejected.len();
        writeln!(
            self.output,
            "277CA  batch {}: claims taken in {taken}, rejected {}",
            batch.reference,
            rejected.len()
        )?;
        self.explained.rejects |= !rejected.is_empty();
        for status in batch.statuses.iter().filter(|status| refused(status)) {
            self.explained.rejects = true;
            self.status(1, status)?;
        }
        let known = self.file.as_ref().is_none_or(|(_, file)| file.batch(&batch.reference).is_some());
        if !known {
            let name = self.file.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
            self.stranger(1, &format!("{name} has no batch with this reference (BHT03)"))?;
        }
        for claim in rejected {
            let amount = claim.statuses.iter().find_map(|status| status.amount);
            let charge = amount.map_or_else(String::new, |amount| format!(", charge {amount}"));
            let payers = claim.payer_control_number.as_ref();
            let payers = payers.map_or_else(String::new, |number| format!(", the payer's number {number}"));
            self.line(1, &format!("claim {}{charge}{payers}", claim.control_number))?;
            for status in &claim.statuses {
                self.status(2, status)?;
            }
            for line in &claim.lines {
                let number = line.control_number.as_deref().unwrap_or("without a number");
                self.line(2, &format!("line {number}"))?;
                for status in &line.statuses {
                    self.status(3, status)?;
                }
            }
            self.whereabouts(
                &batch.reference,
                claim.control_number.as_str(),
                claim.clearinghouse_trace_number.as_deref(),
            )?;
        }
        if let Some((strange, unnamed)) = self.others(batch) {
            for number in strange {
                self.stranger(1, &format!("claim {number} is not in the batch"))?;
            }
            if unnamed > 0 {
                self.line(1, &format!("{unnamed} claims of the batch are not mentioned"))?;
            }
        }
        Ok(())
    }

    /// Where a claim stands in the file.
    fn whereabouts(&mut self, batch: &str, number: &str, trace: Option<&str>) -> io::Result<()> {
        let Some((_, file)) = &self.file else { return Ok(()) };
        let Some(batch) = file.batch(batch) else { return Ok(()) };
        let spots = batch.claims(number, trace);
        let told: Vec<String> = spots
            .iter()
            .take(5)
            .map(|spot| format!("segment {} of transaction set {}", spot.position, spot.transaction))
            .collect();
        match spots.len() {
            0 => Ok(()),
            1 => self.line(2, &format!("it begins at {}", told.join(""))),
            count => self.line(2, &format!("one of {count} claims with this number: at {}", told.join(", "))),
        }
    }

    /// Claims that only the answer has, the first few, and how many only the file has.
    fn others(&self, batch: &Batch) -> Option<(Vec<String>, usize)> {
        let (_, file) = self.file.as_ref()?;
        let sent = file.batch(&batch.reference).filter(|sent| sent.len() > 0)?;
        let strange = batch.claims.iter().filter(|claim| sent.claims(&claim.control_number, None).is_empty());
        let strange = strange.take(20).map(|claim| claim.control_number.to_string()).collect();
        // A batch that is refused as a whole names no claims.
        let unnamed = if batch.claims.is_empty() {
            0
        } else {
            sent.unnamed(batch.claims.iter().map(|claim| claim.control_number.as_str()))
        };
        Some((strange, unnamed))
    }

    fn status(&mut self, depth: usize, status: &Status) -> io::Result<()> {
        for code in [Some(&status.code), status.second_code.as_ref(), status.third_code.as_ref()].into_iter().flatten()
        {
            let StatusCode { category, status: number, entity } = code;
            let what = words::status_meaning(category, number, entity.as_deref());
            let entity = entity.as_ref().map_or_else(String::new, |entity| format!(":{entity}"));
            self.line(depth, &format!("{what} (STC {category}:{number}{entity})"))?;
        }
        match status.message.as_ref().filter(|_| self.values) {
            Some(message) => self.line(depth, message),
            None => Ok(()),
        }
    }

    /// Says of something that the file does not have it.
    fn stranger(&mut self, depth: usize, message: &str) -> io::Result<()> {
        self.explained.strangers = true;
        self.line(depth, &format!("! {message}"))
    }

    fn line(&mut self, depth: usize, text: &str) -> io::Result<()> {
        writeln!(self.output, "{:width$}{text}", "", width = depth * 2)
    }
}

enum Outcome {
    Taken,
    Refused,
}

fn outcome(status: &Status) -> Outcome {
    match status.code.category.as_str() {
        "A3" | "A4" | "A6" | "A7" | "A8" => Outcome::Refused,
        _ => Outcome::Taken,
    }
}

fn title(spot: &Spot) -> Option<&'static str> {
    let (guide, node) = spot.node?;
    Some(guide.title(node)).filter(|title| !title.is_empty())
}

fn loop_of(spot: &Spot) -> Option<&'static str> {
    let (guide, node) = spot.node?;
    Some(guide.loop_id(node)).filter(|id| !id.is_empty())
}
