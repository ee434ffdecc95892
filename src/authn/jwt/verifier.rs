//! The verdict on a token: form, issuer, key, signature, claims, user, in this order.

use std::collections::HashMap;

use serde_json::Value;

use super::claims::{ClaimRules, check_user};
use super::compact::Compact;
use super::refusal::Refusal;
use crate::authn::Key;
use crate::types::{Localpart, Vhost};

/// An issuer of tokens: its keys and its rules.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// Its name, which `iss` has to equal.
    pub name: String,
    /// Keys that verify its tokens; one of them has to.
    pub keys: Vec<Key>,
    /// What its tokens have to say.
    pub rules: ClaimRules,
}

/// Verifies the tokens of one vhost's users.
#[derive(Debug)]
pub struct VhostVerifier {
    vhost: Vhost,
    token_max_bytes: usize,
    issuers: HashMap<String, Issuer>,
}

/// A token that was found good.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified<'verifier> {
    /// The issuer that vouched for the user.
    pub issuer: &'verifier str,
}

impl VhostVerifier {
    /// A verifier for `vhost` that refuses tokens above `token_max_bytes` before it looks at them.
    #[must_use]
    pub fn new(vhost: Vhost, token_max_bytes: usize, issuers: Vec<Issuer>) -> Self {
        let issuers = issuers.into_iter().map(|issuer| (issuer.name.clone(), issuer)).collect();
        Self { vhost, token_max_bytes, issuers }
    }

    /// The vhost whose users these are.
    #[must_use]
    pub fn vhost(&self) -> &Vhost {
        &self.vhost
    }

    /// Checks that `token` lets `user` log in at `now` (seconds since 1970).
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of the first rule that does not hold.
    pub fn verify(&self, token: &str, user: &Localpart, now: f64) -> Result<Verified<'_>, Refusal> {
        match token.len() {
            0 => return Err(Refusal::TokenMissing),
            bytes if bytes > self.token_max_bytes => return Err(Refusal::TokenTooLarge),
            _ => {}
        }
        let compact = Compact::parse(token)?;
        let issuer = self.issuer_of(&compact)?;
        check_signature(&issuer.keys, &compact)?;
        issuer.rules.check(&compact.claims, now)?;
        check_user(&compact.claims, user, &self.vhost)?;
        Ok(Verified { issuer: &issuer.name })
    }

    fn issuer_of(&self, compact: &Compact<'_>) -> Result<&Issuer, Refusal> {
        match compact.claims.get("iss") {
            Some(Value::String(name)) => self.issuers.get(name).ok_or(Refusal::IssuerUnknown),
            _ => Err(Refusal::IssuerMissing),
        }
    }
}

fn check_signature(keys: &[Key], compact: &Compact<'_>) -> Result<(), Refusal> {
    let mut usable = keys.iter().filter(|key| key.algorithm().name() == compact.algorithm).peekable();
    if usable.peek().is_none() {
        return Err(Refusal::AlgorithmRefused);
    }
    if usable.any(|key| key.verifies(compact.signed, compact.signature)) {
        Ok(())
    } else {
        Err(Refusal::SignatureInvalid)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use serde_json::json;
    use sha2::Sha256;

    use super::*;
    use crate::authn::SharedSecret;
    use crate::types::parse_vhost;

    const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
    const NOW: i64 = 1_800_000_000;

    fn issuer(name: &str, secret: &[u8]) -> Issuer {
        let secret = SharedSecret::new(secret.to_vec()).unwrap();
        let rules = ClaimRules {
            audience: vec![],
            leeway: Duration::from_secs(30),
            max_lifetime: Duration::from_hours(24),
        };
        Issuer { name: name.to_owned(), keys: vec![Key::from(&secret)], rules }
    }

    fn verifier() -> VhostVerifier {
        let issuers =
            vec![issuer("one", SECRET), issuer("two", b"another secret of thirty-two bytes or more")];
        VhostVerifier::new(parse_vhost("example.org").unwrap(), 8192, issuers)
    }

    /// Signs with another library than the one under test.
    fn signed(header: &Value, claims: &Value) -> String {
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
        mac.update(parts.join(".").as_bytes());
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn hs256(claims: &Value) -> String {
        signed(&json!({"alg": "HS256", "typ": "JWT"}), claims)
    }

    fn verdict(token: &str) -> Result<String, Refusal> {
        let user = Localpart::new("alice").unwrap().into_owned();
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in an f64")]
        let now = NOW as f64;
        verifier().verify(token, &user, now).map(|verified| verified.issuer.to_owned())
    }

    fn good_claims() -> Value {
        json!({"iss": "one", "sub": "alice", "exp": NOW + 60})
    }

    #[test]
    fn a_good_token_names_its_issuer() {
        assert_eq!(verdict(&hs256(&good_claims())), Ok("one".to_owned()));
    }

    #[test]
    fn the_key_decides_the_algorithm() {
        for algorithm in ["none", "None", "nOnE", "", "HS512", "RS256", "hs256"] {
            let token = signed(&json!({"alg": algorithm}), &good_claims());
            assert_eq!(verdict(&token), Err(Refusal::AlgorithmRefused), "{algorithm}");
            let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
            assert_eq!(verdict(&unsigned), Err(Refusal::AlgorithmRefused), "{algorithm}, unsigned");
        }
        let unsigned = hs256(&good_claims());
        let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
        assert_eq!(verdict(&unsigned), Err(Refusal::SignatureInvalid));
    }

    #[test]
    fn an_issuer_speaks_only_with_its_own_key() {
        let crossed = json!({"iss": "two", "sub": "alice", "exp": NOW + 60});
        assert_eq!(verdict(&hs256(&crossed)), Err(Refusal::SignatureInvalid));
        let unknown = json!({"iss": "three", "sub": "alice", "exp": NOW + 60});
        assert_eq!(verdict(&hs256(&unknown)), Err(Refusal::IssuerUnknown));
        for missing in [json!({"sub": "alice", "exp": NOW + 60}), json!({"iss": ["one"], "exp": NOW + 60})] {
            assert_eq!(verdict(&hs256(&missing)), Err(Refusal::IssuerMissing), "{missing}");
        }
    }

    #[test]
    fn claims_and_user_are_checked() {
        let expired = json!({"iss": "one", "sub": "alice", "exp": NOW - 60});
        assert_eq!(verdict(&hs256(&expired)), Err(Refusal::TokenExpired));
        let foreign = json!({"iss": "one", "sub": "bob", "exp": NOW + 60});
        assert_eq!(verdict(&hs256(&foreign)), Err(Refusal::UserMismatch));
    }

    #[test]
    fn size_is_looked_at_first() {
        assert_eq!(verdict(""), Err(Refusal::TokenMissing));
        assert_eq!(verdict(&"x".repeat(8193)), Err(Refusal::TokenTooLarge));
        assert_eq!(verdict(&"x".repeat(8192)), Err(Refusal::TokenMalformed));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let good = hs256(&good_claims());
            let mut bytes = good.clone().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            let changed = String::from_utf8_lossy(&bytes);
            prop_assert!(verdict(&changed).is_err(), "{changed}");
        }

        #[test]
        fn nothing_panics(token in "\\PC{0,200}") {
            prop_assert!(verdict(&token).is_err());
        }
    }
}
