//! Keeps the registry of users and the store alike.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use crate::login::Registry;
use crate::store::StoreError;
use crate::telemetry::metrics;

/// How often who logged in is written down.
const WRITE: Duration = Duration::from_secs(1);
/// How often the store is asked what is new.
const REFRESH: Duration = Duration::from_secs(5);
/// How often what the store refused is tried again.
const RETRY: Duration = Duration::from_secs(15);
/// How long the start waits for the registry, and the stop for what is not written yet.
const PATIENCE: Duration = Duration::from_secs(5);

/// Loads the registry, unless that takes too long or fails: then it is done later.
pub(super) async fn load(registry: Arc<Registry>, runtime: &Handle) {
    metrics::users_loaded(false);
    let loading = runtime.spawn(async move { registry.refresh().await });
    let problem = match timeout(PATIENCE, loading).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(panic)) => panic.to_string(),
        Err(_) => format!("the store did not answer within {PATIENCE:?}"),
    };
    tracing::error!(
        "the registry of users could not be loaded, and until it is, every user exists: {problem}"
    );
}

/// Takes over what is new in the store, and writes down who logged in, for ever.
pub(super) async fn keep(registry: Arc<Registry>) {
    let mut trouble = false;
    let mut refreshed = Instant::now();
    loop {
        sleep(if trouble { RETRY } else { WRITE }).await;
        // Before anybody is written down: he may have been removed elsewhere.
        let refresh = !registry.is_loaded() || registry.has_unwritten() || refreshed.elapsed() >= REFRESH;
        if refresh {
            refreshed = Instant::now();
        }
        let kept = keep_once(&registry, refresh).await;
        match &kept {
            Err(error) if !trouble => tracing::error!(
                "the registry of users is behind: who logged in is kept in memory, what other replicas know is not known here: {error}"
            ),
            Ok(()) if trouble => tracing::info!("the registry of users is up to date again"),
            _ => {}
        }
        trouble = kept.is_err();
    }
}

async fn keep_once(registry: &Registry, refresh: bool) -> Result<(), StoreError> {
    let refreshed = if refresh { registry.refresh().await } else { Ok(()) };
    let written = registry.write().await;
    refreshed.and(written)
}

/// Writes down what is left, before the service ends.
pub(in crate::app) async fn write_last(registry: &Registry) {
    if !matches!(timeout(PATIENCE, registry.write()).await, Ok(Ok(()))) {
        tracing::error!(
            "some users who logged in just now could not be written down: they do not exist until their next login"
        );
    }
}
