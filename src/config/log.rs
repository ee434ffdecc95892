//! `[log]`: how much, and in which form.

use serde::Deserialize;

use crate::telemetry::logs::LogFormat;

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: tracing::Level,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    format: Option<LogFormat>,
    level: Option<Level>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl RawLog {
    pub(super) fn validate(self) -> LogSettings {
        let level = match self.level {
            Some(Level::Error) => tracing::Level::ERROR,
            Some(Level::Warn) => tracing::Level::WARN,
            Some(Level::Info) | None => tracing::Level::INFO,
            Some(Level::Debug) => tracing::Level::DEBUG,
        };
        LogSettings { format: self.format.unwrap_or_default(), level }
    }
}
