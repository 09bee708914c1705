//! Where output goes: standard output, or a file that appears whole or not at all.

use std::{
    fs::{self, File, Permissions},
    io::{self, BufWriter, StdoutLock, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use tempfile::NamedTempFile;

use super::Outcome;

const BUFFER: usize = 128 << 10;

/// The option `-o`.
#[derive(Args, Debug)]
pub struct Destination {
    /// Write to this file, which appears whole or not at all, instead of standard output
    #[arg(short = 'o', long = "output", value_name = "PATH")]
    path: Option<PathBuf>,
}

impl Destination {
    /// Does work that writes. The file appears only if the work succeeds; a reader that has gone away
    /// has had what it wanted.
    pub fn write(&self, work: impl FnOnce(&mut Output) -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
        let mut output = Output::open(self.path.as_deref())?;
        let result = work(&mut output);
        if output.closed {
            return Ok(Outcome::Done);
        }
        let outcome = result?;
        match output.finish() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.path.is_none() => Ok(Outcome::Done),
            Err(error) => Err(error).with_context(|| self.name()),
            Ok(()) => Ok(outcome),
        }
    }

    /// The path, if one was given.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string())
    }
}

/// Open output.
pub struct Output {
    sink: Sink,
    /// Whether its reader has gone away.
    closed: bool,
}

enum Sink {
    Stdout(BufWriter<StdoutLock<'static>>),
    /// A pipe, a device: there is nothing to rename.
    Device(BufWriter<File>),
    /// Becomes the file at the path when all is written.
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Output {
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let sink = match path {
            None => Sink::Stdout(BufWriter::with_capacity(BUFFER, io::stdout().lock())),
            Some(path) => Self::open_file(path).with_context(|| path.display().to_string())?,
        };
        Ok(Self { sink, closed: false })
    }

    fn open_file(path: &Path) -> io::Result<Sink> {
        // Through a symbolic link the file that it names is replaced, not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory; -o takes the path of a file"));
        }
        if existing.as_ref().is_some_and(|existing| !existing.is_file()) {
            return Ok(Sink::Device(BufWriter::with_capacity(BUFFER, File::options().write(true).open(&target)?)));
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".claimwire-");
        if let Some(permissions) = existing.map(|existing| existing.permissions()).or_else(usual_permissions) {
            builder.permissions(permissions);
        }
        let file = builder.tempfile_in(folder)?;
        Ok(Sink::File(BufWriter::with_capacity(BUFFER, file), target))
    }

    /// Whether colours will be seen, and are wanted.
    pub fn has_colours(&self) -> bool {
        matches!(self.sink, Sink::Stdout(_))
            && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
    }

    fn finish(self) -> io::Result<()> {
        match self.sink {
            Sink::Stdout(mut stdout) => stdout.flush(),
            Sink::Device(mut device) => device.flush(),
            Sink::File(file, path) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }

    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if matches!(&self.sink, Sink::Stdout(_) | Sink::Device(_)) {
            self.closed |= result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        }
        result
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = match &mut self.sink {
            Sink::Stdout(stdout) => stdout.write(bytes),
            Sink::Device(device) => device.write(bytes),
            Sink::File(file, _) => file.write(bytes),
        };
        self.note(result)
    }

    /// Flushes where somebody may be waiting; a file is finished once, at its end.
    fn flush(&mut self) -> io::Result<()> {
        let result = match &mut self.sink {
            Sink::Stdout(stdout) => stdout.flush(),
            Sink::Device(device) => device.flush(),
            Sink::File(..) => Ok(()),
        };
        self.note(result)
    }
}

/// What the umask leaves of reading and writing for all, as for any other file that a command makes.
#[cfg(unix)]
fn usual_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn usual_permissions() -> Option<Permissions> {
    None
}
