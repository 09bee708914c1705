//! One claim, and the facts that stand at its head.

use crate::claims::{Facility, Line, Location, OtherCoverage, Provider, Repricing};
use crate::record::{Date, Decimal, Layout, Text, When, record};

record! {
    /// One claim: professional, institutional or dental.
    pub struct Claim {
        /// The provider's number for this claim; the payer sends it back.
        control_number: Text                            = "CLM01",
        /// The sum of the charges of the lines.
        charge: Option<Decimal>                         = "CLM02",
        /// Place of service; in institutional claims the first two digits of the type of bill.
        place_of_service: Text                          = "CLM05-1",
        /// Original (`1`), replacement (`7`), void (`8`), …; the last digit of the type of bill.
        frequency: Text                                 = "CLM05-3",
        signature_on_file: Option<bool>                 = "CLM06",
        /// Whether the provider accepts the payer's assignment.
        assignment: Text                                = "CLM07",
        /// Whether the patient lets the payer pay the provider.
        benefits_assigned: Text                         = "CLM08",
        release_of_information: Text                    = "CLM09",
        signature_source: Option<Text>                  = "CLM10",
        special_program: Option<Text>                   = "CLM12",
        /// `PB` asks what would be paid (a dental predetermination) and bills nothing.
        submission_reason: Option<Text>                 = "CLM19",
        delay_reason: Option<Text>                      = "CLM20",

        /// Accident or employment, as causes of what is treated.
        related_causes: Vec<Text>                       = "CLM11-1..2",
        accident_date: Option<Date>                     = "DTP[439]03",
        accident_state: Option<Text>                    = "CLM11-4 | REF[LU]02",
        accident_country: Option<Text>                  = "CLM11-5",

        /// From the first to the last day that this bill covers.
        statement_period: Option<When>                  = "DTP[434]03",
        service_date: Option<When>                      = "DTP[472]03",
        /// The day, in institutional claims also the hour.
        admission: Option<When>                         = "DTP[435]03",
        /// The day; in institutional claims the hour instead.
        discharge: Option<When>                         = "DTP[096]03",
        admission_type: Option<Text>                    = "CL101",
        admission_source: Option<Text>                  = "CL102",
        patient_status: Option<Text>                    = "CL103",
        onset_date: Option<Date>                        = "DTP[431]03",
        initial_treatment_date: Option<Date>            = "DTP[454]03",
        last_seen_date: Option<Date>                    = "DTP[304]03",
        acute_manifestation_date: Option<Date>          = "DTP[453]03",
        last_menstrual_period_date: Option<Date>        = "DTP[484]03",
        last_xray_date: Option<Date>                    = "DTP[455]03",
        /// Of glasses or a hearing aid.
        prescription_date: Option<Date>                 = "DTP[471]03",
        disability: Option<Disability>                  = "DTP[314]",
        last_worked_date: Option<Date>                  = "DTP[297]03",
        return_to_work_date: Option<Date>               = "DTP[296]03",
        /// Post-operative care assumed (`090`) or relinquished (`091`).
        care_dates: Vec<DatedEvent>                     = "DTP[090]",
        /// Of the patient with the provider, for property and casualty claims.
        first_contact_date: Option<Date>                = "DTP[444]03",
        repricer_received_date: Option<Date>            = "DTP[050]03",
        appliance_placement_date: Option<Date>          = "DTP[452]03",

