//! `[log]`: how much, and in which form.

use serde::Deserialize;

use super::environment::from_text;
use crate::telemetry::logs::LogFormat;

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: tracing::Level,
    /// Whether it is told what users did, whatever the level.
    pub audit: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    format: Option<LogFormat>,
    level: Option<Level>,
    #[serde(default, deserialize_with = "from_text")]
    audit: Option<bool>,
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
        LogSettings { format: self.format.unwrap_or_default(), level, audit: self.audit.unwrap_or(true) }
    }
}
