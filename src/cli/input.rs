//! Where input comes from: files, or standard input; and how far reading has got.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

/// The arguments `FILE...`.
#[derive(Args, Debug)]
pub struct Files {
    /// Files to read; none, or `-`, is standard input
    #[arg(value_name = "FILE")]
    paths: Vec<PathBuf>,
}

impl Files {
    /// The inputs in order, each opened when its turn comes.
    pub fn open(&self) -> impl Iterator<Item = anyhow::Result<Input>> + '_ {
        let stdin = self.paths.is_empty().then(|| Path::new("-"));
        stdin.into_iter().chain(self.paths.iter().map(PathBuf::as_path)).map(Input::open)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.paths.len().max(1)
    }
}

/// Open input.
pub struct Input {
    /// What messages and provenance call it: the path as given, or `-`.
    pub name: String,
    /// Its bytes.
    pub bytes: Box<dyn Read>,
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        if name == "-" {
            if io::stdin().is_terminal() {
                let _ =
                    writeln!(io::stderr(), "claimwire: reading standard input (end it with Ctrl-D, or give a FILE)");
            }
            return Ok(Self { name, bytes: Box::new(Watched::new(io::stdin().lock(), None)) });
        }
        let file = File::open(path).with_context(|| name.clone())?;
        let about = file.metadata().with_context(|| name.clone())?;
        if about.is_dir() {
            bail!("{name}: is a directory; give the files in it");
        }
        let length = about.is_file().then_some(about.len());
        Ok(Self { name, bytes: Box::new(Watched::new(file, length)) })
    }
}

/// Input that shows how far it has been read, once that takes long enough to wonder.
pub struct Watched<R> {
    input: R,
    length: Option<u64>,
    read: u64,
    begun: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl<R> Watched<R> {
    const PATIENCE: Duration = Duration::from_millis(700);

    fn new(input: R, length: Option<u64>) -> Self {
        // What goes to the same terminal would run into the bar.
        Self::seen(input, length, !io::stdout().is_terminal())
    }

    /// Shows how far it has been read, if it is `alone` on the terminal.
    pub fn seen(input: R, length: Option<u64>, alone: bool) -> Self {
        let seen = alone && io::stderr().is_terminal();
        Self { input, length, read: 0, begun: seen.then(Instant::now), bar: None }
    }

    fn show(&mut self) {
        match (&self.bar, self.begun) {
            (Some(bar), _) => bar.set_position(self.read),
            (None, Some(begun)) if begun.elapsed() > Self::PATIENCE => {
                let bar = self.length.map_or_else(ProgressBar::no_length, ProgressBar::new);
                let template = if self.length.is_some() {
                    "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"
                } else {
                    "{spinner} {bytes}, {bytes_per_sec}"
                };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_position(self.read);
                self.bar = Some(bar);
            }
            _ => {}
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read = self.read.saturating_add(count as u64);
        if self.begun.is_some() {
            self.show();
        }
        Ok(count)
    }
}

impl<R> Drop for Watched<R> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
