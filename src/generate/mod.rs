//! Synthetic files: varied, valid, balanced, of any size, and the same for the same seed.
//!
//! Every claim begins as a scenario, a small function that knows one kind of bill (an anesthesia
//! case, a hospital stay, a reversal and its correction), and gets some of what any claim may have
//! besides. Amounts balance as a payer checks them, dates follow from the seed, and people,
//! providers and payers do not exist: their numbers pass the checks of form, but come from ranges
//! that nobody has been given. [`lines`] gives the claims as NDJSON, [`write()`] as X12; both hold one
//! claim at a time, whatever the size of the file.

mod adjudicate;
mod batch;
mod claims;
mod codes;
mod dental;
mod extras;
mod institutional;
mod payments;
mod people;
mod professional;
pub(crate) mod random;
mod remittance;
mod scene;

use std::{collections::BTreeMap, io::Write, str::FromStr, sync::mpsc, thread};

use jiff::ToSpan;

use crate::{
    ndjson::{self, Writer},
    record::{Date, Time, write::Style},
};
use random::Random;

pub use crate::ndjson::Error;

/// What to generate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which sort of file.
    pub kind: Kind,
    /// Claims, or claim payments, in all.
    pub claims: u64,
    /// All that the content depends on, besides these options.
    pub seed: u64,
    /// Most claims in one transaction set; by default 5000, of an 835 500.
    pub claims_per_transaction: Option<u64>,
    /// How much the claims differ.
    pub variety: Variety,
    /// Most service lines of a claim; by default, and at most, what the guide allows: 50, in
    /// institutional claims and payments 999.
    pub lines: Option<usize>,
    /// Delimiters and line breaks of the X12.
    pub style: Style,
}

impl Options {
    /// As many claims of a kind, everything else by default.
    pub fn new(kind: Kind, claims: u64, seed: u64) -> Self {
        Self {
            kind,
            claims,
            seed,
            claims_per_transaction: None,
            variety: Variety::Full,
            lines: None,
            style: Style::default(),
        }
    }

    fn max_lines(&self) -> usize {
        let limit = match self.kind {
            Kind::Professional | Kind::Dental => 50,
            Kind::Institutional | Kind::Remittance => 999,
        };
        self.lines.unwrap_or(limit).clamp(1, limit)
    }

    fn transaction(&self) -> u64 {
        let usual = if self.kind == Kind::Remittance { 500 } else { 5000 };
        self.claims_per_transaction.unwrap_or(usual).max(1)
    }

    /// The day and the time of the file: some day of 2024 or 2025.
    fn created(&self) -> (Date, Time) {
        let mut random = Random::new(self.seed);
        let day = Date::constant(2024, 1, 2).saturating_add(random.between(0, 700).days());
        (day, Time::new(random.below(24) as u8, random.below(60) as u8).unwrap_or_default())
    }
}

/// A sort of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `837p`
    Professional,
    /// `837i`
    Institutional,
    /// `837d`
    Dental,
    /// `835`
    Remittance,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Professional, Self::Institutional, Self::Dental, Self::Remittance];

    /// As the command line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Professional => "837p",
            Self::Institutional => "837i",
            Self::Dental => "837d",
            Self::Remittance => "835",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("`{name}` is none of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// How much the claims of a file differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variety {
    /// The simplest claim of its kind, over and over: one payer, the patient is the subscriber.
    Plain,
    /// Every scenario, and everything that may come with it.
    #[default]
    Full,
}

impl FromStr for Variety {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "plain" => Ok(Self::Plain),
            "full" => Ok(Self::Full),
            _ => Err(format!("`{name}` is neither plain nor full")),
        }
    }
}

/// What was generated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Claims or claim payments.
    pub claims: u64,
    /// Service lines of them.
    pub lines: u64,
    /// Transaction sets.
    pub transactions: u64,
    /// How often each scenario, and each thing that may come with one, was shown.
    pub scenarios: BTreeMap<&'static str, u64>,
}

impl Summary {
    fn show(&mut self, name: &'static str) {
        *self.scenarios.entry(name).or_default() += 1;
    }
}

/// Writes a file as X12.
///
/// # Errors
/// Output that fails.
pub fn write(options: &Options, output: impl Write) -> Result<Summary, Error> {
    let envelope = ndjson::Options {
        sender: Some("EXAMPLESENDER".into()),
        receiver: Some("EXAMPLERECEIVER".into()),
        created: options.created(),
        // Where a transaction set ends the lines say: its head is another.
        claims_per_transaction: u32::MAX,
        style: options.style.clone(),
        ..ndjson::Options::default()
    };
    let mut writer = Writer::new(output, envelope);
    // Claims are made by one thread and written by another; a few blocks of lines are under way.
    let (sender, receiver) = mpsc::sync_channel::<Vec<u8>>(BLOCKS);
    thread::scope(|scope| {
        let maker = scope.spawn(move || -> Result<Summary, Error> {
            let mut block = Vec::with_capacity(2 * BLOCK);
            let summary = lines(options, &mut |line| {
                block.extend_from_slice(line);
                block.push(b'\n');
                if block.len() < BLOCK {
                    return Ok(());
                }
                sender.send(std::mem::replace(&mut block, Vec::with_capacity(2 * BLOCK))).map_err(|_| stopped())
            })?;
            sender.send(block).map_err(|_| stopped())?;
            Ok(summary)
        });
        for block in receiver {
            for line in block.split(|byte| *byte == b'\n') {
                writer.push(line)?;
            }
        }
        let summary = maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        writer.finish()?;
        Ok(summary)
    })
}

/// Bytes of lines that go to the writer at once.
const BLOCK: usize = 64 << 10;

/// Blocks that may wait for the writer.
const BLOCKS: usize = 4;

/// The writer has failed, and says itself why.
fn stopped() -> Error {
    std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()
}

/// Gives the same claims one by one, each as a line that stands on its own (see [`ndjson`]).
///
/// # Errors
/// What `receive` returns.
pub fn lines(options: &Options, receive: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<Summary, Error> {
    match options.kind {
        Kind::Remittance => remittance::lines(options, receive),
        _ => claims::lines(options, receive),
    }
}

/// Every name that a [`Summary`] may have for a kind of file.
pub fn scenarios(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Remittance => remittance::names(),
        _ => claims::names(kind),
    }
}
