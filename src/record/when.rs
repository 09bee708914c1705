//! Dates, times and periods: Rust value, X12 text and JSON.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A time of day as X12 writes it: hours and minutes, and seconds and fractions where given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time {
    hour: u8,
    minute: u8,
    second: Option<u8>,
    /// The digits after the seconds and how many there are (1 or 2).
    fraction: Option<(u8, u8)>,
}

impl Time {
    /// A time to the minute; `None` if there is no such time.
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        (hour < 24 && minute < 60).then_some(Self { hour, minute, second: None, fraction: None })
    }

    pub(super) fn from_x12(text: &[u8]) -> Result<Self, Unreadable> {
        let time = Self {
            hour: two(text, 0)?,
            minute: two(text, 2)?,
            second: if text.len() > 4 { Some(two(text, 4)?) } else { None },
            fraction: match text.len() {
                4 | 6 => None,
                7 => Some((digit(text, 6)?, 1)),
                8 => Some((two(text, 6)?, 2)),
                _ => return Err(Unreadable),
            },
        };
        if time.hour < 24 && time.minute < 60 && time.second.is_none_or(|second| second < 60) {
            Ok(time)
        } else {
            Err(Unreadable)
        }
    }

    /// `1430`, `143015`, `14301525`.
    pub fn x12(&self) -> String {
        let mut text = format!("{:02}{:02}", self.hour, self.minute);
        if let Some(second) = self.second {
            text.push_str(&format!("{second:02}"));
        }
        if let Some((digits, width)) = self.fraction {
            text.push_str(&format!("{digits:0width$}", width = usize::from(width)));
        }
        text
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)?;
        if let Some(second) = self.second {
            write!(f, ":{second:02}")?;
        }
        if let Some((digits, width)) = self.fraction {
            write!(f, ".{digits:0width$}", width = usize::from(width))?;
        }
        Ok(())
    }
}

impl FromStr for Time {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let bytes = text.as_bytes();
        let separated = matches!(bytes.len(), 5 | 8 | 10 | 11)
            && bytes.get(2) == Some(&b':')
            && bytes.get(5).is_none_or(|byte| *byte == b':')
            && bytes.get(8).is_none_or(|byte| *byte == b'.');
        if !separated {
            return Err(Unreadable);
        }
        let digits: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_digit).collect();
        Self::from_x12(&digits)
    }
}

/// A date, a date with a time, a time, or a period: a value under a date-time format qualifier
/// (data elements 1250 and 1251).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `D8`
    Date(Date),
    /// `DT`: a date and a time.
    DateTime(Date, Time),
    /// `TM`: a time.
    Time(Time),
    /// `RD8`: from one date to another.
    Period(Date, Date),
}

impl When {
    pub(super) fn from_x12(qualifier: &[u8], value: &[u8]) -> Result<Self, Unreadable> {
        match qualifier {
            b"D8" => Ok(Self::Date(date(value)?)),
            b"TM" => Ok(Self::Time(Time::from_x12(value)?)),
            b"DT" => {
                let (day, time) = value.split_at_checked(8).ok_or(Unreadable)?;
                Ok(Self::DateTime(date(day)?, Time::from_x12(time)?))
            }
            b"RD8" => match value.split_at_checked(8) {
                Some((from, [b'-', to @ ..])) => Ok(Self::Period(date(from)?, date(to)?)),
                _ => Err(Unreadable),
            },
            _ => Err(Unreadable),
        }
    }

