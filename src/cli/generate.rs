//! `generate`: synthetic files.

use std::io::Write;

use claimwire::generate::{self, Kind, Options, Variety};
use clap::{Args, ValueEnum, builder::PossibleValuesParser, builder::TypedValueParser};

use super::{Outcome, output::Destination};

/// Make synthetic, valid, varied files: nobody's data
#[derive(Args, Debug)]
#[command(after_help = "\
The same options give the same bytes, on every machine.

Examples:
  claimwire generate --kind 837p --claims 3
  claimwire generate --kind 837i --claims 20 --to ndjson
  claimwire generate --kind 835 --claims 100000 --seed 7 -o big.835")]
pub struct Generate {
    /// What to make: claims (professional, institutional, dental) or remittances
    #[arg(long, value_parser = kinds())]
    kind: Kind,
    /// How many claims, or claim payments
    #[arg(long, value_name = "N", default_value_t = 10)]
    claims: u64,
    /// Another seed makes another file
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Most claims in one transaction set (default 5000, of an 835 500)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    transactions_of: Option<u64>,
    /// How much the claims differ
    #[arg(long, default_value = "full")]
    variety: Differing,
    /// Most service lines of a claim (default: what the guide allows)
    #[arg(long, value_name = "MAX")]
    lines: Option<usize>,
    /// What to make of them
    #[arg(long, value_name = "FORMAT", default_value = "x12")]
    to: Target,
    #[command(flatten)]
    destination: Destination,
}

/// How much the claims differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Differing {
    /// The simplest claim of its kind, over and over
    Plain,
    /// Everything that may come with a claim
    Full,
}

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// X12
    X12,
    /// One self-contained claim or payment a line
    Ndjson,
}

impl Generate {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let options = Options {
            claims_per_transaction: self.transactions_of,
            variety: match self.variety {
                Differing::Plain => Variety::Plain,
                Differing::Full => Variety::Full,
            },
            lines: self.lines,
            ..Options::new(self.kind, self.claims, self.seed)
        };
        self.destination.write(|output| {
            match self.to {
                Target::X12 => drop(generate::write(&options, output)?),
                Target::Ndjson => drop(generate::lines(&options, &mut |line| {
                    output.write_all(line.trim_ascii_end())?;
                    Ok(output.write_all(b"\n")?)
                })?),
            }
            Ok(Outcome::Done)
        })
    }
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| name.parse::<Kind>())
}
