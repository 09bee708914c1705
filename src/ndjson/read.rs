//! A file to lines.

use std::{
    io::{Read, Write},
    thread,
};

use super::{
    Error, Notice, Severity,
    form::{Bound, Form},
    levels::Levels,
    render::{End, Part, Rendered, Renderer, Unit, Units},
};
use crate::{
    document::{Crew, Envelope, Event, notice},
    place::{Keep, Tape},
    x12::{self, Token},
};

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines written.
    pub lines: u64,
    /// Claims, payments and so on that could not be read, and were left out.
    pub refused: u64,
    /// What a person should know.
    pub notices: Vec<Notice>,
}

/// Reads X12 and writes a line for each claim, payment, provider adjustment, claim status and
/// acknowledgment. A claim with a value that cannot be read is left out, with a notice.
///
/// `name` is the file's name, for the `source` of each line.
///
/// # Errors
/// Bytes that are not X12, or output that fails.
pub fn read(input: impl Read, output: impl Write, name: Option<&str>) -> Result<Summary, Error> {
    read_on(1, input, output, name)
}

/// As [`read`], on so many threads, this one among them. The lines are the same, in the same order.
///
/// # Errors
/// As those of [`read`].
pub fn read_on(threads: usize, input: impl Read, mut output: impl Write, name: Option<&str>) -> Result<Summary, Error> {
    let summary = in_batches(BATCH, threads, input, name, |lines| output.write_all(lines).map_err(Error::Io))?;
    output.flush()?;
    Ok(summary)
}

/// Hands over the lines of a file, batch by batch.
pub(super) fn in_batches<E: From<Error>>(
    batch: usize,
    threads: usize,
    input: impl Read,
    name: Option<&str>,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut reader = x12::Reader::new(input);
    let mut envelope = Envelope::new(Keep::UntilTaken);
    let mut gathered = Gathered::default();
    let mut summary = Summary::default();
    thread::scope(|scope| {
        let mut crew = Crew::new(scope, threads, || {
            let mut renderer = Renderer::new(name);
            move |(parts, out): (Vec<Part>, Vec<u8>)| (renderer.render(&parts, out), parts)
        });
        loop {
            match reader.next().map_err(Error::X12)? {
                Some(Token::Segment { segment, offset, .. }) => {
                    envelope.push(&segment, offset, &mut |event| gathered.receive(event))?
                }
                Some(Token::Trailing { .. }) => {}
                None => break,
            }
            if gathered.is_enough(batch, &envelope) {
                gathered.take(&mut envelope);
                crew.give(gathered.all());
                while let Some((rendered, parts)) = crew.next() {
                    gathered.reuse(summary.add(rendered, &mut take)?, parts);
                }
            }
        }
        envelope.finish(reader.offset(), &mut |event| gathered.receive(event));
        crew.give(gathered.all());
        while let Some((rendered, _)) = crew.last() {
            summary.add(rendered, &mut take)?;
        }
        Ok::<_, E>(())
    })?;
    summary.notices.append(&mut gathered.notices);
    summary.notices.append(&mut envelope.notices);
    summary.notices.extend(reader.findings().iter().map(notice));
    summary.settle();
    Ok(summary)
}

/// How many bytes of placed segments are gathered before lines are made of them. Few in tests, so that batches end
/// everywhere.
pub(super) const BATCH: usize = if cfg!(any(test, fuzzing)) { 1 << 10 } else { 64 << 10 };

