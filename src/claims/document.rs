//! The 837 as a document: the hierarchy in which a file groups its claims.

use crate::claims::{BillingProvider, Claim, Patient, Payer, Receiver, Submitter, Subscriber};
use crate::record::{Date, Layout, Text, Time, record};

record! {
    /// One 837 transaction set: claims by billing provider and subscriber.
    pub struct ClaimBatch {
        control_number: Text                 = "ST02",
        /// The implementation guide that the sender names.
        guide: Text                          = "ST03",
        /// Original (`00`) or reissue (`18`) of the whole batch.
        purpose: Text                        = "BHT02",
        /// The submitter's own number for this batch.
        reference: Text                      = "BHT03",
        created_date: Option<Date>           = "BHT04",
        created_time: Option<Time>           = "BHT05",
        /// Chargeable claims (`CH`), reporting of encounters (`RP`) or subrogation demands (`31`).
        claim_type: Text                     = "BHT06",
        submitter: Submitter                 = "1000A",
        receiver: Receiver                   = "1000B",
        billing_providers: Vec<BillingGroup> = "2000A",
        x12: Layout                          = "*",
    }

    /// A billing provider and the subscribers whose claims it bills.
    pub struct BillingGroup {
        provider: BillingProvider         = ".",
        subscribers: Vec<SubscriberGroup> = "2000B",
    }

    /// A subscriber, the payer that is billed, and the claims: the subscriber's own and those of
    /// dependents.
    pub struct SubscriberGroup {
        subscriber: Subscriber      = ".",
        payer: Payer                = "2010BB",
        /// Claims for which the subscriber is the patient.
        claims: Vec<Claim>          = "2300",
        /// Patients other than the subscriber.
        patients: Vec<PatientGroup> = "2000C",
    }

    /// A patient who is not the subscriber, and the claims for that patient.
    pub struct PatientGroup {
        patient: Patient   = ".",
        claims: Vec<Claim> = "2300",
    }
}
