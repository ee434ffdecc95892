//! The examples of the standards.

use std::time::Duration;

use ejabberd_sidecar::authn::jwt::{Issuer, Refusal, UserRules, VhostVerifier};
use ejabberd_sidecar::authn::keys::{Algorithm, AllowedAlgorithms, Key, KeyFault, parse_jwk};
use ejabberd_sidecar::types::{Localpart, parse_vhost};
use serde_json::{Value, json};

use crate::jose::gate::issuer;
use crate::jose::keys::{OTHER_RSA_N, RSA_N};
use crate::jose::unb64;

/// RFC 7515 §A.1 to §A.3: the claims of joe.
const JOE: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const JOE_EXPIRES: f64 = 1_300_819_380.0;
/// RFC 7520 §4.
const BUSINESS: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW\
    91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcg\
    d2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

const A1: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const A2: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujG\
    bds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K\
    0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6\
    LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A3: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const FIGURE_13: &str = "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7P\
    NDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9e\
    Ro4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4\
    uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";
const FIGURE_20: &str = "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dD\
    DItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ij\
    Q7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAj\
    VKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";
const FIGURE_35: &str = "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
const RFC_8037: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn keys(jwk: &Value, allowed: AllowedAlgorithms<'_>) -> Vec<Key> {
    parse_jwk(jwk.to_string().as_bytes(), allowed).expect("a good key")
}

fn a1() -> Value {
    json!({"kty": "oct",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})
}

fn a3() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
}

/// A vhost whose users are named by `iss`, as the only claim of joe's that names anybody.
fn verdict(keys: Vec<Key>, token: &str, now: f64) -> Result<(), Refusal> {
    let plain = issuer("joe", keys);
    let user = UserRules { claim: "iss".parse().expect("a name"), ..plain.user };
    let verifier =
        VhostVerifier::new(parse_vhost("example.org").expect("a name"), 8192, vec![Issuer { user, ..plain }]);
    let joe = Localpart::new("joe").expect("a name").into_owned();
    verifier.verify(token, &joe, now).map(drop).map_err(|refused| refused.reason)
}

#[test]
fn joe_logs_in_until_his_token_expires() {
    let rsa = json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"});
    for (header, jwk, signature) in [
        ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", a1(), A1),
        ("eyJhbGciOiJSUzI1NiJ9", rsa, A2),
        ("eyJhbGciOiJFUzI1NiJ9", a3(), A3),
    ] {
        let token = format!("{header}.{JOE}.{signature}");
        assert_eq!(verdict(keys(&jwk, None), &token, JOE_EXPIRES), Ok(()), "{jwk}");
        let later = JOE_EXPIRES + Duration::from_secs(30).as_secs_f64();
        assert_eq!(verdict(keys(&jwk, None), &token, later), Err(Refusal::TokenExpired), "{jwk}");
        let other = format!("{header}.{}.{signature}", JOE.replacen("9leGFt", "9leGFu", 1));
        assert_eq!(verdict(keys(&jwk, None), &other, JOE_EXPIRES), Err(Refusal::SignatureInvalid), "{jwk}");
    }
}

/// §A.4 is signed with ES512, §A.5 not at all.
#[test]
fn the_unsupported_and_the_unsigned_are_refused() {
    let p521 = json!({"kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"});
    assert_eq!(parse_jwk(p521.to_string().as_bytes(), None).unwrap_err(), KeyFault::Unsupported);
    let es512 = format!("eyJhbGciOiJFUzUxMiJ9.{JOE}.{A3}");
    assert_eq!(verdict(keys(&a3(), None), &es512, JOE_EXPIRES), Err(Refusal::AlgorithmRefused));
    let unsigned = format!("eyJhbGciOiJub25lIn0.{JOE}.");
    assert_eq!(verdict(keys(&a1(), None), &unsigned, JOE_EXPIRES), Err(Refusal::AlgorithmNone));
}

/// §A.1 of RFC 7516 (shortened), a JWE; and the JSON form of a JWS.
#[test]
fn other_forms_are_refused() {
    let jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKo\
        .48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9.XFBoMYUZodetZdvTiFvSkQ";
    assert_eq!(verdict(keys(&a1(), None), jwe, JOE_EXPIRES), Err(Refusal::TokenEncrypted));
    let json =
        json!({"payload": JOE, "protected": "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "signature": A1});
    assert_eq!(verdict(keys(&a1(), None), &json.to_string(), JOE_EXPIRES), Err(Refusal::TokenMalformed));
}

/// Signatures over something else than claims, with the keys themselves.
#[test]
fn signatures_over_text_verify() {
    let bilbo = json!({"kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "n": OTHER_RSA_N,
        "e": "AQAB"});
    let secret = json!({"kty": "oct", "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037", "use": "sig", "alg": "HS256",
        "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"});
    let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let named = "ImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    for (algorithm, jwk, input, signature) in [
        (Algorithm::Rs256, &bilbo, format!("eyJhbGciOiJSUzI1NiIs{named}.{BUSINESS}"), FIGURE_13),
        (Algorithm::Ps384, &bilbo, format!("eyJhbGciOiJQUzM4NCIs{named}.{BUSINESS}"), FIGURE_20),
        (
            Algorithm::Hs256,
            &secret,
            format!(
                "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.{BUSINESS}"
            ),
            FIGURE_35,
        ),
        (
            Algorithm::EdDsa,
            &ed25519,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".to_owned(),
            RFC_8037,
        ),
    ] {
        let keys = keys(jwk, Some(&[algorithm]));
        assert_eq!(keys.iter().map(Key::algorithm).collect::<Vec<_>>(), [algorithm]);
        let verifies = |text: &str| keys[0].verifies(text.as_bytes(), &unb64(signature));
        assert!(verifies(&input), "{algorithm}");
        assert!(!verifies(&format!("{input} ")) && !verifies(""), "{algorithm}");
    }
}
