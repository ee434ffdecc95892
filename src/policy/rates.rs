//! How often something happens to a name, in constant memory.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use super::UsedUp;

/// More than there are names under attack at once. Two names in one slot share their rate, which only makes them quieter: nothing is refused by
/// it ([`MinuteBudgets`](super::MinuteBudgets) are for that).
const SLOTS: usize = 4096;

/// The lower half of a slot.
const COUNT: u64 = 0xffff_ffff;

/// Counts events of a name within a minute. Strangers choose the names, so nothing grows with them.
#[derive(Debug)]
pub struct MinuteRates {
    per_minute: AtomicU64,
    hasher: RandomState,
    /// The minute in the upper half, its count in the lower.
    slots: Box<[AtomicU64]>,
}

/// What an event is in its minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// One of the allowed ones.
    Within,
    /// The first above.
    Reached,
    /// A further one.
    Above,
}

impl From<Result<(), UsedUp>> for Rate {
    fn from(taken: Result<(), UsedUp>) -> Self {
        match taken {
            Ok(()) => Self::Within,
            Err(UsedUp { first: true, .. }) => Self::Reached,
            Err(UsedUp { first: false, .. }) => Self::Above,
        }
    }
}

impl MinuteRates {
    /// Allows `per_minute` events of a name.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        let slots = std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect();
        Self { per_minute: AtomicU64::new(per_minute.into()), hasher: RandomState::new(), slots }
    }

    /// Allows another number from now on. What was counted stays counted.
    pub fn allow(&self, per_minute: u32) {
        self.per_minute.store(per_minute.into(), Ordering::Relaxed);
    }

    /// Counts an event of `name` at `now`, seconds since 1970.
    #[must_use]
    pub fn count(&self, name: impl Hash, now: f64) -> Rate {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a minute of this age fits"
        )]
        let minute = u64::from((now / 60.0) as u32);
        let slot = usize::try_from(self.hasher.hash_one(name)).unwrap_or(usize::MAX) % SLOTS;
        let next = |packed: u64| {
            let (of, count) = (packed >> 32, packed & COUNT);
            let count = if of == minute { (count + 1).min(COUNT) } else { 1 };
            minute << 32 | count
        };
        let relaxed = Ordering::Relaxed;
        let before = self.slots[slot].fetch_update(relaxed, relaxed, |packed| Some(next(packed)));
        let allowed = self.per_minute.load(relaxed);
        match before.map_or(1, |packed| next(packed) & COUNT) {
            count if count <= allowed => Rate::Within,
            count if count == allowed + 1 => Rate::Reached,
            _ => Rate::Above,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_its_number_of_events() {
        let rates = MinuteRates::new(2);
        let minute = |now| [(); 4].map(|()| rates.count(("alice", "localhost"), now));
        let four = [Rate::Within, Rate::Within, Rate::Reached, Rate::Above];
        assert_eq!(minute(1_800_000_000.0), four);
        assert_eq!(minute(1_800_000_059.0), [Rate::Above; 4]);
        assert_eq!(minute(1_800_000_060.0), four);
    }

    #[test]
    fn another_number_counts_for_what_was_counted_before() {
        let rates = MinuteRates::new(1);
        assert_eq!([(); 2].map(|()| rates.count("alice", 0.0)), [Rate::Within, Rate::Reached]);
        rates.allow(3);
        assert_eq!([(); 2].map(|()| rates.count("alice", 0.0)), [Rate::Within, Rate::Reached]);
    }

    #[test]
    fn names_are_counted_apart() {
        let rates = MinuteRates::new(1);
        let within = (0..100).filter(|name| rates.count(name, 0.0) == Rate::Within).count();
        assert!(within > 80, "{within} of 100 names were alone in their slot");
    }
}
