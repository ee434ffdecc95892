//! Time as this program counts and stores it: since 1970, by the wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since 1970; none, by a clock that stands before.
#[must_use]
pub fn time_since_1970() -> Duration {
    since_1970(SystemTime::now())
}

/// The same in whole seconds.
#[must_use]
pub fn seconds_since_1970() -> u64 {
    time_since_1970().as_secs()
}

/// How long after 1970 `time` is.
#[must_use]
pub fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
