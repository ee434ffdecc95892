//! The registry in memory.

use std::collections::HashMap;
use std::time::Duration;

use super::entry::{Entry, EntryTime, IssuerMark, Said};
use crate::store::ObjectKey;
use crate::types::UserHash;

/// By then every replica has heard of a removal.
const REMOVAL_IS_KNOWN: Duration = Duration::from_hours(1);

/// Who exists. Of several entries of a user the newest counts.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<UserHash, Known>);

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
        self.0.get(&user).copied()
    }

    pub(super) fn insert(&mut self, user: UserHash, known: Known) -> Option<Known> {
        self.0.insert(user, known)
    }

    pub(super) fn remove(&mut self, user: UserHash) -> Option<Known> {
        self.0.remove(&user)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes over `entries` of the store, in the order of their keys, and answers the keys of those which are of no more use.
    pub(super) fn take_over(&mut self, entries: &[Entry]) -> Vec<ObjectKey> {
        let mut useless = Vec::new();
        let forgotten_after = EntryTime::now().before(REMOVAL_IS_KNOWN);
        for entry in entries {
            let known = self.get(entry.user);
            match (entry.said, known) {
                // The newer one has to be in the store before the older one goes.
                (_, Some(known)) if known.at > entry.at => useless.extend(known.written.then(|| entry.key())),
                (_, Some(known)) if known.at == entry.at => {}
                (Said::Vouched(issuer), older) => {
                    useless.extend(older.and_then(|older| older.key(entry.user)));
                    self.insert(entry.user, Known { at: entry.at, issuer, written: true });
                }
                (Said::Gone, older) => {
                    useless.extend(older.and_then(|older| older.key(entry.user)));
                    self.remove(entry.user);
                    useless.extend((entry.at < forgotten_after).then(|| entry.key()));
                }
            }
        }
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
