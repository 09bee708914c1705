//! `generate`: synthetic files.

use clap::{Args, ValueEnum};

use super::{Outcome, output::Destination};
use claimwire::generate::{self, Options, Variety};

/// Make synthetic, valid, varied files: nobody's data
#[derive(Args, Debug)]
#[command(after_help = "\
The same options give the same bytes, on every machine.

Examples:
  claimwire generate --kind 837p --claims 3
  claimwire generate --kind 835 --claims 100000 --seed 7 -o big.835")]
pub struct Generate {
    /// What to make: 837p, 837i, 837d or 835
    #[arg(long)]
    kind: generate::Kind,
    /// How many claims
    #[arg(long, value_name = "N", default_value_t = 10)]
    claims: u64,
    /// Another seed makes another file
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Most claims in one transaction set [default: 5000, of an 835 500]
    #[arg(long, value_name = "N")]
    transactions_of: Option<u64>,
    /// Most service lines of a claim [default: what the guide allows]
    #[arg(long, value_name = "N")]
    lines: Option<usize>,
    /// How much the claims differ
    #[arg(long, value_enum, default_value = "full")]
    variety: Choice,
    #[command(flatten)]
    destination: Destination,
}

/// How much the claims differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Everything that occurs: other payers, drugs, ambulances, reversals, …
    Full,
    /// Office visits and the like
    Plain,
}

impl Generate {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let options = Options {
            claims_per_transaction: self.transactions_of,
            lines: self.lines,
            variety: match self.variety {
                Choice::Full => Variety::Full,
                Choice::Plain => Variety::Plain,
            },
            ..Options::new(self.kind, self.claims, self.seed)
        };
        self.destination.write(|output| {
            generate::write(&options, output)?;
            Ok(Outcome::Done)
        })
    }
}
