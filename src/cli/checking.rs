//! How strictly files are checked: options that `validate` and `ack` share.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use claimwire::{check, codes::Own, explain, guide::Library};
use clap::Args;

use super::partner::Partner;

/// Options for how files are checked.
#[derive(Args, Debug)]
#[command(next_help_heading = "How strictly")]
pub struct Checking {
    /// Settings of the trading partner (TOML), as for `convert`; its [rules] turn rules off, down or up
    #[arg(long, value_name = "FILE")]
    partner: Option<PathBuf>,
    /// A trading partner's companion guide, which narrows ours (repeat for several; see specs/README.md)
    #[arg(long = "guide", value_name = "FILE")]
    guides: Vec<PathBuf>,
    /// Your own code lists: a folder of files such as hcpcs.txt, a code a line, which take the place of ours
    #[arg(long, value_name = "FOLDER")]
    codes: Option<PathBuf>,
}

impl Checking {
    /// The partner's settings; nobody's in particular without.
    ///
    /// # Errors
    /// A file that cannot be read or says something else than settings.
    pub fn partner(&self) -> anyhow::Result<Partner> {
        Ok(self.partner.as_deref().map(Partner::of_file).transpose()?.unwrap_or_default().or_anybody())
    }

    /// What is checked, up to which level, and whether findings carry values.
    ///
    /// # Errors
    /// Guides and lists that cannot be read; rules that there are not.
    pub fn options(&self, partner: &Partner, level: u8, values: bool) -> anyhow::Result<check::Options> {
        let mut library = Library::new();
        for path in &self.guides {
            let companions = library.load(path).map_err(|error| anyhow!("{error}"))?;
            for guide in companions {
                for (rule, _) in &guide.overrides {
                    explain::rule(rule).with_context(|| format!("{}: no rule `{rule}`", path.display()))?;
                }
            }
        }
        let lists = self.codes.as_deref().map(Own::in_folder).transpose()?.unwrap_or_default();
        Ok(check::Options { level, values, library, lists, ..partner.checking() })
    }
}
