//! What an envelope says about its payload: its fields and its operations.

use std::{collections::BTreeMap, fmt};

use jiff::{Timestamp, civil, tz::TimeZone};
use secrecy::SecretString;
use uuid::Uuid;

use super::fault::Fault;
pub use super::field::Field;

/// The rule version that this speaks.
pub const RULE_VERSION: &str = "2.2.0";

/// How many characters of a SenderID, ReceiverID or UserName are taken.
const MAX_ID: usize = 50;

/// How many characters of a PayloadID are taken. A UUID has 36; some partners send other ids.
const MAX_PAYLOAD_ID: usize = 128;

/// The fields of one message, all but credentials and payload, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<Field, String>);

impl Fields {
    /// What a field says, blanks around it taken off; none if it is absent or empty.
    pub fn value(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Says a field.
    pub fn set(&mut self, field: Field, value: impl Into<String>) {
        self.0.insert(field, value.into());
    }

    /// The same, for building.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<String>) -> Fields {
        self.set(field, value);
        self
    }

    /// Fields and what they say, in the order of the schema.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// What a field says, where it must say something.
    ///
    /// # Errors
    ///
    /// [`Fault::Required`].
    pub fn required(&self, field: Field) -> Result<&str, Fault> {
        self.value(field).ok_or(Fault::Required(field))
    }

    /// How the payload is exchanged.
    ///
    /// # Errors
    ///
    /// If the field is absent or says something else.
    pub fn mode(&self) -> Result<Mode, Fault> {
        let said = self.required(Field::ProcessingMode)?;
        Mode::of(said).ok_or_else(|| Fault::illegal(Field::ProcessingMode, "it is RealTime or Batch"))
    }

    /// The PayloadID: a UUID in its usual lower-case form, however it was written, or what else a partner sends.
    ///
    /// # Errors
    ///
    /// If the field is absent or cannot be an id.
    pub fn payload_id(&self) -> Result<String, Fault> {
        let said = self.required(Field::PayloadId)?;
        if said.chars().count() > MAX_PAYLOAD_ID || said.chars().any(char::is_control) {
            return Err(Fault::illegal(Field::PayloadId, "send a UUID of 36 characters"));
        }
        Ok(canonical_id(said))
    }

    /// SenderID or ReceiverID.
    ///
    /// # Errors
    ///
    /// If the field is absent or cannot be an id.
    pub fn party(&self, field: Field) -> Result<&str, Fault> {
        let said = self.required(field)?;
        if said.chars().count() > MAX_ID || said.chars().any(char::is_control) {
            return Err(Fault::illegal(field, "it has at most 50 printable characters"));
        }
        Ok(said)
    }

    /// How many bytes the payload is said to have.
    ///
    /// # Errors
    ///
    /// If the field is there and no number.
    pub fn payload_length(&self) -> Result<Option<u64>, Fault> {
        let Some(said) = self.value(Field::PayloadLength) else { return Ok(None) };
        match said.parse() {
            Ok(length) => Ok(Some(length)),
            Err(_) => Err(Fault::illegal(Field::PayloadLength, "it is the number of bytes of the payload")),
        }
    }

    /// When the message was made, if that can be read.
    pub fn time(&self) -> Option<Timestamp> {
        self.value(Field::TimeStamp).and_then(read_time)
    }
}

/// A PayloadID in the form that is compared and stored.
pub fn canonical_id(said: &str) -> String {
    match Uuid::parse_str(said.trim()) {
        Ok(id) => id.hyphenated().to_string(),
        Err(_) => said.trim().to_owned(),
    }
}

/// A time as the rule has it: UTC, whole seconds, `2026-01-15T14:30:00Z`.
pub fn written_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A TimeStamp as partners write it: with `Z`, an offset with or without colon, or neither (then UTC), any digits
/// of a second.
pub fn read_time(said: &str) -> Option<Timestamp> {
    let said = said.trim();
    if let Ok(time) = said.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(time) = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", said) {
        return Some(time);
    }
    let civil = said.parse::<civil::DateTime>().ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// How a payload is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One interchange in, its answer out, in one exchange.
    RealTime,
    /// A file in; answers are fetched later.
    Batch,
}

