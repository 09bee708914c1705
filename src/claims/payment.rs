//! The remittance advice: what a payer paid for which claims, and why not more.

use crate::claims::{
    Address, Adjustment, Contact, Identifier, InpatientAdjudication, OutpatientAdjudication, Procedure,
};
use crate::record::{Date, Decimal, Layout, Text, record};

record! {
    /// One 835 transaction set: one payment, and the claims that it settles.
    pub struct Remittance {
        control_number: Text                          = "ST02",
        payment: Payment                              = "BPR",
        /// The number of the check or transfer, to match this advice with the money.
        trace_number: Text                            = "TRN02",
        /// Who started the payment: `1` and a federal tax identification number.
        trace_originator: Text                        = "TRN03",
        trace_originator_division: Option<Text>       = "TRN04",
        /// The currency of all amounts, when it is not the US dollar.
        currency: Option<Text>                        = "CUR02",
        /// Who receives the file, when that is not the payee.
        receiver_id: Option<Text>                     = "REF[EV]02",
        /// Of the payer's adjudication system.
        version: Option<Text>                         = "REF[F2]02",
        /// The end of the adjudication cycle that this advice reports.
        production_date: Option<Date>                 = "DTM02",
        payer: RemittancePayer                        = "1000A",
        payee: Payee                                  = "1000B",
        groups: Vec<PaymentGroup>                     = "2000",
        /// What was added to or taken from the payment apart from any claim.
        provider_adjustments: Vec<ProviderAdjustment> = "PLB",
        x12: Layout                                   = "*",
    }

    /// The money and how it moves.
    pub struct Payment {
        /// What this advice is to the money: both together (`C`), notification only (`H`), …
        handling: Text                    = "01",
        amount: Option<Decimal>           = "02",
        /// Whether the amount is a credit (`C`) or a debit (`D`) to the payee.
        credit_debit: Text                = "03",
        /// `ACH` transfer, `CHK` check, `NON` no payment, …
        method: Text                      = "04",
        format: Option<Text>              = "05",
        payer_bank_kind: Option<Text>     = "06",
        payer_bank: Option<Text>          = "07",
        payer_account: Option<Text>       = "09",
        originator: Option<Text>          = "10",
        originator_division: Option<Text> = "11",
        payee_bank_kind: Option<Text>     = "12",
        payee_bank: Option<Text>          = "13",
        /// Demand deposit (`DA`) or savings (`SG`).
        payee_account_kind: Option<Text>  = "14",
        payee_account: Option<Text>       = "15",
        /// When the check was issued or the transfer takes effect.
        effective_date: Option<Date>      = "16",
    }

    /// The payer whose advice this is.
    pub struct RemittancePayer {
        name: Text                        = "N102",
        /// National plan identifier.
        id: Option<Text>                  = "N104",
        address: Address                  = ".",
        identifiers: Vec<Identifier>      = "REF",
        business_contact: Option<Contact> = "PER[CX]",
        technical_contacts: Vec<Contact>  = "PER[BL]",
        website: Option<Text>             = "PER[IC]04",
        x12: Layout                       = "*",
    }

    /// The provider that is paid.
    pub struct Payee {
        name: Text                   = "N102",
        /// National provider identifier (`XX`), tax identification (`FI`) or plan (`XV`).
        id_kind: Text                = "N103",
        id: Text                     = "N104",
        address: Option<Address>     = ".",
        identifiers: Vec<Identifier> = "REF",
        delivery: Option<Delivery>   = "RDM",
        x12: Layout                  = "*",
    }

    /// How the payee gets this advice.
    pub struct Delivery {
        method: Text         = "01",
        name: Option<Text>   = "02",
        number: Option<Text> = "03",
    }

    /// Claims that the payer groups, with their totals.
    pub struct PaymentGroup {
        /// Chosen by the payer; some put a date or a type of bill in it.
        number: Option<u32>                         = "LX01",
        summary: Option<ProviderSummary>            = "TS3",
        inpatient_summary: Option<InpatientSummary> = "TS2",
        claims: Vec<ClaimPayment>                   = "2100",
        x12: Layout                                 = "*",
    }

