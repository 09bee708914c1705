//! Single values: X12 text and JSON text of one element, by the format of its field.

use super::{
    Kind,
    json::{latin1, quote},
    when::{Time, Unreadable, When, iso_date, with_century, x12_date},
};
use crate::guide::{DataType, ElementUse};

/// How the value of a field is spelled at its place in a guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Decimal,
    Number,
    /// The codes for yes and no; no code for no where the guide lists only the one.
    Flag {
        yes: u8,
        no: Option<u8>,
    },
    /// `CCYYMMDD`
    Date,
    /// `YYMMDD`
    ShortDate,
    Time,
    /// By the format qualifier in the element or component before.
    When,
    /// Of fixed width: filled up with blanks on the right.
    Padded(u8),
    /// Digits of fixed width: filled up with zeros on the left.
    Zeros(u8),
}

impl Format {
    /// The format of a scalar field at an element; `None` for a record.
    pub(crate) fn of(kind: Kind, element: &ElementUse) -> Option<Self> {
        Some(match kind {
            Kind::Text if element.data.number.starts_with('I') => {
                // The interchange's own elements (I01 to I18) are of fixed width.
                let width = u8::try_from(element.data.max).unwrap_or(u8::MAX);
                if matches!(element.data.kind, DataType::Integer(_)) { Self::Zeros(width) } else { Self::Padded(width) }
            }
            Kind::Text => Self::Text,
            Kind::Decimal => Self::Decimal,
            Kind::Number => Self::Number,
            Kind::Flag => {
                let code = |text: &str| element.codes.iter().any(|code| code == text);
                let (yes, no) = if code("0") || code("1") { (b'1', b'0') } else { (b'Y', b'N') };
                let listed =
                    |byte: u8| element.codes.is_empty() || element.codes.iter().any(|code| code.as_bytes() == [byte]);
                Self::Flag { yes, no: listed(no).then_some(no) }
            }
            Kind::Date if element.data.max == 6 => Self::ShortDate,
            Kind::Date => Self::Date,
            Kind::Time => Self::Time,
            Kind::When => Self::When,
            Kind::Record(_) | Kind::Outside | Kind::Layout => return None,
        })
    }

