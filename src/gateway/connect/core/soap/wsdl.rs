//! The description of the service: the rule's names, types and namespaces, in our own words.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::{ROOT_NAMESPACE, WSDL_NAMESPACE};
use crate::gateway::connect::core::envelope::{Act, Field, Mode, Operation};

/// The WSDL of the service at `address`, its schema inside.
pub fn wsdl(address: &str) -> String {
    let mut messages = String::new();
    let mut described: Vec<&str> = Vec::new();
    let (mut port, mut binding) = (String::new(), String::new());
    for operation in Operation::ALL {
        let action = operation.action();
        for root in [operation.request(), operation.response()] {
            if !described.contains(&root) {
                described.push(root);
                let _ = writeln!(
                    messages,
                    "  <wsdl:message name=\"{root}\"><wsdl:part name=\"body\" element=\"core:{root}\"/></wsdl:message>"
                );
            }
        }
        let _ = writeln!(
            port,
            "    <wsdl:operation name=\"{action}\"><wsdl:input message=\"tns:{}\"/><wsdl:output message=\"tns:{}\"/>\
             </wsdl:operation>",
            operation.request(),
            operation.response()
        );
        let _ = writeln!(
            binding,
            "    <wsdl:operation name=\"{action}\">\
             <soap12:operation soapAction=\"{action}\" soapActionRequired=\"false\" style=\"document\"/>\
             <wsdl:input><soap12:body use=\"literal\"/></wsdl:input>\
             <wsdl:output><soap12:body use=\"literal\"/></wsdl:output></wsdl:operation>"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <wsdl:definitions name=\"CORE\" targetNamespace=\"{WSDL_NAMESPACE}\" xmlns:tns=\"{WSDL_NAMESPACE}\" \
         xmlns:core=\"{ROOT_NAMESPACE}\" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" \
         xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\">\n  <wsdl:types>\n{}  </wsdl:types>\n{messages}  \
         <wsdl:portType name=\"CORETransactions\">\n{port}  </wsdl:portType>\n  \
         <wsdl:binding name=\"CoreSoapBinding\" type=\"tns:CORETransactions\">\n    \
         <soap12:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n{binding}  \
         </wsdl:binding>\n  <wsdl:service name=\"Core\"><wsdl:port name=\"CoreSoapPort\" \
         binding=\"tns:CoreSoapBinding\"><soap12:address location=\"{}\"/></wsdl:port></wsdl:service>\n\
         </wsdl:definitions>\n",
        schema(),
        escape(address)
    )
}

/// The schema alone, as a document.
pub fn xsd() -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", schema())
}

/// Only the roots are in the namespace: there is no elementFormDefault.
fn schema() -> String {
    let mut written = format!(
        "<xs:schema targetNamespace=\"{ROOT_NAMESPACE}\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xmime=\"http://www.w3.org/2005/05/xmlmime\">\n"
    );
    let mut described: Vec<&str> = Vec::new();
    for operation in Operation::ALL {
        for (root, response) in [(operation.request(), false), (operation.response(), true)] {
            if !described.contains(&root) {
                described.push(root);
                element(&mut written, root, operation, response);
            }
        }
    }
    written.push_str("</xs:schema>\n");
    written
}

fn element(written: &mut String, root: &str, operation: Operation, response: bool) {
    let _ = writeln!(written, "  <xs:element name=\"{root}\"><xs:complexType><xs:sequence>");
    for field in Field::ALL {
        let Some(required) = occurs(field, operation.act(), response) else { continue };
        let (kind, more) = match field {
            Field::PayloadLength => ("xs:int", ""),
            Field::Payload if operation.mode() == Mode::Batch => {
                ("xs:base64Binary", " xmime:expectedContentTypes=\"application/octet-stream\"")
            }
            _ => ("xs:string", ""),
        };
        let occurs = if required { "" } else { " minOccurs=\"0\"" };
        let _ = writeln!(written, "    <xs:element name=\"{field}\" type=\"{kind}\"{occurs}{more}/>");
    }
    written.push_str("  </xs:sequence></xs:complexType></xs:element>\n");
}

/// Whether a message has a field: always (true), perhaps (false), never (none).
fn occurs(field: Field, act: Act, response: bool) -> Option<bool> {
    match field {
        Field::UserName | Field::Password => None,
        Field::ErrorCode | Field::ErrorMessage => response.then_some(true),
        Field::PayloadLength | Field::CheckSum => match act {
            Act::Converse => None,
            Act::Submit => Some(!response),
            Act::Retrieve | Act::Confirm => Some(false),
        },
        Field::Payload => Some(!response && matches!(act, Act::Converse | Act::Submit)),
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_once() {
        let wsdl = wsdl("https://edi.example/core?a&b");
        for operation in Operation::ALL {
            assert_eq!(wsdl.matches(&format!("soapAction=\"{operation}\"")).count(), 1);
            for root in [operation.request(), operation.response()] {
                assert_eq!(wsdl.matches(&format!("<xs:element name=\"{root}\">")).count(), 1);
                assert_eq!(wsdl.matches(&format!("<wsdl:message name=\"{root}\">")).count(), 1);
            }
        }
        assert!(wsdl.contains("location=\"https://edi.example/core?a&amp;b\""));
    }
}
