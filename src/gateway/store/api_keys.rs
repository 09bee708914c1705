//! Keys of the API's callers: shown once, stored as a digest.

use std::fmt;

use aws_lc_rs::{constant_time, digest, rand};
use secrecy::{
    SecretString,
    zeroize::{Zeroize, Zeroizing},
};

use super::{Error, Result, Row, Tx, payload::fixed, values};

/// What every key begins with, so that scanners of leaked secrets know it.
const PREFIX: &str = "cw_";

/// Random bytes of a key's id, which is no secret.
const ID: usize = 6;

/// Random bytes of a key's secret.
const SECRET: usize = 32;

/// How coarse the time of last use is, in milliseconds: an hour. A key in use costs no more writes than that.
const COARSE_MS: i64 = 60 * 60 * 1000;

/// A key, without what is secret about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKey {
    /// Its id: the part of the key that is shown and logged.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What its holder may do.
    pub role: String,
    /// What its holder may do it to, as JSON.
    pub scope: String,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created: i64,
    /// When it was last used, to the hour.
    pub last_used: Option<i64>,
    /// When it was revoked.
    pub revoked: Option<i64>,
}

/// Makes a key. The second part of the answer is the key itself, which is never to be had again.
///
/// # Errors
/// Why it could not be stored.
pub fn issue(tx: &mut dyn Tx, name: &str, role: &str, scope: &str) -> Result<(ApiKey, SecretString)> {
    let id = random::<ID>()?;
    let key = Zeroizing::new(format!("{PREFIX}{}_{}", id.as_str(), random::<SECRET>()?.as_str()));
    let now = tx.now();
    tx.run(
        "INSERT INTO api_key (id, digest, name, role, scope, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![id.as_str(), sha256(&key), name, role, scope, now],
    )?;
    let issued = find(tx, &key)?.ok_or(Error::Invalid("an API key was not stored"))?;
    Ok((issued, SecretString::from(key.as_str())))
}

/// The key that is presented, if there is such a one and it is not revoked. How long the comparison takes tells
/// nothing of the secret.
///
/// # Errors
/// Why it could not be read.
pub fn find(tx: &mut dyn Tx, presented: &str) -> Result<Option<ApiKey>> {
    let id = presented.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).map(|(id, _)| id);
    let id = id.filter(|_| presented.len() == length()).unwrap_or_default();
    let row = tx.first("SELECT * FROM api_key WHERE id = ?1", values![id])?;
    let stored = row.as_ref().map(|row| row.bytes::<32>("digest")).transpose()?;
    // Where there is no such key, the same is done with a digest that nothing has.
    let same = constant_time::verify_slices_are_equal(&sha256(presented), &stored.unwrap_or_default()).is_ok();
    let key = row.as_ref().filter(|_| same).map(ApiKey::of).transpose()?;
    Ok(key.filter(|key| key.revoked.is_none()))
}

/// Notes that a key was used, if that was not noted within the hour. Call it when [`ApiKey::is_stale`].
///
/// # Errors
/// Why it could not be stored.
pub fn used(tx: &mut dyn Tx, id: &str) -> Result<()> {
    let now = tx.now();
    let sql =
        "UPDATE api_key SET last_used = ?2 WHERE id = ?1 AND (last_used IS NULL OR last_used < ?3 OR last_used > ?2)";
    tx.run(sql, values![id, now, now.saturating_sub(COARSE_MS)]).map(drop)
}

/// Revokes a key for good. Returns whether there was one to revoke.
///
/// # Errors
/// Why it could not be stored.
pub fn revoke(tx: &mut dyn Tx, id: &str) -> Result<bool> {
    let now = tx.now();
    Ok(tx.run("UPDATE api_key SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL", values![id, now])? == 1)
}

/// All keys, the oldest first, those revoked among them.
///
/// # Errors
/// Why they could not be read.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<ApiKey>> {
    tx.rows("SELECT * FROM api_key ORDER BY created, id", &[])?.iter().map(ApiKey::of).collect()
}

impl ApiKey {
    /// Whether its use has not been [noted](used) within the hour.
    pub fn is_stale(&self, now: i64) -> bool {
        self.last_used.is_none_or(|last| now.saturating_sub(last) > COARSE_MS || last > now)
    }

    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?.to_owned(),
            name: row.text("name")?.to_owned(),
            role: row.text("role")?.to_owned(),
            scope: row.text("scope")?.to_owned(),
            created: row.int("created")?,
            last_used: row.maybe_int("last_used")?,
            revoked: row.maybe_int("revoked")?,
        })
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.id)
    }
}

fn random<const N: usize>() -> Result<Zeroizing<String>> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error::Crypto)?;
    let text = Zeroizing::new(hex::encode(bytes));
    bytes.zeroize();
    Ok(text)
}

fn sha256(key: &str) -> [u8; 32] {
    fixed(&digest::digest(&digest::SHA256, key.as_bytes()))
}

fn length() -> usize {
    const HEX: usize = 2;
    PREFIX.len() + ID * HEX + 1 + SECRET * HEX
}
