//! What becomes of a request: checked in the order of the rule, handed to the gateway, answered.

use std::{sync::Arc, time::Duration};

use tracing::warn;
use uuid::Uuid;

use super::{
    checksum::{self, Enforcement},
    door::Door,
    envelope::{Act, Field, Fields, Mode, Operation, RULE_VERSION, canonical_id, written_time},
    fault::Fault,
    intake::{Form, Message, blocking},
    payload_type::PayloadType,
    settings::{Dialect, RetrievalId, ServerOptions, UnknownFields},
};
use crate::gateway::connect::{Arrival, Caller, Content, Parcel, Service, ServiceError, Wanted};

/// The name of this connector.
pub(super) const CHANNEL: &str = "core";

/// How many characters of a request's field are said back.
const MAX_ECHO: usize = 128;

/// One request on its way through.
pub(super) struct Exchange<'a> {
    pub service: &'a dyn Service,
    pub options: &'a ServerOptions,
    door: &'a Door<'a>,
    pub form: Form,
    /// What the SOAP action or root says; in a MIME envelope its fields say it, later.
    pub operation: Option<Operation>,
    pub fields: Fields,
    pub unknown: Vec<String>,
    /// Who calls, once that is proven.
    pub caller: Option<Caller>,
    /// How the caller differs from the rule.
    pub dialect: Arc<Dialect>,
    pub kind: Option<PayloadType>,
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub kind: PayloadType,
    pub payload: Option<Parcel>,
}

