//! Partners' settings, read again while the gateway runs.

use std::sync::{Arc, PoisonError};

use super::{
    Gateway, OpenError, check_channels, flow,
    store::{self, audit},
};
use crate::partner::{Look, Partners};

impl Gateway {
    /// Reads the partners again. If anything is wrong with them they stay as they are. It is noted in the audit log
    /// that `by` asked for it: a key's id, `operator`.
    ///
    /// A partner that is new is collected from at once, one that is gone no more; ways to partners are made anew, with
    /// the certificates and secrets that their files hold now.
    ///
    /// # Errors
    /// Partners that cannot be used; the store's.
    pub async fn reload(&self, by: &str) -> Result<(), OpenError> {
        let mut partners = Partners::clone(&self.partners());
        let read = move || -> Result<(Partners, Look), crate::partner::Error> {
            let before = partners.look();
            partners.reload()?;
            partners.iter().try_for_each(|partner| check_channels(partner))?;
            Ok((partners, before))
        };
        let (partners, before) = tokio::task::spawn_blocking(read).await.map_err(|_| store::Error::Panicked)??;
        let partners = Arc::new(partners);
        *self.partners.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&partners);
        self.connectors.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // What changed while it was read is read again at the next look.
        let of = Arc::clone(&partners);
        let after = tokio::task::spawn_blocking(move || of.look()).await.map_err(|_| store::Error::Panicked)?;
        self.remember(if after.holds(&before) { after } else { before });
        let by = by.to_owned();
        let collecting = flow::collecting(&partners);
        self.store
            .write(move |tx| {
                audit::append(tx, &by, "partners.reload", "partners", "")?;
                flow::collect_from(tx, &collecting)
            })
            .await?;
        self.reloaded.send_modify(|times| *times = times.wrapping_add(1));
        Ok(())
    }

    /// Reads the partners again if their files, or those that they name, have changed since they were read last; gives
    /// whether they have. What cannot be used is tried again when it changes.
    ///
    /// # Errors
    /// As for [`reload`](Self::reload).
    pub async fn reload_if_changed(&self) -> Result<bool, OpenError> {
        let partners = self.partners();
        let look = tokio::task::spawn_blocking(move || partners.look()).await.map_err(|_| store::Error::Panicked)?;
        if !self.remember(look) {
            return Ok(false);
        }
        self.reload("gateway").await.map(|()| true)
    }

    /// Keeps a look at the partners' files; gives whether it differs from the last.
    fn remember(&self, look: Look) -> bool {
        let mut last = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let differs = *last != look;
        *last = look;
        differs
    }
}
