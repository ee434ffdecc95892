//! Settings that are one value or a list of them.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "text, or a list of texts")]
enum Written<T> {
    One(T),
    Many(Vec<T>),
}

/// One value, or a list.
#[derive(Debug, Deserialize)]
#[serde(from = "Written<T>", bound = "T: Deserialize<'de>")]
pub(super) struct OneOrMany<T>(Vec<T>);

impl<T> From<Written<T>> for OneOrMany<T> {
    fn from(written: Written<T>) -> Self {
        match written {
            Written::One(value) => Self(vec![value]),
            Written::Many(values) => Self(values),
        }
    }
}

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        self.0
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.0
    }
}
