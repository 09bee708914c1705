//! Companion guides: what a trading partner wants of a guide, written as the lines that differ.
//!
//! `specs/README.md` explains the notation. A companion only narrows: what the guide it extends
//! forbids it cannot allow, and each line is held against that guide when it is read.

mod draft;
mod limit;
mod narrow;
mod place;
#[cfg(test)]
mod tests;

pub use limit::{Limit, Override};

use std::collections::HashMap;

use nom::{Parser, combinator::all_consuming};

use super::{
    Guide, GuideError, Repeat, Usage, by_id,
    notation::{Attributes, Line, attribute, code_words, lines, repeat},
};
use draft::Draft;
use narrow::Wanted;
use place::{Scope, Target};

/// Reads one companion guide. `base` finds the guide that it extends, by name: a published one or a
/// companion.
///
/// The guide that comes out has the nodes of its base, so that placement is the same by both, and
/// tells its own parts from the base's ([`Guide::narrowed_by`]). It borrows the base for as long as
/// the program runs; [`super::Library`] keeps companions that long.
///
/// To judge a value or a part, ask the published guide first; if it agrees, and `narrowed` is set on
/// the companion's [`super::ElementUse`], [`super::SegmentUse`] or [`super::Loop`], ask that too: what
/// it refuses breaks the partner's rule alone. Lists and patterns hold beside the published guide's,
/// everything else is already within it.
///
/// # Errors
/// A line that is not in the notation, a place that the base lacks, or a line that would allow what
/// the base forbids. No guide at all, or a second one.
pub fn parse_companion(text: &str, base: impl Fn(&str) -> Option<&'static Guide>) -> Result<Guide, GuideError> {
    let source = "companion guide";
    let sections = sections(source, text)?;
    match sections.as_slice() {
        [] => Err(fail(source, 0, format!("empty: expected `{HEADING}`"))),
        [one] => read(source, one, base),
        [_, second, ..] => {
            let line = second.first().map_or(0, |line| line.number);
            Err(fail(source, line, "a second guide where one is expected".into()))
        }
    }
}

const HEADING: &str = "guide NAME extends GUIDE  TITLE";

/// The lines of a file, those of each guide apart.
pub(super) fn sections<'t>(source: &str, text: &'t str) -> Result<Vec<Vec<Line<'t>>>, GuideError> {
    let mut sections: Vec<Vec<Line<'t>>> = Vec::new();
    for line in lines(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let line = line.map_err(|number| fail(source, number, "columns could not be told apart".into()))?;
        if first_word(&line) == "guide" {
            sections.push(Vec::new());
        }
        match sections.last_mut() {
            Some(section) => section.push(line),
            None => return Err(fail(source, line.number, format!("expected `{HEADING}` first"))),
        }
    }
    Ok(sections)
}

/// Reads the lines of one guide.
pub(super) fn read(
    source: &str,
    lines: &[Line<'_>],
    base: impl Fn(&str) -> Option<&'static Guide>,
) -> Result<Guide, GuideError> {
    let Some((heading, body)) = lines.split_first() else {
        return Err(fail(source, 0, format!("expected `{HEADING}`")));
    };
    let mut reader = Reader::begin(heading, base).map_err(|problem| fail(source, heading.number, problem))?;
    for line in body {
        reader.line(line).map_err(|problem| fail(source, line.number, problem))?;
    }
    Ok(reader.draft.finish())
}

fn fail(source: &str, line: usize, problem: String) -> GuideError {
    GuideError { source_name: source.to_owned(), line, problem }
}

fn first_word<'t>(line: &Line<'t>) -> &'t str {
    line.columns.first().and_then(|head| head.split(' ').next()).unwrap_or_default()
}

struct Reader {
    draft: Draft,
    lists: HashMap<String, Vec<String>>,
    /// Indentation of the lines that the next may stand under, and what they name.
    open: Vec<(usize, Scope)>,
}

impl Reader {
    fn begin(heading: &Line<'_>, base: impl Fn(&str) -> Option<&'static Guide>) -> Result<Self, String> {
        let (head, title) = match heading.columns.as_slice() {
            [head] => (*head, None),
            [head, title] => (*head, Some(*title)),
            _ => return Err(format!("expected `{HEADING}`")),
        };
        let words: Vec<&str> = head.split(' ').collect();
        let ["guide", name, "extends", extended] = words.as_slice() else {
            return Err(format!("expected `{HEADING}`"));
        };
        if heading.indent > 0 {
            return Err("a guide begins at the margin".into());
        }
        let base = base(extended).ok_or_else(|| format!("there is no guide `{extended}` to extend"))?;
        Ok(Self { draft: Draft::new(name, title, base), lists: HashMap::new(), open: Vec::new() })
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), String> {
        let word = first_word(line);
        let statement = ["ids", "codes", "limit", "rule"].contains(&word);
        if statement && line.indent > 0 {
            return Err(format!("`{word}` stands at the margin"));
        }
        let columns = line.columns.as_slice();
        match (word, columns) {
            ("codes", [head, codes]) => self.codes(head, codes),
            ("codes", _) => Err("expected `codes NAME  CODE CODE …`".into()),
            ("ids", [head]) => self.ids(head),
            ("limit", [head]) => limit::read(self.draft.guide(), head).and_then(|limit| self.draft.limit(limit)),
            ("rule", [head]) => {
                let (rule, verdict) = limit::read_override(head)?;
                self.draft.overrule(rule, verdict);
                Ok(())
            }
            _ if statement => Err(format!("`{word}` has one column only")),
            _ => self.part(line),
        }
    }

