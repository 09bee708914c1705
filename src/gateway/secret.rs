//! Secrets: where they are, and passwords of those who call.
//!
//! Settings never hold a secret, they say where it is: `env:NAME` for a variable of the environment, `file:PATH`
//! for a file. Secrets are wiped from memory when they are dropped, and nothing prints them.

use std::{
    collections::HashMap,
    env, fmt, fs, io,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use aws_lc_rs::{hmac, rand};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};
use tokio::sync::Semaphore;

/// Most bytes of a secret.
const LONGEST: u64 = 64 << 10;
/// Most bytes of a password that somebody presents.
const LONGEST_PASSWORD: usize = 1024;
/// Most proven passwords that are remembered.
const MOST_REMEMBERED: usize = 4096;
/// What the owner, and the group, may do with the file of a secret.
const WIDEST_MODE: u32 = 0o640;

/// Where a secret is.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Env(String),
    File(PathBuf),
}

/// A secret that cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The text does not say where a secret is. It may be the secret, so it is not repeated.
    #[error(
        "a secret is not written into settings; write where it is: \"env:NAME\" for a variable of the environment, \
         or \"file:PATH\" for a file that only its owner can read"
    )]
    NotAPlace,
    /// The environment has no such variable, or it is not Unicode.
    #[error("the environment has no variable {name} to take a secret from")]
    NoVariable {
        /// The variable.
        name: String,
    },
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the secret of {place} is empty")]
    Empty {
        /// Where it is.
        place: String,
    },
    /// It is too long to be one.
    #[error("the secret of {place} has more than {LONGEST} bytes")]
    TooLong {
        /// Where it is.
        place: String,
    },
}

impl Secret {
    /// Reads `env:NAME` or `file:PATH`.
    ///
    /// # Errors
    /// [`SecretError::NotAPlace`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let place = match text.split_once(':') {
            Some(("env", name)) if is_variable(name) => Place::Env(name.to_owned()),
            Some(("file", path)) if !path.is_empty() && !path.contains('\0') => Place::File(path.into()),
            _ => return Err(SecretError::NotAPlace),
        };
        Ok(Self(place))
    }

    /// The same; a relative file stands in `folder`.
    pub fn beside(self, folder: &Path) -> Self {
        match self.0 {
            Place::File(path) => Self(Place::File(folder.join(path))),
            place => Self(place),
        }
    }

    /// The secret, without the line break at its end. A file that others than its owner and group can read is
    /// taken, with a warning in the log.
    ///
    /// # Errors
    /// A secret that is not there, is empty or is too long.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let mut text = match &self.0 {
            Place::Env(name) => env::var(name).map_err(|_| SecretError::NoVariable { name: name.clone() })?,
            Place::File(path) => {
                let unreadable = |source| SecretError::Unreadable { path: path.clone(), source };
                warn_if_exposed(path);
                // room for all of it, so that no shorter copy is left behind
                let mut text = String::with_capacity(LONGEST as usize + 1);
                let file = fs::File::open(path).map_err(unreadable)?;
                file.take(LONGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
                text
            }
        };
        if text.len() as u64 > LONGEST {
            return Err(SecretError::TooLong { place: self.to_string() });
        }
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        if text.is_empty() {
            return Err(SecretError::Empty { place: self.to_string() });
        }
        Ok(SecretString::from(text))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Env(name) => write!(f, "env:{name}"),
            Place::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The mode of a file, if others than its owner and group can read it, or others than its owner write it.
pub(crate) fn exposed(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 & !WIDEST_MODE != 0).then_some(mode)
}

/// Says so in the log.
pub(crate) fn warn_if_exposed(path: &Path) {
    if let Some(mode) = exposed(path) {
        let (file, mode) = (path.display(), format!("{mode:04o}"));
        tracing::warn!(%file, mode, "others can read this secret: its file should have mode 0640 or less");
    }
}

/// Tells whether passwords are right. Cheap to clone.
///
/// A password that was right is remembered for a while by a keyed hash, under a key of this process, so that not each
/// request costs what guessing a password shall cost. One that was wrong costs the same whether the user exists.
#[derive(Clone)]
pub struct Passwords(Arc<Remembered>);

struct Remembered {
    key: hmac::Key,
    keep: Duration,
    right: Mutex<HashMap<[u8; 32], Instant>>,
    /// So many are worked out at a time: each takes a core and 19 MiB.
    places: Semaphore,
    /// A hash of no password, made as [`Passwords::hash`] makes them.
    nobody: String,
}

