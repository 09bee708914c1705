//! Levels of the hierarchy that have closed, for claims below them that come out of order.
//!
//! A level names the one it belongs to by number (HL02). In nearly every file that is the one around it. Where it is
//! another, the claim is put under that one, on a tape of its own; the levels that may be named are kept for a while.

use std::collections::{HashSet, VecDeque};

use crate::{
    guide::{Guide, NodeId, Role},
    place::{Entry, Tape},
    x12::Segment,
};

/// Most levels that are kept; the oldest go first.
const MOST: usize = 256;
/// Most bytes of a level that is kept.
const LONGEST: usize = 16 << 10;
/// No guide has its claims under more levels.
const DEEPEST: usize = 8;

/// Levels that have closed and may have others below them, the oldest first.
#[derive(Default)]
pub(super) struct Levels {
    closed: VecDeque<Closed>,
}

struct Closed {
    /// HL01.
    number: Vec<u8>,
    /// The level, without levels and claims inside it.
    tape: Tape,
}

impl Levels {
    /// Forgets all: another transaction set begins.
    pub(super) fn clear(&mut self) {
        self.closed.clear();
    }

    /// Keeps a loop that has closed, if it is a level that says there are others below it.
    pub(super) fn note(&mut self, guide: &Guide, tape: &Tape, entry: usize) {
        if tape.entry(entry).is_none_or(|level| guide.role(level.node) != Role::Level) {
            return;
        }
        let Some(header) = header(tape, entry).filter(|header| header.element(4) == b"1") else { return };
        // There is one after another in every file, and hardly ever is one asked for: their memory is used again.
        let oldest = if self.closed.len() < MOST { None } else { self.closed.pop_front() };
        let mut kept = oldest.unwrap_or_else(|| Closed { number: Vec::new(), tape: Tape::new(tape.delimiters()) });
        kept.number.clear();
        kept.number.extend_from_slice(header.element(1));
        kept.tape.clear(tape.delimiters());
        kept.tape.add(tape, entry, 0, |inner| guide.role(inner.node) != Role::Part);
        // Without it a claim that names it is left out.
        if kept.tape.bytes() <= LONGEST {
            self.closed.push_back(kept);
        }
    }

    /// A claim under the levels that it belongs to, and its entry there. None if a number names no level of the right
    /// kind, none that is kept, or more than one. `astray` are the offsets of levels that do not belong to the one
    /// around them.
    pub(super) fn reattach(
        &self,
        guide: &Guide,
        tape: &Tape,
        claim: usize,
        astray: &HashSet<u64>,
    ) -> Option<(Tape, usize)> {
        // Innermost first.
        let mut levels: Vec<(&Tape, usize)> = Vec::new();
        let (mut from, mut at) = (tape, tape.around(claim));
        loop {
            levels.push((from, at));
            let level = from.entry(at)?;
            let wanted = guide.parent(level.node);
            if wanted == NodeId::ROOT {
                break;
            }
            let belongs = std::ptr::eq(from, tape) && !astray.contains(&level.offset);
            (from, at) = match belongs {
                true => (tape, tape.around(at)),
                false => self.named(tape, claim, header(from, at)?.element(2), wanted)?,
            };
            if levels.len() >= DEEPEST {
                return None;
            }
        }
        let is_no_part = |entry: &Entry| guide.role(entry.node) != Role::Part;
        let mut apart = Tape::new(tape.delimiters());
        let mut around = apart.add(tape, 0, 0, is_no_part);
        for (from, at) in levels.into_iter().rev() {
            around = apart.add(from, at, around, is_no_part);
        }
        let claim = apart.add(tape, claim, around, |_| false);
        Some((apart, claim))
    }

    /// The level of a number: one that is open around the claim, or one that has closed.
    fn named<'t>(&'t self, tape: &'t Tape, claim: usize, number: &[u8], wanted: NodeId) -> Option<(&'t Tape, usize)> {
        let is_wanted = |tape: &Tape, at: usize| tape.entry(at).is_some_and(|level| level.node == wanted);
        let has_number = |at: usize| header(tape, at).is_some_and(|header| header.element(1) == number);
        let mut around = std::iter::successors(Some(claim), |at| Some(tape.around(*at)).filter(|at| *at != 0));
        let mut closed = self.closed.iter().filter(|closed| closed.number == number).map(|closed| &closed.tape);
        let (first, is_alone) = (closed.next(), closed.next().is_none());
        match around.find(|at| is_wanted(tape, *at) && has_number(*at)) {
            Some(open) => first.is_none().then_some((tape, open)),
            None => first.filter(|first| is_alone && is_wanted(first, 0)).map(|first| (first, 0)),
        }
    }
}

