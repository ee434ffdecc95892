//! Keeps what is counted small.

use std::time::Duration;

use crate::telemetry::metrics::Counting;

/// How often. A login leaves eight bytes until then.
const INTERVAL: Duration = Duration::from_secs(5);

/// For ever.
pub(super) async fn keep_small(counting: Counting) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        counting.keep_small();
    }
}
