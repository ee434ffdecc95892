//! How many bytes somebody has stored, kept without asking the store each time.
//!
//! A listing of the store says what is there. Between two listings, and while one goes on, an account knows what this process itself stores and
//! removes; what others do it learns from the next listing.

use std::collections::HashMap;
use std::hash::Hash;

/// More slots than anybody uses at once: beyond them they are not counted before their files come.
const PROMISES: usize = 1000;

/// The bytes of one user or vhost. Files are told apart by `K`.
#[derive(Debug)]
pub struct Account<K> {
    /// What is there.
    stored: u64,
    /// What is on its way.
    open: HashMap<K, Open>,
    open_bytes: u64,
    /// What slots that nobody has used yet are for.
    promised: HashMap<K, Promise>,
    listing: Option<Listing<K>>,
    listings: u64,
}

/// Uploads to one place, of which one at most will be stored.
#[derive(Debug, Default)]
struct Open {
    attempts: usize,
    bytes: u64,
}

#[derive(Debug)]
struct Promise {
    bytes: u64,
    until: u64,
}

/// A listing under way.
#[derive(Debug)]
struct Listing<K> {
    number: u64,
    /// Bytes of what nobody here has touched since it began.
    found: u64,
    touched: HashMap<K, Touched>,
}

/// What became of something that the listing may see or not.
#[derive(Debug)]
enum Touched {
    /// It was on its way. If it is seen all the same, perhaps somebody else has stored it.
    Open { seen: u64 },
    /// It was stored.
    Stored(u64),
    /// It was removed.
    Removed,
}

/// A listing, so that a late word of an earlier one is not taken for one of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListingNumber(u64);

/// There is no room for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdrawn {
    /// What there is room for, in bytes.
    pub left: u64,
}

impl<K> Default for Account<K> {
    fn default() -> Self {
        let (open, promised) = (HashMap::new(), HashMap::new());
        Self { stored: 0, open, open_bytes: 0, promised, listing: None, listings: 0 }
    }
}