impl Mode {
    /// The mode of this name.
    pub fn of(name: &str) -> Option<Mode> {
        [Mode::RealTime, Mode::Batch].into_iter().find(|mode| mode.name().eq_ignore_ascii_case(name))
    }

    /// Its name in ProcessingMode.
    pub fn name(self) -> &'static str {
        match self {
            Mode::RealTime => "RealTime",
            Mode::Batch => "Batch",
        }
    }
}

/// An operation of the rule. Its name is the SOAP action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// One interchange in, its answer out.
    RealTime,
    /// Hands over a batch.
    BatchSubmit,
    /// Fetches the TA1 or 999 for a batch.
    BatchSubmitAckRetrieval,
    /// Fetches results.
    BatchResultsRetrieval,
    /// Hands over the 999 for results.
    BatchResultsAckSubmit,
    /// Hands over anything, also from payer to provider.
    GenericBatchSubmission,
    /// Fetches anything.
    GenericBatchRetrieval,
    /// Confirms what was fetched.
    GenericBatchReceiptConfirmation,
}

/// What an operation does, apart from its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A file in, an answer out.
    Converse,
    /// A file in.
    Submit,
    /// A file out.
    Retrieve,
    /// An acknowledgment in, for a file that was fetched.
    Confirm,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 8] = [
        Operation::RealTime,
        Operation::BatchSubmit,
        Operation::BatchSubmitAckRetrieval,
        Operation::BatchResultsRetrieval,
        Operation::BatchResultsAckSubmit,
        Operation::GenericBatchSubmission,
        Operation::GenericBatchRetrieval,
        Operation::GenericBatchReceiptConfirmation,
    ];

    /// Its SOAP action, its request's and its response's root element, and what it does.
    fn row(self) -> (&'static str, &'static str, &'static str, Act) {
        const SUBMISSION: &str = "COREEnvelopeBatchSubmission";
        const SUBMITTED: &str = "COREEnvelopeBatchSubmissionResponse";
        const RETRIEVAL: &str = "COREEnvelopeBatchResultsRetrievalRequest";
        const RETRIEVED: &str = "COREEnvelopeBatchResultsRetrievalResponse";
        const CONFIRMATION: &str = "COREEnvelopeBatchResultsAckSubmission";
        const CONFIRMED: &str = "COREEnvelopeBatchResultsAckSubmissionResponse";
        match self {
            Operation::RealTime => {
                ("RealTimeTransaction", "COREEnvelopeRealTimeRequest", "COREEnvelopeRealTimeResponse", Act::Converse)
            }
            Operation::BatchSubmit => ("BatchSubmitTransaction", SUBMISSION, SUBMITTED, Act::Submit),
            Operation::BatchSubmitAckRetrieval => (
                "BatchSubmitAckRetrievalTransaction",
                "COREEnvelopeBatchSubmissionAckRetrievalRequest",
                "COREEnvelopeBatchSubmissionAckRetrievalResponse",
                Act::Retrieve,
            ),
            Operation::BatchResultsRetrieval => {
                ("BatchResultsRetrievalTransaction", RETRIEVAL, RETRIEVED, Act::Retrieve)
            }
            Operation::BatchResultsAckSubmit => {
                ("BatchResultsAckSubmitTransaction", CONFIRMATION, CONFIRMED, Act::Confirm)
            }
            Operation::GenericBatchSubmission => {
                ("GenericBatchSubmissionTransaction", SUBMISSION, SUBMITTED, Act::Submit)
            }
            Operation::GenericBatchRetrieval => {
                ("GenericBatchRetrievalTransaction", RETRIEVAL, RETRIEVED, Act::Retrieve)
            }
            Operation::GenericBatchReceiptConfirmation => {
                ("GenericBatchReceiptConfirmationTransaction", CONFIRMATION, CONFIRMED, Act::Confirm)
            }
        }
    }

    /// Its SOAP action.
    pub fn action(self) -> &'static str {
        self.row().0
    }

    /// The root element of its request.
    pub fn request(self) -> &'static str {
        self.row().1
    }

    /// The root element of its response.
    pub fn response(self) -> &'static str {
        self.row().2
    }

    /// What it does.
    pub fn act(self) -> Act {
        self.row().3
    }

    /// How its payloads are exchanged.
    pub fn mode(self) -> Mode {
        match self.act() {
            Act::Converse => Mode::RealTime,
            Act::Submit | Act::Retrieve | Act::Confirm => Mode::Batch,
        }
    }

    /// The operation of a SOAP action as clients write it: in quotes of either kind, as the end of a URI, with a
    /// version behind it (`RealTimeTransactionV2.2.0`).
    pub fn of_action(said: &str) -> Option<Operation> {
        let name = said.trim().trim_matches(['"', '\'']).trim();
        let name = name.rsplit(['/', '#', ':']).next().unwrap_or(name);
        match name {
            "PayloadReceiptConfirmation" => return Some(Operation::GenericBatchReceiptConfirmation),
            "GenericBatchRetrievalRequest" => return Some(Operation::GenericBatchRetrieval),
            _ => {}
        }
        // The longest name first would matter if one were the beginning of another; none is.
        Operation::ALL.into_iter().find(|operation| {
            name.get(..operation.action().len()).is_some_and(|start| start.eq_ignore_ascii_case(operation.action()))
        })
    }

    /// The operation whose request has this root. The generic operations share theirs with a specific one, which
    /// is the one given; they do the same.
    pub fn of_request(root: &str) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| operation.request().eq_ignore_ascii_case(root))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action())
    }
}

