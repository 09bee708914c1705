//! How X12 is made for a trading partner: a file of settings, and options that override it.

use std::{fs, path::{Path, PathBuf}};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use claimwire::{guide, record::write::Style, x12::{Delimiters, OnDelimiter}};
use serde::Deserialize;

/// Options for the X12 that is written.
#[derive(Args, Debug)]
#[command(next_help_heading = "X12 that is written from claims")]
pub struct Writing {
    /// Settings of the trading partner (TOML); the options below come before it
    #[arg(long, value_name = "FILE", long_help = PARTNER_HELP)]
    partner: Option<PathBuf>,
    /// Your identifier: ISA06 and GS02
    #[arg(long, value_name = "ID")]
    sender: Option<String>,
    /// What kind of identifier that is: ISA05 (default ZZ)
    #[arg(long, value_name = "CODE")]
    sender_qualifier: Option<String>,
    /// The partner's identifier: ISA08 and GS03
    #[arg(long, value_name = "ID")]
    receiver: Option<String>,
    /// What kind of identifier that is: ISA07 (default ZZ)
    #[arg(long, value_name = "CODE")]
    receiver_qualifier: Option<String>,
    /// Whether these are claims to be paid: ISA15 (default test)
    #[arg(long)]
    usage: Option<Usage>,
    /// Number of the first interchange: ISA13; the next one counts on
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=999_999_999))]
    control_number: Option<u32>,
    /// Most claims in one transaction set (ST to SE)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    claims_per_transaction: Option<u32>,
    /// What follows each segment terminator (default lf)
    #[arg(long)]
    line_break: Option<LineBreak>,
    /// The four delimiters: between elements, repetitions, components, and after segments (default `*^:~`)
    #[arg(long, value_name = "CHARS")]
    delimiters: Option<String>,
    /// Put this character in place of delimiters that stand in data, which are refused otherwise
    #[arg(long, value_name = "CHAR")]
    replace_delimiters: Option<char>,
}

const PARTNER_HELP: &str = "\
Settings of the trading partner (TOML); the options below come before it

  sender_id = \"SENDER\"             # ISA06, GS02
  sender_qualifier = \"ZZ\"          # ISA05
  receiver_id = \"RECEIVER\"         # ISA08, GS03
  receiver_qualifier = \"ZZ\"        # ISA07
  usage = \"test\"                   # or \"production\": ISA15
  guides = [\"005010X222A1\"]        # ids to write; at most one of each guide
  claims_per_transaction = 5000
  delimiters = \"*^:~\"
  line_break = \"none\"              # or \"lf\", \"crlf\"
  replace_delimiters = \" \"";

/// Test or production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// Test data: nothing will be paid
    Test,
    /// Production data
    Production,
}

/// What follows each segment terminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineBreak {
    /// Nothing: the file is one line
    None,
    /// A line feed
    Lf,
    /// A carriage return and a line feed
    Crlf,
}

/// A partner's settings: those of the file, overridden by the options.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Partner {
    /// ISA06 and GS02.
    pub sender_id: Option<String>,
    /// ISA05.
    pub sender_qualifier: Option<String>,
    /// ISA08 and GS03.
    pub receiver_id: Option<String>,
    /// ISA07.
    pub receiver_qualifier: Option<String>,
    /// ISA15.
    pub usage: Option<Usage>,
    /// ISA13 of the first interchange.
    pub control_number: Option<u32>,
    /// Ids of guides to be written (GS08, ST03), where a guide has several.
    pub guides: Vec<String>,
    /// Most claims in one transaction set.
    pub claims_per_transaction: Option<u32>,
    delimiters: Option<String>,
    line_break: Option<LineBreak>,
    replace_delimiters: Option<char>,
}

impl Writing {
    /// The settings that hold.
    ///
    /// # Errors
    /// A file that cannot be read or says something else than settings; settings that cannot be.
    pub fn partner(&self) -> anyhow::Result<Partner> {
        let file = self.partner.as_deref().map(Partner::read).transpose()?.unwrap_or_default();
        let partner = Partner {
            sender_id: self.sender.clone().or(file.sender_id),
            sender_qualifier: self.sender_qualifier.clone().or(file.sender_qualifier),
            receiver_id: self.receiver.clone().or(file.receiver_id),
            receiver_qualifier: self.receiver_qualifier.clone().or(file.receiver_qualifier),
            usage: self.usage.or(file.usage),
            control_number: self.control_number.or(file.control_number),
            guides: file.guides,
            claims_per_transaction: self.claims_per_transaction.or(file.claims_per_transaction),
            delimiters: self.delimiters.clone().or(file.delimiters),
            line_break: self.line_break.or(file.line_break),
            replace_delimiters: self.replace_delimiters.or(file.replace_delimiters),
        };
        partner.check()?;
        Ok(partner)
    }
}

