//! Envelopes and the answers to them: interchange, functional group, TA1 and 999.

use super::TransactionSet;
use crate::record::{Date, Decimal, Layout, Text, Time, record};

record! {
    /// An interchange: header, answers and groups.
    pub struct InterchangeEnvelope {
        header: InterchangeHeader                       = "ISA",
        acknowledgments: Vec<InterchangeAcknowledgment> = "TA1",
        groups: Vec<GroupEnvelope>                      = "<GS>",
        /// Transaction sets of a fragment that has no functional groups.
        transactions: Vec<TransactionSet>               = "<ST>",
        x12: Layout                                     = "*",
    }

    /// Who sends an interchange to whom, and its number.
    pub struct InterchangeHeader {
        authorization_kind: Text               = "01",
        authorization: Text                    = "02",
        security_kind: Text                    = "03",
        security: Text                         = "04",
        sender_kind: Text                      = "05",
        sender: Text                           = "06",
        receiver_kind: Text                    = "07",
        receiver: Text                         = "08",
        date: Option<Date>                     = "09",
        time: Option<Time>                     = "10",
        /// Release of the control segments: `00501`.
        version: Text                          = "12",
        /// Nine digits.
        control_number: Text                   = "13",
        acknowledgment_requested: Option<bool> = "14",
        /// Production (`P`) or test (`T`) data.
        usage: Text                            = "15",
    }

    /// The answer to an interchange (TA1): whether its envelope could be read.
    pub struct InterchangeAcknowledgment {
        /// Of the interchange that is answered, as its header gives it.
        control_number: Text = "01",
        /// Of the interchange that is answered.
        date: Option<Date>   = "02",
        /// Of the interchange that is answered.
        time: Option<Time>   = "03",
        /// Accepted (`A`), accepted with errors (`E`) or rejected (`R`).
        status: Text         = "04",
        /// What was wrong; `000` nothing.
        note: Text           = "05",
    }

    /// A functional group.
    pub struct GroupEnvelope {
        header: GroupHeader               = "GS",
        transactions: Vec<TransactionSet> = "<ST>",
        x12: Layout                       = "*",
    }

    /// What kind of transaction sets a group holds, and who exchanges them.
    pub struct GroupHeader {
        /// `HC` claims, `HP` remittances, `FA` acknowledgments, `HN` claim statuses.
        kind: Text           = "01",
        sender: Text         = "02",
        receiver: Text       = "03",
        date: Option<Date>   = "04",
        time: Option<Time>   = "05",
        control_number: Text = "06",
        guide: Text          = "08",
    }

    /// One 999 transaction set: whether the transaction sets of a group keep to their guide.
    pub struct FunctionalAcknowledgment {
        control_number: Text                         = "ST02",
        guide: Text                                  = "ST03",
        /// Functional identifier of the group that is answered.
        group_kind: Text                             = "AK101",
        /// Of the group that is answered.
        group_control_number: Text                   = "AK102",
        /// Of the group that is answered.
        group_guide: Text                            = "AK103",
        transactions: Vec<TransactionAcknowledgment> = "2000",
        /// Accepted (`A`), with errors (`E`), in part (`P`) or rejected (`R`).
        status: Text                                 = "AK901",
        /// Transaction sets that the group's trailer counts.
        included: Option<Decimal>                    = "AK902",
        /// Transaction sets that were found in the group.
        received: Option<Decimal>                    = "AK903",
        /// Transaction sets that were accepted, with errors or without.
        accepted: Option<Decimal>                    = "AK904",
        errors: Vec<Text>                            = "AK905..09",
        x12: Layout                                  = "*",
    }

    /// The answer to one transaction set.
    pub struct TransactionAcknowledgment {
        /// `837`, `835`, …
        kind: Text                  = "AK201",
        control_number: Text        = "AK202",
        guide: Option<Text>         = "AK203",
        segments: Vec<SegmentError> = "2100",
        /// Accepted (`A`), with errors (`E`) or rejected (`R`).
        status: Text                = "IK501",
        errors: Vec<Text>           = "IK502..06",
        x12: Layout                 = "*",
    }

    /// A segment at fault.
    pub struct SegmentError {
        segment: Text                    = "IK301",
        /// Counts from the transaction set header as 1.
        position: Option<u32>            = "IK302",
        /// The loop that the segment is in or should be in.
        loop_id: Option<Text>            = "IK303",
        error: Text                      = "IK304",
        /// The places whose data make this segment wrong here.
        contexts: Vec<SegmentContext>    = "CTX[SITUATIONAL TRIGGER]",
        /// The claim, patient or other unit that the segment belongs to.
        business_unit: Vec<BusinessUnit> = "CTX[CLM01]01",
        elements: Vec<ElementError>      = "2110",
        x12: Layout                      = "*",
    }

    /// An element at fault.
    pub struct ElementError {
        /// Counts from 1 in the segment.
        element: Option<u32>          = "IK401-1",
        /// Counts from 1 in the composite element.
        component: Option<u32>        = "IK401-2",
        /// Counts from 1 in a repeating element.
        repetition: Option<u32>       = "IK401-3",
        /// The element's number in the data element dictionary.
        element_number: Option<u32>   = "IK402",
        error: Text                   = "IK403",
        /// What stood there.
        value: Option<Text>           = "IK404",
        /// The places whose data make this element wrong here.
        contexts: Vec<SegmentContext> = "CTX",
        x12: Layout                   = "*",
    }

    /// A place that made a rule apply.
    pub struct SegmentContext {
        segment: Text               = "02",
        /// Counts from the transaction set header as 1.
        position: Option<u32>       = "03",
        loop_id: Option<Text>       = "04",
        /// Counts from 1 in the segment.
        element: Option<u32>        = "05-1",
        /// Counts from 1 in the composite element.
        component: Option<u32>      = "05-2",
        /// Counts from 1 in a repeating element.
        repetition: Option<u32>     = "05-3",
        /// The element's number in the data element dictionary.
        element_number: Option<u32> = "06-1",
    }

    /// What names a unit of business: for a claim, the place `CLM01` and what stands there.
    pub struct BusinessUnit {
        place: Text         = "-1",
        value: Option<Text> = "-2",
    }
}
