//! The forms that codes have: what can be judged of a code without its list.
//!
//! Lengths, letters, ranges and check digits, as the publishers of the lists fix them.

/// The form of the codes of a set.
pub(super) struct Form {
    /// In words, to stand after "is not": `eleven digits`.
    pub words: &'static str,
    /// Whether a value has the form.
    pub fits: fn(&[u8]) -> bool,
}

/// Anything at all.
pub(super) const FREE: Form = Form { words: "text", fits: |_| true };

pub(super) const ABA: Form = Form { words: "nine digits, the last a check digit", fits: is_aba };
pub(super) const ABC: Form = Form { words: "five letters", fits: |v| letters(v, 5) };
pub(super) const ADMISSION_TYPE: Form = Form { words: "1 to 5, or 9", fits: |v| matches!(v, [b'1'..=b'5' | b'9']) };
pub(super) const ALNUM_1: Form = Form { words: "a digit or a capital letter", fits: |v| alnum(v, 1, 1) };
pub(super) const ALNUM_2: Form = Form { words: "two digits or capital letters", fits: |v| alnum(v, 2, 2) };
pub(super) const ALNUM_1_2: Form = Form { words: "one or two digits or capital letters", fits: |v| alnum(v, 1, 2) };
pub(super) const ALNUM_1_3: Form = Form { words: "one to three digits or capital letters", fits: |v| alnum(v, 1, 3) };
pub(super) const ALNUM_1_5: Form = Form { words: "one to five digits or capital letters", fits: |v| alnum(v, 1, 5) };
pub(super) const CANADIAN_BANK: Form = Form { words: "eight or nine digits", fits: |v| digits(v, 8) || digits(v, 9) };
pub(super) const CANADIAN_POSTAL_CODE: Form =
    Form { words: "letter, digit, letter, digit, letter, digit", fits: is_canadian_postal_code };
pub(super) const CDT: Form =
    Form { words: "D and four digits", fits: |v| matches!(v, [b'D', number @ ..] if digits(number, 4)) };
pub(super) const DIGITS_2: Form = Form { words: "two digits", fits: |v| digits(v, 2) };
pub(super) const DIGITS_1_4: Form =
    Form { words: "one to four digits", fits: |v| (1..=4).contains(&v.len()) && all_digits(v) };
pub(super) const DRG: Form = Form { words: "three or four digits", fits: |v| digits(v, 3) || digits(v, 4) };
pub(super) const EAN_8: Form = Form { words: "eight digits, the last a check digit", fits: |v| is_gs1(v, 8) };
pub(super) const EAN_13: Form = Form { words: "thirteen digits, the last a check digit", fits: |v| is_gs1(v, 13) };
pub(super) const GTIN_14: Form = Form { words: "fourteen digits, the last a check digit", fits: |v| is_gs1(v, 14) };
pub(super) const UPC_12: Form = Form { words: "twelve digits, the last a check digit", fits: |v| is_gs1(v, 12) };
pub(super) const HCPCS: Form = Form {
    words: "four digits and a digit or letter, or a letter A to V and four digits",
    fits: |v| match v {
        [b'A'..=b'V', number @ ..] => digits(number, 4),
        [number @ .., last] => digits(number, 4) && is_alnum(*last),
        [] => false,
    },
};
pub(super) const HIPPS: Form = Form { words: "five digits or capital letters", fits: |v| alnum(v, 5, 5) };
pub(super) const ICD_9_DIAGNOSIS: Form = Form {
    words: "three to five digits, or V and two to four, or E and three or four, without a point",
    fits: |v| match v {
        [b'V', number @ ..] => (2..=4).contains(&number.len()) && all_digits(number),
        [b'E', number @ ..] => digits(number, 3) || digits(number, 4),
        number => (3..=5).contains(&number.len()) && all_digits(number),
    },
};
pub(super) const ICD_9_PROCEDURE: Form =
    Form { words: "three or four digits, without a point", fits: |v| digits(v, 3) || digits(v, 4) };
