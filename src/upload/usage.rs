//! How much of the quotas is used. The store is the only state: it is listed for each user who uploads, and for each vhost with a quota. Memory has the sums,
//! brought up to date by what this process stores and removes, and listed again when they are used and old: what other processes do counts then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};

use super::quota::{QuotaOf, QuotaRefusal, Quotas};
use super::sum::{FileHash, Holder, LISTINGS, Lister, Sum};
use crate::policy::Promise;
use crate::store::{ObjectKey, Store, StoreError};
use crate::types::{UserHash, Vhost};

/// So many sums are remembered.
const SUMS: usize = 10_000;

/// So many sums of users are brought up to date at once: who waits for his needs a seat, too.
const AT_ONCE: usize = LISTINGS / 2;

/// The sums of users and vhosts.
#[derive(Debug)]
pub struct Usage {
    pub(super) lister: Arc<Lister>,
    sums: Mutex<HashMap<Holder, Arc<Sum>>>,
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
    file: FileHash,
    sums: Vec<Arc<Sum>>,
}

impl Reserved {
    /// The upload was stored.
    pub(super) fn stored(mut self, bytes: u64) {
        for sum in self.sums.drain(..) {
            sum.account().stored(&self.file, bytes);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        for sum in &self.sums {
            sum.account().given_up(&self.file);
        }
    }
}

impl Usage {
    /// Of what is in `store`.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self { lister: Arc::new(Lister::new(store)), sums: Mutex::default() }
    }

