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
mod tests;
