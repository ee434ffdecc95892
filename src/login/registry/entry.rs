//! The names of the registry's objects, which hold all that is needed to load it: `users/<hour>/<time>-<user>-<issuer>`.
//!
//! They begin with the time at which they were written, so that a listing from some time on holds what is new. A user who was removed
//! leaves an entry as well, by which the other replicas learn of it.

use std::time::{Duration, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::store::ObjectKey;
use crate::types::{UserHash, time_since_1970};

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryTime(u64);

/// Tells the issuers of a user's entries apart: the beginning of the name's SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IssuerMark([u8; 4]);

/// What an entry says of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    /// This issuer vouched for him.
    Vouched(IssuerMark),
    /// He was removed.
    Gone,
}

/// An entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: EntryTime,
    pub(super) user: UserHash,
    pub(super) said: Said,
}

/// Between a time's day and hour (`2026-11-22T08`), and the rest.
const HOUR: usize = 13;
const GONE: &str = "gone";

impl EntryTime {
    pub(super) fn now() -> Self {
        Self(u64::try_from(time_since_1970().as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Now, or a moment after `other` if the clock was set back.
    pub(super) fn now_after(other: Self) -> Self {
        Self::now().max(Self(other.0 + 1))
    }

    /// What the keys of all entries since then come after.
    pub(super) fn key(self) -> ObjectKey {
        ObjectKey::user_entry(&self.text())
    }

    /// `2026-11-22T08/30.15.123Z`
    fn text(self) -> String {
        let time = UNIX_EPOCH + Duration::from_millis(self.0);
        let time = humantime::format_rfc3339_millis(time).to_string().replace(':', ".");
        let (hour, rest) = time.split_at(HOUR);
        format!("{hour}/{}", rest.trim_start_matches('.'))
    }

    fn parse(hour: &str, rest: &str) -> Option<Self> {
        let time = format!("{hour}:{}", rest.replacen('.', ":", 1));
        let since = humantime::parse_rfc3339(&time).ok()?.duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(since.as_millis()).ok().map(Self)
    }
}

impl IssuerMark {
    pub(super) fn of(issuer: &str) -> Self {
        let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(issuer));
        Self([a, b, c, d])
    }
}

impl Entry {
    pub(super) fn key(self) -> ObjectKey {
        let Self { at, user, said } = self;
        let said = match said {
            Said::Vouched(IssuerMark(mark)) => hex::encode(mark),
            Said::Gone => GONE.to_owned(),
        };
        ObjectKey::user_entry(&format!("{}-{user}-{said}", at.text()))
    }

    /// `None` for what this version did not write.
    pub(super) fn parse(key: &ObjectKey) -> Option<Self> {
        let (hour, rest) = key.as_str().strip_prefix("users/")?.split_once('/')?;
        let mut parts = rest.split('-');
        let (time, user, said) = (parts.next()?, parts.next()?, parts.next()?);
        let said = if said == GONE {
            Said::Gone
        } else {
            let mut mark = [0; 4];
            hex::decode_to_slice(said, &mut mark).ok()?;
            Said::Vouched(IssuerMark(mark))
        };
        let entry = Self { at: EntryTime::parse(hour, time)?, user: user.parse().ok()?, said };
        (entry.key() == *key).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BareJid;

    fn entry(millis: u64, said: Said) -> Entry {
        let user = UserHash::from(&BareJid::new("alice@localhost").unwrap());
        Entry { at: EntryTime(millis), user, said }
    }

    #[test]
    fn keys_tell_the_whole_entry() {
        for said in [Said::Vouched(IssuerMark::of("https://login.example.org")), Said::Gone] {
            let entry = entry(1_795_336_215_123, said);
            assert_eq!(Entry::parse(&entry.key()), Some(entry), "{:?}", entry.key());
        }
        let key = entry(1_795_336_215_123, Said::Gone).key();
        assert_eq!(
            key.as_str(),
            "users/2026-11-22T08/30.15.123Z-9637f279e87dc3aba7eb582ceceaa621fa695865-gone"
        );
    }

    #[test]
    fn keys_sort_as_time_does() {
        let times =
            [0, 999, 1_000, 1_795_336_215_123, 1_795_336_215_124, 1_795_339_815_000, 4_000_000_000_000];
        for pair in times.windows(2) {
            let (earlier, later) = (entry(pair[0], Said::Gone), entry(pair[1], Said::Gone));
            assert!(earlier.key() < later.key(), "{pair:?}");
            assert!(earlier.key() < later.at.key() && later.at.key() < later.key(), "{pair:?}");
        }
    }

    #[test]
    fn other_names_are_left_alone() {
        for name in
            ["", "x", "2026-11-22T08/x", "2026-11-22T08/30.15.123Z-ff-gone", "2026-11-22T08/30.15.123Z"]
        {
            assert_eq!(Entry::parse(&ObjectKey::user_entry(name)), None, "{name}");
        }
    }
}
