//! What a partner's answer means: a yes, perhaps with a file, or which kind of no.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

use super::{
    checksum::{self, Enforcement},
    envelope::{Field, canonical_id},
    intake::{Intake, IntakeError, Media, Message, Open, blocking},
    plain_words::plain_words,
    settings::Dialect,
};
use crate::gateway::connect::{Content, Receipt, SendError, Spooled};

/// How much of a code or a type is kept, in characters.
const MAX_CODE: usize = 64;

/// The longest time that a partner may ask us to wait.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A yes.
#[derive(Debug)]
pub(super) struct Reply {
    message: Message,
    warnings: Vec<String>,
}

/// A file that came from a partner.
#[derive(Debug)]
pub struct Retrieved {
    /// Its PayloadID as the partner gave it: what to confirm it by.
    pub payload_id: String,
    /// What its PayloadType says is in it, if that is known here.
    pub content: Option<Content>,
    /// The bytes.
    pub file: Spooled,
    /// What was odd about the answer.
    pub warnings: Vec<String>,
}

/// A no, or silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Refused { code: String, reason: String },
    Unsent { reason: String, retry_after: Option<Duration> },
    Unknown { reason: String },
}

impl Failure {
    pub fn unsent(reason: impl Into<String>) -> Failure {
        Failure::Unsent { reason: reason.into(), retry_after: None }
    }

    pub fn unknown(reason: impl Into<String>) -> Failure {
        Failure::Unknown { reason: reason.into() }
    }

    /// Its code, for the log.
    pub fn code(&self) -> &str {
        match self {
            Failure::Refused { code, .. } => code,
            Failure::Unsent { .. } => "unsent",
            Failure::Unknown { .. } => "unknown",
        }
    }

    /// What it means for a file that was handed over.
    pub fn of_sending(self) -> SendError {
        match self {
            Failure::Refused { code, reason } => SendError::Refused { code, reason, answer: None },
            Failure::Unsent { reason, retry_after } => SendError::Temporary { reason, retry_after },
            Failure::Unknown { reason } => SendError::Unknown { reason },
        }
    }

    /// What it means for a file that was to be fetched: nothing was handed over that could be lost or doubled.
    pub fn of_fetching(self) -> SendError {
        match self {
            Failure::Unknown { reason } => SendError::Temporary { reason, retry_after: None },
            other => other.of_sending(),
        }
    }
}

impl Reply {
    /// Takes in an answer and says what it means.
    pub async fn read(response: Response, intake: &Intake, dialect: &Dialect) -> Result<Reply, Failure> {
        let status = response.status().as_u16();
        let headers = response.headers();
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(wait);
        let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(Media::of);
        let Some(media) = media else { return Err(by_status(status, retry_after)) };
        let message = match intake.take(media, response.bytes_stream(), Vec::new(), &Open).await {
            Ok(message) => message,
            Err(error) if (200..300).contains(&status) => return Err(unreadable(&error)),
            Err(_) => return Err(by_status(status, retry_after)),
        };
        let mut reply = Reply { message, warnings: Vec::new() };
        reply.judge(status, retry_after)?;
        if let Some(fault) = &reply.message.payload_fault {
            return Err(Failure::unknown(format!("the payload of the answer cannot be read: {fault}")));
        }
        reply.verify(dialect).await?;
        Ok(reply)
    }

    fn judge(&mut self, status: u16, retry_after: Option<Duration>) -> Result<(), Failure> {
        if let Some(fault) = &self.message.fault {
            // A fault's reason is free text of whatever runs there, which may tell what was in the message.
            return Err(match fault.code.as_str() {
                _ if status == 503 => by_status(status, retry_after),
                "Receiver" => Failure::unknown("the partner answered with the SOAP fault Receiver"),
                code => {
                    let code = identifier(code);
                    let reason = format!("the partner answered with the SOAP fault {code}, HTTP status {status}");
                    Failure::Refused { code, reason }
                }
            });
        }
        let is_success = (200..300).contains(&status);
        let Some(code) = self.message.fields.value(Field::ErrorCode) else {
            if !is_success {
                return Err(by_status(status, retry_after));
            }
            if self.message.payload.is_none() && self.message.payload_fault.is_none() {
                return Err(Failure::unknown("the partner's answer has neither an ErrorCode nor a payload"));
            }
            self.warnings.push("the answer has no ErrorCode; it has a payload, and is taken for a yes".to_owned());
            return Ok(());
        };
        if code.eq_ignore_ascii_case("Success") {
            return if is_success { Ok(()) } else { Err(by_status(status, retry_after)) };
        }
        let message = self.message.fields.value(Field::ErrorMessage).unwrap_or_default();
        let (code, reason) = (identifier(code), plain_words(message));
        Err(match code.as_str() {
            _ if status == 503 => Failure::Unsent { reason, retry_after },
            "Receiver" => Failure::Unknown { reason: format!("Receiver: {reason}") },
            _ => Failure::Refused { code, reason },
        })
    }

