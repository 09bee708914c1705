//! Who calls, found out as early as that can be: before a payload is taken.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{envelope::Credentials, fault::Fault, intake::Gate};
use crate::gateway::connect::{Caller, Peer, Proof, Service};

/// Lets in who has proven who it is, and remembers that for as long as one request takes.
pub(super) struct Door<'d> {
    service: &'d dyn Service,
    peer: &'d Peer,
    /// Whose the certificate is, once that was asked.
    by_certificate: OnceCell<Option<Caller>>,
    proven: Mutex<Option<Proven>>,
}

/// Who calls, and by what that was proven.
#[derive(Clone)]
struct Proven {
    caller: Caller,
    by_password: bool,
}

impl<'d> Door<'d> {
    pub fn new(service: &'d dyn Service, peer: &'d Peer) -> Self {
        Self { service, peer, by_certificate: OnceCell::new(), proven: Mutex::default() }
    }

    /// Who calls: by user name and password if they are given, by certificate if not. Both have to be of the same
    /// partner if the certificate is of one.
    ///
    /// # Errors
    /// [`Fault::Unauthorized`].
    pub async fn caller(&self, credentials: Option<&Credentials>) -> Result<Caller, Fault> {
        let known = self.proven.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.by_password || credentials.is_none()) {
            return Ok(known.caller);
        }
        let caller = self.find(credentials).await?;
        let proven = Proven { caller: caller.clone(), by_password: credentials.is_some() };
        *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(proven);
        Ok(caller)
    }

    async fn find(&self, credentials: Option<&Credentials>) -> Result<Caller, Fault> {
        let shown = || async {
            match &self.peer.certificate {
                Some(sha256) => self.service.authenticate(self.peer, Proof::Certificate { sha256 }).await,
                None => None,
            }
        };
        let by_certificate = self.by_certificate.get_or_init(shown).await;
        let Some(Credentials { user, password }) = credentials else {
            return by_certificate.clone().ok_or(Fault::Unauthorized);
        };
        let caller = self.service.authenticate(self.peer, Proof::Password { user, password }).await;
        let caller = caller.ok_or(Fault::Unauthorized)?;
        match by_certificate {
            Some(other) if other.partner != caller.partner => {
                self.service.refused(other, "its user and password are those of another partner").await;
                Err(Fault::Unauthorized)
            }
            Some(_) | None => Ok(caller),
        }
    }
}

impl Gate for Door<'_> {
    fn opens<'a>(&'a self, credentials: Option<&'a Credentials>) -> BoxFuture<'a, bool> {
        Box::pin(async move { self.caller(credentials).await.is_ok() })
    }
}
