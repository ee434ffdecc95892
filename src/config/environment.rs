//! Settings from environment variables: `EJABBERD_SIDECAR__UPLOAD__MAX_SIZE` is `upload.max_size`.

use toml::{Table, Value};

use super::ConfigError;

const PREFIX: &str = "EJABBERD_SIDECAR__";

/// The variables that are meant for us.
#[derive(Debug, Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// Those of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self::from_variables(std::env::vars())
    }

    /// Those among `variables`, for instance of a test.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours =
            |(name, value): (String, String)| Some((name.strip_prefix(PREFIX)?.to_ascii_lowercase(), value));
        Self(variables.into_iter().filter_map(ours).collect())
    }

    /// Puts the values into `table`, over what a file says.
    pub(super) fn apply(&self, table: &mut Table) -> Result<(), ConfigError> {
        self.0.iter().try_for_each(|(name, value)| insert(table, name, value))
    }
}

fn insert(table: &mut Table, name: &str, value: &str) -> Result<(), ConfigError> {
    let refused = |problem: &str| ConfigError::at(format!("{PREFIX}{}", name.to_ascii_uppercase()), problem);
    let mut keys: Vec<_> = name.split("__").collect();
    if keys.first() == Some(&"hosts") {
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
    section.insert(last.to_owned(), typed(value));
    Ok(())
}

/// A number, a boolean or a list if it reads like one, else a string.
fn typed(value: &str) -> Value {
    match value.parse::<Value>() {
        Ok(typed @ (Value::Integer(_) | Value::Boolean(_) | Value::Array(_))) => typed,
        _ => value.into(),
    }
}
