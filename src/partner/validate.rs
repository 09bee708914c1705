//! Which settings can be.

use super::{LONGEST_NAME, Partner, Refused, credentials, writing::names_guide};
use crate::{explain, guide};

impl Partner {
    /// Whether the settings can be, each and together. Files that they name are not looked at.
    ///
    /// # Errors
    /// The first setting that cannot be, with what is allowed.
    pub fn validate(&self) -> Result<(), Refused> {
        self.parties()?;
        if let Some(number) = self.control_number.filter(|number| !(1..=999_999_999).contains(number)) {
            return Err(Refused::of("control_number", number, "1 to 999999999 (ISA13)"));
        }
        self.emitted_guides()?;
        if self.claims_per_transaction == Some(0) {
            return Err(Refused::of("claims_per_transaction", 0, "at least 1"));
        }
        if let (Some(flat), Some(_)) = (self.claims_per_transaction, self.limits.claims_per_transaction) {
            return Err(Refused::of("claims_per_transaction", flat, "said in [limits] too; say it once"));
        }
        self.limits.check()?;
        self.control_numbers.check()?;
        self.duplicates.check()?;
        self.checking.check()?;
        for (name, made) in &self.rules {
            let shown = format!("{made:?}").to_lowercase();
            explain::rule(name).map_err(|error| Refused::of(&format!("rules.{name}"), shown, error))?;
        }
        self.acknowledgments.check()?;
        self.credentials.check()?;
        self.outbound()?;
        self.style().map(drop)
    }

    fn parties(&self) -> Result<(), Refused> {
        self.name.as_deref().map_or(Ok(()), check_name)?;
        for (key, id, place) in [
            ("sender_id", &self.sender_id, "ISA06"),
            ("receiver_id", &self.receiver_id, "ISA08"),
            ("group_sender_id", &self.group_sender_id, "GS02"),
            ("group_receiver_id", &self.group_receiver_id, "GS03"),
        ] {
            if let Some(id) = id.as_ref().filter(|id| !credentials::is_interchange_id(id)) {
                let allowed = format!("1 to 15 printable characters ({place}), no blank at either end");
                return Err(Refused::of(key, format!("{id:?}"), allowed));
            }
        }
        for (key, qualifier, place) in [
            ("sender_qualifier", &self.sender_qualifier, "ISA05"),
            ("receiver_qualifier", &self.receiver_qualifier, "ISA07"),
        ] {
            if let Some(code) = qualifier.as_ref().filter(|code| !credentials::is_qualifier(code)) {
                let allowed = format!("two letters or digits ({place}), such as ZZ or 30");
                return Err(Refused::of(key, format!("{code:?}"), allowed));
            }
        }
        for (at, payer) in self.payers.iter().enumerate() {
            let fits = (1..=80).contains(&payer.len()) && payer.bytes().all(|byte| byte.is_ascii_graphic());
            if !fits || self.payers.iter().take(at).any(|other| other == payer) {
                let allowed = "1 to 80 printable characters (NM109) without blanks, each payer once";
                return Err(Refused::of("payers", format!("{payer:?}"), allowed));
            }
        }
        Ok(())
    }

    fn emitted_guides(&self) -> Result<(), Refused> {
        if let Some(id) = self.guide.as_ref().filter(|id| guide::by_id(id).is_none()) {
            let allowed = "an identifier of a guide that this program has; see `claimwire guides`";
            return Err(Refused::of("guide", format!("{id:?}"), allowed));
        }
        let mut seen: Vec<&str> = Vec::new();
        for (name, id) in &self.guides {
            let known = guide::NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
            let key = format!("guides.{name}");
            let Some(known) = known.filter(|known| **known != "TA1") else {
                let allowed = "guides are 837P, 837I, 837D, 835, 999 and 277CA";
                return Err(Refused::of(&key, format!("{id:?}"), allowed));
            };
            if !names_guide(id, known) {
                let allowed = format!("an identifier of {known}; see `claimwire guides`");
                return Err(Refused::of(&key, format!("{id:?}"), allowed));
            }
            if seen.contains(known) {
                return Err(Refused::of(&key, format!("{id:?}"), format!("each guide once; {known} is named twice")));
            }
            seen.push(known);
        }
        Ok(())
    }

    fn outbound(&self) -> Result<(), Refused> {
        match self.send_by {
            Some(channel) if self.section(channel).is_none() => {
                let allowed = "a channel that there is a section of: [core], [stream] or [folder]";
                Err(Refused::of("send_by", format!("{:?}", channel.name()), allowed))
            }
            None if self.channels().count() > 1 => {
                let allowed =
                    "\"core\", \"stream\" or \"folder\": with several sections it must be said which one sends";
                Err(Refused::of("send_by", "(nothing)", allowed))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a partner may be called so.
pub(super) fn check_name(name: &str) -> Result<(), Refused> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-') {
        return Ok(());
    }
    let allowed = "1 to 64 lower-case letters, digits and dashes, the first no dash; by default the file's name";
    Err(Refused::of("name", format!("{name:?}"), allowed))
}
