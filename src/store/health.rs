//! Whether the store answers, asked every few seconds.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Cause, Store};
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
    Down(Cause),
}

impl StoreHealth {
    /// Asks the store for ever. A change is logged; names are in the log and not in what [`fmt::Display`] shows to
    /// everybody.
    pub async fn watch(self: Arc<Self>, store: Arc<Store>) {
        loop {
            let answer = store.check().await;
            let now = answer.as_ref().map_or_else(|error| Health::Down(error.cause()), |()| Health::Up);
            let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), now);
            match answer {
                Err(error) if before != now => tracing::error!("the store is away: {error}"),
                Ok(()) if matches!(before, Health::Down(_)) => tracing::info!("the store is back"),
                _ => {}
            }
            metrics::store_up(now == Health::Up);
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

impl fmt::Display for StoreHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Health::Unknown => f.write_str("not asked yet"),
            Health::Up => f.write_str("up"),
            Health::Down(cause) => write!(
                f,
                "down ({}): uploads and downloads are answered with 503; {}",
                cause.code(),
                cause.advice()
            ),
        }
    }
}
