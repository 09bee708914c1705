//! Transaction sets in their envelope.

use arbitrary::Unstructured;

use super::{
    draw::Draw,
    transaction::{Transaction, convention_of, transaction},
};
use crate::{
    guide::{Guide, NodeId},
    x12::{Delimiters, WriteError, Writer},
};

/// Draws an interchange with a functional group of one to four transaction sets of a guide; of the guide of the
/// interchange itself (TA1), one that holds TA1 segments. Delimiters and line breaks are drawn too.
pub fn interchange(guide: &Guide, entropy: &mut Unstructured<'_>) -> Vec<u8> {
    let mut draw = Draw(entropy);
    let wanted = delimiters(&mut draw);
    let line_break = draw.pick(&["", "\n", "\r\n"]).copied().unwrap_or_default();
    let count = if draw.chance(64) { draw.between(1, 4) } else { 1 };
    let sets: Vec<Transaction<'_>> = (1..=count)
        .map(|number| {
            let mut set = transaction(guide, entropy);
            set.number(&format!("{number:04}"));
            set
        })
        .collect();
    let delimiters = free(wanted, |byte| sets.iter().any(|set| set.holds(byte)));
    // What holds every byte that could delimit cannot be written; the tables have nothing of the kind.
    write(guide, &sets, delimiters, line_break).unwrap_or_default()
}

