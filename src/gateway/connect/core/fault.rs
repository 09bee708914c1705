//! What can be wrong with a message, as the rule says it: one code each, with what to do about it.

use std::{borrow::Cow, time::Duration};

use super::field::Field;

/// What is wrong with a message. Its text is the ErrorMessage: what to do about it, without PHI or secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A field that has to be there is not.
    #[error("{0} is missing. Send it.")]
    Required(Field),
    /// A field says what it may not say.
    #[error("{field} is not acceptable: {remedy}.")]
    Illegal {
        /// The field.
        field: Field,
        /// What it may say.
        remedy: Cow<'static, str>,
    },
    /// A field that the rule does not have.
    #[error("There is no such field. Leave it out.")]
    NotUnderstood(String),
    /// A CORERuleVersion that is not spoken here.
    #[error("This CORERuleVersion is not spoken here. Send {0}.")]
    VersionMismatch(String),
    /// The caller is nobody, or somebody else.
    #[error("User name and password, or the certificate, were not accepted.")]
    Unauthorized,
    /// The payload is not what its CheckSum says.
    #[error("The payload does not have the CheckSum that is stated: {0}.")]
    ChecksumMismatched(Cow<'static, str>),
    /// A message that cannot be read.
    #[error("The message cannot be read: {0}.")]
    Sender(Cow<'static, str>),
    /// This side failed.
    #[error("The server cannot take this now. Send it again later, with the same PayloadID.")]
    Receiver {
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// A SOAP envelope of a version that is not spoken here.
    #[error("This is neither a SOAP 1.2 nor a SOAP 1.1 envelope.")]
    SoapVersion,
    /// A SOAP header that has to be understood and is not.
    #[error("A SOAP header with mustUnderstand is not understood: {0}. Leave it out.")]
    MustUnderstand(String),
    /// More bytes than are taken. Said by HTTP status 413.
    #[error("The message is larger than is taken here.")]
    TooLarge,
}

/// The code of a SOAP fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// The message is at fault.
    Sender,
    /// This side is at fault.
    Receiver,
    /// The SOAP envelope's version.
    VersionMismatch,
    /// A header that is not understood.
    MustUnderstand,
}

impl Fault {
    /// A field that says what it may not say, and what it may.
    pub fn illegal(field: Field, remedy: impl Into<Cow<'static, str>>) -> Fault {
        Fault::Illegal { field, remedy: remedy.into() }
    }

    /// A message that cannot be read, and why.
    pub fn sender(reason: impl Into<Cow<'static, str>>) -> Fault {
        Fault::Sender(reason.into())
    }

    /// The ErrorCode.
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Fault::Required(field) => format!("{field}Required").into(),
            Fault::Illegal { field, .. } => format!("{field}Illegal").into(),
            Fault::NotUnderstood(name) => format!("{name}NotUnderstood").into(),
            Fault::VersionMismatch(_) | Fault::SoapVersion => "VersionMismatch".into(),
            Fault::Unauthorized => "UnAuthorized".into(),
            Fault::ChecksumMismatched(_) => "ChecksumMismatched".into(),
            Fault::Sender(_) | Fault::TooLarge => "Sender".into(),
            Fault::Receiver { .. } => "Receiver".into(),
            Fault::MustUnderstand(_) => "MustUnderstand".into(),
        }
    }

    /// The code of the SOAP fault that says it; none if a CORE envelope with its ErrorCode does.
    pub fn soap_fault(&self) -> Option<FaultCode> {
        match self {
            Fault::Sender(_) | Fault::TooLarge => Some(FaultCode::Sender),
            Fault::Receiver { .. } => Some(FaultCode::Receiver),
            Fault::SoapVersion => Some(FaultCode::VersionMismatch),
            Fault::MustUnderstand(_) | Fault::NotUnderstood(_) => Some(FaultCode::MustUnderstand),
            Fault::Required(_)
            | Fault::Illegal { .. }
            | Fault::VersionMismatch(_)
            | Fault::Unauthorized
            | Fault::ChecksumMismatched(_) => None,
        }
    }

    /// The HTTP status that goes with it. What concerns the envelope's fields is said under 200; SOAP faults go
    /// under 500, as CORE's stacks have it.
    pub fn status(&self, soap: bool) -> u16 {
        match self {
            Fault::TooLarge => 413,
            Fault::Receiver { retry_after: Some(_) } => 503,
            Fault::Receiver { retry_after: None } => 500,
            Fault::Sender(_) if !soap => 400,
            fault if soap && fault.soap_fault().is_some() => 500,
            _ => 200,
        }
    }
}

impl FaultCode {
    /// Its name in SOAP 1.2.
    pub fn name(self) -> &'static str {
        match self {
            FaultCode::Sender => "Sender",
            FaultCode::Receiver => "Receiver",
            FaultCode::VersionMismatch => "VersionMismatch",
            FaultCode::MustUnderstand => "MustUnderstand",
        }
    }

    /// Its name in SOAP 1.1.
    pub fn name_of_1_1(self) -> &'static str {
        match self {
            FaultCode::Sender => "Client",
            FaultCode::Receiver => "Server",
            FaultCode::VersionMismatch | FaultCode::MustUnderstand => self.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rule() {
        assert_eq!(Fault::Required(Field::CheckSum).code(), "CheckSumRequired");
        assert_eq!(Fault::illegal(Field::SenderId, "").code(), "SenderIDIllegal");
        assert_eq!(Fault::NotUnderstood("Colour".into()).code(), "ColourNotUnderstood");
        assert_eq!(Fault::Unauthorized.code(), "UnAuthorized");
        assert_eq!(Fault::ChecksumMismatched("".into()).code(), "ChecksumMismatched");
    }

    #[test]
    fn statuses_follow_the_envelope() {
        assert_eq!(Fault::sender("x").status(true), 500);
        assert_eq!(Fault::sender("x").status(false), 400);
        assert_eq!(Fault::Unauthorized.status(true), 200);
        assert_eq!(Fault::NotUnderstood("Colour".into()).status(false), 200);
        assert_eq!(Fault::Receiver { retry_after: Some(Duration::from_secs(1)) }.status(true), 503);
    }
}
