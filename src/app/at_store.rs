//! What a command does with the store, beside the service or without it.

use std::sync::Arc;

use tokio::runtime::Builder;

use super::build::{close_store, open_store};
use crate::config::StoreSettings;
use crate::store::{DiskStore, Store, StoreError};

/// Opens the store and works on it until that is done.
pub(super) fn at_store<T>(
    settings: &StoreSettings,
    work: impl AsyncFnOnce(Arc<Store>) -> Result<T, StoreError>,
) -> Result<T, String> {
    if let StoreSettings::Disk { path, .. } = settings {
        // It is not made here.
        DiskStore::probe(path)?;
    }
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let done = runtime.block_on(async {
        let store = Arc::new(open_store(settings.clone())?);
        let done = work(Arc::clone(&store)).await;
        close_store(&store).await;
        done
    });
    done.map_err(|error| error.to_string())
}
