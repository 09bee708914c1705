//! The claim acknowledgment (277CA): which claims of a batch the payer took in, and which not.

use crate::claims::{Identifier, Procedure};
use crate::record::{Date, Decimal, Layout, Text, Time, When, record};

record! {
    /// One 277CA transaction set: the answer to one batch of claims.
    pub struct ClaimStatusReport {
        control_number: Text       = "ST02",
        guide: Text                = "ST03",
        /// The sender's own number for this report.
        reference: Text            = "BHT03",
        created_date: Option<Date> = "BHT04",
        created_time: Option<Time> = "BHT05",
        source: StatusSource       = "2000A",
        x12: Layout                = "*",
    }

    /// Who answers: the payer or a clearinghouse.
    pub struct StatusSource {
        /// Payer (`PR`) or clearinghouse (`AY`).
        role: Text                   = "2100A/NM101",
        name: Text                   = "2100A/NM103",
        id_kind: Text                = "2100A/NM108",
        id: Text                     = "2100A/NM109",
        /// The source's number for the transmission that it answers.
        trace_number: Text           = "2200A/TRN02",
        received_date: Option<Date>  = "2200A/DTP[050]03",
        processed_date: Option<Date> = "2200A/DTP[009]03",
        receiver: StatusReceiver     = "2000B",
        x12: Layout                  = "*",
    }

    /// Who is answered: the submitter of the claims, and the state of the batch as a whole.
    pub struct StatusReceiver {
        entity: Text                       = "2100B/NM102",
        name: Text                         = "2100B/NM103",
        first_name: Option<Text>           = "2100B/NM104",
        middle_name: Option<Text>          = "2100B/NM105",
        id: Text                           = "2100B/NM109",
        /// The reference of the batch that is answered.
        batch_reference: Text              = "2200B/TRN02",
        statuses: Vec<Status>              = "2200B/STC",
        /// In claims.
        accepted_quantity: Option<Decimal> = "2200B/QTY[90]02",
        /// In claims.
        rejected_quantity: Option<Decimal> = "2200B/QTY[AA]02",
        accepted_amount: Option<Decimal>   = "2200B/AMT[YU]02",
        rejected_amount: Option<Decimal>   = "2200B/AMT[YY]02",
        providers: Vec<StatusProvider>     = "2000C",
        x12: Layout                        = "*",
    }

    /// A billing provider of the batch, and the state of its claims.
    pub struct StatusProvider {
        names: Vec<BilledProvider>         = "2100C",
        trace_number: Option<Text>         = "2200C/TRN02",
        statuses: Vec<Status>              = "2200C/STC",
        identifiers: Vec<Identifier>       = "2200C/REF",
        /// In claims.
        accepted_quantity: Option<Decimal> = "2200C/QTY[QA]02",
        /// In claims.
        rejected_quantity: Option<Decimal> = "2200C/QTY[QC]02",
        accepted_amount: Option<Decimal>   = "2200C/AMT[YU]02",
        rejected_amount: Option<Decimal>   = "2200C/AMT[YY]02",
        patients: Vec<StatusPatient>       = "2000D",
        x12: Layout                        = "*",
    }

    /// A billing provider by name and identifier.
    pub struct BilledProvider {
        entity: Text              = "NM102",
        name: Text                = "NM103",
        first_name: Option<Text>  = "NM104",
        middle_name: Option<Text> = "NM105",
        suffix: Option<Text>      = "NM107",
        id_kind: Text             = "NM108",
        id: Text                  = "NM109",
        x12: Layout               = "*",
    }

    /// A patient, and the state of that patient's claims.
    pub struct StatusPatient {
        last_name: Text           = "2100D/NM103",
        first_name: Option<Text>  = "2100D/NM104",
        middle_name: Option<Text> = "2100D/NM105",
        suffix: Option<Text>      = "2100D/NM107",
        /// Member number (`MI`) or standard unique health identifier (`II`).
        member_id_kind: Text      = "2100D/NM108",
        member_id: Text           = "2100D/NM109",
        claims: Vec<ClaimStatus>  = "2200D",
        x12: Layout               = "*",
    }

    /// The state of one claim.
    pub struct ClaimStatus {
        /// The provider's number for the claim, as the provider sent it.
        control_number: Text                     = "TRN02",
        statuses: Vec<Status>                    = "STC",
        /// The payer's number for the claim.
        payer_control_number: Option<Text>       = "REF[1K]02",
        /// The number that a clearinghouse gave the claim.
        clearinghouse_trace_number: Option<Text> = "REF[D9]02",
        bill_type: Option<Text>                  = "REF[BLT]02",
        service_date: Option<When>               = "DTP03",
        lines: Vec<LineStatus>                   = "2220D",
        x12: Layout                              = "*",
    }

    /// The state of one service line.
    pub struct LineStatus {
        procedure: Option<Procedure>      = "SVC01",
        charge: Option<Decimal>           = "SVC02",
        revenue_code: Option<Text>        = "SVC04",
        /// Units charged.
        quantity: Option<Decimal>         = "SVC07",
        statuses: Vec<Status>             = "STC",
        /// The provider's number for this line, as the provider sent it.
        control_number: Option<Text>      = "REF[FJ]02",
        prescription_number: Option<Text> = "REF[XZ]02",
        service_date: Option<When>        = "DTP03",
        x12: Layout                       = "*",
    }

    /// What has become of a batch, a claim or a line, in up to three codes.
    pub struct Status {
        code: StatusCode                = "01",
        effective_date: Option<Date>    = "02",
        /// Accepted (`WQ`) or rejected (`U`).
        action: Text                    = "03",
        /// The charges that this is about.
        amount: Option<Decimal>         = "04",
        second_code: Option<StatusCode> = "10",
        third_code: Option<StatusCode>  = "11",
        message: Option<Text>           = "12",
    }

    /// A claim status: how far it got, what exactly, and about whom.
    pub struct StatusCode {
        /// `A1` received, `A2` accepted, `A3` rejected, `A7` rejected for invalid information, …
        category: Text       = "-1",
        status: Text         = "-2",
        /// The party that the status is about.
        entity: Option<Text> = "-3",
    }
}
