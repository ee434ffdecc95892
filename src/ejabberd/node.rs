//! Values with the lines they stand in, so that a finding can name them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as it was named.
    pub file: Arc<str>,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn of_file(file: &Path) -> Self {
        Self { file: file.display().to_string().into(), line: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// A value where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it begins.
    pub place: Place,
    /// The macro that it was written as, and where that is defined.
    pub from_macro: Option<(String, Place)>,
}

/// What a value can be.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text, a number, or nothing. `plain` is without quotes.
    Scalar {
        /// As it is written, without quotes.
        text: String,
        /// Whether it was written without quotes.
        plain: bool,
    },
    /// `[a, b]`
    List(Vec<Node>),
    /// `{a: b}`
    Map(Vec<Entry>),
}

/// An option with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub key: String,
    /// Where the name stands.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What ejabberd takes for true or false.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match self.text()? {
            "true" | "on" | "yes" | "y" => Some(true),
            "false" | "off" | "no" | "n" => Some(false),
            _ => None,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.text()?.parse().ok()
    }

    /// The members of a list; a single value is a list of itself.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Scalar { text, plain: true } if text.is_empty() => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The options of a map; some are written as a list of maps of one option each.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let (own, listed) = match &self.value {
            Value::Map(entries) => (entries.as_slice(), [].as_slice()),
            Value::List(items) => ([].as_slice(), items.as_slice()),
            Value::Scalar { .. } => ([].as_slice(), [].as_slice()),
        };
        let listed = listed.iter().flat_map(|item| match &item.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        });
        own.iter().chain(listed)
    }

    /// The option `key` of a map.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().find(|entry| entry.key == key)
    }

    /// The value of the option `key` of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// How many values it is.
    pub(super) fn size(&self) -> usize {
        match &self.value {
            Value::Scalar { .. } => 1,
            Value::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|entry| entry.value.size()).sum::<usize>(),
        }
    }
}
