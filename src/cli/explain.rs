//! `explain`: what a designator, a segment or a code means.

use std::path::PathBuf;

use claimwire::{codes::Texts, explain};
use clap::Args;

use super::{Outcome, output::Destination};

/// Say what a place, a segment, a code or a rule means
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire explain CLM05-3                 in every guide that has it
  claimwire explain 837P 2300/CLM05-3       in one place of one guide
  claimwire explain REF[G1]                 a segment by its qualifier
  claimwire explain 2310B                   a loop
  claimwire explain CLM                     a segment of the standard, and where it is used
  claimwire explain DE 1028                 a data element
  claimwire explain CARC 45                 also RARC N130, STC A7:507, POS 11
  claimwire explain 837P 2300/CLM06=Y       whether a place takes a code
  claimwire explain claim.charge.sum        a rule of `validate`, by its name

The texts of external codes belong to their publishers. --codes-dir names a folder with your own:
carc.txt, rarc.txt, …, a line a code: the code, two blanks, its text.

Exit codes: 1 the list or place does not have the code; 2 nothing of that name is known.")]
pub struct Explain {
    /// A designator, a segment, a loop, a data element, a code or a rule
    #[arg(required = true, value_name = "WHAT")]
    what: Vec<String>,
    /// Folder with texts of external codes: NAME.txt for a list
    #[arg(long, value_name = "FOLDER", env = "CLAIMWIRE_CODES_DIR")]
    codes_dir: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
}

impl Explain {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let texts = self.codes_dir.as_deref().map(Texts::in_folder).transpose()?.unwrap_or_default();
        self.destination.write(|output| {
            let known = explain::explain(&self.what.join(" "), &texts, output)?;
            Ok(if known { Outcome::Done } else { Outcome::Refused })
        })
    }
}