impl Partner {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| name.to_string())?;
        toml::from_str(&text).map_err(|error| anyhow!("{name}: {}", error.to_string().trim_end()))
    }

    fn check(&self) -> anyhow::Result<()> {
        for (what, id) in [("sender", &self.sender_id), ("receiver", &self.receiver_id)] {
            if id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 15) {
                bail!("the {what} id has 1 to 15 characters (ISA06, ISA08)");
            }
        }
        for (what, qualifier) in [("sender", &self.sender_qualifier), ("receiver", &self.receiver_qualifier)] {
            if qualifier.as_ref().is_some_and(|code| code.len() != 2) {
                bail!("the {what} qualifier has two characters (ISA05, ISA07), such as ZZ or 30");
            }
        }
        if self.control_number.is_some_and(|number| !(1..=999_999_999).contains(&number)) {
            bail!("control_number is 1 to 999999999 (ISA13)");
        }
        if self.claims_per_transaction == Some(0) {
            bail!("claims_per_transaction is at least 1");
        }
        for (at, id) in self.guides.iter().enumerate() {
            let name = guide_name(id).ok_or_else(|| anyhow!("guides: `{id}` is no id of a guide that this program has"))?;
            if self.guides.iter().take(at).any(|other| guide_name(other) == Some(name)) {
                bail!("guides: more than one id for {name}; which one should be written?");
            }
        }
        self.style().map(drop)
    }

    /// How segments are written.
    ///
    /// # Errors
    /// Delimiters that cannot be.
    pub fn style(&self) -> anyhow::Result<Style> {
        let delimiters = self.delimiters.as_deref().map(delimiters).transpose()?.unwrap_or_default();
        let line_break = match self.line_break {
            Some(LineBreak::None) => &b""[..],
            Some(LineBreak::Lf) | None => b"\n",
            Some(LineBreak::Crlf) => b"\r\n",
        };
        let on_delimiter = match self.replace_delimiters {
            None => OnDelimiter::Refuse,
            Some(character) => match u8::try_from(character) {
                Ok(byte) if !delimiters.contains(byte) && matches!(byte, b' '..=b'~') => OnDelimiter::Replace(byte),
                _ => bail!("--replace-delimiters: a printable ASCII character that is no delimiter itself"),
            },
        };
        Ok(Style { delimiters, line_break: line_break.to_vec(), on_delimiter })
    }

    /// The line break asked for, if any was.
    pub fn line_break(&self) -> Option<LineBreak> {
        self.line_break
    }
}

fn guide_name(id: &str) -> Option<&'static str> {
    Some(guide::by_id(id)?.ok()?.name.as_str())
}

/// Reads `*^:~`.
fn delimiters(text: &str) -> anyhow::Result<Delimiters> {
    let bytes: Vec<u8> = text.bytes().collect();
    let &[element, repetition, component, segment] = bytes.as_slice() else {
        bail!("delimiters are four characters: element, repetition, component, segment (`*^:~`)");
    };
    let distinct = bytes.iter().enumerate().all(|(at, byte)| !bytes.iter().take(at).any(|other| other == byte));
    if !distinct || bytes.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte == b' ') {
        bail!("delimiters are four different characters, none of them a letter, a digit or a blank");
    }
    Ok(Delimiters { element, component: Some(component), repetition: Some(repetition), segment })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_help_is_a_partner() {
        let (_, example) = PARTNER_HELP.split_once("\n\n").unwrap();
        let partner: Partner = toml::from_str(example).unwrap();
        partner.check().unwrap();
        assert_eq!(partner.style().unwrap().on_delimiter, OnDelimiter::Replace(b' '));
        assert_eq!(partner.style().unwrap().line_break, b"");
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        for text in [
            "sender_id = \"\"",
            "sender_id = \"0123456789ABCDEF\"",
            "receiver_qualifier = \"Z\"",
            "guides = [\"nonsense\"]",
            "guides = [\"005010X222\", \"005010X222A1\"]",
            "delimiters = \"**:~\"",
            "delimiters = \"*^:\"",
            "delimiters = \"A^:~\"",
            "replace_delimiters = \"*\"",
            "claims_per_transaction = 0",
        ] {
            assert!(toml::from_str::<Partner>(text).unwrap().check().is_err(), "{text}");
        }
        for text in ["sender = \"A\"", "usage = \"T\"", "sender_id = 5"] {
            assert!(toml::from_str::<Partner>(text).is_err(), "{text}");
        }
    }
}
