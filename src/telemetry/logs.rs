//! Logs on stderr; stdout belongs to answers.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use tracing::callsite::rebuild_interest_cache;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// A JSON object a line.
    Json,
}

/// Which lines are written now. Looked at when it changes, and not at each line.
static FILTER: LazyLock<ArcSwap<Targets>> =
    LazyLock::new(|| ArcSwap::from_pointee(targets(Level::INFO, true)));

/// Starts logging. A second call in one process changes nothing.
pub fn start(format: LogFormat, level: Level, audit: bool) {
    FILTER.store(Arc::new(targets(level, audit)));
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr()).with_ansi(false);
    let registry = tracing_subscriber::registry().with(Filter);
    let started = match format {
        LogFormat::Human => registry.with(lines.with_target(false)).try_init(),
        LogFormat::Json => registry
            .with(lines.json().flatten_event(true).with_current_span(false).with_span_list(false))
            .try_init(),
    };
    drop(started);
}

/// From now on lines of this `level` and above are written, and with `audit` all that tell what users did.
pub fn filter(level: Level, audit: bool) {
    let targets = targets(level, audit);
    if **FILTER.load() != targets {
        FILTER.store(Arc::new(targets));
        rebuild_interest_cache();
    }
}

/// The libraries below us log requests with their headers and URLs; only their warnings are let through. What users did is told
/// whatever the level; without `audit` only where it failed by our own fault, or the hook was asked wrongly.
fn targets(level: Level, audit: bool) -> Targets {
    let audited = if audit { level.max(Level::INFO) } else { level.min(Level::WARN) };
    Targets::new()
        .with_default(Level::WARN)
        .with_target("ejabberd_sidecar", level)
        .with_target(super::audit::TARGET, audited)
}

/// Lets the lines of [`FILTER`] through. Each place that writes asks once, and again when the filter changed: what is written, and what
/// is not, costs no look at it.
struct Filter;

impl<S: Subscriber> Layer<S> for Filter {
    fn register_callsite(&self, place: &'static Metadata<'static>) -> Interest {
        if lets_through(place) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, place: &Metadata<'_>, _: Context<'_, S>) -> bool {
        lets_through(place)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        FILTER.load().iter().map(|(_, level)| level).chain(FILTER.load().default_level()).max()
    }
}

fn lets_through(place: &Metadata<'_>) -> bool {
    FILTER.load().would_enable(place.target(), place.level())
}

/// Without the lock of [`io::stderr`], at which logins would wait for each other: each line is written in one piece.
fn stderr() -> BoxMakeWriter {
    match io::stderr().as_fd().try_clone_to_owned() {
        Ok(stderr) => BoxMakeWriter::new(File::from(stderr)),
        Err(_) => BoxMakeWriter::new(io::stderr),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::audit::TARGET;

    #[test]
    fn what_users_did_is_told_at_each_level_unless_it_is_not_asked_for() {
        let ours = "ejabberd_sidecar::app";
        for (level, audit, target, least) in [
            (Level::ERROR, true, TARGET, Level::INFO),
            (Level::DEBUG, true, TARGET, Level::DEBUG),
            (Level::DEBUG, false, TARGET, Level::WARN),
            (Level::ERROR, false, TARGET, Level::ERROR),
            (Level::ERROR, true, ours, Level::ERROR),
            (Level::DEBUG, false, ours, Level::DEBUG),
            (Level::DEBUG, true, "hyper", Level::WARN),
        ] {
            let targets = targets(level, audit);
            for at in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
                assert_eq!(
                    targets.would_enable(target, &at),
                    at <= least,
                    "{target} {at} at {level}, {audit}"
                );
            }
        }
    }
}
