//! The compact form of a signed token, RFC 7515 §7.1.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::Refusal;
use super::json::parse_object;

/// A token taken apart, its form checked and nothing in it believed yet.
#[derive(Debug)]
pub(super) struct Compact<'token> {
    pub(super) algorithm: String,
    pub(super) claims: Map<String, Value>,
    pub(super) signed: &'token [u8],
    pub(super) signature: &'token str,
}

impl<'token> Compact<'token> {
    /// Takes `token` apart and applies the rules for headers. Keys that a header brings along (`jwk`, `jku`, `x5u`, `x5c`) are
    /// neither used nor fetched.
    pub(super) fn parse(token: &'token str) -> Result<Self, Refusal> {
        let (header, payload, signature) = split(token)?;
        let signed = &token.as_bytes()[..token.len() - signature.len() - 1];
        let algorithm = check_header(&parse_object(&decode(header)?)?)?;
        let claims = parse_object(&decode(payload)?)?;
        decode(signature)?;
        Ok(Self { algorithm, claims, signed, signature })
    }
}

fn split(token: &str) -> Result<(&str, &str, &str), Refusal> {
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.count()) {
        (Some(header), Some(payload), Some(signature), 0) => Ok((header, payload, signature)),
        (Some(_), Some(_), Some(_), 2) => Err(Refusal::TokenEncrypted),
        _ => Err(Refusal::TokenMalformed),
    }
}

/// Canonical base64url only: no padding, no white space, no stray bits. A token has one spelling.
fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::TokenMalformed)
}

/// Answers the `alg`, which is compared with the key's and never chooses anything.
fn check_header(header: &Map<String, Value>) -> Result<String, Refusal> {
    for (name, refusal) in [
        ("crit", Refusal::HeaderCritical),
        ("zip", Refusal::HeaderCompressed),
        ("cty", Refusal::HeaderContentType),
    ] {
        if header.contains_key(name) {
            return Err(refusal);
        }
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(kind)) if is_login_token(kind) => {}
        Some(_) => return Err(Refusal::TypeRefused),
    }
    match header.get("alg") {
        Some(Value::String(algorithm)) => Ok(algorithm.clone()),
        _ => Err(Refusal::AlgorithmRefused),
    }
}

/// `JWT`, or the access token of RFC 9068; media types, so case and `application/` do not count. Others (`logout+jwt`,
/// `dpop+jwt`) are made for something else than logging in.
fn is_login_token(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "at+jwt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        [header, payload, "signature"].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    }

    #[test]
    fn takes_a_token_apart() {
        let token = token(r#"{"alg":"HS256","typ":"JWT","kid":"../x","jku":"http://x"}"#, r#"{"iss":"me"}"#);
        let compact = Compact::parse(&token).unwrap();
        assert_eq!(compact.algorithm, "HS256");
        assert_eq!(compact.claims["iss"], "me");
        assert_eq!(format!("{}.{}", String::from_utf8_lossy(compact.signed), compact.signature), token);
    }

    #[test]
    fn refuses_headers_by_their_rule() {
        for (header, refusal) in [
            (r#"{"alg":"HS256","crit":["b64"]}"#, Refusal::HeaderCritical),
            (r#"{"alg":"HS256","zip":"DEF"}"#, Refusal::HeaderCompressed),
            (r#"{"alg":"HS256","cty":"JWT"}"#, Refusal::HeaderContentType),
            (r#"{"alg":"HS256","typ":"logout+jwt"}"#, Refusal::TypeRefused),
            (r#"{"alg":"HS256","typ":"application/dpop+jwt"}"#, Refusal::TypeRefused),
            (r#"{"alg":"HS256","typ":1}"#, Refusal::TypeRefused),
            (r#"{"typ":"JWT"}"#, Refusal::AlgorithmRefused),
            (r#"{"alg":null}"#, Refusal::AlgorithmRefused),
            (r#"{"alg":"HS256","alg":"none"}"#, Refusal::DuplicateMember),
            (r#"["HS256"]"#, Refusal::TokenMalformed),
        ] {
            assert_eq!(Compact::parse(&token(header, "{}")).unwrap_err(), refusal, "{header}");
        }
        for typ in ["jwt", "JWT", "at+jwt", "application/AT+JWT"] {
            assert!(
                Compact::parse(&token(&format!(r#"{{"alg":"x","typ":"{typ}"}}"#), "{}")).is_ok(),
                "{typ}"
            );
        }
    }

    #[test]
    fn refuses_every_other_form() {
        let good = token(r#"{"alg":"HS256"}"#, "{}");
        let jwe = format!("{good}.x.y");
        assert_eq!(Compact::parse(&jwe).unwrap_err(), Refusal::TokenEncrypted);
        let (four, padded, spaced) = (format!("{good}.x"), format!("{good}="), format!(" {good}"));
        // "signature" ends in the quantum "cmU", whose last symbol has no spare bits; "/+" belong to another alphabet.
        let (newline, alphabet) = (format!("{good}\n"), good.replace("e30", "e/0"));
        let stray_bits = good.replace(".e30.", ".e31.");
        for form in ["", ".", "..", "a.b", &four, &padded, &spaced, &newline, &alphabet, &stray_bits] {
            assert_eq!(Compact::parse(form).unwrap_err(), Refusal::TokenMalformed, "{form:?}");
        }
    }
}
