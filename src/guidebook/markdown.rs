//! A guide as Markdown.

use std::io::{self, Write};

use super::{
    Counts,
    page::{Item, Page},
};

pub(super) fn write(page: &Page, out: &mut impl Write) -> io::Result<()> {
    let guide = page.guide;
    let Counts { loops, segments, elements } = Counts::of(guide);
    writeln!(out, "# {} {}\n", guide.name, guide.title)?;
    let also = if guide.also.is_empty() { String::new() } else { format!(", also `{}`", guide.also.join("`, `")) };
    writeln!(out, "`{}`{also}. {loops} loops, {segments} segments, {elements} elements.\n", guide.id)?;
    writeln!(out, "R required, S situational. JSON fields are named from the record of their loop.")?;
    for item in &page.items {
        match item {
            Item::Loop(one) => {
                writeln!(out, "\n## <a id=\"{}\"></a>Loop {}: {}\n", anchor(&one.path, ""), one.id, cell(&one.title))?;
                writeln!(
                    out,
                    "`{}`, {}.{}",
                    one.path,
                    one.standing,
                    one.json.as_ref().map(|json| format!(" JSON `{json}`.")).unwrap_or_default()
                )?;
                if let Some(same) = &one.same_as {
                    writeln!(out, "\nEverything as in [{same}](#{}).", anchor(same, ""))?;
                }
            }
            Item::Segment(one) => {
                writeln!(
                    out,
                    "\n### <a id=\"{}\"></a>{}: {}\n",
                    anchor(&one.path, &one.designator),
                    cell(&one.designator),
                    cell(&one.title)
                )?;
                writeln!(out, "{}.\n", one.standing)?;
                writeln!(out, "| element | use | type | name | codes and limits | JSON |\n|---|---|---|---|---|---|")?;
                for line in &one.elements {
                    let json = line
                        .json
                        .iter()
                        .map(|path| format!("`{path}`"))
                        .chain(line.filling.map(str::to_owned))
                        .collect::<Vec<_>>()
                        .join("<br>");
                    let rules = line.rules.iter().map(|rule| cell(rule)).collect::<Vec<_>>().join("<br>");
                    writeln!(
                        out,
                        "| {} | {} | {} | {} | {rules} | {json} |",
                        line.designator,
                        line.usage,
                        line.form,
                        cell(&line.name)
                    )?;
                }
                for note in &one.notes {
                    writeln!(out, "\n- {note}")?;
                }
            }
        }
    }
    Ok(())
}

/// Text that stands for itself in a heading or a table.
pub(super) fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '<') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The anchor of a loop or of a segment in it: `2000A-2000B-2300-REF-G1`.
pub(super) fn anchor(path: &str, designator: &str) -> String {
    let full = if designator.is_empty() { path.to_owned() } else { format!("{path}/{designator}") };
    let words = full.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}
