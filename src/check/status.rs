//! Which claim status (STC of the 277CA) answers a finding.
//!
//! Rules of the higher levels name theirs. For the elements and segments of levels 1 and 2 it depends on
//! the place, and one table says on which: [`PLACES`].

use std::sync::OnceLock;

use super::Finding;
use crate::guide::{self, Guide, NodeId};

/// A claim status: how far a claim got, what exactly is wrong, and about whom (STC01, STC10, STC11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// Category: `A3` returned, `A6` missing, `A7` invalid, `A8` contradictory.
    pub category: &'static str,
    /// The status itself.
    pub code: &'static str,
    /// The party it is about, where there is one.
    pub entity: Option<&'static str>,
}

/// The status of what is named by no other: the claim is not of the form that it should have.
pub const UNPROCESSABLE: Status = Status { category: "A3", code: "481", entity: None };

impl Finding {
    /// The claim statuses that answer it, in the order of the rule; none for what is not about claims.
    pub fn statuses(&self) -> impl Iterator<Item = Status> {
        let stated = self.codes.stc.unwrap_or_default();
        let by_place = if stated.is_empty() { self.status_by_place() } else { None };
        stated.split(' ').filter_map(|one| self.stated(one)).chain(by_place)
    }

    /// The party that the place is about, as an STC names it (NM101 of the loop).
    pub fn party(&self) -> Option<&'static str> {
        party(self.place.guide?, self.place.node?)
    }

    /// A status in the notation of the rules: `A7:562:85`, `A7:500:*`.
    fn stated(&self, text: &'static str) -> Option<Status> {
        let mut parts = text.split(':');
        let (category, code) = (parts.next()?, parts.next()?);
        Some(Status { category, code, entity: parts.next().and_then(|entity| self.entity(entity)) })
    }

    fn status_by_place(&self) -> Option<Status> {
        let (guide, node) = (self.place.guide.filter(|guide| guide.set == "837")?, self.place.node?);
        if self.rule.level > 2 && !self.rule.by_place {
            return None;
        }
        let code = code(guide, guide.first_segment(node)?);
        let place = &self.place;
        let (.., status) = PLACES.iter().find(|(segment, element, component, codes, _)| {
            *segment == place.segment
                && (*element == place.element || place.missing && *element == 0)
                && (*component == 0 || *component == place.component)
                && (codes.is_empty() || codes.split(' ').any(|one| one == code))
        })?;
        let is_missing = place.missing || matches!(self.codes.ik4, Some("1" | "2" | "I9"));
        let (code, entity) = status.split_once(':').unwrap_or((status, ""));
        Some(Status { category: if is_missing { "A6" } else { "A7" }, code, entity: self.entity(entity) })
    }

    /// The party: that of the loop for `*`.
    fn entity(&self, notation: &'static str) -> Option<&'static str> {
        match notation {
            "" => None,
            "*" => self.party(),
            entity => Some(entity).filter(|entity| parties().contains(entity)),
        }
    }
}

