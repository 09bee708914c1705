//! Other insurance: who else covers the patient, and what they have paid so far.

use crate::claims::{Address, Adjustment, Identifier, InpatientAdjudication, OutpatientAdjudication};
use crate::record::{Date, Decimal, Layout, Text, record};

record! {
    /// Coverage of the patient by another payer than the one that is billed.
    pub struct OtherCoverage {
        /// Rank of this payer among all that cover the patient: `P` primary, `S` secondary, …
        responsibility: Text                                  = "SBR01",
        /// What the patient is to the insured: `18` the same person, `01` spouse, …
        relationship: Text                                    = "SBR02",
        group_number: Option<Text>                            = "SBR03",
        group_name: Option<Text>                              = "SBR04",
        /// Why Medicare pays second.
        insurance_type: Option<Text>                          = "SBR05",
        /// The payer's line of business: `MB` Medicare part B, `CI` commercial, …
        filing_indicator: Option<Text>                        = "SBR09",
        benefits_assigned: Text                               = "OI03",
        signature_source: Option<Text>                        = "OI04",
        release_of_information: Text                          = "OI06",
        payer_paid: Option<Decimal>                           = "AMT[D]02",
        non_covered: Option<Decimal>                          = "AMT[A8]02",
        remaining_patient_liability: Option<Decimal>          = "AMT[EAF]02",
        /// What the payer took off the claim as a whole; its lines have their own.
        adjustments: Vec<Adjustment>                          = "CAS",
        inpatient: Option<InpatientAdjudication>              = "MIA",
        outpatient: Option<OutpatientAdjudication>            = "MOA",
        subscriber: OtherSubscriber                           = "2330A",
        payer: OtherPayer                                     = "2330B",
        attending_provider: Option<OtherPayerProvider>        = "2330[71]",
        operating_physician: Option<OtherPayerProvider>       = "2330[72]",
        other_operating_physician: Option<OtherPayerProvider> = "2330[ZZ]",
        referring_providers: Vec<OtherPayerProvider>          = "2330[DN]",
        rendering_provider: Option<OtherPayerProvider>        = "2330[82]",
        assistant_surgeon: Option<OtherPayerProvider>         = "2330[DD]",
        supervising_provider: Option<OtherPayerProvider>      = "2330[DQ]",
        service_facility: Option<OtherPayerProvider>          = "2330[77]",
        billing_provider: Option<OtherPayerProvider>          = "2330[85]",
        x12: Layout                                           = "*",
    }

    /// The insured of another coverage.
    pub struct OtherSubscriber {
        entity: Text                       = "NM102",
        name: Text                         = "NM103",
        first_name: Option<Text>           = "NM104",
        middle_name: Option<Text>          = "NM105",
        suffix: Option<Text>               = "NM107",
        /// Member number (`MI`) or standard unique health identifier (`II`).
        member_id_kind: Text               = "NM108",
        member_id: Text                    = "NM109",
        address: Option<Address>           = ".",
        social_security_numbers: Vec<Text> = "REF02",
        x12: Layout                        = "*",
    }

    /// A payer other than the one that is billed.
    pub struct OtherPayer {
        name: Text                         = "NM103",
        /// Payer identification (`PI`) or national plan identifier (`XV`).
        id_kind: Text                      = "NM108",
        /// What the lines' adjudications call this payer by.
        id: Text                           = "NM109",
        address: Option<Address>           = ".",
        /// When it decided, if the lines do not say.
        adjudication_date: Option<Date>    = "DTP03",
        identifiers: Vec<Identifier>       = "REF[2U]",
        prior_authorization: Option<Text>  = "REF[G1]02",
        referral_number: Option<Text>      = "REF[9F]02",
        predetermination: Option<Text>     = "REF[G3]02",
        /// Whether it has paid this claim before and now adjusts that.
        claim_adjusted: Option<bool>       = "REF[T4]02",
        /// This payer's number for the claim.
        payer_control_number: Option<Text> = "REF[F8]02",
        x12: Layout                        = "*",
    }

    /// What another payer calls a provider of this claim.
    pub struct OtherPayerProvider {
        /// Which of the roles that fit the place; only referring providers leave a choice
        /// (`DN` referring, `P3` primary care).
        role: Option<Text>           = "NM101",
        entity: Text                 = "NM102",
        identifiers: Vec<Identifier> = "REF",
        x12: Layout                  = "*",
    }
}
