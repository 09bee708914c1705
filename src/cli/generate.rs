//! `generate`: synthetic files.

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::{Outcome, output::Destination};

/// Make synthetic, valid, varied files: nobody's data
#[derive(Args, Debug)]
#[command(after_help = "\
The same options give the same bytes, on every machine.

Examples:
  claimwire generate --kind 837p --claims 3
  claimwire generate --kind 835 --claims 100000 --seed 7 -o big.835")]
pub struct Generate {
    /// What to make
    #[arg(long)]
    kind: Kind,
    /// How many claims
    #[arg(long, value_name = "N", default_value_t = 10)]
    claims: u64,
    /// Another seed makes another file
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    destination: Destination,
}

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Professional claims
    #[value(name = "837p")]
    Professional,
    /// Institutional claims
    #[value(name = "837i")]
    Institutional,
    /// Dental claims
    #[value(name = "837d")]
    Dental,
    /// Payments and remittance advice
    #[value(name = "835")]
    Remittance,
}

impl Generate {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.destination.write(|_output| bail!("generate is not built yet"))
    }
}
