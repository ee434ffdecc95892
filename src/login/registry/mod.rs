//! The users who exist: whoever logged in once, and whoever was registered.
//!
//! ejabberd asks for each message to somebody who is not there whether to keep it, so the answer comes from memory. What is in
//! memory comes from the store: all of it at the start, then every few seconds what replicas added since. A login is answered
//! before it is written down; what could not be written is tried again.

mod entry;
mod index;

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use self::entry::{Entry, EntryTime, IssuerMark, Said};
use self::index::Index;
use crate::store::{ObjectKey, ObjectPrefix, Store, StoreError};
use crate::telemetry::metrics;
use crate::types::{BareJid, ContentType, UserHash};

/// How far the clocks of replicas may be apart, together with the time that writing takes.
const OVERLAP: Duration = Duration::from_mins(5);
/// How often all entries are listed, and not just the new ones: heals what was missed.
const FULL_LISTING: Duration = Duration::from_mins(30);
/// Entries that are written at once.
const WRITERS: usize = 16;

/// The registry of users.
#[derive(Debug)]
pub struct Registry {
    store: Arc<Store>,
    index: RwLock<Index>,
    unwritten: Mutex<HashMap<UserHash, Voucher>>,
    loaded: AtomicBool,
    listed: Mutex<Listed>,
}

/// What was listed so far.
#[derive(Debug, Default)]
struct Listed {
    /// Entries before were seen.
    until: Option<EntryTime>,
    /// When all were.
    all: Option<Instant>,
}

