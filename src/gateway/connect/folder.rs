//! Folders: files that somebody puts are picked up, files to a partner are put.
//!
//! ```text
//!   pick-up                                            drop
//!     IN/claims.x12     two polls the same             OUT/.ID.part     written, synced
//!     IN/.work/ID/…     claimed by a rename            OUT/claims.x12   a link: whole, and never over another
//!       ↓ received: durable
//!     IN/done/…  or  IN/refused/… with …reason.txt
//! ```
//!
//! Whatever stops the gateway, and when, a file is in one of those places; what is in the work folder is received again
//! under the same id, by which the gateway knows it. Folders are polled: network file systems send no events.

mod drop;
mod pick_up;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use serde::Deserialize;

pub use self::{
    drop::FolderDrop,
    pick_up::{FolderPickUp, Polled},
};

/// The name of the connector.
pub const CHANNEL: &str = "folder";

/// The folders shared with a partner: `[folder]` of its settings. Who resolves relative paths is who reads the settings
/// ([`PartnerSettings::beside`]).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartnerSettings {
    /// The folder that files from the partner come into.
    pub pick_up: Option<PathBuf>,
    /// Where files are kept while they are taken: `.work` in the pick-up folder by default. This one and the two below
    /// are on the same file system as that; the partner should not be able to write into them.
    pub work: Option<PathBuf>,
    /// Where files are that were taken: `done` in the pick-up folder by default.
    pub done: Option<PathBuf>,
    /// Where files are that were refused, each with its reason: `refused` in the pick-up folder by default.
    pub refused: Option<PathBuf>,
    /// The folder that files to the partner are put into.
    pub drop: Option<PathBuf>,
    /// How often the pick-up folder is looked at: every 5 seconds by default. A file is taken when it has not changed
    /// since the look before.
    pub poll: SignedDuration,
    /// Most bytes of a file: 1 GiB by default.
    pub limit: u64,
    /// Only files with these endings are taken, as `[".dat"]`; all by default.
    pub take: Vec<String>,
    /// Files with these endings are left alone, besides those that are usual for unfinished ones.
    pub leave: Vec<String>,
}

impl Default for PartnerSettings {
    fn default() -> Self {
        Self {
            pick_up: None,
            work: None,
            done: None,
            refused: None,
            drop: None,
            poll: SignedDuration::from_secs(5),
            limit: 1 << 30,
            take: Vec::new(),
            leave: Vec::new(),
        }
    }
}

impl PartnerSettings {
    /// The same; relative paths stand in `folder`.
    pub fn beside(self, folder: &Path) -> Self {
        let join = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        Self {
            pick_up: join(self.pick_up),
            work: join(self.work),
            done: join(self.done),
            refused: join(self.refused),
            drop: join(self.drop),
            ..self
        }
    }
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A folder that is not there, or cannot be read or written.
    #[error("{}: {source}", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A folder on another file system than the pick-up folder: files could not be moved in one step.
    #[error("{}: not on the same file system as {}; files are moved between them in one step", path.display(), pick_up.display())]
    Elsewhere {
        /// The folder.
        path: PathBuf,
        /// The pick-up folder.
        pick_up: PathBuf,
    },
    /// Settings without the folder that is needed.
    #[error("folder.{key}: the settings have none")]
    Missing {
        /// The setting.
        key: &'static str,
    },
    /// A setting that cannot be.
    #[error("folder.{key}: allowed is {allowed}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What it may say.
        allowed: &'static str,
    },
}

/// Moves a file to a name that is free, and never over another file.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        // a stop between the two steps above
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if is_same(from, to)? {
                fs::remove_file(from)
            } else {
                Err(error)
            }
        }
        // file systems without links; nobody else uses our names there
        Err(_) if fs::symlink_metadata(to).is_err() => fs::rename(from, to),
        Err(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (fs::symlink_metadata(one)?, fs::symlink_metadata(other)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// Makes what was renamed or linked in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
