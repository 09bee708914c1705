//! Files whose owner says what is wrong with them: an error of ours stands at each place that he names.
//!
//! Where he does it with an acknowledgment (`AK3*NM1*8**3`), that is read; where he does it in words, the places
//! stand in [`PLACES`]; where we cannot see what he sees, that stands in [`UNSEEN`].

use claimwire::check::Finding;

use super::{Judged, foreign::Row};

/// Files, by how their names end, and the places that their owner means: segment, by its number in the file (of
/// something missing, the segment that stands in its place), and designator.
///
/// Loops of one position may come in any order, so that 2010AA is missing only where something else than another
/// 2010 comes.
const PLACES: &[(&str, &[(u64, &str)])] = &[
    ("error_validation.edi", &[(2, "GS01"), (2, "GS04"), (29, "SE01"), (29, "SE02"), (30, "GE01"), (31, "IEA01")]),
    ("x12_bad_first_line.txt", &[(1, "")]),
    ("x12_bad_segment_identifier.txt", &[(6, ""), (7, "PER"), (11, "Nd4"), (12, "N4"), (20, "NM3"), (22, "NM1")]),
    ("x12_bad_valid_code.txt", &[(9, "NM1")]),
    ("x12_loop_errors1_exceeds_max_1_parent.txt", &[(15, "NM1")]),
    ("x12_loop_errors2_exceeds_max_repeats_multiple_parents.txt", &[(34, "NM1")]),
    ("x12_loop_errors3_missing_loops.txt", &[(12, "NM1")]),
    ("x12_missing_elements.txt", &[(7, "NM102"), (31, "CLM05")]),
    ("x12_missing_required_loop_in_one_repeat.txt", &[(21, "NM1")]),
    ("x12_missing_required_loops_mult_repeats.txt", &[(33, "SV1"), (34, "DTP"), (59, "SV1"), (60, "DTP")]),
    ("x12_no_isa_line.txt", &[(1, "")]),
    ("x12_segment_errors.txt", &[(10, "N3"), (12, "REF"), (22, "HI")]),
    ("x12_segments_out_of_order.txt", &[(12, "N4"), (17, "N3")]),
    ("test_HL_increment_bad.x12", &[(7, "HL01")]),
    ("test_HL_parent_bad_invalid.x12", &[(6, "HL02")]),
    ("test_LX_increment_bad.x12", &[(7, "LX01")]),
    ("test_SE_count.x12", &[(4, "SE01")]),
    ("test_SE_id_match_ST_id.x12", &[(4, "SE02")]),
    ("test_Unique_Transaction_Set_ID.x12", &[(5, "ST02")]),
    ("test_missing_SE.x12", &[(4, "SE")]),
    ("837miss_source.x12", &[(4, "SE")]),
    ("ele_source.x12", &[(1, "ISA10"), (3, "ST02")]),
    ("trailer_errors_source.x12", &[(61, "SE01"), (121, "GE02"), (122, "IEA01"), (122, "IEA02")]),
];

/// Files that are no interchange at all: nothing of them can be judged.
const UNREADABLE: &[&str] = &["errors__bad_file.edi"];

/// Files, places that their owner names, and why we see nothing there.
const UNSEEN: &[(&str, &[&str], &str)] = &[
    (
        "bad_2010AA_bug_source.x12",
        &["AK3*NM1*8**3"],
        "loop 2010AA is required by the 4010 guide only, which is not here",
    ),
    (
        "bad_header_looping_source.x12",
        &["AK3*DTM*5**8", "DTM AK4*2*373*8*11111111"],
        "11 November 1111 is a day of the calendar, and no guide says from which year on",
    ),
    (
        "elements_source.x12",
        &[
            "AK3*REF*3**8",
            "REF AK4*2*127*7*004010X098A2",
            "AK3*PER*5**8",
            "PER AK4*3*365*7*TA",
            "AK3*NM1*7**8",
            "NM1 AK4*8*66*7*47",
            "DMG AK4*3*1068*7*R",
            "AK3*CLM*23**8",
            "CLM AK4*5:1*1331*7*95",
        ],
        "the codes are those of the 4010 guide, which is not here",
    ),
    (
        "loop_counting_source.x12",
        &["AK3*LX*385**4", "AK3*LX*392**4", "AK3*LX*399**4", "AK3*LX*406**4"],
        "at most 50 lines are the 4010 guide's limit, which is not here; the standard has none",
    ),
    (
        "mult_isa_source.x12",
        HEADING,
        "REF and NM1 in the heading are required by the 4010 guide only, which is not here",
    ),
    ("multiple_trn_source.x12", HEADING, "as before"),
    (
        "trailing_terms_source.x12",
        &["CLM AK4*18*1073*1"],
        "CLM18 is required by the 4010 guide only, which is not here",
    ),
];

