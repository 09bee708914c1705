//! How X12 is made for a trading partner: a file of settings, and options that override it.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use claimwire::{
    check::{self, Override},
    explain, guide, ndjson,
    record::write::Style,
    x12::{Delimiters, OnDelimiter},
};
use clap::{Args, ValueEnum};
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
    /// Number of the first interchange: ISA13; the next one counts on (default 1)
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=999_999_999))]
    control_number: Option<u32>,
    /// Id of the guide to name, where it has several (GS08, ST03), such as 005010X222
    #[arg(long, value_name = "ID")]
    guide: Option<String>,
    /// Most claims in one transaction set, ST to SE (default 5000)
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

  sender_id = \"SENDER\"             # ISA06
  sender_qualifier = \"ZZ\"          # ISA05
  receiver_id = \"RECEIVER\"         # ISA08
  receiver_qualifier = \"ZZ\"        # ISA07
  group_sender_id = \"SENDER\"       # GS02, when it is not ISA06
  group_receiver_id = \"RECEIVER\"   # GS03, when it is not ISA08
  usage = \"test\"                   # or \"production\": ISA15
  acknowledgment_requested = true  # a TA1, please: ISA14
  guide = \"005010X222A1\"           # GS08, ST03
  claims_per_transaction = 5000
  delimiters = \"*^:~\"
  line_break = \"none\"              # or \"lf\", \"crlf\"
  replace_delimiters = \" \"

  [rules]                          # what `validate` makes of a rule
  \"claim.charge.sum\" = \"warning\"  # or \"off\", \"info\", \"error\"";

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

impl LineBreak {
    /// The bytes.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
        }
    }
}

/// A partner's settings: those of the file, overridden by the options.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Partner {
    sender_id: Option<String>,
    sender_qualifier: Option<String>,
    receiver_id: Option<String>,
    receiver_qualifier: Option<String>,
    group_sender_id: Option<String>,
    group_receiver_id: Option<String>,
    usage: Option<Usage>,
    acknowledgment_requested: bool,
    control_number: Option<u32>,
    guide: Option<String>,
    claims_per_transaction: Option<u32>,
    delimiters: Option<String>,
    line_break: Option<LineBreak>,
    replace_delimiters: Option<char>,
    /// What checking makes of rules, by their names.
    rules: HashMap<String, Override>,
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
            guide: self.guide.clone().or(file.guide),
            claims_per_transaction: self.claims_per_transaction.or(file.claims_per_transaction),
            delimiters: self.delimiters.clone().or(file.delimiters),
            line_break: self.line_break.or(file.line_break),
            replace_delimiters: self.replace_delimiters.or(file.replace_delimiters),
            ..file
        };
        partner.check()?;
        Ok(partner)
    }
}

impl Partner {
    /// The settings of a file.
    ///
    /// # Errors
    /// A file that cannot be read or says something else than settings; settings that cannot be.
    pub fn of_file(path: &Path) -> anyhow::Result<Self> {
        let partner = Self::read(path)?;
        partner.check().with_context(|| path.display().to_string())?;
        Ok(partner)
    }

    /// The same, with names of sender and receiver where it has none: enough to check claims by.
    pub fn or_anybody(mut self) -> Self {
        self.sender_id.get_or_insert_with(|| "SENDER".into());
        self.receiver_id.get_or_insert_with(|| "RECEIVER".into());
        self
    }

    /// How strictly files of the partner are checked.
    pub fn checking(&self) -> check::Options {
        check::Options {
            overrides: self.rules.clone(),
            usage: self.usage.map(|usage| match usage {
                Usage::Test => b'T',
                Usage::Production => b'P',
            }),
            ..check::Options::default()
        }
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| name.to_string())?;
        toml::from_str(&text).map_err(|error| anyhow!("{name}: {}", error.to_string().trim_end()))
    }

    fn check(&self) -> anyhow::Result<()> {
        let ids = [&self.sender_id, &self.receiver_id, &self.group_sender_id, &self.group_receiver_id];
        for (what, id) in ["sender", "receiver", "group sender", "group receiver"].into_iter().zip(ids) {
            if id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 15) {
                bail!("the {what} id has 1 to 15 characters");
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
        if let Some(id) = self.guide.as_ref().filter(|id| guide::by_id(id).is_none()) {
            bail!("guide: `{id}` is no id of a guide that this program has; see `claimwire guides`");
        }
        for name in self.rules.keys() {
            explain::rule(name).with_context(|| format!("rules: no rule `{name}`"))?;
        }
        self.style().map(drop)
    }

    /// How segments are written.
    ///
    /// # Errors
    /// Delimiters that cannot be.
    pub fn style(&self) -> anyhow::Result<Style> {
        let delimiters = self.delimiters.as_deref().map(delimiters).transpose()?.unwrap_or_default();
        let line_break = self.line_break.unwrap_or(LineBreak::Lf).bytes();
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

    /// How lines of claims become a file.
    ///
    /// # Errors
    /// As for [`style`](Self::style).
    pub fn options(&self) -> anyhow::Result<ndjson::Options> {
        let usual = ndjson::Options::default();
        Ok(ndjson::Options {
            sender: self.sender_id.clone(),
            sender_kind: self.sender_qualifier.clone().unwrap_or(usual.sender_kind),
            receiver: self.receiver_id.clone(),
            receiver_kind: self.receiver_qualifier.clone().unwrap_or(usual.receiver_kind),
            group_sender: self.group_sender_id.clone(),
            group_receiver: self.group_receiver_id.clone(),
            usage: match self.usage {
                Some(Usage::Production) => "P".into(),
                Some(Usage::Test) => "T".into(),
                None => usual.usage,
            },
            acknowledgment_requested: self.acknowledgment_requested,
            control_number: self.control_number.unwrap_or(usual.control_number),
            guide: self.guide.clone(),
            claims_per_transaction: self.claims_per_transaction.unwrap_or(usual.claims_per_transaction),
            style: self.style()?,
            ..usual
        })
    }
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
            "guide = \"nonsense\"",
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
