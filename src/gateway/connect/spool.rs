use std::{fmt, io, io::Write, path::Path};

use aws_lc_rs::digest;
use tempfile::{NamedTempFile, TempPath};

/// A file that is coming in: written to a temporary file as it comes, its length and digests computed on the way.
///
/// The file is removed when this, or the [`Spooled`] that it becomes, is dropped. Writing blocks.
pub struct Spool {
    file: NamedTempFile,
    limit: u64,
    length: u64,
    sha1: digest::Context,
    sha256: digest::Context,
}

impl Spool {
    /// An empty file in `folder`, readable by its owner alone, that takes at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// If the file cannot be made.
    pub fn create(folder: &Path, limit: u64) -> io::Result<Spool> {
        let file = tempfile::Builder::new().prefix("incoming-").tempfile_in(folder)?;
        Ok(Spool {
            file,
            limit,
            length: 0,
            sha1: digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            sha256: digest::Context::new(&digest::SHA256),
        })
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::FileTooLarge`] if they go over the limit; what writing gives.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let added = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let length = self.length.saturating_add(added);
        if length > self.limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than is taken"));
        }
        self.file.write_all(bytes)?;
        self.sha1.update(bytes);
        self.sha256.update(bytes);
        self.length = length;
        Ok(())
    }

    /// How many bytes were written.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The whole file. It is not synced to disk: that is for who keeps it.
    ///
    /// # Errors
    ///
    /// If what was written cannot be flushed.
    pub fn finish(mut self) -> io::Result<Spooled> {
        self.file.flush()?;
        Ok(Spooled {
            path: self.file.into_temp_path(),
            length: self.length,
            sha1: bytes_of(self.sha1.finish()),
            sha256: bytes_of(self.sha256.finish()),
        })
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool").field("length", &self.length).finish_non_exhaustive()
    }
}

/// A received file in a temporary file, which is removed when this is dropped.
pub struct Spooled {
    /// Where it is.
    pub path: TempPath,
    /// How long it is, in bytes.
    pub length: u64,
    /// SHA-1 of its bytes.
    pub sha1: [u8; 20],
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// Files are the same if their bytes are.
impl PartialEq for Spooled {
    fn eq(&self, other: &Self) -> bool {
        (self.length, self.sha256) == (other.length, other.sha256)
    }
}

impl Eq for Spooled {}

impl fmt::Debug for Spooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spooled").field("length", &self.length).finish_non_exhaustive()
    }
}

/// A digest as an array. The algorithm gives `N` bytes; were it not so, the rest would be zero.
fn bytes_of<const N: usize>(digest: digest::Digest) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_digests_are_of_the_bytes_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::create(folder.path(), 3).unwrap();
        spool.write(b"a").unwrap();
        spool.write(b"bc").unwrap();
        assert_eq!(spool.write(b"d").unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let spooled = spool.finish().unwrap();
        assert_eq!(spooled.length, 3);
        assert_eq!(hex::encode(spooled.sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex::encode(spooled.sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(std::fs::read(&spooled.path).unwrap(), b"abc");
        drop(spooled);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
