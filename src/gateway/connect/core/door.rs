//! Who calls, found out as early as that can be: before a payload is taken.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::{envelope::Credentials, fault::Fault, intake::Gate};
use crate::gateway::connect::{Caller, Peer, Proof, Service};

/// Lets in who has proven who it is.
pub(super) struct Door<'d> {
    service: &'d dyn Service,
    peer: &'d Peer,
    proven: Mutex<Option<Proven>>,
}

/// Who calls, and by what that was proven.
pub(super) struct Proven {
    caller: Caller,
    by_password: bool,
}

impl<'d> Door<'d> {
    pub fn new(service: &'d dyn Service, peer: &'d Peer) -> Self {
        Self { service, peer, proven: Mutex::default() }
    }

    /// Who was let in.
    pub fn proven(self) -> Option<Proven> {
        self.proven.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Door<'_> {
    fn opens<'a>(&'a self, credentials: Option<&'a Credentials>) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Ok(caller) = authenticate(self.service, self.peer, credentials).await else { return false };
            let proven = Proven { caller, by_password: credentials.is_some() };
            *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(proven);
            true
        })
    }
}

impl Proven {
    /// Who calls with these credentials; none if they say more than was proven.
    pub fn of(self, credentials: Option<&Credentials>) -> Option<Caller> {
        (self.by_password || credentials.is_none()).then_some(self.caller)
    }
}

/// Who calls: by user name and password if they are given, by certificate if not. Both have to be of the same partner
/// if the certificate is of one.
///
/// # Errors
/// [`Fault::Unauthorized`].
pub(super) async fn authenticate(
    service: &dyn Service,
    peer: &Peer,
    credentials: Option<&Credentials>,
) -> Result<Caller, Fault> {
    let by_certificate = match &peer.certificate {
        Some(sha256) => service.authenticate(peer, Proof::Certificate { sha256 }).await,
        None => None,
    };
    let Some(Credentials { user, password }) = credentials else {
        return by_certificate.ok_or(Fault::Unauthorized);
    };
    let caller = service.authenticate(peer, Proof::Password { user, password }).await.ok_or(Fault::Unauthorized)?;
    match by_certificate {
        Some(other) if other.partner != caller.partner => {
            service.refused(&other, "its user and password are those of another partner").await;
            Err(Fault::Unauthorized)
        }
        Some(_) | None => Ok(caller),
    }
}