// The second character is a digit but in the newest chapters: QA0.
pub(super) const ICD_10_DIAGNOSIS: Form = Form {
    words: "a letter and two to six digits or letters, without a point",
    fits: |v| matches!(v, [b'A'..=b'Z', rest @ ..] if alnum(rest, 2, 6)),
};
pub(super) const ICD_10_PROCEDURE: Form = Form {
    words: "seven digits or letters other than I and O",
    fits: |v| alnum(v, 7, 7) && !v.iter().any(|byte| matches!(byte, b'I' | b'O')),
};
pub(super) const LETTERS_2: Form = Form { words: "two capital letters", fits: |v| letters(v, 2) };
pub(super) const LETTERS_3: Form = Form { words: "three capital letters", fits: |v| letters(v, 3) };
pub(super) const NDC: Form = Form { words: "eleven digits, without hyphens", fits: |v| digits(v, 11) };
pub(super) const NPI: Form = Form { words: "ten digits, the first 1 or 2 and the last a check digit", fits: is_npi };
pub(super) const OCCURRENCE: Form = Form {
    words: "01 to 69, or A to L and a digit",
    fits: |v| matches!(v, [b'0'..=b'6' | b'A'..=b'L', b'0'..=b'9']) && v != b"00",
};
pub(super) const OCCURRENCE_SPAN: Form =
    Form { words: "70 to 99, or M to Z and a digit", fits: |v| matches!(v, [b'7'..=b'9' | b'M'..=b'Z', b'0'..=b'9']) };
pub(super) const RARC: Form = Form {
    words: "M, MA or N and one to three digits",
    fits: |v| match v {
        [b'M', b'A', number @ ..] | [b'M' | b'N', number @ ..] => (1..=3).contains(&number.len()) && all_digits(number),
        _ => false,
    },
};
pub(super) const REVENUE: Form =
    Form { words: "four digits, the first 0 to 3", fits: |v| matches!(v, [b'0'..=b'3', rest @ ..] if digits(rest, 3)) };
pub(super) const SEGMENT_ID: Form = Form {
    words: "a letter and one or two digits or letters",
    fits: |v| matches!(v, [b'A'..=b'Z', rest @ ..] if alnum(rest, 1, 2)),
};
pub(super) const STATUS_CATEGORY: Form =
    Form { words: "a letter and one or two digits or letters", fits: SEGMENT_ID.fits };
pub(super) const TAXONOMY: Form = Form {
    words: "nine digits or capital letters and X",
    fits: |v| matches!(v, [rest @ .., b'X'] if alnum(rest, 9, 9)),
};
pub(super) const ZIP: Form =
    Form { words: "five or nine digits, without a hyphen", fits: |v| digits(v, 5) || digits(v, 9) };

fn all_digits(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit)
}

fn digits(value: &[u8], count: usize) -> bool {
    value.len() == count && all_digits(value)
}

fn letters(value: &[u8], count: usize) -> bool {
    value.len() == count && value.iter().all(u8::is_ascii_uppercase)
}

fn is_alnum(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

fn alnum(value: &[u8], least: usize, most: usize) -> bool {
    (least..=most).contains(&value.len()) && value.iter().all(|byte| is_alnum(*byte))
}

/// The check digit of ISO/IEC 7812 (Luhn) over 80840, which says "health, United States", and the number.
fn is_npi(value: &[u8]) -> bool {
    let Ok(number) = <&[u8; 10]>::try_from(value) else { return false };
    if !matches!(number[0], b'1' | b'2') || !all_digits(number) {
        return false;
    }
    let sum = number.iter().enumerate().fold(24, |sum, (at, byte)| {
        let digit = u32::from(byte - b'0');
        // Every second digit counts twice, and of two digits the sum.
        sum + if at % 2 == 0 { digit * 2 - if digit > 4 { 9 } else { 0 } } else { digit }
    });
    sum % 10 == 0
}

/// The check digit of the American Bankers Association: weights 3, 7, 1.
fn is_aba(value: &[u8]) -> bool {
    digits(value, 9) && weighed(value, [3, 7, 1].into_iter().cycle()) % 10 == 0
}

/// The check digit of GS1 article numbers: weights 3 and 1, from the last digit but one backwards.
fn is_gs1(value: &[u8], length: usize) -> bool {
    digits(value, length) && weighed(value.iter().rev(), [1, 3].into_iter().cycle()) % 10 == 0
}

fn weighed<'a>(digits: impl IntoIterator<Item = &'a u8>, weights: impl Iterator<Item = u32>) -> u32 {
    digits.into_iter().zip(weights).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum()
}

