//! What the codes of acknowledgments say, in our words.

/// A place of an acknowledgment that holds a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coded {
    /// What became of it: TA104, IK501, AK901.
    Outcome,
    /// Why an interchange is noted: TA105.
    Interchange,
    /// What is wrong with a segment: IK304.
    Segment,
    /// What is wrong with an element: IK403.
    Element,
    /// Why a transaction set is noted: IK502.
    Set,
    /// Why a group is noted: AK905.
    Group,
}

/// What a code of an acknowledgment says, in our words.
///
/// ```
/// use claimwire::acknowledge::{Coded, meaning};
/// assert_eq!(meaning(Coded::Interchange, "025"), "the control number was used before (ISA13)");
/// assert_eq!(meaning(Coded::Set, "99"), "code 99");
/// ```
pub fn meaning(place: Coded, code: &str) -> String {
    let words = match place {
        Coded::Outcome => OUTCOME,
        Coded::Interchange => INTERCHANGE,
        Coded::Segment => SEGMENT,
        Coded::Element => ELEMENT,
        Coded::Set => SET,
        Coded::Group => GROUP,
    };
    of(words, code)
}

/// What a claim's status says (STC01-1, STC01-2, STC01-3), in our words.
///
/// ```
/// use claimwire::acknowledge::status_meaning;
/// assert_eq!(status_meaning("A7", "562", Some("85")), "rejected, invalid: billing provider, national provider identifier");
/// ```
pub fn status_meaning(category: &str, status: &str, entity: Option<&str>) -> String {
    let mut what = of(CATEGORY, category);
    what.push_str(": ");
    if let Some(entity) = entity {
        what.push_str(&of(ENTITY, entity));
        what.push_str(", ");
    }
    what.push_str(&of(STATUS, status));
    what
}

/// Codes and what they say.
type Words = &'static [(&'static str, &'static str)];

/// What a code says; the code itself for one that is not known.
pub(super) fn of(words: Words, code: &str) -> String {
    let known = words.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| format!("code {code}"), |(_, words)| (*words).to_owned())
}

/// TA104, IK501, AK901.
pub(super) const OUTCOME: Words = &[
    ("A", "accepted"),
    ("E", "accepted, but errors were noted"),
    ("P", "accepted in part"),
    ("R", "rejected"),
    ("M", "rejected: its authentication failed"),
    ("W", "rejected: its assurance failed"),
    ("X", "rejected: it could not be decrypted"),
];

/// TA105.
pub(super) const INTERCHANGE: Words = &[
    ("000", "no error"),
    ("001", "the control numbers of ISA and IEA differ"),
    ("002", "the standard is not supported (ISA11)"),
    ("003", "the version of the envelope is not supported (ISA12)"),
    ("004", "the segment terminator is invalid"),
    ("005", "the sender's qualifier is invalid (ISA05)"),
    ("006", "the sender's id is invalid (ISA06)"),
    ("007", "the receiver's qualifier is invalid (ISA07)"),
    ("008", "the receiver's id is invalid (ISA08)"),
    ("009", "the receiver's id is not known (ISA08)"),
    ("010", "the authorization qualifier is invalid (ISA01)"),
    ("011", "the authorization is invalid (ISA02)"),
    ("012", "the security qualifier is invalid (ISA03)"),
    ("013", "the security information is invalid (ISA04)"),
    ("014", "the date is invalid (ISA09)"),
    ("015", "the time is invalid (ISA10)"),
    ("016", "the standard's id is invalid (ISA11)"),
    ("017", "the version is invalid (ISA12)"),
    ("018", "the control number is invalid (ISA13)"),
    ("019", "whether an acknowledgment is asked for is invalid (ISA14)"),
    ("020", "test or production is not what was expected (ISA15)"),
    ("021", "the number of groups is wrong (IEA01)"),
    ("022", "the structure of the envelope is wrong"),
    ("023", "the file ends too early"),
    ("024", "something in it is invalid"),
    ("025", "the control number was used before (ISA13)"),
    ("026", "the element separator is invalid"),
    ("027", "the component separator is invalid (ISA16)"),
    ("028", "the delivery date asked for is invalid"),
    ("029", "the delivery time asked for is invalid"),
    ("030", "the delivery time code asked for is invalid"),
    ("031", "the grade of service asked for is invalid"),
];

/// IK304, AK304.
pub(super) const SEGMENT: Words = &[
    ("1", "is no segment of the standard"),
    ("2", "is not expected here"),
    ("3", "is required and missing"),
    ("4", "begins its loop too often"),
    ("5", "stands too often"),
    ("6", "does not belong in this transaction set"),
    ("7", "stands out of order"),
    ("8", "has errors in its elements"),
    ("I4", "is not used by the guide"),
    ("I6", "is missing, which other data here call for"),
    ("I7", "is missing with its loop, which the guide requires"),
    ("I8", "is missing, which the guide requires"),
    ("I9", "must not stand here, because of other data"),
];

/// IK304 of something that is missing.
pub(super) const MISSING: &[&str] = &["3", "I6", "I7", "I8"];

