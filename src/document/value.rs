//! Documents as values.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::{Error, LineBreak, Notice, read, write};
use crate::{
    claims::InterchangeEnvelope,
    record::{beside::beside, write::Style},
    x12::Delimiters,
};

/// A file as a value: its interchanges, their groups, and each transaction set as the record of its guide.
///
/// Its JSON is the document that [`read`](super::read) writes and [`write`](super::write()) takes.
///
/// ```
/// use claimwire::{claims::TransactionSet, document::Document, record::write::Style};
///
/// let file = std::fs::read("samples/837p/office-visit.x12")?;
/// let (mut document, notices) = Document::of(&file[..])?;
/// assert!(notices.is_empty());
/// for set in document.interchanges.iter_mut().flat_map(|interchange| &mut interchange.envelope.groups)
///     .flat_map(|group| &mut group.transactions)
/// {
///     if let TransactionSet::Professional(batch) = set {
///         batch.reference = "AGAIN-1".into();
///     }
/// }
/// let mut again = Vec::new();
/// document.to_x12(&mut again, &Style::default())?;
/// assert!(again.windows(7).any(|text| text == b"AGAIN-1"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The interchanges.
    pub interchanges: Vec<Interchange>,
    /// What stands after the last segment, where that is not the usual line break; each byte is the character of its
    /// number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trailing: Option<String>,
}

beside! {
    /// An interchange, and how it is framed. What is not said of the framing is as the writer's style has it.
    pub struct Interchange {
        /// What stands before it, where that is not the line break of the interchange before.
        before: String,
        /// The delimiters.
        delimiters: Delimiters,
        /// What follows each terminator.
        line_break: String,
        /// Where something else stands between two segments.
        line_breaks: Vec<LineBreak>,
        /// Whether the last segment has no terminator.
        unterminated: bool,
        ..
        /// Header, acknowledgments, groups and transaction sets.
        envelope: InterchangeEnvelope,
    }
}

impl Document {
    /// Reads X12. What is odd about it is in the notices.
    ///
    /// # Errors
    /// Bytes that are not X12.
    pub fn of(input: impl Read) -> Result<(Self, Vec<Notice>), Error> {
        let mut json = Vec::new();
        let notices = read(input, &mut json)?;
        Ok((serde_json::from_slice(&json)?, notices))
    }

    /// Writes X12.
    ///
    /// # Errors
    /// A field that its guide has no place for; a value that holds a delimiter; output that fails.
    pub fn to_x12(&self, output: impl Write, style: &Style) -> Result<(), Error> {
        write(&serde_json::to_vec(self)?[..], output, style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_its_json_and_the_same_file_comes_of_it() {
        let mut plain = 0;
        for file in crate::document::samples() {
            let mut json = Vec::new();
            let Ok(notices) = read(&file[..], &mut json) else { continue };
            let (document, of_value) = Document::of(&file[..]).unwrap();
            assert_eq!(of_value, notices);
            assert_eq!(serde_json::to_string(&document).unwrap(), String::from_utf8(json).unwrap());
            let mut back = Vec::new();
            document.to_x12(&mut back, &Style::default()).unwrap();
            assert!(back == file);
            let groups = document.interchanges.iter().flat_map(|interchange| &interchange.envelope.groups);
            let sets = groups.flat_map(|group| &group.transactions);
            plain += sets.filter(|set| matches!(set, crate::claims::TransactionSet::Plain(_))).count();
        }
        assert!(plain > 0);
    }

    #[test]
    fn what_is_no_member_is_refused() {
        for (document, why) in [
            (r#"{"interchanges":[{"unknown":1}]}"#, "unknown field `unknown`"),
            (r#"{"interchanges":[{"transactions":[{"type":"JANE"}]}]}"#, "one of `837P`"),
            (r#"{"interchanges":[{"transactions":[{"control_number":"JANE"}]}]}"#, "missing field `type`"),
            (r#"{"interchanges":[{"transactions":[{"type":"835","segments":[],"JANE":1}]}]}"#, "and nothing else"),
            (r#"{"interchanges":[{"transactions":[{"type":"835","segment":"JANE"}]}]}"#, "unknown field `segment`"),
        ] {
            let error = serde_json::from_str::<Document>(document).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("JANE"), "{error}");
        }
    }
}
