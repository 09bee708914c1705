//! People, organizations and addresses that do not exist, with numbers that were never issued.

use jiff::ToSpan;

use super::random::Random;
use crate::{
    claims::{Address, Contact, ContactNumber, Facility, Provider},
    record::{Date, Text},
};

/// A person.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) last: Text,
    pub(super) first: Text,
    pub(super) middle: Option<Text>,
    pub(super) suffix: Option<Text>,
    pub(super) female: bool,
    pub(super) birth: Date,
    pub(super) address: Address,
}

impl Person {
    /// Someone of an age in years, on a day.
    pub(super) fn aged(random: &mut Random, years: (i64, i64), on: Date) -> Self {
        let female = random.chance(52);
        let days = random.between(years.0 * 366 + 120, years.1 * 365 + 360);
        Self {
            last: random.pick(LAST).into(),
            first: random.pick(if female { FEMALE } else { MALE }).into(),
            middle: random.chance(40).then(|| random.like("@")),
            suffix: (!female && random.chance(5)).then(|| random.pick(&["JR", "SR", "III"]).into()),
            female,
            birth: before(on, days),
            address: address(random),
        }
    }

    /// Someone of the same family.
    pub(super) fn relative(&self, random: &mut Random, years: (i64, i64), on: Date) -> Self {
        let last = if random.chance(85) { self.last.clone() } else { random.pick(LAST).into() };
        Self { last, suffix: None, address: self.address.clone(), ..Self::aged(random, years, on) }
    }

    /// `F` or `M`.
    pub(super) fn gender(&self) -> Text {
        Text::const_new(if self.female { "F" } else { "M" })
    }
}

/// A day so many days earlier.
pub(super) fn before(day: Date, days: i64) -> Date {
    day.saturating_sub(days.days())
}

/// A day so many days later.
pub(super) fn after(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

/// A provider who is a person, with an NPI.
pub(super) fn physician(random: &mut Random) -> Provider {
    let names = random.pick(&[FEMALE, MALE]);
    Provider {
        entity: Text::const_new("1"),
        name: random.pick(LAST).into(),
        first_name: Some(random.pick(names).into()),
        middle_name: random.chance(30).then(|| random.like("@")),
        suffix: random.chance(4).then_some(Text::const_new("JR")),
        npi: Some(npi(random)),
        ..Provider::default()
    }
}

/// A place where services are given, of a sort (`SURGERY CENTER`, …).
pub(super) fn facility(random: &mut Random, sort: &str) -> Facility {
    Facility {
        name: organization(random, sort),
        npi: Some(npi(random)),
        address: address(random),
        ..Facility::default()
    }
}

/// The name of an organization of a sort.
pub(super) fn organization(random: &mut Random, sort: &str) -> Text {
    let place = random.pick(&[
        "CEDAR RIDGE",
        "NORTHFIELD",
        "LAKEVIEW",
        "HARBOR POINT",
        "MAPLE GROVE",
        "SILVER CREEK",
        "EASTGATE",
        "PRAIRIE",
        "STONEBRIDGE",
        "WILLOW BEND",
        "SUMMIT",
        "RIVERBEND",
    ]);
    let mut name = Text::const_new(place);
    name.push(' ');
    name.push_str(sort);
    name
}

/// A street address in the United States with its nine-digit ZIP code.
pub(super) fn address(random: &mut Random) -> Address {
    let (city, state, zip) = random.pick(PLACES);
    let number = random.pick(&["1##", "2##", "4##", "7##", "1###", "2###", "5#", "9#"]);
    let mut line1 = random.like(number);
    line1.push(' ');
    line1.push_str(random.pick(STREETS));
    let inside = random.pick(&["APT 1##", "SUITE 2##", "FLOOR 1#", "UNIT 3@"]);
    let line2 = random.chance(20).then(|| random.like(inside));
    let mut postal_code = Text::const_new(zip);
    postal_code.push_str(&random.like("1###"));
    Address {
        line1,
        line2,
        city: Text::const_new(city),
        state: Some(Text::const_new(state)),
        postal_code: Some(postal_code),
        ..Address::default()
    }
}

/// An address outside the United States: one with provinces, one without.
pub(super) fn foreign_address(random: &mut Random) -> Address {
    let line1 = random.like("## KING STREET WEST");
    if random.chance(60) {
        Address {
            line1,
            city: "TORONTO".into(),
            state: Some("ON".into()),
            postal_code: Some("M5H1A1".into()),
            country: Some("CA".into()),
            ..Address::default()
        }
    } else {
        Address {
            line1: random.like("LINDENALLEE ##"),
            city: "HAMBURG".into(),
            postal_code: Some("20095".into()),
            country: Some("DE".into()),
            ..Address::default()
        }
    }
}

/// A National Provider Identifier with its check digit. It begins with 2, which the standard
/// allows and nobody has been given.
pub(super) fn npi(random: &mut Random) -> Text {
    let mut digits = random.like("2########");
    // The Luhn sum counts the prefix 80840 too, which comes to 24.
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0');
            if at % 2 == 0 { value * 2 / 10 + value * 2 % 10 } else { value }
        })
        .sum::<u32>()
        + 24;
    digits.push(char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0'));
    digits
}