const HEADING: &[&str] = &["AK3*REF*2**3", "AK3*NM1*2**3"];

/// What contradicts the owner's word.
pub fn fault(row: &Row, judged: &Judged) -> Option<String> {
    let is = |name: &str| row.name.ends_with(name);
    if UNREADABLE.iter().any(|name| is(name)) {
        return judged.failure.is_none().then(|| "is no X12".to_owned());
    }
    let seen = |one: &Finding, (number, designator): (u64, &str)| {
        one.place.number == number && one.place.designator() == designator
    };
    let mut missed: Vec<String> = match PLACES.iter().find(|(name, _)| is(name)) {
        Some((_, places)) => places
            .iter()
            .filter(|place| !judged.errors.iter().any(|one| seen(one, **place)))
            .map(|(number, designator)| format!("{designator} of segment {number}"))
            .collect(),
        None => {
            let answers = answered(&row.detail);
            if answers.is_empty() {
                return Some("names a place that is in no table".to_owned());
            }
            answers
                .iter()
                .filter(|place| !judged.errors.iter().any(|one| place.holds(one)))
                .map(|place| place.text.clone())
                .collect()
        }
    };
    let unseen = UNSEEN.iter().find(|(name, ..)| is(name)).map_or(&[][..], |(_, places, _)| places);
    if let Some(found) = unseen.iter().find(|place| !missed.iter().any(|missed| missed == *place)) {
        return Some(format!("has no error at {found}, it is said, but has"));
    }
    missed.retain(|place| !unseen.contains(&place.as_str()));
    (!missed.is_empty())
        .then(|| format!("is wrong at {}", missed.join(", ")))
        .or_else(|| (judged.accepted && unseen.is_empty()).then(|| "is invalid".to_owned()))
}

/// A place that an acknowledgment names: AK3, or AK4 below it.
struct Answered {
    text: String,
    segment: String,
    /// Position in the transaction set, ST = 1.
    position: u32,
    /// Whether the segment is missing: the one at the position then stands before it.
    missing: bool,
    element: u8,
    component: u8,
}

impl Answered {
    fn holds(&self, finding: &Finding) -> bool {
        let place = &finding.place;
        let at = place.position == self.position || self.missing && place.position == self.position + 1;
        let element = self.element == 0 || place.element == self.element && place.component == self.component;
        place.segment == self.segment && place.missing == self.missing && at && element
    }
}

/// The places that an acknowledgment names.
fn answered(detail: &str) -> Vec<Answered> {
    let mut places: Vec<Answered> = Vec::new();
    for word in detail.split_whitespace() {
        let elements: Vec<&str> = word.split('*').collect();
        let element = |at: usize| elements.get(at).copied().unwrap_or_default();
        match element(0) {
            "AK3" => places.push(Answered {
                text: word.to_owned(),
                segment: element(1).to_owned(),
                position: element(2).parse().expect("a position"),
                missing: element(4) == "3",
                element: 0,
                component: 0,
            }),
            "AK4" => {
                let segment = places.last().expect("AK3 before AK4");
                let (at, component) = element(1).split_once(':').unwrap_or((element(1), "0"));
                places.push(Answered {
                    text: format!("{} {word}", segment.segment),
                    segment: segment.segment.clone(),
                    position: segment.position,
                    missing: false,
                    element: at.parse().expect("an element"),
                    component: component.parse().expect("a component"),
                });
            }
            _ => {}
        }
    }
    places
}