    /// What a person would be told to write.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Text | Self::Padded(_) => "text",
            Self::Zeros(_) => "digits",
            Self::Decimal => "a decimal number such as 60.50, of at most 28 digits",
            Self::Number => "a whole number",
            Self::Flag { no: Some(b'0'), .. } => "0 or 1",
            Self::Flag { .. } => "Y or N",
            Self::Date => "a date CCYYMMDD",
            Self::ShortDate => "a date YYMMDD",
            Self::Time => "a time HHMM, HHMMSS or HHMMSSDD",
            Self::When => "a date, time or period in the form its qualifier names",
        }
    }

    /// Writes an element's value as JSON. `qualifier` is the format qualifier before it.
    ///
    /// # Errors
    /// [`Unreadable`] where the value is not of the format; nothing is written then.
    pub(crate) fn to_json(self, value: &[u8], qualifier: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match self {
            Self::Text | Self::Zeros(_) => quote(value, out),
            Self::Padded(_) => quote(without_padding(value), out),
            Self::Decimal => {
                out.push(b'"');
                if canonical_decimal(value, out).is_err() {
                    out.pop();
                    return Err(Unreadable);
                }
                out.push(b'"');
            }
            Self::Number => canonical_ordinal(value, out)?,
            Self::Flag { yes, no } => match value {
                [code] if *code == yes => out.extend_from_slice(b"true"),
                [code] if Some(*code) == no => out.extend_from_slice(b"false"),
                _ => return Err(Unreadable),
            },
            Self::Date => {
                let date = iso_date(value)?;
                out.push(b'"');
                out.extend_from_slice(&date);
                out.push(b'"');
            }
            Self::ShortDate => {
                let date = iso_date(&with_century(value)?)?;
                out.push(b'"');
                out.extend_from_slice(&date);
                out.push(b'"');
            }
            Self::Time => {
                let time = Time::from_x12(value)?;
                out.extend_from_slice(format!("\"{time}\"").as_bytes());
            }
            Self::When => {
                if qualifier == b"D8" {
                    return Self::Date.to_json(value, b"", out);
                }
                let when = When::from_x12(qualifier, value)?;
                when.to_json(out);
            }
        }
        Ok(())
    }

    /// The text that the writer would make of a value: the value read and written again.
    ///
    /// # Errors
    /// [`Unreadable`] where the value is not of the format; nothing is written then.
    pub(crate) fn canonical(self, value: &[u8], qualifier: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match self {
            Self::Text if std::str::from_utf8(value).is_ok() => out.extend_from_slice(value),
            Self::Text | Self::Padded(_) | Self::Zeros(_) => {
                let mut text = Vec::new();
                if std::str::from_utf8(value).is_err() {
                    latin1(value, &mut text);
                } else {
                    text.extend_from_slice(value);
                }
                let text = if matches!(self, Self::Padded(_)) { without_padding(&text) } else { &text };
                self.read_json(&String::from_utf8_lossy(text), out)?;
            }
            Self::Decimal => canonical_decimal(value, out)?,
            Self::Number => canonical_ordinal(value, out)?,
            Self::Flag { yes, no } => match value {
                [code] if *code == yes || Some(*code) == no => out.push(*code),
                _ => return Err(Unreadable),
            },
            Self::Date => {
                iso_date(value)?;
                out.extend_from_slice(value);
            }
            Self::ShortDate => {
                iso_date(&with_century(value)?)?;
                out.extend_from_slice(value);
            }
            Self::Time => {
                Time::from_x12(value)?;
                out.extend_from_slice(value);
            }
            Self::When => {
                When::from_x12(qualifier, value)?;
                out.extend_from_slice(value);
            }
        }
        Ok(())
    }

    /// Writes a JSON string, number or boolean as an element; gives the format qualifier of a
    /// [`When`].
    ///
    /// # Errors
    /// [`Unreadable`] where the value is not of the format.
    pub(crate) fn read_json(self, value: &str, out: &mut Vec<u8>) -> Result<&'static str, Unreadable> {
        match self {
            Self::Text => out.extend_from_slice(value.as_bytes()),
            Self::Padded(width) => {
                out.extend_from_slice(value.as_bytes());
                out.extend(std::iter::repeat_n(b' ', usize::from(width).saturating_sub(value.len())));
            }
            Self::Zeros(width) => {
                out.extend(std::iter::repeat_n(b'0', usize::from(width).saturating_sub(value.len())));
                out.extend_from_slice(value.as_bytes());
            }
            Self::Decimal => canonical_decimal(value.as_bytes(), out)?,
            Self::Number => canonical_ordinal(value.as_bytes(), out)?,
            Self::Flag { yes, no } => match value {
                "true" => out.push(yes),
                "false" => out.push(no.ok_or(Unreadable)?),
                _ => return Err(Unreadable),
            },
            Self::Date => out.extend_from_slice(&x12_date(value)?),
            Self::ShortDate => {
                let date = x12_date(value)?;
                let short = date.get(2..).ok_or(Unreadable)?;
                if with_century(short)? != date {
                    return Err(Unreadable);
                }
                out.extend_from_slice(short);
            }
            Self::Time => out.extend_from_slice(value.parse::<Time>()?.x12().as_bytes()),
            Self::When => {
                // Nearly all are days.
                if let Ok(date) = x12_date(value) {
                    out.extend_from_slice(&date);
                    return Ok("D8");
                }
                let when: When = value.parse()?;
                out.extend_from_slice(when.x12().as_bytes());
                return Ok(when.qualifier());
            }
        }
        Ok("")
    }
}

/// Without blanks on the right.
fn without_padding(value: &[u8]) -> &[u8] {
    let length = value.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    value.get(..length).unwrap_or_default()
}

/// The most digits of a decimal number: as many as a [`Decimal`](super::Decimal) holds, whichever they are. No element
/// of X12 may have more than 18.
const MOST_DIGITS: usize = 28;

