//! Files to a partner.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use tokio::task::spawn_blocking;

use super::{FolderError, PartnerSettings, place, sync_folder};
use crate::gateway::connect::{Parcel, Receipt, SendError};

/// The partner's programs read it as members of the folder's group.
const MODE: u32 = 0o640;
/// Most characters of a name.
const LONGEST_NAME: usize = 255;

/// Puts files into a partner's folder.
#[derive(Clone, Debug)]
pub struct FolderDrop {
    folder: PathBuf,
}

impl FolderDrop {
    /// For the folder `drop` of the settings, which is there.
    ///
    /// # Errors
    /// Settings without the folder; a folder that is none.
    pub fn new(settings: &PartnerSettings) -> Result<Self, FolderError> {
        let folder = settings.drop.clone().ok_or(FolderError::Missing { key: "drop" })?;
        match fs::metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { folder }),
            Ok(_) => Err(FolderError::Unusable { path: folder, source: io::ErrorKind::NotADirectory.into() }),
            Err(source) => Err(FolderError::Unusable { path: folder, source }),
        }
    }

    /// Puts a file: under another name until all of it is on disk, then under its own, and never over another. The same
    /// file put again is a success.
    ///
    /// # Errors
    /// - [`SendError::Refused`]: another file has its name (`exists`), its name is none (`name`), or what is stored is not
    ///   what it should be (`stored`).
    /// - [`SendError::Temporary`]: the folder or the disk.
    /// - [`SendError::Unknown`]: it has its name, and it is not known whether that is on disk.
    pub async fn submit(&self, parcel: &Parcel) -> Result<Receipt, SendError> {
        let (folder, parcel) = (self.folder.clone(), parcel.clone());
        let done = spawn_blocking(move || put(&folder, &parcel)).await;
        done.unwrap_or_else(|_| Err(SendError::Unknown { reason: "the work was cut off".to_owned() }))
    }
}

fn put(folder: &Path, parcel: &Parcel) -> Result<Receipt, SendError> {
    let refused = |code: &str, reason: &str| SendError::Refused {
        code: code.to_owned(),
        reason: reason.to_owned(),
        answer: None,
    };
    let temporary = |error: io::Error| SendError::Temporary { reason: error.to_string(), retry_after: None };
    if !is_name(&parcel.name) {
        return Err(refused("name", "its name is no plain file name"));
    }
    // the same for each try, so that what a broken one left is written over
    let part = folder.join(format!(".{}.part", parcel.id));
    let written = write(&part, parcel).map_err(temporary);
    if !matches!(written, Ok(true)) {
        // it would lie there for good
        let _ = fs::remove_file(&part);
    }
    if !written? {
        return Err(refused("stored", "what is stored has another length or digest than it should have"));
    }
    let path = folder.join(&parcel.name);
    match place(&part, &path) {
        Ok(()) => {
            sync_folder(folder).map_err(|error| SendError::Unknown { reason: error.to_string() })?;
            Ok(receipt(format!("put as {}", parcel.name)))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let same = holds(&path, parcel).unwrap_or(false);
            fs::remove_file(&part).map_err(temporary)?;
            if !same {
                return Err(refused("exists", "another file of its name is in the folder"));
            }
            sync_folder(folder).map_err(|error| SendError::Unknown { reason: error.to_string() })?;
            Ok(receipt(format!("{} was there already", parcel.name)))
        }
        Err(error) => {
            let _ = fs::remove_file(&part);
            Err(temporary(error))
        }
    }
}

fn receipt(detail: String) -> Receipt {
    Receipt { detail, warnings: Vec::new(), answer: None }
}

/// Whether it is a name, and neither a path nor one that hides.
fn is_name(name: &str) -> bool {
    let plain = |character: char| !character.is_control() && !matches!(character, '/' | '\\');
    (1..=LONGEST_NAME).contains(&name.len()) && !name.starts_with('.') && name.chars().all(plain)
}

/// Writes the file and syncs it; whether it is what it should be.
fn write(path: &Path, parcel: &Parcel) -> io::Result<bool> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    let same = copy(parcel.body.open()?, Some(&mut file), parcel)?;
    file.sync_all()?;
    Ok(same)
}

/// Whether a file that is there is this one.
fn holds(path: &Path, parcel: &Parcel) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(false);
    }
    copy(fs::File::open(path)?, None::<&mut io::Sink>, parcel)
}

/// Copies no more than the parcel has; whether that was it.
fn copy(from: impl Read, mut to: Option<impl Write>, parcel: &Parcel) -> io::Result<bool> {
    let (mut buffer, mut length, mut sha256) = (vec![0; 64 << 10], 0_u64, digest::Context::new(&digest::SHA256));
    let mut from = from.take(parcel.length.saturating_add(1));
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if let Some(to) = &mut to {
            to.write_all(read)?;
        }
        sha256.update(read);
        length = length.saturating_add(read.len() as u64);
    }
    Ok(length == parcel.length && sha256.finish().as_ref() == parcel.sha256)
}
