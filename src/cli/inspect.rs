//! `inspect`: a file as a tree, every element with its meaning.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use claimwire::{
    guide::{self, ElementUse, Guide, NodeId, SegmentUse, dictionary},
    place::{Fault, FaultKind, Keep, Walk},
    x12::{Reader, Segment, Token},
};
use clap::Args;

use super::{
    Outcome,
    input::{Files, Input},
    notices,
    output::{Destination, Output},
    shown::{printable, text},
};

/// Show X12 as a tree: envelopes, loops, segments, elements with their meaning
#[derive(Args, Debug)]
#[command(after_help = "\
A segment that the guide has no place for stands where it was met, marked with `!` and the reason.
The number after a segment is its position in the transaction set (ST is 1), as acknowledgments count.

Examples:
  claimwire inspect claims.837
  claimwire inspect --brief claims.837          one line a segment
  claimwire inspect --no-values claims.837      what it holds, not what it says
  claimwire inspect --codes claims.837 | less -R")]
pub struct Inspect {
    #[command(flatten)]
    files: Files,
    /// Leave out the values of elements
    #[arg(long)]
    no_values: bool,
    /// Show which codes the guide allows
    #[arg(long)]
    codes: bool,
    /// One line a segment, as it stands
    #[arg(long, conflicts_with_all = ["no_values", "codes"])]
    brief: bool,
    #[command(flatten)]
    destination: Destination,
}

impl Inspect {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.destination.write(|output| {
            let mut worst = Outcome::Done;
            for input in self.files.open() {
                let Input { name, bytes } = input?;
                if self.files.count() > 1 {
                    writeln!(output, "{name}")?;
                }
                let reader = Reader::new(bytes);
                worst = worst.max(self.show(&name, reader, output)?);
            }
            Ok(worst)
        })
    }

    fn show<R: io::Read>(&self, name: &str, mut reader: Reader<R>, output: &mut Output) -> anyhow::Result<Outcome> {
        let paint = if output.has_colours() { Paint::colours() } else { Paint::default() };
        let mut tree = Tree { asked: self, out: output, paint, interchange: None, set: None, version: String::new() };
        while let Some(token) = reader.next().with_context(|| name.to_owned())? {
            match token {
                Token::Segment { segment, offset, .. } => tree.push(&segment, offset)?,
                Token::Trailing { .. } => {}
            }
        }
        tree.end_set()?;
        tree.end_interchange()?;
        Ok(notices::report(name, &notices::of_findings(reader.findings())))
    }
}

/// Writes the tree as the segments come.
struct Tree<'o> {
    asked: &'o Inspect,
    out: &'o mut Output,
    paint: Paint,
    interchange: Option<Walk<'static>>,
    set: Option<Set>,
    /// GS08.
    version: String,
}

/// The open transaction set.
struct Set {
    depth: usize,
    body: Body,
}

enum Body {
    Placed(Box<Walk<'static>>),
    /// Without a guide: the number of segments so far.
    Plain(u32),
}

impl Tree<'_> {
    fn push(&mut self, segment: &Segment<'_>, offset: u64) -> anyhow::Result<()> {
        match segment.id() {
            b"ISA" | b"ST" | b"GS" | b"GE" | b"IEA" => self.end_set()?,
            _ => {}
        }
        if let Some(set) = self.set.take() {
            return self.inside(set, segment, offset);
        }
        if segment.id() == b"ISA" {
            self.end_interchange()?;
        }
        if segment.id() == b"GS" {
            self.version = text(segment.element(8)).trim_end().to_owned();
        }
        let mut walk = match self.interchange.take() {
            Some(walk) => walk,
            None => self.begin_interchange(segment)?,
        };
        walk.push(segment, offset, &mut |_, _, _| {});
        if segment.id() == b"ST" {
            let node = walk
                .tape()
                .len()
                .checked_sub(1)
                .and_then(|at| walk.tape().entry(at))
                .map_or(NodeId::ROOT, |entry| entry.node);
            self.begin_set(segment, offset, depth(walk.guide(), node))?;
            // Its header has been shown by its own guide.
            walk.take_faults();
        } else {
            self.placed(&mut walk, segment, 1)?;
        }
        self.interchange = Some(walk);
        Ok(())
    }