/// The HL that a loop begins with.
fn header(tape: &Tape, entry: usize) -> Option<Segment<'_>> {
    let first = tape.entry(entry + 1).filter(|_| tape.entry(entry).is_some_and(Entry::is_loop))?;
    Some(tape.segment(first)).filter(|segment| segment.id() == b"HL")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::ndjson::{Options, Summary, Writer, read};

    /// A file of levels: each an HL with what is below it.
    fn file(levels: &[&str]) -> String {
        let mut file = "ST*837*0001*005010X222A1~BHT*0019*00*1*20240101*1200*CH~".to_owned();
        for level in levels {
            let (header, name) = level.split_once(' ').unwrap();
            let kind = header.split('*').nth(2).unwrap();
            let claim = format!("CLM*OF-{name}*10***11:B:1*Y*A*Y*Y~LX*1~SV1*HC:99213*10*UN*1***1~");
            let has_claim = header.ends_with("*0");
            file += &format!("HL*{header}~");
            file += &match kind {
                "20" => format!("NM1*85*2*{name}*****XX*1~"),
                "22" => format!("SBR*P*18*******CI~NM1*IL*1*{name}*JO****MI*{name}~NM1*PR*2*PAYER*****PI*P1~"),
                _ => format!("PAT*19~NM1*QC*1*{name}*JO~"),
            };
            if has_claim {
                file += &claim;
            }
        }
        file + "SE*1*0001~"
    }

    fn lines(file: &str) -> (Vec<Value>, Summary) {
        let mut out = Vec::new();
        let summary = read(file.as_bytes(), &mut out, None).unwrap();
        (std::str::from_utf8(&out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect(), summary)
    }

    /// For each claim its number, and the names above it.
    fn whose(file: &str) -> Vec<String> {
        let of = |line: &Value| {
            let names = [&line["billing_provider"], &line["subscriber"], &line["patient"]].map(|level| {
                ["last_name", "name"].iter().find_map(|name| level[name].as_str()).unwrap_or("-").to_owned()
            });
            format!("{} {}", line["control_number"].as_str().unwrap(), names.join(" "))
        };
        lines(file).0.iter().map(of).collect()
    }

    #[test]
    fn a_claim_belongs_to_the_level_that_is_named() {
        // Providers first, then their subscribers, then a dependent of the first.
        let file = file(&[
            "1**20*1 NORTH",
            "2**20*1 SOUTH",
            "3*1*22*1 ADAMS",
            "4*2*22*0 BAKER",
            "5*1*22*0 CLARK",
            "6*3*23*0 DEPP",
        ]);
        assert_eq!(whose(&file), ["OF-BAKER SOUTH BAKER -", "OF-CLARK NORTH CLARK -", "OF-DEPP NORTH ADAMS DEPP"]);
        let (values, summary) = lines(&file);
        assert_eq!((summary.refused, summary.notices.is_empty()), (0, false));
        // Written again they are in order.
        let mut writer = Writer::new(
            Vec::new(),
            Options { sender: Some("A".into()), receiver: Some("B".into()), ..Options::default() },
        );
        values.iter().for_each(|line| writer.push(line.to_string().as_bytes()).unwrap());
        let again = String::from_utf8(writer.finish().unwrap()).unwrap();
        let (back, summary) = lines(&again);
        assert!(summary.notices.is_empty(), "{summary:?}");
        let names = |lines: &[Value]| lines.iter().map(|line| line["billing_provider"].to_string()).collect::<Vec<_>>();
        assert_eq!(names(&back), names(&values));
    }

    #[test]
    fn a_level_that_cannot_be_told_leaves_its_claims_out() {
        for levels in [
            // No such level; one of another kind; two of that number.
            ["1**20*1 NORTH", "2**20*1 SOUTH", "3*7*22*0 ADAMS"],
            ["1**20*1 NORTH", "2*1*22*1 SOUTH", "3*1*23*0 ADAMS"],
            ["1**20*1 NORTH", "1**20*1 SOUTH", "3*1*22*0 ADAMS"],
        ] {
            let file = file(&levels);
            let (values, summary) = lines(&file);
            match levels[1] {
                // The one around it has the number, too.
                "1**20*1 SOUTH" => assert_eq!(values.len(), 1, "{levels:?}"),
                _ => assert_eq!((values.len(), summary.refused), (0, 1), "{levels:?}"),
            }
        }
        let twice = file(&["1**20*1 NORTH", "1**20*1 SOUTH", "2**20*1 WEST", "3*1*22*0 ADAMS"]);
        assert_eq!(lines(&twice).1.refused, 1);
    }
}
