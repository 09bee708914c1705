//! One service line of a claim.

use crate::claims::{
    Adjustment, AmbulanceTransport, Attachment, Certification, Contract, DatedEvent, Facility, Location, Note,
    Provider, Repricing,
};
use crate::record::{Date, Decimal, Layout, Text, When, record};

record! {
    /// One service: what was done, when, how often, and what it costs.
    pub struct Line {
        /// Counts from 1 in each claim.
        number: Option<u32>                                     = "LX01",
        /// The provider's number for this line; the payer sends it back.
        control_number: Option<Text>                            = "REF[6R]02",
        revenue_code: Option<Text>                              = "SV201",
        procedure: Option<Procedure>                            = "SV101 | SV202 | SV301",
        charge: Option<Decimal>                                 = "SV102 | SV203 | SV302",
        /// Of the quantity: `UN` units, `MJ` minutes, `DA` days.
        unit: Option<Text>                                      = "SV103 | SV204",
        quantity: Option<Decimal>                               = "SV104 | SV205 | SV306",
        non_covered_charge: Option<Decimal>                     = "SV207",
        /// When it is not the claim's.
        place_of_service: Option<Text>                          = "SV105 | SV303",
        /// The claim's diagnoses that this service is for, the first counted as 1.
        diagnosis_pointers: Vec<u32>                            = "SV107-1..4 | SV311-1..4",
        emergency: Option<bool>                                 = "SV109",
        epsdt: Option<bool>                                     = "SV111",
        family_planning: Option<bool>                           = "SV112",
        /// `0` when no copayment is due.
        copay_status: Option<Text>                              = "SV115",
        oral_cavity: Vec<Text>                                  = "SV304-1..5",
        /// Prosthesis, crown or inlay: initial placement (`I`) or replacement (`R`).
        prosthesis: Option<Text>                                = "SV305",
        teeth: Vec<Tooth>                                       = "TOO",

        service_date: Option<When>                              = "DTP[472]03",
        prescription_date: Option<Date>                         = "DTP[471]03",
        recertification_date: Option<Date>                      = "DTP[607]03",
        begin_therapy_date: Option<Date>                        = "DTP[463]03",
        last_certification_date: Option<Date>                   = "DTP[461]03",
        last_seen_date: Option<Date>                            = "DTP[304]03",
        /// Of hemoglobin or hematocrit (`738`), of creatinine (`739`).
        test_dates: Vec<DatedEvent>                             = "DTP[738]",
        shipped_date: Option<Date>                              = "DTP[011]03",
        last_xray_date: Option<Date>                            = "DTP[455]03",
        initial_treatment_date: Option<Date>                    = "DTP[454]03",
        /// Of the prosthesis that this one replaces: exact (`441`) or estimated (`139`).
        prior_placement: Option<DatedEvent>                     = "DTP[139]",
        appliance_placement_date: Option<Date>                  = "DTP[452]03",
        replacement_date: Option<Date>                          = "DTP[446]03",
        treatment_start_date: Option<Date>                      = "DTP[196]03",
        treatment_completion_date: Option<Date>                 = "DTP[198]03",

        drug: Option<Drug>                                      = "2410",
        equipment: Option<Equipment>                            = "SV5",
        equipment_certification: Option<EquipmentCertification> = "CR3",
        equipment_conditions: Option<Certification>             = "CRC[09]",
        /// How the certificate of medical necessity for equipment comes.
        medical_necessity_transmission: Option<Text>            = "PWK[AB]02",
        ambulance: Option<AmbulanceTransport>                   = "CR1",
        ambulance_certifications: Vec<Certification>            = "CRC[07]",
        ambulance_patient_count: Option<Decimal>                = "QTY[PT]02",
        /// Whether the provider is employed by the hospice.
        hospice_employee: Option<bool>                          = "CRC[70]02",
        obstetric_anesthesia_units: Option<Decimal>             = "QTY[FL]02",
        test_results: Vec<TestResult>                           = "MEA",
        purchased_service: Option<PurchasedService>             = "PS1",

        sales_tax: Option<Decimal>                              = "AMT[T]02",
        postage: Option<Decimal>                                = "AMT[F4]02",
        service_tax: Option<Decimal>                            = "AMT[GT]02",
        facility_tax: Option<Decimal>                           = "AMT[N8]02",

        prior_authorizations: Vec<PayerReference>               = "REF[G1]",
        referrals: Vec<PayerReference>                          = "REF[9F]",
        predeterminations: Vec<PayerReference>                  = "REF[G3]",
        repriced_line_number: Option<Text>                      = "REF[9B]02",
        adjusted_repriced_line_number: Option<Text>             = "REF[9D]02",
        repriced_claim_number: Option<Text>                     = "REF[9A]02",
        adjusted_repriced_claim_number: Option<Text>            = "REF[9C]02",
        mammography_certification: Option<Text>                 = "REF[EW]02",
        /// Clinical Laboratory Improvement Amendments certificate.
        clia_number: Option<Text>                               = "REF[X4]02",
        /// The certificate of the laboratory that referred the test.
        referring_clia_number: Option<Text>                     = "REF[F4]02",
        immunization_batch: Option<Text>                        = "REF[BT]02",

