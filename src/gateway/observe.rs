//! Logs: where they go, and how much.
//!
//! A line says what happened in words, and by dotted fields what it happened to: ids, codes, counts and sizes, never
//! names, numbers of members, dates of birth or diagnoses.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use super::settings::{LogFormat, LogLevel, Logs};

/// Logs that are set up already.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("logs are set up already")]
pub struct TwiceError;

/// Writes log lines to standard error from now on.
///
/// # Errors
/// [`TwiceError`] if they are written already.
pub fn logs(logs: &Logs) -> Result<(), TwiceError> {
    let level = match logs.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // What libraries say of their own work may quote what they work on.
    let ours = Targets::new().with_target("claimwire", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match logs.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(ours)).try_init().map_err(|_| TwiceError)
}
