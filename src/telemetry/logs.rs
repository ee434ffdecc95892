//! Logs on stderr; stdout belongs to answers.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
    let filter = Targets::new().with_default(tracing::Level::WARN).with_target("ejabberd_sidecar", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr()).with_ansi(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Human => registry.with(lines.with_target(false)).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    drop(started);
}

/// Without the lock of [`io::stderr`], at which logins would wait for each other: each line is written in one piece.
fn stderr() -> BoxMakeWriter {
    match io::stderr().as_fd().try_clone_to_owned() {
        Ok(stderr) => BoxMakeWriter::new(File::from(stderr)),
        Err(_) => BoxMakeWriter::new(io::stderr),
    }
}
