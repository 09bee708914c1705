//! Codes that claims are made of: a handful of each list, by what they are for.
//!
//! Diagnoses (ICD-10-CM, ICD-10-PCS) and HCPCS level II are in the public domain; of the lists that
//! belong to others only a few bare numbers stand here, without their words.

/// A procedure and what it costs, in cents.
pub(super) type Priced = (&'static str, i64);

pub(super) const OFFICE_DIAGNOSES: &[&str] = &[
    "I10", "E119", "E785", "J069", "M5450", "J209", "N390", "R5383", "K219", "F411", "F329", "G4733", "M25561",
    "R0602", "E669", "D649", "E039", "J45909", "L309", "R42", "G43909", "B349", "H6690", "M542",
];
pub(super) const WELL_CHILD_DIAGNOSES: &[&str] = &["Z00129", "Z23", "J069", "H6690", "L309", "R509"];
pub(super) const HEART_DIAGNOSES: &[&str] = &["I2510", "I4891", "I509", "I5022", "I10", "E785", "R079", "R0602"];
pub(super) const SPINE_DIAGNOSES: &[&str] = &["M9901", "M9902", "M9903", "M9904", "M5416", "M542", "M546"];
pub(super) const EYE_DIAGNOSES: &[&str] = &["H5213", "H5203", "H524", "H52223", "H2513"];
pub(super) const PREGNANCY_DIAGNOSES: &[&str] = &["Z3483", "O0993", "O2603", "Z3A28", "Z3A32"];
pub(super) const KIDNEY_DIAGNOSES: &[&str] = &["N186", "D631", "Z992", "I120", "E1122"];
pub(super) const INJURY_DIAGNOSES: &[&str] =
    &["S93401A", "S52501A", "S134XXA", "S060X0A", "S39012A", "S61411A", "S8001XA"];
pub(super) const LUNG_DIAGNOSES: &[&str] = &["J449", "J9611", "G4733", "R0902", "J8410"];
pub(super) const FOOT_DIAGNOSES: &[&str] = &["E1142", "B351", "L84", "M2011", "I739"];
pub(super) const CANCER_DIAGNOSES: &[&str] = &["C50911", "C61", "C189", "D630", "Z5111", "R112"];
pub(super) const SURGERY_DIAGNOSES: &[&str] = &["K8020", "K4090", "M1711", "H2511", "K3580", "N201", "M23221"];
pub(super) const REST_DIAGNOSES: &[&str] = &["Z1231", "Z01419", "R928", "N6321"];
pub(super) const INPATIENT_DIAGNOSES: &[&str] =
    &["I214", "J189", "A419", "I5023", "K56609", "N179", "I639", "M1711", "K8000", "J441"];
pub(super) const INPATIENT_OTHERS: &[&str] = &[
    "I10", "E119", "E785", "N1830", "D649", "I2510", "Z7901", "Z87891", "E871", "I4891", "J9601", "K219", "F329",
    "E669",
];
pub(super) const EXTERNAL_CAUSES: &[&str] = &["W010XXA", "V4352XA", "Y929", "W19XXXA", "Y939"];

pub(super) const VISITS: &[Priced] =
    &[("99203", 18500), ("99204", 26000), ("99213", 12850), ("99214", 18975), ("99215", 25400), ("99212", 7600)];
pub(super) const OFFICE_SERVICES: &[Priced] = &[
    ("93000", 4875),
    ("36415", 1200),
    ("85025", 2250),
    ("80053", 3140),
    ("81003", 995),
    ("87880", 2875),
    ("94640", 3650),
    ("20610", 14200),
    ("G0439", 21500),
    ("96372", 3420),
    ("71046", 6700),
    ("Q0091", 5225),
    ("G0108", 8340),
    ("97110", 5415),
];
pub(super) const LABORATORY: &[Priced] = &[
    ("80053", 3140),
    ("85025", 2250),
    ("83036", 2895),
    ("84443", 5290),
    ("80061", 4410),
    ("82306", 8175),
    ("G0103", 5460),
    ("81001", 1180),
    ("87086", 2465),
    ("P9612", 1500),
];
pub(super) const HOSPITAL_VISITS: &[Priced] = &[
    ("99221", 23800),
    ("99222", 32100),
    ("99223", 45600),
    ("99231", 10200),
    ("99232", 16850),
    ("99233", 24300),
    ("99238", 17900),
];
pub(super) const SURGERIES: &[Priced] =
    &[("66984", 198000), ("45378", 112500), ("47562", 264000), ("29881", 231500), ("49505", 187300), ("27447", 542000)];
pub(super) const ANESTHESIA: &[(&str, &str, i64)] = &[
    ("00790", "47562", 96500),
    ("01402", "27447", 142000),
    ("00142", "66984", 58300),
    ("00830", "49505", 77425),
    ("00811", "45378", 64250),
];
pub(super) const RADIOLOGY: &[Priced] =
    &[("71046", 6700), ("77067", 23900), ("70450", 61200), ("72148", 114000), ("76700", 38650)];

/// A drug: HCPCS code, NDC, unit of the NDC, cents for a HCPCS unit, most HCPCS units, and how many
/// thousandths of the NDC unit one HCPCS unit is.
pub(super) type Medicine = (&'static str, &'static str, &'static str, i64, i64, i64);

pub(super) const DRUGS: &[Medicine] = &[
    ("J1100", "00641036725", "ML", 215, 10, 250),
    ("J3420", "00517003125", "ML", 890, 1, 1000),
    ("J0696", "00409733201", "UN", 1240, 8, 1000),
    ("J1885", "00409379501", "ML", 485, 4, 500),
    ("J2405", "00409475503", "ML", 130, 8, 500),
    ("J3301", "00003029305", "ML", 395, 8, 250),
    ("J9190", "63323011710", "ML", 720, 6, 10000),
    ("J7613", "00487950125", "ML", 95, 5, 1000),
];
pub(super) const VACCINES: &[(&str, &str, i64)] = &[
    ("90686", "49281042150", 3890),
    ("90715", "58160084252", 7125),
    ("90707", "00006468100", 9680),
    ("90732", "00006494300", 14250),
];

/// Dental procedures and prices.
pub(super) const CLEANINGS: &[Priced] =
    &[("D0120", 6200), ("D0150", 9800), ("D1110", 11500), ("D0274", 7400), ("D0210", 15600), ("D1206", 4800)];
pub(super) const DENTAL_DIAGNOSES: &[&str] = &["K0252", "K029", "K0889", "K0530", "K047", "K036"];
pub(super) const SURFACES: &[&str] = &["M", "O", "D", "B", "L"];
pub(super) const BACK_TEETH: &[&str] = &[
    "1", "2", "3", "4", "5", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "28", "29", "30", "31", "32",
];
pub(super) const FRONT_TEETH: &[&str] = &["6", "7", "8", "9", "10", "11", "22", "23", "24", "25", "26", "27"];
pub(super) const MILK_TEETH: &[&str] = &["A", "B", "I", "J", "K", "L", "S", "T"];

/// Ancillary revenue codes of a hospital stay with prices.
pub(super) const ANCILLARIES: &[(&str, i64)] = &[
    ("0250", 48750),
    ("0258", 12940),
    ("0270", 22615),
    ("0300", 18480),
    ("0305", 9925),
    ("0320", 45200),
    ("0351", 132000),
    ("0360", 684000),
    ("0370", 148500),
    ("0410", 17340),
    ("0420", 21050),
    ("0450", 96500),
    ("0636", 40380),
    ("0710", 82100),
    ("0730", 27460),
];
/// Outpatient services: revenue code, procedure, price.
pub(super) const OUTPATIENT: &[(&str, &str, i64)] = &[
    ("0300", "36415", 1800),
    ("0301", "80053", 8925),
    ("0305", "85025", 6410),
    ("0307", "81001", 3960),
    ("0320", "71046", 29400),
    ("0351", "70450", 148200),
    ("0730", "93005", 21750),
    ("0260", "96365", 38640),
    ("0636", "J1885", 1290),
    ("0402", "76700", 74350),
];
/// Days and rate of a bed: revenue code, daily rate.
pub(super) const BEDS: &[(&str, i64)] =
    &[("0110", 248000), ("0120", 219500), ("0200", 487500), ("0206", 362000), ("0121", 224000)];

/// Remittance advice remark codes that say why, not only that.
pub(super) const REMARKS: &[&str] = &["N130", "M127", "N30", "M76", "N115", "MA130", "N56", "N290", "M51"];
