//! The sets there are: what a code of each looks like, and when the set is in force.

use jiff::civil::{Date, date};

use super::form::{self, Form};

/// What holds of a set, whatever codes it has.
pub(super) struct Facts {
    pub name: &'static str,
    pub form: Form,
    /// The first day of the set.
    pub since: Date,
    /// The last day of the set.
    pub until: Date,
    /// Whether what longer codes begin with is a mere heading over them.
    pub headers: bool,
    /// How many characters of a value its list has.
    pub significant: usize,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// ICD-10 took the place of ICD-9 on this day of service or discharge (45 CFR 162.1002).
const ICD_10: Date = date(2015, 10, 1);
const ICD_9_END: Date = date(2015, 9, 30);

/// Every set.
pub(super) fn all() -> &'static [Facts] {
    const fn set(name: &'static str, form: Form) -> Facts {
        Facts { name, form, since: Date::MIN, until: Date::MAX, headers: false, significant: usize::MAX }
    }
    const fn icd_9(name: &'static str, form: Form) -> Facts {
        Facts { until: ICD_9_END, headers: true, ..set(name, form) }
    }
    const SETS: &[Facts] = &[
        set("abc", form::ABC),
        set("admission-source", form::ALNUM_1),
        set("admission-type", form::ADMISSION_TYPE),
        set("bank-routing", form::ABA),
        set("bill-frequency", form::ALNUM_1),
        set("canadian-bank", form::CANADIAN_BANK),
        set("canadian-postal-code", form::CANADIAN_POSTAL_CODE),
        set("carc", form::ALNUM_1_5),
        set("cdt", form::CDT),
        set("claim-status", form::DIGITS_1_4),
        set("claim-status-category", form::STATUS_CATEGORY),
        set("cmn-form", form::FREE),
        set("condition-code", form::ALNUM_2),
        set("country", form::LETTERS_2),
        set("country-subdivision", form::ALNUM_1_3),
        set("currency", form::LETTERS_3),
        set("drg", form::DRG),
        set("ean-8", form::EAN_8),
        set("ean-13", form::EAN_13),
        set("facility-type", form::DIGITS_2),
        set("form-type", form::FREE),
        set("gtin-14", form::GTIN_14),
        set("hcpcs", form::HCPCS),
        set("hipps", form::HIPPS),
        set("home-infusion", form::FREE),
        icd_9("icd-9-cm", form::ICD_9_DIAGNOSIS),
        icd_9("icd-9-procedure", form::ICD_9_PROCEDURE),
        Facts { since: ICD_10, headers: true, ..set("icd-10-cm", form::ICD_10_DIAGNOSIS) },
        Facts { since: ICD_10, ..set("icd-10-pcs", form::ICD_10_PROCEDURE) },
        set("modifier", form::ALNUM_2),
        set("ncpdp-reject", form::ALNUM_1_3),
        set("ndc", form::NDC),
        set("npi", form::NPI),
        set("occurrence-code", form::OCCURRENCE),
        set("occurrence-span-code", form::OCCURRENCE_SPAN),
        set("oral-cavity", form::ALNUM_1_2),
        set("patient-status", form::DIGITS_2),
        set("place-of-service", form::DIGITS_2),
        // The extension of a ZIP code is in no list.
        Facts { significant: 5, ..set("postal-code", form::ZIP) },
        set("rarc", form::RARC),
        set("revenue-code", form::REVENUE),
        set("segment-id", form::SEGMENT_ID),
        set("snodent", form::FREE),
        set("state", form::LETTERS_2),
        set("taxonomy", form::TAXONOMY),
        set("tooth", form::ALNUM_1_2),
        set("treatment-code", form::FREE),
        set("upc-12", form::UPC_12),
        set("value-code", form::ALNUM_2),
    ];
    SETS
}