/// An employer identification number of a prefix that the IRS does not use.
pub(super) fn employer_number(random: &mut Random) -> Text {
    let prefix = random.pick(&[
        "07#######",
        "08#######",
        "17#######",
        "28#######",
        "49#######",
        "69#######",
        "78#######",
        "89#######",
    ]);
    random.like(prefix)
}

/// A number of the shape of a Social Security number, from the area that is never given out.
pub(super) fn social_security_number(random: &mut Random) -> Text {
    random.like("9##1#####")
}

/// A telephone number of the block kept for fiction.
pub(super) fn telephone(random: &mut Random) -> Text {
    let area = random.pick(&["212", "312", "404", "503", "602", "614", "713", "801", "816", "919"]);
    let mut number = Text::const_new(area);
    number.push_str(&random.like("55501##"));
    number
}

/// Someone to ask, by telephone and more.
pub(super) fn contact(random: &mut Random, name: &str) -> Contact {
    let mut numbers = vec![reach("TE", telephone(random))];
    if random.chance(30) {
        numbers.push(reach("EX", random.like("1##")));
    }
    if random.chance(40) {
        numbers.push(reach("EM", Text::const_new("EDI@CLAIMS.EXAMPLE")));
    } else if random.chance(30) {
        numbers.push(reach("FX", telephone(random)));
    }
    Contact { name: (!name.is_empty()).then(|| name.into()), numbers }
}

/// One way to reach someone.
pub(super) fn reach(kind: &'static str, number: Text) -> ContactNumber {
    ContactNumber { kind: Text::const_new(kind), number }
}

