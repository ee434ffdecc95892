//! How long an object lasts: published with it, in the same step.

use std::future::Future;
use std::time::Duration;

use crate::types::seconds_since_1970;

/// How long an object lasts, and whoever may store it. Times are seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// From then on it is not handed out any more; `None` for ever.
    pub keep_until: Option<u64>,
    /// From then on nobody has permission to store it; `None` for never.
    pub slot_ends: Option<u64>,
    /// Whether it is gone, and only its name left.
    pub buried: bool,
}

impl Lifetime {
    /// Whether it is not handed out any more at `now`.
    #[must_use]
    pub fn is_over(self, now: u64) -> bool {
        self.buried || self.keep_until.is_some_and(|until| until <= now)
    }

    /// What is left of it at `now`, in seconds; `None` for ever.
    #[must_use]
    pub fn left(self, now: u64) -> Option<u64> {
        self.keep_until.map(|until| until.saturating_sub(now))
    }
}

/// Returns when it is `time`, seconds since 1970, if nobody sets the clock meanwhile.
pub async fn wait_until(time: u64) {
    tokio::time::sleep(Duration::from_secs(time.saturating_sub(seconds_since_1970()))).await;
}

/// What `work` comes to, if it does not take longer than `time`; else it is dropped.
pub async fn within<Outcome>(time: Duration, work: impl Future<Output = Outcome>) -> Option<Outcome> {
    tokio::time::timeout(time, work).await.ok()
}
