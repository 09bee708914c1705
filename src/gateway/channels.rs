//! The ways to partners, made of their settings.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use futures_util::future::BoxFuture;

use super::{
    connect::{
        Collected, Connector, Content, Parcel, Receipt, SendError,
        core::{
            client::{CoreClient, Secrets},
            settings::PartnerSettings as CoreSettings,
        },
        folder::{FolderDrop, PartnerSettings as FolderSettings},
        stream::{PartnerSettings as StreamSettings, StreamClient},
    },
    flow::FlowError,
    secret::Secret,
    tls,
};
use crate::partner::{self, Channel, Partner};

/// Whether the sections of a partner's channels can be read. What they name (certificates, secrets, folders) is looked at
/// when it is used.
///
/// # Errors
/// The first that cannot, and what is wrong with it.
pub fn check_channels(partner: &Partner) -> Result<(), partner::Error> {
    partner.transport::<tls::ClientSettings>()?;
    partner.channel::<CoreSettings>(Channel::Core)?;
    partner.channel::<StreamSettings>(Channel::Stream)?;
    partner.channel::<FolderSettings>(Channel::Folder)?;
    Ok(())
}

/// The way that files to a partner take, and by which those that wait there are fetched; none if the partner
/// fetches its files itself. `spool` is where answers are kept while they come.
pub(super) fn connector(partner: &Partner, spool: &Path) -> Result<Option<Arc<dyn Connector>>, FlowError> {
    let wrong = |problem: &dyn std::fmt::Display| FlowError::settings(partner, problem);
    let Some(channel) = partner.calls_by() else { return Ok(None) };
    let beside = partner.beside(Path::new(""));
    let transport: tls::ClientSettings = partner.transport().map_err(|error| wrong(&error))?.unwrap_or_default();
    let transport = transport.beside(&beside);
    match channel {
        Channel::Core => {
            let settings: CoreSettings = partner.channel(channel).map_err(|error| wrong(&error))?.unwrap_or_default();
            let read = |place: &String| {
                Secret::parse(place).and_then(|secret| secret.beside(&beside).read()).map_err(|error| wrong(&error))
            };
            let headers = settings.secret_headers.iter();
            let headers = headers.map(|(name, place)| Ok((name.clone(), read(place)?)));
            let secrets = Secrets {
                password: settings.password.as_ref().map(read).transpose()?,
                headers: headers.collect::<Result<BTreeMap<_, _>, FlowError>>()?,
            };
            let config = tls::client(&transport).map_err(|error| wrong(&error))?;
            let client = CoreClient::new(settings, secrets, Arc::unwrap_or_clone(config), spool);
            Ok(Some(Arc::new(client.map_err(|error| wrong(&error))?)))
        }
        Channel::Stream => {
            let Some(settings) = partner.channel::<StreamSettings>(channel).map_err(|error| wrong(&error))? else {
                return Ok(None);
            };
            let config = tls::client(&transport).map_err(|error| wrong(&error))?;
            Ok(Some(Arc::new(StreamClient::new(settings, config, spool).map_err(|error| wrong(&error))?)))
        }
        Channel::Folder => {
            let settings =
                partner.channel::<FolderSettings>(channel).map_err(|error| wrong(&error))?.unwrap_or_default();
            let drop = FolderDrop::new(&settings.beside(&beside)).map_err(|error| wrong(&error))?;
            Ok(Some(Arc::new(drop)))
        }
    }
}

impl Connector for CoreClient {
    fn submit<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(CoreClient::submit(self, parcel))
    }

    fn collect<'a>(&'a self, kinds: &'a [Content]) -> BoxFuture<'a, Result<Option<Collected>, SendError>> {
        Box::pin(async move {
            let Some(retrieved) = self.retrieve(kinds, None).await? else { return Ok(None) };
            for warning in &retrieved.warnings {
                tracing::warn!(warning, "the partner gave a file, but its answer is odd");
            }
            Ok(Some(Collected { id: Some(retrieved.payload_id), file: retrieved.file }))
        })
    }

    fn confirm<'a>(&'a self, collected: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move { CoreClient::confirm(self, collected, None).await.map(drop) })
    }
}

impl Connector for FolderDrop {
    fn submit<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(FolderDrop::submit(self, parcel))
    }
}

impl Connector for StreamClient {
    fn submit<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(StreamClient::submit(self, parcel))
    }
}
