//! Settings that are a bound, or `"none"` for no bound.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A bound, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrNone<T> {
    Bound(T),
    Nothing,
}

impl<T> OrNone<T> {
    pub(super) fn bound(self) -> Option<T> {
        match self {
            Self::Bound(bound) => Some(bound),
            Self::Nothing => None,
        }
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for OrNone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<T>(PhantomData<T>);

        impl<T: FromStr<Err: Display>> Visitor<'_> for Text<T> {
            type Value = OrNone<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text with a unit, or \"none\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OrNone<T>, E> {
                if text == "none" {
                    return Ok(OrNone::Nothing);
                }
                let bound =
                    text.parse().map_err(|error| E::custom(format!("{text:?}: {error}; or \"none\"")))?;
                Ok(OrNone::Bound(bound))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<OrNone<T>, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Text(PhantomData))
    }
}
