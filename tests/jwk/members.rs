//! Members that all keys have in common: what a key is for, whose it is, and what it must not hold.

use ejabberd_sidecar::authn::keys::{Algorithm, Key, KeyFault, KeyKind, parse_jwk};
use serde_json::{Value, json};

use crate::jose::b64;
use crate::jose::owner::Owner;
use crate::jose::parse::{algorithms, fault};

const KINDS: [KeyKind; 5] = [KeyKind::Hmac, KeyKind::Rsa, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519];

/// The issuer's key, with one more member.
fn with(kind: KeyKind, name: &str, value: Value) -> Value {
    let mut jwk = Owner::Issuer.jwk(kind);
    jwk[name] = value;
    jwk
}

#[test]
fn every_kind_is_known_and_others_are_not() {
    for kind in KINDS {
        assert_eq!(algorithms(&Owner::Issuer.jwk(kind), None), Ok(vec![kind.usual_algorithm()]), "{kind}");
        for other in ["rsa", "ec", "okp", "Oct", "RSA ", "", "AKP", "DSA"] {
            assert_eq!(fault(&with(kind, "kty", json!(other))), KeyFault::Unsupported, "{kind}: {other:?}");
        }
        for other in [json!(1), json!(null), json!(["RSA"])] {
            assert_eq!(
                fault(&with(kind, "kty", other.clone())),
                KeyFault::Malformed("kty"),
                "{kind}: {other}"
            );
        }
    }
    assert_eq!(fault(&json!({})), KeyFault::Missing("kty"));
}

#[test]
fn a_kind_has_its_own_members() {
    for (kind, kty, expected) in [
        (KeyKind::P256, "RSA", KeyFault::Missing("n")),
        (KeyKind::Rsa, "EC", KeyFault::Missing("crv")),
        (KeyKind::Rsa, "oct", KeyFault::Missing("k")),
        (KeyKind::Rsa, "OKP", KeyFault::Missing("crv")),
        (KeyKind::Ed25519, "EC", KeyFault::Unsupported),
        (KeyKind::P256, "OKP", KeyFault::Unsupported),
        (KeyKind::Hmac, "RSA", KeyFault::Missing("n")),
    ] {
        assert_eq!(fault(&with(kind, "kty", json!(kty))), expected, "{kind} as {kty}");
    }
}

#[test]
fn a_key_is_for_signatures() {
    for kind in KINDS {
        let usual = Ok(vec![kind.usual_algorithm()]);
        assert_eq!(algorithms(&with(kind, "use", json!("sig")), None), usual);
        for other in ["enc", "", "SIG", "sig ", "tls", "sig enc"] {
            assert_eq!(
                fault(&with(kind, "use", json!(other))),
                KeyFault::OtherUse("use"),
                "{kind}: {other:?}"
            );
        }
        for other in [json!(null), json!(["sig"]), json!(true)] {
            assert_eq!(
                fault(&with(kind, "use", other.clone())),
                KeyFault::Malformed("use"),
                "{kind}: {other}"
            );
        }
        for good in [json!(["verify"]), json!(["sign", "verify"]), json!(["verify", "x"])] {
            assert_eq!(algorithms(&with(kind, "key_ops", good.clone()), None), usual, "{kind}: {good}");
        }
        for other in [
            json!([]),
            json!(["sign"]),
            json!(["encrypt", "wrapKey"]),
            json!(["Verify"]),
            json!([["verify"]]),
        ] {
            let refused = fault(&with(kind, "key_ops", other.clone()));
            assert_eq!(refused, KeyFault::OtherUse("key_ops"), "{kind}: {other}");
        }
        for other in [json!("verify"), json!(null), json!({"verify": true}), json!(1)] {
            let refused = fault(&with(kind, "key_ops", other.clone()));
            assert_eq!(refused, KeyFault::Malformed("key_ops"), "{kind}: {other}");
        }
        let mut both = with(kind, "use", json!("sig"));
        both["key_ops"] = json!(["sign"]);
        assert_eq!(fault(&both), KeyFault::OtherUse("key_ops"), "{kind}: both have to be right");
    }
}

