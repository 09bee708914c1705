//! The gateway: claims in, files exchanged with trading partners, answers matched, nothing lost.
//!
//! One program plays both roles. For a billing side it takes claims, checks them, sends them in files and
//! joins what comes back (TA1, 999, 277CA, 835) to the claims. For a payer it takes files, answers them, hands
//! the claims on and sends remittances. What it knows stands in one [`store`]; what a file or an answer leads
//! to is the [`flow`]; how files travel is [`connect`].

pub mod api;
pub mod authority;
mod channels;
pub mod connect;
pub mod flow;
pub mod https;
mod id;
pub mod observe;
mod open;
mod refusals;
pub mod sandbox;
pub mod secret;
mod serve;
mod settings;
pub mod store;
pub mod tls;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use aws_lc_rs::hmac;

pub use self::{
    id::{Id, NotAnId},
    open::OpenError,
    serve::{Addresses, Served},
    settings::{Api, Core, LogFormat, LogLevel, Logs, Settings, SettingsError, Stream},
};

use crate::{
    check,
    partner::{Partner, Partners, Usage},
};
use connect::Connector;
use flow::FlowError;
use store::Store;

/// A running gateway: what is stored, and who the partners are. Cheap to share.
pub struct Gateway {
    store: Store,
    partners: RwLock<Arc<Partners>>,
    /// The key that claims are known again by.
    fingerprints: hmac::Key,
    /// Whether claims without a named partner are for test or for production.
    usage: Usage,
    /// Where files that come in are kept until they are stored.
    spool: PathBuf,
    /// Where claims are handed on to, as files.
    hand_on: Option<PathBuf>,
    /// How long a file waits for its second try, in milliseconds, where it is not the usual time.
    resend: Option<i64>,
    /// How long after a partner fetched a file it is offered again if it was not confirmed, in milliseconds.
    offer_again: i64,
    /// How long bytes of files and claims are kept, in milliseconds; none: for ever.
    keep: Option<i64>,
    /// Where copies of the running store go.
    backups: Option<PathBuf>,
    refusals: refusals::Refusals,
    connectors: Mutex<HashMap<String, Arc<dyn Connector>>>,
}

impl Gateway {
    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The partners, as they are now.
    pub fn partners(&self) -> Arc<Partners> {
        Arc::clone(&self.partners.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the partners again. If anything is wrong with them they stay as they are. It is noted in the audit log
    /// that `by` asked for it: a key's id, `operator`.
    ///
    /// # Errors
    /// Partners that cannot be used; the store's.
    pub async fn reload(&self, by: &str) -> Result<(), OpenError> {
        let mut partners = Partners::clone(&self.partners());
        let partners = tokio::task::spawn_blocking(move || partners.reload().map(|()| partners)).await;
        let partners = partners.map_err(|_| store::Error::Panicked)??;
        *self.partners.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(partners);
        self.connectors.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let by = by.to_owned();
        self.store.write(move |tx| store::audit::append(tx, &by, "partners.reload", "partners", "").map(drop)).await?;
        Ok(())
    }

    /// The partner of a name.
    pub fn partner(&self, name: &str) -> Option<Arc<Partner>> {
        self.partners().by_name(name).cloned()
    }

    fn partner_of_payer(&self, payer: &str) -> Option<Arc<Partner>> {
        self.partners().by_payer(self.usage, payer).cloned()
    }

    fn partner_of_interchange(&self, isa15: &str, qualifier: &str, id: &str) -> Option<Arc<Partner>> {
        let usage = if isa15 == "P" { Usage::Production } else { Usage::Test };
        self.partners().by_interchange_id(usage, qualifier, id).cloned()
    }

    /// How files of a partner are checked.
    fn checking(&self, partner: &str) -> check::Options {
        self.partners().checking(partner).cloned().unwrap_or_default()
    }

    /// The way to a partner; none if it fetches its files.
    fn connector(&self, partner: &Partner) -> Result<Option<Arc<dyn Connector>>, FlowError> {
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connector) = connectors.get(partner.name()) {
            return Ok(Some(Arc::clone(connector)));
        }
        let Some(connector) = channels::connector(partner, &self.spool)? else { return Ok(None) };
        connectors.insert(partner.name().to_owned(), Arc::clone(&connector));
        Ok(Some(connector))
    }

    fn fingerprints(&self) -> &hmac::Key {
        &self.fingerprints
    }
}
