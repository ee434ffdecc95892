//! How many uploads go on at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Places for uploads.
#[derive(Debug)]
pub(super) struct Room(AtomicUsize);

/// A place, taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place<'room>(&'room Room);

impl Room {
    pub(super) fn new(places: usize) -> Self {
        Self(AtomicUsize::new(places))
    }

    /// Takes a place, if one is free.
    pub(super) fn enter(&self) -> Option<Place<'_>> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1));
        taken.ok().map(|_| Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_and_left() {
        let room = Room::new(2);
        let (first, second) = (room.enter(), room.enter());
        assert!(first.is_some() && second.is_some() && room.enter().is_none());
        drop(first);
        assert!(room.enter().is_some());
    }
}
