//! The master keys that data keys are wrapped with.

use std::{fmt, fs, io::Write, path::Path};

use aws_lc_rs::{digest, rand};
use base64::Engine;
use secrecy::{
    ExposeSecret, SecretBox,
    zeroize::{Zeroize, Zeroizing},
};

use super::{Error, Result};

/// Bytes of a key.
pub(super) const KEY: usize = 32;

/// The longest file of keys that is read, in bytes.
const FILE: u64 = 64 * 1024;

/// Keys at most.
const KEYS: usize = 64;

/// The master keys: the newest, which seals, and the older ones, which still open.
///
/// As text a key is a line: 32 bytes as 64 hexadecimal digits or in base64. The first line is the newest;
/// empty lines and those that begin with `#` are skipped. To change the key put a new line on top (or call
/// [`rotate_file`](Self::rotate_file)), open the store again, and [rewrap](super::Store::rewrap); then the old
/// line may go. A key has no name: its id is made from its digest, so that it cannot be mixed up.
pub struct Keyring {
    keys: Vec<Master>,
}

/// One master key.
pub(super) struct Master {
    pub(super) id: String,
    pub(super) key: SecretBox<[u8; KEY]>,
}

impl Keyring {
    /// Reads keys from text.
    ///
    /// # Errors
    /// [`Error::Keys`] if there is none, or a line is no key. The message never shows the line.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).enumerate();
        let mut keys: Vec<Master> = Vec::new();
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let bytes = decode(line).ok_or_else(|| {
                Error::Keys(format!("line {} is not 32 bytes in hexadecimal or base64", at.saturating_add(1)))
            })?;
            if keys.len() == KEYS {
                return Err(Error::Keys(format!("more than {KEYS} keys")));
            }
            let master = Master::new(&bytes);
            if keys.iter().all(|key| key.id != master.id) {
                keys.push(master);
            }
        }
        if keys.is_empty() {
            return Err(Error::Keys("there is none".to_owned()));
        }
        Ok(Self { keys })
    }

    /// Reads keys from a file.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::parse(&read(path)?)
    }

    /// Reads keys from a variable of the environment, with the keys apart by line breaks, blanks or commas.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub fn from_env(name: &str) -> Result<Self> {
        let text = std::env::var(name).map_err(|_| Error::Keys(format!("the environment has no {name}")))?;
        let text = Zeroizing::new(text);
        Self::parse(&Zeroizing::new(text.replace([',', ' '], "\n")))
    }

    /// Makes a file with one new key, readable by its owner alone. A file that is there is left alone.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Io`].
    pub fn generate_file(path: &Path) -> Result<Self> {
        let line = new_line()?;
        create(path, line.as_bytes())?;
        Self::parse(&line)
    }

    /// Puts a new key on top of a file of keys. The file is replaced as a whole or not at all.
    ///
    /// # Errors
    /// [`Error::Keys`] if the file cannot be used as it is, [`Error::Io`].
    pub fn rotate_file(path: &Path) -> Result<Self> {
        let old = read(path)?;
        Self::parse(&old)?;
        let text = Zeroizing::new(format!("{}{}", new_line()?.as_str(), old.as_str()));
        let keys = Self::parse(&text)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Temporary files are readable by their owner alone.
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|e| e.error)?;
            sync_folder(folder)
        });
        written.map_err(|e| Error::io(&e))?;
        Ok(keys)
    }

    /// One new key that is nowhere but in memory, for tests and for stores that are thrown away.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY]);
        rand::fill(bytes.as_mut()).map_err(|_| Error::Crypto)?;
        Ok(Self { keys: vec![Master::new(&bytes)] })
    }

    /// The ids of the keys, the newest first. They tell nothing of the keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// The key that seals.
    pub(super) fn newest(&self) -> Result<&Master> {
        self.keys.first().ok_or_else(|| Error::Keys("there is none".to_owned()))
    }

    /// The key of an id.
    pub(super) fn find(&self, id: &str) -> Result<&Master> {
        self.keys.iter().find(|key| key.id == id).ok_or_else(|| Error::KeyMissing(id.to_owned()))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl Master {
    fn new(bytes: &[u8; KEY]) -> Self {
        let mut named = digest::Context::new(&digest::SHA256);
        named.update(b"claimwire master key");
        named.update(bytes);
        let mut id = hex::encode(named.finish());
        id.truncate(16);
        Self { id, key: SecretBox::init_with_mut(|key: &mut [u8; KEY]| key.copy_from_slice(bytes)) }
    }

    pub(super) fn bytes(&self) -> &[u8; KEY] {
        self.key.expose_secret()
    }
}

fn decode(line: &str) -> Option<Zeroizing<[u8; KEY]>> {
    let mut key = Zeroizing::new([0; KEY]);
    if hex::decode_to_slice(line, key.as_mut()).is_ok() {
        return Some(key);
    }
    let mut bytes = base64::engine::general_purpose::STANDARD.decode(line).ok()?;
    let fits = bytes.len() == KEY;
    if fits {
        key.copy_from_slice(&bytes);
    }
    bytes.zeroize();
    fits.then_some(key)
}

fn new_line() -> Result<Zeroizing<String>> {
    let keys = Keyring::random()?;
    Ok(Zeroizing::new(format!("{}\n", Zeroizing::new(hex::encode(keys.newest()?.bytes())).as_str())))
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    use std::io::Read;
    let mut text = Zeroizing::new(String::new());
    let read = fs::File::open(path).and_then(|file| file.take(FILE).read_to_string(&mut text));
    read.map_err(|e| Error::Keys(format!("{}: {e}", path.display())))?;
    Ok(text)
}

fn create(path: &Path, text: &[u8]) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
        _ => Error::io(&e),
    })?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(|e| Error::io(&e))
}

/// Makes a rename in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
