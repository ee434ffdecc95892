//! How many uploads go on at once, in all and into one slot.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::ObjectKey;
use crate::telemetry::metrics::{UploadUnderWay, upload_under_way};

/// A client whose connection broke may try again before the broken one is noticed. More attempts at one slot are no use to anybody, and
/// without a bound whoever has one slot could take the places of all.
const ATTEMPTS: usize = 3;

/// Places for uploads.
#[derive(Debug)]
pub struct Room {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    places: usize,
    all: usize,
    by_key: HashMap<ObjectKey, usize>,
}

/// A place, taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place<'room> {
    room: &'room Room,
    key: ObjectKey,
    _counted: UploadUnderWay,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// For anybody.
    Full,
    /// For this slot.
    SlotBusy,
}

impl Room {
    /// So many places, all free.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { taken: Mutex::new(Taken { places, ..Taken::default() }) }
    }

    /// Has so many places from now on. Where more are taken, the uploads there go on.
    pub fn resize(&self, places: usize) {
        self.taken().places = places;
    }

    /// Takes a place for an upload to `key`, if one is free.
    pub(super) fn enter(&self, key: &ObjectKey) -> Result<Place<'_>, NoPlace> {
        let mut taken = self.taken();
        if taken.all >= taken.places {
            return Err(NoPlace::Full);
        }
        let attempts = taken.by_key.entry(key.clone()).or_default();
        if *attempts >= ATTEMPTS {
            return Err(NoPlace::SlotBusy);
        }
        *attempts += 1;
        taken.all += 1;
        Ok(Place { room: self, key: key.clone(), _counted: upload_under_way() })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.all -= 1;
        if let Some(attempts) = taken.by_key.get_mut(&self.key) {
            *attempts -= 1;
            if *attempts == 0 {
                taken.by_key.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ObjectPath, parse_vhost};

    fn key(path: &str) -> ObjectKey {
        ObjectKey::file(&parse_vhost("localhost").unwrap(), &ObjectPath::parse(path).unwrap())
    }

    #[test]
    fn places_are_taken_and_left() {
        let room = Room::new(2);
        let (first, _second) = (room.enter(&key("a/b")).unwrap(), room.enter(&key("a/c")).unwrap());
        assert_eq!(room.enter(&key("a/d")).unwrap_err(), NoPlace::Full);
        drop(first);
        drop(room.enter(&key("a/d")).unwrap());
        assert_eq!(room.taken().by_key.len(), 1, "only what is taken costs memory");
    }

    #[test]
    fn a_room_that_shrinks_turns_nobody_out() {
        let room = Room::new(2);
        let (first, second) = (room.enter(&key("a/b")).unwrap(), room.enter(&key("a/c")).unwrap());
        room.resize(1);
        drop(first);
        assert_eq!(room.enter(&key("a/d")).unwrap_err(), NoPlace::Full);
        drop(second);
        drop(room.enter(&key("a/d")).unwrap());
    }

    #[test]
    fn one_slot_does_not_take_all_places() {
        let room = Room::new(10);
        let attempts: Vec<_> = (0..ATTEMPTS).map(|_| room.enter(&key("a/b")).unwrap()).collect();
        assert_eq!(room.enter(&key("a/b")).unwrap_err(), NoPlace::SlotBusy);
        assert!(room.enter(&key("a/c")).is_ok());
        drop(attempts);
        assert!(room.enter(&key("a/b")).is_ok());
    }
}
