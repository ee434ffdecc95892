//! Settings from environment variables: `EJABBERD_SIDECAR__UPLOAD__MAX_SIZE` is `upload.max_size`.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{Error, Visitor};
use toml::{Table, Value};

use super::ConfigError;

const PREFIX: &str = "EJABBERD_SIDECAR__";

/// The variables that are meant for us.
#[derive(Debug, Clone, Default)]
pub struct Environment(Vec<Variable>);

#[derive(Debug, Clone)]
struct Variable {
    name: String,
    value: OsString,
}

impl Environment {
    /// Those of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self::from_variables(std::env::vars_os())
    }

    /// Those among `variables`, for instance of a test.
    pub fn from_variables(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = |(name, value): (OsString, OsString)| {
            let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
            Some(Variable { name, value })
        };
        Self(variables.into_iter().filter_map(ours).collect())
    }

    /// Puts the values into `table`, over what a file says.
    pub(super) fn apply(&self, table: &mut Table) -> Result<(), ConfigError> {
        self.0.iter().try_for_each(|variable| variable.insert_into(table))
    }

    /// The variable that sets the setting `key` (dotted).
    pub(super) fn name_of(&self, key: &str) -> Option<&str> {
        self.0.iter().map(|variable| variable.name.as_str()).find(|name| path(name).join(".") == key)
    }
}

impl Variable {
    fn insert_into(&self, table: &mut Table) -> Result<(), ConfigError> {
        let refused = |problem: &str| ConfigError::at(&self.name, problem);
        let value = self.value.to_str().ok_or_else(|| refused("its value is not UTF-8"))?;
        let mut keys = path(&self.name);
        if keys.first().is_some_and(|section| section == "hosts") {
            return Err(refused(
                "vhosts are configured in the file, because their names do not fit into variables",
            ));
        }
        let last = keys.pop().unwrap_or_default();
        let mut section = table;
        for key in keys {
            let entry = section.entry(key).or_insert_with(|| Table::new().into());
            section =
                entry.as_table_mut().ok_or_else(|| refused("lies below something that is not a section"))?;
        }
        section.insert(last, list_or_text(value));
        Ok(())
    }
}

fn path(name: &str) -> Vec<String> {
    name.trim_start_matches(PREFIX).split("__").map(str::to_ascii_lowercase).collect()
}

/// A TOML list if it reads like one, else text. Numbers and the like stay text: [`from_text`] reads them where one is
/// wanted, so that a bucket may be called 123.
fn list_or_text(value: &str) -> Value {
    match value.parse() {
        Ok(list @ Value::Array(_)) => list,
        _ => value.into(),
    }
}

/// Deserializes a number or a boolean that may be given as text.
pub(super) fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    deserializer.deserialize_any(FromText(PhantomData)).map(Some)
}

struct FromText<T>(PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        value
            .parse()
            .map_err(|error| E::custom(format_args!("{error}, expected {}", std::any::type_name::<T>())))
    }
}
