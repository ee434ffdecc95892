//! What is wrong with a configuration, where, and what to do.

use std::fmt::Display;
use std::io;
use std::path::Path;

/// A configuration that the service refuses to start with: a line for each thing that is wrong with it, which names the key and never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

impl ConfigError {
    /// The setting `key` (dotted) has this `problem`.
    #[must_use]
    pub fn at(key: impl Display, problem: impl Display) -> Self {
        Self(vec![format!("{key}: {problem}")])
    }

    /// A line for each thing that is wrong.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// Both, or what is wrong with either: who has mended the one would be told of the other only then.
    pub(super) fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(mut one), Err(other)) => {
                // What several vhosts share is wrong with each of them.
                let new: Vec<_> = other.0.into_iter().filter(|line| !one.0.contains(line)).collect();
                one.0.extend(new);
                Err(one)
            }
            (Err(wrong), _) | (_, Err(wrong)) => Err(wrong),
        }
    }

    /// All of them, or what is wrong with any.
    pub(super) fn all<T>(each: impl IntoIterator<Item = Result<T, Self>>) -> Result<Vec<T>, Self> {
        let mut all = Ok(Vec::new());
        for each in each {
            all = Self::both(all, each).map(|(mut all, each)| {
                all.push(each);
                all
            });
        }
        all
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
