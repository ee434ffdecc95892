//! Files that are not kept for ever: what says so beside each, and the sweep that removes them in their time.
//!
//! A file's deadline is published with it, so that it is over at once. That it can be removed without looking at each file, an entry below
//! `expiring/` says, ordered by time and written before the file is there. Processes may sweep one store together: all that they do can be done twice.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::usage::Usage;
use crate::store::{Lifetime, ObjectInfo, ObjectKey, ObjectPrefix, Store, StoreError};
use crate::telemetry::metrics;
use crate::types::{ContentType, ObjectPath, UserHash, Vhost, parse_vhost, uri_escaped};

/// Entries that are looked at in one go.
const BATCH: usize = 500;
/// How many of them at once.
const AT_ONCE: usize = 8;
/// How far the clocks of processes may be apart, in seconds.
const CLOCKS: u64 = 3600;

/// Says of one file when it is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expiry {
    pub(super) vhost: Vhost,
    pub(super) path: ObjectPath,
    /// Whose it is, if its path does not tell.
    pub(super) owner: Option<UserHash>,
}

#[derive(Serialize, Deserialize)]
struct EntryText {
    vhost: String,
    /// Percent-encoded.
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
}

impl Expiry {
    fn file(&self) -> ObjectKey {
        ObjectKey::file(&self.vhost, &self.path)
    }

    /// Tells neither user nor name.
    pub(super) fn entry(&self, deadline: u64) -> ObjectKey {
        let file = Sha256::digest(self.file().as_str());
        ObjectKey::expiring(
            &format!("{:08}", deadline / 3600),
            &format!("{deadline:012}-{}", hex::encode(&file[..16])),
        )
    }

    /// Writes it down, durably.
    pub(super) async fn note(&self, store: &Store, deadline: u64) -> Result<(), StoreError> {
        let content_type = ContentType::parse("application/json").unwrap_or_else(|_| ContentType::unknown());
        let path = self.path.as_str().split('/').map(|part| uri_escaped(part).to_string());
        let json = EntryText {
            vhost: self.vhost.to_string(),
            path: path.collect::<Vec<_>>().join("/"),
            owner: self.owner.map(|owner| owner.to_string()),
        };
        // Texts: that does not fail.
        let text = serde_json::to_string(&json).unwrap_or_default();
        store.note(&self.entry(deadline), content_type, text).await
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let EntryText { vhost, path, owner } = serde_json::from_slice(text).ok()?;
        let owner = owner.map(|owner| owner.parse()).transpose().ok()?;
        Some(Self { vhost: parse_vhost(&vhost)?, path: ObjectPath::parse(&path).ok()?, owner })
    }
}

/// Removes files in their time.
#[derive(Debug)]
pub struct Sweeper {
    store: Arc<Store>,
    usage: Arc<Usage>,
    /// Where the last round stopped.
    after: Option<ObjectKey>,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Files that were removed.
    pub removed: usize,
    /// Whether there may be more.
    pub more: bool,
}

impl Sweeper {
    /// For the files in `store`.
    #[must_use]
    pub fn new(store: Arc<Store>, usage: Arc<Usage>) -> Self {
        Self { store, usage, after: None }
    }

    /// Removes some of what is over at `now`, seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what is left is tried again the next time.
    pub async fn round(&mut self, now: u64) -> Result<Swept, StoreError> {
        let due = self.due(now).await?;
        // Until it ends well, the next round begins at the beginning.
        self.after = None;
        let this = &*self;
        let each = stream::iter(due.clone())
            .map(|(entry, deadline)| async move { this.sweep(&entry, deadline, now).await });
        let removed = each.buffer_unordered(AT_ONCE);
        let removed: usize = removed.try_fold(0, async |sum, gone| Ok(sum + usize::from(gone))).await?;
        let more = due.len() == BATCH;
        self.after = due.into_iter().next_back().map(|(entry, _)| entry).filter(|_| more);
        Ok(Swept { removed, more })
    }

    async fn due(&self, now: u64) -> Result<Vec<(ObjectKey, u64)>, StoreError> {
        let mut due = Vec::new();
        let each = |key: ObjectKey| {
            // What is no entry is not ours.
            let Some(deadline) = deadline(&key) else { return ControlFlow::Continue(()) };
            if deadline > now || due.len() == BATCH {
                return ControlFlow::Break(());
            }
            due.push((key, deadline));
            ControlFlow::Continue(())
        };
        self.store.list_while(&ObjectPrefix::expiring(), self.after.as_ref(), each).await?;
        Ok(due)
    }

