//! What the characters of an element say: dates, times, numbers.

use jiff::civil::Date;
use rust_decimal::Decimal;

/// The two ends of a CCYYMMDD date that exists.
pub(super) fn date(value: &[u8]) -> Option<Date> {
    let &[a, b, c, d, e, f, g, h] = value else { return None };
    let year = two(a, b)? as i16 * 100 + two(c, d)? as i16;
    Date::new(year, two(e, f)?, two(g, h)?).ok()
}

/// Whether a CCYYMMDD date exists, without making one.
#[inline]
pub(super) fn is_date(value: &[u8]) -> bool {
    let &[a, b, c, d, e, f, g, h] = value else { return false };
    let (Some(century), Some(year), Some(month), Some(day)) = (two(a, b), two(c, d), two(e, f), two(g, h)) else {
        return false;
    };
    let leap = if year == 0 { century % 4 == 0 } else { year % 4 == 0 };
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// Whether a YYMMDD date exists in this century or the last.
pub(super) fn is_short_date(value: &[u8]) -> bool {
    let &[a, b, c, d, e, f] = value else { return false };
    is_date(&[b'2', b'0', a, b, c, d, e, f]) || is_date(&[b'1', b'9', a, b, c, d, e, f])
}

/// HHMM, HHMMSS, HHMMSSD or HHMMSSDD of a day of 24 hours.
pub(super) fn is_time(value: &[u8]) -> bool {
    let (hours, rest) = match value {
        [a, b, rest @ ..] => (two(*a, *b), rest),
        _ => return false,
    };
    let (minutes, rest) = match rest {
        [a, b, rest @ ..] => (two(*a, *b), rest),
        _ => return false,
    };
    let (seconds, rest) = match rest {
        [] => (Some(0), rest),
        [a, b, rest @ ..] => (two(*a, *b), rest),
        _ => return false,
    };
    let within = |number: Option<i8>, limit: i8| number.is_some_and(|number| number < limit);
    within(hours, 24)
        && within(minutes, 60)
        && within(seconds, 60)
        && rest.len() <= 2
        && rest.iter().all(u8::is_ascii_digit)
}

/// What a date and time format (element 1250) makes of a value; `None` for a format that is not judged.
pub(super) fn fits_format(format: &[u8], value: &[u8]) -> Option<bool> {
    Some(match format {
        b"D8" => is_date(value),
        b"D6" => is_short_date(value),
        b"TM" => is_time(value),
        b"DT" => value.split_at_checked(8).is_some_and(|(date, time)| is_date(date) && is_time(time)),
        b"RD8" => range(value, 8).is_some_and(|(from, to)| is_date(from) && is_date(to) && from <= to),
        b"RD6" => range(value, 6).is_some_and(|(from, to)| is_short_date(from) && is_short_date(to)),
        b"CC" => matches!(value, [a, b] if two(*a, *b).is_some()),
        b"CY" => matches!(value, [a, b, c, d] if two(*a, *b).is_some() && two(*c, *d).is_some()),
        _ => return None,
    })
}

/// First and last day by the format of element 1250.
pub(super) fn period(format: &[u8], value: &[u8]) -> Option<(Date, Date)> {
    match format {
        b"RD8" => {
            let (from, to) = range(value, 8)?;
            Some((date(from)?, date(to)?))
        }
        b"DT" => date(value.get(..8)?).map(|day| (day, day)),
        _ => date(value).map(|day| (day, day)),
    }
}

fn range(value: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (from, rest) = value.split_at_checked(length)?;
    let to = rest.strip_prefix(b"-")?;
    (to.len() == length).then_some((from, to))
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<i8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| (byte - b'0') as i8);
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// A number of type R.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// How many digits, the sign and the point not counted.
    pub(super) count: usize,
    /// How many of them after the point.
    pub(super) decimals: usize,
}

/// The shape of a number of type R: a minus or none, digits, at most one point.
#[inline]
pub(super) fn digits(value: &[u8]) -> Option<Digits> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let (mut count, mut point) = (0, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => count += 1,
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |at| digits.len() - at - 1);
    (count > 0).then_some(Digits { count, decimals })
}

/// The number of an element of type R or N0, exactly; `None` for more digits than any element has (18), so
/// that sums of such numbers cannot overflow.
pub(super) fn number(value: &[u8]) -> Option<Decimal> {
    let (is_negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let (mut units, mut count, mut decimals) = (0i64, 0, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' if count < 18 => {
                units = units * 10 + i64::from(byte - b'0');
                count += 1;
                decimals = decimals.map(|decimals: u32| decimals + 1);
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return None,
        }
    }
    (count > 0).then(|| Decimal::new(if is_negative { -units } else { units }, decimals.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_exist() {
        for day in ["20240229", "20000229", "19991231", "20260101"] {
            assert!(is_date(day.as_bytes()) && date(day.as_bytes()).is_some(), "{day}");
        }
        for day in ["20230229", "19000229", "20260431", "20261301", "20260100", "2026010", "202601011", "2026-101", ""]
        {
            assert!(!is_date(day.as_bytes()) && date(day.as_bytes()).is_none(), "{day}");
        }
        assert!(is_short_date(b"000229") && !is_short_date(b"230229"));
    }

    #[test]
    fn times_of_day() {
        for time in ["0000", "2359", "235959", "2359595", "23595959"] {
            assert!(is_time(time.as_bytes()), "{time}");
        }
        for time in ["", "1", "123", "2400", "2360", "235960", "12345", "123456789", "12:30", "0830A"] {
            assert!(!is_time(time.as_bytes()), "{time}");
        }
    }

    #[test]
    fn formats_of_dates() {
        assert_eq!(fits_format(b"D8", b"20260115"), Some(true));
        assert_eq!(fits_format(b"RD8", b"20260115-20260116"), Some(true));
        assert_eq!(fits_format(b"RD8", b"20260116-20260115"), Some(false));
        assert_eq!(fits_format(b"RD8", b"20260115"), Some(false));
        assert_eq!(fits_format(b"DT", b"202601151430"), Some(true));
        assert_eq!(fits_format(b"DT", b"20260115"), Some(false));
        assert_eq!(fits_format(b"ZZ", b"?"), None);
    }

    #[test]
    fn numbers_are_exact() {
        let of = |text: &str| number(text.as_bytes()).map(|number| number.to_string());
        assert_eq!(of("60.50").as_deref(), Some("60.50"));
        assert_eq!(of("-.5").as_deref(), Some("-0.5"));
        assert_eq!(of("1234567890123456.12").as_deref(), Some("1234567890123456.12"));
        for text in ["12345678901234567890", "", "-", ".", "1.2.3", "1,000", "+1", "1e3", "1-"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
