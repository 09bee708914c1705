//! The fields of an envelope, by their names.

use std::fmt;

/// A field of the envelope, in the order in which the schema has them. User name and password stand in MIME
/// envelopes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the rule")]
pub enum Field {
    PayloadType,
    ProcessingMode,
    PayloadId,
    PayloadLength,
    TimeStamp,
    UserName,
    Password,
    SenderId,
    ReceiverId,
    CoreRuleVersion,
    CheckSum,
    Payload,
    ErrorCode,
    ErrorMessage,
}

impl Field {
    /// Every field, in order.
    pub const ALL: [Field; 14] = [
        Field::PayloadType,
        Field::ProcessingMode,
        Field::PayloadId,
        Field::PayloadLength,
        Field::TimeStamp,
        Field::UserName,
        Field::Password,
        Field::SenderId,
        Field::ReceiverId,
        Field::CoreRuleVersion,
        Field::CheckSum,
        Field::Payload,
        Field::ErrorCode,
        Field::ErrorMessage,
    ];

    /// Its name in an envelope, also the beginning of its error codes (`PayloadIDRequired`).
    pub fn name(self) -> &'static str {
        match self {
            Field::PayloadType => "PayloadType",
            Field::ProcessingMode => "ProcessingMode",
            Field::PayloadId => "PayloadID",
            Field::PayloadLength => "PayloadLength",
            Field::TimeStamp => "TimeStamp",
            Field::UserName => "UserName",
            Field::Password => "Password",
            Field::SenderId => "SenderID",
            Field::ReceiverId => "ReceiverID",
            Field::CoreRuleVersion => "CORERuleVersion",
            Field::CheckSum => "CheckSum",
            Field::Payload => "Payload",
            Field::ErrorCode => "ErrorCode",
            Field::ErrorMessage => "ErrorMessage",
        }
    }

    /// The field of this name. Names are case-sensitive in the rule; here they are not.
    pub fn of(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.name().eq_ignore_ascii_case(name.trim()))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_fields() {
        for field in Field::ALL {
            assert_eq!(Field::of(field.name()), Some(field));
        }
        assert!(Field::ALL.is_sorted());
    }
}
