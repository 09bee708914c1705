//! `ack`: the acknowledgments that a receiver owes for a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use claimwire::{
    acknowledge::{self, Answered, Answerer, Answers, Kinds, Options, Owed},
    check,
    record::Time,
};
use clap::{Args, ValueEnum};
use jiff::civil::DateTime;

use super::{
    Outcome,
    checking::Checking,
    input::{Files, Input},
    notices,
    output::{Destination, Output},
};

/// Make the acknowledgments that a receiver owes for a file, or say what one means
#[derive(Args, Debug)]
#[command(after_help = "\
A TA1 answers an interchange, a 999 each functional group in it, a 277CA each batch of claims that the
999 accepts. A rejected interchange gets a TA1 and nothing else. They travel in one interchange for each
that is answered, with sender and receiver swapped.

Exit codes: 0 everything was accepted; 1 an answer rejects something, or something could not be answered;
2 could not do the work. With --explain: 1 if the answer rejects something, or answers something else.

Examples:
  claimwire ack claims.837                           all that is owed
  claimwire ack --kind 999 --control-number 905 claims.837 -o answer.999
  claimwire ack --explain answer.999 --for claims.837")]
pub struct Ack {
    /// Which acknowledgments: all that are owed, or one kind (a TA1 is then made for every interchange)
    #[arg(long, default_value = "all")]
    kind: Kind,
    /// Number of the first answering interchange (ISA13) and group (GS06); further ones count on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=999_999_999))]
    control_number: u32,
    /// Date and time of the answers, such as 2026-01-15T14:30 (default: now, in UTC)
    #[arg(long, value_name = "DATE-TIME")]
    created: Option<DateTime>,
    /// Who answers claims: a payer accepts them (A2), a clearinghouse has received them (A1)
    #[arg(long = "as", value_name = "WHO", default_value = "payer")]
    answerer: Who,
    /// Show values of the data, which may name people: in the 999 (IK404), and with --explain
    #[arg(long)]
    show_values: bool,
    /// Say in words what an acknowledgment (TA1, 999, 997, 277CA) means, instead of making one
    #[arg(long, value_name = "ANSWER", conflicts_with_all = ["kind", "control_number", "created", "answerer", "partner", "guides", "codes"])]
    explain: Option<PathBuf>,
    /// The file that the acknowledgment answers: claims and segments are named by it
    #[arg(long = "for", value_name = "FILE", requires = "explain", conflicts_with = "paths")]
    answered: Option<PathBuf>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    checking: Checking,
    #[command(flatten)]
    destination: Destination,
}

/// Which acknowledgments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Of interchanges
    Ta1,
    /// Of functional groups and transaction sets
    #[value(name = "999")]
    Functional,
    /// Of claims
    #[value(name = "277ca")]
    Claims,
    /// All three, where they are owed
    All,
}

/// Who answers claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Who {
    /// Takes them into adjudication
    Payer,
    /// Passes them on
    Clearinghouse,
}

impl Ack {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        if let Some(answer) = &self.explain {
            return self.destination.write(|output| self.explain(answer, output));
        }
        let (checked, options) = (self.checked()?, self.options()?);
        self.destination.write(|output| {
            let mut worst = Outcome::Done;
            let mut next = options;
            for input in self.files.open() {
                worst = worst.max(self.answer(input?, &checked, &mut next, output)?);
            }
            Ok(worst)
        })
    }

    /// Answers one file; the numbers of the next one go on after it.
    fn answer(
        &self,
        input: Input,
        checked: &check::Options,
        options: &mut Options,
        output: &mut Output,
    ) -> anyhow::Result<Outcome> {
        let Input { name, bytes } = input;
        let mut answers = Answers::new(output, options.clone());
        check::check(bytes, checked, &mut answers).with_context(|| name.clone())?;
        let (_, summary) = answers.finish().with_context(|| name.clone())?;
        options.control_number = summary.next_control_number;
        let noticed = notices::report(&name, &summary.notices);
        Ok(if summary.rejects { Outcome::Refused } else { noticed })
    }

    fn explain(&self, answer: &Path, output: &mut Output) -> anyhow::Result<Outcome> {
        let Input { name, bytes } = Input::open(answer)?;
        let answered = self.answered.as_deref().map(Input::open).transpose()?;
        let answered = answered.map(|input| Answered { name: input.name, input: input.bytes });
        let explained =
            acknowledge::explain(bytes, answered, self.show_values, output).with_context(|| name.clone())?;
        if explained.answers == 0 {
            bail!("{name}: there is no acknowledgment in it");
        }
        Ok(if explained.rejects || explained.strangers { Outcome::Refused } else { Outcome::Done })
    }

    fn checked(&self) -> anyhow::Result<check::Options> {
        self.checking.options(&self.checking.partner()?, 7, self.show_values)
    }

    fn options(&self) -> anyhow::Result<Options> {
        let mut options = Options {
            kinds: self.kind.kinds(),
            answerer: match self.answerer {
                Who::Payer => Answerer::Payer,
                Who::Clearinghouse => Answerer::Clearinghouse,
            },
            values: self.show_values,
            control_number: self.control_number,
            ..Options::default()
        };
        if let Some(created) = self.created {
            let (hour, minute) = (created.hour().unsigned_abs(), created.minute().unsigned_abs());
            let Some(time) = Time::new(hour, minute) else { bail!("--created: there is no such time") };
            options.created = (created.date(), time);
        }
        Ok(options)
    }
}

impl Kind {
    fn kinds(self) -> Kinds {
        let none = Kinds { interchange: Owed::Never, functional: false, claims: false };
        match self {
            Self::Ta1 => Kinds { interchange: Owed::Always, ..none },
            Self::Functional => Kinds { functional: true, ..none },
            Self::Claims => Kinds { claims: true, ..none },
            Self::All => Kinds::ALL,
        }
    }
}
