//! The verifier of a vhost, and tokens to knock with.

use std::time::Duration;

use ejabberd_sidecar::authn::jwt::{ClaimRules, Issuer, Refusal, TokenTypes, UserRules, VhostVerifier};
use ejabberd_sidecar::authn::keys::{Algorithm, IssuerKeys, Key, KeySet};
use ejabberd_sidecar::policy::LocalpartRules;
use ejabberd_sidecar::types::{Localpart, parse_vhost};
use serde_json::{Value, json};

use super::b64;
use super::owner::Owner;

/// The time of all tests, in seconds since 1970.
pub(crate) const NOW: u32 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://login.example.org";
pub(crate) const TOKEN_MAX_BYTES: usize = 8192;

/// Where alice of example.org comes with her tokens.
#[derive(Debug)]
pub(crate) struct Gate(VhostVerifier);

impl Gate {
    /// For the tokens of [`ISSUER`], which has these keys.
    pub(crate) fn new(keys: Vec<Key>) -> Self {
        Self::of(vec![issuer(ISSUER, keys)])
    }

    pub(crate) fn of(issuers: Vec<Issuer>) -> Self {
        Self(VhostVerifier::new(parse_vhost("example.org").expect("a name"), TOKEN_MAX_BYTES, issuers))
    }

    pub(crate) fn verdict(&self, token: &str) -> Result<(), Refusal> {
        self.verdict_for("alice", token)
    }

    /// The verdict of a login, with which that of `token check` has to agree.
    pub(crate) fn verdict_for(&self, user: &str, token: &str) -> Result<(), Refusal> {
        let user = Localpart::new(user).expect("a localpart").into_owned();
        let verdict = self.0.verify(token, &user, NOW.into()).map(drop).map_err(|refused| refused.reason);
        let report = self.0.report(token, Some(&user), NOW.into());
        assert_eq!(report.verdict(), verdict, "the two verdicts on {token}");
        verdict
    }

    /// The verdict at another time, in seconds since 1970.
    pub(crate) fn verdict_at(&self, token: &str, now: u32) -> Result<(), Refusal> {
        let user = Localpart::new("alice").expect("a localpart").into_owned();
        self.0.verify(token, &user, now.into()).map(drop).map_err(|refused| refused.reason)
    }

    /// The `kid` of the key that signed, as the log would have it.
    pub(crate) fn signed_with(&self, token: &str) -> Option<String> {
        let user = Localpart::new("alice").expect("a localpart").into_owned();
        let verified = self.0.verify(token, &user, NOW.into()).ok()?;
        verified.key.map(|id| id.to_string())
    }
}

/// For the tokens of [`ISSUER`], which has this set of keys.
pub(crate) fn gate_of_set(keys: KeySet) -> Gate {
    Gate::of(vec![Issuer { keys: IssuerKeys::new(keys), ..issuer(ISSUER, vec![]) }])
}

/// An issuer with the usual rules.
pub(crate) fn issuer(name: &str, keys: Vec<Key>) -> Issuer {
    Issuer {
        name: name.to_owned(),
        keys: IssuerKeys::new(KeySet::new(keys)),
        types: TokenTypes::Usual,
        claims: ClaimRules {
            audience: vec![],
            leeway: Duration::from_secs(30),
            max_lifetime: Duration::from_hours(24),
            required: vec![],
        },
        user: UserRules {
            claim: "sub".parse().expect("a name"),
            localparts: LocalpartRules::new(None, &["admin".to_owned()]).expect("a pattern"),
            full_jid_only: false,
        },
    }
}

/// The claims of a token that lets alice in.
pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "alice", "exp": NOW + 60})
}

/// Header and claims as they are signed.
pub(crate) fn signing_input(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| b64(part.to_string())).join(".")
}

/// What is signed, and a signature.
pub(crate) fn assembled(input: &str, signature: &[u8]) -> String {
    format!("{input}.{}", b64(signature))
}

/// What a token of alice for this algorithm has signed.
pub(crate) fn good_input(algorithm: Algorithm) -> String {
    signing_input(&json!({"alg": algorithm.name()}), &claims())
}

/// A token of these contents, signed by the issuer.
pub(crate) fn signed(algorithm: Algorithm, header: &Value, claims: &Value) -> String {
    let input = signing_input(header, claims);
    assembled(&input, &Owner::Issuer.sign(algorithm, input.as_bytes()))
}

/// A token of alice, signed by the issuer.
pub(crate) fn good_token(algorithm: Algorithm) -> String {
    signed(algorithm, &json!({"alg": algorithm.name()}), &claims())
}