/// A password that cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// It is empty or too long.
    #[error("a password has 1 to {LONGEST_PASSWORD} bytes")]
    Length,
    /// There is no randomness, or no memory.
    #[error("the password could not be hashed")]
    Failed,
}

impl Passwords {
    /// Right passwords are remembered for so long.
    ///
    /// # Errors
    /// [`PasswordError::Failed`] if there is no randomness.
    pub fn new(keep: Duration) -> Result<Self, PasswordError> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self(Arc::new(Remembered {
            key: key.map_err(|_| PasswordError::Failed)?,
            keep,
            right: Mutex::default(),
            places: Semaphore::new(cores),
            nobody: Self::hash(&SecretString::from("nobody"))?,
        })))
    }

    /// Hashes a password, as settings hold it: Argon2id, 19 MiB, two passes; about 50 ms.
    ///
    /// # Errors
    /// A password that is empty or too long; no randomness.
    pub fn hash(password: &SecretString) -> Result<String, PasswordError> {
        let password = password.expose_secret().as_bytes();
        if !(1..=LONGEST_PASSWORD).contains(&password.len()) {
            return Err(PasswordError::Length);
        }
        let mut salt = [0; 16];
        rand::fill(&mut salt).map_err(|_| PasswordError::Failed)?;
        let hash = Argon2::default().hash_password_with_salt(password, &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Failed)
    }

    /// Whether a hash can be verified against at all: settings that hold another one lock their user out.
    pub fn is_usable(hash: &str) -> bool {
        readable(hash).is_some()
    }

    /// Whether this is the user's password. `hash` is what settings hold for the user (a PHC string), `None` for a user
    /// that there is not; the answer is then no, and takes as long.
    pub async fn verify(&self, user: &str, password: &SecretString, hash: Option<&str>) -> bool {
        if password.expose_secret().len() > LONGEST_PASSWORD {
            return false;
        }
        let proof = self.0.proof(user, password, hash);
        if hash.is_some() && self.0.recall(&proof) {
            return true;
        }
        let Ok(_place) = self.0.places.acquire().await else { return false };
        let (known, password) = (hash.is_some(), password.clone());
        let hash = hash.unwrap_or(&self.0.nobody).to_owned();
        let right = tokio::task::spawn_blocking(move || is_right(&password, &hash)).await.unwrap_or(false) && known;
        if right {
            self.0.remember(proof);
        }
        right
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(..)")
    }
}

impl Remembered {
    /// A new hash in the settings makes it another proof.
    fn proof(&self, user: &str, password: &SecretString, hash: Option<&str>) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [user, hash.unwrap_or_default(), password.expose_secret()] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut proof = [0; 32];
        proof.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        proof
    }

    fn recall(&self, proof: &[u8; 32]) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.get(proof).is_some_and(|since| since.elapsed() < self.keep)
    }

    fn remember(&self, proof: [u8; 32]) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= MOST_REMEMBERED {
            right.retain(|_, since| since.elapsed() < self.keep);
        }
        if right.len() >= MOST_REMEMBERED {
            right.clear();
        }
        right.insert(proof, Instant::now());
    }
}

/// Settings may ask for so much memory (KiB) and so many passes; what asks for more is nobody's hash.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 64;

