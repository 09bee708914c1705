//! What a place or a code means: the answers of `explain`.
//!
//! | asked | answered |
//! |---|---|
//! | `837P 2300/CLM05-3`, `2300/CLM05-3`, `CLM05-3`, `REF[G1]`, `2310B` | the place, in one guide or in all that have it |
//! | `837P` | the guide in short |
//! | `CLM` | a segment of the standard, and where the guides use it |
//! | `DE 1028` | a data element, and where the guides use it |
//! | `CARC 45`, `RARC N130`, `POS 11`, `STC A7:507:85`, `state TX` | a code of an external list |
//! | `CLM05-3=7` | whether a place takes a code |
//! | `claim.charge.sum`, `837p.2010aa.n403.length` | a rule of checking |
//!
//! Texts of codes belong to their publishers and do not come with the program; [`Texts`] brings an
//! operator's own.

mod code;
mod example;
mod lookup;
mod place;
mod rule;
mod standard;

pub use rule::rule;

use std::io::{self, Write};

use crate::{
    codes::Texts,
    guide::{self, Guide, GuideError},
    guidebook::{Counts, wrap},
};

/// Columns of an answer.
const WIDTH: usize = 96;
/// Where the facts begin.
const INDENT: usize = 16;

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing has that name.
    #[error("nothing here is called `{query}`{}", suggestion(.near))]
    Unknown {
        /// What was asked.
        query: String,
        /// What has a name like it, nearest first.
        near: Vec<String>,
    },
    /// Output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A guide does not read.
    #[error(transparent)]
    Guide(#[from] GuideError),
}

fn suggestion(near: &[String]) -> String {
    if near.is_empty() {
        return "; ask for a place (2300/CLM05-3), a segment (CLM), a data element (DE 1028) or a code (CARC 45)"
            .into();
    }
    format!("; did you mean {}?", near.join(", "))
}

/// Answers a question. True if what was asked is valid; false for a code that its list or place
/// does not have, which the answer says.
///
/// # Errors
/// [`Error::Unknown`] where nothing has that name, with what comes near.
pub fn explain(query: &str, texts: &Texts, mut out: impl Write) -> Result<bool, Error> {
    let asked = query.trim();
    let query = asked.to_uppercase();
    let (first, rest) =
        query.split_once(char::is_whitespace).map_or((query.as_str(), ""), |(first, rest)| (first, rest.trim()));
    let mut guides = Vec::new();
    for name in guide::NAMES {
        if let Some(read) = guide::by_name(name) {
            guides.push(read.map_err(Clone::clone)?);
        }
    }
    let named = guides.iter().copied().find(|guide| guide.name == first || guide.accepts(first));
    let known = match (named, rest) {
        (Some(guide), "") => Some(overview(guide, &mut out)?),
        (Some(guide), place) => answer_place(&[guide], place, texts, &mut out)?,
        (None, _) => match code::answer(first, rest, texts, &guides, &mut out)? {
            None if first == "DE" || first == "ELEMENT" => standard::data_element(rest, &guides, &mut out)?,
            None => answer_place(&guides, &query, texts, &mut out)?,
            known => known,
        },
    };
    let known = match known {
        None => rule::answer(&asked.to_lowercase(), &mut out)?,
        known => known,
    };
    out.flush()?;
    known.ok_or_else(|| {
        let near = if asked.contains('.') { rule::near(asked) } else { lookup::near(&query, &guides) };
        Error::Unknown { near, query: if asked.contains('.') { asked.to_owned() } else { query.clone() } }
    })
}

/// A place, with a code or without.
fn answer_place(
    guides: &[&'static Guide],
    query: &str,
    texts: &Texts,
    out: &mut impl Write,
) -> io::Result<Option<bool>> {
    if let Some((place, code)) = query.split_once('=') {
        return code::at_place(guides, place.trim(), code.trim(), texts, out);
    }
    if guides.len() > 1 && standard::segment(query, guides, out)? {
        return Ok(Some(true));
    }
    place::answer(guides, query, out)
}

fn overview(guide: &Guide, out: &mut impl Write) -> io::Result<bool> {
    let Counts { loops, segments, elements } = Counts::of(guide);
    writeln!(out, "{}  {}\n", guide.name, guide.title)?;
    fact("id", &guide.id, out)?;
    fact("also accepts", &guide.also.join(", "), out)?;
    fact("envelope", &format!("ST01 {}, GS01 {}", guide.set, guide.group), out)?;
    fact("size", &format!("{loops} loops, {segments} segments, {elements} elements"), out)?;
    let parts = guide
        .children(guide::NodeId::ROOT)
        .iter()
        .map(|&part| format!("{} {}", guide.designator(part), guide.title(part)));
    facts("parts", parts, out)?;
    fact("all of it", &format!("claimwire guides {}", guide.name), out)?;
    Ok(true)
}

/// Writes one fact; nothing if there is none.
fn fact(label: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    for (at, line) in wrap(text, WIDTH - INDENT).iter().enumerate() {
        writeln!(out, "  {:<width$}{line}", if at == 0 { label } else { "" }, width = INDENT - 2)?;
    }
    Ok(())
}

/// Writes several facts under one label.
fn facts(label: &str, texts: impl IntoIterator<Item = String>, out: &mut impl Write) -> io::Result<()> {
    for (at, text) in texts.into_iter().enumerate() {
        fact(if at == 0 { label } else { "" }, &text, out)?;
    }
    Ok(())
}