    /// The format qualifier (data element 1250).
    pub fn qualifier(&self) -> &'static str {
        match self {
            Self::Date(_) => "D8",
            Self::DateTime(..) => "DT",
            Self::Time(_) => "TM",
            Self::Period(..) => "RD8",
        }
    }

    /// The value (data element 1251).
    pub fn x12(&self) -> String {
        let day = |date: &Date| format!("{:04}{:02}{:02}", date.year(), date.month(), date.day());
        match self {
            Self::Date(date) => day(date),
            Self::DateTime(date, time) => day(date) + &time.x12(),
            Self::Time(time) => time.x12(),
            Self::Period(from, to) => format!("{}-{}", day(from), day(to)),
        }
    }

    pub(super) fn to_json(self, out: &mut Vec<u8>) {
        let text = match self {
            Self::Date(date) => format!("\"{date}\""),
            Self::DateTime(date, time) => format!("\"{date}T{time}\""),
            Self::Time(time) => format!("\"{time}\""),
            Self::Period(from, to) => format!("{{\"from\":\"{from}\",\"to\":\"{to}\"}}"),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

impl FromStr for When {
    type Err = Unreadable;
    /// `2026-01-15`, `2026-01-15T14:30`, `14:30`, or `2026-01-15/2026-01-20` for a period.
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let day = |text: &str| date(&x12_date(text)?);
        if let Some((from, to)) = text.split_once('/') {
            return Ok(Self::Period(day(from)?, day(to)?));
        }
        if let Some((date, time)) = text.split_once('T') {
            return Ok(Self::DateTime(day(date)?, time.parse()?));
        }
        if text.contains(':') { Ok(Self::Time(text.parse()?)) } else { Ok(Self::Date(day(text)?)) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodJson {
    from: Date,
    to: Date,
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Date(date) => serializer.collect_str(date),
            Self::DateTime(date, time) => serializer.collect_str(&format_args!("{date}T{time}")),
            Self::Time(time) => serializer.collect_str(time),
            Self::Period(from, to) => PeriodJson { from: *from, to: *to }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Point(String),
            Period(PeriodJson),
        }
        match Either::deserialize(deserializer)? {
            Either::Point(text) => text.parse().map_err(de::Error::custom),
            Either::Period(PeriodJson { from, to }) => Ok(Self::Period(from, to)),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A value that is not of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is not of the form its place requires")
    }
}

impl std::error::Error for Unreadable {}

fn digit(text: &[u8], at: usize) -> Result<u8, Unreadable> {
    match text.get(at) {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        _ => Err(Unreadable),
    }
}

fn two(text: &[u8], at: usize) -> Result<u8, Unreadable> {
    Ok(digit(text, at)? * 10 + digit(text, at + 1)?)
}

fn date(text: &[u8]) -> Result<Date, Unreadable> {
    if text.len() != 8 {
        return Err(Unreadable);
    }
    let year = i16::from(two(text, 0)?) * 100 + i16::from(two(text, 2)?);
    Date::new(year, two(text, 4)? as i8, two(text, 6)? as i8).map_err(|_| Unreadable)
}

/// `20260115` as `2026-01-15`, if there is such a day.
#[inline]
pub(super) fn iso_date(text: &[u8]) -> Result<[u8; 10], Unreadable> {
    date(text)?;
    match text {
        [a, b, c, d, e, f, g, h] => Ok([*a, *b, *c, *d, b'-', *e, *f, b'-', *g, *h]),
        _ => Err(Unreadable),
    }
}

/// `2026-01-15` as `20260115`, if there is such a day.
pub(super) fn x12_date(text: &str) -> Result<[u8; 8], Unreadable> {
    match text.as_bytes() {
        [a, b, c, d, b'-', e, f, b'-', g, h] => {
            let compact = [*a, *b, *c, *d, *e, *f, *g, *h];
            date(&compact)?;
            Ok(compact)
        }
        _ => Err(Unreadable),
    }
}

/// `YYMMDD` with its century: 70 to 99 are the 1900s.
pub(super) fn with_century(text: &[u8]) -> Result<[u8; 8], Unreadable> {
    match text {
        [a, b, c, d, e, f] => {
            let century = if two(text, 0)? < 70 { [b'2', b'0'] } else { [b'1', b'9'] };
            Ok([century[0], century[1], *a, *b, *c, *d, *e, *f])
        }
        _ => Err(Unreadable),
    }
}
