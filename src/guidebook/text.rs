//! A guide on a terminal.

use std::io::{self, Write};

use super::{
    Counts,
    page::{ElementItem, Item, Page},
};

/// Columns of a page.
const WIDTH: usize = 100;
/// Where names begin.
const NAME: usize = 27;
/// Where JSON fields begin, if the name leaves room.
const JSON: usize = 66;

pub(super) fn write(page: &Page, out: &mut impl Write) -> io::Result<()> {
    let guide = page.guide;
    let Counts { loops, segments, elements } = Counts::of(guide);
    writeln!(out, "{}  {}", guide.name, guide.title)?;
    let also = if guide.also.is_empty() { String::new() } else { format!(", also {}", guide.also.join(", ")) };
    writeln!(out, "{}{also}; {loops} loops, {segments} segments, {elements} elements", guide.id)?;
    writeln!(out, "\nR required, S situational; = codes; > field in the JSON record of the loop")?;
    for item in &page.items {
        match item {
            Item::Loop(one) => {
                writeln!(out)?;
                let head = format!("━━ Loop {}  {}  ({}) ", one.id, one.title, one.standing);
                writeln!(out, "{head}{}", "━".repeat(WIDTH.saturating_sub(head.chars().count())))?;
                let json = one.json.as_ref().map(|json| format!("JSON {json}"));
                if let Some(same) = &one.same_as {
                    writeln!(out, "   {}: everything as in {same}", one.path)?;
                } else {
                    writeln!(out, "   {}", one.path)?;
                }
                if let Some(json) = json {
                    writeln!(out, "   {json}")?;
                }
            }
            Item::Segment(one) => {
                let head = format!("{}  {}", one.designator, one.title);
                writeln!(
                    out,
                    "\n{head}{:>width$}",
                    format!("({})", one.standing),
                    width = WIDTH.saturating_sub(head.chars().count())
                )?;
                for line in &one.elements {
                    element(line, out)?;
                }
                for note in &one.notes {
                    writeln!(out, "   {:<10}{note}", "note")?;
                }
            }
        }
    }
    Ok(())
}

fn element(one: &ElementItem, out: &mut impl Write) -> io::Result<()> {
    let mut json: Vec<String> = one.json.iter().map(|path| format!("> {path}")).collect();
    json.extend(one.filling.map(|filling| format!("({filling})")));
    let mut head = format!("   {:<10}{} {:<12}", one.designator, one.usage, one.form);
    let mut lines = wrap(&one.name, WIDTH - NAME).into_iter();
    head.push_str(&lines.next().unwrap_or_default());
    let fits =
        head.chars().count() < JSON && json.len() == 1 && json.iter().all(|text| JSON + text.chars().count() <= WIDTH);
    if fits {
        writeln!(out, "{head:<JSON$}{}", json.pop().unwrap_or_default())?;
    } else {
        writeln!(out, "{}", head.trim_end())?;
    }
    for line in lines.chain(json).chain(one.rules.iter().flat_map(|rule| wrap(rule, WIDTH - NAME))) {
        writeln!(out, "{:NAME$}{line}", "")?;
    }
    Ok(())
}

/// Breaks text at blanks into lines of at most `width` characters, where its words allow.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
