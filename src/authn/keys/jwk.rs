//! JSON Web Keys: RFC 7517, with the key kinds of RFC 7518 §6 and RFC 8037.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::material::{AllowedAlgorithms, Material};
use super::{Algorithm, Key, KeyFault, KeyId};
use crate::authn::json::{JsonFault, parse_object};
use crate::types::Secret;

/// The members of private keys: RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Parses one key, and answers it for each algorithm that it may be used with.
///
/// # Errors
///
/// [`KeyFault`]
pub fn parse_jwk(text: &[u8], allowed: AllowedAlgorithms<'_>) -> Result<Vec<Key>, KeyFault> {
    let members = parse_object(text).map_err(|fault| match fault {
        JsonFault::NotAnObject => KeyFault::NotAnObject,
        JsonFault::Duplicate => KeyFault::DuplicateMember,
    })?;
    Jwk(&members).keys(allowed)
}

/// The members of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jwk<'set>(pub(super) &'set Map<String, Value>);

impl<'set> Jwk<'set> {
    pub(super) fn keys(self, allowed: AllowedAlgorithms<'_>) -> Result<Vec<Key>, KeyFault> {
        self.check_use()?;
        let id = self.optional_text("kid")?.map(KeyId::from);
        self.material()?.keys(id.as_ref(), self.algorithm()?, allowed)
    }

    /// Whether it claims to be a shared secret.
    pub(super) fn is_secret(self) -> bool {
        self.0.get("kty").is_some_and(|kty| kty == "oct")
    }

    fn check_use(self) -> Result<(), KeyFault> {
        if self.optional_text("use")?.is_some_and(|usage| usage != "sig") {
            return Err(KeyFault::OtherUse("use"));
        }
        match self.0.get("key_ops") {
            None => Ok(()),
            Some(Value::Array(operations)) if operations.iter().any(|one| one == "verify") => Ok(()),
            Some(Value::Array(_)) => Err(KeyFault::OtherUse("key_ops")),
            Some(_) => Err(KeyFault::Malformed("key_ops")),
        }
    }

    fn algorithm(self) -> Result<Option<Algorithm>, KeyFault> {
        let Some(name) = self.optional_text("alg")? else { return Ok(None) };
        Algorithm::from_name(name).map(Some).ok_or(KeyFault::Malformed("alg"))
    }

    fn material(self) -> Result<Material, KeyFault> {
        let kind = self.text("kty")?;
        if kind != "oct" && PRIVATE.iter().any(|name| self.0.contains_key(*name)) {
            return Err(KeyFault::Private);
        }
        match kind {
            "oct" => Secret::new(self.bytes("k")?, 0).map(Material::Hmac).map_err(|_| KeyFault::Unusable),
            "RSA" => Ok(Material::Rsa { modulus: self.bytes("n")?, exponent: self.bytes("e")? }),
            "EC" => match self.text("crv")? {
                "P-256" => self.point(32).map(Material::P256),
                "P-384" => self.point(48).map(Material::P384),
                _ => Err(KeyFault::Unsupported),
            },
            "OKP" if self.text("crv")? == "Ed25519" => self.bytes("x").map(Material::Ed25519),
            _ => Err(KeyFault::Unsupported),
        }
    }

    /// `x` and `y` are as long as the curve's coordinates, leading zeros included: RFC 7518 §6.2.1.2.
    fn point(self, coordinate_bytes: usize) -> Result<Vec<u8>, KeyFault> {
        const UNCOMPRESSED: u8 = 4;
        let mut point = vec![UNCOMPRESSED];
        for name in ["x", "y"] {
            let coordinate = self.bytes(name)?;
            if coordinate.len() != coordinate_bytes {
                return Err(KeyFault::Malformed(name));
            }
            point.extend(coordinate);
        }
        Ok(point)
    }

    fn bytes(self, name: &'static str) -> Result<Vec<u8>, KeyFault> {
        URL_SAFE_NO_PAD.decode(self.text(name)?).map_err(|_| KeyFault::Malformed(name))
    }

    fn text(self, name: &'static str) -> Result<&'set str, KeyFault> {
        self.optional_text(name)?.ok_or(KeyFault::Missing(name))
    }

    fn optional_text(self, name: &'static str) -> Result<Option<&'set str>, KeyFault> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(KeyFault::Malformed(name)),
        }
    }
}