    /// Totals of a group of Medicare part A claims.
    pub struct ProviderSummary {
        provider_id: Text                                 = "01",
        /// Facility type.
        place_of_service: Text                            = "02",
        /// The last day of the provider's fiscal year.
        fiscal_period: Option<Date>                       = "03",
        claim_count: Option<Decimal>                      = "04",
        charge: Option<Decimal>                           = "05",
        msp_payer_amount: Option<Decimal>                 = "13",
        non_lab_charge: Option<Decimal>                   = "15",
        hcpcs_reported_charge: Option<Decimal>            = "17",
        hcpcs_payable_amount: Option<Decimal>             = "18",
        professional_component_amount: Option<Decimal>    = "20",
        msp_patient_liability_met_amount: Option<Decimal> = "21",
        patient_reimbursement_amount: Option<Decimal>     = "22",
        /// Periodic interim payments.
        pip_claim_count: Option<Decimal>                  = "23",
        pip_adjustment_amount: Option<Decimal>            = "24",
    }

    /// Further totals of a group of inpatient claims.
    pub struct InpatientSummary {
        drg_amount: Option<Decimal>                        = "01",
        federal_specific_amount: Option<Decimal>           = "02",
        hospital_specific_amount: Option<Decimal>          = "03",
        disproportionate_share_amount: Option<Decimal>     = "04",
        capital_amount: Option<Decimal>                    = "05",
        indirect_medical_education_amount: Option<Decimal> = "06",
        outlier_days: Option<Decimal>                      = "07",
        day_outlier_amount: Option<Decimal>                = "08",
        cost_outlier_amount: Option<Decimal>               = "09",
        /// In days.
        average_drg_length_of_stay: Option<Decimal>        = "10",
        discharge_count: Option<Decimal>                   = "11",
        cost_report_days: Option<Decimal>                  = "12",
        covered_days: Option<Decimal>                      = "13",
        non_covered_days: Option<Decimal>                  = "14",
        /// Medicare secondary payer pass-through.
        msp_pass_through_amount: Option<Decimal>           = "15",
        average_drg_weight: Option<Decimal>                = "16",
        /// Federal specific portion.
        pps_capital_federal_drg_amount: Option<Decimal>    = "17",
        /// Hospital specific portion.
        pps_capital_hospital_drg_amount: Option<Decimal>   = "18",
        /// Disproportionate share of a hospital.
        pps_capital_dsh_drg_amount: Option<Decimal>        = "19",
    }

    /// What the payer decided about one claim.
    pub struct ClaimPayment {
        /// The provider's number for the claim, as the provider sent it.
        control_number: Text                            = "CLP01",
        /// Processed as primary (`1`), denied (`4`), reversal (`22`), …
        status: Text                                    = "CLP02",
        charge: Option<Decimal>                         = "CLP03",
        paid: Option<Decimal>                           = "CLP04",
        patient_responsibility: Option<Decimal>         = "CLP05",
        /// The payer's line of business: `MB` Medicare part B, `12` PPO, …
        filing_indicator: Text                          = "CLP06",
        /// The payer's number for the claim.
        payer_control_number: Text                      = "CLP07",
        /// Place of service or facility type, as on the claim.
        place_of_service: Option<Text>                  = "CLP08",
        frequency: Option<Text>                         = "CLP09",
        /// Diagnosis related group.
        drg: Option<Text>                               = "CLP11",
        drg_weight: Option<Decimal>                     = "CLP12",
        discharge_fraction: Option<Decimal>             = "CLP13",
        /// What was taken off the claim as a whole; its lines have their own.
        adjustments: Vec<Adjustment>                    = "CAS",
        patient: Party                                  = "NM1[QC]",
        insured: Option<Party>                          = "NM1[IL]",
        /// The patient or insured as the payer knows them.
        corrected_insured: Option<Party>                = "NM1[74]",
        rendering_provider: Option<Party>               = "NM1[82]",
        /// The payer to which the claim was passed on.
        crossover_carrier: Option<Party>                = "NM1[TT]",
        /// The payer that should have been billed first.
        corrected_payer: Option<Party>                  = "NM1[PR]",
        /// The insured of the corrected payer.
        other_subscriber: Option<Party>                 = "NM1[GB]",
        inpatient: Option<InpatientAdjudication>        = "MIA",
        outpatient: Option<OutpatientAdjudication>      = "MOA",
        identifiers: Vec<Identifier>                    = "REF[1L]",
        rendering_provider_identifiers: Vec<Identifier> = "REF[0B]",
        /// The first (`232`) and the last (`233`) day that the claim covers.
        statement_dates: Vec<PaymentDate>               = "DTM[232]",
        coverage_expiration_date: Option<Date>          = "DTM[036]02",
        received_date: Option<Date>                     = "DTM[050]02",
        contacts: Vec<Contact>                          = "PER",
        amounts: Vec<Amount>                            = "AMT",
        quantities: Vec<Quantity>                       = "QTY",
        lines: Vec<ServicePayment>                      = "2110",
        x12: Layout                                     = "*",
    }

