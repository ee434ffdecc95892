//! `[log]`: how much, and in which form.

use serde::Deserialize;

use super::environment::from_text;
use crate::telemetry::logs::LogFormat;

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// The least important lines that are written about the service.
    pub level: tracing::Level,
    /// Whether what users did is told, whatever the level.
    pub audit: bool,
}

/// What is told on stderr. No token, secret or query string ever is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    /// How lines look.
    ///
    /// Default: `"human"`
    format: Option<LogFormat>,
    /// The least important lines that are written about the service. A reload (SIGHUP) changes it while the service runs.
    ///
    /// Default: `"info"`
    level: Option<Level>,
    /// Whether what users did is told, whatever the level: logins, uploads, accounts, and what was refused, each with its reason.
    /// Without it only what failed by our own fault is.
    ///
    /// Default: `true`
    #[serde(default, deserialize_with = "from_text")]
    audit: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// What somebody has to mend.
    Error,
    /// What may become that.
    Warn,
    /// What goes on.
    Info,
    /// For who looks for a fault, of ours or of a client.
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
