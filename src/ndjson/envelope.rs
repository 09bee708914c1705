//! The envelopes around transaction sets that are made of lines.

use serde_json::json;

use super::Error;
use crate::{
    claims::{GroupEnvelope, InterchangeEnvelope},
    document::interchange_guide,
    guide::Guide,
    record::{
        Binding, Date, Time,
        write::{Added, Start, Style, Writer},
    },
};

/// Who sends what to whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// ISA06; by default the submitter's identifier (of an 835, the payer's).
    pub sender: Option<String>,
    /// ISA05.
    pub sender_kind: String,
    /// ISA08; by default the receiver's identifier (of an 835, the payee's).
    pub receiver: Option<String>,
    /// ISA07.
    pub receiver_kind: String,
    /// GS02; by default as ISA06.
    pub group_sender: Option<String>,
    /// GS03; by default as ISA08.
    pub group_receiver: Option<String>,
    /// ISA15: `P` production, `T` test.
    pub usage: String,
    /// ISA14.
    pub acknowledgment_requested: bool,
    /// ISA13 of the first interchange; further ones count on.
    pub control_number: u32,
    /// GS06 of the first group; further ones count on.
    pub group_control_number: u32,
    /// ST02 of the first transaction set of a group; further ones count on.
    pub transaction_control_number: u32,
    /// Date and time of the envelopes.
    pub created: (Date, Time),
    /// Guide identifier (ST03, GS08) to write, whatever the lines say.
    pub guide: Option<String>,
    /// Most claims in one transaction set.
    pub claims_per_transaction: u32,
    /// Delimiters and line breaks.
    pub style: Style,
}

impl Default for Options {
    /// Now, in UTC; test data; no acknowledgment asked for.
    fn default() -> Self {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let time = Time::new(now.hour().unsigned_abs(), now.minute().unsigned_abs()).unwrap_or_default();
        Self {
            sender: None,
            sender_kind: "ZZ".into(),
            receiver: None,
            receiver_kind: "ZZ".into(),
            group_sender: None,
            group_receiver: None,
            usage: "T".into(),
            acknowledgment_requested: false,
            control_number: 1,
            group_control_number: 1,
            transaction_control_number: 1,
            created: (now.date(), time),
            guide: None,
            claims_per_transaction: 5000,
            style: Style::default(),
        }
    }
}

/// Who sends and who receives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parties {
    pub(super) sender: String,
    pub(super) receiver: String,
}

/// The ISA.
pub(super) fn interchange(options: &Options, parties: &Parties, control: &str) -> Result<Vec<u8>, Error> {
    let header = json!({"header": {
        "authorization_kind": "00",
        "security_kind": "00",
        "sender_kind": options.sender_kind,
        "sender": parties.sender,
        "receiver_kind": options.receiver_kind,
        "receiver": parties.receiver,
        "date": options.created.0,
        "time": options.created.1,
        "control_number": control,
        "acknowledgment_requested": options.acknowledgment_requested,
        "usage": options.usage,
    }});
    head(
        &Binding::of::<InterchangeEnvelope>(interchange_guide()?, "").map_err(|error| bad(&error))?,
        &options.style,
        &header,
    )
}

/// The GS.
pub(super) fn group(
    options: &Options,
    parties: &Parties,
    guide: &Guide,
    id: &str,
    control: &str,
) -> Result<Vec<u8>, Error> {
    let header = json!({"header": {
        "kind": guide.group,
        "sender": options.group_sender.as_ref().unwrap_or(&parties.sender),
        "receiver": options.group_receiver.as_ref().unwrap_or(&parties.receiver),
        "date": options.created.0,
        "time": options.created.1,
        "control_number": control,
        "guide": id,
    }});
    head(
        &Binding::of::<GroupEnvelope>(interchange_guide()?, "GS").map_err(|error| bad(&error))?,
        &options.style,
        &header,
    )
}

/// A trailer: SE, GE or IEA.
pub(crate) fn trailer(style: &Style, id: &str, count: u64, control: &str) -> Vec<u8> {
    let element = char::from(style.delimiters.element);
    let mut segment: Vec<u8> = format!("{id}{element}{count}{element}{control}")
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?'))
        .collect();
    segment.push(style.delimiters.segment);
    segment.extend_from_slice(&style.line_break);
    segment
}

fn head(binding: &Binding, style: &Style, header: &serde_json::Value) -> Result<Vec<u8>, Error> {
    let writer = Writer::new(binding, style, Start { added: Added::NoTrailer, ..Start::default() });
    Ok(writer.write(&mut serde_json::Deserializer::from_str(&header.to_string()))?.bytes)
}

pub(super) fn bad(error: &impl std::fmt::Display) -> Error {
    Error::Json(<serde_json::Error as serde::de::Error>::custom(error))
}