impl<K: Eq + Hash + Clone> Account<K> {
    /// Bytes that are there or on their way.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.stored.saturating_add(self.open_bytes)
    }

    /// Whether nothing is on its way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Makes room for an upload. It ends with [`Account::stored`] or [`Account::given_up`].
    ///
    /// # Errors
    ///
    /// [`Overdrawn`] if with it there would be more than `limit` bytes.
    pub fn reserve(&mut self, key: &K, bytes: u64, limit: u64) -> Result<(), Overdrawn> {
        let reserved = self.open.get(key).map_or(0, |open| open.bytes);
        let more = bytes.saturating_sub(reserved);
        let left = limit.saturating_sub(self.used());
        if more > left {
            return Err(Overdrawn { left });
        }
        let open = self.open.entry(key.clone()).or_default();
        open.attempts += 1;
        open.bytes = open.bytes.max(bytes);
        self.open_bytes += more;
        self.promised.remove(key);
        if let Some(listing) = &mut self.listing {
            listing.touched.entry(key.clone()).or_insert(Touched::Open { seen: 0 });
        }
        Ok(())
    }

    /// An upload was stored, with so many bytes.
    pub fn stored(&mut self, key: &K, bytes: u64) {
        // Another attempt at the same place can only fail now.
        if let Some(open) = self.open.get_mut(key) {
            self.open_bytes -= std::mem::take(&mut open.bytes);
        }
        self.close(key);
        self.stored = self.stored.saturating_add(bytes);
        self.touch(key, Touched::Stored(bytes));
    }

    /// An upload was not stored.
    pub fn given_up(&mut self, key: &K) {
        self.close(key);
    }

    /// Something of so many bytes was removed. If a listing that goes on has seen it already, it counts until the next one.
    pub fn removed(&mut self, key: &K, bytes: u64) {
        self.stored = self.stored.saturating_sub(bytes);
        self.touch(key, Touched::Removed);
    }

    /// Finds out whether there is room for so many bytes beside what is used and promised at `now`, seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`Overdrawn`] if with them there would be more than `limit`.
    pub fn has_room(&mut self, bytes: u64, limit: u64, now: u64) -> Result<(), Overdrawn> {
        self.promised.retain(|_, promise| promise.until > now);
        let promised = self.promised.values().fold(0, |sum: u64, promise| sum.saturating_add(promise.bytes));
        let left = limit.saturating_sub(self.used().saturating_add(promised));
        if bytes <= left { Ok(()) } else { Err(Overdrawn { left }) }
    }

    /// A slot for so many bytes was issued, which is good until `until`, seconds since 1970.
    pub fn promise(&mut self, key: K, bytes: u64, until: u64) {
        if self.promised.len() < PROMISES {
            self.promised.insert(key, Promise { bytes, until });
        }
    }

    /// The store is going to be listed. An earlier listing that has not ended does not count.
    pub fn begin_listing(&mut self) -> ListingNumber {
        self.listings += 1;
        let touched = self.open.keys().map(|key| (key.clone(), Touched::Open { seen: 0 })).collect();
        self.listing = Some(Listing { number: self.listings, found: 0, touched });
        ListingNumber(self.listings)
    }

    /// The listing found something of so many bytes.
    pub fn listed(&mut self, number: ListingNumber, key: &K, bytes: u64) {
        let Some(listing) = self.listing.as_mut().filter(|listing| listing.number == number.0) else {
            return;
        };
        match listing.touched.get_mut(key) {
            None => listing.found = listing.found.saturating_add(bytes),
            Some(Touched::Open { seen }) => *seen = bytes,
            Some(Touched::Stored(_) | Touched::Removed) => {}
        }
    }

    /// The listing found everything.
    pub fn end_listing(&mut self, number: ListingNumber) {
        let Some(listing) = self.listing.take_if(|listing| listing.number == number.0) else { return };
        let touched = listing.touched.iter().map(|(key, touched)| match touched {
            // What is still open is counted when it ends.
            Touched::Open { seen } if !self.open.contains_key(key) => *seen,
            Touched::Stored(bytes) => *bytes,
            Touched::Open { .. } | Touched::Removed => 0,
        });
        self.stored = touched.fold(listing.found, u64::saturating_add);
    }

    fn close(&mut self, key: &K) {
        let Some(open) = self.open.get_mut(key) else { return };
        open.attempts -= 1;
        if open.attempts == 0 {
            self.open_bytes -= open.bytes;
            self.open.remove(key);
        }
    }

    fn touch(&mut self, key: &K, touched: Touched) {
        if let Some(listing) = &mut self.listing {
            listing.touched.insert(key.clone(), touched);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const LIMIT: u64 = 100;

    #[test]
    fn what_is_on_its_way_counts_and_what_is_given_up_does_not() {
        let mut account = Account::default();
        account.reserve(&"a", 60, LIMIT).unwrap();
        assert_eq!(account.reserve(&"b", 41, LIMIT), Err(Overdrawn { left: 40 }));
        account.reserve(&"b", 40, LIMIT).unwrap();
        account.given_up(&"a");
        account.stored(&"b", 40);
        assert_eq!((account.used(), account.is_idle()), (40, true));
        account.removed(&"b", 40);
        assert_eq!(account.used(), 0);
    }

    #[test]
    fn attempts_at_one_slot_count_once() {
        let mut account = Account::default();
        account.reserve(&"a", 90, LIMIT).unwrap();
        account.reserve(&"a", 90, LIMIT).unwrap();
        assert_eq!(account.used(), 90);
        account.stored(&"a", 90);
        assert_eq!((account.used(), account.is_idle()), (90, false));
        account.given_up(&"a");
        assert_eq!((account.used(), account.is_idle()), (90, true));
    }

    #[test]
    fn slots_are_promises_until_they_are_used_or_over() {
        let mut account = Account::default();
        account.promise("a", 60, 1000);
        assert_eq!(account.has_room(41, LIMIT, 999), Err(Overdrawn { left: 40 }));
        account.reserve(&"other", 41, LIMIT).unwrap();
        account.given_up(&"other");
        account.has_room(100, LIMIT, 1000).unwrap();
        account.promise("a", 60, 2000);
        account.reserve(&"a", 60, LIMIT).unwrap();
        account.has_room(40, LIMIT, 1500).unwrap();
    }

    #[test]
    fn a_listing_that_was_given_up_says_nothing_later() {
        let mut account = Account::default();
        let late = account.begin_listing();
        account.listed(late, &"a", 5);
        let number = account.begin_listing();
        account.listed(late, &"b", 7);
        account.listed(number, &"a", 5);
        account.end_listing(late);
        account.end_listing(number);
        assert_eq!(account.used(), 5);
    }

    #[test]
    fn what_somebody_else_had_stored_counts_once_the_own_attempt_failed() {
        let mut account = Account::default();
        let number = account.begin_listing();
        account.reserve(&"a", 5, LIMIT).unwrap();
        account.listed(number, &"a", 5);
        account.given_up(&"a");
        account.end_listing(number);
        assert_eq!(account.used(), 5);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Begin(u8, u64),
        Store(u8),
        GiveUp(u8),
        Remove(u8),
        List,
        Look(u8),
        End,
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0..6_u8;
        prop_oneof![
            3 => (key.clone(), 1..60_u64).prop_map(|(key, bytes)| Step::Begin(key, bytes)),
            2 => key.clone().prop_map(Step::Store),
            1 => key.clone().prop_map(Step::GiveUp),
            1 => key.clone().prop_map(Step::Remove),
            1 => Just(Step::List),
            3 => key.prop_map(Step::Look),
            1 => Just(Step::End),
        ]
    }

    proptest! {
        /// One process and its store: a listing looks at some keys while others are stored and removed, and in the end at all the rest.
        #[test]
        fn the_sum_is_that_of_the_store(steps in proptest::collection::vec(step(), 0..80)) {
            let mut account = Account::default();
            let (mut store, mut open) = (BTreeMap::new(), BTreeMap::new());
            let mut listing: Option<(ListingNumber, Vec<u8>)> = None;
            // Whether something was removed behind the back of a listing.
            let (mut removed, mut behind) = (false, false);
            for step in steps {
                match step {
                    Step::Begin(key, bytes) => {
                        let free = !store.contains_key(&key) && !open.contains_key(&key);
                        if free && account.reserve(&key, bytes, LIMIT).is_ok() {
                            open.insert(key, bytes);
                        }
                    }
                    Step::Store(key) => if let Some(bytes) = open.remove(&key) {
                        store.insert(key, bytes);
                        account.stored(&key, bytes);
                    },
                    Step::GiveUp(key) => if open.remove(&key).is_some() {
                        account.given_up(&key);
                    },
                    Step::Remove(key) => if let Some(bytes) = store.remove(&key) {
                        account.removed(&key, bytes);
                        removed = listing.is_some();
                    },
                    Step::List => {
                        listing = Some((account.begin_listing(), (0..6).collect()));
                        removed = false;
                    }
                    Step::Look(key) => if let Some((number, keys)) = &mut listing {
                        keys.retain(|other| *other != key || {
                            store.get(&key).into_iter().for_each(|bytes| account.listed(*number, &key, *bytes));
                            false
                        });
                    },
                    Step::End => if let Some((number, keys)) = listing.take() {
                        for key in keys {
                            store.get(&key).into_iter().for_each(|bytes| account.listed(number, &key, *bytes));
                        }
                        account.end_listing(number);
                        behind = std::mem::take(&mut removed);
                    },
                }
                let sum = store.values().chain(open.values()).sum::<u64>();
                prop_assert!(account.used() == sum || (behind && account.used() > sum), "{} of {sum}", account.used());
                prop_assert!(sum <= LIMIT);
            }
        }
    }
}
