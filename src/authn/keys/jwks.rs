//! JSON Web Key Sets: RFC 7517 §5.

use std::collections::HashSet;

use serde_json::Value;

use super::jwk::Jwk;
use super::material::AllowedAlgorithms;
use super::{Key, KeyFault, KeySet, SetFault};
use crate::authn::json::{JsonFault, parse_object};

/// The most members of a set. Identity providers have two to ten.
pub(super) const MAX_KEYS: usize = 100;

/// What came of a set.
#[derive(Debug)]
pub struct ParsedSet {
    /// The keys that can be used; perhaps none.
    pub keys: KeySet,
    /// The others. RFC 7517 §5 has them ignored, the operator wants to know.
    pub skipped: Vec<SkippedKey>,
}

/// A member of a set that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {position} {fault}")]
pub struct SkippedKey {
    /// Which one, from 1.
    pub position: usize,
    /// What is wrong with it.
    pub fault: KeyFault,
}

/// Parses a set. A member that cannot be used does not keep the others from being.
///
/// # Errors
///
/// [`SetFault`] for what leaves it open which keys are meant.
pub fn parse_jwks(text: &[u8], allowed: AllowedAlgorithms<'_>) -> Result<ParsedSet, SetFault> {
    let set = parse_object(text).map_err(|fault| match fault {
        JsonFault::NotAnObject => SetFault::NotASet,
        JsonFault::Duplicate => SetFault::DuplicateMember,
    })?;
    let Some(Value::Array(members)) = set.get("keys") else { return Err(SetFault::NotASet) };
    if members.len() > MAX_KEYS {
        return Err(SetFault::TooManyKeys { have: members.len() });
    }
    let objects = || members.iter().filter_map(Value::as_object).map(Jwk);
    if objects().any(Jwk::is_secret) && !objects().all(Jwk::is_secret) {
        return Err(SetFault::Mixed);
    }
    let mut skipped = Vec::new();
    let mut usable = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let keys = member.as_object().ok_or(KeyFault::NotAnObject).and_then(|jwk| Jwk(jwk).keys(allowed));
        match keys {
            Ok(keys) => usable.push(keys),
            Err(fault) => skipped.push(SkippedKey { position: at + 1, fault }),
        }
    }
    let mut ids = HashSet::new();
    let named = usable.iter().filter_map(|keys| keys.first().and_then(Key::id));
    for id in named {
        if !ids.insert(id) {
            return Err(SetFault::DuplicateKeyId);
        }
    }
    Ok(ParsedSet { keys: KeySet::new(usable.into_iter().flatten().collect()), skipped })
}