impl<'a> Exchange<'a> {
    /// A request that came in, and its operation if SOAP says one.
    ///
    /// # Errors
    ///
    /// If action and root say different things, or nothing that is known.
    pub fn new(
        service: &'a dyn Service,
        options: &'a ServerOptions,
        door: &'a Door<'a>,
        message: &mut Message,
    ) -> Result<Exchange<'a>, Fault> {
        let operation = match message.form {
            // It was not read to its end, and is not judged.
            _ if message.unproven => None,
            Form::Mime => None,
            Form::Soap { .. } => Some(said_operation(message)?),
        };
        Ok(Exchange {
            service,
            options,
            door,
            form: message.form,
            operation,
            fields: std::mem::take(&mut message.fields),
            unknown: std::mem::take(&mut message.unknown),
            caller: None,
            dialect: Arc::default(),
            kind: None,
        })
    }

    /// Checks the request and does what it asks.
    ///
    /// # Errors
    ///
    /// The first that is wrong, in the order of the rule.
    pub async fn run(&mut self, mut message: Message) -> Result<Answer, Fault> {
        if message.unproven {
            return Err(Fault::Unauthorized);
        }
        self.check_version()?;
        let caller = self.door.caller(message.credentials.as_ref()).await?;
        self.dialect = (self.options.dialect)(&caller.partner);
        self.caller = Some(caller.clone());
        let is_own = |sender: &str| caller.senders.iter().any(|own| own.eq_ignore_ascii_case(sender));
        if !caller.senders.is_empty() && self.fields.value(Field::SenderId).is_some_and(|sender| !is_own(sender)) {
            self.service.refused(&caller, "SenderID is that of somebody else").await;
            return Err(Fault::illegal(Field::SenderId, "it is not one of those agreed for these credentials"));
        }
        let (kind, operation) = self.check_fields(message.payload.is_some() || message.payload_fault.is_some())?;
        self.verify_payload(&mut message).await?;
        let payload_id = self.fields.payload_id()?;
        let arrival = message.payload.take().map(|file| Arrival {
            channel: CHANNEL,
            payload_id: Some(payload_id.clone()),
            content: kind.content(),
            name: message.file_name.take(),
            file,
        });
        self.act(&caller, kind, operation, payload_id, arrival).await
    }

    fn check_version(&self) -> Result<(), Fault> {
        let said = self.fields.required(Field::CoreRuleVersion)?;
        let number = said.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let spoken = &self.options.settings.rule_versions;
        match spoken.iter().any(|version| version == number) {
            true => Ok(()),
            false => Err(Fault::VersionMismatch(spoken.join(" or "))),
        }
    }

    /// Whether each field says what it may, in the order of the schema; then whether they go together.
    fn check_fields(&mut self, has_payload: bool) -> Result<(PayloadType, Operation), Fault> {
        let settings = &self.options.settings;
        if let (UnknownFields::Refuse, Some(name)) = (settings.unknown_fields, self.unknown.first()) {
            let name = name.chars().filter(char::is_ascii_alphanumeric).collect();
            return Err(Fault::NotUnderstood(name));
        }
        let said = self.fields.required(Field::PayloadType)?;
        let kind = self.dialect.payload_types.read(said);
        self.kind = kind;
        let mode = self.fields.mode()?;
        self.fields.payload_id()?;
        let operation = self.operation.or_else(|| match mode {
            Mode::RealTime => Some(Operation::RealTime),
            Mode::Batch => kind.and_then(PayloadType::batch_operation),
        });
        let submits = operation.is_some_and(|operation| operation.act() == Act::Submit);
        let stated = submits && self.dialect.checksum_check == Enforcement::Enforce;
        if stated {
            self.fields.required(Field::PayloadLength)?;
        }
        self.fields.payload_length()?;
        // A TimeStamp is never a reason to refuse: too many clients get it wrong.
        self.fields.party(Field::SenderId)?;
        let receiver = self.fields.party(Field::ReceiverId)?;
        if !settings.receivers.is_empty() && !settings.receivers.iter().any(|own| own.eq_ignore_ascii_case(receiver)) {
            return Err(Fault::illegal(Field::ReceiverId, "it is none that this server answers to"));
        }
        if stated {
            self.fields.required(Field::CheckSum)?;
        }
        let needed = operation.is_some_and(|operation| matches!(operation.act(), Act::Submit | Act::Converse));
        if needed && !has_payload {
            return Err(Fault::Required(Field::Payload));
        }
        let unknown = || Fault::illegal(Field::PayloadType, "it is not one that is exchanged here, or not this way");
        let (kind, operation) = (kind.ok_or_else(unknown)?, operation.ok_or_else(unknown)?);
        self.operation = Some(operation);
        if operation.mode() != mode {
            let remedy = format!("{operation} is {}", operation.mode().name());
            return Err(Fault::illegal(Field::ProcessingMode, remedy));
        }
        if mode == Mode::RealTime && !settings.real_time {
            return Err(Fault::illegal(Field::ProcessingMode, "send it as Batch; there is no real time here"));
        }
        if !kind.fits(operation.act()) {
            return Err(Fault::illegal(Field::PayloadType, format!("it is not one for {operation}")));
        }
        Ok((kind, operation))
    }

    /// Whether the payload could be read, and is what its length and checksum say.
    async fn verify_payload(&self, message: &mut Message) -> Result<(), Fault> {
        if let Some(fault) = message.payload_fault.take() {
            return Err(fault);
        }
        if self.dialect.checksum_check == Enforcement::Ignore {
            return Ok(());
        }
        let Some(file) = message.payload.take() else { return Ok(()) };
        let algorithm = self.dialect.checksum;
        let fields = self.fields.clone();
        let check = move || {
            let found = checksum::verify(&fields, &file, algorithm);
            Ok((file, found))
        };
        let (file, found) = blocking(check).await.map_err(|_| Fault::Receiver { retry_after: None })?;
        message.payload = Some(file);
        match found {
            Err(fault) if self.dialect.checksum_check == Enforcement::Enforce => Err(fault),
            Err(fault) => {
                warn!(error.code = %fault.code(), partner = self.partner(), "a payload differs from what is said of it");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn act(
        &self,
        caller: &Caller,
        kind: PayloadType,
        operation: Operation,
        payload_id: String,
        arrival: Option<Arrival>,
    ) -> Result<Answer, Fault> {
        let service = self.service;
        match (operation.act(), arrival) {
            (Act::Submit, Some(arrival)) => {
                service.receive(caller, arrival).await?;
                Ok(Answer { kind: PayloadType::BatchReceipt, payload: None })
            }
            (Act::Converse, Some(arrival)) => match service.answer(caller, arrival).await? {
                Some(parcel) => Ok(Answer { kind: PayloadType::answering(parcel.content), payload: Some(parcel) }),
                None => Err(Fault::illegal(Field::ProcessingMode, "send it as Batch; it has no answer in real time")),
            },
            (Act::Submit | Act::Converse, None) => Err(Fault::Required(Field::Payload)),
            (Act::Retrieve, _) => {
                let wanted = Wanted { kinds: kind.asks_for().to_vec(), payload_id: Some(payload_id) };
                let payload = service.next(caller, wanted).await?;
                let kind = match &payload {
                    Some(parcel) => PayloadType::answering(parcel.content),
                    None if operation == Operation::BatchSubmitAckRetrieval => PayloadType::NoAcknowledgment,
                    None => PayloadType::NoResults,
                };
                Ok(Answer { kind, payload })
            }
            (Act::Confirm, arrival) => {
                let brought = arrival.is_some();
                if let Some(arrival) = arrival {
                    service.receive(caller, arrival).await?;
                }
                if !service.confirmed(caller, &payload_id).await? && !brought {
                    let remedy = "it names no file that was fetched; send that of the file or of the request for it";
                    return Err(Fault::illegal(Field::PayloadId, remedy));
                }
                Ok(Answer { kind: PayloadType::ConfirmationReceived, payload: None })
            }
        }
    }

    /// The fields of the answer: those of the request said back, sender and receiver changed about.
    pub fn answer_fields(&self, outcome: Result<&Answer, &Fault>) -> Fields {
        let echo = |field: Field| -> String {
            self.fields.value(field).unwrap_or_default().chars().filter(|c| !c.is_control()).take(MAX_ECHO).collect()
        };
        let payload = outcome.ok().and_then(|answer| answer.payload.as_ref());
        let kind = outcome.map_or(PayloadType::EnvelopeError, |answer| answer.kind);
        let mode = self.operation.map(Operation::mode).or_else(|| self.fields.mode().ok()).unwrap_or(Mode::Batch);
        let payload_id = match (payload, self.options.settings.retrieval_id, echo(Field::PayloadId)) {
            (Some(parcel), RetrievalId::File, _) if mode == Mode::Batch => parcel.id.to_string(),
            (_, _, said) if said.is_empty() => Uuid::new_v4().to_string(),
            (_, _, said) => said,
        };
        let version = match (outcome, echo(Field::CoreRuleVersion)) {
            (Ok(_), said) => said,
            (Err(Fault::VersionMismatch(_)), _) => self.own_version(),
            (Err(_), said) if said.is_empty() => self.own_version(),
            (Err(_), said) => said,
        };
        let mut fields = Fields::default()
            .with(Field::PayloadType, self.dialect.payload_types.write(kind))
            .with(Field::ProcessingMode, mode.name())
            .with(Field::PayloadId, payload_id)
            .with(Field::TimeStamp, written_time(jiff::Timestamp::now()))
            .with(Field::SenderId, echo(Field::ReceiverId))
            .with(Field::ReceiverId, echo(Field::SenderId))
            .with(Field::CoreRuleVersion, version);
        if let Some(parcel) = payload.filter(|_| mode == Mode::Batch) {
            fields.set(Field::PayloadLength, parcel.length.to_string());
            fields.set(Field::CheckSum, self.dialect.checksum.of_parcel(parcel));
        }
        match outcome {
            Ok(_) => fields.with(Field::ErrorCode, "Success").with(Field::ErrorMessage, "None"),
            Err(fault) => {
                let message: String = fault.to_string().chars().take(1024).collect();
                fields.with(Field::ErrorCode, fault.code()).with(Field::ErrorMessage, message)
            }
        }
    }

    fn own_version(&self) -> String {
        self.options.settings.rule_versions.first().cloned().unwrap_or_else(|| RULE_VERSION.to_owned())
    }

    /// The id that the caller named, as it is stored.
    pub fn asked_id(&self) -> Option<String> {
        self.fields.value(Field::PayloadId).map(canonical_id)
    }

    pub fn partner(&self) -> &str {
        self.caller.as_ref().map_or("", |caller| caller.partner.as_str())
    }

    /// What is in the payload of the request, for the log.
    pub fn content(&self) -> Option<Content> {
        self.kind.and_then(PayloadType::content)
    }
}

/// The operation that action and root of a SOAP request say: the action, which has to go with the root; without
/// one the root.
fn said_operation(message: &Message) -> Result<Operation, Fault> {
    let root = message.root.as_deref().unwrap_or_default();
    let Some(by_root) = Operation::of_request(root) else {
        return Err(Fault::sender("the SOAP body holds no request of CORE"));
    };
    match message.action {
        Some(action) if action.request() == by_root.request() => Ok(action),
        Some(action) => Err(Fault::sender(format!("{action} has the root {}, not {root}", action.request()))),
        None => Ok(by_root),
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Fault {
        match error {
            ServiceError::Duplicate => {
                Fault::illegal(Field::PayloadId, "it was used before, for a different file; give each file its own")
            }
            ServiceError::Forbidden => Fault::Unauthorized,
            ServiceError::TooLarge => Fault::TooLarge,
            ServiceError::Unavailable { retry_after } => Fault::Receiver { retry_after: Some(retry_after) },
            ServiceError::Invalid(reason) => Fault::illegal(Field::Payload, reason),
        }
    }
}

/// When to come back if nothing better is known.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(60);