impl Summary {
    /// Hands over what was made of a batch, and gives its memory back.
    fn add<E>(&mut self, rendered: Rendered, take: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<Vec<u8>, E> {
        take(&rendered.out)?;
        self.lines += rendered.lines;
        self.refused += rendered.refused;
        self.notices.extend(rendered.notices);
        Ok(rendered.out)
    }

    /// Sorts what there is to say, and says once what is true of a level whose units were read in several batches.
    fn settle(&mut self) {
        self.notices.sort_by_key(|notice| notice.offset);
        let mut first = 0;
        let mut kept: Vec<Notice> = Vec::with_capacity(self.notices.len());
        for notice in self.notices.drain(..) {
            if kept.get(first).is_some_and(|other| other.offset != notice.offset) {
                first = kept.len();
            }
            if !kept.get(first..).unwrap_or_default().contains(&notice) {
                kept.push(notice);
            }
        }
        self.notices = kept;
    }
}

/// What has been gathered for the next batch.
#[derive(Default)]
struct Gathered {
    parts: Vec<Part>,
    /// Bytes of the parts.
    bytes: usize,
    /// Units of the open transaction set that are on its tape.
    units: Vec<Unit>,
    /// Whether others of its units were.
    has_begun: bool,
    /// Bytes that were left on its tape when it was taken last.
    left: usize,
    bound: Option<&'static Bound>,
    levels: Levels,
    notices: Vec<Notice>,
    /// Memory to be used again.
    spare_lines: Vec<Vec<u8>>,
    spare_tape: Option<Tape>,
}

impl Gathered {
    /// Whether it is time to make lines. What stays on a tape is copied when the rest is taken, so that this waits
    /// until there is as much of the rest.
    fn is_enough(&self, batch: usize, envelope: &Envelope) -> bool {
        let fresh = envelope.held().saturating_sub(self.left);
        self.bytes + fresh >= batch.max(self.left)
    }

    /// Adds what is there of the open transaction set.
    fn take(&mut self, envelope: &mut Envelope) {
        let Some(tape) = envelope.take(self.spare_tape.take()) else { return };
        self.left = envelope.held();
        let list = std::mem::take(&mut self.units);
        if let Some(bound) = self.bound.filter(|_| !list.is_empty()) {
            self.has_begun = true;
            self.add(Part::Units(Units { bound, tape, header: envelope.header().clone(), list, end: None }));
        }
    }

    fn all(&mut self) -> (Vec<Part>, Vec<u8>) {
        self.bytes = 0;
        (std::mem::take(&mut self.parts), self.spare_lines.pop().unwrap_or_default())
    }

    fn reuse(&mut self, mut out: Vec<u8>, parts: Vec<Part>) {
        out.clear();
        self.spare_lines.push(out);
        self.spare_tape = parts.into_iter().next().map(|part| match part {
            Part::Units(Units { tape, .. }) | Part::Interchange(tape) => tape,
        });
    }

    fn add(&mut self, part: Part) {
        self.bytes += match &part {
            Part::Units(Units { tape, .. }) | Part::Interchange(tape) => tape.bytes(),
        };
        self.parts.push(part);
    }

    fn receive(&mut self, event: Event<'_>) {
        match event {
            Event::Closed { guide, tape, entry, astray, .. } => {
                let Some(bound) = Form::of_guide(guide) else { return };
                self.levels.note(guide, tape, entry);
                if tape.entry(entry).is_some_and(|entry| bound.unit(entry.node).is_some()) {
                    let is_astray = !astray.is_empty()
                        && above(tape, entry)
                            .any(|at| tape.entry(at).is_some_and(|level| astray.contains(&level.offset)));
                    self.units.push(match is_astray.then(|| self.levels.reattach(guide, tape, entry, astray)) {
                        None => Unit::Here(entry),
                        Some(Some((apart, entry))) => Unit::Apart(Box::new(apart), entry),
                        Some(None) => Unit::Astray(entry),
                    });
                    self.bound = Some(bound);
                }
            }
            Event::Set { guide, tape, header, .. } => {
                let list = std::mem::take(&mut self.units);
                let end = Some(End { is_empty: list.is_empty() && !self.has_begun });
                self.has_begun = false;
                self.left = 0;
                self.levels.clear();
                if let Some(bound) = Form::of_guide(guide) {
                    self.add(Part::Units(Units { bound, tape, header: header.clone(), list, end }));
                }
            }
            Event::Plain { segments, header, .. } => self.notices.push(Notice {
                severity: Severity::Warning,
                offset: segments.first().map_or(0, |(_, offset)| *offset),
                transaction: header.transaction.clone(),
                position: 1,
                message: format!(
                    "transaction set {} is not carried over: it holds no claims that a guide here describes",
                    header.set
                ),
            }),
            Event::Interchange { tape } => self.add(Part::Interchange(tape)),
        }
    }
}

/// The entries of the loops around one, the transaction set last.
fn above(tape: &Tape, entry: usize) -> impl Iterator<Item = usize> + '_ {
    std::iter::successors(Some(entry).filter(|entry| *entry != 0), |entry| {
        Some(tape.around(*entry)).filter(|at| *at != 0)
    })
    .map(|entry| tape.around(entry))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::*;
    use crate::ndjson::samples;

