//! Removing what is over by hand, where no process lives for long enough to do it.

use std::sync::Arc;

use super::at_store::at_store;
use crate::config::StoreSettings;
use crate::upload::{Sweeper, Swept, Usage};

/// Removes the files that have been over for an hour at `now` (seconds since 1970), a time that has to be right, and answers how many those were.
///
/// # Errors
///
/// What is wrong, in a sentence; it can be tried again.
pub fn sweep_store(settings: &StoreSettings, now: u64) -> Result<u64, String> {
    let Swept { removed, failed, problem, .. } = at_store(settings, async |store| {
        let usage = Arc::new(Usage::new(Arc::clone(&store)));
        let (mut sweeper, mut sum) = (Sweeper::new(store, usage), Swept::default());
        loop {
            let round = sweeper.round(now).await?;
            sum = sum.and(round);
            if !sum.more {
                return Ok(sum);
            }
        }
    })?;
    match problem {
        None => Ok(removed as u64),
        Some(first) => {
            Err(format!("removed {removed} files, and could not remove {failed}; the first one: {first}"))
        }
    }
}
