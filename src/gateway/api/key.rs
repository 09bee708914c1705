//! What a caller may do and see.

use std::{fmt, str::FromStr};

use axum::{extract::FromRequestParts, http::request::Parts};
use serde_json::json;

use super::error::ApiError;
use crate::gateway::store::api_keys::ApiKey;

/// What a key may be for. One may be for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Hands in claims and remittances, and sees the claims that it handed in.
    Submitter,
    /// Sees all of its partners.
    Reader,
    /// All that, and what a person must do at times: withdraw, send again.
    Operator,
    /// All that, and the audit log, keys, backups and partners' settings.
    Admin,
}

/// What a handler asks of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// To hand in claims and remittances.
    Submit,
    /// To see the claims that it handed in.
    ReadOwn,
    /// To see all of its partners.
    Read,
    /// To change what is on its way.
    Operate,
    /// To look after the gateway: the audit log, keys, backups, partners' settings.
    Administer,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Submitter, Role::Reader, Role::Operator, Role::Admin];

    /// As keys have it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Submitter => "submitter",
            Role::Reader => "reader",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// Whether it allows something.
    pub fn allows(self, what: Permission) -> bool {
        use Permission as P;
        match self {
            Role::Submitter => matches!(what, P::Submit | P::ReadOwn),
            Role::Reader => matches!(what, P::Read | P::ReadOwn),
            Role::Operator => what != P::Administer,
            Role::Admin => true,
        }
    }
}

/// The roles of a key, in text apart by commas: `submitter,reader`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// Whether one of them allows something.
    pub fn allow(&self, what: Permission) -> bool {
        self.0.iter().any(|role| role.allows(what))
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let role = |name: &str| {
            let names = || Role::ALL.map(Role::name).join(", ");
            let found = Role::ALL.into_iter().find(|role| role.name() == name.trim());
            found.ok_or_else(|| format!("no such role; there are {}", names()))
        };
        text.split(',').map(role).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(|role| role.name()).collect::<Vec<_>>().join(","))
    }
}

/// The partners that a key may know of, stored as a JSON array of their names; `["*"]` is all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All partners, and what belongs to none.
    All,
    /// These.
    Only(Vec<String>),
}

impl Scope {
    /// Whether a partner is among them.
    pub fn has(&self, partner: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Only(names) => names.iter().any(|name| name == partner),
        }
    }

    /// The scope of a key. One that cannot be read has nothing in it.
    pub fn of_json(text: &str) -> Self {
        let names: Vec<String> = serde_json::from_str(text).unwrap_or_default();
        if names.iter().any(|name| name == "*") { Scope::All } else { Scope::Only(names) }
    }

    /// As keys have it.
    pub fn to_json(&self) -> String {
        match self {
            Scope::All => json!(["*"]).to_string(),
            Scope::Only(names) => json!(names).to_string(),
        }
    }
}

/// Who made a request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The key's id, which is no secret.
    pub(super) key: String,
    pub(super) roles: Roles,
    pub(super) scope: Scope,
    /// The request's id, for the audit log.
    pub(super) request: String,
}

impl Caller {
    /// # Errors
    /// The key allows no such thing.
    pub(super) fn may(&self, what: Permission) -> Result<(), ApiError> {
        match self.roles.allow(what) {
            true => Ok(()),
            false => Err(ApiError::forbidden(match what {
                Permission::Submit => "it needs the role submitter, operator or admin",
                Permission::Read | Permission::ReadOwn => "it needs the role reader, operator or admin",
                Permission::Operate => "it needs the role operator or admin",
                Permission::Administer => "it needs the role admin",
            })),
        }
    }

    /// As [`may`](Self::may), for what belongs to no partner.
    ///
    /// # Errors
    /// The key allows no such thing, or is for some partners only.
    pub(super) fn may_everywhere(&self, what: Permission) -> Result<(), ApiError> {
        self.may(what)?;
        match self.scope {
            Scope::All => Ok(()),
            Scope::Only(_) => Err(ApiError::forbidden("it needs a key for all partners")),
        }
    }

    /// The key's id where the caller sees its own claims only.
    pub(super) fn own_only(&self) -> Option<&str> {
        (!self.roles.allow(Permission::Read)).then_some(self.key.as_str())
    }

    /// Who has this key; `request` is the request's id.
    pub(super) fn of(key: ApiKey, request: String) -> Self {
        let roles = key.role.parse().unwrap_or_else(|problem: String| {
            tracing::error!(key = key.id, problem, "a key's role cannot be read");
            Roles::default()
        });
        Self { roles, scope: Scope::of_json(&key.scope), key: key.id, request }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // A route that was put beside those that need a key has no caller.
        parts.extensions.get().cloned().ok_or_else(ApiError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written() {
        for text in ["submitter", "reader", "operator", "admin", "submitter,reader"] {
            assert_eq!(text.parse::<Roles>().unwrap().to_string(), text);
        }
        assert!("root".parse::<Roles>().is_err() && "".parse::<Roles>().is_err());
    }

    #[test]
    fn a_scope_that_cannot_be_read_has_nothing_in_it() {
        assert_eq!(Scope::of_json("*"), Scope::Only(vec![]));
        assert_eq!(Scope::of_json(r#"{"partners":["*"]}"#), Scope::Only(vec![]));
        assert_eq!(Scope::of_json(r#"["a","*"]"#), Scope::All);
        assert!(Scope::of_json(r#"["a"]"#).has("a") && !Scope::of_json(r#"["a"]"#).has("b"));
    }
}
