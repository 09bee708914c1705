//! The guides as people and programs read them: pages, data dictionary, JSON Schema.
//!
//! Everything here is read off a guide and its record tables; what it shows cannot differ from what
//! placement, reading and writing do.
//!
//! - [`page`] shows a guide in its own order: loops, segments, elements, and beside each element the
//!   JSON field that holds it.
//! - [`fields`] is the data dictionary, in the order of the JSON: each field, and beside it the
//!   place, type, usage, codes.
//! - [`json_schema`] describes the JSON to programs.
//! - [`list`] names the guides.

mod csv;
mod facts;
mod fields;
mod html;
mod json;
mod markdown;
mod page;
mod schema;
mod text;

pub use schema::{Subject, json_schema};

use std::io::{self, Write};

use crate::{
    document,
    guide::{self, Guide, GuideError},
};

pub(crate) use facts::{filling_words, line_paths, note_words, repeat_words, rules, type_and_length, usage_word};
pub(crate) use html::escape;
pub(crate) use page::notes_in_use;
pub(crate) use text::wrap;

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal of 100 columns.
    Text,
    /// Markdown with tables.
    Markdown,
    /// A page on its own: no other file, no network.
    Html,
    /// One line an element or field, for a spreadsheet.
    Csv,
}

/// Writes a guide: every loop, segment and element with what it may hold and the JSON field beside
/// it.
///
/// # Errors
/// Output that fails.
pub fn page(guide: &'static Guide, format: Format, mut out: impl Write) -> io::Result<()> {
    let binding = document::binding(guide);
    match format {
        Format::Text => text::write(&page::Page::of(guide, binding), &mut out),
        Format::Markdown => markdown::write(&page::Page::of(guide, binding), &mut out),
        Format::Html => html::write(&page::Page::of(guide, binding), &mut out),
        Format::Csv => csv::write(guide, binding, &mut out),
    }?;
    out.flush()
}

/// Writes the data dictionary of a guide: every JSON field and the place it has in X12.
///
/// # Errors
/// Output that fails.
pub fn fields(guide: &'static Guide, format: Format, mut out: impl Write) -> io::Result<()> {
    fields::write(guide, document::binding(guide), format, &mut out)?;
    out.flush()
}

/// A guide in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Loops at all their places; the transaction set itself is none.
    pub loops: usize,
    /// Segment uses at all their places.
    pub segments: usize,
    /// Elements and components used, at all their places; a composite counts with its components.
    pub elements: usize,
}

impl Counts {
    /// Counts a guide.
    pub fn of(guide: &Guide) -> Self {
        let segments = || guide.nodes().filter_map(|node| guide.segment(node));
        Self {
            loops: guide.nodes().filter(|node| guide.loop_at(*node).is_some()).count().saturating_sub(1),
            segments: segments().count(),
            elements: segments().map(|segment| segment.elements.len()).sum(),
        }
    }
}

/// Writes the guides that come with the program: names, identifiers, sizes.
///
/// # Errors
/// Output that fails. A guide that does not read says so on its line.
pub fn list(mut out: impl Write) -> io::Result<()> {
    writeln!(out, "{:<7}{:<14}{:<42}{:>6}{:>10}{:>10}", "name", "id", "title", "loops", "segments", "elements")?;
    for name in guide::NAMES {
        let Some(read) = guide::by_name(name) else { continue };
        match read {
            Ok(guide) => {
                let Counts { loops, segments, elements } = Counts::of(guide);
                writeln!(
                    out,
                    "{:<7}{:<14}{:<42}{loops:>6}{segments:>10}{elements:>10}",
                    guide.name, guide.id, guide.title
                )?;
                if !guide.also.is_empty() {
                    writeln!(out, "{:7}also accepts {}", "", guide.also.join(", "))?;
                }
            }
            Err(GuideError { problem, .. }) => writeln!(out, "{name:<7}does not read: {problem}")?,
        }
    }
    writeln!(out, "\nTransaction sets without a guide here are carried as plain segments.")?;
    out.flush()
}
