//! What is wrong with a configuration, where, and what to do.

use std::fmt::Display;
use std::io;
use std::path::Path;

/// A configuration that the service refuses to start with. The text names the key and never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    place: String,
    problem: String,
}

impl ConfigError {
    /// The setting `key` (dotted) has this `problem`.
    #[must_use]
    pub fn at(key: impl Display, problem: impl Display) -> Self {
        Self { place: key.to_string(), problem: problem.to_string() }
    }

    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self::at(file.display(), format!("cannot be read: {error}"))
    }

    /// Only the message and the line: the snippet of a TOML error could show a secret.
    pub(super) fn syntax(name: &str, text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Self::at(format!("{name}, line {line}"), error.message())
    }

    pub(super) fn unknown_or_mistyped(place: &str, error: &toml::de::Error) -> Self {
        Self::at(place, redact(error.message()))
    }
}

/// serde quotes a value of the wrong type (`invalid type: string "…"`); it may be a secret.
fn redact(message: &str) -> String {
    let quotes_value = message.starts_with("invalid type") || message.starts_with("invalid value");
    match message.split_once(", expected ") {
        Some((_, expected)) if quotes_value => format!("unusable value, expected {expected}"),
        _ => message.to_owned(),
    }
}