/// A user name and a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_lead_back_to_operations_however_they_are_written() {
        for operation in Operation::ALL {
            let action = operation.action();
            for said in [
                action.to_owned(),
                format!("\"{action}\""),
                format!("'{action}'"),
                format!("http://www.caqh.org/SOAP/WSDL/{action}"),
                format!("urn:{action}"),
                format!("{action}V2.2.0"),
            ] {
                assert_eq!(Operation::of_action(&said), Some(operation), "{said}");
            }
            let by_root = Operation::of_request(operation.request()).unwrap();
            assert_eq!(by_root.act(), operation.act());
            assert_eq!(by_root.response(), operation.response());
        }
        assert_eq!(Operation::of_action(""), None);
        assert_eq!(Operation::of_action("ValidateUser"), None);
    }

    #[test]
    fn payload_ids_are_one_however_they_are_written() {
        let id = "0f9b1c52-8a0e-4a3e-9a55-6a3a4f0f7a11";
        for said in [id.to_uppercase(), format!("{{{id}}}"), format!("urn:uuid:{id}"), format!(" {id}\n")] {
            assert_eq!(canonical_id(&said), id);
        }
        assert_eq!(canonical_id("batch 7"), "batch 7");
        let fields = Fields::default().with(Field::PayloadId, "x".repeat(129));
        assert_eq!(fields.payload_id().unwrap_err().code(), "PayloadIDIllegal");
        assert_eq!(Fields::default().payload_id().unwrap_err().code(), "PayloadIDRequired");
    }

    #[test]
    fn times_are_read_as_partners_write_them() {
        let noon = "2026-01-15T12:00:00Z".parse::<Timestamp>().unwrap();
        for said in [
            "2026-01-15T12:00:00Z",
            "2026-01-15T12:00:00",
            "2026-01-15T08:00:00-0400",
            "2026-01-15T14:00:00+02:00",
            "2026-01-15T12:00:00.0000000Z",
        ] {
            assert_eq!(read_time(said), Some(noon), "{said}");
        }
        assert_eq!(read_time("yesterday"), None);
        assert_eq!(written_time(noon), "2026-01-15T12:00:00Z");
    }
}
