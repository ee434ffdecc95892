//! The users who exist: whoever logged in once, and whoever was registered.
//!
//! ejabberd asks for each message to somebody who is not there whether to keep it, so the answer comes from memory. What is in
//! memory comes from the store: all of it at the start, then every few seconds what replicas added since. A login is answered
//! before it is written down; what could not be written is tried again.

mod entry;
mod index;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream;
use http_body_util::Full;
use serde_json::json;

use self::entry::{Entry, EntryTime, IssuerMark, Said};
use self::index::{Index, Known};
use crate::store::{NewObject, ObjectPrefix, PutError, Store, StoreError};
use crate::telemetry::metrics;
use crate::types::{BareJid, ContentType, UserHash};

/// How far the clocks of replicas may be apart, together with the time that writing takes.
const OVERLAP: Duration = Duration::from_mins(5);
/// Entries that are written at once.
const WRITERS: usize = 16;

/// The registry of users.
#[derive(Debug)]
pub struct Registry {
    store: Arc<Store>,
    index: RwLock<Index>,
    unwritten: Mutex<HashMap<UserHash, Voucher>>,
    loaded: AtomicBool,
    /// Entries before were seen.
    seen_until: Mutex<Option<EntryTime>>,
}

/// Who vouched for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Voucher {
    user: BareJid,
    /// `None` for a user who was registered.
    issuer: Option<String>,
}

impl Voucher {
    fn mark(&self) -> IssuerMark {
        IssuerMark::of(self.issuer.as_deref().unwrap_or_default())
    }
}