        attachments: Vec<Attachment>                            = "PWK[AA] | PWK",
        contract: Option<Contract>                              = "CN1",
        note: Option<Note>                                      = "NTE[ADD]",
        /// From a repricer or another third party to the payer.
        third_party_note: Option<Text>                          = "NTE[TPO]02",
        /// Data that a law asks for and the guides have no place for yet.
        fixed_format: Vec<Text>                                 = "K301",
        pricing: Option<Repricing>                              = "HCP",

        operating_physician: Option<Provider>                   = "2420[72]",
        other_operating_physician: Option<Provider>             = "2420[ZZ]",
        ordering_provider: Option<Provider>                     = "2420[DK]",
        referring_providers: Vec<Provider>                      = "2420[DN]",
        rendering_provider: Option<Provider>                    = "2420[82]",
        assistant_surgeon: Option<Provider>                     = "2420[DD]",
        supervising_provider: Option<Provider>                  = "2420[DQ]",
        /// Whom the service was bought from; known by identifiers only, without a name.
        purchased_service_provider: Option<Provider>            = "2420[QB]",
        service_facility: Option<Facility>                      = "2420[77]",
        ambulance_pickup: Option<Location>                      = "2420[PW]",
        ambulance_dropoff: Option<Location>                     = "2420[45]",

        /// What other payers have decided about this line, one item a payer.
        adjudications: Vec<LineAdjudication>                    = "2430",
        /// Answers that a payer's form asks for.
        forms: Vec<Form>                                        = "2440",
        x12: Layout                                             = "*",
    }

    /// A procedure, product or service, by its code.
    pub struct Procedure {
        /// The list: `HC` HCPCS and CPT, `AD` dental, `HP` HIPPS, …
        kind: Text                = "-1",
        code: Text                = "-2",
        modifiers: Vec<Text>      = "-3..6",
        description: Option<Text> = "-7",
    }

    /// A tooth that was treated.
    pub struct Tooth {
        code: Text          = "02",
        surfaces: Vec<Text> = "03-1..5",
    }

    /// A drug that was given.
    pub struct Drug {
        /// The list: `N4` National Drug Code, or one of the universal product numbers.
        kind: Text                        = "LIN02",
        code: Text                        = "LIN03",
        quantity: Option<Decimal>         = "CTP04",
        /// Of the quantity: `ML` milliliters, `GR` grams, `UN` units, …
        unit: Text                        = "CTP05-1",
        /// Prescription (`XZ`) or link between the parts of a compound (`VY`).
        prescription_kind: Option<Text>   = "REF01",
        prescription_number: Option<Text> = "REF02",
        x12: Layout                       = "*",
    }

    /// Durable medical equipment, for sale or rent.
    pub struct Equipment {
        /// HCPCS.
        procedure_code: Text            = "01-2",
        days_needed: Option<Decimal>    = "03",
        rental_price: Option<Decimal>   = "04",
        purchase_price: Option<Decimal> = "05",
        /// The rent is for a week (`1`), a month (`4`) or a day (`6`).
        rental_frequency: Option<Text>  = "06",
    }

    /// A physician's certification that equipment is needed.
    pub struct EquipmentCertification {
        /// Initial (`I`), renewal (`R`) or revised (`S`).
        kind: Text              = "01",
        months: Option<Decimal> = "03",
    }

    /// The result of a test.
    pub struct TestResult {
        /// At the start of treatment (`OG`) or as a test result (`TR`).
        reference: Text        = "01",
        /// What was measured: `HT` height, `R1` hemoglobin, `R2` hematocrit, …
        kind: Text             = "02",
        value: Option<Decimal> = "03",
    }

    /// A service that the provider bought from another one.
    pub struct PurchasedService {
        provider_id: Text       = "01",
        charge: Option<Decimal> = "02",
    }

    /// A number that a payer gave out, and which payer when it is not the one that is billed.
    pub struct PayerReference {
        number: Text           = "02",
        payer_id: Option<Text> = "04-2",
    }

    /// What another payer decided about a line.
    pub struct LineAdjudication {
        /// The payer, by the identifier that its coverage gives.
        payer_id: Text                               = "SVD01",
        paid: Option<Decimal>                        = "SVD02",
        /// The procedure that was paid; it may not be the one that was charged.
        procedure: Option<Procedure>                 = "SVD03",
        revenue_code: Option<Text>                   = "SVD04",
        /// Units paid.
        quantity: Option<Decimal>                    = "SVD05",
        /// The line into which the payer bundled this one, or from which it was split.
        bundled_line: Option<u32>                    = "SVD06",
        adjustments: Vec<Adjustment>                 = "CAS",
        adjudication_date: Option<Date>              = "DTP03",
        remaining_patient_liability: Option<Decimal> = "AMT02",
        x12: Layout                                  = "*",
    }

    /// A payer's form, filled in.
    pub struct Form {
        /// The list of forms: `AS` form type code, `UT` certificate of medical necessity.
        kind: Text           = "LQ01",
        code: Text           = "LQ02",
        answers: Vec<Answer> = "FRM",
        x12: Layout          = "*",
    }

    /// The answer to one question of a form, in the shape that the question asks for.
    pub struct Answer {
        question: Text           = "01",
        yes_no: Option<Text>     = "02",
        text: Option<Text>       = "03",
        date: Option<Date>       = "04",
        percent: Option<Decimal> = "05",
    }
}
