//! `[limits]`: what a stranger may cost.

use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;

use super::ConfigError;
use super::environment::from_text;

/// Far more than one process should have.
const MAX_CONNECTIONS: usize = 65_536;

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open connections of each listener.
    pub connections: usize,
    /// From the first byte of a connection or the end of the last request to the end of the next one's head.
    pub header_timeout: Duration,
    /// The longest silence within a body.
    pub idle_timeout: Duration,
    /// Bytes a second that a client has to send or read on average; 0 for any.
    pub min_rate: u64,
    /// Uploads at once.
    pub uploads: usize,
    /// Failed logins of one user in a minute that are told one by one.
    pub logins_per_minute: u32,
    /// How long requests may go on after the service was told to stop.
    pub drain: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    #[serde(default, deserialize_with = "from_text")]
    connections: Option<usize>,
    #[serde(default, with = "humantime_serde")]
    header_timeout: Option<Duration>,
    #[serde(default, with = "humantime_serde")]
    idle_timeout: Option<Duration>,
    min_rate: Option<ByteSize>,
    #[serde(default, deserialize_with = "from_text")]
    uploads: Option<usize>,
    #[serde(default, deserialize_with = "from_text")]
    logins_per_minute: Option<u32>,
    #[serde(default, with = "humantime_serde")]
    drain: Option<Duration>,
}

impl RawLimits {
    pub(super) fn validate(self) -> Result<Limits, ConfigError> {
        let limits = Limits {
            connections: self.connections.unwrap_or(2048),
            header_timeout: self.header_timeout.unwrap_or(Duration::from_secs(10)),
            // Some object stores close a silent connection after 65 seconds.
            idle_timeout: self.idle_timeout.unwrap_or(Duration::from_secs(45)),
            min_rate: self.min_rate.unwrap_or(ByteSize::kib(1)).as_u64(),
            uploads: self.uploads.unwrap_or(1024),
            logins_per_minute: self.logins_per_minute.unwrap_or(20),
            drain: self.drain.unwrap_or(Duration::from_secs(30)),
        };
        for (key, unusable) in [
            ("limits.connections", limits.connections == 0),
            ("limits.header_timeout", limits.header_timeout.is_zero()),
            ("limits.idle_timeout", limits.idle_timeout.is_zero()),
            ("limits.uploads", limits.uploads == 0),
            ("limits.logins_per_minute", limits.logins_per_minute == 0),
        ] {
            if unusable {
                return Err(ConfigError::at(key, "is zero: nothing would be served, or told"));
            }
        }
        if limits.connections > MAX_CONNECTIONS {
            return Err(ConfigError::at("limits.connections", format!("is above {MAX_CONNECTIONS}")));
        }
        Ok(limits)
    }
}
