//! Tokens, made with another library than the one that judges them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{ISSUER_SECRET, UPLOAD_SECRET};

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A good token for `user`.
pub(crate) fn good(user: &str) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), &json!({"iss": "test", "sub": user, "exp": now() + 600}))
}

/// A token with any header and claims, signed with HS256 whatever the header says.
pub(crate) fn signed(header: &Value, claims: &Value) -> String {
    signed_with(ISSUER_SECRET, header, claims)
}

/// The same with another secret.
pub(crate) fn signed_with(secret: &str, header: &Value, claims: &Value) -> String {
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let mac = mac(secret, parts.as_bytes());
    format!("{parts}.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// The upload token `v` for a file of `size` bytes at `path`, decoded.
pub(crate) fn v(path: &str, size: usize) -> String {
    v_with(UPLOAD_SECRET, path, size as u64)
}

/// The same with another secret, for a path of any bytes.
pub(crate) fn v_with(secret: &str, path: impl AsRef<[u8]>, size: u64) -> String {
    hex::encode(mac(secret, &[path.as_ref(), format!(" {size}").as_bytes()].concat()))
}

/// The upload token `v2`, which Metronome calls `token`, for a file that is sent as `content_type`.
pub(crate) fn v2(path: &str, size: usize, content_type: &str) -> String {
    v2_with(UPLOAD_SECRET, path, size, content_type)
}

/// The same with another secret.
pub(crate) fn v2_with(secret: &str, path: &str, size: usize, content_type: &str) -> String {
    hex::encode(mac(secret, format!("{path}\0{size}\0{content_type}").as_bytes()))
}

fn mac(secret: &str, bytes: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.chain_update(bytes).finalize().into_bytes().to_vec()
}
