//! Sweeps up what crashed processes have left of uploads.

use std::sync::Arc;
use std::time::Duration;

use crate::store::Store;

/// How often. Nobody waits for it: what is left only takes room.
const INTERVAL: Duration = Duration::from_mins(3);

/// Sweeps, at once and from time to time, for ever.
pub(super) async fn keep(store: Arc<Store>) {
    loop {
        // A store that is away is told by its health.
        if let Ok(removed @ 1..) = store.sweep().await {
            tracing::info!("removed {removed} leftovers of uploads that a crashed process had begun");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
