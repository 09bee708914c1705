//! stub
use clap::Args;
use super::Outcome;
/// Stub
#[derive(Args, Debug)]
pub struct Demo {}
impl Demo { pub fn run(&self) -> anyhow::Result<Outcome> { Ok(Outcome::Done) } }
