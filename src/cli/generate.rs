//! `generate`: synthetic files, valid or hostile.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, anyhow};
use arbitrary::Unstructured;
use claimwire::{
    generate::{self, Kind, Options, Variety},
    guide,
    testing::{self, Mutated, Mutator},
};
use clap::{Args, ValueEnum, builder::PossibleValuesParser, builder::TypedValueParser};
use serde_json::json;

use super::{Outcome, output::Destination};

/// Make synthetic, valid, varied files: nobody's data
#[derive(Args, Debug)]
#[command(after_help = "\
The same options give the same bytes, on every machine.

Examples:
  claimwire generate --kind 837p --claims 3
  claimwire generate --kind 837i --claims 20 --to ndjson
  claimwire generate --kind 835 --claims 100000 --seed 7 -o big.835
  claimwire generate --kind 837p --mutate 1000 -o hostile/

Hostile files (--mutate) are for testing parsers. Every other one begins as a file like the rest, with
at most --claims claims, the others as what the guide's tables allow at random; then --mutations things
are done to each. hostile/notes.ndjson says of each file what was done to it, a line a file.")]
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
    /// Make so many hostile files instead, in the folder that -o names
    #[arg(long, value_name = "N", requires = "path", conflicts_with = "to")]
    mutate: Option<u64>,
    /// How many things are done to a hostile file: from one to so many
    #[arg(long, value_name = "MAX", default_value_t = 3, requires = "mutate", value_parser = clap::value_parser!(u64).range(1..=100))]
    mutations: u64,
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
        if let Some(files) = self.mutate {
            let folder = self.destination.path().ok_or_else(|| anyhow!("say where the files go: -o FOLDER"))?;
            return self.hostile(&options, files, folder).with_context(|| folder.display().to_string());
        }
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

    /// Fills a folder with hostile files, and the notes on them.
    fn hostile(&self, options: &Options, files: u64, folder: &Path) -> anyhow::Result<Outcome> {
        fs::create_dir_all(folder)?;
        let width = files.to_string().len();
        let mut notes = Vec::new();
        for number in 1..=files {
            let seed = self.seed.wrapping_mul(SEEDS).wrapping_add(number);
            let (from, file) = if number % 2 == 1 {
                let claims = 1 + number / 2 % self.claims.max(1);
                let mut file = Vec::new();
                generate::write(&Options { claims, seed, ..options.clone() }, &mut file)?;
                ("scenarios", file)
            } else {
                let guide = guide::by_name(self.kind.name()).ok_or_else(|| anyhow!("no guide for this kind"))??;
                let entropy = testing::entropy(seed, ENTROPY);
                ("tables", testing::interchange(guide, &mut Unstructured::new(&entropy)))
            };
            let mutations = 1 + seed % self.mutations;
            let Mutated { bytes, notes: done } = Mutator::new(seed).mutate(&file, mutations as usize);
            let name = format!("{number:0width$}.x12");
            fs::write(folder.join(&name), bytes)?;
            let done: Vec<_> = done
                .iter()
                .map(
                    |note| json!({"mutation": note.mutation.name(), "segment": note.segment, "text": note.to_string()}),
                )
                .collect();
            let note = json!({"file": name, "kind": self.kind.name(), "from": from, "seed": seed, "done": done});
            writeln!(notes, "{note}")?;
        }
        fs::write(folder.join("notes.ndjson"), notes)?;
        Ok(Outcome::Done)
    }
}

/// Seeds of files lie apart, so that another `--seed` makes none of the same files.
const SEEDS: u64 = 1_000_003;

/// Bytes of entropy of a file after the tables: some claims' worth.
const ENTROPY: usize = 6000;

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| name.parse::<Kind>())
}