        /// The principal diagnosis first. Institutional claims have no other here.
        diagnoses: Vec<Diagnosis>                       = "HI[ABK]01..12",
        other_diagnoses: Vec<Diagnosis>                 = "HI[ABF]01..12",
        admitting_diagnosis: Option<Diagnosis>          = "HI[ABJ]01",
        reasons_for_visit: Vec<Diagnosis>               = "HI[APR]01..03",
        external_causes: Vec<Diagnosis>                 = "HI[ABN]01..12",
        /// Diagnosis related group.
        drg: Option<Text>                               = "HI[DR]01-2",
        principal_procedure: Option<SurgicalProcedure>  = "HI[BBR]01",
        other_procedures: Vec<SurgicalProcedure>        = "HI[BBQ]01..12",
        /// The surgery, and a further procedure, that anesthesia was given for.
        anesthesia_procedures: Vec<Text>                = "HI[BP]01..02-2",
        occurrence_spans: Vec<OccurrenceSpan>           = "HI[BI]01..12",
        occurrences: Vec<Occurrence>                    = "HI[BH]01..12",
        values: Vec<ValueAmount>                        = "HI[BE]01..12",
        conditions: Vec<Text>                           = "HI[BG]01..12-2",
        treatments: Vec<Text>                           = "HI[TC]01..12-2",

        patient_paid: Option<Decimal>                   = "AMT[F5]02",
        patient_estimated_due: Option<Decimal>          = "AMT[F3]02",

        prior_authorization: Option<Text>               = "REF[G1]02",
        referral_number: Option<Text>                   = "REF[9F]02",
        predetermination: Option<Text>                  = "REF[G3]02",
        /// The payer's number of the claim that this one replaces or voids.
        payer_control_number: Option<Text>              = "REF[F8]02",
        /// The number that a clearinghouse gave this claim.
        clearinghouse_trace_number: Option<Text>        = "REF[D9]02",
        medical_record_number: Option<Text>             = "REF[EA]02",
        service_authorization_exception: Option<Text>   = "REF[4N]02",
        /// Whether section 4081 makes Medicare hand the claim on to a Medigap insurer.
        medicare_section_4081: Option<bool>             = "REF[F5]02",
        mammography_certification: Option<Text>         = "REF[EW]02",
        /// Clinical Laboratory Improvement Amendments certificate.
        clia_number: Option<Text>                       = "REF[X4]02",
        repriced_claim_number: Option<Text>             = "REF[9A]02",
        adjusted_repriced_claim_number: Option<Text>    = "REF[9C]02",
        /// Investigational device exemption numbers.
        device_exemptions: Vec<Text>                    = "REF[LX]02",
        demonstration_project: Option<Text>             = "REF[P4]02",
        care_plan_oversight: Option<Text>               = "REF[1J]02",
        peer_review_authorization: Option<Text>         = "REF[G4]02",

        attachments: Vec<Attachment>                    = "PWK",
        contract: Option<Contract>                      = "CN1",
        /// In institutional claims what the bill has to add.
        notes: Vec<Note>                                = "NTE[ADD]",
        /// What institutional claims say of the treatment: allergies, medications, diet, …
        clinical_notes: Vec<Note>                       = "NTE[ALG]",
        /// Data that a law asks for and the guides have no place for yet.
        fixed_format: Vec<Text>                         = "K301",
        pricing: Option<Repricing>                      = "HCP",

        ambulance: Option<AmbulanceTransport>           = "CR1",
        ambulance_certifications: Vec<Certification>    = "CRC[07]",
        spinal_manipulation: Option<SpinalManipulation> = "CR2",
        vision: Vec<VisionCondition>                    = "CRC[E1]",
        homebound: Option<bool>                         = "CRC[75]02",
        /// Whether a screening under EPSDT led to a referral, and which.
        epsdt_referral: Option<Certification>           = "CRC[ZZ]",
        orthodontics: Option<Orthodontics>              = "DN1",
        tooth_statuses: Vec<ToothStatus>                = "DN2",

        attending_provider: Option<Provider>            = "2310[71]",
        operating_physician: Option<Provider>           = "2310[72]",
        other_operating_physician: Option<Provider>     = "2310[ZZ]",
        referring_providers: Vec<Provider>              = "2310[DN]",
        rendering_provider: Option<Provider>            = "2310[82]",
        assistant_surgeon: Option<Provider>             = "2310[DD]",
        supervising_provider: Option<Provider>          = "2310[DQ]",
        service_facility: Option<Facility>              = "2310[77]",
        ambulance_pickup: Option<Location>              = "2310[PW]",
        ambulance_dropoff: Option<Location>             = "2310[45]",

