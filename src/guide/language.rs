//! The notation of guides in `specs/`: text to [`Guide`].
//!
//! One line is one node; columns are separated by two or more blanks; nesting is by indentation.
//! `specs/README.md` explains the notation; this reader is strict and names the line it refuses.

use std::collections::HashMap;

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::tag,
    character::complete::{char, u8 as number_u8, u16 as number_u16},
    combinator::{all_consuming, opt, value},
    sequence::{preceded, terminated},
};

use super::{
    Dictionary, Dispatch, ElementUse, Guide, GuideError, Loop, Node, NodeId, Part, Repeat, Role, SegmentUse, Usage,
    notation::{Attributes, Line, attribute, code_words, lines, repeat, word},
};

/// Reads a guide over a dictionary.
///
/// # Errors
/// A line that is not in the notation, an element that the dictionary lacks, a `see` path that
/// leads nowhere, or a guide larger than 65,535 places.
pub fn parse(text: &str, dictionary: &Dictionary) -> Result<Guide, GuideError> {
    let mut reader = Reader::new(dictionary);
    for line in lines(text) {
        let line = line.map_err(|number| reader.error(number, "columns could not be told apart".into()))?;
        reader.line(&line)?;
    }
    reader.finish()
}

struct Reader<'d> {
    dictionary: &'d Dictionary,
    name: String,
    id: String,
    also: Vec<String>,
    set: String,
    group: String,
    title: String,
    /// The loop that is one claim: its id, and the line that says so.
    claim: Option<(String, usize)>,
    loops: Vec<Loop>,
    segments: Vec<SegmentUse>,
    lists: HashMap<String, Vec<String>>,
    /// Open loops: indentation and index.
    open: Vec<(usize, usize)>,
    in_segment: bool,
}

impl<'d> Reader<'d> {
    fn new(dictionary: &'d Dictionary) -> Self {
        let root = Loop {
            id: String::new(),
            name: String::new(),
            usage: Usage::Required,
            repeat: Repeat::UpTo(1),
            position: 0,
            narrowed: false,
            parts: Vec::new(),
        };
        Self {
            dictionary,
            name: String::new(),
            id: String::new(),
            also: Vec::new(),
            set: String::new(),
            group: String::new(),
            title: String::new(),
            claim: None,
            loops: vec![root],
            segments: Vec::new(),
            lists: HashMap::new(),
            open: Vec::new(),
            in_segment: false,
        }
    }

    fn error(&self, line: usize, problem: String) -> GuideError {
        GuideError { source_name: if self.name.is_empty() { "guide".into() } else { self.name.clone() }, line, problem }
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), GuideError> {
        let head = line.columns.first().copied().unwrap_or_default();
        match head.split(' ').next().unwrap_or_default() {
            "guide" => self.guide(line),
            "also" => {
                self.also.extend(head.split(' ').skip(1).map(str::to_owned));
                Ok(())
            }
            "claim" => {
                let id = head.split_once(' ').map_or("", |(_, id)| id).to_owned();
                self.claim = Some((id, line.number));
                Ok(())
            }
            "codes" => self.codes(line),
            "loop" => self.loop_head(line),
            word if word.starts_with(|c: char| c.is_ascii_digit()) => self.element(line),
            _ => self.segment(line),
        }
    }

    fn guide(&mut self, line: &Line<'_>) -> Result<(), GuideError> {
        let [head, id, sets, title] = line.columns.as_slice() else {
            return Err(self.error(line.number, "expected `guide NAME  ID  ST01 GS01  TITLE`".into()));
        };
        let (set, group) = sets.split_once(' ').unwrap_or((sets, ""));
        self.name = head.trim_start_matches("guide").trim().to_owned();
        (self.id, self.set, self.group, self.title) =
            ((*id).to_owned(), set.to_owned(), group.to_owned(), (*title).to_owned());
        self.loops[0].name = self.title.clone();
        Ok(())
    }

    fn codes(&mut self, line: &Line<'_>) -> Result<(), GuideError> {
        let [head, list] = line.columns.as_slice() else {
            return Err(self.error(line.number, "expected `codes NAME  CODE CODE …`".into()));
        };
        let codes = self.read(line, code_words, list, "codes")?;
        let name = head.trim_start_matches("codes").trim().to_owned();
        self.lists.entry(name).or_default().extend(codes);
        Ok(())
    }

    /// Closes loops that the indentation leaves; gives the loop the line stands in.
    fn enter(&mut self, indent: usize) -> usize {
        while self.open.last().is_some_and(|(open, _)| *open >= indent) {
            self.open.pop();
        }
        self.open.last().map_or(0, |(_, index)| *index)
    }

