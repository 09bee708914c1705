//! `explain`: what a designator, a segment or a code means.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use claimwire::{
    codes::Texts,
    explain::{Error, explain},
};
use clap::Args;

use super::{Outcome, output::Destination};

/// Say what a place, a segment or a code means
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire explain CLM05-3                 in every guide that has it
  claimwire explain 837P 2300/CLM05-3       in one place of one guide
  claimwire explain REF[G1]                 a segment by its qualifier
  claimwire explain 2310B                   a loop
  claimwire explain CLM05-3=7               whether a place takes a code
  claimwire explain CARC 45                 also RARC N130, STC A7:507, POS 11, DE 1028

Exit code 1: nothing has that name, or the code is none.")]
pub struct Explain {
    /// A designator, a segment, a loop, a data element or a code
    #[arg(required = true, value_name = "WHAT")]
    what: Vec<String>,
    /// Folder with your own texts of codes: LIST.txt, a line a code: the code, two blanks, its text
    #[arg(long, value_name = "DIR")]
    codes_dir: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
}

impl Explain {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let texts = self
            .codes_dir
            .as_deref()
            .map(Texts::in_folder)
            .transpose()?
            .unwrap_or_default();
        self.destination
            .write(|output| match explain(&self.what.join(" "), &texts, output) {
                Ok(true) => Ok(Outcome::Done),
                Ok(false) => Ok(Outcome::Refused),
                Err(error @ Error::Unknown { .. }) => {
                    // Standard error may be closed; there is nobody left to tell.
                    let _ = writeln!(io::stderr(), "claimwire: {error}");
                    Ok(Outcome::Refused)
                }
                Err(error) => Err(error.into()),
            })
    }
}
