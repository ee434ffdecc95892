//! Whether the store answers, asked every few seconds.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Store;
use crate::telemetry::metrics;

/// How often the store is asked.
const INTERVAL: Duration = Duration::from_secs(15);

/// What the store answered last.
#[derive(Debug, Default)]
pub struct StoreHealth(Mutex<Health>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Health {
    #[default]
    Unknown,
    Up,
    Down,
}

impl StoreHealth {
    /// Asks the store for ever. A change is logged; the reason is in the log and not in what [`fmt::Display`] shows to
    /// everybody.
    pub async fn watch(self: Arc<Self>, store: Arc<Store>) {
        loop {
            let answer = store.check().await;
            let now = if answer.is_ok() { Health::Up } else { Health::Down };
            let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), now);
            match answer {
                Err(error) if before != Health::Down => tracing::error!("the store is away: {error}"),
                Ok(()) if before == Health::Down => tracing::info!("the store is back"),
                _ => {}
            }
            metrics::store_up(now == Health::Up);
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

impl fmt::Display for StoreHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Health::Unknown => "not asked yet",
            Health::Up => "up",
            Health::Down => "down: uploads and downloads are answered with 503; the log says why",
        })
    }
}