/// A place: segment, element (0: the segment is missing), component (0: any), codes that tell this use of the
/// segment from others (empty: any), and the status; `*` is the party of the loop. The first that fits counts.
type Row = (&'static str, u8, u8, &'static str, &'static str);

const PLACES: &[Row] = &[
    ("AMT", 2, 0, "D EAF", "672"),
    ("CAS", 2, 0, "", "521"),
    ("CL1", 1, 0, "", "231"),
    ("CL1", 2, 0, "", "229"),
    ("CL1", 3, 0, "", "234"),
    ("CLM", 1, 0, "", "478"),
    ("CLM", 2, 0, "", "178"),
    ("CLM", 5, 1, "", "249"),
    ("CLM", 5, 3, "", "535"),
    ("DMG", 0, 0, "", "158:*"),
    ("DMG", 2, 0, "", "158:*"),
    ("DMG", 3, 0, "", "157:*"),
    ("DTP", 0, 0, "434", "188"),
    ("DTP", 0, 0, "435", "189"),
    ("DTP", 0, 0, "096", "233"),
    ("DTP", 0, 0, "472", "187"),
    ("DTP", 0, 0, "573", "516:*"),
    ("DTP", 3, 0, "434", "188"),
    ("DTP", 3, 0, "435", "189"),
    ("DTP", 3, 0, "096", "233"),
    ("DTP", 3, 0, "472", "187"),
    ("DTP", 3, 0, "573", "516:*"),
    ("HI", 0, 0, "", "255"),
    ("HI", 1, 0, "ABK BK ABF BF", "255"),
    ("LIN", 3, 0, "", "218"),
    ("N3", 0, 0, "", "503:*"),
    ("N3", 1, 0, "", "503:*"),
    ("N3", 2, 0, "", "503:*"),
    ("N4", 0, 0, "", "126:*"),
    ("N4", 1, 0, "", "502:*"),
    ("N4", 2, 0, "", "501:*"),
    ("N4", 3, 0, "", "500:*"),
    ("NM1", 0, 0, "", "125:*"),
    ("NM1", 3, 0, "", "125:*"),
    ("NM1", 4, 0, "", "505:*"),
    ("NM1", 9, 0, "IL QC", "164:*"),
    ("NM1", 9, 0, "40 41 PR", "153:*"),
    ("NM1", 9, 0, "", "562:*"),
    ("PER", 4, 0, "", "127:*"),
    ("PRV", 0, 0, "", "145:*"),
    ("PRV", 3, 0, "", "145:*"),
    ("REF", 0, 0, "F8", "464"),
    ("REF", 2, 0, "F8", "464"),
    ("REF", 2, 0, "6R", "584"),
    ("REF", 2, 0, "EI", "128:*"),
    ("REF", 2, 0, "SY", "129:*"),
    ("REF", 2, 0, "XZ VY", "219"),
    ("REF", 2, 0, "0B 1G G2 LU 2U", "560:*"),
    ("SBR", 5, 0, "", "578"),
    ("SV1", 0, 0, "", "454"),
    ("SV1", 1, 2, "", "507"),
    ("SV1", 1, 0, "", "453"),
    ("SV1", 2, 0, "", "583"),
    ("SV1", 4, 0, "", "476"),
    ("SV1", 5, 0, "", "249"),
    ("SV1", 7, 0, "", "477"),
    ("SV2", 0, 0, "", "455"),
    ("SV2", 1, 0, "", "455"),
    ("SV2", 2, 2, "", "507"),
    ("SV2", 2, 0, "", "453"),
    ("SV2", 3, 0, "", "583"),
    ("SV2", 5, 0, "", "476"),
    ("SV3", 0, 0, "", "454"),
    ("SV3", 1, 2, "", "454"),
    ("SV3", 1, 0, "", "453"),
    ("SV3", 2, 0, "", "583"),
    ("SV3", 6, 0, "", "476"),
];

/// The code that tells a use of a segment from others, or its qualifier.
fn code(guide: &Guide, node: NodeId) -> &str {
    let qualifier = || guide.segment(node)?.element(1, 0);
    guide.discriminator(node).or_else(qualifier).and_then(|element| element.codes.first()).map_or("", String::as_str)
}

/// The party of a loop or of the loops around it: the first code of its NM101 that an STC takes.
fn party(guide: &'static Guide, node: NodeId) -> Option<&'static str> {
    let mut around = if guide.loop_at(node).is_some() { node } else { guide.parent(node) };
    loop {
        let name = guide.first_segment(around).and_then(|first| guide.segment(first)).filter(|first| first.id == "NM1");
        if let Some(name) = name {
            return name.element(1, 0)?.codes.iter().map(String::as_str).find(|code| parties().contains(code));
        }
        // The levels of the hierarchy are about the party in their first loop.
        let first = guide.children(around).iter().copied().find(|child| guide.loop_at(*child).is_some());
        if guide.first_segment(around).and_then(|first| guide.segment(first)).is_some_and(|first| first.id == "HL") {
            around = first?;
        } else {
            return None;
        }
    }
}

/// The codes of parties that the claim level of a 277CA takes.
fn parties() -> &'static [&'static str] {
    static PARTIES: OnceLock<Vec<&'static str>> = OnceLock::new();
    PARTIES.get_or_init(|| {
        let guide = guide::by_name("277CA").and_then(Result::ok);
        let status = guide.and_then(|guide| {
            guide
                .nodes()
                .filter(|node| guide.loop_id(*node) == "2200D")
                .find_map(|node| guide.segment(node).filter(|segment| segment.id == "STC")?.element(1, 3))
        });
        status.map_or_else(Vec::new, |entity| entity.codes.iter().map(String::as_str).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_in_a_claim_guide() {
        let guides: Vec<_> = ["837P", "837I", "837D"].map(|name| guide::by_name(name).unwrap().unwrap()).into();
        for (segment, element, component, codes, _) in PLACES {
            let stands = guides.iter().any(|guide| {
                guide.nodes().filter_map(|node| Some((node, guide.segment(node)?))).any(|(node, one)| {
                    one.id == *segment
                        && (*element == 0 || one.element(*element, *component).is_some())
                        && (codes.is_empty() || codes.split(' ').any(|known| known == code(guide, node)))
                })
            });
            assert!(stands, "{segment} {element} {component} {codes}");
        }
    }

    #[test]
    fn parties_are_those_of_the_loop() {
        let guide = guide::by_name("837P").unwrap().unwrap();
        let find = |id: &str| guide.nodes().find(|node| guide.loop_at(*node).is_some_and(|one| one.id == id)).unwrap();
        assert_eq!(party(guide, find("2010AA")), Some("85"));
        assert_eq!(party(guide, find("2310A")), Some("DN"));
        assert_eq!(party(guide, find("2000A")), Some("85"));
        assert_eq!(party(guide, find("2300")), None);
    }
}
