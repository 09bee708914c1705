//! What is agreed with a trading partner, and what an operator says about the server.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    checksum::{Algorithm, Enforcement},
    envelope::RULE_VERSION,
    payload_type::{PayloadType, Registry},
    soap::SoapVersion,
};

/// What is agreed with one trading partner: the table `[core]` of its settings. `url` and what concerns our calls
/// is needed only to call it; the rest also holds when it calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartnerSettings {
    /// Where the partner takes messages: `https://edi.payerb.example/core`.
    pub url: Option<String>,
    /// Which of the two envelopes we send: `soap` (as is) or `mime`.
    pub envelope: Envelope,
    /// The version of SOAP we send: `1.2` (as is) or `1.1`.
    pub soap: SoapVersion,
    /// Our SenderID.
    pub sender: String,
    /// The partner's ReceiverID.
    pub receiver: String,
    /// Our user name; none where the certificate suffices.
    pub user: Option<String>,
    /// Where the password is: `env:NAME` or `file:PATH`.
    pub password: Option<String>,
    /// More HTTP headers for each request, by name.
    pub headers: BTreeMap<String, String>,
    /// More HTTP headers whose values are secrets: `env:NAME` or `file:PATH`, by name.
    pub secret_headers: BTreeMap<String, String>,
    /// The CORERuleVersion we send: `2.2.0` as is.
    pub rule_version: String,
    /// The namespace of the root element, where it is not that of the rule.
    pub root_namespace: Option<String>,
    /// What CheckSum is computed with: `sha1` (as is) or `sha256`.
    pub checksum: Algorithm,
    /// What becomes of a payload whose length or CheckSum differs: `enforce` (as is), `warn` or `ignore`.
    pub checksum_check: Enforcement,
    /// Other strings for PayloadType: `claims837_i = "X12_837_Request_005010X223A2"`.
    pub payload_types: BTreeMap<PayloadType, String>,
    /// How a batch travels in SOAP: `mtom` (as is) or `base64`.
    pub batch_payload: BatchPayload,
    /// How a real-time payload travels in SOAP: `cdata` (as is), `escaped` or `base64`.
    pub real_time_payload: RealTimePayload,
    /// How long connecting may take: 10 s as is.
    pub connect_timeout: SignedDuration,
    /// How long a real-time answer may take in all: 30 s as is.
    pub real_time_timeout: SignedDuration,
    /// How long the partner may be silent in a batch exchange: 300 s as is.
    pub batch_timeout: SignedDuration,
    /// How many bytes of an answer are taken: 1 GiB as is.
    pub response_limit: u64,
    /// How many bytes of a file are taken inside an XML document, which is held in memory: 16 MiB as is.
    pub inline_limit: u32,
}

impl Default for PartnerSettings {
    fn default() -> Self {
        PartnerSettings {
            url: None,
            envelope: Envelope::Soap,
            soap: SoapVersion::V1_2,
            sender: String::new(),
            receiver: String::new(),
            user: None,
            password: None,
            headers: BTreeMap::new(),
            secret_headers: BTreeMap::new(),
            rule_version: RULE_VERSION.to_owned(),
            root_namespace: None,
            checksum: Algorithm::Sha1,
            checksum_check: Enforcement::Enforce,
            payload_types: BTreeMap::new(),
            batch_payload: BatchPayload::Mtom,
            real_time_payload: RealTimePayload::Cdata,
            connect_timeout: SignedDuration::from_secs(10),
            real_time_timeout: SignedDuration::from_secs(30),
            batch_timeout: SignedDuration::from_secs(300),
            response_limit: 1 << 30,
            inline_limit: 16 << 20,
        }
    }
}

impl PartnerSettings {
    /// What holds whoever calls.
    pub fn dialect(&self) -> Dialect {
        Dialect {
            checksum: self.checksum,
            checksum_check: self.checksum_check,
            payload_types: Registry::new(self.payload_types.clone()),
            root_namespace: self.root_namespace.clone(),
        }
    }
}

/// The two envelopes of the rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Envelope {
    /// `multipart/form-data`.
    Mime,
    /// SOAP.
    #[default]
    Soap,
}

/// How a batch travels in SOAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchPayload {
    /// As a part of its own beside the envelope.
    #[default]
    Mtom,
    /// In the envelope.
    Base64,
}

/// How a real-time payload travels in SOAP. What XML cannot say goes as base64 whatever is set here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RealTimePayload {
    /// As it is, in a CDATA section.
    #[default]
    Cdata,
    /// With `&amp;` and `&lt;`.
    Escaped,
    /// As base64.
    Base64,
}

/// How one partner differs from the rule, whoever calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// What CheckSum is computed with.
    pub checksum: Algorithm,
    /// What becomes of a payload that differs from what is stated of it.
    pub checksum_check: Enforcement,
    /// Which strings say which PayloadType.
    pub payload_types: Registry,
    /// The namespace of the root element, where it is not that of the rule.
    pub root_namespace: Option<String>,
}

