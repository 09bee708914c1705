//! PayloadType: which strings partners use for what, in one table.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::envelope::{Act, Operation};
use crate::gateway::connect::Content;

/// What a PayloadType means, whatever string says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the table below says what each is")]
pub enum PayloadType {
    Claims837P,
    Claims837I,
    Claims837D,
    BatchMixed,
    BatchReceipt,
    Get999,
    GetTa1,
    GetAcknowledgments,
    Get277ca,
    Get835,
    GetResultsMixed,
    Send999,
    SendTa1,
    Answer999,
    AnswerTa1,
    Answer277ca,
    Answer835,
    ResultsMixed,
    NoAcknowledgment,
    NoResults,
    ConfirmationReceived,
    EnvelopeError,
}

/// What a message of a type does, which in a MIME envelope is all that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A request that hands over a file.
    Submits,
    /// A request for files of these contents, by this operation.
    Asks(Operation, &'static [Content]),
    /// A request that hands over an acknowledgment for a file that was fetched.
    Confirms,
    /// An answer with a file, which may also be handed over unasked (an 835 that is pushed).
    Answers,
    /// An answer without a file.
    Closes,
}

struct Row {
    kind: PayloadType,
    /// The string that is sent.
    emits: &'static str,
    /// Strings that are taken besides, without regard to case.
    accepts: &'static [&'static str],
    content: Option<Content>,
    part: Part,
}

const fn row(
    kind: PayloadType,
    emits: &'static str,
    accepts: &'static [&'static str],
    content: Option<Content>,
    part: Part,
) -> Row {
    Row { kind, emits, accepts, content, part }
}

use Content::{
    Acknowledgment999, ClaimAcknowledgment277, Claims837D, Claims837I, Claims837P, InterchangeAcknowledgmentTa1, Mixed,
    Remittance835,
};
use Operation::{BatchResultsRetrieval, BatchSubmitAckRetrieval, GenericBatchRetrieval};
use Part::{Answers, Asks, Closes, Confirms, Submits};

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(PayloadType::Claims837P, "X12_837_Request_005010X222A1",
        &["X12_837_Request_005010X222", "X12_837_Request_005010X222A1_2", "X12_837_Request_005010X222A2"],
        Some(Claims837P), Submits),
    row(PayloadType::Claims837I, "X12_837_Request_005010X223A1_2",
        &["X12_837_Request_005010X223", "X12_837_Request_005010X223A1", "X12_837_Request_005010X223A2"],
        Some(Claims837I), Submits),
    row(PayloadType::Claims837D, "X12_837_Request_005010X224A1_2",
        &["X12_837_Request_005010X224", "X12_837_Request_005010X224A1", "X12_837_Request_005010X224A2"],
        Some(Claims837D), Submits),
    row(PayloadType::BatchMixed, "X12_005010_Request_BatchSubmissionMixed", &[], Some(Mixed), Submits),
    row(PayloadType::BatchReceipt, "X12_BatchReceiptConfirmation",
        &["X12_005010_Response_BatchSubmissionMixed"], None, Closes),
    row(PayloadType::Get999, "X12_999_RetrievalRequest_005010X231A1", &["X12_999_RetrievalRequest_005010X231"],
        None, Asks(BatchSubmitAckRetrieval, &[Acknowledgment999, InterchangeAcknowledgmentTa1])),
    row(PayloadType::GetTa1, "X12_TA1_RetrievalRequest_00501X231A1", &["X12_TA1_RetrievalRequest_005010X231A1"],
        None, Asks(BatchSubmitAckRetrieval, &[InterchangeAcknowledgmentTa1])),
    row(PayloadType::GetAcknowledgments, "X12_005010_Request_Acks", &[],
        None, Asks(BatchSubmitAckRetrieval, &[InterchangeAcknowledgmentTa1, Acknowledgment999, ClaimAcknowledgment277])),
    row(PayloadType::Get277ca, "X12_005010_Request_Batch_Results_277",
        &["X12_277CA_Request_005010X214", "X12_277CA_RetrievalRequest_005010X214"],
        None, Asks(BatchResultsRetrieval, &[ClaimAcknowledgment277])),
    row(PayloadType::Get835, "X12_835_Request_005010X221A1",
        &["X12_835_Request_005010X221", "X12_005010_Request_Batch_Results_835"],
        None, Asks(GenericBatchRetrieval, &[Remittance835])),
    row(PayloadType::GetResultsMixed, "X12_005010_Request_BatchResultsMixed", &[],
        None, Asks(GenericBatchRetrieval, &[ClaimAcknowledgment277, Remittance835, Acknowledgment999,
            InterchangeAcknowledgmentTa1, Mixed])),
    row(PayloadType::Send999, "X12_999_SubmissionRequest_005010X231A1",
        &["X12_999_SubmissionRequest_005010X231", "X12_999_Request_005010X231A1"],
        Some(Acknowledgment999), Confirms),
    row(PayloadType::SendTa1, "X12_TA1_SubmissionRequest_00501X231A1", &["X12_TA1_SubmissionRequest_005010X231A1"],
        Some(InterchangeAcknowledgmentTa1), Confirms),
    row(PayloadType::Answer999, "X12_999_Response_005010X231A1", &["X12_999_Response_005010X231"],
        Some(Acknowledgment999), Answers),
    row(PayloadType::AnswerTa1, "X12_TA1_Response_00501X231A1", &["X12_TA1_Response_005010X231A1"],
        Some(InterchangeAcknowledgmentTa1), Answers),
    row(PayloadType::Answer277ca, "X12_277CA_Response_005010X214",
        &["X12_277_Response_005010X214", "X12_005010_Response_Batch_Results_277"],
        Some(ClaimAcknowledgment277), Answers),
    row(PayloadType::Answer835, "X12_835_Response_005010X221A1",
        &["X12_835_Response_005010X221", "X12_005010_Response_Batch_Results_835"],
        Some(Remittance835), Answers),
    row(PayloadType::ResultsMixed, "X12_005010_Response_BatchResultsMixed", &[], Some(Mixed), Answers),
    row(PayloadType::NoAcknowledgment, "X12_005010_Response_NoBatchAckFile", &["X12_NoBatchAckFile"], None, Closes),
    row(PayloadType::NoResults, "X12_005010_Response_NoBatchResultsFile", &["X12_NoBatchResultsFile"],
        None, Closes),
    row(PayloadType::ConfirmationReceived, "X12_Response_ConfirmReceiptReceived", &[], None, Closes),
    row(PayloadType::EnvelopeError, "CoreEnvelopeError", &[], None, Closes),
];

