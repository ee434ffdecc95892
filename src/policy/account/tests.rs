//! What an account says, beside what is true.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
    let promise = |bytes, until| Promise { bytes, until };
    account.promise("a", promise(60, 1000), LIMIT, 900).unwrap();
    let left = Err(Overdrawn { left: 40 });
    assert_eq!(account.promise("b", promise(41, 2000), LIMIT, 999), left);
    account.reserve(&"other", 41, LIMIT).unwrap();
    account.given_up(&"other");
    account.promise("b", promise(60, 2000), LIMIT, 1000).unwrap();
    assert_eq!(account.promise("c", promise(41, 2000), LIMIT, 1500), left);
    account.reserve(&"b", 60, LIMIT).unwrap();
    account.promise("c", promise(40, 2000), LIMIT, 1500).unwrap();
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

#[test]
fn what_is_tried_again_while_the_store_is_listed_counts_once() {
    let mut account = Account::default();
    account.reserve(&"a", 5, LIMIT).unwrap();
    account.stored(&"a", 5);
    account.reserve(&"a", 5, LIMIT).unwrap();
    let number = account.begin_listing();
    account.listed(number, &"a", 5);
    account.end_listing(number);
    assert_eq!(account.used(), 5);
    account.given_up(&"a");
    assert_eq!((account.used(), account.is_idle()), (5, true));
}

#[test]
fn what_a_listing_saw_before_its_upload_ended_counts_once() {
    let mut account = Account::default();
    account.reserve(&"a", 5, LIMIT).unwrap();
    let number = account.begin_listing();
    account.listed(number, &"a", 5);
    account.end_listing(number);
    assert_eq!(account.used(), 5);
    account.stored(&"a", 5);
    assert_eq!(account.used(), 5);
}

const KEYS: u8 = 4;

#[derive(Debug, Clone)]
enum Step {
    Begin(u8, u64),
    /// One of the attempts ends well, unless there is a file: then it fails.
    Store(u8),
    GiveUp(u8),
    Remove(u8),
    /// Another process stores.
    Foreign(u8, u64),
    List,
    Look(u8),
    End,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS;
    prop_oneof![
        4 => (key.clone(), 1..60_u64).prop_map(|(key, bytes)| Step::Begin(key, bytes)),
        3 => key.clone().prop_map(Step::Store),
        2 => key.clone().prop_map(Step::GiveUp),
        1 => key.clone().prop_map(Step::Remove),
        1 => (key.clone(), 1..60_u64).prop_map(|(key, bytes)| Step::Foreign(key, bytes)),
        1 => Just(Step::List),
        3 => key.prop_map(Step::Look),
        1 => Just(Step::End),
    ]
}

/// What is true, beside what an account says.
#[derive(Default)]
struct World {
    account: Account<u8>,
    store: BTreeMap<u8, u64>,
    attempts: BTreeMap<u8, Vec<u64>>,
    /// The largest attempt since there are any: slots have one size, and nobody looks for the next smaller one.
    largest: BTreeMap<u8, u64>,
    listing: Option<(ListingNumber, Vec<u8>)>,
    /// What others have stored: ever, that no listing may have told of, and of that since the one began which goes on.
    foreign: u64,
    unseen: u64,
    since: u64,
    /// What was removed while the listing went on, and while the last one did.
    removed: u64,
    behind: u64,
}

impl World {
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Begin(key, bytes) => {
                if self.account.reserve(&key, bytes, LIMIT).is_ok() {
                    self.attempts.entry(key).or_default().push(bytes);
                    let largest = self.largest.entry(key).or_default();
                    *largest = bytes.max(*largest);
                }
            }
            Step::Store(key) => self.end_attempt(key, true),
            Step::GiveUp(key) => self.end_attempt(key, false),
            Step::Remove(key) => self.remove(key),
            Step::Foreign(key, bytes) => self.foreign(key, bytes),
            Step::List => {
                self.listing = Some((self.account.begin_listing(), (0..KEYS).collect()));
                (self.since, self.removed) = (0, 0);
            }
            Step::Look(key) => self.look(key),
            Step::End => self.end_listing(),
        }
    }

    /// As the store has it: the second one is refused.
    fn end_attempt(&mut self, key: u8, well: bool) {
        let Some(attempts) = self.attempts.get_mut(&key) else { return };
        let Some(bytes) = attempts.pop() else { return };
        if attempts.is_empty() {
            self.largest.remove(&key);
        }
        if well && !self.store.contains_key(&key) {
            self.store.insert(key, bytes);
            self.account.stored(&key, bytes);
        } else {
            self.account.given_up(&key);
        }
    }

    fn remove(&mut self, key: u8) {
        let Some(bytes) = self.store.remove(&key) else { return };
        self.account.removed(&key, bytes);
        self.removed += bytes;
    }

    fn foreign(&mut self, key: u8, bytes: u64) {
        if let Entry::Vacant(free) = self.store.entry(key) {
            free.insert(bytes);
            for sum in [&mut self.foreign, &mut self.unseen, &mut self.since] {
                *sum += bytes;
            }
        }
    }

    fn look(&mut self, key: u8) {
        let Some((number, left)) = &mut self.listing else { return };
        if left.contains(&key) {
            left.retain(|other| *other != key);
            self.store.get(&key).into_iter().for_each(|bytes| self.account.listed(*number, &key, *bytes));
        }
    }

    fn end_listing(&mut self) {
        (0..KEYS).for_each(|key| self.look(key));
        let Some((number, _)) = self.listing.take() else { return };
        self.account.end_listing(number);
        (self.unseen, self.behind) = (self.since, self.removed);
    }

    fn check(&self) {
        let there = self.store.values().sum::<u64>();
        let tried = self.largest.iter();
        let (in_vain, coming): (Vec<_>, Vec<_>) = tried.partition(|(key, _)| self.store.contains_key(key));
        let [in_vain, coming] =
            [in_vain, coming].map(|of| of.into_iter().map(|(_, bytes)| bytes).sum::<u64>());
        let (used, sum) = (self.account.used(), there + coming);
        assert!(used + self.unseen >= sum, "{used} of {sum}");
        assert!(used <= sum + in_vain + self.behind, "{used} of {sum}");
        assert!(sum <= LIMIT + self.foreign, "{sum}");
    }
}

proptest! {
    /// Two processes and their store, as one of them sees it: a listing looks at some keys while others are stored, tried in vain and
    /// removed, and in the end at all the rest.
    #[test]
    fn the_sum_is_that_of_the_store(steps in proptest::collection::vec(step(), 0..100)) {
        let mut world = World::default();
        for step in &steps {
            world.take(step);
            world.check();
        }
        // With the next listing, which nobody disturbs, all is as it is; and with the end of what is tried.
        world.take(&Step::List);
        world.take(&Step::End);
        world.check();
        for key in 0..KEYS {
            while world.attempts.get(&key).is_some_and(|attempts| !attempts.is_empty()) {
                world.end_attempt(key, false);
                world.check();
            }
        }
        prop_assert_eq!(world.account.used(), world.store.values().sum::<u64>());
        prop_assert!(world.account.is_idle());
    }
}