/// What an operator says about the server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// The path that messages are posted to: `/core` as is.
    pub path: ServerPath,
    /// The URL that partners use, for the WSDL. As is, what the request for it was sent to.
    pub public_url: Option<String>,
    /// ReceiverIDs that we answer to, compared without case. As is, any.
    pub receivers: Vec<String>,
    /// CORERuleVersions that are spoken: `2.2.0` as is.
    pub rule_versions: Vec<String>,
    /// Whether real-time transactions are taken: yes as is.
    pub real_time: bool,
    /// What becomes of fields that the rule does not have: `ignore` (as is) or `refuse`.
    pub unknown_fields: UnknownFields,
    /// The PayloadID of an answer that brings a file: `echo`, that of the request (as is), or `file`, the file's.
    pub retrieval_id: RetrievalId,
    /// How many bytes of a message are taken: 1 GiB as is.
    pub limit: u64,
    /// How many bytes of a message are taken inside an XML document, which is held in memory: 16 MiB as is.
    pub inline_limit: u32,
    /// How long a client may be silent while it sends: 30 s as is.
    pub idle_timeout: SignedDuration,
    /// How long a client may take to send a message: 30 min as is.
    pub request_timeout: SignedDuration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        ServerSettings {
            path: ServerPath("/core".to_owned()),
            public_url: None,
            receivers: Vec::new(),
            rule_versions: vec![RULE_VERSION.to_owned()],
            real_time: true,
            unknown_fields: UnknownFields::Ignore,
            retrieval_id: RetrievalId::Echo,
            limit: 1 << 30,
            inline_limit: 16 << 20,
            idle_timeout: SignedDuration::from_secs(30),
            request_timeout: SignedDuration::from_mins(30),
        }
    }
}

/// The path of a server: a slash, and letters, digits, `-`, `_`, `.`, `~` and more slashes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServerPath(String);

impl ServerPath {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ServerPath {
    type Error = &'static str;

    fn try_from(path: String) -> Result<ServerPath, &'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/".contains(c);
        if path.starts_with('/') && path.chars().all(plain) {
            return Ok(ServerPath(path));
        }
        Err("a path begins with a slash, and has letters, digits, - _ . ~ and slashes, such as /core/batch")
    }
}

/// What becomes of fields that the rule does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownFields {
    /// They are passed over.
    #[default]
    Ignore,
    /// The message is refused, with `NotUnderstood`.
    Refuse,
}

/// The PayloadID of an answer that brings a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetrievalId {
    /// That of the request.
    #[default]
    Echo,
    /// The file's own.
    File,
}

/// What [`router`](super::server::router) needs besides the gateway.
#[derive(Clone)]
pub struct ServerOptions {
    /// What the operator says.
    pub settings: ServerSettings,
    /// Where incoming payloads are written while they come.
    pub spool: PathBuf,
    /// How the partner of this name differs from the rule.
    pub dialect: Arc<Dialects>,
}

/// From a partner's name to its dialect, as the partner's settings are now.
pub type Dialects = dyn Fn(&str) -> Arc<Dialect> + Send + Sync;

impl ServerOptions {
    /// The same dialect for everybody: that of the rule.
    pub fn new(settings: ServerSettings, spool: impl Into<PathBuf>) -> ServerOptions {
        let plain = Arc::new(Dialect::default());
        ServerOptions { settings, spool: spool.into(), dialect: Arc::new(move |_| Arc::clone(&plain)) }
    }
}

/// A length of time from settings; one that is negative is none at all.
pub(super) fn span(of: SignedDuration) -> Duration {
    Duration::try_from(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partners_table_reads() {
        let settings: PartnerSettings = toml::from_str(
            r#"
            url = "https://edi.payerb.example/core"
            envelope = "mime"
            soap = "1.1"
            sender = "BILLCO"
            receiver = "PAYERB"
            checksum = "sha256"
            checksum_check = "warn"
            batch_timeout = "5 min"
            payload_types = { claims837_i = "X12_837I" }
            "#,
        )
        .unwrap();
        assert_eq!(settings.envelope, Envelope::Mime);
        assert_eq!(settings.soap, SoapVersion::V1_1);
        assert_eq!(settings.batch_timeout, SignedDuration::from_secs(300));
        assert_eq!(settings.dialect().payload_types.write(PayloadType::Claims837I), "X12_837I");
        assert!(toml::from_str::<PartnerSettings>("urll = \"x\"").is_err());
        assert!(toml::from_str::<ServerSettings>("colour = 1").is_err());
        assert!(toml::from_str::<ServerSettings>("path = \"core/{x}\"").is_err());
        assert_eq!(toml::from_str::<ServerSettings>("").unwrap(), ServerSettings::default());
    }
}
