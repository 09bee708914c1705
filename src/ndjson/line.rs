//! Lines as values.

use std::io::Read;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{Error, Summary, read};
use crate::{
    claims::{
        BillingProvider, Claim, ClaimBatch, ClaimPayment, ClaimStatus, ClaimStatusReport, FunctionalAcknowledgment,
        InterchangeAcknowledgment, Patient, Payer, PaymentGroup, ProviderAdjustment, Remittance, StatusPatient,
        StatusProvider, StatusReceiver, StatusSource, Subscriber,
    },
    record::{
        Text,
        beside::{Tagged, beside},
    },
};

/// Reads X12 and hands over each claim, payment, provider adjustment, claim status and acknowledgment, as
/// [`read`](super::read) writes them. `name` is the file's name, for the `source` of each.
///
/// ```
/// use claimwire::ndjson::{self, Line};
///
/// let file = std::fs::read("samples/835/denied.x12")?;
/// let mut unpaid = Vec::new();
/// ndjson::read_lines(&file[..], None, |line| {
///     if let Line::Payment(line) = line && line.payment.paid.is_none_or(|paid| paid.is_zero()) {
///         unpaid.push(line.payment.control_number);
///     }
///     Ok::<_, ndjson::Error>(())
/// })?;
/// assert!(!unpaid.is_empty());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Bytes that are not X12, or what `take` fails with. A claim that cannot be read is no error but a notice.
pub fn read_lines<E: From<Error>>(
    input: impl Read,
    name: Option<&str>,
    mut take: impl FnMut(Line) -> Result<(), E>,
) -> Result<Summary, E> {
    read::in_batches(read::BATCH, 1, input, name, |lines| {
        let lines = serde_json::Deserializer::from_slice(lines).into_iter();
        lines.map(|line| line.map_err(Error::Json)).try_for_each(|line| take(line?))
    })
}

