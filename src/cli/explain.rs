//! `explain`: what a designator, a segment or a code means.

use anyhow::bail;
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
  claimwire explain CARC 45                 also RARC N130, STC A7:507, POS 11

Exit code 1: nothing of that name is known.")]
pub struct Explain {
    /// A designator, a segment, a loop, a data element or a code
    #[arg(required = true, value_name = "WHAT")]
    what: Vec<String>,
    #[command(flatten)]
    destination: Destination,
}

impl Explain {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let _what = self.what.join(" ");
        self.destination.write(|_output| bail!("explain is not built yet"))
    }
}