    fn loop_head(&mut self, line: &Line<'_>) -> Result<(), GuideError> {
        let (id, head) = self.read(
            line,
            preceded(tag("loop "), part_head),
            line.columns.first().copied().unwrap_or_default(),
            "`loop ID POSITION USAGE REPEAT`",
        )?;
        let mut rest = line.columns.iter().skip(1).copied();
        let name = rest.next().unwrap_or_default().to_owned();
        let mut parts = Vec::new();
        if let Some(column) = rest.next() {
            let path = column.strip_prefix("see ").ok_or_else(|| {
                self.error(line.number, format!("`{column}` after a loop's name: expected `see PATH`"))
            })?;
            let seen =
                self.find(path).ok_or_else(|| self.error(line.number, format!("`see {path}`: no such loop above")))?;
            parts.clone_from(&self.loops[seen].parts);
        }
        let parent = self.enter(line.indent);
        let index = self.loops.len();
        self.loops.push(Loop {
            id: id.to_owned(),
            name,
            usage: head.usage,
            repeat: head.repeat,
            position: head.position,
            narrowed: false,
            parts,
        });
        self.loops[parent].parts.push(Part::Loop(index));
        self.open.push((line.indent, index));
        self.in_segment = false;
        Ok(())
    }

    fn find(&self, path: &str) -> Option<usize> {
        path.split('/').try_fold(0, |at, id| {
            self.loops[at].parts.iter().find_map(|part| match part {
                Part::Loop(index) if self.loops[*index].id == id => Some(*index),
                _ => None,
            })
        })
    }

    fn segment(&mut self, line: &Line<'_>) -> Result<(), GuideError> {
        let (id, head) = self.read(
            line,
            part_head,
            line.columns.first().copied().unwrap_or_default(),
            "`ID POSITION USAGE REPEAT`",
        )?;
        let Some(standard_name) = self.dictionary.segment_name(id) else {
            return Err(self.error(line.number, format!("the dictionary has no segment `{id}`")));
        };
        let name = line.columns.get(1).copied().unwrap_or(standard_name).to_owned();
        let parent = self.enter(line.indent);
        let index = self.segments.len();
        self.segments.push(SegmentUse {
            id: id.to_owned(),
            name,
            usage: head.usage,
            repeat: head.repeat,
            position: head.position,
            narrowed: false,
            elements: Vec::new(),
        });
        self.loops[parent].parts.push(Part::Segment(index));
        self.in_segment = true;
        Ok(())
    }

    fn element(&mut self, line: &Line<'_>) -> Result<(), GuideError> {
        let head = self.read(
            line,
            element_head,
            line.columns.first().copied().unwrap_or_default(),
            "`NN USAGE` or `NN-C USAGE`",
        )?;
        if !self.in_segment {
            return Err(self.error(line.number, "an element outside a segment".into()));
        }
        let mut attributes = Attributes::default();
        let mut columns = line.columns.iter().skip(1).copied();
        for column in columns.by_ref() {
            match self.read(line, attribute, column, "an attribute") {
                Ok(one) => attributes.add(one, &self.lists).map_err(|problem| self.error(line.number, problem))?,
                Err(_) if attributes.name.is_none() && attributes.is_bare() => {
                    attributes.name = Some(column.to_owned())
                }
                Err(error) => return Err(error),
            }
        }
        let Some(segment) = self.segments.last() else {
            return Err(self.error(line.number, "an element outside a segment".into()));
        };
        let id = segment.id.clone();
        for position in head.first..=head.last {
            let Some(data) = self.dictionary.data_element(&id, position, head.component) else {
                return Err(self.error(
                    line.number,
                    format!("the dictionary has no element {id}{position:02}-{}", head.component),
                ));
            };
            let element = ElementUse {
                position,
                component: head.component,
                usage: head.usage,
                discriminator: head.discriminator,
                repeat: head.repeat,
                name: attributes.name.clone().unwrap_or_else(|| data.name.clone()),
                codes: attributes.codes.clone(),
                lists: attributes.lists.clone(),
                max: attributes.max,
                decimals: attributes.decimals,
                pattern: attributes.pattern.clone(),
                narrowed: false,
                data,
            };
            if let Some(segment) = self.segments.last_mut() {
                segment.elements.push(element);
            }
        }
        Ok(())
    }

