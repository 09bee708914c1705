//! Which acknowledgments are owed, and which are expected.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

use super::Refused;

/// Longest that an acknowledgment is waited for.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// `[acknowledgments]`: what answers what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Acknowledgments {
    /// What we answer the partner's files with.
    pub owed: Owed,
    /// What the partner answers ours with, and by when.
    pub expected: Expected,
}

/// `[acknowledgments.owed]`: what we answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Owed {
    /// TA1: `"never"`, `"if_due"` (default: when the interchange is rejected or asks for one) or `"always"`.
    pub ta1: Ta1,
    /// `999`: whether functional groups are answered; true by default.
    #[serde(rename = "999")]
    pub functional: bool,
    /// `277ca`: whether claims are answered; true by default.
    #[serde(rename = "277ca")]
    pub claims: bool,
    /// `as`: `"payer"` (default: accepted claims are in adjudication) or `"clearinghouse"` (they are received).
    #[serde(rename = "as")]
    pub role: Role,
    /// Whether a 999 repeats values that are wrong. They may name people; false by default.
    pub values: bool,
}

/// When a TA1 is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ta1 {
    /// Never.
    Never,
    /// When the interchange is rejected or asks for one.
    #[default]
    IfDue,
    /// For every interchange.
    Always,
}

/// What we are to those whose claims we answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Who decides on claims.
    #[default]
    Payer,
    /// Who passes them on.
    Clearinghouse,
}

impl Default for Owed {
    fn default() -> Self {
        Self { ta1: Ta1::IfDue, functional: true, claims: true, role: Role::Payer, values: false }
    }
}

/// `[acknowledgments.expected]`: how long after sending an answer is overdue, as hours and minutes (`"24h"`); or
/// `"never"` where none comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// TA1. By default none is waited for.
    #[serde(deserialize_with = "deadline")]
    pub ta1: Option<SignedDuration>,
    /// `999`: three days by default.
    #[serde(rename = "999", deserialize_with = "deadline")]
    pub functional: Option<SignedDuration>,
    /// `277ca`: five days by default.
    #[serde(rename = "277ca", deserialize_with = "deadline")]
    pub claims: Option<SignedDuration>,
}

impl Default for Expected {
    fn default() -> Self {
        let days = |days: i64| Some(SignedDuration::from_hours(days.saturating_mul(24)));
        Self { ta1: None, functional: days(3), claims: days(5) }
    }
}

impl Acknowledgments {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let Expected { ta1, functional, claims } = self.expected;
        for (key, deadline) in [("ta1", ta1), ("999", functional), ("277ca", claims)] {
            if let Some(deadline) = deadline.filter(|deadline| !deadline.is_positive() || *deadline > LONGEST) {
                let key = format!("acknowledgments.expected.{key}");
                return Err(Refused::of(&key, format!("\"{deadline:#}\""), "\"1s\" to \"8784h\", or \"never\""));
            }
        }
        Ok(())
    }
}

fn deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SignedDuration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        "never" => Ok(None),
        text => text.parse().map(Some).map_err(|error| {
            de::Error::custom(format!(
                "{text:?}: allowed are hours, minutes and seconds (\"24h\") or \"never\": {error}"
            ))
        }),
    }
}