    /// Whether the payload is what its length and checksum say.
    async fn verify(&mut self, dialect: &Dialect) -> Result<(), Failure> {
        let Some(file) = self.message.payload.take() else { return Ok(()) };
        let (fields, algorithm) = (self.message.fields.clone(), dialect.checksum);
        let check = move || {
            let found = checksum::verify(&fields, &file, algorithm);
            Ok((file, found))
        };
        let (file, found) = blocking(check).await.map_err(|error| Failure::unknown(error.to_string()))?;
        self.message.payload = Some(file);
        match (found, dialect.checksum_check) {
            (Err(fault), Enforcement::Enforce) => {
                Err(Failure::unknown(format!("the payload of the answer did not arrive whole: {}", fault.code())))
            }
            (Err(fault), Enforcement::Warn) => {
                self.warnings.push(format!("the payload of the answer is not what is said of it: {}", fault.code()));
                Ok(())
            }
            (Err(_), Enforcement::Ignore) | (Ok(()), _) => Ok(()),
        }
    }

    /// Whether a file came.
    pub fn has_payload(&self) -> bool {
        self.message.payload.is_some()
    }

    /// The yes to a file that was handed over.
    pub fn into_receipt(mut self, asked: &str) -> Receipt {
        self.compare_id(asked);
        let said = |field| self.message.fields.value(field).unwrap_or_default();
        let mut detail = identifier(said(Field::PayloadType));
        for part in [identifier(said(Field::ErrorCode)), plain_words(said(Field::ErrorMessage))] {
            if !part.is_empty() && part != "None" {
                detail.push(' ');
                detail.push_str(&part);
            }
        }
        Receipt { detail: detail.trim().to_owned(), warnings: self.warnings, answer: self.message.payload }
    }

    /// The file that came; none if none did.
    pub fn into_retrieved(mut self, dialect: &Dialect, asked: &str) -> Option<Retrieved> {
        self.compare_id(asked);
        let file = self.message.payload?;
        let fields = &self.message.fields;
        let kind = fields.value(Field::PayloadType).and_then(|said| dialect.payload_types.read(said));
        Some(Retrieved {
            payload_id: bounded(fields.value(Field::PayloadId).unwrap_or(asked), MAX_CODE.saturating_mul(2)),
            content: kind.and_then(super::payload_type::PayloadType::content),
            file,
            warnings: self.warnings,
        })
    }

    fn compare_id(&mut self, asked: &str) {
        match self.message.fields.value(Field::PayloadId) {
            Some(said) if canonical_id(said) == canonical_id(asked) => {}
            Some(_) => self.warnings.push("the answer's PayloadID is not that of the request".to_owned()),
            None => self.warnings.push("the answer has no PayloadID".to_owned()),
        }
    }
}

/// An answer that no envelope explains.
fn by_status(status: u16, retry_after: Option<Duration>) -> Failure {
    let reason = format!("the partner answered with HTTP status {status} and no CORE envelope");
    match status {
        // These say that the message was not looked at.
        408 | 429 | 503 => Failure::Unsent { reason, retry_after },
        200..=299 | 500..=599 => Failure::Unknown { reason },
        _ => Failure::Refused { code: format!("HTTP {status}"), reason },
    }
}

fn unreadable(error: &IntakeError) -> Failure {
    Failure::unknown(match error {
        IntakeError::Fault(fault) => format!("the partner's answer cannot be read ({})", fault.code()),
        IntakeError::TooLarge => "the partner's answer is larger than is taken".to_owned(),
        IntakeError::Slow => "the partner fell silent in its answer".to_owned(),
        IntakeError::Broken(_) => "the partner's answer broke off".to_owned(),
        IntakeError::Storage(error) => format!("the partner's answer could not be written: {error}"),
    })
}

/// A Retry-After: seconds, or the time of day.
fn wait(said: &str) -> Option<Duration> {
    let said = said.trim();
    let wait = match said.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let then = rfc2822::DateTimeParser::new().parse_timestamp(said).ok()?;
            Duration::try_from(then.duration_since(Timestamp::now())).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// A code or type, without what stands in none.
fn identifier(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    text.trim().chars().filter(fits).take(MAX_CODE).collect()
}

/// The beginning of a text, on one line.
fn bounded(text: &str, limit: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_alone_say_what_may_have_happened() {
        assert!(matches!(by_status(503, Some(Duration::from_secs(7))), Failure::Unsent { retry_after: Some(_), .. }));
        assert!(matches!(by_status(500, None), Failure::Unknown { .. }));
        assert!(matches!(by_status(200, None), Failure::Unknown { .. }));
        for status in [302, 401, 403, 404, 413] {
            assert_eq!(by_status(status, None).code(), format!("HTTP {status}"));
        }
    }

    #[test]
    fn waits_are_read_and_bounded() {
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("99999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }
}
