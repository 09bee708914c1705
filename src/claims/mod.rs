//! The claim model: what a claim, a remittance and an acknowledgment say, in the field's own words.
//!
//! Every type here is a `record!` table: one line a field, naming its type and the designator of
//! the place it has in the guides. The tables are all there is to know about the mapping; reading,
//! writing, JSON, the JSON Schema and the data dictionary are interpreters of them. What a caller
//! never sees is X12: loops, segments, qualifiers, hierarchical numbers, counts and the order of
//! things stay in the guides.
//!
//! One [`Claim`] serves professional, institutional and dental claims: a field without a place in
//! the guide at hand is simply not there. The documents, one a transaction set:
//!
//! | record | guide |
//! |---|---|
//! | [`ClaimBatch`] | 837P, 837I, 837D |
//! | [`Remittance`] | 835 |
//! | [`FunctionalAcknowledgment`] | 999 |
//! | [`ClaimStatusReport`] | 277CA |
//! | [`InterchangeEnvelope`] | TA1 and the envelope around all of them |
//!
//! # Conventions
//!
//! - `name` is the last name of a person or the name of an organization, as `entity` tells (`1`
//!   person, `2` organization); a party that can only be a person has `last_name` instead.
//! - `npi` is an identifier that can only be a National Provider Identifier; where the guides leave
//!   a choice, `id_kind` says what `id` is.
//! - `kind` is the code that says what the value beside it is.
//! - Qualifiers with one possible code, hierarchy levels and counters have no field: the guide
//!   knows them.
//! - A string that the guides require is [`Text`](crate::record::Text), where `""` means absent;
//!   everything that can be absent otherwise is an `Option` or a `Vec`.
//! - `x12`, in each record that stands for a loop, is what the bytes need to come back identical;
//!   leave it at its default in records made by hand.

mod acknowledgment;
mod adjudication;
mod claim;
mod coverage;
mod document;
mod party;
mod payment;
mod service;
mod set;
mod status;

pub use acknowledgment::{
    BusinessUnit, ElementError, FunctionalAcknowledgment, GroupEnvelope, GroupHeader, InterchangeAcknowledgment,
    InterchangeEnvelope, InterchangeHeader, SegmentContext, SegmentError, TransactionAcknowledgment,
};
pub use adjudication::{Adjustment, AdjustmentReason, InpatientAdjudication, OutpatientAdjudication, Repricing};
pub use claim::{
    AmbulanceTransport, Attachment, Certification, Claim, Contract, DatedEvent, Diagnosis, Disability, Note,
    Occurrence, OccurrenceSpan, Orthodontics, SpinalManipulation, SurgicalProcedure, ToothStatus, ValueAmount,
    VisionCondition,
};
pub use coverage::{OtherCoverage, OtherPayer, OtherPayerProvider, OtherSubscriber};
pub use document::{BillingGroup, ClaimBatch, PatientGroup, SubscriberGroup};
pub use party::{
    Address, BillingProvider, Contact, ContactNumber, Facility, Identifier, Location, Patient, PayToAddress, PayToPlan,
    Payer, Provider, Receiver, Submitter, Subscriber,
};
pub use payment::{
    Amount, ClaimPayment, Delivery, InpatientSummary, Party, Payee, Payment, PaymentDate, PaymentGroup,
    ProviderAdjustment, ProviderAdjustmentAmount, ProviderSummary, Quantity, Remark, Remittance, RemittancePayer,
    ServicePayment,
};
pub use service::{
    Answer, Drug, Equipment, EquipmentCertification, Form, Line, LineAdjudication, PayerReference, Procedure,
    PurchasedService, TestResult, Tooth,
};
pub use set::{PlainSet, TransactionSet};
pub use status::{
    BilledProvider, ClaimStatus, ClaimStatusReport, LineStatus, Status, StatusCode, StatusPatient, StatusProvider,
    StatusReceiver, StatusSource,
};

#[cfg(test)]
mod tests;
