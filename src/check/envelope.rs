//! Interchanges and functional groups, their headers and trailers: SNIP level 1.

use super::rule::{Rule, rules};
use crate::x12::FindingKind;

rules! {
    NO_ISA = Rule::error(1, "ENV02", "envelope.isa.missing").ta1("024")
        .says("the file does not begin with an ISA", "send whole interchanges, from ISA to IEA");
    NO_IEA = Rule::error(1, "ENV07", "envelope.iea.missing").ta1("023")
        .says("the interchange ends without its IEA", "the file may have been cut off: send all of it, ending with the IEA");
    STRAY = Rule::error(1, "ENV07", "envelope.stray").ta1("022")
        .says("a segment stands outside every transaction set", "segments stand between ST and SE, sets between GS and GE, groups between ISA and IEA");
    ISA_NUMBER = Rule::error(1, "ENV05", "envelope.iea.control-number").ta1("001")
        .says("the control number of the IEA (IEA02) is not that of the ISA (ISA13)", "write the same nine digits in both");
    TA1_NOTE = Rule::warning(1, "TA02", "envelope.ta1.note")
        .says("the note (TA105) contradicts the answer (TA104)", "write 000 with A, the reason with E and R");
    ISA_ZERO = Rule::error(1, "ENV05", "envelope.isa.control-number").ta1("018")
        .says("the interchange control number (ISA13) is not a positive number of nine digits", "number interchanges from 000000001 on");
    ISA_TWICE = Rule::error(1, "ENV05", "envelope.isa.duplicate").ta1("025")
        .says("another interchange of this sender had this control number (ISA13)", "give each interchange a number of its own");
    IEA_COUNT = Rule::error(1, "ENV06", "envelope.iea.count").ta1("021")
        .says("IEA01 is not the number of functional groups in the interchange", "count the groups again; one may be missing");
    VERSION = Rule::warning(1, "ENV03", "envelope.isa.version").ta1("017")
        .says("the interchange version (ISA12) is not 00501", "HIPAA transactions are exchanged in version 00501");
    ISA_USAGE = Rule::error(1, "ENV08", "envelope.isa.usage").ta1("020")
        .says("ISA15 does not say what is expected here: test data (T) or production data (P)", "send test data to test addresses only, and the other way around");
    ISA_PADDING = Rule::error(1, "ENV04", "envelope.isa.authorization").ta1("011")
        .says("ISA02 or ISA04 holds something although its qualifier says that it is empty", "fill it with ten blanks, or set the qualifier");
    ISA_PARTY = Rule::error(1, "ENV04", "envelope.isa.party").ta1("006")
        .says("the sender or receiver of the interchange (ISA06, ISA08) is not named", "write its identifier, filled up with blanks at the right");
    ISA_ALIGNED = Rule::warning(1, "ENV04", "envelope.isa.alignment").ta1("006")
        .says("the sender or receiver of the interchange (ISA06, ISA08) begins with a blank", "fill it up with blanks at the right, not at the left");
    ISA_WIDTH = Rule::error(1, "ENV01", "envelope.isa.width").ta1("022")
        .says("the ISA does not have its fixed width of 106 bytes", "fill each of its elements up to its full length");
    SEPARATORS = Rule::error(1, "ENV01", "envelope.separators").ta1("027")
        .says("the separators are not four different characters", "choose four that differ and that are neither letters nor digits");
    REPETITION = Rule::warning(1, "ENV01", "envelope.repetition-separator").ta1("026")
        .says("ISA11 does not hold a repetition separator", "put a separator there, usually ^");
    TERMINATOR = Rule::error(1, "ENV01", "envelope.terminator").ta1("023")
        .says("the last segment has no terminator", "the file may have been cut off: send all of it");
    JUNK = Rule::error(1, "ENV07", "envelope.junk").ta1("024")
        .says("something that is not X12 stands before or after an interchange", "send nothing but interchanges");
    BOM = Rule::warning(1, "ENV02", "envelope.byte-order-mark")
        .says("a byte order mark stands before the ISA", "save the file without one");
    EMPTY_SEGMENT = Rule::error(1, "ENV16", "segment.empty").ik5("5")
        .says("nothing stands between two segment terminators", "remove one of them");
    LINE_BREAK = Rule::error(1, "ENV15", "segment.line-break").ik3("8").ik4("6")
        .says("a line break stands inside a segment", "break lines after a segment terminator only");
    CONTROL = Rule::warning(1, "ENV15", "segment.control")
        .says("a control character stands between segments", "remove it: some receivers take it for a part of the segment id");
    NOT_ASCII = Rule::warning(1, "ENV15", "segment.not-ascii").ik4("6")
        .says("a character is outside ASCII", "the character sets of X12 hold none: write it without accent, or agree on it with the receiver");
    NO_GS = Rule::error(1, "ENV07", "envelope.gs.missing").ta1("022")
        .says("a transaction set stands outside a functional group", "put a GS before it and a GE after it");
    NO_GE = Rule::error(1, "ENV07", "envelope.ge.missing").ak9("3")
        .says("the functional group ends without its GE", "add the GE; the file may have been cut off here");
    GE_WITHOUT_GS = Rule::error(1, "ENV07", "envelope.ge.stray").ta1("022")
        .says("a GE stands outside a functional group", "remove it, or add its GS");
    GS_NUMBER = Rule::error(1, "ENV10", "envelope.ge.control-number").ak9("4")
        .says("the control number of the GE (GE02) is not that of the GS (GS06)", "write the same number in both");
    GE_COUNT = Rule::error(1, "ENV10", "envelope.ge.count").ak9("5")
        .says("GE01 is not the number of transaction sets in the group", "count them again; one may be missing");
    GS_TWICE = Rule::error(1, "ENV10", "envelope.gs.duplicate").ak9("19")
        .says("the interchange holds another group with this control number (GS06)", "give each group a number of its own");
    GS_KIND = Rule::error(1, "ENV09", "envelope.gs.kind").ik5("18")
        .says("the transaction set does not belong into a group of this kind (GS01)", "837 goes into HC, 835 into HP, 999 into FA, 277 into HN");
    NO_GUIDE = Rule::warning(1, "ENV09", "envelope.gs.guide").ak9("2")
        .says("there is no guide here for this transaction set, so that only level 1 was checked", "check GS08 and ST03");
    ST_UNUSABLE = Rule::error(1, "ENV13", "envelope.st.identifier").ak9("5")
        .says("the transaction set cannot be named in an acknowledgment: ST01 or ST02 is missing or has the wrong length", "write three digits in ST01 and four to nine characters in ST02");
    CONVENTION = Rule::error(1, "ENV11", "transaction.st.convention").ik5("I6")
        .says("ST03 and GS08 name different guides", "write the same identifier in both");
    CONVENTION_SPELLING = Rule::warning(1, "ENV11", "transaction.st.version").ik5("I6")
        .says("ST03 and GS08 name different versions of the same guide", "write the same identifier in both");
    NO_SE = Rule::error(1, "ENV07", "transaction.se.missing").ik5("2")
        .says("the transaction set ends without its SE", "add the SE; the file may have been cut off here");
    SE_WITHOUT_ST = Rule::error(1, "ENV07", "transaction.se.stray").ta1("022")
        .says("an SE stands outside a transaction set", "remove it, or add its ST");
    ST_NUMBER = Rule::error(1, "ENV11", "transaction.se.control-number").ik5("3")
        .says("the control number of the SE (SE02) is not that of the ST (ST02)", "write the same number in both");
    SE_COUNT = Rule::error(1, "ENV11", "transaction.se.count").ik5("4")
        .says("SE01 is not the number of segments in the transaction set", "count the segments from ST to SE, both included; one may be missing");
    ST_TWICE = Rule::error(1, "ENV11", "transaction.st.duplicate").ik5("23")
        .says("the group holds another transaction set with this control number (ST02)", "give each transaction set a number of its own");
}

