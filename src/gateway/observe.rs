//! What the program tells of itself: log lines and figures. Neither ever has anything of a claim in it but ids,
//! codes, counts and sizes.

use std::{
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, registry};

use super::{LogFormat, LogLevel, Logs};

/// How long measured times are, in seconds: what is counted for each.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// How often the measured times are put together when nobody asks for the figures.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why the program cannot tell of itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// Log lines go somewhere already.
    #[error("log lines go somewhere else already")]
    Logs,
    /// Figures go somewhere already.
    #[error("figures go somewhere else already: {0}")]
    Metrics(String),
}

/// Writes log lines to standard error from now on.
///
/// # Errors
/// [`ObserveError::Logs`] if they go somewhere else already.
pub fn log(logs: &Logs) -> Result<(), ObserveError> {
    tracing::subscriber::set_global_default(lines(logs, io::stderr)).map_err(|_| ObserveError::Logs)
}

/// Log lines written to `output`, for those who install them themselves.
pub fn lines<W>(logs: &Logs, output: W) -> Arc<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter(logs.level);
    match logs.format {
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer().with_writer(output).with_ansi(false).with_target(false);
            Arc::new(registry().with(lines.with_filter(filter)))
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(output);
            Arc::new(registry().with(lines.with_filter(filter)))
        }
    }
}

/// What is logged. Of the crates that we use only what a person must act on: what they say at other levels may
/// have bytes of messages in it.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    Targets::new().with_default(LevelFilter::ERROR).with_target("claimwire", level)
}

/// The figures of this process, for Prometheus. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to keep figures. There is one set of them in a process: later calls give the same.
    ///
    /// # Errors
    /// [`ObserveError::Metrics`] if something else keeps them already.
    pub fn install() -> Result<Self, ObserveError> {
        static INSTALLED: OnceLock<Result<Metrics, String>> = OnceLock::new();
        INSTALLED.get_or_init(begin).clone().map_err(ObserveError::Metrics)
    }

    /// The figures, as text.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps measured times from piling up while nobody asks for the figures. Never ends; drop it to end it.
    pub async fn upkeep(&self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

fn begin() -> Result<Metrics, String> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(|error| error.to_string())?;
    let handle = builder.install_recorder().map_err(|error| error.to_string())?;
    describe_counter!("claimwire_api_requests_total", "Requests answered, by method, route and status");
    describe_histogram!("claimwire_api_request_seconds", Unit::Seconds, "How long answers took, by method and route");
    describe_counter!("claimwire_api_refused_total", "Requests without a key that is known");
    describe_counter!("claimwire_claims_submitted_total", "Claims handed in through the API, by decision");
    describe_gauge!("claimwire_jobs", "Jobs that wait or run, by queue");
    describe_gauge!("claimwire_jobs_failed", "Jobs that were given up and wait for a person");
    describe_gauge!("claimwire_acknowledgments_overdue", "Acknowledgments that should have come");
    describe_counter!("claimwire_store_works_total", "Works that wrote to the store");
    describe_counter!("claimwire_store_commits_total", "Commits that these took");
    Ok(Metrics(handle))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: LogLevel) -> String {
        let kept = Kept::default();
        let output = kept.clone();
        let lines = lines(&Logs { format, level }, move || output.clone());
        tracing::subscriber::with_default(lines, || {
            tracing::info!(target: "claimwire::gateway", { file.id = "f1" }, "a file is stored");
            tracing::debug!(target: "claimwire::gateway", "details");
            tracing::warn!(target: "hyper", "bytes of somebody");
        });
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_the_program_itself_is_heard() {
        let text = logged(LogFormat::Text, LogLevel::Info);
        assert!(text.contains("a file is stored") && text.contains("f1"), "{text}");
        assert!(!text.contains("details") && !text.contains("somebody"), "{text}");
        assert!(logged(LogFormat::Text, LogLevel::Debug).contains("details"));
        assert_eq!(logged(LogFormat::Text, LogLevel::Error), "");
    }

    #[test]
    fn json_lines_are_objects() {
        let text = logged(LogFormat::Json, LogLevel::Info);
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!((&line["message"], &line["file.id"]), (&"a file is stored".into(), &"f1".into()));
    }
}
