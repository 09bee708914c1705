//! What the base standard is known to have beyond a guide: the codes and segments of its sister guides.
//!
//! The standard's own code lists are not ours to hand on. A code that any guide lists for a data element is
//! in the standard's list, though, and a segment of any guide of a transaction set is in that set.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use crate::guide::{self, Guide, NAMES};

/// Whether the standard has a code for a data element.
pub(super) fn has_code(element: &str, code: &[u8]) -> bool {
    static CODES: LazyLock<HashMap<&str, HashSet<&[u8]>>> = LazyLock::new(|| {
        let mut known: HashMap<&str, HashSet<&[u8]>> = HashMap::new();
        for guide in guides() {
            let uses = guide.nodes().filter_map(|node| guide.segment(node));
            for element in uses.flat_map(|segment| &segment.elements) {
                let codes = element.codes.iter().map(String::as_bytes);
                known.entry(&element.data.number).or_default().extend(codes);
            }
        }
        known
    });
    CODES.get(element).is_some_and(|codes| codes.contains(code))
}

/// Whether a transaction set of the standard has a segment.
pub(super) fn has_segment(set: &str, segment: &str) -> bool {
    static SEGMENTS: LazyLock<HashSet<(&str, &str)>> = LazyLock::new(|| {
        let of = |guide: &'static Guide| {
            guide.nodes().filter_map(move |node| Some((guide.set.as_str(), guide.segment(node)?.id.as_str())))
        };
        guides().flat_map(of).collect()
    });
    SEGMENTS.contains(&(set, segment))
}

fn guides() -> impl Iterator<Item = &'static Guide> {
    NAMES.iter().filter_map(|name| guide::by_name(name)?.ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sister_guides_tell_what_the_standard_has() {
        // Who sends which claim: 31 is a code of BHT06 in the claims, not in the 277CA, which has TH.
        assert!(has_code("640", b"31") && has_code("640", b"TH") && !has_code("640", b"??"));
        assert!(!has_code("0", b"31"));
        assert!(has_segment("837", "SV2") && has_segment("837", "TOO") && !has_segment("837", "CLP"));
    }
}