/// A number without plus sign, superfluous leading zeros or a bare point: `0150.00` is `150.00`,
/// `.5` is `0.5`, `5.` is `5`, `-0` is `0`.
fn canonical_decimal(value: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
    if is_canonical_decimal(value) {
        out.extend_from_slice(value);
        return Ok(());
    }
    let (negative, digits) = match value {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = digits.split_at(point);
    let fraction = fraction.get(1..).unwrap_or_default();
    let numeric = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if whole.len() + fraction.len() == 0 || !numeric(whole) || !numeric(fraction) {
        return Err(Unreadable);
    }
    let lead = whole.iter().take_while(|&&byte| byte == b'0').count();
    let whole = whole.get(lead..).unwrap_or_default();
    if whole.len() + fraction.len() > MOST_DIGITS {
        return Err(Unreadable);
    }
    let is_zero = whole.is_empty() && fraction.iter().all(|&byte| byte == b'0');
    if negative && !is_zero {
        out.push(b'-');
    }
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
    Ok(())
}

/// Whether a number is as [`canonical_decimal`] would make it, as nearly all are.
fn is_canonical_decimal(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let points = digits.iter().filter(|&&byte| byte == b'.').count();
    let numeric = digits.iter().all(|&byte| byte.is_ascii_digit() || byte == b'.');
    let leads = matches!(value, [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] | [b'0'] | [b'0', b'.', ..]);
    numeric && leads && points <= 1 && digits.last() != Some(&b'.') && digits.len() <= MOST_DIGITS
}

/// A whole number without leading zeros, if it fits 32 bits.
fn canonical_ordinal(value: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Unreadable);
    }
    let lead = value.iter().take_while(|&&byte| byte == b'0').count().min(value.len() - 1);
    let digits = value.get(lead..).unwrap_or_default();
    // Nine digits always fit.
    if digits.len() > 9 {
        std::str::from_utf8(digits).ok().and_then(|text| text.parse::<u32>().ok()).ok_or(Unreadable)?;
    }
    out.extend_from_slice(digits);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FLAG: Format = Format::Flag { yes: b'Y', no: Some(b'N') };

    fn there_and_back(format: Format, qualifier: &str, value: &str) -> Option<(String, String)> {
        let mut json = Vec::new();
        format.to_json(value.as_bytes(), qualifier.as_bytes(), &mut json).ok()?;
        let parsed: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let text = match &parsed {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Object(period) => {
                format!("{}/{}", period["from"].as_str().expect("from"), period["to"].as_str().expect("to"))
            }
            other => other.to_string(),
        };
        let mut back = Vec::new();
        let written = format.read_json(&text, &mut back).expect("written back");
        assert!(format != Format::When || written == qualifier);
        Some((String::from_utf8(json).expect("UTF-8"), String::from_utf8(back).expect("UTF-8")))
    }

    #[test]
    fn values_have_their_json() {
        for (format, qualifier, value, json) in [
            (Format::Decimal, "", "60.50", "\"60.50\""),
            (Format::Decimal, "", "-0.5", "\"-0.5\""),
            (Format::Number, "", "12", "12"),
            (FLAG, "", "Y", "true"),
            (Format::Date, "", "20260115", "\"2026-01-15\""),
            (Format::ShortDate, "", "260115", "\"2026-01-15\""),
            (Format::Time, "", "1430", "\"14:30\""),
            (Format::Time, "", "14301525", "\"14:30:15.25\""),
            (Format::When, "RD8", "20260115-20260120", "{\"from\":\"2026-01-15\",\"to\":\"2026-01-20\"}"),
            (Format::When, "DT", "202601151430", "\"2026-01-15T14:30\""),
            (Format::When, "TM", "1430", "\"14:30\""),
        ] {
            assert_eq!(there_and_back(format, qualifier, value), Some((json.into(), value.into())), "{value}");
        }
    }

    #[test]
    fn odd_spellings_read_and_become_canonical() {
        for (value, canonical) in
            [("0150.00", "150.00"), (".5", "0.5"), ("5.", "5"), ("+7", "7"), ("00", "0"), ("-0", "0"), ("-.00", "0.00")]
        {
            assert_eq!(there_and_back(Format::Decimal, "", value).map(|both| both.1), Some(canonical.into()));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for (format, qualifier, value) in [
            (Format::Decimal, "", "1e3"),
            (Format::Decimal, "", "-"),
            (Format::Decimal, "", "1,000"),
            (Format::Decimal, "", "12345678901234567890123456789"),
            (Format::Decimal, "", "1.2345678901234567890123456789"),
            (Format::Date, "", "20260230"),
            (Format::Date, "", "2026011"),
            (Format::Time, "", "2460"),
            (Format::When, "RD8", "20260115"),
            (Format::When, "XX", "20260115"),
            (FLAG, "", "U"),
            (Format::Number, "", "99999999999"),
        ] {
            assert_eq!(there_and_back(format, qualifier, value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_decimal_that_is_read_is_a_decimal(value in "-?[0-9]{0,18}[.]?[0-9]{0,18}") {
            let mut canonical = Vec::new();
            if Format::Decimal.canonical(value.as_bytes(), b"", &mut canonical).is_ok() {
                let text = String::from_utf8(canonical).expect("ASCII");
                let decimal: super::super::Decimal = text.parse().expect("a decimal");
                prop_assert_eq!(decimal.to_string(), text);
            }
        }

        #[test]
        fn canonical_is_what_json_gives_back(value in "[-+0-9.]{1,8}|[0-9]{4,12}", which in 0usize..6) {
            let format = [Format::Decimal, Format::Number, Format::Date, Format::ShortDate, Format::Time, Format::Text][which];
            let mut canonical = Vec::new();
            let readable = format.canonical(value.as_bytes(), b"", &mut canonical).is_ok();
            let both = there_and_back(format, "", &value);
            prop_assert_eq!(readable, both.is_some());
            if let Some((_, back)) = both {
                prop_assert_eq!(back.as_bytes(), &canonical[..]);
            }
        }
    }
}
