//! The rules for the header of a token. Keys that it brings along (`jwk`, `jku`, `x5u`, `x5c`) are neither used nor fetched.

use serde_json::{Map, Value};

use super::Refusal;
use crate::authn::keys::Algorithm;

type Header = Map<String, Value>;

/// RFC 7515 §4.1.11: an extension that has to be understood, and none is.
pub(in crate::authn) fn check_critical(header: &Header) -> Result<(), Refusal> {
    absent(header, "crit", Refusal::HeaderCritical)
}

/// RFC 7516 §4.1.3.
pub(in crate::authn) fn check_compression(header: &Header) -> Result<(), Refusal> {
    absent(header, "zip", Refusal::HeaderCompressed)
}

/// RFC 7519 §5.2: a nested token.
pub(in crate::authn) fn check_content_type(header: &Header) -> Result<(), Refusal> {
    absent(header, "cty", Refusal::HeaderContentType)
}

fn absent(header: &Header, name: &str, refusal: Refusal) -> Result<(), Refusal> {
    if header.contains_key(name) { Err(refusal) } else { Ok(()) }
}

/// The `alg`, which is compared with the keys' and never chooses anything.
pub(in crate::authn) fn algorithm(header: &Header) -> Result<Algorithm, Refusal> {
    match header.get("alg") {
        Some(Value::String(name)) if name.eq_ignore_ascii_case("none") => Err(Refusal::AlgorithmNone),
        Some(Value::String(name)) => Algorithm::from_name(name).ok_or(Refusal::AlgorithmRefused),
        _ => Err(Refusal::AlgorithmRefused),
    }
}

/// The `kid`, which is compared with the keys' and never looked up anywhere.
pub(in crate::authn) fn key_id(header: &Header) -> Result<Option<&str>, Refusal> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(_) => Err(Refusal::KeyIdMalformed),
    }
}

/// The values of `typ` that an issuer's tokens for logging in have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TokenTypes {
    /// None, `JWT`, or the access token of RFC 9068.
    #[default]
    Usual,
    /// One of these.
    Only(Vec<String>),
}

/// Kinds of tokens that are made for something else than logging in, whoever configures them.
const NEVER: [&str; 5] =
    ["logout+jwt", "dpop+jwt", "secevent+jwt", "oauth-authz-req+jwt", "token-introspection+jwt"];

/// A `typ` that no issuer's tokens for logging in have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is a kind of token that does not log anybody in")]
pub struct NeverALogin(String);

impl TokenTypes {
    /// One of `kinds`.
    ///
    /// # Errors
    ///
    /// [`NeverALogin`]
    pub fn only(kinds: &[String]) -> Result<Self, NeverALogin> {
        let kinds: Vec<_> = kinds.iter().map(|kind| media_type(kind)).collect();
        match kinds.iter().find(|kind| NEVER.contains(&kind.as_str())) {
            Some(never) => Err(NeverALogin(never.clone())),
            None => Ok(Self::Only(kinds)),
        }
    }

    /// What a new token should say.
    pub(super) fn first(&self) -> &str {
        match self {
            Self::Usual => "JWT",
            Self::Only(kinds) => kinds.first().map_or("JWT", String::as_str),
        }
    }

    pub(in crate::authn) fn check(&self, header: &Header) -> Result<(), Refusal> {
        let kind = match header.get("typ") {
            None => None,
            Some(Value::String(kind)) => Some(media_type(kind)),
            Some(_) => return Err(Refusal::TypeRefused),
        };
        let good = match self {
            Self::Usual => kind.is_none_or(|kind| matches!(kind.as_str(), "jwt" | "at+jwt")),
            Self::Only(kinds) => kind.is_some_and(|kind| kinds.contains(&kind)),
        };
        if good { Ok(()) } else { Err(Refusal::TypeRefused) }
    }
}

/// RFC 7515 §4.1.9: media types, so case does not count, and `application/` may be left out.
fn media_type(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    kind.strip_prefix("application/").map(str::to_owned).unwrap_or(kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn header(value: &Value) -> Header {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn extensions_and_nested_tokens_are_refused() {
        let plain = header(&json!({"alg": "HS256", "jwk": {}, "jku": "http://x", "x5c": [], "x5u": "y"}));
        for check in [check_critical, check_compression, check_content_type] {
            assert_eq!(check(&plain), Ok(()));
        }
        assert_eq!(check_critical(&header(&json!({"crit": ["b64"]}))), Err(Refusal::HeaderCritical));
        assert_eq!(check_critical(&header(&json!({"crit": []}))), Err(Refusal::HeaderCritical));
        assert_eq!(check_compression(&header(&json!({"zip": "DEF"}))), Err(Refusal::HeaderCompressed));
        assert_eq!(check_content_type(&header(&json!({"cty": "JWT"}))), Err(Refusal::HeaderContentType));
    }

    #[test]
    fn an_algorithm_has_its_exact_name() {
        assert_eq!(algorithm(&header(&json!({"alg": "ES256"}))), Ok(Algorithm::Es256));
        for none in ["none", "None", "NONE", "nOnE"] {
            assert_eq!(algorithm(&header(&json!({ "alg": none }))), Err(Refusal::AlgorithmNone), "{none}");
        }
        for other in [json!({"alg": "hs256"}), json!({"alg": ""}), json!({"alg": null}), json!({})] {
            assert_eq!(algorithm(&header(&other)), Err(Refusal::AlgorithmRefused), "{other}");
        }
    }

    #[test]
    fn a_key_id_is_text() {
        assert_eq!(key_id(&header(&json!({"kid": "../../etc/passwd"}))), Ok(Some("../../etc/passwd")));
        assert_eq!(key_id(&header(&json!({}))), Ok(None));
        for other in [json!({"kid": 1}), json!({"kid": null}), json!({"kid": ["a"]})] {
            assert_eq!(key_id(&header(&other)), Err(Refusal::KeyIdMalformed), "{other}");
        }
    }

    #[test]
    fn usual_types_log_in_and_others_do_not() {
        let usual = TokenTypes::Usual;
        for kind in ["jwt", "JWT", "at+jwt", "application/AT+JWT"] {
            assert_eq!(usual.check(&header(&json!({ "typ": kind }))), Ok(()), "{kind}");
        }
        assert_eq!(usual.check(&header(&json!({}))), Ok(()));
        for kind in [json!("logout+jwt"), json!("application/dpop+jwt"), json!(""), json!(1), json!(null)] {
            assert_eq!(usual.check(&header(&json!({ "typ": kind }))), Err(Refusal::TypeRefused), "{kind}");
        }
    }

    #[test]
    fn configured_types_are_the_only_ones() {
        let only = TokenTypes::only(&["application/at+JWT".to_owned()]).unwrap();
        assert_eq!(only.check(&header(&json!({"typ": "AT+jwt"}))), Ok(()));
        for other in [json!({"typ": "JWT"}), json!({})] {
            assert_eq!(only.check(&header(&other)), Err(Refusal::TypeRefused), "{other}");
        }
        let never = TokenTypes::only(&["JWT".to_owned(), "Logout+JWT".to_owned()]).unwrap_err();
        assert!(never.to_string().contains("logout+jwt"), "{never}");
    }
}