        other_coverages: Vec<OtherCoverage>             = "2320",
        lines: Vec<Line>                                = "2400",
        x12: Layout                                     = "*",
    }

    /// When the patient was unable to work.
    pub struct Disability {
        /// The whole span (`314`), its first day (`360`) or its last day (`361`).
        kind: Text         = "01",
        date: Option<When> = "03",
    }

    /// A date whose meaning a code tells.
    pub struct DatedEvent {
        kind: Text         = "01",
        date: Option<Date> = "03",
    }

    /// A diagnosis code and the list it is from.
    pub struct Diagnosis {
        /// The list and the role: ICD-10-CM (`ABK`, `ABF`, …), ICD-9-CM (`BK`, `BF`, …),
        /// SNODENT (`TQ`).
        kind: Text                         = "-1",
        code: Text                         = "-2",
        present_on_admission: Option<Text> = "-9",
    }

    /// A procedure of a hospital stay, and its day.
    pub struct SurgicalProcedure {
        /// ICD-10-PCS (`BBR`, `BBQ`), ICD-9-CM (`BR`, `BQ`) or advanced billing concepts (`CAH`).
        kind: Text         = "-1",
        code: Text         = "-2",
        date: Option<Date> = "-4",
    }

    /// An event that bears on the payment of a bill and took more than a day.
    pub struct OccurrenceSpan {
        code: Text           = "-2",
        period: Option<When> = "-4",
    }

    /// An event that bears on the payment of a bill.
    pub struct Occurrence {
        code: Text         = "-2",
        date: Option<Date> = "-4",
    }

    /// An amount or number that a value code gives its meaning.
    pub struct ValueAmount {
        code: Text              = "-2",
        amount: Option<Decimal> = "-5",
    }

    /// A document that goes with the claim or one of its lines.
    pub struct Attachment {
        report_type: Text            = "01",
        /// How it comes: by mail, by fax, on request, …
        transmission: Text           = "02",
        /// The number that the document carries.
        control_number: Option<Text> = "06",
    }

    /// The terms of the contract under which provider and payer settle.
    pub struct Contract {
        kind: Text                      = "01",
        amount: Option<Decimal>         = "02",
        /// In percent.
        percentage: Option<Decimal>     = "03",
        code: Option<Text>              = "04",
        /// In percent.
        terms_discount: Option<Decimal> = "05",
        version: Option<Text>           = "06",
    }

    /// Free text, and what it is about.
    pub struct Note {
        kind: Text = "01",
        text: Text = "02",
    }

    /// A ride in an ambulance.
    pub struct AmbulanceTransport {
        /// In pounds.
        patient_weight: Option<Decimal>  = "02",
        reason: Text                     = "04",
        /// In miles.
        distance: Option<Decimal>        = "06",
        round_trip_purpose: Option<Text> = "09",
        stretcher_purpose: Option<Text>  = "10",
    }

    /// Whether the conditions listed are true of the patient or the service.
    pub struct Certification {
        applies: Option<bool> = "02",
        conditions: Vec<Text> = "03..07",
    }

    /// Whether and why lenses or frames are needed.
    pub struct VisionCondition {
        /// Spectacle lenses (`E1`), contact lenses (`E2`) or frames (`E3`).
        category: Text        = "01",
        applies: Option<bool> = "02",
        conditions: Vec<Text> = "03..07",
    }

    /// Chiropractic treatment.
    pub struct SpinalManipulation {
        condition: Text         = "08",
        descriptions: Vec<Text> = "10..11",
    }

    /// A course of orthodontic treatment.
    pub struct Orthodontics {
        total_months: Option<Decimal>     = "01",
        months_remaining: Option<Decimal> = "02",
        /// Says that the services are for orthodontic purposes when the months are not given.
        description: Option<Text>         = "04",
    }

    /// A tooth that is missing or to be extracted.
    pub struct ToothStatus {
        tooth: Text  = "01",
        status: Text = "02",
    }
}
