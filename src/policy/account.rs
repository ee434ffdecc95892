//! How many bytes somebody has stored, kept without asking the store each time.
//!
//! A listing of the store says what is there. Between two listings, and while one goes on, an account knows what this process itself stores and
//! removes; what others do it learns from the next listing.

use std::collections::HashMap;
use std::hash::Hash;

/// More slots than anybody uses at once: beyond them they are not counted before their files come.
const PROMISES: usize = 256;

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

/// Attempts at one file, of which one at most will be stored.
#[derive(Debug, Default)]
struct Open {
    attempts: usize,
    bytes: u64,
    /// What is there already, as far as that is known: it is part of what is stored.
    seen: u64,
}

impl Open {
    /// What will be there beside what is there.
    fn outstanding(&self) -> u64 {
        self.bytes.saturating_sub(self.seen)
    }
}

/// What a slot that was issued is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// The size of its file.
    pub bytes: u64,
    /// Its end, in seconds since 1970.
    pub until: u64,
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
#[derive(Debug, Clone, Copy)]
enum Touched {
    /// It was on its way. What is seen of it all the same is there.
    Open { seen: u64 },
    /// It was stored.
    Stored(u64),
    /// It was removed.
    Removed,
}

impl Touched {
    /// What is there of it.
    fn bytes(self) -> u64 {
        match self {
            Self::Open { seen: bytes } | Self::Stored(bytes) => bytes,
            Self::Removed => 0,
        }
    }
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

    /// Whether a slot is good still at `now`, seconds since 1970, whose file it has promised room for.
    #[must_use]
    pub fn keeps_promises(&self, now: u64) -> bool {
        self.promised.values().any(|promise| promise.until > now)
    }

    /// Makes room for an upload. It ends with [`Account::stored`] or [`Account::given_up`]. Where its file is there already, and nobody knows, it counts
    /// twice until then.
    ///
    /// # Errors
    ///
    /// [`Overdrawn`] if with it there would be more than `limit` bytes.
    pub fn reserve(&mut self, key: &K, bytes: u64, limit: u64) -> Result<(), Overdrawn> {
        let counted = self.open.get(key).map_or(0, |open| open.seen.max(open.bytes));
        let left = limit.saturating_sub(self.used());
        if bytes.saturating_sub(counted) > left {
            return Err(Overdrawn { left });
        }
        self.change(key, |open| {
            open.attempts += 1;
            open.bytes = open.bytes.max(bytes);
        });
        self.promised.remove(key);
        if let Some(listing) = &mut self.listing {
            listing.touched.entry(key.clone()).or_insert(Touched::Open { seen: 0 });
        }
        Ok(())
    }

    /// An upload was stored, with so many bytes.
    pub fn stored(&mut self, key: &K, bytes: u64) {
        let mut seen = 0;
        self.change(key, |open| {
            // Another attempt can only fail now, unless the file is removed meanwhile.
            seen = std::mem::replace(&mut open.seen, bytes);
            open.attempts = open.attempts.saturating_sub(1);
        });
        self.stored = self.stored.saturating_sub(seen).saturating_add(bytes);
        self.touch(key, Touched::Stored(bytes));
    }

    /// An upload was not stored.
    pub fn given_up(&mut self, key: &K) {
        self.change(key, |open| open.attempts = open.attempts.saturating_sub(1));
    }

    /// Something of so many bytes was removed. If a listing that goes on has seen it already, it counts until the next one.
    pub fn removed(&mut self, key: &K, bytes: u64) {
        self.stored = self.stored.saturating_sub(bytes);
        self.change(key, |open| open.seen = 0);
        self.touch(key, Touched::Removed);
    }

    /// Finds out whether there is room for so many bytes beside what is used.
    ///
    /// # Errors
    ///
    /// [`Overdrawn`] if with them there would be more than `limit`.
    pub fn has_room(&self, bytes: u64, limit: u64) -> Result<(), Overdrawn> {
        let left = limit.saturating_sub(self.used());
        if bytes <= left { Ok(()) } else { Err(Overdrawn { left }) }
    }

    /// A slot is about to be issued at `now`, seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`Overdrawn`] if there is no room for its file beside what is used, and promised to others that are good still.
    pub fn promise(&mut self, key: K, promise: Promise, limit: u64, now: u64) -> Result<(), Overdrawn> {
        self.promised.retain(|_, promise| promise.until > now);
        let promised = self.promised.values().fold(0, |sum: u64, promise| sum.saturating_add(promise.bytes));
        self.has_room(promise.bytes, limit.saturating_sub(promised))?;
        if self.promised.len() < PROMISES {
            self.promised.insert(key, promise);
        }
        Ok(())
    }

    /// The store is going to be listed. An earlier listing that has not ended does not count.
    pub fn begin_listing(&mut self) -> ListingNumber {
        self.listings += 1;
        let touched = self.open.keys().map(|key| (key.clone(), Touched::Open { seen: 0 })).collect();
        self.listing = Some(Listing { number: self.listings, found: 0, touched });
        ListingNumber(self.listings)
    }

    /// How many listings there were.
    #[cfg(test)]
    pub(crate) fn listings(&self) -> u64 {
        self.listings
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
        self.stored = listing.found;
        for (key, touched) in listing.touched {
            self.stored = self.stored.saturating_add(touched.bytes());
            self.change(&key, |open| open.seen = touched.bytes());
        }
    }

    /// Changes what is known of attempts at a file, and forgets it once there are none.
    fn change(&mut self, key: &K, change: impl FnOnce(&mut Open)) {
        let mut open = self.open.remove(key).unwrap_or_default();
        self.open_bytes = self.open_bytes.saturating_sub(open.outstanding());
        change(&mut open);
        if open.attempts > 0 {
            self.open_bytes = self.open_bytes.saturating_add(open.outstanding());
            self.open.insert(key.clone(), open);
        }
    }

    fn touch(&mut self, key: &K, touched: Touched) {
        if let Some(listing) = &mut self.listing {
            listing.touched.insert(key.clone(), touched);
        }
    }
}

#[cfg(test)]
mod tests;