impl PayloadType {
    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.kind == self)
    }

    /// What is in the payload of such a message, if it has one.
    pub fn content(self) -> Option<Content> {
        self.row().and_then(|row| row.content)
    }

    /// What a request of this type asks to be given, the preferred first; nothing unless it is one that asks.
    pub fn asks_for(self) -> &'static [Content] {
        match self.row().map(|row| row.part) {
            Some(Asks(_, contents)) => contents,
            _ => &[],
        }
    }

    /// Whether a request of this type may be made by an operation that does `act`.
    pub fn fits(self, act: Act) -> bool {
        match (self.row().map(|row| row.part), act) {
            (Some(Submits), Act::Submit | Act::Converse) => true,
            (Some(Asks(..)), Act::Retrieve) => true,
            // A confirmation may name what it confirms by the type of that, and bring no payload.
            (Some(Confirms | Answers | Closes), Act::Confirm) => self != PayloadType::EnvelopeError,
            // A payer pushes what could have been fetched; a provider hands over acknowledgments as any file.
            (Some(Confirms | Answers), Act::Submit) => true,
            _ => false,
        }
    }

    /// The operation of a batch request of this type, where no SOAP action says it.
    pub fn batch_operation(self) -> Option<Operation> {
        match self.row()?.part {
            Submits => Some(Operation::BatchSubmit),
            Asks(operation, _) => Some(operation),
            Confirms => Some(Operation::BatchResultsAckSubmit),
            Answers => Some(Operation::GenericBatchSubmission),
            Closes if self == PayloadType::EnvelopeError => None,
            Closes => Some(Operation::GenericBatchReceiptConfirmation),
        }
    }

    /// The type of a message that hands over a file of `content`, and the operation for it.
    pub fn submitting(content: Content) -> (PayloadType, Operation) {
        match content {
            Claims837P => (PayloadType::Claims837P, Operation::BatchSubmit),
            Claims837I => (PayloadType::Claims837I, Operation::BatchSubmit),
            Claims837D => (PayloadType::Claims837D, Operation::BatchSubmit),
            Mixed => (PayloadType::BatchMixed, Operation::BatchSubmit),
            Acknowledgment999 => (PayloadType::Send999, Operation::BatchResultsAckSubmit),
            InterchangeAcknowledgmentTa1 => (PayloadType::SendTa1, Operation::BatchResultsAckSubmit),
            ClaimAcknowledgment277 => (PayloadType::Answer277ca, Operation::GenericBatchSubmission),
            Remittance835 => (PayloadType::Answer835, Operation::GenericBatchSubmission),
        }
    }

    /// The type of an answer that brings a file of `content`.
    pub fn answering(content: Content) -> PayloadType {
        match content {
            Acknowledgment999 => PayloadType::Answer999,
            InterchangeAcknowledgmentTa1 => PayloadType::AnswerTa1,
            ClaimAcknowledgment277 => PayloadType::Answer277ca,
            Remittance835 => PayloadType::Answer835,
            Claims837P | Claims837I | Claims837D | Mixed => PayloadType::ResultsMixed,
        }
    }

    /// The type of a request for files of these contents, and the operation for it. What partners of Phase II know
    /// is one content at a time; several go out as the request of later versions.
    pub fn asking(contents: &[Content]) -> (PayloadType, Operation) {
        let is_acknowledgment = |content: &Content| matches!(content, Acknowledgment999 | InterchangeAcknowledgmentTa1);
        let kind = match contents {
            [Acknowledgment999] => PayloadType::Get999,
            [InterchangeAcknowledgmentTa1] => PayloadType::GetTa1,
            [ClaimAcknowledgment277] => PayloadType::Get277ca,
            [Remittance835] => PayloadType::Get835,
            several if several.iter().all(is_acknowledgment) && !several.is_empty() => PayloadType::GetAcknowledgments,
            _ => PayloadType::GetResultsMixed,
        };
        (kind, kind.batch_operation().unwrap_or(GenericBatchRetrieval))
    }
}

