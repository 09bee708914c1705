//! What the base standard requires of a transaction set whatever its release and guide: the segment it begins
//! with, one that must follow or end it, segments that stand in its heading only, and how often some may stand
//! in a row.
//!
//! With a guide, placement knows all of this and more.

use super::{
    found::{Found, Spot},
    structure,
};

/// What a transaction set cannot be without.
struct Outline {
    set: &'static str,
    /// The segment after the ST.
    second: &'static str,
    /// A segment that comes somewhere after it.
    later: Option<&'static str>,
    /// The segment that ends the heading, and segments that stand in the heading only.
    heading: (&'static str, &'static [&'static str]),
}

const HIERARCHY: (&str, &[&str]) = ("HL", &["BHT"]);
const PAYMENT: (&str, &[&str]) = ("LX", &["BPR", "TRN", "CUR", "N1", "N2", "N3", "N4", "RDM"]);
const ANSWER: (&str, &[&str]) = ("AK9", &["AK1"]);

const OUTLINES: &[Outline] = &[
    Outline { set: "270", second: "BHT", later: Some("HL"), heading: HIERARCHY },
    Outline { set: "271", second: "BHT", later: Some("HL"), heading: HIERARCHY },
    Outline { set: "276", second: "BHT", later: Some("HL"), heading: HIERARCHY },
    Outline { set: "277", second: "BHT", later: Some("HL"), heading: HIERARCHY },
    Outline { set: "278", second: "BHT", later: Some("HL"), heading: HIERARCHY },
    Outline { set: "835", second: "BPR", later: None, heading: PAYMENT },
    Outline { set: "837", second: "BHT", later: Some("HL"), heading: HIERARCHY },
    Outline { set: "997", second: "AK1", later: Some("AK9"), heading: ANSWER },
    Outline { set: "999", second: "AK1", later: Some("AK9"), heading: ANSWER },
];

/// In every loop of an 837: a segment, and how often it may stand there. All of its uses are neighbours.
const IN_CLAIMS: &[(&[u8], u32)] = &[(b"N3", 2), (b"N4", 1), (b"PER", 2)];

/// How far a transaction set without a guide has come.
#[derive(Default)]
pub(super) struct Progress {
    outline: Option<&'static Outline>,
    has_later: bool,
    is_past_heading: bool,
    /// Index in [`IN_CLAIMS`] of the segment last seen, and how many have come in a row.
    row: Option<(usize, u32)>,
}

impl Progress {
    /// At the beginning of a transaction set.
    pub(super) fn of(set: &str) -> Self {
        Self { outline: OUTLINES.iter().find(|outline| outline.set == set), ..Self::default() }
    }

    /// Takes note of a segment, the ST and the SE included.
    pub(super) fn take(&mut self, spot: &Spot<'_>, found: &mut Found<'_>) {
        let Some(outline) = self.outline else { return };
        let id = spot.segment.id();
        if spot.position == 2 && id != outline.second.as_bytes() {
            structure::mandatory(found, spot, outline.second);
        }
        self.has_later |= outline.later.is_some_and(|later| id == later.as_bytes());
        if id == b"SE"
            && !self.has_later
            && let Some(later) = outline.later
        {
            structure::mandatory(found, spot, later);
        }
        let (end, heading) = outline.heading;
        if self.is_past_heading && heading.iter().any(|only| id == only.as_bytes()) {
            structure::unexpected(found, spot);
        }
        self.is_past_heading |= id == end.as_bytes();
        if outline.set == "837" {
            self.row(spot, found);
        }
    }

    fn row(&mut self, spot: &Spot<'_>, found: &mut Found<'_>) {
        let limited = IN_CLAIMS.iter().enumerate().find(|(_, (id, _))| *id == spot.segment.id());
        let Some((at, (_, limit))) = limited else {
            self.row = None;
            return;
        };
        let count = match self.row {
            Some((last, count)) if last == at => count.saturating_add(1),
            _ => 1,
        };
        self.row = Some((at, count));
        if count > *limit {
            structure::too_often(found, spot, *limit);
        }
    }
}