fn write(
    guide: &Guide,
    sets: &[Transaction<'_>],
    delimiters: Delimiters,
    line_break: &str,
) -> Result<Vec<u8>, WriteError> {
    let mut writer = Writer::new(Vec::new(), delimiters).line_break(line_break);
    let separator = |byte: Option<u8>| byte.map_or_else(|| "U".into(), |byte| char::from(byte).to_string());
    let (repetition, component) = (separator(delimiters.repetition), separator(delimiters.component));
    let (padding, parties) = (" ".repeat(10), ["SENDER         ", "RECEIVER       "]);
    let isa = ["ISA", "00", &padding, "00", &padding, "ZZ", parties[0], "ZZ", parties[1], "240102", "1530"];
    let rest = [&repetition, "00501", "000000001", "0", "T", &component];
    writer.segment(isa.iter().chain(&rest))?;
    let groups = if guide.set == "TA1" {
        sets.iter().try_for_each(|set| set.write(&mut writer))?;
        "0"
    } else {
        let first = guide.children(NodeId::ROOT).first().and_then(|first| guide.segment(*first));
        let version = convention_of(guide, first.and_then(|first| first.element(3, 0)));
        writer.segment(["GS", &guide.group, "SENDER", "RECEIVER", "20240102", "1530", "1", "X", version])?;
        sets.iter().try_for_each(|set| set.write(&mut writer))?;
        writer.segment(["GE", &sets.len().to_string(), "1"])?;
        "1"
    };
    writer.segment(["IEA", groups, "000000001"])?;
    Ok(writer.into_inner())
}

/// Bytes that separate elements, components and repetitions, and end segments; the usual ones first.
const ELEMENT: &[u8] = b"**|+\x1d";
const COMPONENT: &[u8] = b"::><\\";
const REPETITION: &[u8] = b"^^!{%";
const TERMINATOR: &[u8] = b"~~'\n\x1c";
/// What else may take the place of one that a value holds.
const FURTHER: &[u8] = b"*:^~|>!'<{}%;\"$\x1c\x1d\x1e\x1f";

fn delimiters(draw: &mut Draw<'_, '_>) -> Delimiters {
    let mut pick = |of: &[u8]| draw.pick(of).copied().unwrap_or_default();
    Delimiters {
        element: pick(ELEMENT),
        component: Some(pick(COMPONENT)),
        repetition: Some(pick(REPETITION)),
        segment: pick(TERMINATOR),
    }
}

/// Delimiters that nothing holds: those wanted, as far as may be.
fn free(wanted: Delimiters, is_held: impl Fn(u8) -> bool) -> Delimiters {
    let mut taken = Vec::new();
    let mut choose = |byte: u8| {
        let mut candidates = [byte].into_iter().chain(FURTHER.iter().copied());
        let free = candidates.find(|byte| !taken.contains(byte) && !is_held(*byte)).unwrap_or(byte);
        taken.push(free);
        free
    };
    let Delimiters { element, component, repetition, segment } = wanted;
    Delimiters {
        element: choose(element),
        component: component.map(&mut choose),
        repetition: repetition.map(&mut choose),
        segment: choose(segment),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        check::{self, Finding, Options, Receive},
        guide::{self, Library},
        place::{Keep, Walk},
        testing::entropy,
        x12::{Reader, Token},
    };

    /// Findings of what the tables of the guides say.
    #[derive(Default)]
    struct Stated {
        findings: Vec<String>,
        beyond: BTreeMap<&'static str, usize>,
    }

    impl Receive for Stated {
        fn finding(&mut self, finding: &Finding) {
            let rule = finding.rule;
            let is_stated = rule.by_place
                || ["envelope.", "transaction.", "segment.", "hierarchy.", "line.number"]
                    .iter()
                    .any(|about| rule.id.starts_with(about));
            // That the note of a TA1 goes with its answer no table says.
            if (rule.level == 1 || is_stated) && rule.id != "envelope.ta1.note" {
                self.findings.push(format!(
                    "{}: {} (segment {}, detail {:?}, value {:?})",
                    finding.rule_id(),
                    finding.message(),
                    finding.place.number,
                    finding.detail,
                    finding.value
                ));
            } else {
                *self.beyond.entry(rule.id).or_default() += 1;
            }
        }
    }

    fn companions() -> Library {
        let mut library = Library::new();
        for name in ["medicare-like", "medicaid-like"] {
            let path = format!("{}/samples/companions/{name}.guide", env!("CARGO_MANIFEST_DIR"));
            library.load(path).expect("a companion");
        }
        library
    }

    /// Everything that is drawn, the published guides and companions alike.
    fn each(mut visit: impl FnMut(&Options, &'static Guide, &[u8])) {
        let library = companions();
        let published = guide::NAMES.iter().map(|name| guide::by_name(name).expect("listed").expect("reads"));
        let mut options = Options { level: 2, values: true, ..Options::default() };
        let lengths = [0, 1, 100, 1000, 8000, 30_000];
        for guide in published.chain(library.companions().iter().copied()) {
            options.library = if guide.base().is_some() { library.clone() } else { Library::new() };
            for (seed, length) in (0..60).zip(lengths.into_iter().cycle()) {
                visit(&options, guide, &entropy(seed, length));
            }
        }
    }

    #[test]
    fn what_is_drawn_passes_our_own_checks() {
        let mut beyond = BTreeMap::new();
        each(|options, guide, entropy| {
            let file = interchange(guide, &mut Unstructured::new(entropy));
            let mut stated = Stated::default();
            let read = check::check(&file[..], options, &mut stated);
            assert!(read.is_ok(), "{}: {read:?}", guide.name);
            let text = String::from_utf8_lossy(&file);
            assert!(stated.findings.is_empty(), "{}: {:#?}\n{text}", guide.name, stated.findings);
            for (rule, count) in stated.beyond {
                *beyond.entry(rule).or_insert(0) += count;
            }
        });
        eprintln!("{beyond:#?}");
    }

    #[test]
    fn what_is_drawn_stands_where_it_was_drawn_for() {
        each(|_, guide, entropy| {
            if guide.set == "TA1" {
                return;
            }
            let set = transaction(guide, &mut Unstructured::new(entropy));
            let delimiters = free(Delimiters::default(), |byte| set.holds(byte));
            let mut writer = Writer::new(Vec::new(), delimiters);
            set.write(&mut writer).expect("nothing holds a delimiter");
            let bytes = writer.into_inner();
            let mut reader = Reader::with_delimiters(&bytes[..], delimiters);
            let mut walk = Walk::new(guide, delimiters, Keep::All);
            for place in set.places() {
                let Ok(Some(Token::Segment { segment, offset, .. })) = reader.next() else { panic!("a segment") };
                let placed = walk.push(&segment, offset, &mut |_, _, _| {});
                assert_eq!(placed, Some(place), "{} {:?}", guide.name, segment.id().escape_ascii().to_string());
            }
            let (_, faults) = walk.finish(bytes.len() as u64, &mut |_, _, _| {});
            assert_eq!(faults, [], "{}", guide.name);
        });
    }

    #[test]
    fn without_entropy_there_is_what_must_stand() {
        let guide = guide::by_name("999").expect("listed").expect("reads");
        let file = interchange(guide, &mut Unstructured::new(&[]));
        let text = String::from_utf8(file).expect("text");
        let (_, rest) = text.split_once("GS*").expect("a group");
        assert_eq!(
            rest,
            "FA*SENDER*RECEIVER*20240102*1530*1*X*005010X231A1~ST*999*0001*005010X231A1~AK1*BE*0*A~AK9*A*0*0*0~SE*4*0001~GE*1*1~IEA*1*000000001~"
        );
    }
}
