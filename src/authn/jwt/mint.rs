//! Makes tokens: for trying things out, for tests, and for middleware that has no library.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::authn::{Algorithm, SharedSecret};

/// What a minted token says.
#[derive(Debug)]
pub struct MintRequest<'request> {
    /// `iss`.
    pub issuer: &'request str,
    /// `aud`, where it is not empty.
    pub audience: &'request [String],
    /// `sub`.
    pub subject: &'request str,
    /// From `iat` to `exp`.
    pub ttl: Duration,
    /// Further claims; they replace those above.
    pub claims: Map<String, Value>,
}

/// The library could not sign.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed: {0}")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

/// Makes a token that is issued at `now` (seconds since 1970), signed with HS256.
///
/// # Errors
///
/// [`MintError`] where the library refuses to sign.
pub fn mint(request: MintRequest<'_>, secret: &SharedSecret, now: u64) -> Result<String, MintError> {
    let header = json!({"alg": Algorithm::Hs256.name(), "typ": "JWT"});
    let expires = now.saturating_add(request.ttl.as_secs());
    let mut claims = json!({"iss": request.issuer, "sub": request.subject, "iat": now, "exp": expires});
    if !request.audience.is_empty() {
        claims["aud"] = json!(request.audience);
    }
    for (name, value) in request.claims {
        claims[name] = value;
    }
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = secret.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{signature}"))
}