    fn read_so(batch: usize, threads: usize, file: &[u8]) -> Option<(Vec<u8>, Summary)> {
        let mut out = Vec::new();
        let summary = in_batches(batch, threads, file, Some("a file"), |lines| {
            out.extend_from_slice(lines);
            Ok::<_, Error>(())
        });
        let summary = summary.ok()?;
        Some((out, summary))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn batches_and_threads_change_nothing(
            chosen in prop::collection::vec(any::<Index>(), 1..5),
            moves in prop::collection::vec((0_u8..3, any::<Index>(), any::<Index>()), 0..6),
        ) {
            let samples = samples();
            let whole: Vec<u8> = chosen.iter().flat_map(|index| index.get(&samples).clone()).collect();
            // Segments dropped, repeated and moved elsewhere.
            let mut segments: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'~').collect();
            for (what, from, to) in moves {
                let (from, to) = (from.index(segments.len()), to.index(segments.len()));
                match what {
                    0 if segments.len() > 1 => drop(segments.remove(from)),
                    1 => segments.insert(to, segments[from]),
                    _ => segments.swap(from, to),
                }
            }
            let file = segments.concat();
            let whole = read_so(usize::MAX, 1, &file);
            for (batch, threads) in [(1, 1), (1, 3), (1 << 10, 2), (8 << 10, 4)] {
                prop_assert!(read_so(batch, threads, &file) == whole, "{batch} bytes on {threads} threads");
            }
        }
    }

    #[test]
    fn a_claim_of_a_subscriber_has_no_patient_whoever_stands_beside() {
        let subscriber = "HL*2*1*22*1~SBR*P*18*******CI~NM1*IL*1*DOE*JANE****MI*A1~NM1*PR*2*PAYER*****PI*P1~";
        let patient = |hl: u8, name: &str| format!("HL*{hl}*2*23*0~PAT*19~NM1*QC*1*DOE*{name}~");
        let claim = |id: &str| format!("CLM*{id}*10***11:B:1*Y*A*Y*Y~LX*1~SV1*HC:99213*10*UN*1***1~");
        let (first, second) = (patient(3, "ANN"), patient(4, "BEA"));
        let file = format!(
            "ST*837*0001*005010X222A1~BHT*0019*00*1*20240101*1200*CH~HL*1**20*1~NM1*85*2*OFFICE*****XX*1~{subscriber}\
             {}{first}{}{second}{}SE*26*0001~",
            claim("OWN"),
            claim("ANN1"),
            claim("BEA1")
        );
        for batch in [1, 600, usize::MAX] {
            let (out, summary) = read_so(batch, 1, file.as_bytes()).expect("X12");
            let patients: Vec<(String, Option<String>)> = std::str::from_utf8(&out)
                .expect("UTF-8")
                .lines()
                .map(|line| {
                    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
                    let name = line["patient"]["first_name"].as_str().map(str::to_owned);
                    (line["control_number"].as_str().expect("CLM01").to_owned(), name)
                })
                .collect();
            let of = |claim: &str, patient: Option<&str>| (claim.to_owned(), patient.map(str::to_owned));
            let expected = [of("OWN", None), of("ANN1", Some("ANN")), of("BEA1", Some("BEA"))];
            assert_eq!(patients, expected, "{batch}: {summary:?}");
        }
    }

    #[test]
    fn a_level_that_cannot_be_read_is_told_once() {
        let claims = "CLM*A*10***11:B:1*Y*A*Y*Y~LX*1~SV1*HC:99213*10*UN*1***1~".repeat(40);
        let file = format!(
            "ST*837*0001*005010X222A1~BHT*0019*00*1*2O240101*1200*CH~HL*1**20*1~NM1*85*2*OFFICE*****XX*1~HL*2*1*22*0~\
             SBR*P*18*******CI~NM1*IL*1*DOE*JANE****MI*A1~NM1*PR*2*PAYER*****PI*P1~{claims}SE*129*0001~"
        );
        let (_, summary) = read_so(1, 2, file.as_bytes()).unwrap();
        let told = summary.notices.iter().filter(|notice| notice.message.contains("BHT04")).count();
        assert_eq!((told, summary.lines, summary.refused), (1, 0, 40), "{summary:?}");
    }
}
