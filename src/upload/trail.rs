//! What leads to a file that nobody would find otherwise: a pointer below its user, if its path does not name him, and entries below `expiring/`.
//!
//! An entry is ordered by the time at which somebody has to look at its file: when that is over, and, for a file with a pointer, when its slot is. It is
//! written before the pointer, and the pointer before the file: whatever a process leaves that dies in between, the entry leads to it.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::CLOCKS;
use crate::authn::PutGrant;
use crate::store::{Lifetime, ObjectInfo, ObjectKey, Store, StoreError, wait_until};
use crate::types::{ContentType, ObjectPath, UserHash, Vhost, parse_vhost, seconds_since_1970};

/// An upload that outlasts its slot is looked for so much later, in seconds, and later by as much again until it ends.
const LATER: u64 = 24 * 3600;
/// What could not be written down is tried again so much later, in seconds.
const RETRY: u64 = 60;

/// The way to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trail {
    pub(super) vhost: Vhost,
    pub(super) path: ObjectPath,
    /// Whose it is, if its path does not tell.
    pub(super) pointed: Option<Pointed>,
}

/// What a pointer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointed {
    pub(super) owner: UserHash,
    /// The file's bytes.
    pub(super) size: u64,
}

#[derive(Serialize, Deserialize)]
struct EntryText {
    vhost: String,
    /// Percent-encoded.
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

/// Whose upload it is, as far as that is known.
pub(super) fn owner(grant: &PutGrant) -> Option<UserHash> {
    grant.user().map(UserHash::from).or_else(|| named(grant.path()))
}

/// The user whom a path names.
pub(super) fn named(path: &ObjectPath) -> Option<UserHash> {
    path.owner().and_then(|owner| owner.parse().ok())
}

impl Trail {
    pub(super) fn of(grant: &PutGrant) -> Self {
        let owner = grant.user().map(UserHash::from).filter(|owner| named(grant.path()) != Some(*owner));
        let pointed = owner.map(|owner| Pointed { owner, size: grant.size() });
        Self { vhost: grant.vhost().clone(), path: grant.path().clone(), pointed }
    }

    /// To the file under this key; `None` if it is none of the vhost's.
    pub(super) fn to(vhost: &Vhost, file: &ObjectKey, pointed: Option<Pointed>) -> Option<Self> {
        let path = ObjectPath::from_decoded(file.path_at(vhost)?).ok()?;
        Some(Self { vhost: vhost.clone(), path, pointed })
    }

    pub(super) fn owner(&self) -> Option<UserHash> {
        self.pointed.map(|pointed| pointed.owner).or_else(|| named(&self.path))
    }

    pub(super) fn file(&self) -> ObjectKey {
        ObjectKey::file(&self.vhost, &self.path)
    }

    pub(super) fn pointer(&self) -> Option<ObjectKey> {
        let Pointed { owner, size } = self.pointed?;
        Some(ObjectKey::pointer(&self.vhost, owner, size, &self.path))
    }

    /// Writes the pointer down, durably, if there has to be one.
    pub(super) async fn note_pointer(&self, store: &Store) -> Result<(), StoreError> {
        let Some(pointer) = self.pointer() else { return Ok(()) };
        store.note(&pointer, ContentType::unknown(), String::new()).await
    }

    /// Removes it, if there may be one.
    pub(super) async fn delete_pointer(&self, store: &Store) -> Result<(), StoreError> {
        let Some(pointer) = self.pointer() else { return Ok(()) };
        store.delete(&pointer).await
    }

    /// The entry for `time`, seconds since 1970. Its name tells neither user nor file.
    pub(super) fn entry(&self, time: u64) -> ObjectKey {
        let file = Sha256::digest(self.file().as_str());
        ObjectKey::expiring(
            &format!("{:08}", time / 3600),
            &format!("{time:012}-{}", hex::encode(&file[..16])),
        )
    }

    /// Writes it down, durably.
    pub(super) async fn note_entry(&self, store: &Store, time: u64) -> Result<(), StoreError> {
        let content_type = ContentType::parse("application/json").unwrap_or_else(|_| ContentType::unknown());
        let json = EntryText {
            vhost: self.vhost.to_string(),
            path: self.path.encoded(),
            owner: self.pointed.map(|pointed| pointed.owner.to_string()),
            size: self.pointed.map(|pointed| pointed.size),
        };
        // Texts and a number: that does not fail.
        let text = serde_json::to_string(&json).unwrap_or_default();
        store.note(&self.entry(time), content_type, text).await
    }

    /// Reads an entry.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let EntryText { vhost, path, owner, size } = serde_json::from_slice(text).ok()?;
        let owner: Option<UserHash> = owner.map(|owner| owner.parse()).transpose().ok()?;
        let pointed = owner.zip(size).map(|(owner, size)| Pointed { owner, size });
        Some(Self { vhost: parse_vhost(&vhost)?, path: ObjectPath::parse(&path).ok()?, pointed })
    }

    /// The same, unless the store is full: what makes room goes on, and the worst that it leaves is a name.
    pub(super) async fn note_entry_if_room(&self, store: &Store, time: u64) -> Result<(), StoreError> {
        match self.note_entry(store, time).await {
            Err(error) if error.is_full() => Ok(()),
            noted => noted,
        }
    }

    /// Removes the file, of which `info` was just read, at `now`: a time that has to be right. Its slot stays used for as long as there may be a token for it.
    pub(super) async fn end(&self, store: &Store, info: &ObjectInfo, now: u64) -> Result<(), StoreError> {
        match info.life.slot_ends {
            Some(ends) if ends.saturating_add(CLOCKS) <= now => store.delete(&self.file()).await,
            _ => self.bury(store, info).await,
        }
    }

    /// The same, whatever the clock says: the name stays, and goes with the sweep.
    pub(super) async fn bury(&self, store: &Store, info: &ObjectInfo) -> Result<(), StoreError> {
        let file = self.file();
        let Some(ends) = info.life.slot_ends else {
            return store.bury(&file, info, Lifetime::default()).await;
        };
        self.note_entry_if_room(store, ends).await?;
        let life = Lifetime { keep_until: Some(ends), slot_ends: Some(ends), buried: true };
        store.bury(&file, info, life).await
    }

    /// Never ends: for as long as an upload goes on behind the end of its slot, there is an entry for a time that is still to come.
    pub(super) async fn keep_ahead(&self, store: &Store, slot_ends: u64) -> Infallible {
        let mut times = 0;
        loop {
            wait_until(later(slot_ends, times)).await;
            times += 1;
            while self.note_entry(store, later(slot_ends, times)).await.is_err() {
                wait_until(seconds_since_1970() + RETRY).await;
            }
        }
    }

    /// All entries that there may be for the file of a slot with an end, if it was stored at `stored`; seconds since 1970.
    pub(super) fn entries_of_slot(&self, slot_ends: u64, stored: u64) -> impl Iterator<Item = ObjectKey> {
        let times = stored.checked_sub(slot_ends).map_or(0, |late| late / LATER + 1);
        (0..=times).map(move |times| self.entry(later(slot_ends, times)))
    }
}

fn later(slot_ends: u64, times: u64) -> u64 {
    slot_ends.saturating_add(times.saturating_mul(LATER))
}