    /// Does what an entry says, and answers whether a file was removed.
    async fn sweep(&self, entry: &ObjectKey, deadline: u64, now: u64) -> Result<bool, StoreError> {
        // Somebody else may have been here.
        let Some(found) = self.store.get(entry).await? else { return Ok(false) };
        let text = found.body.collect().await?.to_bytes();
        let Some(expiry) = Expiry::parse(&text) else {
            tracing::warn!("{} does not say of which file it is, and is left as it is", entry.as_str());
            return Ok(false);
        };
        let file = expiry.file();
        let removed = match self.store.head(&file).await? {
            // Perhaps it is on its way, and its sender's clock is behind ours.
            None if deadline + CLOCKS > now => return Ok(false),
            None => false,
            // Another entry says when.
            Some(info) if info.life.keep_until != Some(deadline) => false,
            Some(info) => {
                self.end(&expiry, &file, &info, now).await?;
                !info.life.buried
            }
        };
        self.store.delete(entry).await?;
        Ok(removed)
    }

    /// Its slot stays used for as long as there may be a token for it.
    async fn end(
        &self,
        expiry: &Expiry,
        file: &ObjectKey,
        info: &ObjectInfo,
        now: u64,
    ) -> Result<(), StoreError> {
        let Lifetime { slot_ends, buried, .. } = info.life;
        match slot_ends.map(|ends| ends.saturating_add(CLOCKS)) {
            Some(free) if free > now => {
                expiry.note(&self.store, free).await?;
                let keep_until = Some(free);
                self.store.bury(file, info, Lifetime { keep_until, slot_ends, buried: true }).await?;
            }
            Some(_) => self.store.delete(file).await?,
            None => self.store.bury(file, info, Lifetime::default()).await?,
        }
        if !buried {
            let Expiry { vhost, path, owner } = expiry;
            if let Some(owner) = owner {
                self.store.delete(&ObjectKey::pointer(vhost, *owner, info.size, path)).await?;
            }
            self.usage.removed(vhost, owner.or_else(|| hash(path)), file, info.size);
            metrics::file_expired(vhost);
        }
        Ok(())
    }
}

/// The user whom a path names.
pub(super) fn hash(path: &ObjectPath) -> Option<UserHash> {
    path.owner().and_then(|owner| owner.parse().ok())
}

