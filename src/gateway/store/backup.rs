//! Copies of a running store, and the way back from them.
//!
//! A backup is one file: the database as it was at one moment. It holds no master key. Keep the keys elsewhere;
//! without them the payloads in it cannot be opened.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, backup::StepResult};

use super::{
    Clock, DATABASE, Error, Keyring, Result, Store, Vault,
    keyring::sync_folder,
    lock, migrate, payload,
    sqlite::{self, SqliteTx},
    values,
};

/// A copy that was made, or used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub taken: i64,
    /// The version of its schema.
    pub version: i64,
    /// Its size in bytes.
    pub length: u64,
}

impl Store {
    /// Copies the running store to a new file: all that was committed when this begins, whatever is written
    /// meanwhile. The file is there when it is whole. It blocks: call it on a thread that may.
    ///
    /// # Errors
    /// [`Error::Exists`] if there is such a file, [`Error::Full`], [`Error::Io`].
    pub fn backup(&self, to: &Path) -> Result<Backup> {
        refuse(to)?;
        let partial = Partial::new(to)?;
        let taken = self.vault().clock().now();
        let mut copy = sqlite::open_private(&partial.0)?;
        {
            let source = sqlite::open_reader(&self.database())?;
            let backup = rusqlite::backup::Backup::new(&source, &mut copy).map_err(|e| sqlite::error(&e))?;
            // All pages in one step: between steps a writer would have it begin again. Writers go on meanwhile.
            match backup.step(-1).map_err(|e| sqlite::error(&e))? {
                StepResult::Done => {}
                _ => return Err(Error::Busy),
            }
        }
        let version = migrate::version(&copy, &partial.0)?;
        // Without a write-ahead log beside it the file is the whole of it.
        sqlite::without_log(&copy)?;
        let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
        copy.execute(sql, [TAKEN, &taken.to_string()]).map_err(|e| sqlite::error(&e))?;
        copy.close().map_err(|(_, e)| sqlite::error(&e))?;
        let length = partial.keep(to)?;
        Ok(Backup { taken, version, length })
    }
}

/// Brings a backup into a folder that has no store. It is checked first: that it is whole, of a schema that this
/// program knows, and that the keys open its payloads. It blocks.
///
/// What was sent after the backup was made is not in it: control numbers that were given out since would be
/// given out again. Move them on with [`set_next`](super::numbers::set_next) before anything is sent.
///
/// # Errors
/// [`Error::Exists`] if the folder has a store, [`Error::InUse`], [`Error::Damaged`], [`Error::Newer`],
/// [`Error::Foreign`], [`Error::KeyMissing`]; the folder is as it was then.
pub fn restore(backup: &Path, folder: &Path, keys: Keyring) -> Result<Backup> {
    fs::create_dir_all(folder).map_err(|e| Error::io(&e))?;
    let _lock = lock(folder)?;
    let database = folder.join(DATABASE);
    refuse(&database)?;
    let partial = Partial::new(&database)?;
    sqlite::make_private(&partial.0)?;
    let mut to = fs::OpenOptions::new().write(true).open(&partial.0).map_err(|e| Error::io(&e))?;
    let copied = fs::File::open(backup).and_then(|mut from| io::copy(&mut from, &mut to));
    copied.and_then(|_| to.sync_all()).map_err(|e| Error::io(&e))?;
    drop(to);

    let copy = sqlite::open_private(&partial.0)?;
    let version = migrate::version(&copy, &partial.0)?;
    if version == 0 {
        return Err(Error::Foreign(backup.to_owned()));
    }
    sqlite::without_log(&copy)?;
    let taken = check(&copy, &Vault::new(keys, Clock::system()))?;
    copy.close().map_err(|(_, e)| sqlite::error(&e))?;
    let length = partial.keep(&database)?;
    Ok(Backup { taken, version, length })
}

/// Where a backup says when it was made.
const TAKEN: &str = "backup.taken";

/// Whether the copy is whole and the keys fit it. Returns when it was made.
fn check(copy: &Connection, vault: &Vault) -> Result<i64> {
    use super::Tx;
    let mut tx = SqliteTx::of(copy, vault);
    let whole = tx.first("PRAGMA integrity_check(1)", &[])?;
    match whole.as_ref().map(|row| row.text("integrity_check")).transpose()? {
        Some("ok") => {}
        found => return Err(Error::Damaged(found.unwrap_or("no answer").to_owned())),
    }
    if tx.first("PRAGMA foreign_key_check", &[])?.is_some() {
        return Err(Error::Damaged("a row speaks of another that is not there".to_owned()));
    }
    payload::keys_present(&mut tx)?;
    let taken = tx.first("SELECT value FROM meta WHERE name = ?1", values![TAKEN])?;
    let taken = taken.as_ref().map(|row| row.text("value")).transpose()?;
    taken.and_then(|at| at.parse().ok()).ok_or_else(|| Error::Damaged("it does not say when it was made".to_owned()))
}

/// A file on its way to its name. It is deleted unless it gets there.
struct Partial(PathBuf);

impl Partial {
    fn new(to: &Path) -> Result<Self> {
        let mut name = to.file_name().ok_or(Error::Invalid("a backup needs a file's name"))?.to_owned();
        name.push(".partial");
        let path = to.with_file_name(name);
        // One that a crash left behind is of no use.
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io(&e)),
            _ => Ok(Self(path)),
        }
    }

    /// Gives the file its name. Returns its length.
    fn keep(self, to: &Path) -> Result<u64> {
        let kept = fs::File::open(&self.0).and_then(|file| {
            file.sync_all()?;
            let length = file.metadata()?.len();
            // Unlike a rename, a link never takes the place of a file that came meanwhile.
            fs::hard_link(&self.0, to).or_else(|e| match e.kind() {
                io::ErrorKind::AlreadyExists => Err(e),
                _ => fs::rename(&self.0, to),
            })?;
            let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            sync_folder(folder)?;
            Ok(length)
        });
        kept.map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(to.to_owned()),
            _ => Error::io(&e),
        })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn refuse(path: &Path) -> Result<()> {
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::Exists(path.to_owned())),
        Err(e) => Err(Error::io(&e)),
    }
}
