//! Why something could not be done to a claim or file.

use crate::{gateway::connect::ServiceError, gateway::store, ndjson, partner::Partner, x12};

/// Why something could not be done to a claim or file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// The file will never do, and why. No values of the data.
    #[error("{0}")]
    Refused(String),
    /// What the caller is told.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Input or output failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A partner's settings do not do.
    #[error("partner `{partner}`: {problem}")]
    Settings {
        /// Whose.
        partner: String,
        /// What is wrong with them.
        problem: String,
    },
    /// A fault of the program.
    #[error("{0}")]
    Fault(String),
}

impl FlowError {
    pub(in crate::gateway) fn settings(partner: &Partner, problem: &dyn std::fmt::Display) -> Self {
        Self::Settings { partner: partner.name().to_owned(), problem: problem.to_string() }
    }
}

impl From<x12::Error> for FlowError {
    fn from(error: x12::Error) -> Self {
        match error {
            x12::Error::Io(error) => Self::Io(error),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl From<ndjson::Error> for FlowError {
    fn from(error: ndjson::Error) -> Self {
        match error {
            ndjson::Error::Io(error) => Self::Io(error),
            ndjson::Error::X12(error) => error.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}
