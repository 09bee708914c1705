//! What is fuzzed: for each place where bytes come in from outside, a body that takes any bytes and
//! asserts what holds of them.
//!
//! The targets of `fuzz/` call these and nothing else. They stand here, behind the feature `fuzzing`
//! and in this package's own tests, so that plain `cargo test` runs every body over the committed corpus.

#![allow(clippy::expect_used, reason = "a target panics where a property does not hold")]

mod claims;
#[cfg(feature = "gateway")]
mod exchange;
mod judged;
mod places;
mod segments;
mod settings;
#[cfg(feature = "gateway")]
mod submission;

pub use claims::{claim_json, claims, document, generated};
#[cfg(feature = "gateway")]
pub use exchange::{message, mime, soap};
pub use judged::{answers, check, envelope, explain};
pub use places::{guide, placement};
#[cfg(feature = "framing")]
pub use segments::framing;
pub use segments::{alphabet, segments, tokens};
pub use settings::settings;
#[cfg(feature = "gateway")]
pub use submission::submission;

use std::io::{self, Read};

use super::Mutator;

/// What a target does with its input; it panics where a property does not hold.
pub type Body = fn(&[u8]);

/// Every target: the name of its corpus, and its body.
pub const ALL: &[(&str, Body)] = &[
    ("alphabet", alphabet),
    ("answers", answers),
    ("check", check),
    ("claim_json", claim_json),
    ("claims", claims),
    ("document", document),
    ("envelope", envelope),
    ("explain", explain),
    #[cfg(feature = "framing")]
    ("framing", framing),
    ("generated", generated),
    ("guide", guide),
    #[cfg(feature = "gateway")]
    ("message", message),
    #[cfg(feature = "gateway")]
    ("mime", mime),
    ("placement", placement),
    ("segments", segments),
    ("settings", settings),
    #[cfg(feature = "gateway")]
    ("soap", soap),
    #[cfg(feature = "gateway")]
    ("submission", submission),
    ("tokens", tokens),
];

/// Changes the first `size` bytes of a buffer as X12 goes wrong, or every second time as the fuzzer has it
/// (`otherwise`). Gives the new size.
pub fn mutate(
    buffer: &mut [u8],
    size: usize,
    most: usize,
    seed: u32,
    otherwise: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    if seed & 1 == 0 {
        return otherwise(buffer, size, most);
    }
    let file = buffer.get(..size).unwrap_or_default();
    let count = 1 + seed as usize / 2 % 3;
    let mutated = Mutator::new(seed.into()).limit(most).mutate(file, count).bytes;
    let size = mutated.len().min(most).min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..size), mutated.get(..size)) {
        to.copy_from_slice(from);
    }
    size
}

/// Hands bytes out in pieces, whose lengths follow from the bytes themselves.
struct Pieces<'d> {
    rest: &'d [u8],
    state: u32,
}

impl<'d> Pieces<'d> {
    fn of(data: &'d [u8]) -> Self {
        let state =
            data.iter().take(64).fold(0x811C_9DC5, |state, byte| (state ^ u32::from(*byte)).wrapping_mul(16_777_619));
        Self { rest: data, state }
    }

    /// The next piece: mostly short, so that everything is torn once; empty at the end.
    fn piece(&mut self, most: usize) -> &'d [u8] {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let draw = (self.state >> 16) as usize;
        let length = if draw.is_multiple_of(8) { draw } else { 1 + draw % 23 };
        let (piece, rest) = self.rest.split_at(length.clamp(1, most.max(1)).min(self.rest.len()));
        self.rest = rest;
        piece
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.piece(buffer.len());
        if let Some(to) = buffer.get_mut(..piece.len()) {
            to.copy_from_slice(piece);
        }
        Ok(piece.len())
    }
}

/// Cuts choices off the front of an input, zeros where there is none.
fn choices<const N: usize>(data: &[u8]) -> ([u8; N], &[u8]) {
    let mut choices = [0; N];
    let (head, rest) = data.split_at(N.min(data.len()));
    choices.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
    (choices, rest)
}

/// Bytes as text for the message of an assertion.
fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use super::*;

    /// The inputs of a target in a folder of `fuzz/`.
    fn inputs(folder: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
        let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = files.map(|file| file.expect("an entry").path()).collect();
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), fs::read(&path).expect("a file"))).collect()
    }

    /// Every file of the corpora, and every input that was ever found to break something.
    #[test]
    fn the_corpora_pass() {
        let mut broken = Vec::new();
        for (name, body) in ALL {
            for (path, bytes) in inputs("corpus", name).into_iter().chain(inputs("regressions", name)) {
                // A panic in a body does not know its file.
                if std::panic::catch_unwind(|| body(&bytes)).is_err() {
                    broken.push(path);
                }
            }
        }
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// A little of what a fuzzer does: `CLAIMWIRE_FUZZ=1000 cargo test --lib changed_corpora` for more of it.
    #[test]
    fn changed_corpora_pass() {
        let rounds = std::env::var("CLAIMWIRE_FUZZ").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
        let only = std::env::var("CLAIMWIRE_FUZZ_TARGET").ok();
        for (name, body) in ALL.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name)) {
            for (path, bytes) in inputs("corpus", name) {
                for seed in 0..rounds {
                    let changed = Mutator::new(seed).limit(4096).mutate(&bytes, 2).bytes;
                    if std::panic::catch_unwind(|| body(&changed)).is_err() {
                        let found = std::env::temp_dir().join(format!("claimwire-found-{name}"));
                        drop(fs::write(&found, &changed));
                        panic!("{} changed with seed {seed}: {}", path.display(), found.display());
                    }
                }
            }
        }
    }

    #[test]
    fn every_target_has_a_corpus_and_bears_nothing() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, body) in ALL {
            body(b"");
            body(b"\0");
            assert!(corpus.join(name).is_dir(), "{name} has no corpus");
        }
    }
}