    /// What the payer decided about one service line.
    pub struct ServicePayment {
        /// The procedure that was paid.
        procedure: Option<Procedure>                    = "SVC01",
        charge: Option<Decimal>                         = "SVC02",
        paid: Option<Decimal>                           = "SVC03",
        revenue_code: Option<Text>                      = "SVC04",
        /// Units paid.
        quantity: Option<Decimal>                       = "SVC05",
        /// The procedure that was charged, when another one was paid.
        submitted_procedure: Option<Procedure>          = "SVC06",
        /// Units charged, when others were paid.
        submitted_quantity: Option<Decimal>             = "SVC07",
        /// The day (`472`), or the first (`150`) and the last (`151`) day.
        service_dates: Vec<PaymentDate>                 = "DTM",
        adjustments: Vec<Adjustment>                    = "CAS",
        /// The provider's number for this line, as the provider sent it.
        control_number: Option<Text>                    = "REF[6R]02",
        identifiers: Vec<Identifier>                    = "REF[1S]",
        rendering_provider_identifiers: Vec<Identifier> = "REF[0B]",
        /// Numbers of the health care policies that the decision rests on.
        policies: Vec<Text>                             = "REF[0K]02",
        amounts: Vec<Amount>                            = "AMT",
        quantities: Vec<Quantity>                       = "QTY",
        remarks: Vec<Remark>                            = "LQ",
        x12: Layout                                     = "*",
    }

    /// A person or organization that a claim payment names.
    pub struct Party {
        entity: Text              = "02",
        name: Option<Text>        = "03",
        first_name: Option<Text>  = "04",
        middle_name: Option<Text> = "05",
        suffix: Option<Text>      = "07",
        id_kind: Option<Text>     = "08",
        id: Option<Text>          = "09",
    }

    /// A date whose meaning a code tells.
    pub struct PaymentDate {
        kind: Text         = "01",
        date: Option<Date> = "02",
    }

    /// An amount that is told for information and takes no part in the balance.
    pub struct Amount {
        kind: Text              = "01",
        amount: Option<Decimal> = "02",
    }

    /// A number of days or units, and what it counts.
    pub struct Quantity {
        kind: Text                = "01",
        quantity: Option<Decimal> = "02",
    }

    /// A code that explains a decision further.
    pub struct Remark {
        /// The list: `HE` remittance advice remark codes (RARC), `RX` pharmacy reject codes.
        kind: Text = "01",
        code: Text = "02",
    }

    /// Adjustments of a payment that belong to no claim of it.
    pub struct ProviderAdjustment {
        provider_id: Text                          = "01",
        /// The last day of the provider's fiscal year.
        fiscal_period: Option<Date>                = "02",
        adjustments: Vec<ProviderAdjustmentAmount> = "03/2",
    }

    /// One adjustment that belongs to no claim of the payment.
    pub struct ProviderAdjustmentAmount {
        /// `WO` overpayment recovery, `FB` forwarding balance, `L6` interest, …
        reason: Text            = "+0-1",
        id: Option<Text>        = "+0-2",
        /// Taken off the payment; negative when added to it.
        amount: Option<Decimal> = "+1",
    }
}
