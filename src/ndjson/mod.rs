//! Claims on their own: one self-contained JSON object a line.
//!
//! A line says `kind`, then what stands above the claim in its file (batch, billing provider,
//! subscriber, payer, patient), each under its name, and the fields of the claim itself beside
//! them. [`read`] makes lines of a file, with memory bounded by its largest claim; a [`Writer`]
//! makes files of lines, grouping neighbours that share what stands above them. A [`Line`] is such an object as a value:
//! [`read_lines`] hands them over, [`Writer::push_line`] takes them.
//!
//! Nothing is lost in silence: what no field holds (an element beyond those of the guide, another code where it has one,
//! a segment without a place) is in the `x12` of its claim or level, and comes back in whatever file is made of the line,
//! as long as the fields of its segment say the same. What cannot go along, such as an element beyond those of an HL, is
//! a notice. The envelope does not go along: whoever writes a file makes one.
//!
//! | `kind` | from | is |
//! |---|---|---|
//! | `professional`, `institutional`, `dental` | 837 loop 2300 | [`Claim`](crate::claims::Claim) |
//! | `payment` | 835 loop 2100 | [`ClaimPayment`](crate::claims::ClaimPayment) |
//! | `provider_adjustment` | 835 PLB | [`ProviderAdjustment`](crate::claims::ProviderAdjustment) |
//! | `claim_status` | 277CA loop 2200D | [`ClaimStatus`](crate::claims::ClaimStatus) |
//! | `acknowledgment` | 999 | [`FunctionalAcknowledgment`](crate::claims::FunctionalAcknowledgment) |
//! | `interchange_acknowledgment` | TA1 | [`InterchangeAcknowledgment`](crate::claims::InterchangeAcknowledgment) |

mod each;
mod envelope;
mod form;
mod levels;
mod line;
mod lines;
mod read;
mod render;
mod write;

pub use each::each;
pub use envelope::Options;
pub(crate) use envelope::trailer;
pub(crate) use form::line_form;
pub use line::{
    AcknowledgmentLine, ClaimLine, ClaimStatusLine, InterchangeAcknowledgmentLine, Line, PaymentLine,
    ProviderAdjustmentLine, Source, read_lines,
};
pub use lines::Lines;
pub use read::{Summary, read, read_on};
pub use write::Writer;

#[cfg(test)]
use crate::document::samples;
pub use crate::document::{Error, Notice, Severity};
