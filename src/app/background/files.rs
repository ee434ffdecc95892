//! Files whose time is over, and the sums of what is stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::policy::{ClockReading, SteadyClock};
use crate::store::{Store, StoreError};
use crate::telemetry::metrics;
use crate::types::seconds_since_1970;
use crate::upload::{Sweeper, Swept, Usage};

/// How often it is looked for files whose time is over: they are not handed out any more, and only take room.
const SWEEP: Duration = Duration::from_secs(30);
/// Between two rounds, if there is more to do. Uploads go first.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked for sums that are old.
const REFRESH: Duration = Duration::from_secs(1);

/// Removes files in their time, for ever, as long as the clock can be believed.
pub(super) async fn sweep(store: Arc<Store>, usage: Arc<Usage>) {
    let (mut sweeper, start) = (Sweeper::new(store, usage), Instant::now());
    let mut clock = SteadyClock::begin(Duration::ZERO, seconds_since_1970());
    let mut pass = Pass::default();
    metrics::files_not_swept();
    loop {
        let more = match clock.read(start.elapsed(), seconds_since_1970()) {
            ClockReading::Steady(now) => pass.count(sweeper.round(now).await),
            ClockReading::OnProbation => false,
            ClockReading::Stepped => {
                tracing::warn!(
                    "the clock was set: for an hour from now no file is removed whose time is over"
                );
                false
            }
        };
        tokio::time::sleep(if more { PAUSE } else { SWEEP }).await;
    }
}

/// Once through all that is over.
#[derive(Debug, Default)]
struct Pass {
    sum: Swept,
    /// Whether the last one had trouble, which was told then.
    trouble: bool,
}

impl Pass {
    /// Adds a round, and answers whether there is more.
    fn count(&mut self, round: Result<Swept, StoreError>) -> bool {
        let sum = std::mem::take(&mut self.sum);
        self.sum = match round {
            Ok(round) => sum.and(round),
            Err(error) => Swept { problem: Some(error.to_string()), more: false, ..sum },
        };
        let more = self.sum.more;
        if !more {
            self.end();
        }
        more
    }

    fn end(&mut self) {
        let Swept { removed, failed, problem, .. } = std::mem::take(&mut self.sum);
        if removed > 0 {
            tracing::info!("removed {removed} files whose time was over");
        }
        let had_trouble = std::mem::replace(&mut self.trouble, problem.is_some());
        match problem {
            None => metrics::files_swept(),
            Some(_) if had_trouble => {}
            Some(problem) if failed > 0 => tracing::error!(
                "{failed} files whose time is over could not be removed, which is tried again; the first one: {problem}"
            ),
            Some(problem) => tracing::error!(
                "it could not be found out which files are over, which is tried again: {problem}"
            ),
        }
    }
}

/// Keeps the sums young, for ever.
pub(super) async fn count(usage: Arc<Usage>) {
    loop {
        usage.refresh().await;
        tokio::time::sleep(REFRESH).await;
    }
}