    fn read<'l, T>(
        &self,
        line: &Line<'_>,
        parser: impl Parser<&'l str, Output = T, Error = nom::error::Error<&'l str>>,
        text: &'l str,
        expected: &str,
    ) -> Result<T, GuideError> {
        match all_consuming(parser).parse(text) {
            Ok((_, value)) => Ok(value),
            Err(_) => Err(self.error(line.number, format!("`{text}`: expected {expected}"))),
        }
    }

    fn finish(mut self) -> Result<Guide, GuideError> {
        for segment in &mut self.segments {
            segment.elements.sort_by_key(|element| (element.position, element.component));
        }
        let mut guide = Guide {
            name: self.name,
            id: self.id,
            also: self.also,
            set: self.set,
            group: self.group,
            title: self.title,
            loops: self.loops,
            segments: self.segments,
            nodes: Vec::new(),
            dispatch: Dispatch::default(),
            steps: Vec::new(),
            ids: Vec::new(),
            limits: Vec::new(),
            overrides: Vec::new(),
            base: None,
            changes: Vec::new(),
        };
        plant(&mut guide, Part::Loop(0), NodeId::ROOT, 0, 0);
        if guide.nodes.len() >= usize::from(u16::MAX) {
            return Err(GuideError::rule(&guide.name, format!("{} places; the limit is 65,534", guide.nodes.len())));
        }
        guide.require();
        if let Some((id, line)) = &self.claim
            && !guide.tell_roles(id)
        {
            let problem = format!("`claim {id}`: there is no such loop");
            return Err(GuideError { source_name: guide.name, line: *line, problem });
        }
        guide.dispatch = Dispatch::build(&guide)?;
        Ok(guide)
    }
}

/// Adds the node of a part and all below it.
fn plant(guide: &mut Guide, what: Part, parent: NodeId, part: u16, rank: u16) -> NodeId {
    let id = NodeId(guide.nodes.len().min(usize::from(u16::MAX)) as u16);
    guide.nodes.push(Node { parent, part, rank, what, role: Role::Part, children: Vec::new(), required: Vec::new() });
    if let Part::Loop(index) = what {
        let parts = guide.loops[index].parts.clone();
        let (mut rank, mut last) = (0, None);
        for (at, part) in parts.into_iter().enumerate() {
            let position = match part {
                Part::Loop(index) => guide.loops[index].position,
                Part::Segment(index) => guide.segments[index].position,
            };
            // The segment that begins a loop stands alone in its rank; after it, neighbours with
            // one position share theirs.
            if last.is_some_and(|last| last != position || at == 1) {
                rank += 1;
            }
            last = Some(position);
            let child = plant(guide, part, id, at as u16, rank);
            guide.nodes[id.index()].children.push(child);
        }
    }
    id
}

struct PartHead {
    position: u16,
    usage: Usage,
    repeat: Repeat,
}

fn part_head(input: &str) -> IResult<&str, (&str, PartHead)> {
    let (rest, (id, position, usage, repeat)) =
        (terminated(word, char(' ')), terminated(number_u16, char(' ')), terminated(usage, char(' ')), repeat)
            .parse(input)?;
    Ok((rest, (id, PartHead { position, usage, repeat })))
}

struct ElementHead {
    first: u8,
    last: u8,
    component: u8,
    usage: Usage,
    discriminator: bool,
    repeat: Repeat,
}

fn element_head(input: &str) -> IResult<&str, ElementHead> {
    let (rest, (first, last, component, usage, mark, repeat)) = (
        number_u8,
        opt(preceded(tag(".."), number_u8)),
        opt(preceded(char('-'), number_u8)),
        preceded(char(' '), usage),
        opt(char('!')),
        opt(preceded(tag(" x"), repeat)),
    )
        .parse(input)?;
    let head = ElementHead {
        first,
        last: last.unwrap_or(first),
        component: component.unwrap_or(0),
        usage,
        discriminator: mark.is_some(),
        repeat: repeat.unwrap_or(Repeat::UpTo(1)),
    };
    Ok((rest, head))
}

fn usage(input: &str) -> IResult<&str, Usage> {
    alt((value(Usage::Required, char('R')), value(Usage::Situational, char('S')))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::{by_name, dictionary};

    #[test]
    fn a_claim_is_told_from_the_levels_around_it() {
        let roles = |name: &str, role| -> Vec<String> {
            let guide = by_name(name).unwrap().unwrap();
            guide.nodes().filter(|node| guide.role(*node) == role).map(|node| guide.path(node)).collect()
        };
        assert_eq!(roles("837P", Role::Claim), ["2000A/2000B/2300", "2000A/2000B/2000C/2300"]);
        assert_eq!(roles("837P", Role::Level), ["2000A", "2000A/2000B", "2000A/2000B/2000C"]);
        assert_eq!(
            (roles("835", Role::Claim), roles("835", Role::Level)),
            (vec!["2000/2100".into()], vec!["2000".into()])
        );
        assert_eq!(roles("999", Role::Claim), [""; 0]);
    }

    #[test]
    fn a_claim_that_is_no_loop_is_refused() {
        let text = "guide X  1  837 HC  A title\nclaim 2300\nST 0100 R 1\n";
        let error = parse(text, dictionary().unwrap()).unwrap_err();
        assert_eq!((error.line, error.problem.as_str()), (2, "`claim 2300`: there is no such loop"));
    }
}