    fn codes(&mut self, head: &str, codes: &str) -> Result<(), String> {
        let name = head.strip_prefix("codes ").filter(|name| !name.contains(' '));
        let name = name.ok_or("expected `codes NAME  CODE CODE …`")?;
        let (_, codes) = all_consuming(code_words).parse(codes).map_err(|_| format!("`{codes}`: expected codes"))?;
        self.lists.entry(name.to_owned()).or_default().extend(codes);
        Ok(())
    }

    fn ids(&mut self, head: &str) -> Result<(), String> {
        let ids: Vec<&str> = head.split(' ').skip(1).collect();
        if ids.is_empty() {
            return Err("expected `ids ID ID …`".into());
        }
        let published = &self.draft.published().name;
        for id in ids {
            if let Some(Ok(other)) = by_id(id)
                && other.name != *published
            {
                return Err(format!("`{id}` is an identifier of {}", other.name));
            }
            self.draft.choose_by(id);
        }
        Ok(())
    }

    /// A loop, a segment, or elements: `PLACE [USAGE] [REPEAT]` and what an element may hold.
    fn part(&mut self, line: &Line<'_>) -> Result<(), String> {
        while self.open.last().is_some_and(|(indent, _)| *indent >= line.indent) {
            self.open.pop();
        }
        let scope = match self.open.last() {
            Some((_, scope)) => scope,
            None if line.indent == 0 => &Scope::Margin,
            None => return Err("indented under nothing".into()),
        };
        let head = line.columns.first().copied().unwrap_or_default();
        let mut words = head.split(' ').peekable();
        let is_loop = words.next_if_eq(&"loop").is_some();
        let place = words.next().ok_or("expected `loop PATH USAGE REPEAT`")?;
        let target = place::find(self.draft.guide(), scope, place, is_loop)?;
        let is_element = matches!(target, Target::Elements { .. });
        let mut wanted = Wanted::default();
        for word in words {
            head_word(&mut wanted, word, is_element)?;
        }
        let columns = line.columns.get(1..).unwrap_or_default();
        if let (Some(column), false) = (columns.first(), is_element) {
            return Err(format!("`{column}`: a loop or segment has usage and repeat only; names stay the guide's"));
        }
        wanted.attributes = self.attributes(columns)?;
        if is_element && wanted.is_nothing() {
            return Err(format!("`{head}` changes nothing: expected a usage (R, S, N) or {ATTRIBUTES}"));
        }
        self.draft.narrow(&target, &wanted, line.number).map_err(|problem| format!("{place}: {problem}"))?;
        self.open.push((line.indent, target.into()));
        Ok(())
    }

    fn attributes(&self, columns: &[&str]) -> Result<Attributes, String> {
        let mut attributes = Attributes::default();
        for column in columns {
            let (_, one) = all_consuming(attribute)
                .parse(column)
                .map_err(|_| format!("`{column}`: expected {ATTRIBUTES}; names stay the guide's"))?;
            attributes.add(one, &self.lists)?;
        }
        Ok(attributes)
    }
}

const ATTRIBUTES: &str = "`= CODES`, `list NAMES`, `max N`, `decimals N` or `pattern REGEX`";

/// A word after a place.
fn head_word(wanted: &mut Wanted, word: &str, is_element: bool) -> Result<(), String> {
    let usage = match word {
        "R" => Some(Usage::Required),
        "S" => Some(Usage::Situational),
        "N" => Some(Usage::NotUsed),
        _ => None,
    };
    if usage.is_some() && wanted.usage.is_none() && wanted.repeat.is_none() {
        wanted.usage = usage;
        return Ok(());
    }
    let number = if is_element { word.strip_prefix('x') } else { Some(word) };
    match number.and_then(read_repeat) {
        Some(repeat) if wanted.repeat.is_none() => {
            wanted.repeat = Some(repeat);
            Ok(())
        }
        _ if is_element => Err(format!("`{word}`: expected a usage (R, S, N), then a repeat such as x5")),
        _ => Err(format!("`{word}`: expected a usage (R, S, N), then a repeat such as 5")),
    }
}

fn read_repeat(word: &str) -> Option<Repeat> {
    all_consuming(repeat).parse(word).ok().map(|(_, repeat)| repeat)
}
