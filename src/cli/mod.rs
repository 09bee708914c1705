//! The command line: one file a command.
//!
//! A command says what it takes (a clap struct) and what came of it (an [`Outcome`]); this file turns
//! that into an exit code. Nothing but what was asked for goes to standard output.

mod ack;
mod checking;
#[cfg(feature = "gateway")]
mod client;
mod completions;
mod convert;
mod csv;
mod demo;
mod detect;
mod explain;
#[cfg(feature = "gateway")]
mod fetch;
mod generate;
mod guides;
mod input;
mod inspect;
#[cfg(feature = "gateway")]
mod keys;
mod notices;
#[cfg(feature = "gateway")]
mod operate;
mod output;
mod partner;
#[cfg(feature = "gateway")]
mod partners;
mod pretty;
#[cfg(feature = "gateway")]
mod sandbox;
#[cfg(feature = "gateway")]
mod serve;
mod shown;
#[cfg(feature = "gateway")]
mod status;
#[cfg(feature = "gateway")]
mod store;
#[cfg(feature = "gateway")]
mod submit;
mod validate;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let result = Cli::parse().command.run();
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Refused) => ExitCode::from(1),
        Ok(Outcome::Failed) => ExitCode::from(2),
        Err(error) => {
            // Standard error may be closed; there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "claimwire: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// What came of a command that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Done, nothing refused: exit code 0.
    Done,
    /// Done, but part of the input was refused: exit code 1.
    Refused,
    /// Done as far as it could be, and standard error says what could not: exit code 2.
    Failed,
}

/// Health care claims and payments (X12 837, 835, 999, TA1, 277CA) to JSON and back, without losing a byte.
#[derive(Debug, Parser)]
#[command(name = "claimwire", version, max_term_width = 100, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  claimwire demo                              see what it does, with files that it brings along
  claimwire inspect claims.837                the file as a tree, every element with its meaning
  claimwire validate claims.837               what a payer would reject, where, and what to do
  claimwire convert claims.837 --pretty       X12 to JSON
  claimwire convert claims.json -o back.837   JSON to X12, the same bytes
  claimwire convert claims.837 --to ndjson    one self-contained claim a line
  claimwire convert era.835 --to csv          a table for a spreadsheet
  claimwire ack claims.837                    TA1, 999 and 277CA, as a payer would answer

FILE absent or `-` is standard input. -o PATH appears whole or not at all.

Exit codes: 0 done; 1 done, but something was refused or found wrong; 2 could not do the work.
Messages never show values of the data.";

#[derive(Debug, Subcommand)]
enum Command {
    Convert(convert::Convert),
    Validate(validate::Validate),
    Ack(ack::Ack),
    Inspect(inspect::Inspect),
    Explain(explain::Explain),
    Guides(guides::Guides),
    Generate(generate::Generate),
    #[cfg(feature = "gateway")]
    Sandbox(sandbox::Sandbox),
    Demo(demo::Demo),
    #[cfg(feature = "gateway")]
    Serve(serve::Serve),
    #[cfg(feature = "gateway")]
    Submit(submit::Submit),
    #[cfg(feature = "gateway")]
    Status(status::Status),
    #[cfg(feature = "gateway")]
    Fetch(fetch::Fetch),
    #[cfg(feature = "gateway")]
    Retry(operate::Retry),
    #[cfg(feature = "gateway")]
    Withdraw(operate::Withdraw),
    #[cfg(feature = "gateway")]
    #[command(name = "partner")]
    Partners(partners::Partners),
    #[cfg(feature = "gateway")]
    #[command(name = "key")]
    Keys(keys::Keys),
    #[cfg(feature = "gateway")]
    Store(store::StoreCommand),
    Completions(completions::Completions),
}

impl Command {
    fn run(&self) -> anyhow::Result<Outcome> {
        match self {
            Self::Convert(convert) => convert.run(),
            Self::Validate(validate) => validate.run(),
            Self::Ack(ack) => ack.run(),
            Self::Inspect(inspect) => inspect.run(),
            Self::Explain(explain) => explain.run(),
            Self::Guides(guides) => guides.run(),
            Self::Generate(generate) => generate.run(),
            #[cfg(feature = "gateway")]
            Self::Sandbox(sandbox) => sandbox.run(),
            Self::Demo(demo) => demo.run(),
            #[cfg(feature = "gateway")]
            Self::Serve(serve) => serve.run(),
            #[cfg(feature = "gateway")]
            Self::Submit(command) => command.run(),
            #[cfg(feature = "gateway")]
            Self::Status(command) => command.run(),
            #[cfg(feature = "gateway")]
            Self::Fetch(command) => command.run(),
            #[cfg(feature = "gateway")]
            Self::Retry(command) => command.run(),
            #[cfg(feature = "gateway")]
            Self::Withdraw(command) => command.run(),
            #[cfg(feature = "gateway")]
            Self::Partners(command) => command.run(),
            #[cfg(feature = "gateway")]
            Self::Keys(command) => command.run(),
            #[cfg(feature = "gateway")]
            Self::Store(command) => command.run(),
            Self::Completions(completions) => completions.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_writes_where_o_says() {
        // These run until they are stopped, and give nothing.
        let gives = |command: &&clap::Command| !matches!(command.get_name(), "sandbox" | "serve");
        for command in Cli::command().get_subcommands().filter(gives) {
            let output = command.get_arguments().find(|argument| argument.get_short() == Some('o'));
            assert_eq!(output.and_then(|output| output.get_long()), Some("output"), "{}", command.get_name());
        }
    }

    #[test]
    fn every_command_and_argument_says_what_it_does() {
        for command in all(&Cli::command()) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
        }
    }

    #[test]
    fn commands_of_a_gateway_have_examples_and_exit_codes() {
        for name in ["serve", "submit", "status", "fetch", "retry", "withdraw", "partner", "key", "store"] {
            let cli = Cli::command();
            let command = cli.find_subcommand(name).unwrap();
            let help = command.get_after_help().unwrap().to_string();
            assert!(help.contains("Examples:\n  claimwire "), "{name}");
            assert!(help.contains("Exit codes: 0 ") && help.contains("; 2 could not"), "{name}");
        }
    }

    #[test]
    fn no_argument_holds_a_secret() {
        for command in all(&Cli::command()) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let is_secret = name == "key" || name.contains("password");
                // The sandbox's `--key` is a file of PEM.
                let placed =
                    argument.get_value_names().is_some_and(|names| matches!(names[0].as_str(), "PLACE" | "FILE"));
                assert!(!is_secret || placed, "{} --{name}", command.get_name());
            }
        }
    }

    /// The commands, and those in them.
    fn all(command: &clap::Command) -> Vec<clap::Command> {
        let each = command.get_subcommands().flat_map(|one| std::iter::once(one.clone()).chain(all(one)));
        each.collect()
    }
}
