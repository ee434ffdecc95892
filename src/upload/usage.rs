//! How much of the quotas is used. The store is the only state: it is listed for each user who uploads, and for each vhost with a quota. Memory has the sums,
//! brought up to date by what this process stores and removes, and listed again when they are used and old: what other processes do counts then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::quota::{QuotaOf, QuotaRefusal, Quotas};
use crate::policy::Account;
use crate::store::{ObjectKey, ObjectPrefix, Store, StoreError};
use crate::telemetry::metrics;
use crate::types::{UserHash, Vhost};

/// How old a sum may be before it is listed again, if that is quickly done.
const FRESH: Duration = Duration::from_secs(10);
/// Else as many times as long as the last listing took.
const PAUSES: u32 = 20;
/// So many times as old it is not used any more: whoever wants to upload waits for a new one.
const STALE: u32 = 4;
/// How long a sum is remembered that nobody uses.
const REMEMBERED: Duration = Duration::from_mins(5);
/// So many are remembered.
const ACCOUNTS: usize = 10_000;

/// Whose files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    User(Vhost, UserHash),
    Host(Vhost),
}

/// The sums of users and vhosts.
#[derive(Debug)]
pub struct Usage {
    store: Arc<Store>,
    held: Mutex<HashMap<Holder, Arc<Held>>>,
    /// Vhosts with a quota: their sums are kept whether or not somebody uploads.
    hosts: Mutex<Vec<Vhost>>,
}

/// The sum of one.
#[derive(Debug)]
struct Held {
    holder: Holder,
    account: Mutex<Account<ObjectKey>>,
    age: Mutex<Age>,
    /// One listing at a time.
    listing: futures_util::lock::Mutex<()>,
}

#[derive(Debug)]
struct Age {
    listed: Option<Instant>,
    took: Duration,
    used: Instant,
}

/// Why there is no room, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum NoRoom {
    /// There is none.
    #[error(transparent)]
    Quota(#[from] QuotaRefusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Room for an upload, held until it is stored or this is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    key: ObjectKey,
    held: Vec<Arc<Held>>,
}

impl Reserved {
    /// The upload was stored.
    pub(super) fn stored(mut self, bytes: u64) {
        for held in self.held.drain(..) {
            held.account().stored(&self.key, bytes);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        for held in &self.held {
            held.account().given_up(&self.key);
        }
    }
}

impl Usage {
    /// Of what is in `store`.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, held: Mutex::default(), hosts: Mutex::default() }
    }

