//! Logs and metrics of the process itself.
//!
//! Logs go to standard error with fields, so that standard output stays the command's answer. Metrics are recorded
//! through the `metrics` facade and rendered at `/metrics` in the Prometheus text format.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Buckets of histograms whose name ends in `_seconds`.
const SECONDS_BUCKETS: [f64; 10] = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// What a server tells: its own steps and who asked what. Libraries only warn.
pub const SERVER_FILTER: &str =
    "warn,vigie=info,vigie_alerts=info,vigie_console=info,vigie_ingest=info,vigie_log=info,vigie_store=info";
/// What other commands tell.
pub const QUIET_FILTER: &str = "warn";

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging; `RUST_LOG` overrides `default_filter`.
pub fn start_logs(format: LogFormat, default_filter: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_filter));
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    // Fails only if a subscriber is set already, as when several tests run in one process.
    let _ = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Starts recording metrics; the handle renders them. `None` if they are recorded already.
#[must_use]
pub fn start_metrics() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
        .expect("the list of buckets is not empty");
    builder.install_recorder().ok()
}