/// `K1A0B1`, or with a blank in the middle.
fn is_canadian_postal_code(value: &[u8]) -> bool {
    let (area, place) = match value {
        [area @ .., b' ', a, b, c] => (area, [a, b, c]),
        [area @ .., a, b, c] => (area, [a, b, c]),
        _ => return false,
    };
    matches!(area, [b'A'..=b'Z', b'0'..=b'9', b'A'..=b'Z']) && matches!(place, [b'0'..=b'9', b'A'..=b'Z', b'0'..=b'9'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(form: &Form, fitting: &[&str], others: &[&str]) {
        for value in fitting {
            assert!((form.fits)(value.as_bytes()), "{value:?} is {}", form.words);
        }
        for value in others.iter().chain(&["", " ", "~", "\u{e9}"]) {
            assert!(!(form.fits)(value.as_bytes()), "{value:?} is not {}", form.words);
        }
    }

    #[test]
    fn check_digits() {
        check(&NPI, &["1234567893", "1245319599"], &["1234567890", "3234567893", "123456789", "123456789A"]);
        check(&ABA, &["021000021", "111000025"], &["021000022", "02100002", "0210000210"]);
        check(&EAN_13, &["4006381333931"], &["4006381333932", "400638133393"]);
        check(&UPC_12, &["036000291452"], &["036000291453"]);
        check(&EAN_8, &["73513537"], &["73513536"]);
        check(&GTIN_14, &["10036000291459"], &["10036000291458"]);
    }

    #[test]
    fn procedures_and_diagnoses() {
        check(&HCPCS, &["99213", "J0696", "0001F", "0042T", "0001U"], &["9921", "992130", "W1234", "A123", "j0696"]);
        check(&CDT, &["D0120"], &["0120", "D012", "D012A", "A0120"]);
        check(&HIPPS, &["1AFKS"], &["1AFK", "1afks"]);
        check(
            &ICD_10_DIAGNOSIS,
            &["A00", "J029", "S72001A", "U071", "QA00101", "C7A1"],
            &["J02.9", "029", "J0", "S72001AA"],
        );
        check(&ICD_9_DIAGNOSIS, &["462", "25000", "V700", "V70", "E8120"], &["46", "250.0", "V7", "E81", "J029"]);
        check(&ICD_10_PROCEDURE, &["0DTJ4ZZ"], &["0DTJ4Z", "0DTI4ZZ", "0DTO4ZZ"]);
        check(&ICD_9_PROCEDURE, &["4701", "640"], &["47.01", "47"]);
        check(&NDC, &["00409733311"], &["0409733311", "00409-7333-11"]);
    }

    #[test]
    fn hospital_codes_and_places() {
        check(&REVENUE, &["0450", "3109"], &["450", "4500", "045A"]);
        check(&OCCURRENCE, &["01", "69", "A1", "L9"], &["00", "70", "M0", "1"]);
        check(&OCCURRENCE_SPAN, &["70", "99", "M0"], &["69", "L9"]);
        check(&ADMISSION_TYPE, &["1", "5", "9"], &["6", "0", "11"]);
        check(&RARC, &["M1", "MA130", "N700"], &["MA", "N1000", "A1", "M"]);
        check(&TAXONOMY, &["207Q00000X"], &["207Q00000", "207Q000000", "207q00000X"]);
        check(&ZIP, &["83702", "837021234"], &["8370", "83702-1234"]);
        check(&CANADIAN_POSTAL_CODE, &["V8W1A1", "K1A 0B1"], &["V8W1A", "V8W-1A1", "8VW1A1"]);
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_found(number in "[12][0-9]{8}", at in 0_usize..9, by in 1_u8..10) {
            let whole = (0..10).map(|check| format!("{number}{check}")).find(|whole| is_npi(whole.as_bytes()));
            let mut bytes = whole.expect("one check digit fits").into_bytes();
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            prop_assert!(!is_npi(&bytes));
        }

        #[test]
        fn no_value_is_too_odd(value: Vec<u8>) {
            for set in super::super::facts::all() {
                let _ = (set.form.fits)(&value);
            }
        }
    }
}
