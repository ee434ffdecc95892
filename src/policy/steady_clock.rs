//! Whether a wall clock can be believed by whoever does what cannot be undone.

use std::time::Duration;

/// A wall clock that is so far from where it should be was set.
const STEP: Duration = Duration::from_mins(5);
/// For so long nobody may have set it.
const PROBATION: Duration = Duration::from_hours(1);

/// Believes a wall clock that has kept step for an hour with one that nobody can set. A clock that is wrong from the start is believed after that hour
/// all the same: by then somebody should have noticed.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    /// When it was set or first looked at, by both clocks.
    monotonic: Duration,
    wall: Duration,
}

/// What the wall clock is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockReading {
    /// It has kept step: seconds since 1970.
    Steady(u64),
    /// It was set since the last look, so that its hour begins anew.
    Stepped,
    /// Its hour is not over yet.
    OnProbation,
}

impl SteadyClock {
    /// Begins to look at a wall clock, which says `wall` seconds since 1970 when the monotonic one says `monotonic`.
    #[must_use]
    pub fn begin(monotonic: Duration, wall: u64) -> Self {
        Self { monotonic, wall: Duration::from_secs(wall) }
    }

    /// Looks at both clocks again.
    pub fn read(&mut self, monotonic: Duration, wall: u64) -> ClockReading {
        let passed = monotonic.saturating_sub(self.monotonic);
        let expected = self.wall.saturating_add(passed);
        if Duration::from_secs(wall).abs_diff(expected) > STEP {
            *self = Self::begin(monotonic, wall);
            ClockReading::Stepped
        } else if passed < PROBATION {
            ClockReading::OnProbation
        } else {
            ClockReading::Steady(wall)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_is_believed_after_an_hour_in_step() {
        let mut clock = SteadyClock::begin(seconds(7), NOW);
        for passed in [0, 30, 3599] {
            assert_eq!(clock.read(seconds(7 + passed), NOW + passed), ClockReading::OnProbation, "{passed}");
        }
        // What NTP corrects is no step.
        for (passed, wall) in [(3600, NOW + 3600), (7200, NOW + 7201), (7230, NOW + 7000), (7260, NOW + 7560)]
        {
            assert_eq!(clock.read(seconds(7 + passed), wall), ClockReading::Steady(wall), "{passed}");
        }
    }

    #[test]
    fn a_clock_that_was_set_begins_anew_either_way() {
        for wall in [NOW + 5000 + 301, NOW + 5000 - 301, 0, u64::MAX] {
            let mut clock = SteadyClock::begin(seconds(0), NOW);
            assert_eq!(clock.read(seconds(5000), wall), ClockReading::Stepped);
            let later = |passed| wall.saturating_add(passed);
            assert_eq!(clock.read(seconds(5030), later(30)), ClockReading::OnProbation, "told once");
            assert_eq!(clock.read(seconds(8599), later(3599)), ClockReading::OnProbation);
            assert_ne!(clock.read(seconds(8600), later(3600)), ClockReading::OnProbation);
        }
    }

    proptest! {
        /// However often it is set: whenever it is believed, it has not been set by more than it may for an hour.
        #[test]
        fn none_is_believed_that_was_set_within_the_hour(
            steps in proptest::collection::vec((1..1000_u64, prop_oneof![3 => Just(0), 1 => 601..1_000_000_u64]), 1..60),
        ) {
            let (mut monotonic, mut wall, mut set) = (0, NOW, 0);
            let mut clock = SteadyClock::begin(seconds(0), NOW);
            for (passed, step) in steps {
                (monotonic, wall) = (monotonic + passed, wall + passed + step);
                if step > 0 {
                    set = monotonic;
                }
                let expected = match (step, monotonic - set) {
                    (1.., _) => ClockReading::Stepped,
                    (_, 0..3600) => ClockReading::OnProbation,
                    _ => ClockReading::Steady(wall),
                };
                prop_assert_eq!(clock.read(seconds(monotonic), wall), expected);
            }
        }
    }
}
