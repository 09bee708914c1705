//! `retry` and `withdraw`: what a person does when something got stuck, or should not go out.

use std::io::Write;

use claimwire::gateway::Id;
use clap::Args;
use serde_json::Value;

use super::{
    Outcome,
    client::{Access, Refusal},
    output::{Destination, Output},
    shown::printable,
};

/// Have a running gateway try again what it gave up: a delivery or a job, by the id that `status --failed` shows
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire status --failed                what was given up, and why
  claimwire retry 1kfr3tv2g0001            send a file again: the same bytes under the same id
  claimwire retry 42                       do a job again

Exit codes: 0 they are tried again; 1 there is no such thing, or it was not given up; 2 could not ask.")]
pub struct Retry {
    /// The delivery's id, or the job's number
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    destination: Destination,
}

/// Take claims back that wait to be put into a file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire withdraw 1kfr3tv2g0001

A claim that was sent is voided by another one with frequency 8.

Exit codes: 0 they are withdrawn; 1 at least one no longer waits, or is none; 2 could not ask.")]
pub struct Withdraw {
    /// The claims' ids
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    destination: Destination,
}

impl Retry {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let path = |id: &str| match id.parse::<Id>() {
            Ok(id) => Some(format!("/v1/deliveries/{id}/retry")),
            Err(_) => id.parse::<u32>().ok().map(|job| format!("/v1/jobs/{job}/retry")),
        };
        self.destination.write(|output| each(&self.access, &self.ids, path, output))
    }
}

impl Withdraw {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let path = |id: &str| id.parse::<Id>().ok().map(|id| format!("/v1/claims/{id}/withdraw"));
        self.destination.write(|output| each(&self.access, &self.ids, path, output))
    }
}

/// Has something done to each, and says what became of it.
fn each(
    access: &Access,
    ids: &[String],
    path: impl Fn(&str) -> Option<String>,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let client = access.client()?;
    let mut outcome = Outcome::Done;
    for id in ids {
        let shown = printable(id);
        let Some(path) = path(id) else {
            writeln!(output, "{shown}: not an id")?;
            outcome = Outcome::Refused;
            continue;
        };
        match client.tell::<Value>(&path, None) {
            Ok(done) => writeln!(output, "{shown}: {}", printable(done["state"].as_str().unwrap_or("done")))?,
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) if matches!(refusal.status, 404 | 409) => {
                    writeln!(output, "{shown}: {refusal}")?;
                    outcome = Outcome::Refused;
                }
                _ => return Err(error),
            },
        }
    }
    Ok(outcome)
}
