//! The compact form of a signed token, RFC 7515 §7.1.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::Refusal;
use crate::authn::json::{JsonFault, parse_object};

/// A token taken apart, its form checked and nothing in it believed yet.
#[derive(Debug)]
pub(in crate::authn) struct Compact<'token> {
    pub(in crate::authn) header: Map<String, Value>,
    pub(in crate::authn) claims: Map<String, Value>,
    pub(in crate::authn) signed: &'token [u8],
    pub(in crate::authn) signature: Vec<u8>,
}

impl<'token> Compact<'token> {
    pub(in crate::authn) fn parse(token: &'token str) -> Result<Self, Refusal> {
        let (header, payload, signature) = split(token)?;
        let signed = &token.as_bytes()[..token.len() - signature.len() - 1];
        let [header, payload, signature] = [decode(header)?, decode(payload)?, decode(signature)?];
        Ok(Self { header: object(&header)?, claims: object(&payload)?, signed, signature })
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
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::TokenNotCanonical)
}

fn object(text: &[u8]) -> Result<Map<String, Value>, Refusal> {
    parse_object(text).map_err(|fault| match fault {
        JsonFault::NotAnObject => Refusal::TokenNotJson,
        JsonFault::Duplicate => Refusal::DuplicateMember,
    })
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
        assert_eq!(compact.header["alg"], "HS256");
        assert_eq!(compact.claims["iss"], "me");
        assert_eq!(compact.signature, b"signature");
        let signature = URL_SAFE_NO_PAD.encode(&compact.signature);
        assert_eq!(format!("{}.{signature}", String::from_utf8_lossy(compact.signed)), token);
    }

    #[test]
    fn has_three_parts() {
        let good = token(r#"{"alg":"HS256"}"#, "{}");
        let jwe = format!("{good}.x.y");
        assert_eq!(Compact::parse(&jwe).unwrap_err(), Refusal::TokenEncrypted);
        for form in ["", ".", "a.b", &format!("{good}.x"), &format!("{jwe}.z"), "no token"] {
            assert_eq!(Compact::parse(form).unwrap_err(), Refusal::TokenMalformed, "{form:?}");
        }
    }

    #[test]
    fn has_one_spelling() {
        let good = token(r#"{"alg":"HS256"}"#, "{}");
        // "signature" ends in the quantum "cmU", whose last symbol has no spare bits; "/+" belong to another alphabet.
        let (padded, spaced, newline) = (format!("{good}="), format!(" {good}"), format!("{good}\n"));
        let (alphabet, stray_bits) = (good.replace("e30", "e/0"), good.replace(".e30.", ".e31."));
        for form in [&padded, &spaced, &newline, &alphabet, &stray_bits] {
            assert_eq!(Compact::parse(form).unwrap_err(), Refusal::TokenNotCanonical, "{form:?}");
        }
    }

    #[test]
    fn holds_objects_without_duplicates() {
        for (header, payload, refusal) in [
            (r#"["HS256"]"#, "{}", Refusal::TokenNotJson),
            ("", "{}", Refusal::TokenNotJson),
            ("{}", "null", Refusal::TokenNotJson),
            ("{}", "{\"a\":\u{1}}", Refusal::TokenNotJson),
            (r#"{"alg":"HS256","alg":"none"}"#, "{}", Refusal::DuplicateMember),
            ("{}", r#"{"sub":"alice","sub":"bob"}"#, Refusal::DuplicateMember),
        ] {
            assert_eq!(Compact::parse(&token(header, payload)).unwrap_err(), refusal, "{header} {payload}");
        }
        assert_eq!(Compact::parse("..").unwrap_err(), Refusal::TokenNotJson);
    }
}
