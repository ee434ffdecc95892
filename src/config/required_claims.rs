//! `required_claims`: a list of claims that have to be there, or a table of claims with their values.

use serde::Deserialize;
use toml::{Table, Value};

use super::ConfigError;
use crate::authn::jwt::RequiredClaim;

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a list of claims, or a table of claims with their values")]
pub(super) enum RawRequired {
    Names(Vec<String>),
    Values(Table),
}

impl RawRequired {
    /// `key` is the setting's own.
    pub(super) fn validate(self, key: &str) -> Result<Vec<RequiredClaim>, ConfigError> {
        match self {
            Self::Names(names) => names.iter().map(|name| required(key, name, None)).collect(),
            Self::Values(table) => {
                table.into_iter().map(|(name, value)| required(key, &name, Some(value))).collect()
            }
        }
    }
}

fn required(key: &str, name: &str, value: Option<Value>) -> Result<RequiredClaim, ConfigError> {
    let key = format!("{key}.{name:?}");
    let claim = name.parse().map_err(|invalid| ConfigError::at(&key, invalid))?;
    let values =
        value.map(|value| values(value).ok_or_else(|| ConfigError::at(&key, UNUSABLE))).transpose()?;
    Ok(RequiredClaim { claim, values })
}

const UNUSABLE: &str = "has to be text, a number, true or false, or a list of those that is not empty";

fn values(value: Value) -> Option<Vec<serde_json::Value>> {
    let values = match value {
        Value::Array(values) => values,
        value => vec![value],
    };
    let values: Option<Vec<_>> = values.into_iter().map(json).collect();
    values.filter(|values| !values.is_empty())
}

fn json(value: Value) -> Option<serde_json::Value> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Integer(number) => Some(number.into()),
        Value::Float(number) => Some(number.into()),
        Value::Boolean(value) => Some(value.into()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
