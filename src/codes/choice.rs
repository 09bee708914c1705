//! Which set of a list a qualifier chooses.

use super::facts;

/// A list of which a qualifier chooses the set. `""` stands for no qualifier at all.
pub(super) struct Choice {
    pub list: &'static str,
    /// The data element that holds the qualifier.
    pub element: u16,
    pub sets: &'static [(&'static [&'static str], &'static str)],
}

/// Countries whose addresses have ZIP codes.
const ZIP_COUNTRIES: &[&str] = &["", "US", "AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI"];

/// As `specs/README.md` tells them. A qualifier that stands nowhere here is judged by no set, as is a
/// jurisdiction's own procedure (ER), a customer's order number (ON) or another country's postal code.
pub(super) const CHOICES: &[Choice] = &[
    Choice { list: "abc", element: 1270, sets: &[(&["", "CAH"], "abc")] },
    Choice { list: "bank-routing", element: 506, sets: &[(&["01"], "bank-routing"), (&["04"], "canadian-bank")] },
    Choice { list: "cmn-form", element: 1270, sets: &[(&["", "AS"], "cmn-form")] },
    Choice {
        list: "drug-or-device",
        element: 235,
        sets: &[(&["N4"], "ndc"), (&["EN"], "ean-13"), (&["EO"], "ean-8"), (&["UK"], "gtin-14"), (&["UP"], "upc-12")],
    },
    Choice { list: "form-type", element: 1270, sets: &[(&["", "UT"], "form-type")] },
    Choice {
        list: "icd-diagnosis",
        element: 1270,
        sets: &[
            (&["ABK", "ABF", "ABJ", "ABN", "APR", ""], "icd-10-cm"),
            (&["BK", "BF", "BJ", "BN", "PR", ""], "icd-9-cm"),
        ],
    },
    Choice {
        list: "icd-procedure",
        element: 1270,
        sets: &[(&["BBR", "BBQ", ""], "icd-10-pcs"), (&["BR", "BQ", ""], "icd-9-procedure")],
    },
    Choice { list: "ncpdp-reject", element: 1270, sets: &[(&["", "RX"], "ncpdp-reject")] },
    Choice {
        list: "postal-code",
        element: 26,
        sets: &[(ZIP_COUNTRIES, "postal-code"), (&["CA"], "canadian-postal-code")],
    },
    Choice {
        list: "procedure",
        element: 235,
        sets: &[
            (&["HC"], "hcpcs"),
            (&["AD"], "cdt"),
            (&["HP"], "hipps"),
            (&["IV"], "home-infusion"),
            (&["N4"], "ndc"),
            (&["NU"], "revenue-code"),
            (&["WK"], "abc"),
        ],
    },
    Choice { list: "rarc", element: 1270, sets: &[(&["", "HE"], "rarc")] },
    Choice { list: "snodent", element: 1270, sets: &[(&["", "TQ"], "snodent")] },
    Choice {
        list: "state",
        element: 26,
        sets: &[(&["", "US", "CA", "AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI"], "state")],
    },
];

/// The names of the sets of a list; its own if it is one.
pub(super) fn sets_of(list: &str) -> Vec<&'static str> {
    match CHOICES.iter().find(|choice| choice.list == list) {
        Some(choice) => choice.sets.iter().map(|(_, set)| *set).collect(),
        None => facts::all().iter().filter(|set| set.name == list).map(|set| set.name).collect(),
    }
}