/// Declares what a line may be, each under the name that its `kind` has.
macro_rules! kinds {
    ($( $(#[$meta:meta])* $variant:ident = $kind:literal : $line:ident; )*) => {
        /// A line: what its `kind` says, with what stands above it in its file.
        ///
        /// Its JSON is the line, both ways; a member that is none of the record's is refused. See
        /// [`read_lines`] for lines of X12, [`Writer::push_line`](super::Writer::push_line) for X12 of lines.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(tag = "kind")]
        pub enum Line {
            $( $(#[$meta])* #[serde(rename = $kind)] $variant(Box<$line>), )*
        }

        impl Tagged for Line {
            const TAG: &'static str = "kind";
            const EXPECTED: &'static str = "an object that says its `kind`";

            fn of_kind<'de, D: Deserializer<'de>>(kind: &str, rest: D) -> Result<Self, D::Error> {
                match kind {
                    $( $kind => Ok(Self::$variant(Box::deserialize(rest)?)), )*
                    _ => Err(de::Error::custom(
                        concat!("a line's `kind` is one of ", $("`", $kind, "` ",)* "and this one is none of them")
                    )),
                }
            }
        }
    };
}

kinds! {
    /// A claim of an 837P.
    Professional = "professional": ClaimLine;
    /// A claim of an 837I.
    Institutional = "institutional": ClaimLine;
    /// A claim of an 837D.
    Dental = "dental": ClaimLine;
    /// A claim payment of an 835.
    Payment = "payment": PaymentLine;
    /// A provider adjustment of an 835.
    ProviderAdjustment = "provider_adjustment": ProviderAdjustmentLine;
    /// What a 277CA says of a claim.
    ClaimStatus = "claim_status": ClaimStatusLine;
    /// A 999.
    Acknowledgment = "acknowledgment": AcknowledgmentLine;
    /// A TA1.
    InterchangeAcknowledgment = "interchange_acknowledgment": InterchangeAcknowledgmentLine;
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::tagged(deserializer)
    }
}

/// Where a line comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// ISA13.
    #[serde(skip_serializing_if = "Text::is_empty")]
    pub interchange: Text,
    /// GS06.
    #[serde(skip_serializing_if = "Text::is_empty")]
    pub group: Text,
    /// ST02.
    #[serde(skip_serializing_if = "Text::is_empty")]
    pub transaction: Text,
    /// Position of its first segment in the transaction set, ST = 1.
    pub segment_position: u32,
    /// Offset of that segment in the file.
    pub byte_offset: u64,
}

beside! {
    /// A claim, with what stands above it.
    pub struct ClaimLine {
        /// The identifier of its guide, `005010X222A1`.
        guide: Text,
        /// Where it comes from.
        source: Source,
        /// The head of its transaction set, without the claims.
        batch: ClaimBatch,
        /// Who bills.
        billing_provider: BillingProvider,
        /// The subscriber.
        subscriber: Subscriber,
        /// The payer that is billed.
        payer: Payer,
        /// The patient, if not the subscriber.
        patient: Patient,
        ..
        /// The claim.
        claim: Claim,
    }

    /// A claim payment, with what stands above it.
    pub struct PaymentLine {
        /// The identifier of its guide.
        guide: Text,
        /// Where it comes from.
        source: Source,
        /// The head of its transaction set, without the payments.
        remittance: Remittance,
        /// The header of its group (LX), without the payments.
        group: PaymentGroup,
        ..
        /// The payment.
        payment: ClaimPayment,
    }

    /// A provider adjustment, with what stands above it.
    pub struct ProviderAdjustmentLine {
        /// The identifier of its guide.
        guide: Text,
        /// Where it comes from.
        source: Source,
        /// The head of its transaction set, without the payments.
        remittance: Remittance,
        ..
        /// The adjustment.
        adjustment: ProviderAdjustment,
    }

    /// What was said of a claim, with what stands above it. A report that rejects a batch as a whole has levels and no
    /// claim: its status is at its default.
    pub struct ClaimStatusLine {
        /// The identifier of its guide.
        guide: Text,
        /// Where it comes from.
        source: Source,
        /// The head of its transaction set.
        report: ClaimStatusReport,
        /// Who answers.
        information_source: StatusSource,
        /// Who asked.
        information_receiver: StatusReceiver,
        /// Who bills.
        billing_provider: StatusProvider,
        /// The patient.
        patient: StatusPatient,
        ..
        /// The status.
        status: ClaimStatus,
    }

    /// A functional acknowledgment, which names its guide itself.
    pub struct AcknowledgmentLine {
        /// Where it comes from.
        source: Source,
        ..
        /// The acknowledgment.
        acknowledgment: FunctionalAcknowledgment,
    }

    /// An interchange acknowledgment.
    pub struct InterchangeAcknowledgmentLine {
        /// Where it comes from, if a program says so.
        source: Source,
        ..
        /// The acknowledgment.
        acknowledgment: InterchangeAcknowledgment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ndjson::{Options, Writer, samples};

    #[test]
    fn a_line_is_its_json_and_the_same_x12_comes_of_both() {
        let (mut kinds, mut files) = (std::collections::BTreeSet::new(), 0);
        for file in samples() {
            let mut text = Vec::new();
            let Ok(summary) = read::read(&file[..], &mut text, Some("a file")) else { continue };
            let text = String::from_utf8(text).unwrap();
            let mut lines = Vec::new();
            let of_values = read_lines(&file[..], Some("a file"), |line| {
                lines.push(line);
                Ok::<_, Error>(())
            });
            assert_eq!(of_values.unwrap(), summary);
            let options = Options { sender: Some("A".into()), receiver: Some("B".into()), ..Options::default() };
            let [mut of_text, mut of_lines] = [(); 2].map(|()| Writer::new(Vec::new(), options.clone()));
            let mut refused = false;
            for (text, line) in text.lines().zip(&lines) {
                assert_eq!(serde_json::to_string(line).unwrap(), text);
                assert_eq!(&serde_json::from_str::<Line>(text).unwrap(), line);
                let written = [of_text.push(text.as_bytes()), of_lines.push_line(line)];
                let [one, other] = written.map(|written| written.map_err(|error| error.to_string()));
                assert_eq!(one, other);
                refused |= one.is_err();
                kinds.insert(text.split('"').nth(3).unwrap().to_owned());
            }
            assert_eq!(lines.len(), text.lines().count());
            if !refused {
                assert_eq!(of_text.finish().unwrap(), of_lines.finish().unwrap());
                files += 1;
            }
        }
        assert_eq!(kinds.len(), 8, "{kinds:?}");
        assert!(files > 80, "{files}");
    }

    #[test]
    fn a_line_says_its_kind_wherever() {
        let first = r#"{"kind":"professional","guide":"G","payer":{"name":"P"},"control_number":"1"}"#;
        let last = r#"{"control_number":"1","payer":{"name":"P"},"guide":"G","kind":"professional"}"#;
        let line: Line = serde_json::from_str(first).unwrap();
        assert_eq!(line, serde_json::from_str(last).unwrap());
        let Line::Professional(line) = line else { panic!("{line:?}") };
        assert_eq!((line.claim.control_number.as_str(), line.payer.unwrap().name.as_str()), ("1", "P"));
    }

    #[test]
    fn what_is_no_member_is_refused() {
        let refused = |line: &str, why: &str| {
            let error = serde_json::from_str::<Line>(line).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("JANE"), "{error}");
        };
        refused(r#"{"kind":"professional","control":"JANE"}"#, "unknown field `control`");
        refused(r#"{"kind":"payment","payer":{}}"#, "unknown field `payer`");
        refused(r#"{"kind":"JANE"}"#, "one of `professional`");
        refused(r#"{"control_number":"JANE"}"#, "missing field `kind`");
        refused(r#"{"kind":"dental","payer":{},"payer":{}}"#, "duplicate field `payer`");
    }

    /// The members of lines are those of the forms that make them.
    #[test]
    fn lines_have_the_levels_of_their_forms() {
        for kind in ["professional", "institutional", "dental", "payment", "claim_status", "acknowledgment"] {
            let bound = super::super::form::Form::of_kind(kind).unwrap();
            for level in &bound.levels {
                let line = format!(r#"{{"kind":"{kind}","{}":{{}}}}"#, level.name);
                assert!(serde_json::from_str::<Line>(&line).is_ok(), "{line}");
            }
        }
    }
}