const LAST: &[&str] = &[
    "ABERNATHY",
    "ACKERLEY",
    "ALDERTON",
    "ARCHIBEQUE",
    "ASHWORTH",
    "BALDERAS",
    "BARROWMAN",
    "BELLWETHER",
    "BIRCHFIELD",
    "BLACKSTOCK",
    "BRANNIGAN",
    "BROADHURST",
    "CALLOWAY",
    "CARMODY",
    "CASTELLAN",
    "CHAUDHARY",
    "CLEMENSEN",
    "COPPERFIELD",
    "CRANSTON",
    "DELACROIX",
    "DEMARCO",
    "DUNWOODY",
    "EASTERLING",
    "ELLINGTON",
    "ESPINOZA",
    "FAIRBANKS",
    "FARNSWORTH",
    "FITZGERALD",
    "FONSECA",
    "GALBRAITH",
    "GARRIDO",
    "GOLDSWORTHY",
    "GREENLEAF",
    "GUTIERREZ",
    "HALVORSEN",
    "HARGROVE",
    "HAWTHORNE",
    "HOLLOWAY",
    "HUMPHREYS",
    "IBARRA",
    "INGERSOLL",
    "IVERSON",
    "JANKOWSKI",
    "JOHANSSON",
    "KAPOOR",
    "KENSINGTON",
    "KOWALCZYK",
    "LANCASTER",
    "LARKSPUR",
    "LINDQVIST",
    "LOCKHART",
    "MACALLISTER",
    "MARCHETTI",
    "MCALPINE",
    "MEADOWS",
    "MONTOYA",
    "MORIARTY",
    "NAKAMURA",
    "NIGHTINGALE",
    "NOVAK",
    "O'CONNELL",
    "OKONKWO",
    "OSTERMAN",
    "PADILLA",
    "PEMBERTON",
    "PETROVIC",
    "QUESADA",
    "QUIGLEY",
    "RADCLIFFE",
    "RAMASWAMY",
    "REDFERN",
    "ROSENTHAL",
    "RUTHERFORD",
    "SANDOVAL",
    "SCHUMACHER",
    "SHAUGHNESSY",
    "ST-CLAIR",
    "STERLING",
    "TANAKA",
    "THISTLEWOOD",
    "TRUJILLO",
    "UNDERHILL",
    "VALENZUELA",
    "VANDERBERG",
    "VELASCO",
    "WAINWRIGHT",
    "WESTBROOK",
    "WHITTAKER",
    "WINTERBOURNE",
    "YAMAMOTO",
    "YARBOROUGH",
    "ZAMORA",
    "ZIMMERMAN",
    "NGUYEN",
];
const FEMALE: &[&str] = &[
    "ADELAIDE",
    "AGNES",
    "AMARA",
    "BEATRIX",
    "BRIDGET",
    "CARMEN",
    "CECILIA",
    "CLARA",
    "DAPHNE",
    "DELIA",
    "EDITH",
    "ELENA",
    "ESTHER",
    "FLORENCE",
    "FREYA",
    "GRACE",
    "HARRIET",
    "HELENA",
    "IMANI",
    "INGRID",
    "IRIS",
    "JOSEPHINE",
    "JUNE",
    "KATARINA",
    "LEILA",
    "LOUISA",
    "MABEL",
    "MARIANA",
    "MIRIAM",
    "NADIA",
    "OCTAVIA",
    "OLIVE",
    "PHOEBE",
    "PRIYA",
    "ROSALIND",
    "SELMA",
    "TABITHA",
    "URSULA",
    "VIVIAN",
    "WINIFRED",
];
const MALE: &[&str] = &[
    "ALBERT",
    "AMBROSE",
    "ANGUS",
    "ARTURO",
    "BARNABY",
    "BENEDICT",
    "BRUNO",
    "CLEMENT",
    "CONRAD",
    "DESMOND",
    "EDGAR",
    "ELIAS",
    "EMMETT",
    "FELIX",
    "FRANCIS",
    "GIDEON",
    "GUSTAVO",
    "HECTOR",
    "HUGO",
    "IVAN",
    "JASPER",
    "JULIAN",
    "KOFI",
    "LEOPOLD",
    "LUCIAN",
    "MAGNUS",
    "MARIUS",
    "NATHANIEL",
    "OMAR",
    "OSCAR",
    "PERCIVAL",
    "QUENTIN",
    "RAFAEL",
    "ROLAND",
    "SEBASTIAN",
    "SILAS",
    "TOBIAS",
    "ULRICH",
    "VIKRAM",
    "WALTER",
];
const STREETS: &[&str] = &[
    "ALDER LANE",
    "BEACON HILL ROAD",
    "CANAL STREET",
    "CHERRY TREE COURT",
    "COMMERCE PARKWAY",
    "DOGWOOD DRIVE",
    "EAST THIRD STREET",
    "ELMHURST AVENUE",
    "FOUNDRY ROAD",
    "GLENWOOD TERRACE",
    "HICKORY STREET",
    "INDUSTRIAL WAY",
    "JUNIPER CIRCLE",
    "KINGFISHER LANE",
    "LIBERTY AVENUE",
    "MARKET STREET",
    "MEDICAL CENTER DRIVE",
    "MILL POND ROAD",
    "NORTH MAIN STREET",
    "OAKLAND BOULEVARD",
    "ORCHARD PLACE",
    "PARK AVENUE",
    "QUARRY ROAD",
    "RAILROAD AVENUE",
    "SOUTH FIFTH STREET",
    "SYCAMORE STREET",
    "TURNPIKE ROAD",
    "UNIVERSITY AVENUE",
    "VALLEY VIEW DRIVE",
    "WEST END AVENUE",
];
const PLACES: &[(&str, &str, &str)] = &[
    ("ALBANY", "NY", "12207"),
    ("ALBUQUERQUE", "NM", "87102"),
    ("ATLANTA", "GA", "30303"),
    ("AUSTIN", "TX", "78701"),
    ("BALTIMORE", "MD", "21202"),
    ("BOISE", "ID", "83702"),
    ("BOSTON", "MA", "02108"),
    ("BURLINGTON", "VT", "05401"),
    ("CHARLESTON", "WV", "25301"),
    ("CHEYENNE", "WY", "82001"),
    ("CHICAGO", "IL", "60602"),
    ("COLUMBIA", "SC", "29201"),
    ("COLUMBUS", "OH", "43215"),
    ("CONCORD", "NH", "03301"),
    ("DENVER", "CO", "80202"),
    ("DES MOINES", "IA", "50309"),
    ("DOVER", "DE", "19901"),
    ("FARGO", "ND", "58102"),
    ("HARTFORD", "CT", "06103"),
    ("HELENA", "MT", "59601"),
    ("HONOLULU", "HI", "96813"),
    ("INDIANAPOLIS", "IN", "46204"),
    ("JACKSON", "MS", "39201"),
    ("JUNEAU", "AK", "99801"),
    ("KANSAS CITY", "MO", "64106"),
    ("LINCOLN", "NE", "68508"),
    ("LITTLE ROCK", "AR", "72201"),
    ("LOUISVILLE", "KY", "40202"),
    ("MADISON", "WI", "53703"),
    ("MIAMI", "FL", "33128"),
    ("MINNEAPOLIS", "MN", "55401"),
    ("MONTGOMERY", "AL", "36104"),
    ("NASHVILLE", "TN", "37201"),
    ("NEWARK", "NJ", "07102"),
    ("OKLAHOMA CITY", "OK", "73102"),
    ("PHILADELPHIA", "PA", "19107"),
    ("PHOENIX", "AZ", "85003"),
    ("PORTLAND", "OR", "97204"),
    ("PROVIDENCE", "RI", "02903"),
    ("RALEIGH", "NC", "27601"),
    ("RICHMOND", "VA", "23219"),
    ("SACRAMENTO", "CA", "95814"),
    ("SALT LAKE CITY", "UT", "84101"),
    ("SAN JUAN", "PR", "00901"),
    ("SEATTLE", "WA", "98101"),
    ("TOPEKA", "KS", "66603"),
];

#[cfg(test)]
mod tests {
    use super::{Random, npi};

    #[test]
    fn provider_identifiers_pass_the_check_digit() {
        let mut random = Random::new(3);
        for _ in 0..500 {
            let digits: Vec<u32> =
                "80840".chars().chain(npi(&mut random).chars()).filter_map(|digit| digit.to_digit(10)).collect();
            assert_eq!(digits.len(), 15);
            let sum: u32 = digits
                .iter()
                .rev()
                .enumerate()
                .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
                .sum();
            assert_eq!(sum % 10, 0);
        }
    }
}
