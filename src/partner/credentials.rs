//! What a partner proves itself with.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::{LONGEST_NAME, Refused};

/// `[credentials]`: what the partner proves itself with when it calls us. With both a password and certificates,
/// either is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// The name that it logs in with.
    pub user: Option<String>,
    /// Its password, hashed: an Argon2 PHC string (`$argon2id$…`).
    pub password_hash: Option<PasswordHash>,
    /// SHA-256 of its client certificates, in hexadecimal, with or without colons. Several, so that one can follow
    /// another without a gap.
    pub certificates: Vec<Fingerprint>,
    /// What its files may have as their sender (ISA05, ISA06) besides `receiver_qualifier` and `receiver_id`:
    /// `[{ qualifier = "ZZ", id = "CLINIC02" }]`.
    pub sender_ids: Vec<InterchangeId>,
}

impl Credentials {
    pub(super) fn check(&self) -> Result<(), Refused> {
        if let Some(user) = &self.user {
            let fits = |character: char| !character.is_control() && character != ':';
            if !(1..=LONGEST_NAME).contains(&user.len()) || !user.chars().all(fits) {
                let allowed = "1 to 64 bytes, no control character and no colon";
                return Err(Refused::of("credentials.user", format!("{user:?}"), allowed));
            }
        }
        match (&self.user, &self.password_hash) {
            (Some(user), None) => {
                let allowed = "a user with a password_hash beside it";
                return Err(Refused::of("credentials.user", format!("{user:?}"), allowed));
            }
            (None, Some(_)) => {
                let allowed = "a password_hash with its user beside it";
                return Err(Refused::of("credentials.password_hash", "(not shown)", allowed));
            }
            _ => {}
        }
        for (at, certificate) in self.certificates.iter().enumerate() {
            if self.certificates.iter().take(at).any(|other| other == certificate) {
                return Err(Refused::of("credentials.certificates", certificate, "each certificate once"));
            }
        }
        for InterchangeId { qualifier, id } in &self.sender_ids {
            if !is_qualifier(qualifier) || !is_interchange_id(id) {
                let value = format!("{{ qualifier = {qualifier:?}, id = {id:?} }}");
                let allowed =
                    "a qualifier of two letters or digits (ISA05) and an id of 1 to 15 printable characters (ISA06)";
                return Err(Refused::of("credentials.sender_ids", value, allowed));
            }
        }
        Ok(())
    }
}

/// A party of an interchange: ISA05 and ISA06, or ISA07 and ISA08.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterchangeId {
    /// ISA05 or ISA07.
    pub qualifier: String,
    /// ISA06 or ISA08, without the blanks that fill it.
    pub id: String,
}

pub(super) fn is_qualifier(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn is_interchange_id(id: &str) -> bool {
    let printable = id.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    (1..=15).contains(&id.len()) && printable && id.trim() == id
}

/// A hashed password: an Argon2 PHC string. It is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl<'de> Deserialize<'de> for PasswordHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH; the gateway reads it to the end
        let is_phc = ["$argon2id$", "$argon2i$", "$argon2d$"].iter().any(|name| text.starts_with(name))
            && (5..=6).contains(&text.split('$').count())
            && text.len() <= 512
            && text.split('$').skip(1).all(|part| !part.is_empty());
        if is_phc {
            Ok(Self(text))
        } else {
            Err(de::Error::custom("an Argon2 hash is allowed ($argon2id$v=19$…), and never the password itself"))
        }
    }
}

/// SHA-256 of a certificate (DER).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let bytes = digits.map(|digits| {
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect::<Vec<u8>>()
        });
        let digits = text.bytes().filter(|byte| *byte != b':').count();
        match bytes.map(<[u8; 32]>::try_from) {
            Some(Ok(bytes)) if digits == 64 => Ok(Self(bytes)),
            _ => Err(de::Error::custom(format!(
                "{text:?}: allowed is the SHA-256 of a certificate, 64 hexadecimal digits with or without colons"
            ))),
        }
    }
}
