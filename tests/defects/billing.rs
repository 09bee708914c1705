//! Defects of the billing provider.

use super::{
    Defect,
    edit::Edit::{After, Before, Put, Remove, Replace},
};

pub const DEFECTS: &[Defect] = &[
    Defect {
        rule: "billing.address.box",
        sample: "837p/office-visit",
        breaks: &[Put("N3#1", "02", "P.O. BOX 12")],
        at: "2010AA/N302",
        on: "N3#1",
        also: &[],
        keeps: &[Put("N3#1", "02", "RR 2 BOX 15")],
    },
    Defect {
        rule: "billing.tax-id.person",
        sample: "837p/office-visit",
        breaks: &[Put("REF*EI", "01", "SY")],
        at: "2010AA/REF01",
        on: "REF*SY",
        also: &[],
        keeps: &[Put("REF*EI", "01", "SY"), Replace("NM1*85", "NM1*85*1*LEDGERLY*RUTH****XX*1899752780")],
    },
    Defect {
        rule: "billing.tax-id.medicare",
        sample: "837p/atypical-provider",
        breaks: &[Put("SBR", "09", "MB"), Put("NM1*IL", "09", "2AC3DF4GH56")],
        at: "2010AA/REF01",
        on: "REF*SY",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "billing.npi.missing",
        sample: "837p/atypical-provider",
        breaks: &[Remove("REF*G2")],
        at: "2010AA/NM109",
        on: "NM1*85",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "billing.secondary-id.unexpected",
        sample: "837p/office-visit",
        breaks: &[After("NM1*PR", "REF*G2*SHP7781")],
        at: "2010BB/REF",
        on: "REF*G2",
        also: &[],
        keeps: &[After("NM1*PR", "REF*2U*SHP7781")],
    },
    Defect {
        rule: "billing.contact.same",
        sample: "837p/office-visit",
        breaks: &[Replace("PER#2", "PER*IC*DANA PLACEHOLDER*TE*3125550110")],
        at: "2010AA/PER",
        on: "PER#2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "billing.pay-to.same",
        sample: "837p/office-visit",
        breaks: &[Before("HL#2", "NM1*87*2~N3*120 MAPLE STREET~N4*SPRINGFIELD*IL*627010001")],
        at: "2010AB/NM1",
        on: "NM1*87",
        also: &[],
        keeps: &[Before("HL#2", "NM1*87*2~N3*PO BOX 12~N4*SPRINGFIELD*IL*627010001")],
    },
];
