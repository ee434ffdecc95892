//! Whether the store would work, for a command that looks at it.

use std::time::Duration;

use tokio::runtime::Builder;

use crate::config::StoreSettings;
use crate::store::{DiskStore, S3Store};

/// How long object storage may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Finds out whether the store would serve a request now, and what is worth a remark. A folder is left as it is, and not made.
///
/// # Errors
///
/// What is wrong with it, in a sentence.
pub fn probe_store(settings: StoreSettings) -> Result<Option<String>, String> {
    match settings {
        StoreSettings::Disk { path, .. } => DiskStore::probe(&path).map(|()| None),
        StoreSettings::S3 { location, credentials, .. } => {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| format!("cannot be asked: {error}"))?;
            let store = S3Store::new(location, &credentials).with_patience(PATIENCE);
            let found = runtime.block_on(store.try_first_writer()).map_err(|error| error.to_string())?;
            Ok(Some(format!("object storage: {}", found.describe())))
        }
    }
}
