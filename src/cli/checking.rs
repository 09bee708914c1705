//! How strictly files are checked: options that `validate` and `ack` share.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use claimwire::{check, codes::Own, explain};
use clap::Args;

use super::partner::Partner;

/// Options for how files are checked.
#[derive(Args, Debug)]
#[command(next_help_heading = "How strictly")]
pub struct Checking {
    /// Settings of the trading partner (TOML), as for `convert`; its [rules] turn rules off, down or up, its
    /// [checking] names companion guides and code lists
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
        Ok(self.partner.as_deref().map(Partner::load).transpose()?.unwrap_or_default().or_anybody())
    }

    /// What is checked, up to which level, and whether findings carry values.
    ///
    /// # Errors
    /// Guides and lists that cannot be read; rules that there are not.
    pub fn options(&self, partner: &Partner, level: u8, values: bool) -> anyhow::Result<check::Options> {
        let mut library = partner.library()?;
        for path in &self.guides {
            let companions = library.load(path).map_err(|error| anyhow!("{error}"))?;
            for guide in companions {
                for (rule, _) in &guide.overrides {
                    explain::rule(rule).with_context(|| format!("{}: no rule `{rule}`", path.display()))?;
                }
            }
        }
        let lists = match &self.codes {
            Some(folder) => Own::in_folder(folder)?,
            None => partner.lists()?,
        };
        let checking = partner.checking();
        Ok(check::Options { level: level.min(checking.level), values, library, lists, ..checking })
    }
}
