//! What payers decide, as both a remittance and a later payer's claim report it.

use crate::record::{Decimal, Text, record};

record! {
    /// What was not paid, under one responsibility.
    pub struct Adjustment {
        /// Who bears it: `CO` contractual obligation, `PR` patient, `OA` other, `PI` payer.
        group: Text                    = "01",
        reasons: Vec<AdjustmentReason> = "02/3",
    }

    /// One reason for paying other than what was charged.
    pub struct AdjustmentReason {
        /// Claim adjustment reason code (CARC).
        reason: Text              = "+0",
        /// Taken off the payment; negative when added to it.
        amount: Option<Decimal>   = "+1",
        /// Units of service taken off.
        quantity: Option<Decimal> = "+2",
    }

    /// How an inpatient claim was priced.
    pub struct InpatientAdjudication {
        covered_days: Option<Decimal>                      = "01",
        pps_operating_outlier_amount: Option<Decimal>      = "02",
        lifetime_psychiatric_days: Option<Decimal>         = "03",
        drg_amount: Option<Decimal>                        = "04",
        remark_code: Option<Text>                          = "05",
        disproportionate_share_amount: Option<Decimal>     = "06",
        /// Medicare secondary payer pass-through.
        msp_pass_through_amount: Option<Decimal>           = "07",
        pps_capital_amount: Option<Decimal>                = "08",
        /// Federal specific portion.
        pps_capital_federal_drg_amount: Option<Decimal>    = "09",
        /// Hospital specific portion.
        pps_capital_hospital_drg_amount: Option<Decimal>   = "10",
        /// Disproportionate share of a hospital.
        pps_capital_dsh_drg_amount: Option<Decimal>        = "11",
        old_capital_amount: Option<Decimal>                = "12",
        /// Indirect medical education.
        pps_capital_ime_amount: Option<Decimal>            = "13",
        pps_operating_hospital_drg_amount: Option<Decimal> = "14",
        cost_report_days: Option<Decimal>                  = "15",
        pps_operating_federal_drg_amount: Option<Decimal>  = "16",
        pps_capital_outlier_amount: Option<Decimal>        = "17",
        indirect_teaching_amount: Option<Decimal>          = "18",
        non_payable_professional_amount: Option<Decimal>   = "19",
        /// Remark codes after the first.
        further_remark_codes: Vec<Text>                    = "20..23",
        pps_capital_exception_amount: Option<Decimal>      = "24",
    }

    /// How an outpatient claim was priced.
    pub struct OutpatientAdjudication {
        /// A fraction of one.
        reimbursement_rate: Option<Decimal>              = "01",
        hcpcs_payable_amount: Option<Decimal>            = "02",
        remark_codes: Vec<Text>                          = "03..07",
        /// End stage renal disease.
        esrd_payment_amount: Option<Decimal>             = "08",
        non_payable_professional_amount: Option<Decimal> = "09",
    }

    /// What a repricing organization made of a claim or a line on its way to the payer.
    pub struct Repricing {
        methodology: Text               = "01",
        allowed_amount: Option<Decimal> = "02",
        saving_amount: Option<Decimal>  = "03",
        organization_id: Option<Text>   = "04",
        /// Per diem or flat rate.
        rate: Option<Decimal>           = "05",
        /// Ambulatory patient group; in institutional claims the DRG.
        group_code: Option<Text>        = "06",
        group_amount: Option<Decimal>   = "07",
        revenue_code: Option<Text>      = "08",
        procedure_kind: Option<Text>    = "09",
        procedure_code: Option<Text>    = "10",
        unit: Option<Text>              = "11",
        quantity: Option<Decimal>       = "12",
        reject_reason: Option<Text>     = "13",
        policy_compliance: Option<Text> = "14",
        exception: Option<Text>         = "15",
    }
}