/// IK403, AK403.
pub(super) const ELEMENT: Words = &[
    ("1", "is required and missing"),
    ("2", "is missing, which the elements beside it call for"),
    ("3", "is one too many"),
    ("4", "is too short"),
    ("5", "is too long"),
    ("6", "holds a character that is not allowed"),
    ("7", "is not a valid code"),
    ("8", "is not a valid date"),
    ("9", "is not a valid time"),
    ("10", "must not stand together with another element"),
    ("12", "repeats too often"),
    ("13", "has too many components"),
    ("I6", "is a code that the guide does not use"),
    ("I9", "is missing, which the guide or other data call for"),
    ("I10", "is not used by the guide"),
    ("I11", "repeats too seldom"),
    ("I12", "does not have the form that it should"),
    ("I13", "must not stand here, because of other data"),
];

/// IK502, AK502.
pub(super) const SET: Words = &[
    ("1", "the transaction set is not supported"),
    ("2", "its trailer (SE) is missing"),
    ("3", "the control numbers of ST and SE differ"),
    ("4", "the number of segments is wrong (SE01)"),
    ("5", "segments are in error"),
    ("6", "its identifier is invalid (ST01)"),
    ("7", "its control number is missing or invalid (ST02)"),
    ("18", "it does not belong into a group of this kind"),
    ("19", "its guide is named wrongly (ST03)"),
    ("23", "its control number stands twice in the group"),
    ("I5", "segments break the guide"),
    ("I6", "its guide is not supported"),
];

/// AK905.
pub(super) const GROUP: Words = &[
    ("1", "the group is not supported"),
    ("2", "its version is not supported (GS08)"),
    ("3", "its trailer (GE) is missing"),
    ("4", "the control numbers of GS and GE differ"),
    ("5", "the number of transaction sets is wrong (GE01)"),
    ("6", "its control number is invalid"),
    ("19", "its control number stands twice in the interchange"),
];

/// STC01-1.
pub(super) const CATEGORY: Words = &[
    ("A0", "forwarded"),
    ("A1", "received"),
    ("A2", "accepted into adjudication"),
    ("A3", "returned, cannot be processed"),
    ("A4", "not found"),
    ("A5", "split"),
    ("A6", "rejected, missing"),
    ("A7", "rejected, invalid"),
    ("A8", "rejected, contradictory"),
];

/// STC01-3.
pub(super) const ENTITY: Words = &[
    ("40", "receiver"),
    ("41", "submitter"),
    ("71", "attending physician"),
    ("72", "operating physician"),
    ("77", "service facility"),
    ("82", "rendering provider"),
    ("85", "billing provider"),
    ("87", "pay-to provider"),
    ("AY", "clearinghouse"),
    ("DK", "ordering physician"),
    ("DN", "referring provider"),
    ("DQ", "supervising physician"),
    ("IL", "subscriber"),
    ("PR", "payer"),
    ("QC", "patient"),
];

/// STC01-2. The official texts belong to X12; these are ours, of the codes that claims are refused with most.
pub(super) const STATUS: Words = &[
    ("16", "forwarded to another party"),
    ("19", "receipt"),
    ("20", "accepted for processing"),
    ("21", "missing or invalid information"),
    ("24", "not approved as an electronic submitter"),
    ("26", "not found"),
    ("33", "subscriber not found"),
    ("35", "claim not found"),
    ("54", "duplicate of a claim processed or in process"),
    ("78", "duplicate of another claim"),
    ("88", "not eligible"),
    ("97", "patient eligibility"),
    ("104", "processed before"),
    ("116", "sent to the wrong payer"),
    ("125", "name"),
    ("126", "address"),
    ("127", "telephone number"),
    ("128", "tax number"),
    ("129", "social security number"),
    ("145", "taxonomy code"),
    ("153", "identifier"),
    ("155", "relationship to the subscriber"),
    ("157", "sex"),
    ("158", "date of birth"),
    ("164", "member number"),
    ("171", "other insurance"),
    ("178", "claim charge"),
    ("187", "dates of service"),
    ("188", "statement dates"),
    ("189", "admission date"),
    ("218", "national drug code"),
    ("219", "prescription number"),
    ("229", "admission source"),
    ("231", "admission type"),
    ("233", "discharge hour"),
    ("234", "patient status at discharge"),
    ("247", "line information"),
    ("249", "place of service"),
    ("254", "principal diagnosis"),
    ("255", "diagnosis"),
    ("400", "the claim is out of balance"),
    ("453", "procedure modifier"),
    ("454", "procedure code"),
    ("455", "revenue code"),
    ("464", "payer's claim number"),
    ("476", "units of service"),
    ("477", "diagnosis pointer"),
    ("478", "claim number of the submitter"),
    ("500", "postal code"),
    ("501", "state or province"),
    ("502", "city"),
    ("503", "street address"),
    ("504", "last name"),
    ("505", "first name"),
    ("507", "HCPCS code"),
    ("516", "adjudication date"),
    ("521", "adjustment reason"),
    ("535", "claim frequency"),
    ("560", "secondary identifier"),
    ("562", "national provider identifier"),
    ("578", "insurance type"),
    ("583", "line charge"),
    ("584", "line control number"),
    ("585", "non-covered charge"),
    ("672", "another payer's payment is out of balance"),
    ("697", "number format"),
];
