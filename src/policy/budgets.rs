//! How much of something a name may use up in a minute, in constant memory.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A name is counted in a cell of each row, and what it has used is the least of them: whoever uses up a lot spoils the cells that he shares
/// with somebody. That somebody shares all of them with one who does has a probability of `CELLS⁻⁴`, less than 10⁻¹⁶; with some of a thousand, 10⁻⁵.
const ROWS: usize = 4;
/// Half a MiB in all.
const CELLS: usize = 16_384;

/// The lower part of a cell; the upper one is the minute.
const AMOUNT_BITS: u32 = 40;
/// The most that can be counted in a minute.
const AMOUNT: u64 = (1 << AMOUNT_BITS) - 1;

/// Budgets of names, for each minute of the clock. Strangers choose the names, so nothing grows with them.
#[derive(Debug)]
pub struct MinuteBudgets {
    /// 0 for any amount.
    per_minute: AtomicU64,
    hasher: RandomState,
    /// Made when something is counted for the first time.
    cells: OnceLock<Box<[AtomicU64]>>,
}

/// There is nothing left of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedUp {
    /// When there will be, in seconds.
    pub retry_after: u64,
    /// Whether that has just come to pass; else it was told before within this minute. Of amounts that are all the same.
    pub first: bool,
}

impl MinuteBudgets {
    /// The largest budget.
    pub const MAX: u64 = AMOUNT - 1;

    /// Gives each name so much for a minute; 0 for any amount.
    #[must_use]
    pub fn new(per_minute: u64) -> Self {
        let per_minute = AtomicU64::new(per_minute.min(Self::MAX));
        Self { per_minute, hasher: RandomState::new(), cells: OnceLock::new() }
    }

    /// Gives so much from now on. What was used stays used.
    pub fn allow(&self, per_minute: u64) {
        self.per_minute.store(per_minute.min(Self::MAX), Ordering::Relaxed);
    }

    /// Whether there is a limit at all.
    #[must_use]
    pub fn are_limited(&self) -> bool {
        self.per_minute.load(Ordering::Relaxed) > 0
    }

    /// Uses some of the budget of `name` at `now`, seconds since 1970. What there is left of it may be overdrawn once: otherwise nobody could
    /// ever have what is more than all of it.
    ///
    /// # Errors
    ///
    /// [`UsedUp`] if there was nothing left.
    pub fn take(&self, name: impl Hash, amount: u64, now: u64) -> Result<(), UsedUp> {
        let allowed = self.per_minute.load(Ordering::Relaxed);
        if allowed == 0 {
            return Ok(());
        }
        let minute = now / 60 % (1 << (u64::BITS - AMOUNT_BITS));
        let cells = self.cells.get_or_init(|| (0..ROWS * CELLS).map(|_| AtomicU64::default()).collect());
        let used = (0..ROWS).map(|row| {
            let hash = usize::try_from(self.hasher.hash_one((row, &name))).unwrap_or(usize::MAX);
            add(&cells[row * CELLS + hash % CELLS], minute, amount)
        });
        match used.min().unwrap_or_default() {
            used if used < allowed => Ok(()),
            used => Err(UsedUp { retry_after: 60 - now % 60, first: used < allowed.saturating_add(amount) }),
        }
    }
}

/// Adds to a cell, and answers what was in it for that minute.
fn add(cell: &AtomicU64, minute: u64, amount: u64) -> u64 {
    let used = |packed: u64| if packed >> AMOUNT_BITS == minute { packed & AMOUNT } else { 0 };
    let next = |packed| minute << AMOUNT_BITS | used(packed).saturating_add(amount).min(AMOUNT);
    let relaxed = Ordering::Relaxed;
    cell.fetch_update(relaxed, relaxed, |packed| Some(next(packed))).map_or(0, used)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn a_minute_has_its_budget_and_the_next_one_another() {
        let budgets = MinuteBudgets::new(2);
        let take = |now| budgets.take("alice", 1, now);
        let used_up = |retry_after, first| Err(UsedUp { retry_after, first });
        assert_eq!([(); 4].map(|()| take(NOW)), [Ok(()), Ok(()), used_up(60, true), used_up(60, false)]);
        assert_eq!(take(NOW + 59), used_up(1, false));
        assert_eq!(take(NOW + 60), Ok(()));
    }

    #[test]
    fn what_is_larger_than_a_budget_is_taken_once_a_minute() {
        let budgets = MinuteBudgets::new(10);
        assert_eq!(budgets.take("alice", 1000, NOW), Ok(()));
        assert!(budgets.take("alice", 1, NOW).is_err());
        assert_eq!(budgets.take("alice", u64::MAX, NOW + 60), Ok(()));
        assert!(budgets.take("alice", u64::MAX, NOW + 60).is_err());
    }

    #[test]
    fn another_budget_counts_for_what_was_used_before() {
        let budgets = MinuteBudgets::new(0);
        assert_eq!(budgets.take("alice", u64::MAX, NOW), Ok(()));
        budgets.allow(1);
        assert_eq!([(); 2].map(|()| budgets.take("alice", 1, NOW).is_ok()), [true, false]);
        budgets.allow(u64::MAX);
        assert_eq!(budgets.take("alice", 1, NOW), Ok(()));
    }

    #[test]
    fn whoever_uses_up_a_lot_harms_nobody_else() {
        let budgets = MinuteBudgets::new(10);
        for _ in 0..10_000 {
            let _ = budgets.take("greedy", 1, NOW);
        }
        assert!((0..10_000).all(|name| budgets.take(("modest", name), 1, NOW).is_ok()));
        for greedy in 0..100 {
            let _ = budgets.take(("greedy", greedy), 100, NOW);
        }
        let harmed = (0..10_000).filter(|name| budgets.take(("new", name), 1, NOW).is_err()).count();
        assert!(harmed < 10, "{harmed} of 10,000");
    }

    proptest! {
        /// Few names, so that no two share all cells: exactly what a table would say.
        #[test]
        fn names_have_what_a_table_would_give_them(
            per_minute in 1..200_u64,
            steps in proptest::collection::vec((0..4_u8, 0..100_u64, 0..30_u64), 0..60),
        ) {
            let budgets = MinuteBudgets::new(per_minute);
            let (mut table, mut now) = (HashMap::new(), NOW);
            for (name, amount, later) in steps {
                now += later;
                let used: &mut u64 = table.entry((name, now / 60)).or_default();
                prop_assert_eq!(budgets.take(name, amount, now).is_ok(), *used < per_minute);
                *used += amount;
            }
        }
    }
}
