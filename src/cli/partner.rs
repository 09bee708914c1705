//! How X12 is made for a trading partner: a file of settings, and options that override it.

use std::path::PathBuf;

use claimwire::partner;
pub use claimwire::partner::{LineBreak, Partner};
use clap::{Args, ValueEnum};

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
    line_break: Option<Break>,
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
  \"claim.charge.sum\" = \"warning\"  # or \"off\", \"error\"

Gateways know more settings: see samples/partners.";

/// Test or production.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Usage {
    /// Test data: nothing will be paid
    Test,
    /// Production data
    Production,
}

impl From<Usage> for partner::Usage {
    fn from(usage: Usage) -> Self {
        match usage {
            Usage::Test => Self::Test,
            Usage::Production => Self::Production,
        }
    }
}

/// What follows each segment terminator.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Break {
    /// Nothing: the file is one line
    None,
    /// A line feed
    Lf,
    /// A carriage return and a line feed
    Crlf,
}

impl From<Break> for LineBreak {
    fn from(line_break: Break) -> Self {
        match line_break {
            Break::None => Self::None,
            Break::Lf => Self::Lf,
            Break::Crlf => Self::Crlf,
        }
    }
}

impl Writing {
    /// The settings that hold.
    ///
    /// # Errors
    /// A file that cannot be read or says something else than settings; settings that cannot be.
    pub fn partner(&self) -> anyhow::Result<Partner> {
        let mut partner = self.partner.as_ref().map(Partner::read).transpose()?.unwrap_or_default();
        put(&mut partner.sender_id, &self.sender);
        put(&mut partner.sender_qualifier, &self.sender_qualifier);
        put(&mut partner.receiver_id, &self.receiver);
        put(&mut partner.receiver_qualifier, &self.receiver_qualifier);
        put(&mut partner.usage, &self.usage.map(Into::into));
        put(&mut partner.control_number, &self.control_number);
        put(&mut partner.guide, &self.guide);
        put(&mut partner.delimiters, &self.delimiters);
        put(&mut partner.line_break, &self.line_break.map(Into::into));
        put(&mut partner.replace_delimiters, &self.replace_delimiters);
        if self.claims_per_transaction.is_some() {
            partner.claims_per_transaction = self.claims_per_transaction;
            partner.limits.claims_per_transaction = None;
        }
        partner.validate()?;
        Ok(partner)
    }
}

/// Puts an option, where it is given, in the place of a setting.
fn put<T: Clone>(setting: &mut Option<T>, option: &Option<T>) {
    if option.is_some() {
        setting.clone_from(option);
    }
}

#[cfg(test)]
mod tests {
    use claimwire::x12::OnDelimiter;

    use super::*;

    #[test]
    fn the_example_in_the_help_is_a_partner() {
        let example = PARTNER_HELP.split_once("\n\n").and_then(|(_, rest)| rest.split_once("\n\nGateways")).unwrap().0;
        let partner = Partner::parse(example).unwrap();
        assert_eq!(partner.style().unwrap().on_delimiter, OnDelimiter::Replace(b' '));
        assert_eq!(partner.style().unwrap().line_break, b"");
    }
}