/// Who vouched for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Voucher {
    user: BareJid,
    /// `None` for a user who was registered.
    issuer: Option<String>,
    at: EntryTime,
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
            listed: Mutex::default(),
        }
    }

    /// Whether `user` exists. As long as the registry could not be loaded everybody does: a message too many is kept then, and none
    /// is lost.
    #[must_use]
    pub fn contains(&self, user: &BareJid) -> bool {
        !self.is_loaded() || self.index().issuer(user.into()).is_some()
    }

    /// Whether the registry knows what the store knows.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Relaxed)
    }

    /// Whether users wait to be written down.
    #[must_use]
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten().is_empty()
    }

    /// Remembers that `issuer` vouched for `user`. It is written down later, by [`Registry::write`].
    pub fn remember(&self, user: &BareJid, issuer: &str) {
        let (hash, mark) = (UserHash::from(user), IssuerMark::of(issuer));
        // Most logins are not the first one: these share the lock and are done.
        if self.index().issuer(hash) == Some(mark) {
            return;
        }
        let at = {
            let mut index = self.index_mut();
            let at = index.next_time(hash);
            // Who exists goes on doing so in the name of whoever vouched before, until the new entry is written.
            if index.issuer(hash).is_none() {
                index.remember(hash, at, mark);
            }
            at
        };
        let voucher = Voucher { user: user.clone(), issuer: Some(issuer.to_owned()), at };
        self.unwritten().insert(hash, voucher);
    }

    /// Makes `user` exist, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that could not be written down.
    pub async fn register(&self, user: &BareJid) -> Result<(), StoreError> {
        let at = self.index().next_time(user.into());
        self.write_one(user.into(), &Voucher { user: user.clone(), issuer: None, at }).await
    }

    /// Forgets `user`, durably, and answers whether he existed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if he may come back.
    pub async fn remove(&self, user: &BareJid) -> Result<bool, StoreError> {
        let hash = UserHash::from(user);
        // Written down in any case: a replica may be about to write down a login from before.
        let was_known = self.index().issuer(hash).is_some();
        let gone = Entry { at: self.index().next_time(hash), user: hash, said: Said::Gone };
        self.put(gone, "{}".to_owned()).await?;
        let useless = self.index_mut().take_over(gone);
        self.drop_vouchers(gone);
        self.delete(useless).await?;
        Ok(was_known)
    }

    /// Whether `user` exists by all that the store knows at this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that could not be found out.
    pub async fn knows(&self, user: UserHash) -> Result<bool, StoreError> {
        self.refresh().await?;
        Ok(self.index().issuer(user).is_some())
    }

    /// Takes over what is in the store: the first time all of it, then what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there may be more.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let (time, start) = (EntryTime::now(), Instant::now());
        let after = self.listed().next();
        let mut entries = Vec::new();
        let each = |key| entries.extend(Entry::parse(&key));
        self.store.list(&ObjectPrefix::users(), after.as_ref(), each).await?;
        let useless = {
            let mut index = self.index_mut();
            let mut useless: Vec<_> = entries.iter().filter_map(|entry| index.take_over(*entry)).collect();
            useless.extend(index.forget_removals());
            useless
        };
        entries.iter().filter(|entry| entry.said == Said::Gone).for_each(|gone| self.drop_vouchers(*gone));
        self.listed().note(time, after.is_none().then_some(start));
        self.loaded.store(true, Ordering::Relaxed);
        metrics::users_loaded(true);
        metrics::users_refreshed();
        metrics::users(self.index().len());
        self.delete(useless).await
    }

    /// Writes down what was remembered since the last time.
    ///
    /// # Errors
    ///
    /// The first [`StoreError`]. What was not written is kept for the next time.
    pub async fn write(&self) -> Result<(), StoreError> {
        let unwritten: Vec<_> =
            self.unwritten().iter().map(|(user, voucher)| (*user, voucher.clone())).collect();
        let writing = stream::iter(unwritten).map(Ok);
        let written = writing.try_for_each_concurrent(WRITERS, |(user, voucher)| async move {
            self.write_one(user, &voucher).await?;
            // Unless somebody vouched again meanwhile.
            if let Slot::Occupied(slot) = self.unwritten().entry(user)
                && *slot.get() == voucher
            {
                slot.remove();
            }
            Ok(())
        });
        let written = written.await;
        metrics::users_unwritten(self.unwritten().len());
        written
    }

    async fn write_one(&self, user: UserHash, voucher: &Voucher) -> Result<(), StoreError> {
        let at = {
            let index = self.index();
            if index.removed_since(user, voucher.at) {
                return Ok(());
            }
            // The moment of the login, so that a removal which came after it, here or at a replica, stays the newer one. Unless that
            // was so long ago that replicas would not look for it any more.
            let heard_of = EntryTime::now().before(OVERLAP / 2);
            if voucher.at > heard_of { voucher.at } else { index.next_time(user) }
        };
        let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let text =
            json!({"user": voucher.user.as_str(), "issuer": voucher.issuer, "since": since}).to_string();
        let entry = Entry { at, user, said: Said::Vouched(voucher.mark()) };
        self.put(entry, text).await?;
        let useless = self.index_mut().take_over(entry);
        self.delete(useless).await
    }

    async fn put(&self, entry: Entry, text: String) -> Result<(), StoreError> {
        let content_type = ContentType::parse("application/json").unwrap_or_else(|_| ContentType::unknown());
        // The same user, issuer and millisecond: another replica said the same.
        self.store.note(&entry.key(), content_type, text).await
    }

    async fn delete(&self, keys: impl IntoIterator<Item = ObjectKey>) -> Result<(), StoreError> {
        for key in keys {
            self.store.delete(&key).await?;
        }
        Ok(())
    }

    /// A removal counts for whoever was vouched for before it.
    fn drop_vouchers(&self, gone: Entry) {
        if let Slot::Occupied(slot) = self.unwritten().entry(gone.user)
            && slot.get().at <= gone.at
        {
            slot.remove();
        }
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

    fn listed(&self) -> MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listed {
    /// The key after which the next listing begins; `None` for all.
    fn next(&self) -> Option<ObjectKey> {
        self.all.filter(|all| all.elapsed() < FULL_LISTING)?;
        self.until.map(|until| until.before(OVERLAP).key())
    }

    fn note(&mut self, until: EntryTime, all: Option<Instant>) {
        self.until = Some(until);
        self.all = all.or(self.all);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::task::Poll;

    use super::*;
    use crate::store::{DiskStore, MemoryStore};

    fn alice() -> BareJid {
        BareJid::new("alice@localhost").unwrap()
    }

    /// Two replicas with one store.
    async fn replicas() -> (Arc<Store>, [Registry; 2]) {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let replicas = loaded(&store).await;
        (store, replicas)
    }

    async fn loaded(store: &Arc<Store>) -> [Registry; 2] {
        let replicas = [(); 2].map(|()| Registry::new(Arc::clone(store)));
        for replica in &replicas {
            replica.refresh().await.unwrap();
        }
        replicas
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
    async fn a_login_from_before_a_removal_does_not_outlive_it() {
        let (store, [here, there]) = replicas().await;
        here.remember(&alice(), "one");
        here.write().await.unwrap();
        there.refresh().await.unwrap();
        here.remember(&alice(), "two");
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(there.remove(&alice()).await.unwrap());
        here.write().await.unwrap();
        for registry in [here, there, Registry::new(store)] {
            registry.refresh().await.unwrap();
            assert!(!registry.contains(&alice()));
        }
    }

    #[tokio::test]
    async fn a_login_that_nobody_else_knew_of_does_not_outlive_a_removal() {
        let (store, [here, there]) = replicas().await;
        here.remember(&alice(), "one");
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(!there.remove(&alice()).await.unwrap());
        here.write().await.unwrap();
        for registry in [here, there, Registry::new(store)] {
            registry.refresh().await.unwrap();
            assert!(!registry.contains(&alice()));
        }
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

    /// Two replicas with one folder, whose writes take a moment.
    async fn slow_replicas() -> (tempfile::TempDir, Arc<Store>, [Registry; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::Disk(DiskStore::open(folder.path(), true).unwrap()));
        let replicas = loaded(&store).await;
        (folder, store, replicas)
    }

    /// Lets `future` run until it waits for the store.
    async fn begin(future: &mut Pin<&mut impl Future>) {
        let begun = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending()));
        assert!(begun.await, "it did not wait");
    }

    async fn is_known(store: &Arc<Store>) -> bool {
        let later = Registry::new(Arc::clone(store));
        later.refresh().await.unwrap();
        later.contains(&alice())
    }

    #[tokio::test]
    async fn two_replicas_that_see_a_user_at_once_do_not_lose_him() {
        let (_folder, store, [here, there]) = slow_replicas().await;
        here.remember(&alice(), "one");
        there.remember(&alice(), "one");
        let mut write = pin!(here.write());
        begin(&mut write).await;
        there.write().await.unwrap();
        here.refresh().await.unwrap();
        write.await.unwrap();
        for replica in [&here, &there] {
            replica.refresh().await.unwrap();
            assert!(replica.contains(&alice()));
        }
        assert!(is_known(&store).await);
    }

    #[tokio::test]
    async fn a_login_during_his_removal_elsewhere_keeps_a_user() {
        let (_folder, store, [here, there]) = slow_replicas().await;
        let alice = alice();
        here.register(&alice).await.unwrap();
        let mut removal = pin!(here.remove(&alice));
        begin(&mut removal).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        there.remember(&alice, "one");
        there.write().await.unwrap();
        here.refresh().await.unwrap();
        removal.await.unwrap();
        assert!(here.contains(&alice) && there.contains(&alice));
        assert!(is_known(&store).await);
    }

    #[tokio::test]
    async fn a_login_after_a_removal_counts_even_if_an_older_one_is_still_being_written() {
        let (_folder, store, [here, _]) = slow_replicas().await;
        here.remember(&alice(), "one");
        let mut write = pin!(here.write());
        begin(&mut write).await;
        assert!(here.remove(&alice()).await.unwrap());
        here.remember(&alice(), "one");
        write.await.unwrap();
        assert!(here.contains(&alice()) && here.has_unwritten());
        here.write().await.unwrap();
        here.refresh().await.unwrap();
        assert!(here.contains(&alice()) && is_known(&store).await);
    }

    #[tokio::test]
    async fn who_was_removed_elsewhere_is_not_written_down_later() {
        let (_folder, store, [here, there]) = slow_replicas().await;
        here.remember(&alice(), "one");
        there.register(&alice()).await.unwrap();
        assert!(there.remove(&alice()).await.unwrap());
        here.refresh().await.unwrap();
        here.write().await.unwrap();
        assert!(!here.contains(&alice()) && !is_known(&store).await);
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
