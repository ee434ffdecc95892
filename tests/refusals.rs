//! Every reason to refuse a token, with the tokens that it is there for. Each differs from a good one in what its row says.

#[path = "support/jose/mod.rs"]
mod jose;

use std::collections::HashSet;

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyKind};
use serde_json::{Value, json};

use jose::b64;
use jose::der::{self, pem, spki};
use jose::gate::{ISSUER, NOW, assembled, claims, signed, signing_input};
use jose::owner::{Owner, mac256};
use jose::three_issuers::{
    KEYLESS, but, gate, hs256, public, public_claims, raw, strict, strict_claims, with_claim, with_header,
};

/// What a token is like, who comes with it, and the reason.
type Row = (&'static str, String, &'static str, Refusal);

fn form() -> Vec<Row> {
    let good = hs256(&json!({"alg": "HS256"}), &claims());
    let payload = claims().to_string();
    let twice = payload.replacen("\"sub\"", "\"sub\":\"bob\",\"sub\"", 1);
    let nested = payload.replacen('{', r#"{"x":[{"a":1,"\u0061":2}],"#, 1);
    let header = r#"{"alg":"HS256"}"#;
    [
        ("no token", String::new(), Refusal::TokenMissing),
        ("64 kB", with_claim("x", json!("x".repeat(48 * 1024))), Refusal::TokenTooLarge),
        ("64 kB of dots", ".".repeat(64 * 1024), Refusal::TokenTooLarge),
        ("a password", "correct horse battery staple".to_owned(), Refusal::TokenMalformed),
        ("two parts", good.rsplit_once('.').expect("dots").0.to_owned(), Refusal::TokenMalformed),
        ("four parts", format!("{good}."), Refusal::TokenMalformed),
        ("six parts", format!("{good}..."), Refusal::TokenMalformed),
        ("five parts", format!("{good}.x.y"), Refusal::TokenEncrypted),
        ("five empty parts", "....".to_owned(), Refusal::TokenEncrypted),
        ("padding", format!("{good}="), Refusal::TokenNotCanonical),
        ("a line end", format!("{good}\n"), Refusal::TokenNotCanonical),
        ("the word Bearer", format!("Bearer {good}"), Refusal::TokenNotCanonical),
        ("another alphabet", good.replacen('.', "/.", 1), Refusal::TokenNotCanonical),
        ("empty parts", "..".to_owned(), Refusal::TokenNotJson),
        ("a header that is a list", raw(r#"["HS256"]"#, &payload), Refusal::TokenNotJson),
        ("a payload that is text", raw(header, "\"alice\""), Refusal::TokenNotJson),
        ("two objects", raw(header, &format!("{payload}{payload}")), Refusal::TokenNotJson),
        ("a comment", raw(header, &format!("{payload}//")), Refusal::TokenNotJson),
        (
            "half a surrogate pair",
            raw(header, &payload.replacen("alice", r"\ud800", 1)),
            Refusal::TokenNotJson,
        ),
        ("duplicate algorithm", raw(r#"{"alg":"HS256","alg":"HS256"}"#, &payload), Refusal::DuplicateMember),
        ("duplicate user", raw(header, &twice), Refusal::DuplicateMember),
        ("a duplicate deep below", raw(header, &nested), Refusal::DuplicateMember),
    ]
    .map(by_alice)
    .to_vec()
}

fn by_alice((name, token, refusal): (&'static str, String, Refusal)) -> Row {
    (name, token, "alice", refusal)
}

fn header() -> Vec<Row> {
    [
        ("an extension", with_header("crit", json!(["exp"])), Refusal::HeaderCritical),
        ("no extension, but the word", with_header("crit", json!([])), Refusal::HeaderCritical),
        ("unencoded payload", with_header("crit", json!(["b64"])), Refusal::HeaderCritical),
        ("compressed", with_header("zip", json!("DEF")), Refusal::HeaderCompressed),
        ("nested", with_header("cty", json!("JWT")), Refusal::HeaderContentType),
        ("a logout", with_header("typ", json!("logout+jwt")), Refusal::TypeRefused),
        ("a proof of possession", with_header("typ", json!("application/DPoP+JWT")), Refusal::TypeRefused),
        ("a type that is no text", with_header("typ", json!(["JWT"])), Refusal::TypeRefused),
        ("not signed", with_header("alg", json!("nOnE")), Refusal::AlgorithmNone),
        ("another hash", with_header("alg", json!("HS512")), Refusal::AlgorithmRefused),
        ("small letters", with_header("alg", json!("hs256")), Refusal::AlgorithmRefused),
        ("no algorithm", with_header("alg", json!(null)), Refusal::AlgorithmRefused),
        ("an algorithm that is a list", with_header("alg", json!(["HS256"])), Refusal::AlgorithmRefused),
        ("a key id that is a number", with_header("kid", json!(0)), Refusal::KeyIdMalformed),
        (
            "a key id that is a key",
            with_header("kid", Owner::Issuer.jwk(KeyKind::Rsa)),
            Refusal::KeyIdMalformed,
        ),
    ]
    .map(by_alice)
    .to_vec()
}

fn keys() -> Vec<Row> {
    let rsa = Algorithm::Rs256;
    let named = |id: &str| json!({"alg": "RS256", "kid": id});
    let public_key = pem("PUBLIC KEY", &spki(der::EC, der::P256, &Owner::Issuer.point(KeyKind::P256)));
    let confused = signing_input(&json!({"alg": "HS256", "kid": "ec"}), &public_claims());
    let confused = assembled(&confused, &mac256(public_key.as_bytes(), confused.as_bytes()));
    let embedded = json!({"alg": "RS256", "jwk": Owner::Stranger.jwk(KeyKind::Rsa)});
    let crossed = signing_input(&json!({"alg": "HS256"}), &strict_claims());
    let crossed = assembled(&crossed, &Owner::Issuer.sign(Algorithm::Hs256, crossed.as_bytes()));
    [
        ("HS256 signed with the public key", confused, Refusal::AlgorithmRefused),
        (
            "HS256 signed with another issuer's secret",
            public(&json!({"alg": "HS256"}), Owner::Issuer, Algorithm::Hs256),
            Refusal::AlgorithmRefused,
        ),
        (
            "RS256 by an issuer of secrets",
            signed(rsa, &json!({"alg": "RS256"}), &claims()),
            Refusal::AlgorithmRefused,
        ),
        ("issuers crossed", crossed, Refusal::SignatureInvalid),
        (
            "key families swapped in the header",
            public(&json!({"alg": "ES256", "kid": "rsa"}), Owner::Issuer, Algorithm::Es256),
            Refusal::KeyUnknown,
        ),
        (
            "key families swapped in the signature",
            public(&named("rsa"), Owner::Issuer, Algorithm::Es256),
            Refusal::SignatureInvalid,
        ),
        (
            "another padding of the same key",
            public(&json!({"alg": "PS256", "kid": "rsa"}), Owner::Issuer, Algorithm::Ps256),
            Refusal::AlgorithmRefused,
        ),
        ("an embedded key", public(&embedded, Owner::Stranger, rsa), Refusal::SignatureInvalid),
        (
            "an embedded address",
            public(&json!({"alg": "RS256", "jku": "http://127.0.0.1:1"}), Owner::Stranger, rsa),
            Refusal::SignatureInvalid,
        ),
        (
            "a key id that is a path",
            public(&named("../../../dev/null"), Owner::Issuer, rsa),
            Refusal::KeyUnknown,
        ),
        (
            "a key id that is an address",
            public(&named("https://stranger.example/key"), Owner::Stranger, rsa),
            Refusal::KeyUnknown,
        ),
        ("a key id in capitals", public(&named("RSA"), Owner::Issuer, rsa), Refusal::KeyUnknown),
    ]
    .map(by_alice)
    .to_vec()
}

fn signatures() -> Vec<Row> {
    let header = json!({"alg": "RS256", "kid": "rsa"});
    let good = public(&header, Owner::Issuer, Algorithm::Rs256);
    let unsigned = format!("{}.", good.rsplit_once('.').expect("dots").0);
    let changed = good.replacen(
        &b64(public_claims().to_string()),
        &b64(but(public_claims(), "admin", json!(true)).to_string()),
        1,
    );
    let stranger = public(&header, Owner::Stranger, Algorithm::Rs256);
    [
        ("a stranger's signature", stranger, Refusal::SignatureInvalid),
        ("no signature", unsigned, Refusal::SignatureInvalid),
        ("a changed claim", changed, Refusal::SignatureInvalid),
    ]
    .map(by_alice)
    .to_vec()
}

fn issuers() -> Vec<Row> {
    [
        ("no issuer", with_claim("iss", json!(null)), Refusal::IssuerMissing),
        ("an issuer that lost its keys", with_claim("iss", json!(KEYLESS)), Refusal::KeysMissing),
        ("issuers in a list", with_claim("iss", json!([ISSUER])), Refusal::IssuerMissing),
        ("another issuer", with_claim("iss", json!("https://stranger.example")), Refusal::IssuerUnknown),
        ("the issuer with a slash", with_claim("iss", json!(format!("{ISSUER}/"))), Refusal::IssuerUnknown),
        ("the issuer in capitals", with_claim("iss", json!(ISSUER.to_uppercase())), Refusal::IssuerUnknown),
    ]
    .map(by_alice)
    .to_vec()
}

fn dates() -> Vec<Row> {
    let milliseconds = u64::from(NOW + 60) * 1000;
    [
        ("no expiry", with_claim("exp", json!(null)), Refusal::ExpiryMissing),
        ("an expiry in text", with_claim("exp", json!((NOW + 60).to_string())), Refusal::ExpiryMalformed),
        (
            "an expiry as ISO has it",
            with_claim("exp", json!("2027-01-15T08:01:00Z")),
            Refusal::ExpiryMalformed,
        ),
        ("an expiry in a list", with_claim("exp", json!([NOW + 60])), Refusal::ExpiryMalformed),
        ("an expiry before 1970", with_claim("exp", json!(-1)), Refusal::ExpiryMalformed),
        ("an expiry that is true", with_claim("exp", json!(true)), Refusal::ExpiryMalformed),
        ("an expiry in milliseconds", with_claim("exp", json!(milliseconds)), Refusal::ExpiryInMilliseconds),
        ("an expiry without end", with_claim("exp", json!(u64::MAX)), Refusal::ExpiryInMilliseconds),
        ("an expiry of 10^300", with_claim("exp", json!(1e300)), Refusal::ExpiryInMilliseconds),
        ("expired", with_claim("exp", json!(NOW - 30)), Refusal::TokenExpired),
        ("expired for half a second", with_claim("exp", json!(f64::from(NOW) - 30.5)), Refusal::TokenExpired),
        ("expired in 1970", with_claim("exp", json!(0)), Refusal::TokenExpired),
        ("a beginning in text", with_claim("nbf", json!(NOW.to_string())), Refusal::NotBeforeMalformed),
        ("not valid yet", with_claim("nbf", json!(NOW + 31)), Refusal::NotYetValid),
        (
            "a beginning in milliseconds",
            with_claim("nbf", json!(u64::from(NOW) * 1000)),
            Refusal::NotYetValid,
        ),
        ("an issue in text", with_claim("iat", json!(NOW.to_string())), Refusal::IssuedAtMalformed),
        ("issued in the future", with_claim("iat", json!(NOW + 31)), Refusal::IssuedInFuture),
        ("issued long ago", with_claim("iat", json!(NOW - 86_400)), Refusal::LifetimeTooLong),
        ("expires in a year", with_claim("exp", json!(NOW + 365 * 86_400)), Refusal::LifetimeTooLong),
    ]
    .map(by_alice)
    .to_vec()
}

fn contents() -> Vec<Row> {
    [
        ("bound to a key", with_claim("cnf", json!({"jkt": "x"})), Refusal::ConfirmationRequired),
        ("an audience where none is known", with_claim("aud", json!("web")), Refusal::AudienceMismatch),
        ("no audience", strict("aud", json!(null)), Refusal::AudienceMissing),
        ("another audience", strict("aud", json!(["web", "xmpp2"])), Refusal::AudienceMismatch),
        ("an audience in capitals", strict("aud", json!("XMPP")), Refusal::AudienceMismatch),
        ("no audience in the list", strict("aud", json!([])), Refusal::AudienceMismatch),
        ("without a required claim", strict("email", json!(null)), Refusal::RequiredClaimMissing),
        ("without a required list", strict("realm", json!({})), Refusal::RequiredClaimMissing),
        (
            "another role",
            strict("realm", json!({"roles": ["chatty", "Chat"]})),
            Refusal::RequiredClaimMismatch,
        ),
        ("a localpart of nobody's vhost", strict("sub", json!("alice")), Refusal::FullJidRequired),
    ]
    .map(by_alice)
    .to_vec()
}

fn users() -> Vec<Row> {
    let sub = |value: Value| with_claim("sub", value);
    vec![
        ("no user", sub(json!(null)), "alice", Refusal::UserClaimMissing),
        ("a user that is a number", sub(json!(7)), "alice", Refusal::UserClaimMissing),
        ("users in a list", sub(json!(["alice"])), "alice", Refusal::UserClaimMissing),
        ("an empty user", sub(json!("")), "alice", Refusal::UserClaimMalformed),
        ("a user and a space", sub(json!("alice ")), "alice", Refusal::UserClaimMalformed),
        ("a user and a zero", sub(json!("alice\u{0}")), "alice", Refusal::UserClaimMalformed),
        (
            "a user with a resource",
            sub(json!("alice@example.org/phone")),
            "alice",
            Refusal::UserClaimMalformed,
        ),
        ("two domains", sub(json!("alice@example.org@example.org")), "alice", Refusal::UserClaimMalformed),
        ("a Kelvin sign", sub(json!("\u{212a}elvin")), "kelvin", Refusal::UserClaimFolds),
        (
            "a Kelvin sign in a JID",
            sub(json!("\u{212a}elvin@example.org")),
            "kelvin",
            Refusal::UserClaimFolds,
        ),
        ("a sharp s", sub(json!("stra\u{df}e")), "strasse", Refusal::UserClaimFolds),
        ("a wide letter", sub(json!("\u{ff41}lice")), "alice", Refusal::UserClaimFolds),
        ("a soft hyphen", sub(json!("al\u{ad}ice")), "alice", Refusal::UserClaimFolds),
        ("another vhost", sub(json!("alice@example.com")), "alice", Refusal::VhostMismatch),
        ("a vhost below", sub(json!("alice@x.example.org")), "alice", Refusal::VhostMismatch),
        ("an admin", sub(json!("admin")), "admin", Refusal::LocalpartDenied),
        ("an admin in capitals", sub(json!("ADMIN@EXAMPLE.ORG")), "admin", Refusal::LocalpartDenied),
        ("somebody else", sub(json!("bob")), "alice", Refusal::UserMismatch),
        ("somebody whose name begins so", sub(json!("alice2")), "alice", Refusal::UserMismatch),
        ("a letter that looks alike", sub(json!("\u{430}lice")), "alice", Refusal::UserMismatch),
    ]
}

fn rows() -> Vec<Row> {
    [form(), header(), keys(), signatures(), issuers(), dates(), contents(), users()].concat()
}

#[test]
fn every_row_is_refused_for_its_reason() {
    let gate = gate();
    for (name, token, user, refusal) in rows() {
        assert_eq!(gate.verdict_for(user, &token), Err(refusal), "{name}");
    }
}

#[test]
fn every_reason_has_a_row() {
    let produced: HashSet<_> = rows().into_iter().map(|(_, _, _, refusal)| refusal).collect();
    let all: HashSet<_> = Refusal::ALL.iter().copied().collect();
    assert_eq!(produced, all);
    let names: HashSet<_> = rows().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.len(), rows().len(), "each row has a name of its own");
}

/// What the rows differ from logs in, else they would prove nothing.
#[test]
fn without_its_defect_each_row_would_log_in() {
    let gate = gate();
    for (name, token, user) in [
        ("a secret", hs256(&json!({"alg": "HS256", "typ": "JWT"}), &claims()), "alice"),
        (
            "nbf and iat",
            hs256(
                &json!({"alg": "HS256"}),
                &but(but(claims(), "nbf", json!(NOW + 30)), "iat", json!(NOW + 30)),
            ),
            "alice",
        ),
        ("half a second within the leeway", with_claim("exp", json!(f64::from(NOW) - 29.5)), "alice"),
        ("a header that says nothing new", with_header("x5c", json!(["MIIB"])), "alice"),
        ("rsa", public(&json!({"alg": "RS256", "kid": "rsa"}), Owner::Issuer, Algorithm::Rs256), "alice"),
        ("ec", public(&json!({"alg": "ES256", "kid": "ec"}), Owner::Issuer, Algorithm::Es256), "alice"),
        ("no kid", public(&json!({"alg": "ES256"}), Owner::Issuer, Algorithm::Es256), "alice"),
        ("a strict issuer", strict("x", json!(1)), "alice"),
        ("the domain in capitals", with_claim("sub", json!("Alice@EXAMPLE.ORG")), "alice"),
        ("kelvin", with_claim("sub", json!("Kelvin")), "kelvin"),
        ("strasse", with_claim("sub", json!("strasse")), "strasse"),
        ("almost an admin", with_claim("sub", json!("admin2")), "admin2"),
        ("the longest", with_claim("x", json!("x".repeat(5900))), "alice"),
    ] {
        assert_eq!(gate.verdict_for(user, &token), Ok(()), "{name}");
    }
}
