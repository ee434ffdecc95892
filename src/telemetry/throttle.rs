//! Bounds the log lines that strangers can cause: they choose names and paths, and could fill a disk. What is not told is counted all
//! the same.

use std::sync::LazyLock;
use std::time::Instant;

use crate::policy::{MinuteRates, Rate};

/// Lines about refusals in a minute. Far more than anybody reads.
const LINES_PER_MINUTE: u32 = 1000;

static LINES: LazyLock<(Instant, MinuteRates)> =
    LazyLock::new(|| (Instant::now(), MinuteRates::new(LINES_PER_MINUTE)));

/// Whether one more line about a refusal may be written. Says so itself when it was the last one of this minute.
#[must_use]
pub fn may_tell() -> bool {
    let (start, lines) = &*LINES;
    match lines.count((), start.elapsed().as_secs_f64()) {
        Rate::Within => true,
        Rate::Reached => {
            tracing::warn!(
                "more than {LINES_PER_MINUTE} refusals in a minute: further ones are counted in the metrics, and not told"
            );
            false
        }
        Rate::Above => false,
    }
}
