//! `completions`: what a shell needs to complete commands and options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Outcome, output::Destination};

/// Print the completion script of a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire completions bash > ~/.local/share/bash-completion/completions/claimwire
  claimwire completions zsh > ~/.zfunc/_claimwire
  claimwire completions fish > ~/.config/fish/completions/claimwire.fish")]
pub struct Completions {
    /// Which shell
    shell: Shell,
    #[command(flatten)]
    destination: Destination,
}

impl Completions {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "claimwire", &mut script);
        self.destination.write(|output| {
            std::io::Write::write_all(output, &script)?;
            Ok(Outcome::Done)
        })
    }
}
