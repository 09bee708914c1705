//! A guide as one HTML page: no other file, no network.

use std::io::{self, Write};

use super::{
    Counts,
    markdown::anchor,
    page::{ElementItem, Item, Page},
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn write(page: &Page, out: &mut impl Write) -> io::Result<()> {
    let guide = page.guide;
    let Counts { loops, segments, elements } = Counts::of(guide);
    begin(&format!("{} {}", guide.name, guide.title), out)?;
    write!(out, "<nav><ul>")?;
    for item in &page.items {
        if let Item::Loop(one) = item {
            let depth = one.depth.min(6);
            write!(
                out,
                "<li class=\"d{depth}\"><a href=\"#{}\"><b>{}</b> {}</a>",
                anchor(&one.path, ""),
                escape(&one.id),
                escape(&one.title)
            )?;
        }
    }
    writeln!(out, "</ul></nav>\n<main>")?;
    writeln!(out, "<h1>{} {}</h1>", escape(&guide.name), escape(&guide.title))?;
    let also = if guide.also.is_empty() { String::new() } else { format!(", also {}", guide.also.join(", ")) };
    writeln!(out, "<p>{}{also}. {loops} loops, {segments} segments, {elements} elements.", escape(&guide.id))?;
    writeln!(out, "<p>R required, S situational. JSON fields are named from the record of their loop.")?;
    for item in &page.items {
        match item {
            Item::Loop(one) => {
                writeln!(
                    out,
                    "<h2 id=\"{}\">{} <span>{}</span></h2>",
                    anchor(&one.path, ""),
                    escape(&one.id),
                    escape(&one.title)
                )?;
                let json =
                    one.json.as_ref().map(|json| format!(" · JSON <code>{}</code>", escape(json))).unwrap_or_default();
                writeln!(out, "<p class=\"where\">{} · {}{json}", escape(&one.path), one.standing)?;
                if let Some(same) = &one.same_as {
                    writeln!(out, "<p>Everything as in <a href=\"#{}\">{}</a>.", anchor(same, ""), escape(same))?;
                }
            }
            Item::Segment(one) => {
                writeln!(
                    out,
                    "<section id=\"{}\"><h3>{} <span>{}</span></h3>",
                    anchor(&one.path, &one.designator),
                    escape(&one.designator),
                    escape(&one.title)
                )?;
                writeln!(out, "<p class=\"where\">{}", one.standing)?;
                writeln!(
                    out,
                    "<table><thead><tr><th>element<th>use<th>type<th>name<th>codes and limits<th>JSON<tbody>"
                )?;
                for line in &one.elements {
                    element(line, out)?;
                }
                writeln!(out, "</table>")?;
                for note in &one.notes {
                    writeln!(out, "<p class=\"note\">{}", escape(note))?;
                }
                writeln!(out, "</section>")?;
            }
        }
    }
    end(out)
}

fn element(one: &ElementItem, out: &mut impl Write) -> io::Result<()> {
    let json = one.json.iter().map(|path| format!("<code>{}</code>", escape(path)));
    let filling = one.filling.map(|filling| format!("<i>{filling}</i>"));
    let json = json.chain(filling).collect::<Vec<_>>().join("<br>");
    let rules = one.rules.iter().map(|rule| escape(rule)).collect::<Vec<_>>().join("<br>");
    writeln!(
        out,
        "<tr class=\"{}\"><td>{}<td>{}<td>{}<td>{}<td>{rules}<td>{json}",
        one.usage,
        one.designator,
        one.usage,
        one.form,
        escape(&one.name)
    )
}

/// The head of a page, and the box that filters its tables.
pub(super) fn begin(title: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
    )?;
    writeln!(out, "<title>{}</title>\n<style>\n{STYLE}</style>", escape(title))?;
    writeln!(
        out,
        "<header><input id=\"find\" type=\"search\" placeholder=\"Find an element, name, code or field\" aria-label=\"Find\"></header>"
    )
}

/// The end of a page.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "</main>\n<script>\n{SCRIPT}</script>\n</html>")
}

/// Text that stands for itself in HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
