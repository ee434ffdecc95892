//! `[limits]`: what a stranger may cost.

use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;

use super::ConfigError;
use super::environment::from_text;

/// Far more than one process should have.
const MAX_CONNECTIONS: usize = 65_536;
/// What is counted of a minute.
const MAX_GIB_PER_MINUTE: u64 = 1000;

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
    /// Upload slots that one user may ask for in a minute.
    pub slots_per_minute: u32,
    /// Further requests to the API that one user may make in a minute.
    pub api_requests_per_minute: u32,
    /// Bytes that one user may upload in a minute; 0 for any number.
    pub bytes_per_minute: u64,
    /// How long requests may go on after the service was told to stop.
    pub drain: Duration,
}

/// What a stranger may cost. The defaults fit a small machine with thousands of users.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    /// Open connections of each listener, 65536 at most. Above it the public one answers 503 with `Retry-After`, and the others let further ones wait. If the limit
    /// on open files is too low, fewer are taken, which the log says at the start.
    ///
    /// Default: `2048`
    #[serde(default, deserialize_with = "from_text")]
    connections: Option<usize>,
    /// For the head of a request, at most 128 KiB, and for a TLS handshake.
    ///
    /// Default: `"10s"`
    #[serde(default, with = "humantime_serde")]
    header_timeout: Option<Duration>,
    /// For a client that sends nothing of a body, or takes less of an answer than `min_rate` in that time. Some object stores close a connection that was silent for 65
    /// seconds, so it stays below that.
    ///
    /// Default: `"45s"`
    #[serde(default, with = "humantime_serde")]
    idle_timeout: Option<Duration>,
    /// Bytes a second that a client has to send or take on average: a body has `idle_timeout` and its size divided by this in all. `"0B"` for any.
    ///
    /// Default: `"1KiB"`
    min_rate: Option<ByteSize>,
    /// Uploads at once, each of which costs a few dozen kilobytes however large it is. Further ones are answered 503 with `Retry-After`.
    ///
    /// Default: `1024`
    #[serde(default, deserialize_with = "from_text")]
    uploads: Option<usize>,
    /// Failed logins of one user in a minute that are told one by one in the log, and bad tokens from one address at the [API](api.md). Further ones are only counted. A good token
    /// always gets in.
    ///
    /// Default: `20`
    #[serde(default, deserialize_with = "from_text")]
    logins_per_minute: Option<u32>,
    /// Upload slots of our own that one user may ask for in a minute. Further requests are refused with the time from when on he may ask again, and are only counted.
    ///
    /// Default: `60`
    #[serde(default, deserialize_with = "from_text")]
    slots_per_minute: Option<u32>,
    /// Requests to the [API](api.md) beside those for slots that one user may make in a minute: to see and to remove his files. Further ones are answered 429 with `Retry-After`
    /// until the minute is over. Each process counts for itself.
    ///
    /// Default: `120`
    #[serde(default, deserialize_with = "from_text")]
    api_requests_per_minute: Option<u32>,
    /// Bytes that one user may upload in a minute, up to a thousand GiB; an address has ten times as many. Once they are used up, further uploads are answered 429 with `Retry-After` until the
    /// minute is over. `"0B"` for any number. Each process counts for itself.
    ///
    /// Default: `"0B"`
    bytes_per_minute: Option<ByteSize>,
    /// For uploads and downloads under way when the service is told to stop (SIGTERM); logins are answered all the while. A second signal ends all.
    ///
    /// Default: `"30s"`
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
            slots_per_minute: self.slots_per_minute.unwrap_or(60),
            api_requests_per_minute: self.api_requests_per_minute.unwrap_or(120),
            bytes_per_minute: self.bytes_per_minute.unwrap_or(ByteSize::b(0)).as_u64(),
            drain: self.drain.unwrap_or(Duration::from_secs(30)),
        };
        for (key, unusable) in [
            ("limits.connections", limits.connections == 0),
            ("limits.header_timeout", limits.header_timeout.is_zero()),
            ("limits.idle_timeout", limits.idle_timeout.is_zero()),
            ("limits.uploads", limits.uploads == 0),
            ("limits.logins_per_minute", limits.logins_per_minute == 0),
            ("limits.slots_per_minute", limits.slots_per_minute == 0),
            ("limits.api_requests_per_minute", limits.api_requests_per_minute == 0),
        ] {
            if unusable {
                return Err(ConfigError::at(key, "is zero: nothing would be served, or told"));
            }
        }
        if limits.connections > MAX_CONNECTIONS {
            return Err(ConfigError::at("limits.connections", format!("is above {MAX_CONNECTIONS}")));
        }
        if limits.bytes_per_minute > ByteSize::gib(MAX_GIB_PER_MINUTE).as_u64() {
            return Err(ConfigError::at(
                "limits.bytes_per_minute",
                format!("is above {MAX_GIB_PER_MINUTE} GiB"),
            ));
        }
        Ok(limits)
    }
}