fn deadline(entry: &ObjectKey) -> Option<u64> {
    let name = entry.as_str().strip_prefix("expiring/")?.split_once('/')?.1;
    name.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use proptest::prelude::*;

    use super::*;
    use crate::store::{MemoryStore, NewObject, PutError};

    const HOUR: u64 = 3600;

    /// A file that is stored at 0.
    #[derive(Debug, Clone)]
    struct Stored {
        keep_until: Option<u64>,
        slot_ends: Option<u64>,
    }

    fn expiry(at: usize) -> Expiry {
        let path = ObjectPath::parse(&format!("{:040x}/r/100%25 {at}", 7)).unwrap();
        Expiry { vhost: parse_vhost("localhost").unwrap(), path, owner: None }
    }

    async fn put(store: &Store, key: &ObjectKey, life: Lifetime) -> Result<(), PutError> {
        store
            .put(key, NewObject { life, ..NewObject::lasting(4, ContentType::unknown()) }, Full::from("data"))
            .await
    }

    async fn store_all(store: &Store, files: &[Stored]) {
        for (at, Stored { keep_until, slot_ends }) in files.iter().enumerate() {
            if let Some(deadline) = *keep_until {
                expiry(at).note(store, deadline).await.unwrap();
            }
            let life = Lifetime { keep_until: *keep_until, slot_ends: *slot_ends, buried: false };
            put(store, &expiry(at).file(), life).await.unwrap();
        }
    }

    fn sweepers(store: &Arc<Store>) -> [Sweeper; 2] {
        let usage = Arc::new(Usage::new(Arc::clone(store)));
        [(); 2].map(|()| Sweeper::new(Arc::clone(store), Arc::clone(&usage)))
    }

    async fn entries(store: &Store) -> usize {
        let mut entries = 0;
        store.list(&ObjectPrefix::expiring(), None, |_| entries += 1).await.unwrap();
        entries
    }

    async fn check(store: &Store, files: &[Stored], now: u64) {
        for (at, Stored { keep_until, slot_ends }) in files.iter().enumerate() {
            let key = expiry(at).file();
            let info = store.head(&key).await.unwrap();
            let is_due = keep_until.is_some_and(|until| until <= now);
            if !is_due {
                assert!(info.is_some_and(|info| !info.life.buried && info.size == 4), "{at} is not due");
            } else if slot_ends.is_none_or(|ends| ends + CLOCKS > now) {
                assert!(info.is_some_and(|info| info.life.buried), "{at} is due, and its slot stays used");
                assert!(matches!(put(store, &key, Lifetime::default()).await, Err(PutError::Exists)));
            } else {
                assert!(info.is_none(), "{at} is due, and its slot has ended");
            }
        }
    }

    proptest! {
        /// Two processes sweep now and then, sometimes at the same time: at each moment all that is due is gone, and nothing else.
        #[test]
        fn what_is_due_goes_and_nothing_else(
            files in proptest::collection::vec((prop::option::of(1..20 * HOUR), prop::option::of(0..5 * HOUR)), 0..12),
            steps in proptest::collection::vec((1..4 * HOUR, 0..3_u8), 1..8),
        ) {
            let files: Vec<_> =
                files.into_iter().map(|(keep_until, slot_ends)| Stored { keep_until, slot_ends }).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let store = Arc::new(Store::Memory(MemoryStore::default()));
                store_all(&store, &files).await;
                let [mut one, mut other] = sweepers(&store);
                let mut now = 0;
                for (later, who) in steps {
                    now += later;
                    match who {
                        0 => drop(one.round(now).await.unwrap()),
                        1 => drop(other.round(now).await.unwrap()),
                        _ => drop(tokio::join!(one.round(now), other.round(now))),
                    }
                    check(&store, &files, now).await;
                }
                one.round(now + 100 * HOUR).await.unwrap();
                other.round(now + 200 * HOUR).await.unwrap();
                assert_eq!(entries(&store).await, 0, "what told of them is gone as well");
            });
        }
    }

    #[tokio::test]
    async fn many_are_removed_in_several_rounds() {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let files = vec![Stored { keep_until: Some(5), slot_ends: None }; BATCH + 1];
        store_all(&store, &files).await;
        let [mut sweeper, _] = sweepers(&store);
        assert_eq!(sweeper.round(4).await.unwrap(), Swept { removed: 0, more: false });
        assert_eq!(sweeper.round(5).await.unwrap(), Swept { removed: BATCH, more: true });
        assert_eq!(sweeper.round(5).await.unwrap(), Swept { removed: 1, more: false });
        check(&store, &files, 5).await;
    }

    #[tokio::test]
    async fn a_file_that_is_still_on_its_way_is_found_later() {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let (expiry, [mut sweeper, _]) = (expiry(0), sweepers(&store));
        expiry.note(&store, 1000).await.unwrap();
        assert_eq!(sweeper.round(1000).await.unwrap().removed, 0);
        put(&store, &expiry.file(), Lifetime { keep_until: Some(1000), ..Lifetime::default() })
            .await
            .unwrap();
        assert_eq!(sweeper.round(1100).await.unwrap().removed, 1);
        // Nothing came of this one.
        expiry.note(&store, 2000).await.unwrap();
        sweeper.round(2000 + CLOCKS - 1).await.unwrap();
        sweeper.round(2000 + CLOCKS).await.unwrap();
        assert_eq!(entries(&store).await, 0);
    }

    #[tokio::test]
    async fn a_file_that_leads_to_its_user_takes_its_pointer_along() {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let owner = "9637f279e87dc3aba7eb582ceceaa621fa695865".parse().unwrap();
        let expiry =
            Expiry { path: ObjectPath::parse("uuid/name").unwrap(), owner: Some(owner), ..expiry(0) };
        let pointer = ObjectKey::pointer(&expiry.vhost, owner, 4, &expiry.path);
        assert_eq!(pointer.pointed(), Some((expiry.file(), 4)));
        store.note(&pointer, ContentType::unknown(), String::new()).await.unwrap();
        expiry.note(&store, 5).await.unwrap();
        let life = Lifetime { keep_until: Some(5), slot_ends: Some(5), buried: false };
        put(&store, &expiry.file(), life).await.unwrap();
        let [mut sweeper, _] = sweepers(&store);
        assert_eq!(sweeper.round(5).await.unwrap().removed, 1);
        assert!(store.head(&pointer).await.unwrap().is_none());
    }
}
