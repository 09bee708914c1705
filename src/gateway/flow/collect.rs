//! Files that wait at partners, fetched.

use std::sync::Arc;

use super::{FlowError, receive::Origin};
use crate::{
    gateway::{
        Gateway,
        connect::{Content, SendError},
    },
    partner::Partner,
};

/// What is asked for, each by itself, as partners keep them apart.
const KINDS: [Content; 4] = [
    Content::InterchangeAcknowledgmentTa1,
    Content::Acknowledgment999,
    Content::ClaimAcknowledgment277,
    Content::Remittance835,
];
/// Files of one kind that are fetched at a time.
const MOST: usize = 1000;

impl Gateway {
    /// Fetches what waits at a partner; gives how many files.
    ///
    /// # Errors
    /// The store's. What the partner does wrong is logged, and tried again next time.
    pub(super) async fn collect(self: &Arc<Self>, partner: &Arc<Partner>) -> Result<usize, FlowError> {
        let Some(connector) = self.connector(partner)? else { return Ok(0) };
        let mut count = 0;
        for kind in KINDS {
            for _ in 0..MOST {
                let collected = match connector.collect(&[kind]).await {
                    Ok(Some(collected)) => collected,
                    Ok(None) => break,
                    Err(SendError::Refused { code, reason, .. }) => {
                        tracing::warn!(partner = partner.name(), code, reason, content = %kind, "the partner does not let us fetch");
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(partner = partner.name(), %error, content = %kind, "fetching failed");
                        return Ok(count);
                    }
                };
                // The ids of answers are not theirs alone: some partners use the id of what they answer.
                let origin = Origin { partner: Arc::clone(partner), channel: "core", message: None, name: None };
                self.store_file(origin, collected.file).await?;
                count += 1;
                // Only what is stored is confirmed. A partner that did not hear it gives the file again, and that
                // is known by its bytes.
                if let Some(id) = &collected.id
                    && let Err(error) = connector.confirm(id).await
                {
                    tracing::warn!(partner = partner.name(), %error, "a fetched file could not be confirmed");
                }
            }
        }
        Ok(count)
    }
}
