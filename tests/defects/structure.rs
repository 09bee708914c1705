//! Defects of the order of segments and loops.

use super::{
    Defect,
    edit::{
        self,
        Edit::{After, Put, Remove},
    },
};

pub const DEFECTS: &[Defect] = &[
    Defect {
        rule: "837p.2300.zzz.unknown-segment",
        sample: "837p/office-visit",
        breaks: &[After("CLM", "ZZZ*1")],
        at: "2300/ZZZ",
        on: "ZZZ",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2300.sv2.not-in-set",
        sample: "837p/office-visit",
        breaks: &[After("AMT", "SV2*0300*HC:85025*25*UN*1")],
        at: "2300/SV2",
        on: "SV2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2300.ref.unexpected",
        sample: "837p/office-visit",
        breaks: &[After("AMT", "REF*ZZ*1")],
        at: "2300/REF",
        on: "REF*ZZ",
        also: &[],
        keeps: &[After("AMT", "REF*EA*1")],
    },
    Defect {
        rule: "837p.2300.amt.sequence",
        sample: "837p/office-visit",
        breaks: &[Remove("AMT"), After("HI", "AMT*F5*25")],
        at: "2300/AMT",
        on: "AMT",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2100.dtm.repeats",
        sample: "835/simple",
        breaks: &[After("DTM*050", "DTM*050*20260116")],
        at: "2100/DTM",
        on: "DTM*050#2",
        also: &[],
        // Neighbours of one position may come in any order.
        keeps: &[After("DTM*050", "DTM*232*20260112")],
    },
    Defect {
        rule: "837p.2310b.nm1.loop-repeats",
        sample: "837p/office-visit",
        breaks: &[After("PRV*PE", "NM1*82*1*BRAMBLEWICK*OTTILIE****XX*1632473157~PRV*PE*PXC*207Q00000X")],
        at: "2310B/NM1",
        on: "NM1*82#2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.bpr.mandatory-segment",
        sample: "835/simple",
        breaks: &[Remove("BPR")],
        at: "/BPR",
        on: "TRN",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2010aa.n3.missing",
        sample: "837p/office-visit",
        breaks: &[Remove("N3")],
        at: "2010AA/N3",
        on: "N4",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.1000b.nm1.loop-missing",
        sample: "837p/office-visit",
        breaks: &[Remove("NM1*40")],
        at: "1000B/NM1",
        on: "HL",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "277ca.2000c.hl02.parent",
        sample: "277ca/accepted",
        breaks: &[Put("HL#3", "02", "1")],
        at: "2000C/HL02",
        on: "HL#3",
        also: &[],
        keeps: &[],
    },
];

#[test]
fn a_segment_of_a_sister_guide_is_not_used_rather_than_unknown_to_the_set() {
    let of = |segment, rule| {
        let file = edit::apply(&super::read("837p/office-visit"), &[After("AMT", segment)]).expect("applies");
        let found = super::findings(&file, &super::options(super::NOBODY));
        found.iter().find(|finding| finding.rule_id() == rule).unwrap_or_else(|| panic!("no {rule}")).codes.ik3
    };
    assert_eq!(of("SV2*0300*HC:85025*25*UN*1", "837p.2300.sv2.not-in-set"), Some("I4"));
    assert_eq!(of("CLP*1*1*1*1**12*1", "837p.2300.clp.not-in-set"), Some("6"));
    assert_eq!(of("ZZZ*1", "837p.2300.zzz.unknown-segment"), Some("1"));
}
