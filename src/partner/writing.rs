//! How files to a partner are written, and what they are called.

use super::{LineBreak, Named, Partner, Refused, limits};
use crate::{
    guide, ndjson,
    record::write::Style,
    x12::{Delimiters, OnDelimiter},
};

/// What the settings ask of writing.
impl Partner {
    /// How segments are written.
    ///
    /// # Errors
    /// Delimiters that cannot be.
    pub fn style(&self) -> Result<Style, Refused> {
        let delimiters = self.delimiters.as_deref().map(delimiters).transpose()?.unwrap_or_default();
        let line_break = self.line_break.unwrap_or(LineBreak::Lf).bytes();
        let on_delimiter = match self.replace_delimiters {
            None => OnDelimiter::Refuse,
            Some(character) => match u8::try_from(character) {
                Ok(byte) if !delimiters.contains(byte) && matches!(byte, b' '..=b'~') => OnDelimiter::Replace(byte),
                _ => {
                    let allowed = "a printable ASCII character that is no delimiter itself";
                    return Err(Refused::of("replace_delimiters", character, allowed));
                }
            },
        };
        Ok(Style { delimiters, line_break: line_break.to_vec(), on_delimiter })
    }

    /// How lines of claims become a file, with the guide identifier of [`guide`](Self::guide) alone. Use
    /// [`options_for`](Self::options_for) where all lines are of one guide.
    ///
    /// # Errors
    /// As for [`style`](Self::style).
    pub fn options(&self) -> Result<ndjson::Options, Refused> {
        let usual = ndjson::Options::default();
        Ok(ndjson::Options {
            sender: self.sender_id.clone(),
            sender_kind: self.sender_qualifier.clone().unwrap_or(usual.sender_kind),
            receiver: self.receiver_id.clone(),
            receiver_kind: self.receiver_qualifier.clone().unwrap_or(usual.receiver_kind),
            group_sender: self.group_sender_id.clone(),
            group_receiver: self.group_receiver_id.clone(),
            usage: self.usage().isa15().into(),
            acknowledgment_requested: self.acknowledgment_requested,
            control_number: self.control_number.unwrap_or(usual.control_number),
            guide: self.guide.clone(),
            claims_per_transaction: self.claims_per_transaction(),
            style: self.style()?,
            ..usual
        })
    }

    /// How lines of one guide (`837P`) become a file.
    ///
    /// # Errors
    /// As for [`style`](Self::style).
    pub fn options_for(&self, guide: &str) -> Result<ndjson::Options, Refused> {
        Ok(ndjson::Options { guide: self.guide_id(guide).map(str::to_owned), ..self.options()? })
    }

    /// The identifier (GS08, ST03) that the partner wants for a guide (`837P`), if it wants one in particular.
    pub fn guide_id(&self, guide: &str) -> Option<&str> {
        let of_several = self.guides.iter().find(|(name, _)| name.eq_ignore_ascii_case(guide)).map(|(_, id)| id);
        of_several.or_else(|| self.guide.as_ref().filter(|id| names_guide(id, guide))).map(String::as_str)
    }

    /// What a file to the partner is called: a name without a path, of at most 200 plain characters.
    pub fn file_name(&self, file: &Named<'_>) -> String {
        self.file_name.of(self, file)
    }

    /// Most claims in one transaction set.
    pub fn claims_per_transaction(&self) -> u32 {
        self.claims_per_transaction.or(self.limits.claims_per_transaction).unwrap_or(limits::CLAIMS_PER_TRANSACTION)
    }

    /// The same, with names of sender and receiver where it has none: enough to check claims by.
    pub fn or_anybody(mut self) -> Self {
        self.sender_id.get_or_insert_with(|| "SENDER".into());
        self.receiver_id.get_or_insert_with(|| "RECEIVER".into());
        self
    }
}

/// Whether an identifier is one of a guide's.
pub(super) fn names_guide(id: &str, guide: &str) -> bool {
    guide::by_id(id).and_then(Result::ok).is_some_and(|named| named.name.eq_ignore_ascii_case(guide))
}

/// Reads `*^:~`.
fn delimiters(text: &str) -> Result<Delimiters, Refused> {
    let refused = || {
        let allowed = "four different characters, none of them a letter, a digit or a blank: element, repetition, \
                       component, segment (`*^:~`)";
        Refused::of("delimiters", format!("{text:?}"), allowed)
    };
    let bytes = text.as_bytes();
    let &[element, repetition, component, segment] = bytes else { return Err(refused()) };
    let distinct = bytes.iter().enumerate().all(|(at, byte)| !bytes.iter().take(at).any(|other| other == byte));
    if !distinct || bytes.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte == b' ' || !byte.is_ascii()) {
        return Err(refused());
    }
    Ok(Delimiters { element, component: Some(component), repetition: Some(repetition), segment })
}