    fn begin_interchange(&mut self, segment: &Segment<'_>) -> anyhow::Result<Walk<'static>> {
        let guide = guide::by_name("TA1").context("the guide of the interchange")??;
        let Paint { envelope, .. } = self.paint;
        match segment.id() {
            b"ISA" => {
                let number = self.said(segment.element(13));
                writeln!(self.out, "{envelope}Interchange{number}{envelope:#}")?;
            }
            _ => writeln!(self.out, "{envelope}Fragment, without an interchange header{envelope:#}")?,
        }
        Ok(Walk::new(guide, segment.delimiters(), Keep::AllBut(&["GS", "ST"])))
    }

    fn begin_set(&mut self, segment: &Segment<'_>, offset: u64, depth: usize) -> anyhow::Result<()> {
        let [set, number, convention] = [1, 2, 3].map(|at| text(segment.element(at)));
        let guide = guide::for_set(&set, &convention, &self.version).transpose()?;
        let number = self.said(number.as_bytes());
        let Paint { envelope, .. } = self.paint;
        let indent = 2 * depth;
        match guide {
            Some(guide) => {
                writeln!(
                    self.out,
                    "{:indent$}{envelope}Transaction set{number}: {} {}{envelope:#}",
                    "", guide.name, guide.title
                )?;
                let mut walk = Walk::new(guide, segment.delimiters(), Keep::AllButClaims);
                walk.push(segment, offset, &mut |_, _, _| {});
                self.placed(&mut walk, segment, depth + 1)?;
                self.set = Some(Set { depth: depth + 1, body: Body::Placed(Box::new(walk)) });
            }
            None => {
                let set = printable(&set);
                writeln!(
                    self.out,
                    "{:indent$}{envelope}Transaction set{number}: {set}, without a guide here{envelope:#}",
                    ""
                )?;
                self.segment(None, segment, depth + 1, Some(1))?;
                self.set = Some(Set { depth: depth + 1, body: Body::Plain(1) });
            }
        }
        Ok(())
    }

    fn inside(&mut self, mut set: Set, segment: &Segment<'_>, offset: u64) -> anyhow::Result<()> {
        match &mut set.body {
            Body::Placed(walk) => {
                walk.push(segment, offset, &mut |_, _, _| {});
                self.placed(walk, segment, set.depth)?;
            }
            Body::Plain(count) => {
                *count = count.saturating_add(1);
                self.segment(None, segment, set.depth, Some(*count))?;
            }
        }
        self.set = Some(set);
        if segment.id() == b"SE" { self.end_set() } else { Ok(()) }
    }

    fn end_set(&mut self) -> anyhow::Result<()> {
        match self.set.take() {
            Some(Set { depth, body: Body::Placed(walk) }) => {
                let guide = walk.guide();
                let (_, faults) = walk.finish(0, &mut |_, _, _| {});
                self.faults(guide, &faults, depth)
            }
            _ => Ok(()),
        }
    }

    fn end_interchange(&mut self) -> anyhow::Result<()> {
        let Some(walk) = self.interchange.take() else {
            return Ok(());
        };
        let guide = walk.guide();
        let (_, faults) = walk.finish(0, &mut |_, _, _| {});
        self.faults(guide, &faults, 1)
    }

    /// Shows the segment that a walk has just taken, and the loop that it begins.
    fn placed(&mut self, walk: &mut Walk<'static>, segment: &Segment<'_>, base: usize) -> anyhow::Result<()> {
        let guide = walk.guide();
        let faults = walk.take_faults();
        let last = walk.tape().len().checked_sub(1).and_then(|at| walk.tape().entry(at));
        let Some((node, is_unplaced)) = last.map(|entry| (entry.node, entry.is_unplaced())) else {
            return Ok(());
        };
        let (misplaced, others): (Vec<Fault>, Vec<Fault>) =
            faults.into_iter().partition(|fault| is_unplaced && is_misplacement(fault));
        self.faults(guide, &others, base)?;
        let position = Some(walk.position()).filter(|_| base > 1);
        if is_unplaced {
            let depth = base + depth(guide, node) + usize::from(node != NodeId::ROOT);
            self.faults_at(guide, &misplaced, depth)?;
            return self.segment(None, segment, depth, position);
        }
        let depth = base + depth(guide, node);
        let around = guide.parent(node);
        if guide.is_trigger(node) && around != NodeId::ROOT {
            let Paint { looped, .. } = self.paint;
            // Envelopes are called by their names alone.
            let id = Some(guide.loop_id(around))
                .filter(|id| id.starts_with(|first: char| first.is_ascii_digit()))
                .unwrap_or_default();
            let gap = if id.is_empty() { "" } else { "  " };
            let indent = 2 * (depth - 1);
            writeln!(self.out, "{:indent$}{looped}{id}{gap}{}{looped:#}", "", guide.title(around))?;
        }
        let placed = guide.segment(node).map(|used| Placed { used, title: guide.title(node) });
        self.segment(placed, segment, depth, position)
    }

    /// Shows a segment and its elements.
    fn segment(
        &mut self,
        placed: Option<Placed<'_>>,
        segment: &Segment<'_>,
        depth: usize,
        position: Option<u32>,
    ) -> anyhow::Result<()> {
        let Paint { id: bold, aside, .. } = self.paint;
        let indent = 2 * depth;
        let number = position.map(|position| format!("  {aside}{position}{aside:#}")).unwrap_or_default();
        if self.asked.brief {
            let whole = text(segment.bytes());
            let (id, rest) = whole.split_at(text(segment.id()).len().min(whole.len()));
            writeln!(self.out, "{:indent$}{bold}{}{bold:#}{}{number}", "", printable(id), printable(rest))?;
            return Ok(());
        }
        let id = text(segment.id());
        let known = dictionary()?;
        let title = placed.map(|placed| placed.title).or_else(|| known.segment_name(&id)).unwrap_or("");
        writeln!(self.out, "{:indent$}{bold}{}{bold:#}  {title}{number}", "", printable(&id))?;
        for (at, element) in segment.elements().enumerate().skip(1) {
            if !element.is_empty() {
                self.element(placed, segment, &id, at, element, depth + 1)?;
            }
        }
        Ok(())
    }

    fn element(
        &mut self,
        placed: Option<Placed<'_>>,
        segment: &Segment<'_>,
        id: &str,
        at: usize,
        element: &[u8],
        depth: usize,
    ) -> anyhow::Result<()> {
        let Ok(position) = u8::try_from(at) else {
            return self.value(id, at, 0, "", element, None, depth);
        };
        let delimiters = segment.delimiters();
        // The ISA holds the delimiters themselves.
        let repetitions: Vec<&[u8]> = match delimiters.repetition {
            Some(separator) if id != "ISA" => element.split(|byte| *byte == separator).collect(),
            _ => vec![element],
        };
        for (number, repetition) in repetitions.into_iter().enumerate() {
            let again = if number == 0 { String::new() } else { format!("repetition {}", number + 1) };
            let has_parts =
                delimiters.component.is_some_and(|separator| repetition.contains(&separator)) && id != "ISA";
            let is_composite = placed.is_some_and(|placed| {
                placed.used.elements.iter().any(|used| used.position == position && used.component > 0)
            });
            if !has_parts && !is_composite {
                self.value(id, at, 0, &again, repetition, self.meaning(placed, id, position, 0)?, depth)?;
                continue;
            }
            let separator = delimiters.component;
            for (part, component) in repetition.split(|byte| Some(*byte) == separator).enumerate() {
                let Ok(number) = u8::try_from(part + 1) else { break };
                if !component.is_empty() {
                    self.value(id, at, number, &again, component, self.meaning(placed, id, position, number)?, depth)?;
                }
            }
        }
        Ok(())
    }

    fn meaning<'g>(
        &self,
        placed: Option<Placed<'g>>,
        id: &str,
        position: u8,
        component: u8,
    ) -> anyhow::Result<Option<Meaning<'g>>> {
        if let Some(placed) = placed
            && let Some(used) = placed.used.element(position, component)
        {
            return Ok(Some(Meaning { name: Cow::Borrowed(&used.name), used: Some(used), unused: false }));
        }
        let data = dictionary()?.data_element(id, position, component);
        Ok(data.map(|data| Meaning { name: Cow::Owned(data.name), used: None, unused: placed.is_some() }))
    }

    #[expect(clippy::too_many_arguments, reason = "an element's place has three numbers")]
    fn value(
        &mut self,
        id: &str,
        at: usize,
        component: u8,
        again: &str,
        value: &[u8],
        meaning: Option<Meaning<'_>>,
        depth: usize,
    ) -> anyhow::Result<()> {
        let Paint { aside, value: shade, fault, .. } = self.paint;
        let indent = 2 * depth;
        let mut designator = format!("{}{at:02}", printable(id));
        if component > 0 {
            designator = format!("{designator}-{component}");
        }
        let name = meaning.as_ref().map_or("", |meaning| meaning.name.as_ref());
        write!(self.out, "{:indent$}{aside}{designator:<9}{aside:#} ", "")?;
        if !self.asked.no_values {
            let whole = text(value);
            let shown = printable(&whole);
            let width = 24;
            write!(
                self.out,
                "{shade}{shown}{shade:#}{:width$} ",
                "",
                width = width - shown.chars().count().min(width)
            )?;
        }
        write!(self.out, "{aside}{name}{aside:#}")?;
        if !again.is_empty() {
            write!(self.out, " {aside}({again}){aside:#}")?;
        }
        if meaning.as_ref().is_none_or(|meaning| meaning.unused) {
            write!(self.out, " {fault}(not used in the guide){fault:#}")?;
        }
        writeln!(self.out)?;
        match meaning.and_then(|meaning| meaning.used) {
            Some(used) if self.asked.codes => self.codes(used, depth),
            _ => Ok(()),
        }
    }

    fn codes(&mut self, used: &ElementUse, depth: usize) -> anyhow::Result<()> {
        let Paint { aside, .. } = self.paint;
        let indent = 2 * depth + 10;
        for (what, words) in [("codes", &used.codes), ("code list", &used.lists)] {
            if !words.is_empty() {
                writeln!(self.out, "{:indent$}{aside}{what}: {}{aside:#}", "", words.join(" "))?;
            }
        }
        Ok(())
    }

    fn faults(&mut self, guide: &Guide, faults: &[Fault], base: usize) -> anyhow::Result<()> {
        for fault in faults {
            let depth = base + depth(guide, fault.node);
            self.faults_at(guide, std::slice::from_ref(fault), depth)?;
        }
        Ok(())
    }

    fn faults_at(&mut self, guide: &Guide, faults: &[Fault], depth: usize) -> anyhow::Result<()> {
        let Paint { fault: paint, .. } = self.paint;
        let indent = 2 * depth;
        for fault in faults {
            writeln!(self.out, "{:indent$}{paint}! {}{paint:#}", "", printable(&fault.describe(guide)))?;
        }
        Ok(())
    }

    /// A control number, if values are shown.
    fn said(&self, number: &[u8]) -> String {
        let number = text(number);
        if self.asked.no_values || number.is_empty() { String::new() } else { format!(" {}", printable(&number)) }
    }
}