    /// Of a store that has nothing.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self::new(Arc::new(Store::Memory(crate::store::MemoryStore::default())))
    }

    /// As long as this is held, nothing is listed.
    #[cfg(test)]
    pub(super) async fn all_seats(&self) -> [impl Sized; 2] {
        self.lister.all_seats().await
    }

    /// How many listings of a user there were.
    #[cfg(test)]
    pub(super) fn listings(&self, vhost: &Vhost, owner: UserHash) -> u64 {
        self.known_user(vhost, Some(owner)).map_or(0, |sum| sum.account().listings())
    }

    /// From now on the sums of these vhosts are known before somebody uploads, and those of others are forgotten.
    pub fn keep_hosts(&self, hosts: Vec<Vhost>) {
        lock(&self.sums).retain(|_, sum| sum.is_of_use(&hosts));
        self.lister.keep_hosts(hosts);
    }

    /// Makes room for a file of so many bytes, below `quotas`. A sum of its user without a quota counts it as well, if somebody has asked for that sum.
    pub(super) async fn reserve(
        &self,
        quotas: Quotas,
        vhost: &Vhost,
        owner: Option<UserHash>,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<Reserved, NoRoom> {
        let mut reserved = Reserved { file: self.lister.hash(key), sums: Vec::new() };
        for (limit, sum) in self.limits(quotas, vhost, owner) {
            self.ready(&sum).await?;
            let done = sum.account().reserve(&reserved.file, bytes, limit.bytes());
            done.map_err(|overdrawn| QuotaRefusal::of(limit, overdrawn))?;
            reserved.sums.push(sum);
        }
        if quotas.per_user.is_none()
            && let Some(sum) = self.known_user(vhost, owner)
            && sum.account().reserve(&reserved.file, bytes, u64::MAX).is_ok()
        {
            reserved.sums.push(sum);
        }
        Ok(reserved)
    }

    /// Makes sure, at `now` (seconds since 1970), that there is room for the file of a slot that is about to be issued. It is promised to the user,
    /// and not by the vhost: otherwise one user could use up all of it with slots that he never uses.
    pub(super) async fn promise(
        &self,
        quotas: Quotas,
        vhost: &Vhost,
        owner: UserHash,
        key: &ObjectKey,
        promise: Promise,
        now: u64,
    ) -> Result<(), NoRoom> {
        let file = self.lister.hash(key);
        for (limit, sum) in self.limits(quotas, vhost, Some(owner)) {
            self.ready(&sum).await?;
            let room = match limit {
                QuotaOf::Host(bytes) => sum.account().has_room(promise.bytes, bytes),
                QuotaOf::User(bytes) => sum.account().promise(file, promise, bytes, now),
            };
            room.map_err(|overdrawn| QuotaRefusal::of(limit, overdrawn))?;
        }
        Ok(())
    }

    /// The bytes of a user's files. What happened elsewhere in the last 40 seconds, or 80 times as long as a listing takes if that is more, may be
    /// missing; without a quota for users also an upload here that began before anybody asked.
    pub(super) async fn used(&self, vhost: &Vhost, owner: UserHash) -> Result<u64, StoreError> {
        let sum = hold(&mut lock(&self.sums), Holder::User(vhost.clone(), owner));
        self.ready(&sum).await?;
        let used = sum.account().used();
        Ok(used)
    }

    /// A file was removed.
    pub(super) fn removed(&self, vhost: &Vhost, owner: Option<UserHash>, key: &ObjectKey, bytes: u64) {
        let file = self.lister.hash(key);
        for sum in self.known(vhost, owner) {
            sum.account().removed(&file, bytes);
            // Perhaps it was not in the sum: another process had stored it. Then the next listing says what is true, and is due soon.
            sum.is_used_now();
        }
    }

    /// Lists what is used and old, and forgets what nobody uses. It waits for the listings of users, not for those of vhosts.
    pub async fn refresh(&self) {
        let hosts = self.lister.hosts().clone();
        let old: Vec<_> = {
            let mut sums = lock(&self.sums);
            sums.retain(|_, sum| sum.is_of_use(&hosts));
            for host in hosts {
                drop(hold(&mut sums, Holder::Host(host)));
            }
            sums.values().filter(|sum| sum.is_due()).cloned().collect()
        };
        let (of_hosts, of_users): (Vec<_>, Vec<_>) = old.into_iter().partition(|sum| sum.is_of_host());
        // One that takes long must not make all others old.
        for sum in of_hosts {
            self.lister.begin_to_list(&sum);
        }
        let listing = stream::iter(of_users).for_each_concurrent(AT_ONCE, async |sum| {
            // Somebody may have been faster.
            if sum.is_due() {
                // A store that is away is told by its health, and by whoever wants to upload.
                let _ = self.lister.list(&sum).await;
            }
        });
        listing.await;
    }

    /// The vhost's first: it may take a while to list, and nothing is reserved meanwhile.
    fn limits(
        &self,
        quotas: Quotas,
        vhost: &Vhost,
        owner: Option<UserHash>,
    ) -> impl Iterator<Item = (QuotaOf, Arc<Sum>)> {
        let of_host = quotas.per_host.map(|limit| (QuotaOf::Host(limit), Holder::Host(vhost.clone())));
        let of_user = quotas.per_user.zip(owner);
        let of_user =
            of_user.map(|(limit, owner)| (QuotaOf::User(limit), Holder::User(vhost.clone(), owner)));
        let limits = of_host.into_iter().chain(of_user);
        limits.map(|(limit, holder)| (limit, hold(&mut lock(&self.sums), holder)))
    }

    fn known(&self, vhost: &Vhost, owner: Option<UserHash>) -> Vec<Arc<Sum>> {
        let user = self.known_user(vhost, owner);
        user.into_iter().chain(lock(&self.sums).get(&Holder::Host(vhost.clone())).cloned()).collect()
    }

    fn known_user(&self, vhost: &Vhost, owner: Option<UserHash>) -> Option<Arc<Sum>> {
        lock(&self.sums).get(&Holder::User(vhost.clone(), owner?)).cloned()
    }

    /// Waits for a sum that may be used.
    async fn ready(&self, sum: &Arc<Sum>) -> Result<(), StoreError> {
        sum.is_used_now();
        if sum.is_stale() { self.lister.list(sum).await } else { Ok(()) }
    }
}

/// The sum of `holder`; where there are too many, in the place of the user's who has not uploaded for the longest time.
fn hold(sums: &mut HashMap<Holder, Arc<Sum>>, holder: Holder) -> Arc<Sum> {
    if sums.len() >= SUMS && !sums.contains_key(&holder) {
        let users = sums.values().filter(|sum| !sum.is_of_host());
        let oldest = users.filter(|sum| sum.is_loose()).min_by_key(|sum| sum.used());
        let oldest = oldest.map(|sum| sum.holder.clone());
        oldest.map(|holder| sums.remove(&holder));
    }
    let sum = sums.entry(holder).or_insert_with_key(|holder| Arc::new(Sum::new(holder.clone())));
    Arc::clone(sum)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
