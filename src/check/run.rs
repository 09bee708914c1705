//! The pass over a file: envelopes, and the transaction sets in them.

mod trailer;

use std::{collections::HashSet, io::Read, sync::Arc};

use compact_str::CompactString;

use super::{
    GroupOutcome, InterchangeOutcome, Options, Receive, Rule, Severity, TransactionOutcome, Verdict, Within,
    element::{self, Characters},
    envelope::{self, *},
    external::External,
    finding::Answer,
    found::{Found, Said, Spot},
    open::{Group, Headers, Interchange, Tally, Totals, trimmed},
    partner::{self, Limits},
    registry::Prepared,
    set::{Ready, Seen, Set},
};
use crate::{
    guide::{Guide, NodeId},
    x12::{self, Reader, Segment, Token},
};

/// Checks a file, and says what came of it.
///
/// # Errors
/// Input that cannot be read or is not X12 at all; what is wrong with X12 is a finding.
pub fn check(input: impl Read, options: &Options, receive: &mut impl Receive) -> Result<Verdict, x12::Error> {
    let mut reader = Reader::new(input);
    let mut run = Run::new(options, receive);
    let mut odd = 0;
    loop {
        let (offset, id) = match reader.next()? {
            Some(Token::Segment { segment, before, offset, .. }) => {
                run.line += lines(before);
                run.segment(&segment, offset);
                if segment.delimiters().segment == b'\n' {
                    run.line += 1;
                }
                (offset, beginning(segment.id()))
            }
            Some(Token::Trailing { offset, .. }) => (offset, [b' '; 3]),
            None => break,
        };
        if reader.findings().len() > odd {
            run.bytes(reader.findings().get(odd..).unwrap_or_default(), offset, id);
            odd = reader.findings().len();
        }
    }
    let offset = reader.offset();
    run.bytes(reader.findings().get(odd..).unwrap_or_default(), offset, [b' '; 3]);
    Ok(run.finish(offset))
}

/// The first bytes of a segment id, blanks after them.
#[inline]
fn beginning(id: &[u8]) -> [u8; 3] {
    let mut beginning = [b' '; 3];
    beginning.iter_mut().zip(id).for_each(|(to, from)| *to = *from);
    beginning
}

/// Whether a segment may begin or end an interchange, a group or a transaction set: ISA, IEA, GS, GE, ST, SE, TA1.
#[inline]
fn may_be_envelope(id: &[u8]) -> bool {
    matches!(id, [b'I' | b'G' | b'S' | b'T', ..])
}