/// Where a segment stands.
#[derive(Clone, Copy)]
struct Placed<'g> {
    used: &'g SegmentUse,
    title: &'g str,
}

/// What an element is.
struct Meaning<'g> {
    name: Cow<'g, str>,
    used: Option<&'g ElementUse>,
    /// Whether the standard has it and the guide has not.
    unused: bool,
}

/// Colours of the tree; none by default.
#[derive(Clone, Copy, Default)]
struct Paint {
    envelope: Style,
    looped: Style,
    id: Style,
    value: Style,
    aside: Style,
    fault: Style,
}

impl Paint {
    fn colours() -> Self {
        Self {
            envelope: Style::new().bold().underline(),
            looped: AnsiColor::Cyan.on_default().bold(),
            id: Style::new().bold(),
            value: AnsiColor::Green.on_default(),
            aside: Style::new().dimmed(),
            fault: AnsiColor::Red.on_default().bold(),
        }
    }
}

fn is_misplacement(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::UnknownSegment | FaultKind::NotInGuide | FaultKind::Unexpected | FaultKind::OutOfOrder
    )
}

/// Loops around a node.
fn depth(guide: &Guide, node: NodeId) -> usize {
    let mut depth = 0;
    let mut at = guide.parent(node);
    while at != NodeId::ROOT {
        depth += 1;
        at = guide.parent(at);
    }
    depth
}