#[test]
fn an_algorithm_belongs_to_the_kind() {
    for kind in KINDS {
        for algorithm in Algorithm::ALL {
            let parsed = algorithms(&with(kind, "alg", json!(algorithm.name())), None);
            let expected = if algorithm.kind() == kind {
                Ok(vec![algorithm])
            } else {
                Err(KeyFault::OtherAlgorithm { kind, algorithm })
            };
            assert_eq!(parsed, expected, "{kind} for {algorithm}");
        }
        for other in
            ["none", "", "ES512", "ES256K", "RSA-OAEP", "RSA1_5", "A256KW", "rs256", "EdDSA ", "Ed448"]
        {
            assert_eq!(
                fault(&with(kind, "alg", json!(other))),
                KeyFault::Malformed("alg"),
                "{kind}: {other:?}"
            );
        }
        for other in [json!(null), json!(256), json!([kind.usual_algorithm().name()])] {
            assert_eq!(
                fault(&with(kind, "alg", other.clone())),
                KeyFault::Malformed("alg"),
                "{kind}: {other}"
            );
        }
    }
    assert_eq!(
        algorithms(&with(KeyKind::Ed25519, "alg", json!("Ed25519")), None),
        Ok(vec![Algorithm::EdDsa])
    );
}

#[test]
fn a_private_key_is_refused() {
    for kind in [KeyKind::Rsa, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519] {
        for d in [json!(b64([7; 32])), json!(""), json!(null), json!(7)] {
            assert_eq!(fault(&with(kind, "d", d.clone())), KeyFault::Private, "{kind}: {d}");
        }
    }
    assert_eq!(algorithms(&with(KeyKind::Hmac, "d", json!("AA")), None), Ok(vec![Algorithm::Hs256]));
}

#[test]
fn a_key_id_is_text() {
    let name = |jwk: &Value| {
        let keys = parse_jwk(jwk.to_string().as_bytes(), None).unwrap();
        keys.first().and_then(Key::id).map(ToString::to_string)
    };
    for kind in KINDS {
        for id in ["a", "", "../../etc/passwd", "\u{212a}\u{0}\n", &"x".repeat(5000)] {
            assert_eq!(name(&with(kind, "kid", json!(id))).as_deref(), Some(id), "{kind}");
        }
        assert_eq!(name(&Owner::Issuer.jwk(kind)), None);
        for other in [json!(1), json!(null), json!(["a"]), json!({"a": 1}), json!(false)] {
            assert_eq!(
                fault(&with(kind, "kid", other.clone())),
                KeyFault::Malformed("kid"),
                "{kind}: {other}"
            );
        }
    }
}

#[test]
fn other_members_do_not_count() {
    let stranger = Owner::Stranger.jwk(KeyKind::P256);
    for (name, value) in [
        ("x5c", json!(["MIIB", 7])),
        ("x5u", json!("http://127.0.0.1:1/never")),
        ("x5t", json!(null)),
        ("jwk", stranger),
        ("k", json!("AA")),
        ("ext", json!(true)),
        ("exp", json!(1)),
        ("Kty", json!("oct")),
    ] {
        let parsed = algorithms(&with(KeyKind::Rsa, name, value.clone()), None);
        assert_eq!(parsed, Ok(vec![Algorithm::Rs256]), "{name}: {value}");
    }
}

#[test]
fn a_key_is_one_object_without_duplicates() {
    let good = Owner::Issuer.jwk(KeyKind::P256).to_string();
    let members = &good[1..];
    let fault = |text: &str| parse_jwk(text.as_bytes(), None).unwrap_err();
    for text in [
        format!(r#"{{"kty":"EC",{members}"#),
        format!(r#"{{"kty":"oct",{members}"#),
        format!(r#"{{"x":"AAAA",{members}"#),
        format!(r#"{{"\u0078":"AAAA",{members}"#),
        format!(r#"{{"other":{{"a":1,"a":1}},{members}"#),
        format!(r#"{{"other":[[{{"a":1,"b":2,"\u0061":1}}]],{members}"#),
    ] {
        assert_eq!(fault(&text), KeyFault::DuplicateMember, "{text}");
    }
    for text in [
        String::new(),
        "null".to_owned(),
        "7".to_owned(),
        format!("[{good}]"),
        format!("\"{}\"", b64(&good)),
        format!("{good}{good}"),
        format!("{good},"),
        format!("{good}\0"),
        format!("\u{feff}{good}"),
        good[..good.len() - 1].to_owned(),
        good.replace('"', "'"),
        "[".repeat(100_000),
        format!("{{\"a\":{}", "{\"a\":".repeat(100_000)),
    ] {
        assert_eq!(fault(&text), KeyFault::NotAnObject, "{}", &text[..text.len().min(100)]);
    }
    let no_text = parse_jwk(b"{\"kty\":\"oct\",\"k\":\"\xff\xfe\"}", None).unwrap_err();
    assert_eq!(no_text, KeyFault::NotAnObject);
    assert_eq!(
        algorithms(&serde_json::from_str(&format!(" \r\n\t{good}\n")).unwrap(), None),
        Ok(vec![Algorithm::Es256])
    );
}