fn is_right(password: &SecretString, hash: &str) -> bool {
    let password = password.expose_secret().as_bytes();
    readable(hash).is_some_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

fn readable(hash: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(hash).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let bounded = params.m_cost() <= MOST_MEMORY && params.t_cost() <= MOST_PASSES;
    (bounded && hash.algorithm.as_str().starts_with("argon2") && hash.hash.is_some()).then_some(hash)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_secret_is_where_the_settings_say() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, bytes: &[u8]| {
            fs::write(folder.path().join(name), bytes).unwrap();
            Secret::parse(&format!("file:{name}")).unwrap().beside(folder.path()).read()
        };
        assert_eq!(read("a", b"pass word\r\n").unwrap().expose_secret(), "pass word");
        assert_eq!(read("b", b"\xc3\xa9").unwrap().expose_secret(), "\u{e9}");
        assert!(matches!(read("c", b"\n"), Err(SecretError::Empty { .. })));
        assert!(matches!(read("d", &vec![b'a'; 70_000]), Err(SecretError::TooLong { .. })));
        assert!(matches!(read("e", b"\xff"), Err(SecretError::Unreadable { .. })));
        let gone = Secret::parse("file:/nowhere/at/all").unwrap().read().unwrap_err();
        assert!(gone.to_string().starts_with("/nowhere/at/all: "));
        let path = Secret::parse("env:CARGO_MANIFEST_DIR").unwrap().read().unwrap();
        assert_eq!(path.expose_secret(), env!("CARGO_MANIFEST_DIR"));
        let unset = Secret::parse("env:CLAIMWIRE_NO_SUCH_VARIABLE").unwrap().read().unwrap_err();
        assert!(unset.to_string().contains("CLAIMWIRE_NO_SUCH_VARIABLE"));
    }

    #[test]
    fn a_secret_in_the_settings_is_refused_and_not_repeated() {
        #[derive(Debug, Deserialize)]
        struct Settings {
            #[allow(dead_code)]
            password: Secret,
        }
        for text in ["hunter2", "env:", "env:hunter 2", "file:", "https://hunter2", "ENV:HUNTER2"] {
            let said = Secret::parse(text).unwrap_err().to_string();
            assert!(said.contains("env:NAME") && !said.to_lowercase().contains("hunter"), "{said}");
        }
        let error = toml::from_str::<Settings>("password = \"hunter2\"").unwrap_err();
        assert!(error.message().contains("file:PATH") && !error.message().contains("hunter2"));
        let settings: Settings = toml::from_str("password = \"env:HOME\"").unwrap();
        assert_eq!(format!("{settings:?}"), "Settings { password: Secret(env:HOME) }");
    }

    #[test]
    fn a_file_that_others_can_read_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, noticed) in [
            (0o600, None),
            (0o400, None),
            (0o640, None),
            (0o660, Some(0o660)),
            (0o644, Some(0o644)),
            (0o604, Some(0o604)),
        ] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(exposed(file.path()), noticed, "{mode:o}");
        }
    }

    #[tokio::test]
    async fn passwords_are_right_or_wrong() {
        let passwords = Passwords::new(Duration::from_secs(600)).unwrap();
        let hash = Passwords::hash(&secret("open sesame")).unwrap();
        let other = Passwords::hash(&secret("another")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && hash != other);
        for (user, password, hash, right) in [
            ("ali", "open sesame", Some(hash.as_str()), true),
            ("ali", "open sesame", Some(hash.as_str()), true),
            ("ali", "open sesam", Some(&hash), false),
            ("ali", "", Some(&hash), false),
            // what was remembered was right by the old hash
            ("ali", "open sesame", Some(&other), false),
            ("nobody", "nobody", None, false),
            ("ali", "open sesame", Some("$argon2id$nonsense"), false),
            ("ali", "open sesame", Some("$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"), false),
        ] {
            assert_eq!(passwords.verify(user, &secret(password), hash).await, right, "{user} {password}");
        }
        assert_eq!(passwords.0.right.lock().unwrap().len(), 1);
        assert!(Passwords::is_usable(&hash));
        for unusable in ["$argon2id$nonsense", "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "plain"] {
            assert!(!Passwords::is_usable(unusable), "{unusable}");
        }
        assert!(Passwords::hash(&secret("")).is_err() && Passwords::hash(&secret(&"a".repeat(1025))).is_err());
        assert!(!passwords.verify("ali", &secret(&"a".repeat(1025)), Some(&hash)).await);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let passwords = Passwords::new(Duration::from_secs(600)).unwrap();
        let proof = |n: usize| passwords.0.proof(&n.to_string(), &secret("p"), Some("h"));
        for n in 0..MOST_REMEMBERED + 1 {
            passwords.0.remember(proof(n));
            assert!(passwords.0.right.lock().unwrap().len() <= MOST_REMEMBERED);
        }
        assert!(passwords.0.recall(&proof(MOST_REMEMBERED)) && !passwords.0.recall(&proof(0)));
        // where one part ends matters
        assert_ne!(passwords.0.proof("ab", &secret("c"), None), passwords.0.proof("a", &secret("bc"), None));
        let forgetful = Passwords::new(Duration::ZERO).unwrap();
        forgetful.0.remember([1; 32]);
        assert!(!forgetful.0.recall(&[1; 32]));
    }

    #[tokio::test]
    async fn the_sample_partner_has_the_password_it_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/partners/bayside-clinic.toml");
        let partner = crate::partner::Partner::load(path).unwrap();
        let hash = partner.credentials.password_hash.as_ref().map(|hash| hash.as_str());
        let passwords = Passwords::new(Duration::ZERO).unwrap();
        assert!(passwords.verify("bayside", &secret("not a real password"), hash).await);
    }
}
