//! The registry in memory.

use std::collections::HashMap;
use std::time::Duration;

use super::entry::{Entry, EntryTime, IssuerMark, Said};
use crate::store::ObjectKey;
use crate::types::UserHash;

/// By then every replica has heard of a removal.
const REMOVAL_IS_KNOWN: Duration = Duration::from_hours(1);

/// Who exists, and who was removed not long ago. Of several entries of a user the newest counts, wherever it comes from.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<UserHash, Latest>);

/// The newest that is known of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Latest {
    at: EntryTime,
    said: Said,
    /// Whether the store has this entry.
    written: bool,
}

impl Latest {
    fn entry(self, user: UserHash) -> Entry {
        Entry { at: self.at, user, said: self.said }
    }
}

impl Index {
    /// The issuer that vouched for `user`, if he exists.
    pub(super) fn issuer(&self, user: UserHash) -> Option<IssuerMark> {
        match self.0.get(&user)?.said {
            Said::Vouched(issuer) => Some(issuer),
            Said::Gone => None,
        }
    }

    /// Whether `user` was removed at `time` or later.
    pub(super) fn removed_since(&self, user: UserHash, time: EntryTime) -> bool {
        self.0.get(&user).is_some_and(|latest| latest.said == Said::Gone && latest.at >= time)
    }

    /// How many users exist.
    pub(super) fn len(&self) -> usize {
        self.0.values().filter(|latest| latest.said != Said::Gone).count()
    }

    /// A time for the next entry of `user`: now, or a moment after the last one if clocks are apart.
    pub(super) fn next_time(&self, user: UserHash) -> EntryTime {
        self.0.get(&user).map_or_else(EntryTime::now, |latest| EntryTime::now_after(latest.at))
    }

    /// Makes a user exist of whom the store does not know yet.
    pub(super) fn remember(&mut self, user: UserHash, at: EntryTime, issuer: IssuerMark) {
        self.0.insert(user, Latest { at, said: Said::Vouched(issuer), written: false });
    }

    /// Takes over an entry that the store has, and answers the one that is of no more use: this one or the one before, whichever is
    /// older. What is newer has to be in the store before the older one goes.
    pub(super) fn take_over(&mut self, entry: Entry) -> Option<ObjectKey> {
        let new = Latest { at: entry.at, said: entry.said, written: true };
        let Some(latest) = self.0.get_mut(&entry.user) else {
            self.0.insert(entry.user, new);
            return None;
        };
        if (latest.at, latest.said) > (new.at, new.said) {
            return latest.written.then(|| entry.key());
        }
        let before = std::mem::replace(latest, new);
        (before.written && before.entry(entry.user) != entry).then(|| before.entry(entry.user).key())
    }

    /// Forgets removals that every replica knows of, and answers their entries.
    pub(super) fn forget_removals(&mut self) -> Vec<ObjectKey> {
        let forgotten_before = EntryTime::now().before(REMOVAL_IS_KNOWN);
        let forgotten = |latest: &Latest| latest.said == Said::Gone && latest.at < forgotten_before;
        self.0
            .extract_if(|_, latest| forgotten(latest))
            .map(|(user, latest)| latest.entry(user).key())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BareJid;

    fn alice() -> UserHash {
        UserHash::from(&BareJid::new("alice@localhost").unwrap())
    }

    fn entry(age: Duration, said: Said) -> Entry {
        Entry { at: EntryTime::now().before(age), user: alice(), said }
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn the_newest_entry_counts_in_whatever_order_they_come() {
        let (one, two) = (IssuerMark::of("one"), IssuerMark::of("two"));
        let entries = [
            entry(MINUTE * 3, Said::Vouched(one)),
            entry(MINUTE * 2, Said::Gone),
            entry(MINUTE, Said::Vouched(two)),
        ];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut index = Index::default();
            let useless: Vec<_> = order.iter().filter_map(|at| index.take_over(entries[*at])).collect();
            assert_eq!(index.issuer(alice()), Some(two), "{order:?}");
            assert_eq!(useless.len(), 2, "{order:?}");
            assert!(!useless.contains(&entries[2].key()), "{order:?}");
            assert_eq!(index.take_over(entries[2]), None, "the same again");
        }
    }

    #[test]
    fn nothing_goes_before_what_replaces_it_is_written() {
        let older = entry(MINUTE, Said::Vouched(IssuerMark::of("one")));
        let mut index = Index::default();
        let now = index.next_time(alice());
        index.remember(alice(), now, IssuerMark::of("two"));
        assert_eq!(index.take_over(older), None);
        assert_eq!(index.issuer(alice()), Some(IssuerMark::of("two")));
        let written = Entry { at: now, user: alice(), said: Said::Vouched(IssuerMark::of("two")) };
        assert_eq!(index.take_over(written), None);
        assert_eq!(index.take_over(older), Some(older.key()));
    }

    #[test]
    fn a_removal_is_kept_until_every_replica_knows_of_it() {
        let (fresh, old) = (entry(MINUTE, Said::Gone), entry(MINUTE * 61, Said::Gone));
        let mut index = Index::default();
        index.take_over(fresh);
        assert_eq!((index.len(), index.forget_removals()), (0, vec![]));
        assert!(index.removed_since(alice(), fresh.at));
        let mut index = Index::default();
        index.take_over(old);
        assert_eq!(index.forget_removals(), [old.key()]);
        assert!(!index.removed_since(alice(), old.at));
    }

    #[test]
    fn the_next_entry_is_the_newest_whatever_the_clock_says() {
        let mut index = Index::default();
        let ahead = Entry { at: EntryTime::now_after(EntryTime::now()), user: alice(), said: Said::Gone };
        index.take_over(ahead);
        assert!(index.next_time(alice()) > ahead.at);
    }
}
