//! A way to a partner, as the gateway uses it.

use futures_util::future::BoxFuture;

use super::{Content, Parcel, Receipt, SendError, Spooled};

/// Sends files to one partner, and fetches those that wait there for us.
pub trait Connector: Send + Sync + 'static {
    /// Sends a file. Called again with the same file after an error that does not say it was refused.
    fn submit<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Receipt, SendError>>;

    /// Fetches the next file that waits at the partner and holds one of these; none if nothing waits. By default
    /// nothing ever does: the partner brings its files.
    fn collect<'a>(&'a self, kinds: &'a [Content]) -> BoxFuture<'a, Result<Option<Collected>, SendError>> {
        let _ = kinds;
        Box::pin(async { Ok(None) })
    }

    /// Tells the partner that a fetched file is stored here.
    fn confirm<'a>(&'a self, collected: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        let _ = collected;
        Box::pin(async { Ok(()) })
    }
}

/// A file that was fetched.
#[derive(Debug)]
pub struct Collected {
    /// The id that the partner gave it, by which it is confirmed.
    pub id: Option<String>,
    /// Its bytes.
    pub file: Spooled,
}