impl Registry {
    /// A registry in `store`, empty until it is loaded.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            index: RwLock::default(),
            unwritten: Mutex::default(),
            loaded: AtomicBool::new(false),
            seen_until: Mutex::default(),
        }
    }

    /// Whether `user` exists. As long as the registry could not be loaded everybody does: a message too many is kept then, and none
    /// is lost.
    #[must_use]
    pub fn contains(&self, user: &BareJid) -> bool {
        !self.is_loaded() || self.index().get(user.into()).is_some()
    }

    /// Whether the registry knows what the store knows.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Relaxed)
    }

    /// Remembers that `issuer` vouched for `user`. It is written down later, by [`Registry::write`].
    pub fn remember(&self, user: &BareJid, issuer: &str) {
        let (hash, mark) = (UserHash::from(user), IssuerMark::of(issuer));
        // Most logins are not the first one: these share the lock and are done.
        if self.index().get(hash).is_some_and(|known| known.issuer == mark) {
            return;
        }
        let mut index = self.index_mut();
        let known = Known { at: index.next_time(hash), issuer: mark, written: false };
        if index.get(hash).is_none_or(|known| !known.written) {
            index.insert(hash, known);
        }
        drop(index);
        let voucher = Voucher { user: user.clone(), issuer: Some(issuer.to_owned()) };
        self.unwritten().insert(hash, voucher);
    }

    /// Makes `user` exist, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that could not be written down.
    pub async fn register(&self, user: &BareJid) -> Result<(), StoreError> {
        self.write_one(user.into(), &Voucher { user: user.clone(), issuer: None }).await
    }

    /// Forgets `user`, durably, and answers whether he existed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if he may come back.
    pub async fn remove(&self, user: &BareJid) -> Result<bool, StoreError> {
        let hash = UserHash::from(user);
        let Some(known) = self.index().get(hash) else { return Ok(false) };
        let gone = Entry { at: self.index().next_time(hash), user: hash, said: Said::Gone };
        self.put(gone, "{}".to_owned()).await?;
        self.unwritten().remove(&hash);
        let meanwhile = self.index_mut().remove(hash, gone.at);
        for entry in [Some(known), meanwhile].into_iter().flatten() {
            if let Some(key) = entry.key(hash) {
                self.store.delete(&key).await?;
            }
        }
        Ok(true)
    }

    /// Takes over what is in the store: the first time all of it, then what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there may be more.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let begun = EntryTime::now();
        let after = *self.seen_until.lock().unwrap_or_else(PoisonError::into_inner);
        let after = after.map(|seen| seen.before(OVERLAP).key());
        let mut entries = Vec::new();
        let each = |key| entries.extend(Entry::parse(&key));
        self.store.list(&ObjectPrefix::users(), after.as_ref(), each).await?;
        let useless = self.index_mut().take_over(&entries);
        *self.seen_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        self.loaded.store(true, Ordering::Relaxed);
        self.count();
        for key in useless {
            self.store.delete(&key).await?;
        }
        Ok(())
    }

    /// Writes down what was remembered since the last time.
    ///
    /// # Errors
    ///
    /// The last [`StoreError`]. What could not be written is kept for the next time.
    pub async fn write(&self) -> Result<(), StoreError> {
        let unwritten: Vec<_> =
            self.unwritten().iter().map(|(user, voucher)| (*user, voucher.clone())).collect();
        let writing = stream::iter(unwritten).map(|(user, voucher)| async move {
            self.write_one(user, &voucher).await?;
            let mut unwritten = self.unwritten();
            if unwritten.get(&user) == Some(&voucher) {
                unwritten.remove(&user);
            }
            Ok(())
        });
        let written = writing.buffer_unordered(WRITERS).fold(Ok(()), |all, one| async { one.and(all) }).await;
        self.count();
        written
    }

    async fn write_one(&self, user: UserHash, voucher: &Voucher) -> Result<(), StoreError> {
        let issuer = voucher.mark();
        let (before, at) = {
            let index = self.index();
            (index.get(user), index.next_time(user))
        };
        let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let Voucher { user: jid, issuer: name } = voucher;
        let text = json!({"user": jid.as_str(), "issuer": name, "since": since}).to_string();
        let entry = Entry { at, user, said: Said::Vouched(issuer) };
        self.put(entry, text).await?;
        let useless = {
            let mut index = self.index_mut();
            if before.is_some() && index.get(user).is_none() {
                // Removed meanwhile.
                Some(entry.key())
            } else {
                let replaced = index.insert(user, Known { at, issuer, written: true });
                replaced.and_then(|replaced| replaced.key(user))
            }
        };
        match useless {
            Some(key) => self.store.delete(&key).await,
            None => Ok(()),
        }
    }

    async fn put(&self, entry: Entry, text: String) -> Result<(), StoreError> {
        let content_type = ContentType::parse("application/json").unwrap_or_else(|_| ContentType::unknown());
        let object = NewObject { size: text.len() as u64, content_type };
        match self.store.put(&entry.key(), object, Full::from(text)).await {
            // The same user, issuer and millisecond: another replica said the same.
            Ok(()) | Err(PutError::Exists) => Ok(()),
            Err(PutError::Store(error)) => Err(error),
            Err(PutError::Sender(never)) => unreachable!("a text has its length: {never}"),
        }
    }

    fn count(&self) {
        metrics::users(self.index().len(), self.unwritten().len());
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn unwritten(&self) -> MutexGuard<'_, HashMap<UserHash, Voucher>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    fn alice() -> BareJid {
        BareJid::new("alice@localhost").unwrap()
    }

    /// Two replicas with one store.
    async fn replicas() -> (Arc<Store>, [Registry; 2]) {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let replicas = [(); 2].map(|()| Registry::new(Arc::clone(&store)));
        for replica in &replicas {
            replica.refresh().await.unwrap();
        }
        (store, replicas)
    }

    async fn entries(store: &Store) -> Vec<Said> {
        let mut entries = Vec::new();
        let each = |key| entries.extend(Entry::parse(&key).map(|entry| entry.said));
        store.list(&ObjectPrefix::users(), None, each).await.unwrap();
        entries
    }

    #[tokio::test]
    async fn everybody_exists_until_it_is_known_who_does() {
        let registry = Registry::new(Arc::new(Store::Memory(MemoryStore::default())));
        assert!(registry.contains(&alice()));
        registry.refresh().await.unwrap();
        assert!(!registry.contains(&alice()));
    }

    #[tokio::test]
    async fn a_user_is_remembered_at_once_and_written_down_once() {
        let (store, [here, there]) = replicas().await;
        here.remember(&alice(), "one");
        assert!(here.contains(&alice()));
        assert_eq!(entries(&store).await, [], "the login is answered first");
        there.refresh().await.unwrap();
        assert!(!there.contains(&alice()));

        here.write().await.unwrap();
        here.remember(&alice(), "one");
        here.write().await.unwrap();
        assert_eq!(entries(&store).await, [Said::Vouched(IssuerMark::of("one"))]);
        there.refresh().await.unwrap();
        assert!(there.contains(&alice()));
        let later = Registry::new(store);
        later.refresh().await.unwrap();
        assert!(later.contains(&alice()));
    }

    #[tokio::test]
    async fn the_issuer_that_vouched_last_is_kept() {
        let (store, [here, there]) = replicas().await;
        here.register(&alice()).await.unwrap();
        there.refresh().await.unwrap();
        for (replica, issuer) in [(&here, "one"), (&there, "two"), (&here, "one"), (&here, "one")] {
            replica.remember(&alice(), issuer);
            replica.write().await.unwrap();
            replica.refresh().await.unwrap();
            assert!(replica.contains(&alice()));
        }
        here.refresh().await.unwrap();
        there.refresh().await.unwrap();
        assert_eq!(entries(&store).await.len(), 1);
    }

    #[tokio::test]
    async fn a_removed_user_is_gone_everywhere_and_can_come_back() {
        let (store, [here, there]) = replicas().await;
        assert!(!here.remove(&alice()).await.unwrap());
        here.remember(&alice(), "one");
        here.write().await.unwrap();
        there.refresh().await.unwrap();

        assert!(there.remove(&alice()).await.unwrap());
        assert!(!there.contains(&alice()));
        assert_eq!(entries(&store).await, [Said::Gone], "nothing but the removal is left");
        here.refresh().await.unwrap();
        assert!(!here.contains(&alice()));

        here.remember(&alice(), "one");
        here.write().await.unwrap();
        there.refresh().await.unwrap();
        assert!(there.contains(&alice()));
        let later = Registry::new(store);
        later.refresh().await.unwrap();
        assert!(later.contains(&alice()));
    }

    #[tokio::test]
    async fn a_user_who_was_removed_before_he_was_written_down_stays_away() {
        let (store, [here, there]) = replicas().await;
        here.remember(&alice(), "one");
        assert!(here.remove(&alice()).await.unwrap());
        here.write().await.unwrap();
        there.refresh().await.unwrap();
        assert!(!here.contains(&alice()) && !there.contains(&alice()));
        assert_eq!(entries(&store).await, [Said::Gone]);
    }

    #[tokio::test]
    async fn an_entry_says_who_vouched_for_whom() {
        let (store, [here, _]) = replicas().await;
        here.remember(&alice(), "https://login.example.org");
        here.write().await.unwrap();
        let mut keys = Vec::new();
        store.list(&ObjectPrefix::users(), None, |key| keys.push(key)).await.unwrap();
        let entry = store.get(&keys[0]).await.unwrap().unwrap();
        let text = http_body_util::BodyExt::collect(entry.body).await.unwrap().to_bytes();
        let text: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&text["user"], &text["issuer"]),
            (&json!("alice@localhost"), &json!("https://login.example.org"))
        );
    }
}
