//! The sum of what one user or vhost has stored, and the listing that brings it up to date.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::usage::lock;
use crate::policy::Account;
use crate::store::{JointWork, ObjectKey, ObjectPrefix, Seats, Store, StoreError};
use crate::telemetry::metrics;
use crate::types::{UserHash, Vhost, seconds_since_1970};

/// How old a sum may be before it is listed again, if that is quickly done.
const FRESH: Duration = Duration::from_secs(10);
/// Else as many times as long as the last listing took.
const PAUSES: u32 = 20;
/// So many times as old it is not used any more: whoever wants to upload waits for a new one.
const STALE: u32 = 4;
/// How long the sum of a user is remembered that nobody uses.
const REMEMBERED: Duration = Duration::from_mins(5);
/// Listings of users that go on at once, and of vhosts; further ones wait.
pub(super) const LISTINGS: usize = 4;

/// Whose files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    User(Vhost, UserHash),
    Host(Vhost),
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

/// A file by the hash of its key, since there may be many to remember. Nobody can find two with the same one.
pub(super) type FileHash = u64;

/// The sum of one holder.
#[derive(Debug)]
pub(super) struct Sum {
    pub(super) holder: Holder,
    account: Mutex<Account<FileHash>>,
    age: Mutex<Age>,
    listing: JointWork,
}

#[derive(Debug)]
struct Age {
    listed: Option<Instant>,
    took: Duration,
    used: Instant,
}

impl Age {
    fn interval(&self) -> Duration {
        FRESH.max(self.took * PAUSES)
    }
}

impl Sum {
    pub(super) fn new(holder: Holder) -> Self {
        let age = Age { listed: None, took: Duration::ZERO, used: Instant::now() };
        Self { holder, account: Mutex::default(), age: Mutex::new(age), listing: JointWork::default() }
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account<FileHash>> {
        lock(&self.account)
    }

    pub(super) fn is_of_host(&self) -> bool {
        matches!(self.holder, Holder::Host(_))
    }

    pub(super) fn is_used_now(&self) {
        lock(&self.age).used = Instant::now();
    }

    pub(super) fn used(&self) -> Instant {
        lock(&self.age).used
    }

    #[cfg(test)]
    pub(super) fn grow_older(&self, by: Duration) {
        let mut age = lock(&self.age);
        let earlier = |time: Instant| time.checked_sub(by).unwrap();
        (age.listed, age.used) = (age.listed.map(earlier), earlier(age.used));
    }

    /// Too old to be used.
    pub(super) fn is_stale(&self) -> bool {
        let age = lock(&self.age);
        age.listed.is_none_or(|listed| listed.elapsed() > age.interval() * STALE)
    }

    /// Old, and used since: that of a vhost in any case.
    pub(super) fn is_due(&self) -> bool {
        let (age, of_host) = (lock(&self.age), self.is_of_host());
        age.listed.is_none_or(|listed| {
            let used_since = of_host || age.used > listed;
            used_since && listed.elapsed() > age.interval()
        })
    }

    /// Whether nothing would be lost with it: who waits for it, or holds it, would count on a sum that nobody else sees.
    pub(super) fn is_loose(self: &Arc<Self>) -> bool {
        let account = self.account();
        // The map has one of them.
        Arc::strong_count(self) == 1 && account.is_idle() && !account.keeps_promises(seconds_since_1970())
    }

    /// Whether it is worth its memory, where the sums of `hosts` are kept.
    pub(super) fn is_of_use(self: &Arc<Self>, hosts: &[Vhost]) -> bool {
        let wanted = match &self.holder {
            Holder::Host(vhost) => hosts.contains(vhost),
            Holder::User(..) => self.used().elapsed() < REMEMBERED,
        };
        wanted || !self.is_loose()
    }
}

/// Lists what sums are of.
#[derive(Debug)]
pub(super) struct Lister {
    store: Arc<Store>,
    hasher: RandomState,
    pub(super) seats: Seats,
    /// Of their own, because those of vhosts take long.
    host_seats: Seats,
    /// Vhosts with a quota: their sums are kept whether or not somebody uploads, and told.
    hosts: Mutex<Vec<Vhost>>,
}

impl Lister {
    pub(super) fn new(store: Arc<Store>) -> Self {
        let [seats, host_seats] = [(); 2].map(|()| Seats::new(LISTINGS));
        Self { store, hasher: RandomState::new(), seats, host_seats, hosts: Mutex::default() }
    }

    pub(super) fn hash(&self, key: &ObjectKey) -> FileHash {
        self.hasher.hash_one(key)
    }

    pub(super) fn hosts(&self) -> MutexGuard<'_, Vec<Vhost>> {
        lock(&self.hosts)
    }

    /// From now on the sums of these vhosts are told, and of no other.
    pub(super) fn keep_hosts(&self, hosts: Vec<Vhost>) {
        let mut kept = self.hosts();
        for gone in kept.iter().filter(|host| !hosts.contains(host)) {
            metrics::vhost_used(gone, None);
        }
        *kept = hosts;
    }

    /// Lists, or waits for the listing that goes on. It ends though they leave who wait for it: impatient clients would never see the end of a long one.
    pub(super) async fn list(self: &Arc<Self>, sum: &Arc<Sum>) -> Result<(), StoreError> {
        sum.listing.join(self.seats_of(sum), self.listing_of(sum)).await
    }

    /// Lists, and does not wait for it. A store that is away is told by its health, and by whoever wants to upload.
    pub(super) fn begin_to_list(self: &Arc<Self>, sum: &Arc<Sum>) {
        sum.listing.begin(self.seats_of(sum), self.listing_of(sum));
    }

    #[cfg(test)]
    pub(super) async fn all_seats(&self) -> [impl Sized; 2] {
        [self.seats.all().await, self.host_seats.all().await]
    }

    fn seats_of(&self, sum: &Sum) -> &Seats {
        match sum.holder {
            Holder::User(..) => &self.seats,
            Holder::Host(_) => &self.host_seats,
        }
    }

    fn listing_of(
        self: &Arc<Self>,
        sum: &Arc<Sum>,
    ) -> impl FnOnce() -> BoxFuture<'static, Result<(), StoreError>> + use<> {
        let (this, sum) = (Arc::clone(self), Arc::clone(sum));
        || async move { this.bring_up_to_date(&sum).await }.boxed()
    }

    async fn bring_up_to_date(&self, sum: &Arc<Sum>) -> Result<(), StoreError> {
        let start = Instant::now();
        let number = sum.account().begin_listing();
        for prefix in sum.holder.prefixes() {
            let (sum, hasher) = (Arc::clone(sum), self.hasher.clone());
            let each = move |key: ObjectKey, bytes| {
                let (key, bytes) = key.pointed().unwrap_or((key, bytes));
                sum.account().listed(number, &hasher.hash_one(key), bytes);
            };
            self.store.sizes(&prefix, each).await?;
        }
        sum.account().end_listing(number);
        self.tell(sum);
        let mut age = lock(&sum.age);
        (age.listed, age.took) = (Some(start), start.elapsed());
        Ok(())
    }

    fn tell(&self, sum: &Sum) {
        let Holder::Host(vhost) = &sum.holder else { return };
        let kept = self.hosts();
        if kept.contains(vhost) {
            metrics::vhost_used(vhost, Some(sum.account().used()));
        }
    }
}
