//! SOAP envelopes: read leniently, written strictly, and their description (WSDL).

use serde::Deserialize;

pub use self::{
    read::{Document, Error, PayloadForm, ReceivedFault, credentials, read},
    write::{Around, Style, around, cdata, fault, include, sayable, text},
};

mod read;
mod write;
pub mod wsdl;

/// The namespace of the root elements.
pub const ROOT_NAMESPACE: &str = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd";

/// The namespace of the WSDL.
pub const WSDL_NAMESPACE: &str = "http://www.caqh.org/SOAP/WSDL/";

const XOP_NAMESPACE: &str = "http://www.w3.org/2004/08/xop/include";
const SECURITY_NAMESPACE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const PASSWORD_TEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// A version of SOAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum SoapVersion {
    /// SOAP 1.1, which some partners still speak.
    #[serde(rename = "1.1")]
    V1_1,
    /// SOAP 1.2, that of the rule.
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
}

impl SoapVersion {
    /// The namespace of its envelope.
    pub fn namespace(self) -> &'static str {
        match self {
            SoapVersion::V1_1 => "http://schemas.xmlsoap.org/soap/envelope/",
            SoapVersion::V1_2 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            SoapVersion::V1_1 => "text/xml",
            SoapVersion::V1_2 => "application/soap+xml",
        }
    }
}
