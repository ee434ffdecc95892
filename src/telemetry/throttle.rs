//! Bounds the log lines that strangers can cause: they choose names and paths, and could fill a disk. What is not told is counted all
//! the same.

use std::sync::LazyLock;
use std::time::Instant;

use crate::policy::{MinuteRates, Rate};

/// Lines of one kind in a minute. Far more than anybody reads.
const LINES_PER_MINUTE: u32 = 1000;

/// What a line is about. Whoever causes many of one kind does not silence the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What ejabberd asked for: logins, accounts.
    Question,
    /// Upload slots that users asked for.
    Slot,
    /// What anybody asked for on the public listener, or any other.
    Request,
    /// What is our own fault.
    Failure,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Question => "refused logins and other questions of ejabberd",
            Self::Slot => "refused upload slots",
            Self::Request => "refused requests",
            Self::Failure => "failures",
        }
    }
}

static LINES: LazyLock<(Instant, MinuteRates)> =
    LazyLock::new(|| (Instant::now(), MinuteRates::new(LINES_PER_MINUTE)));

/// Whether one more line of this kind may be written. Says so itself when it was the last one of this minute.
#[must_use]
pub fn may_tell(kind: Kind) -> bool {
    let (start, lines) = &*LINES;
    match lines.count(kind, start.elapsed().as_secs_f64()) {
        Rate::Within => true,
        Rate::Reached => {
            tracing::warn!(
                "more than {LINES_PER_MINUTE} {} in a minute: further ones are counted in the metrics, and not told",
                kind.name()
            );
            false
        }
        Rate::Above => false,
    }
}
