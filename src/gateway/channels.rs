//! The ways to partners, made of their settings.

use std::{path::Path, sync::Arc};

use super::{connect::Connector, flow::FlowError};
use crate::partner::Partner;

/// The way that files to a partner take; none if the partner fetches them.
pub(super) fn connector(partner: &Partner, spool: &Path) -> Result<Option<Arc<dyn Connector>>, FlowError> {
    let _ = (partner, spool);
    Ok(None)
}