/// Line breaks.
#[inline]
fn lines(before: &[u8]) -> u64 {
    before.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

struct Run<'o, R> {
    options: &'o Options,
    receive: &'o mut R,
    found: Found<'o>,
    number: u64,
    line: u64,
    interchange: Option<Interchange>,
    group: Option<Group>,
    set: Option<Set>,
    /// ISA13s of the file and of those before, by sender.
    seen: HashSet<[CompactString; 3]>,
    verdicts: Tally,
    headers: Headers,
    /// Guides of the file.
    ready: Vec<(&'static Guide, Ready)>,
    /// What trading partners limit, and how much of it has been used.
    limits: Limits,
    file: Totals,
}

impl<'o, R: Receive> Run<'o, R> {
    fn new(options: &'o Options, receive: &'o mut R) -> Self {
        Self {
            options,
            receive,
            found: Found::new(options),
            number: 0,
            line: 1,
            interchange: None,
            group: None,
            set: None,
            seen: options.seen.clone(),
            verdicts: Tally::default(),
            headers: Headers::new(options),
            ready: Vec::new(),
            limits: Limits::of(
                options.library.companions().iter().flat_map(|guide| &guide.limits).chain(&options.limits),
            ),
            file: Totals::default(),
        }
    }

    #[inline]
    fn segment(&mut self, segment: &Segment<'_>, offset: u64) {
        // Nothing between two terminators is no segment, and not counted as one.
        if segment.is_empty() {
            return;
        }
        self.number += 1;
        let seen = Seen { segment, number: self.number, offset, line: self.line };
        // Nearly all segments are no envelope's: their first letter tells.
        if let (Some(set), false) = (&mut self.set, may_be_envelope(segment.id())) {
            return set.push(seen, &mut self.found, self.receive);
        }
        match segment.id() {
            b"ISA" => self.isa(seen),
            b"TA1" if self.set.is_none() => self.ta1(seen),
            b"GS" => self.gs(seen),
            b"ST" => self.st(seen),
            b"SE" => self.se(seen),
            b"GE" => self.ge(seen),
            b"IEA" => self.iea(seen),
            _ => match &mut self.set {
                Some(set) => set.push(seen, &mut self.found, self.receive),
                None => self.stray(seen),
            },
        }
    }

    fn isa(&mut self, seen: Seen<'_>) {
        self.end_interchange(seen, false);
        let header: Vec<CompactString> = seen.segment.elements().skip(1).map(trimmed).collect();
        let number = header.get(12).cloned().unwrap_or_default();
        self.found.within = Arc::new(Within { interchange: number.clone(), ..Within::default() });
        let element = |n: usize| header.get(n - 1).map_or("", CompactString::as_str);
        let (version, usage) = (element(12).to_owned(), element(15).bytes().next());
        self.found.is_test = usage == Some(b'T');
        let hides =
            [(2, "011"), (4, "013")].map(|(at, note)| (element(at - 1) == "00" && !element(at).is_empty(), at, note));
        let parties = [(6, "006"), (8, "008")].map(|(at, note)| (element(at).is_empty(), at, note));
        let expected = [(6, "006", &self.options.sender), (8, "008", &self.options.receiver)];
        let strangers = expected.map(|(at, note, party)| {
            (party.as_ref().is_some_and(|[kind, id]| element(at - 1) != kind || element(at) != id), at, note)
        });
        let sent = [element(5).into(), element(6).into(), number.clone()];
        let delimiters = seen.segment.delimiters();
        let outcome = InterchangeOutcome { header, delimiters, ..InterchangeOutcome::default() };
        self.receive.interchange_begins(&outcome);
        self.interchange = Some(Interchange {
            outcome,
            groups: 0,
            kinds: HashSet::new(),
            numbers: HashSet::new(),
            verdicts: Tally::default(),
            is_fragment: false,
        });
        self.header(seen, self.headers.isa);
        for (_, at, note) in hides.into_iter().filter(|(hides, ..)| *hides) {
            self.say(&ISA_PADDING, seen, at as u8).codes(|codes| codes.ta1 = Some(note));
        }
        for (is_blank, at, note) in parties {
            if is_blank {
                self.say(&ISA_PARTY, seen, at as u8).codes(|codes| codes.ta1 = Some(note));
            } else if seen.segment.element(at).starts_with(b" ") {
                self.say(&ISA_ALIGNED, seen, at as u8).codes(|codes| codes.ta1 = Some(note));
            }
        }
        for (_, at, note) in strangers.into_iter().filter(|(is_stranger, ..)| *is_stranger) {
            self.say(&partner::PARTIES, seen, at as u8).codes(|codes| codes.ta1 = Some(note));
        }
        if version != "00501" {
            self.say(&VERSION, seen, 12);
        }
        if number.parse::<u32>() == Ok(0) {
            self.say(&ISA_ZERO, seen, 13);
        }
        if self.options.usage.is_some() && self.options.usage != usage {
            self.say(&ISA_USAGE, seen, 15);
        }
        if !self.seen.insert(sent) {
            self.say(&ISA_TWICE, seen, 13);
        }
        self.file.interchanges += 1;
        self.within_limit(&partner::INTERCHANGES, seen, 0, self.file.interchanges, self.limits.interchanges);
    }

    fn ta1(&mut self, seen: Seen<'_>) {
        self.header(seen, self.headers.ta1);
        let (answer, note) = (seen.segment.element(4), seen.segment.element(5));
        if matches!((answer, note == b"000"), (b"A", false) | (b"E" | b"R", true)) {
            self.say(&TA1_NOTE, seen, 5);
        }
    }

    /// A segment outside every transaction set.
    fn stray(&mut self, seen: Seen<'_>) {
        let is_after = self.interchange.is_none();
        self.say(&STRAY, seen, 0).codes(|codes| {
            if is_after {
                codes.ta1 = Some("024");
            }
        });
    }

    fn gs(&mut self, seen: Seen<'_>) {
        self.end_group(seen, false);
        self.begin_fragment(seen);
        let element = |n| trimmed(seen.segment.element(n));
        let outcome = GroupOutcome {
            kind: element(1),
            sender: element(2),
            receiver: element(3),
            control_number: element(6),
            version: element(8),
            ..GroupOutcome::default()
        };
        let number = outcome.control_number.clone();
        self.within(|within| within.group.clone_from(&number));
        self.receive.group_begins(&outcome);
        self.group = Some(Group {
            outcome,
            numbers: HashSet::new(),
            verdicts: Tally::default(),
            at_fault: false,
            is_fragment: false,
        });
        self.header(seen, self.headers.gs);
        let is_new = self.interchange.as_mut().is_none_or(|interchange| {
            interchange.groups += 1;
            interchange.numbers.insert(number)
        });
        if !is_new {
            self.say(&GS_TWICE, seen, 6);
        }
        let (groups, kinds) = self.interchange.as_mut().map_or((0, 0), |interchange| {
            interchange.kinds.insert(trimmed(seen.segment.element(8)));
            (u64::from(interchange.groups), interchange.kinds.len() as u64)
        });
        self.within_limit(&partner::GROUPS, seen, 0, groups, self.limits.groups);
        self.within_limit(&partner::TYPES, seen, 8, kinds, self.limits.types);
    }

    fn st(&mut self, seen: Seen<'_>) {
        self.end_set(seen, false);
        self.begin_fragment(seen);
        if self.group.is_none() {
            self.say(&NO_GS, seen, 0);
            self.group = Some(Group {
                outcome: GroupOutcome::default(),
                numbers: HashSet::new(),
                verdicts: Tally::default(),
                at_fault: true,
                is_fragment: true,
            });
        }
        let [set, control_number, convention] = [1, 2, 3].map(|n| trimmed(seen.segment.element(n)));
        if set.len() != 3 || !(4..=9).contains(&control_number.len()) {
            let wrong = if set.len() == 3 { 2 } else { 1 };
            self.say(&ST_UNUSABLE, seen, wrong);
        }
        let (version, kind) = self
            .group
            .as_ref()
            .map_or_else(Default::default, |group| (group.outcome.version.clone(), group.outcome.kind.clone()));
        let chosen = self.guide(&set, &convention, &version);
        let (guide, companion) = (chosen.map(Guide::published), chosen.filter(|guide| guide.base().is_some()));
        self.within(|within| within.transaction.clone_from(&control_number));
        self.found.before_set = seen.number - 1;
        self.found.memory = Default::default();
        self.found.companion = companion;
        let outcome = TransactionOutcome {
            set,
            control_number: control_number.clone(),
            convention: convention.clone(),
            guide,
            companion,
            ..TransactionOutcome::default()
        };
        self.receive.transaction_begins(&outcome);
        let ready = chosen.map(|guide| self.ready(guide));
        self.set = Some(Set::new(outcome, ready, seen.segment));
        self.push(seen);
        let is_new = self.group.as_mut().is_none_or(|group| {
            group.outcome.received += 1;
            group.is_fragment || group.numbers.insert(control_number)
        });
        if !is_new {
            self.say(&ST_TWICE, seen, 2);
        }
        let sets = self.group.as_ref().map_or(0, |group| u64::from(group.outcome.received));
        self.within_limit(&partner::SETS, seen, 0, sets, self.limits.sets);
        match guide {
            None => {
                self.say(&NO_GUIDE, seen, 3);
            }
            Some(guide) => {
                if !kind.is_empty() && kind != guide.group.as_str() {
                    self.say(&GS_KIND, seen, 1);
                }
                if !convention.is_empty() && !version.is_empty() && convention != version {
                    let rule = if guide.accepts(&version) { &CONVENTION_SPELLING } else { &CONVENTION };
                    self.say(rule, seen, 3);
                }
            }
        }
    }

    /// Says once that something stands more often than a trading partner takes.
    fn within_limit(&mut self, rule: &'static Rule, seen: Seen<'_>, element: u8, used: u64, most: u64) {
        if used == most.saturating_add(1) {
            self.say(rule, seen, element).detail(format!("at most {most}"));
        }
    }

    /// Gives a segment to the open transaction set.
    fn push(&mut self, seen: Seen<'_>) {
        if let Some(set) = &mut self.set {
            set.push(seen, &mut self.found, self.receive);
        }
    }

    /// A file that begins with a group or a transaction set is judged like an interchange without ISA.
    fn begin_fragment(&mut self, seen: Seen<'_>) {
        if self.interchange.is_none() {
            let delimiters = seen.segment.delimiters();
            let outcome = InterchangeOutcome { delimiters, refused: true, ..InterchangeOutcome::default() };
            self.receive.interchange_begins(&outcome);
            self.interchange = Some(Interchange {
                outcome,
                groups: 0,
                kinds: HashSet::new(),
                numbers: HashSet::new(),
                verdicts: Tally::default(),
                is_fragment: true,
            });
        }
    }

    /// The guide of a transaction set, a partner's before the one it extends.
    fn guide(&self, set: &str, convention: &str, version: &str) -> Option<&'static Guide> {
        let library = &self.options.library;
        // Where one of the two is nonsense, the other may still tell.
        library
            .for_set(set, convention, version)
            .and_then(Result::ok)
            .or_else(|| library.for_set(set, "", version)?.ok())
    }

    /// A guide made ready for checking, once a file.
    fn ready(&mut self, guide: &'static Guide) -> Ready {
        if let Some((_, ready)) = self.ready.iter().find(|(known, _)| std::ptr::eq(*known, guide)) {
            return ready.clone();
        }
        let external = (self.options.level >= 5).then(|| Arc::new(External::of(guide, &self.options.lists)));
        let ready = Ready { prepared: Prepared::of(guide), external };
        self.ready.push((guide, ready.clone()));
        ready
    }

    /// Judges the elements of a segment of an envelope.
    fn header(&mut self, seen: Seen<'_>, node: Option<NodeId>) {
        let Some(prepared) = self.headers.prepared.clone() else { return };
        let Some((node, plan)) = node.and_then(|node| Some((node, prepared.plan(node)?))) else { return };
        let mark = self.found.list.len();
        let Seen { segment, number, offset, line } = seen;
        let spot = Spot { segment, guide: Some(prepared.guide), node: Some(node), position: 0, number, offset, line };
        let found = &mut self.found;
        let characters = Characters::new(segment.delimiters());
        element::check(plan, segment, &characters, &mut |broken| {
            let element = broken.element;
            // Which versions and groups we have guides for is judged at the transaction set; separators are
            // judged by the reader.
            let foreign = matches!((segment.id(), element), (b"ISA", 12) | (b"GS", 1 | 8)) && broken.rule.id == "code";
            if foreign || segment.id() == b"ISA" && matches!(element, 11 | 16) {
                return;
            }
            found.broken(broken, &spot).codes(|codes| {
                (codes.ik3, codes.ik4, codes.ik5) = (None, None, None);
                match segment.id() {
                    b"ISA" => codes.ta1 = Some(note_of_isa(element)),
                    b"IEA" if element == 2 => codes.ta1 = Some("018"),
                    b"IEA" => codes.ta1 = Some("021"),
                    b"TA1" => codes.ta1 = Some("022"),
                    _ => codes.ak9 = Some(if element == 6 || segment.id() == b"GE" { "6" } else { "2" }),
                }
            });
        });
        if let Some(partner) = &prepared.partner {
            partner.segment(node, segment, &spot, found);
        }
        for finding in found.list.iter_mut().skip(mark).filter(|finding| finding.rule.level == 7) {
            let codes = &mut finding.codes;
            (codes.ik3, codes.ik4, codes.ik5) = (None, None, None);
            match segment.id() {
                b"ISA" => codes.ta1 = Some(note_of_isa(finding.place.element)),
                _ => codes.ak9 = Some("2"),
            }
        }
        self.settle(mark);
    }

    fn say(&mut self, rule: &'static Rule, seen: Seen<'_>, element: u8) -> Said<'_> {
        let mark = self.found.list.len();
        let Seen { segment, number, offset, line } = seen;
        let (position, guide) = match &self.set {
            Some(set) => (set.position(), set.outcome.guide),
            None => (0, self.headers.prepared.as_ref().map(|prepared| prepared.guide)),
        };
        let spot = Spot { segment, guide, node: None, position, number, offset, line };
        let made = self.found.at(rule, &spot, (element, 0, 0)).is_made();
        self.settle(mark);
        if made { self.found.last() } else { Said::nothing() }
    }

    /// Lets errors found from an index on count against what they are about.
    fn settle(&mut self, mark: usize) {
        for finding in self.found.list.iter().skip(mark).filter(|finding| finding.severity == Severity::Error) {
            match finding.answer() {
                Answer::Interchange => {
                    if let Some(interchange) = &mut self.interchange {
                        interchange.outcome.refused = true;
                    }
                }
                Answer::Group => {
                    if let Some(group) = &mut self.group {
                        group.at_fault = true;
                    }
                }
                // Counted when the set hands its findings over.
                Answer::Set | Answer::Claim => {}
            }
        }
        if self.set.is_none() {
            self.hand_over();
        }
    }

    /// Outside transaction sets nothing is held back but the newest finding, about which more may be said.
    fn hand_over(&mut self) {
        let last = self.found.list.len().saturating_sub(1);
        for finding in self.found.list.drain(..last) {
            self.receive.finding(&finding);
        }
    }

    fn flush(&mut self) {
        for finding in self.found.list.drain(..) {
            self.receive.finding(&finding);
        }
    }

    /// Oddities of the bytes; `offset` and `id` are those of the last segment.
    fn bytes(&mut self, odd: &[x12::Finding], offset: u64, id: [u8; 3]) {
        for odd in odd {
            let rule = envelope::of_bytes(odd.kind);
            let mark = self.found.list.len();
            let inside = self.set.as_ref().filter(|_| odd.offset >= offset);
            let place = super::Place {
                guide: inside.and_then(|set| set.outcome.guide),
                segment: if inside.is_some() { trimmed(&id) } else { CompactString::default() },
                position: inside.map_or(0, Set::position),
                number: self.number,
                offset: odd.offset,
                length: u32::try_from(odd.length).unwrap_or(u32::MAX),
                line: self.line,
                ..Default::default()
            };
            self.found.push(rule, place, None);
            self.settle(mark);
        }
    }

    fn within(&mut self, change: impl FnOnce(&mut Within)) {
        change(Arc::make_mut(&mut self.found.within));
    }

    fn finish(mut self, offset: u64) -> Verdict {
        let nothing = Segment::from_parts(b"", &[], Default::default());
        let seen = Seen { segment: &nothing, number: self.number + 1, offset, line: self.line };
        self.end_interchange(seen, false);
        self.flush();
        self.verdicts.verdict(false)
    }
}
