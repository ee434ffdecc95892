//! Three issuers with rules of their own and one without keys, and tokens in their names.

use ejabberd_sidecar::authn::jwt::{ClaimRules, Issuer, RequiredClaim, UserRules};
use ejabberd_sidecar::authn::keys::{Algorithm, IssuerKeys, KeyKind, parse_jwks};
use serde_json::{Value, json};

use super::b64;
use super::gate::{Gate, ISSUER, NOW, assembled, claims, issuer, signed, signing_input};
use super::owner::Owner;

/// Has public keys: `rsa` and `ec`.
pub(crate) const PUBLIC: &str = "https://public.example.org";
/// Has a secret that another issuer has not, an audience, required claims, and shares its users with other vhosts.
pub(crate) const STRICT: &str = "https://strict.example.org";

/// Lost all its keys.
pub(crate) const KEYLESS: &str = "https://keyless.example.org";

/// Where all of them are known.
pub(crate) fn gate() -> Gate {
    let named = |kind, id: &str| {
        let mut jwk = Owner::Issuer.jwk(kind);
        jwk["kid"] = id.into();
        jwk
    };
    let set = json!({"keys": [named(KeyKind::Rsa, "rsa"), named(KeyKind::P256, "ec")]}).to_string();
    let set = parse_jwks(set.as_bytes(), None).expect("good keys").keys;
    let strict = issuer(STRICT, Owner::Stranger.key(Algorithm::Hs256));
    let required = |name: &str, values: Option<&[&str]>| RequiredClaim {
        claim: name.parse().expect("a name"),
        values: values.map(|values| values.iter().copied().map(Value::from).collect()),
    };
    let rules = ClaimRules {
        audience: vec!["xmpp".to_owned()],
        required: vec![required("email", None), required("/realm/roles", Some(&["chat"]))],
        ..strict.claims
    };
    Gate::of(vec![
        issuer(ISSUER, Owner::Issuer.key(Algorithm::Hs256)),
        Issuer { keys: IssuerKeys::new(set), ..issuer(PUBLIC, vec![]) },
        issuer(KEYLESS, vec![]),
        Issuer { claims: rules, user: UserRules { full_jid_only: true, ..strict.user }, ..strict },
    ])
}

/// Good claims, one of them replaced; null takes it away.
pub(crate) fn but(mut claims: Value, name: &str, value: Value) -> Value {
    match value {
        Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
        value => claims[name] = value,
    }
    claims
}

pub(crate) fn public_claims() -> Value {
    but(claims(), "iss", json!(PUBLIC))
}

pub(crate) fn strict_claims() -> Value {
    let roles = json!({"roles": ["chat"]});
    let claims = json!({"sub": "alice@example.org", "exp": NOW + 60, "aud": "xmpp", "email": "a@b"});
    but(but(claims, "iss", json!(STRICT)), "realm", roles)
}

/// Signed with the secret of [`ISSUER`].
pub(crate) fn hs256(header: &Value, claims: &Value) -> String {
    signed(Algorithm::Hs256, header, claims)
}

pub(crate) fn with_header(name: &str, value: Value) -> String {
    hs256(&but(json!({"alg": "HS256", "typ": "JWT"}), name, value), &claims())
}

pub(crate) fn with_claim(name: &str, value: Value) -> String {
    hs256(&json!({"alg": "HS256"}), &but(claims(), name, value))
}

/// Signed with the secret of [`STRICT`].
pub(crate) fn strict(name: &str, value: Value) -> String {
    let input = signing_input(&json!({"alg": "HS256"}), &but(strict_claims(), name, value));
    assembled(&input, &Owner::Stranger.sign(Algorithm::Hs256, input.as_bytes()))
}

/// Signed by anybody, as anything, in the name of [`PUBLIC`].
pub(crate) fn public(header: &Value, signer: Owner, algorithm: Algorithm) -> String {
    let input = signing_input(header, &public_claims());
    assembled(&input, &signer.sign(algorithm, input.as_bytes()))
}

/// Signed with the secret of [`ISSUER`], from texts that need not be JSON.
pub(crate) fn raw(header: &str, payload: &str) -> String {
    let input = [header, payload].map(b64).join(".");
    assembled(&input, &Owner::Issuer.sign(Algorithm::Hs256, input.as_bytes()))
}