/// Which strings one partner uses: those of the table, but for what its settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    own: BTreeMap<PayloadType, String>,
}

impl Registry {
    /// The table, with other strings for some types. They are sent, and taken besides those of the table.
    pub fn new(own: BTreeMap<PayloadType, String>) -> Registry {
        Registry { own }
    }

    /// What a string means.
    pub fn read(&self, said: &str) -> Option<PayloadType> {
        let said = said.trim();
        if let Some((kind, _)) = self.own.iter().find(|(_, own)| own.eq_ignore_ascii_case(said)) {
            return Some(*kind);
        }
        let says = |row: &&Row| {
            row.emits.eq_ignore_ascii_case(said) || row.accepts.iter().any(|name| name.eq_ignore_ascii_case(said))
        };
        TABLE.iter().find(says).map(|row| row.kind)
    }

    /// The string to send.
    pub fn write(&self, kind: PayloadType) -> &str {
        match self.own.get(&kind) {
            Some(own) => own,
            None => kind.row().map_or("", |row| row.emits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_string_means_one_thing() {
        let registry = Registry::default();
        let mut seen = std::collections::BTreeSet::new();
        for row in TABLE {
            assert_eq!(registry.write(row.kind), row.emits);
            for name in std::iter::once(&row.emits).chain(row.accepts) {
                assert!(seen.insert(name.to_lowercase()), "{name} stands twice");
                assert_eq!(registry.read(name), Some(row.kind));
                assert_eq!(registry.read(&name.to_lowercase()), Some(row.kind));
            }
        }
        assert_eq!(registry.read("COREEnvelopeError"), Some(PayloadType::EnvelopeError));
        assert_eq!(registry.read("X12_270_Request_005010X279A1"), None);
    }

    #[test]
    fn a_partners_own_string_is_sent_and_taken() {
        let registry = Registry::new([(PayloadType::Claims837I, "X12_837I".to_owned())].into());
        assert_eq!(registry.write(PayloadType::Claims837I), "X12_837I");
        assert_eq!(registry.read("x12_837i"), Some(PayloadType::Claims837I));
        assert_eq!(registry.read("X12_837_Request_005010X223A1_2"), Some(PayloadType::Claims837I));
    }

    #[test]
    fn what_a_type_asks_and_how_it_is_asked_agree() {
        for content in Content::ALL {
            let (kind, operation) = PayloadType::submitting(content);
            assert_eq!(kind.content(), Some(content));
            assert!(kind.fits(operation.act()), "{kind:?}");
            assert_eq!(PayloadType::answering(content).row().unwrap().part, Answers);
            let (kind, operation) = PayloadType::asking(&[content]);
            assert!(kind.fits(operation.act()), "{kind:?}");
            assert!(content.is_claims() || kind.asks_for().contains(&content), "{kind:?}");
        }
    }
}