    /// Of a store that has nothing.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self::new(Arc::new(Store::Memory(crate::store::MemoryStore::default())))
    }

    /// From now on the sums of these vhosts are known before somebody uploads.
    pub fn keep_hosts(&self, hosts: Vec<Vhost>) {
        *lock(&self.hosts) = hosts;
    }

    /// Makes room for a file of so many bytes, below `quotas`.
    pub(super) async fn reserve(
        &self,
        quotas: Quotas,
        vhost: &Vhost,
        owner: Option<UserHash>,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<Reserved, NoRoom> {
        let mut reserved = Reserved { key: key.clone(), held: Vec::new() };
        for (limit, held) in self.limits(quotas, vhost, owner) {
            self.ready(&held).await?;
            let done = held.account().reserve(key, bytes, limit.bytes());
            done.map_err(|overdrawn| QuotaRefusal::of(limit, overdrawn))?;
            reserved.held.push(held);
        }
        Ok(reserved)
    }

    /// Finds out whether there is room for another slot of so many bytes at `now`, seconds since 1970.
    pub(super) async fn has_room(
        &self,
        quotas: Quotas,
        vhost: &Vhost,
        owner: UserHash,
        bytes: u64,
        now: u64,
    ) -> Result<(), NoRoom> {
        for (limit, held) in self.limits(quotas, vhost, Some(owner)) {
            self.ready(&held).await?;
            let done = held.account().has_room(bytes, limit.bytes(), now);
            done.map_err(|overdrawn| QuotaRefusal::of(limit, overdrawn))?;
        }
        Ok(())
    }

    /// A slot was issued, which is good until `until`.
    pub(super) fn promise(&self, vhost: &Vhost, owner: UserHash, key: &ObjectKey, bytes: u64, until: u64) {
        for held in self.known(vhost, Some(owner)) {
            held.account().promise(key.clone(), bytes, until);
        }
    }

    /// The bytes of a user's files. What happened elsewhere in the last minute may be missing; without quotas, what happened here, too.
    pub(super) async fn used(&self, vhost: &Vhost, owner: UserHash) -> Result<u64, StoreError> {
        let held = self.hold(Holder::User(vhost.clone(), owner));
        self.ready(&held).await?;
        let used = held.account().used();
        Ok(used)
    }

    /// A file was removed.
    pub(super) fn removed(&self, vhost: &Vhost, owner: Option<UserHash>, key: &ObjectKey, bytes: u64) {
        for held in self.known(vhost, owner) {
            held.account().removed(key, bytes);
        }
    }

    /// Lists what is used and old, and forgets what nobody uses.
    pub async fn refresh(&self) {
        for host in lock(&self.hosts).clone() {
            drop(self.hold(Holder::Host(host)));
        }
        let old: Vec<_> = {
            let mut all = lock(&self.held);
            all.retain(|_, held| held.is_of_use());
            all.values().filter(|held| held.is_due()).cloned().collect()
        };
        for held in old {
            // A store that is away is told by its health, and by whoever wants to upload.
            let _ = self.list(&held, Held::is_due).await;
        }
    }

    fn limits(
        &self,
        quotas: Quotas,
        vhost: &Vhost,
        owner: Option<UserHash>,
    ) -> impl Iterator<Item = (QuotaOf, Arc<Held>)> {
        let of_user = quotas.per_user.zip(owner);
        let of_user =
            of_user.map(|(limit, owner)| (QuotaOf::User(limit), Holder::User(vhost.clone(), owner)));
        let of_host = quotas.per_host.map(|limit| (QuotaOf::Host(limit), Holder::Host(vhost.clone())));
        of_user.into_iter().chain(of_host).map(|(limit, holder)| (limit, self.hold(holder)))
    }

    fn known(&self, vhost: &Vhost, owner: Option<UserHash>) -> Vec<Arc<Held>> {
        let all = lock(&self.held);
        let user = owner.and_then(|owner| all.get(&Holder::User(vhost.clone(), owner)).cloned());
        user.into_iter().chain(all.get(&Holder::Host(vhost.clone())).cloned()).collect()
    }

    fn hold(&self, holder: Holder) -> Arc<Held> {
        let mut all = lock(&self.held);
        if all.len() >= ACCOUNTS && !all.contains_key(&holder) {
            let oldest = all.values().filter(|held| held.may_go()).min_by_key(|held| lock(&held.age).used);
            let oldest = oldest.map(|held| held.holder.clone());
            oldest.map(|holder| all.remove(&holder));
        }
        let held = all.entry(holder).or_insert_with_key(|holder| Arc::new(Held::new(holder.clone())));
        Arc::clone(held)
    }

    /// Waits for a sum that may be used.
    async fn ready(&self, held: &Arc<Held>) -> Result<(), StoreError> {
        lock(&held.age).used = Instant::now();
        if held.is_stale() { self.list(held, Held::is_stale).await } else { Ok(()) }
    }

    /// Lists, if that is still `wanted` once nobody else does.
    async fn list(&self, held: &Arc<Held>, wanted: fn(&Held) -> bool) -> Result<(), StoreError> {
        let _one = held.listing.lock().await;
        if !wanted(held) {
            return Ok(());
        }
        let start = Instant::now();
        let number = held.account().begin_listing();
        for prefix in held.holder.prefixes() {
            let held = Arc::clone(held);
            let each = move |key: ObjectKey, bytes| {
                let (key, bytes) = key.pointed().unwrap_or((key, bytes));
                held.account().listed(number, &key, bytes);
            };
            self.store.sizes(&prefix, each).await?;
        }
        let used = {
            let mut account = held.account();
            account.end_listing(number);
            account.used()
        };
        if let Holder::Host(vhost) = &held.holder {
            metrics::vhost_used(vhost, used);
        }
        let mut age = lock(&held.age);
        (age.listed, age.took) = (Some(start), start.elapsed());
        Ok(())
    }
}

impl Holder {
    fn prefixes(&self) -> Vec<ObjectPrefix> {
        match self {
            Self::User(vhost, owner) => {
                vec![ObjectPrefix::files_of(vhost, *owner), ObjectPrefix::pointers_of(vhost, *owner)]
            }
            Self::Host(vhost) => vec![ObjectPrefix::files_at(vhost)],
        }
    }
}

impl Held {
    fn new(holder: Holder) -> Self {
        let age = Age { listed: None, took: Duration::ZERO, used: Instant::now() };
        let listing = futures_util::lock::Mutex::new(());
        Self { holder, account: Mutex::default(), age: Mutex::new(age), listing }
    }

    fn account(&self) -> MutexGuard<'_, Account<ObjectKey>> {
        lock(&self.account)
    }

    /// Too old to be used.
    fn is_stale(&self) -> bool {
        let age = lock(&self.age);
        age.listed.is_none_or(|listed| listed.elapsed() > age.interval() * STALE)
    }

    /// Old, and used since: that of a vhost in any case.
    fn is_due(&self) -> bool {
        let (age, of_host) = (lock(&self.age), matches!(self.holder, Holder::Host(_)));
        age.listed.is_none_or(|listed| {
            let used_since = of_host || age.used > listed;
            used_since && listed.elapsed() > age.interval()
        })
    }

    fn is_of_use(&self) -> bool {
        !self.may_go() || lock(&self.age).used.elapsed() < REMEMBERED
    }

    /// Whether it can be listed anew without losing sight of something.
    fn may_go(&self) -> bool {
        matches!(self.holder, Holder::User(..)) && self.account().is_idle()
    }
}

impl Age {
    fn interval(&self) -> Duration {
        FRESH.max(self.took * PAUSES)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
