//! One writer at a time for each key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::ObjectKey;

type Locks = HashMap<ObjectKey, Arc<tokio::sync::Mutex<()>>>;

/// Locks by key; a key costs memory only while somebody holds it or waits for it.
#[derive(Debug, Default)]
pub(super) struct KeyLocks(Mutex<Locks>);

/// Holds a key until dropped.
#[derive(Debug)]
pub(super) struct KeyGuard<'locks> {
    locks: &'locks KeyLocks,
    key: ObjectKey,
    held: Option<OwnedMutexGuard<()>>,
}

impl KeyLocks {
    /// Waits until nobody else holds `key`.
    pub(super) async fn lock(&self, key: &ObjectKey) -> KeyGuard<'_> {
        // The guard exists while it waits, so that a waiter who gives up tidies up too.
        let mut guard = KeyGuard { locks: self, key: key.clone(), held: None };
        let lock = Arc::clone(self.locks().entry(key.clone()).or_default());
        guard.held = Some(lock.lock_owned().await);
        guard
    }

    fn locks(&self) -> MutexGuard<'_, Locks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyGuard<'_> {
    fn drop(&mut self) {
        let mut locks = self.locks.locks();
        self.held = None;
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::types::{ObjectPath, parse_vhost};

    fn key(path: &str) -> ObjectKey {
        ObjectKey::file(&parse_vhost("localhost").unwrap(), &ObjectPath::parse(path).unwrap())
    }

    #[tokio::test]
    async fn a_key_is_held_by_one_and_forgotten_after_the_last() {
        let locks = KeyLocks::default();
        let first = locks.lock(&key("a/b")).await;
        assert!(locks.lock(&key("a/b")).now_or_never().is_none(), "held twice");
        assert!(locks.lock(&key("a/c")).now_or_never().is_some(), "another key is free");
        drop(first);
        drop(locks.lock(&key("a/b")).now_or_never().expect("free again"));
        assert!(locks.locks().is_empty(), "{:?}", locks.locks());
    }
}