/// The rule that an oddity of the bytes breaks.
pub(super) fn of_bytes(kind: FindingKind) -> &'static Rule {
    match kind {
        FindingKind::Bom => &BOM,
        FindingKind::IsaNotFixedWidth => &ISA_WIDTH,
        FindingKind::SeparatorsNotDistinct | FindingKind::NoComponentSeparator => &SEPARATORS,
        FindingKind::RepetitionSeparatorIsLetterU | FindingKind::NoRepetitionSeparator => &REPETITION,
        FindingKind::SeparatorsGuessed => &NO_ISA,
        FindingKind::BreakInsideSegment => &LINE_BREAK,
        FindingKind::ControlBetweenSegments => &CONTROL,
        FindingKind::MissingTerminator => &TERMINATOR,
        FindingKind::EmptySegment => &EMPTY_SEGMENT,
        FindingKind::NotAscii => &NOT_ASCII,
        FindingKind::JunkBeforeInterchange | FindingKind::TrailingJunk => &JUNK,
    }
}

/// TA105 for an element of the ISA.
pub(super) fn note_of_isa(element: u8) -> &'static str {
    match element {
        1 => "010",
        2 => "011",
        3 => "012",
        4 => "013",
        5 => "005",
        6 => "006",
        7 => "007",
        8 => "008",
        9 => "014",
        10 => "015",
        11 => "026",
        12 => "017",
        13 => "018",
        14 => "019",
        15 => "020",
        16 => "027",
        _ => "022",
    }
}
