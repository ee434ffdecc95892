//! Logs on stderr; stdout belongs to answers.

use std::io;

use tracing_subscriber::filter::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// A JSON object a line.
    Json,
}

/// Starts logging. A second call in one process changes nothing.
pub fn start(format: LogFormat, level: tracing::Level) {
    // The libraries below us log requests with their headers and URLs; only their warnings are let through.
    let filter = EnvFilter::new(format!("warn,ejabberd_sidecar={level}"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false);
    let started = match format {
        LogFormat::Human => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    drop(started);
}
