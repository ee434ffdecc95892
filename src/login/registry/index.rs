//! The registry in memory.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use super::entry::{Entry, EntryTime, IssuerMark, Said};
use crate::store::ObjectKey;
use crate::types::UserHash;

/// By then every replica has heard of a removal.
const REMOVAL_IS_KNOWN: Duration = Duration::from_hours(1);

/// Who exists, and who was removed not long ago. Of several entries of a user the newest counts.
#[derive(Debug, Default)]
pub(super) struct Index {
    known: HashMap<UserHash, Known>,
    gone: HashMap<UserHash, EntryTime>,
}

/// A user who exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) at: EntryTime,
    pub(super) issuer: IssuerMark,
    /// Whether the store has this entry.
    pub(super) written: bool,
}

impl Known {
    /// The entry in the store, if there is one.
    pub(super) fn key(self, user: UserHash) -> Option<ObjectKey> {
        let entry = Entry { at: self.at, user, said: Said::Vouched(self.issuer) };
        self.written.then(|| entry.key())
    }
}

impl Index {
    pub(super) fn get(&self, user: UserHash) -> Option<Known> {
        self.known.get(&user).copied()
    }

    pub(super) fn insert(&mut self, user: UserHash, known: Known) -> Option<Known> {
        self.known.insert(user, known)
    }

    /// Answers the entry that it had.
    pub(super) fn remove(&mut self, user: UserHash, at: EntryTime) -> Option<Known> {
        self.gone.insert(user, at);
        self.known.remove(&user)
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// A time for the next entry of `user`: now, or after those which are known if clocks are apart.
    pub(super) fn next_time(&self, user: UserHash) -> EntryTime {
        let last = self.known.get(&user).map(|known| known.at).max(self.gone.get(&user).copied());
        last.map_or_else(EntryTime::now, EntryTime::now_after)
    }

    /// Takes over `entries` of the store, in the order of their keys, and answers the keys of those which are of no more use.
    pub(super) fn take_over(&mut self, entries: &[Entry]) -> Vec<ObjectKey> {
        let mut useless = Vec::new();
        let forgotten_after = EntryTime::now().before(REMOVAL_IS_KNOWN);
        for entry in entries {
            let known = self.get(entry.user);
            let newest = known.map(|known| (known.at, Said::Vouched(known.issuer)));
            match newest.cmp(&Some((entry.at, entry.said))) {
                Ordering::Equal => {}
                // The newer one has to be in the store before the older one goes.
                Ordering::Greater => useless.extend(known.filter(|known| known.written).map(|_| entry.key())),
                Ordering::Less => {
                    useless.extend(known.and_then(|known| known.key(entry.user)));
                    match entry.said {
                        Said::Vouched(issuer) => {
                            self.insert(entry.user, Known { at: entry.at, issuer, written: true });
                        }
                        Said::Gone => {
                            self.remove(entry.user, entry.at);
                            useless.extend((entry.at < forgotten_after).then(|| entry.key()));
                        }
                    }
                }
            }
        }
        self.gone.retain(|_, at| *at >= forgotten_after);
        useless
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
    fn the_newest_entry_counts() {
        let (one, two) = (IssuerMark::of("one"), IssuerMark::of("two"));
        let entries = [
            entry(MINUTE * 3, Said::Vouched(one)),
            entry(MINUTE * 2, Said::Gone),
            entry(MINUTE, Said::Vouched(two)),
        ];
        let mut index = Index::default();
        assert_eq!(index.take_over(&entries[..1]), []);
        assert_eq!(index.get(alice()).unwrap().issuer, one);
        assert_eq!(index.take_over(&entries[..2]), [entries[0].key()], "a removed user's entry goes");
        assert_eq!(index.get(alice()), None);
        assert_eq!(index.take_over(&entries[2..]), []);
        assert_eq!(index.get(alice()).unwrap().issuer, two);
        assert_eq!(index.take_over(&entries[2..]), [], "the same again");
        assert_eq!(index.take_over(&entries[..1]), [entries[0].key()], "an older one comes late");
        assert_eq!(index.get(alice()).unwrap().issuer, two);
    }

    #[test]
    fn nothing_goes_before_what_replaces_it_is_written() {
        let older = entry(MINUTE, Said::Vouched(IssuerMark::of("one")));
        let mut index = Index::default();
        let known = Known { at: EntryTime::now(), issuer: IssuerMark::of("two"), written: false };
        index.insert(alice(), known);
        assert_eq!(index.take_over(&[older]), []);
        assert_eq!(index.get(alice()), Some(known));
    }

    #[test]
    fn a_removal_is_kept_until_every_replica_knows_of_it() {
        let (fresh, old) = (entry(MINUTE, Said::Gone), entry(MINUTE * 61, Said::Gone));
        assert_eq!(Index::default().take_over(&[fresh]), []);
        assert_eq!(Index::default().take_over(&[old]), [old.key()]);
    }
}
