//! Makes tokens: for trying things out, for tests, and for middleware that has no library.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::{ClaimName, TokenTypes};
use crate::authn::SharedSecret;
use crate::authn::keys::Algorithm;

/// What a minted token says.
#[derive(Debug)]
pub struct MintRequest<'request> {
    /// `iss`.
    pub issuer: &'request str,
    /// `aud`, where it is not empty.
    pub audience: &'request [String],
    /// Of which kind: the first that logs in.
    pub types: &'request TokenTypes,
    /// The claim that names the user.
    pub user_claim: &'request ClaimName,
    /// The user.
    pub user: &'request str,
    /// From `iat` to `exp`.
    pub ttl: Duration,
    /// Further claims; they replace those above.
    pub claims: Map<String, Value>,
}

/// The token could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// The algorithm is one of public keys.
    #[error("the issuer's tokens are signed with a private key, which only the issuer has")]
    NotShared,
    /// The user claim lies within another one.
    #[error("the issuer's user_claim lies within another claim: give that one whole, with --claim")]
    UserClaim,
}

/// Makes a token that is issued at `now` (seconds since 1970).
///
/// # Errors
///
/// [`MintError`]
pub fn mint(
    request: MintRequest<'_>,
    secret: &SharedSecret,
    algorithm: Algorithm,
    now: u64,
) -> Result<String, MintError> {
    let header = json!({"alg": algorithm.name(), "typ": request.types.first()});
    let expires = now.saturating_add(request.ttl.as_secs());
    let mut claims = json!({"iss": request.issuer, "iat": now, "exp": expires});
    if !request.audience.is_empty() {
        claims["aud"] = json!(request.audience);
    }
    let user_claim = request.user_claim.as_str();
    if !user_claim.starts_with('/') {
        claims[user_claim] = request.user.into();
    }
    for (name, value) in request.claims {
        claims[name] = value;
    }
    if claims.as_object().and_then(|claims| request.user_claim.find(claims)).is_none() {
        return Err(MintError::UserClaim);
    }
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = secret.sign(algorithm, signed.as_bytes()).ok_or(MintError::NotShared)?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
