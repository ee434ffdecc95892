//! What becomes of a JWK.

use ejabberd_sidecar::authn::keys::{Algorithm, AllowedAlgorithms, Key, KeyFault, parse_jwk};
use serde_json::Value;

/// What its keys are for.
pub(crate) fn algorithms(jwk: &Value, allowed: AllowedAlgorithms<'_>) -> Result<Vec<Algorithm>, KeyFault> {
    let keys = parse_jwk(jwk.to_string().as_bytes(), allowed)?;
    Ok(keys.iter().map(Key::algorithm).collect())
}

/// What is wrong with it.
#[track_caller]
pub(crate) fn fault(jwk: &Value) -> KeyFault {
    algorithms(jwk, None).expect_err("a broken key")
}
