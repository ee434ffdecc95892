//! Erasing users with the service's configuration, beside the service or without it, and undoing what is left of that.

use std::sync::Arc;

use super::at_store::at_store;
use crate::config::Settings;
use crate::login::Registry;
use crate::store::StoreError;
use crate::types::BareJid;
use crate::upload::{Erased, Erasure, Usage};

/// Erases `user`, whatever vhosts he has files at. A service that goes on hears of it within seconds.
///
/// # Errors
///
/// What is wrong, in a sentence; it can be tried again.
pub fn erase_user(settings: &Settings, user: &BareJid) -> Result<Erased, String> {
    let vhosts: Vec<_> = settings.hosts.iter().map(|host| host.vhost.clone()).collect();
    with_erasure(settings, async |erasure| erasure.erase(&vhosts, user).await)
}

/// Lets the slots of a `user` count again who was erased, and answers whether he was.
///
/// # Errors
///
/// What is wrong, in a sentence; it can be tried again.
pub fn readmit_user(settings: &Settings, user: &BareJid) -> Result<bool, String> {
    with_erasure(settings, async |erasure| erasure.readmit(user).await)
}

fn with_erasure<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(Erasure) -> Result<T, StoreError>,
) -> Result<T, String> {
    at_store(&settings.store, async |store| {
        let registry = Arc::new(Registry::new(Arc::clone(&store)));
        registry.refresh().await?;
        let usage = Arc::new(Usage::new(Arc::clone(&store)));
        work(Erasure::new(store, registry, usage)).await
    })
}
