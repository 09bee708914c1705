//! A guide as a table for a spreadsheet: one line an element.

use std::io::{self, Write};

use super::facts::{filling_words, most, usage_letter};
use crate::{
    guide::{DataType, Guide},
    record::Binding,
};

pub(super) fn write(guide: &'static Guide, binding: Option<&'static Binding>, out: &mut impl Write) -> io::Result<()> {
    line(
        &[
            "guide",
            "loop",
            "segment",
            "segment_name",
            "segment_usage",
            "segment_repeat",
            "element",
            "usage",
            "repeat",
            "type",
            "min",
            "max",
            "data_element",
            "name",
            "codes",
            "lists",
            "json",
            "filled_by",
        ],
        out,
    )?;
    for row in binding.map(Binding::rows).unwrap_or_default() {
        let Some(segment) = guide.segment(row.node) else {
            continue;
        };
        let element = row.element;
        let lengths = if element.data.kind == DataType::Composite {
            (String::new(), String::new())
        } else {
            (element.data.min.to_string(), most(element).to_string())
        };
        line(
            &[
                &guide.name,
                &guide.path(row.node),
                &guide.designator(row.node),
                &segment.name,
                usage_letter(segment.usage),
                &segment.repeat.to_string(),
                &element.designator(&segment.id),
                usage_letter(element.usage),
                &element.repeat.to_string(),
                &element.data.kind.to_string(),
                &lengths.0,
                &lengths.1,
                &element.data.number,
                &element.name,
                &element.codes.join(" "),
                &element.lists.join(" "),
                &row.json.join(" "),
                filling_words(&row).unwrap_or_default(),
            ],
            out,
        )?;
    }
    Ok(())
}

/// Writes one line (RFC 4180).
pub(super) fn line(cells: &[&str], out: &mut impl Write) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            write!(out, ",")?;
        }
        if cell.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?
        } else {
            write!(out, "{cell}")?
        }
    }
    write!(out, "\r\n")
}
