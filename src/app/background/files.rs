//! Files whose time is over, and the sums of what is stored.

use std::sync::Arc;
use std::time::Duration;

use crate::store::{Store, seconds_since_1970};
use crate::telemetry::metrics;
use crate::upload::{Sweeper, Swept, Usage};

/// How often it is looked for files whose time is over: they are not handed out any more, and only take room.
const SWEEP: Duration = Duration::from_secs(30);
/// Between two rounds, if there is more to do. Uploads go first.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked for sums that are old.
const REFRESH: Duration = Duration::from_secs(1);

/// Removes files in their time, for ever.
pub(super) async fn sweep(store: Arc<Store>, usage: Arc<Usage>) {
    let mut sweeper = Sweeper::new(store, usage);
    let (mut removed, mut trouble) = (0, false);
    loop {
        let round = sweeper.round(seconds_since_1970()).await;
        match &round {
            Ok(swept) => removed += swept.removed,
            Err(error) if !trouble => {
                tracing::error!(
                    "files whose time is over could not be removed, which is tried again: {error}"
                );
            }
            Err(_) => {}
        }
        trouble = round.is_err();
        let more = matches!(round, Ok(Swept { more: true, .. }));
        if !more {
            if removed > 0 {
                tracing::info!("removed {removed} files whose time was over");
            }
            removed = 0;
            if !trouble {
                metrics::files_swept();
            }
        }
        tokio::time::sleep(if more { PAUSE } else { SWEEP }).await;
    }
}

/// Keeps the sums young, for ever.
pub(super) async fn count(usage: Arc<Usage>) {
    loop {
        usage.refresh().await;
        tokio::time::sleep(REFRESH).await;
    }
}
