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
mod reload;
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
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::watch;

pub use self::{
    channels::check_channels,
    id::{Id, NotAnId},
    open::OpenError,
    serve::{Addresses, Served},
    settings::{Api, Core, LogFormat, LogLevel, Logs, Settings, SettingsError, Stream},
};

use crate::{
    check,
    partner::{Look, Partner, Partners, Usage},
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
    /// The partners' files, as they were when they were read.
    looked: Mutex<Look>,
    /// Counts how often the partners were read again.
    reloaded: watch::Sender<u64>,
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

    /// How files of a partner are checked, today.
    fn checking(&self, partner: &str) -> check::Options {
        let options = self.partners().checking(partner).cloned().unwrap_or_default();
        let now = Timestamp::from_millisecond(self.store.vault().clock().now()).unwrap_or_else(|_| Timestamp::now());
        check::Options { today: now.to_zoned(TimeZone::system()).date(), ..options }
    }

    /// The way to a partner; none if it fetches its files.
    fn connector(&self, partner: &Partner) -> Result<Option<Arc<dyn Connector>>, FlowError> {
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connector) = connectors.get(partner.name()) {
            return Ok(Some(Arc::clone(connector)));
        }
        let Some(connector) = channels::connector(partner, &self.spool)? else { return Ok(None) };
        // Settings that were read again in the meantime make another one.
        if self.partner(partner.name()).is_some_and(|now| std::ptr::eq(&*now, partner)) {
            connectors.insert(partner.name().to_owned(), Arc::clone(&connector));
        }
        Ok(Some(connector))
    }

    fn fingerprints(&self) -> &hmac::Key {
        &self.fingerprints
    }
}
