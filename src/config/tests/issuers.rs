//! Issuers and their keys.

use super::*;
use crate::authn::keys::Algorithm;
use crate::types::Localpart;

/// A public P-256 key: RFC 7515, appendix A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","kid":"ec","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// The same secret as a key.
const OCT: &str = r#"{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}"#;
const SECRET: &str = "secret = '0123456789abcdef0123456789abcdef'";

/// A configuration with an issuer of vhost a.org that has these `settings`.
fn issuer(settings: &str) -> String {
    minimal().replace(ISSUER, &format!("issuer = 'i'\n{settings}"))
}

fn load_with_keys(settings: &str, keys: &str) -> Result<Settings, ConfigError> {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("keys"), keys).unwrap();
    load_from(&folder, &issuer(settings), &[])
}

fn algorithms(settings: Settings) -> Vec<Algorithm> {
    let [host] = <[HostSettings; 1]>::try_from(settings.hosts).unwrap();
    let [issuer] = <[IssuerSettings; 1]>::try_from(host.issuers).unwrap();
    let (keys, _) = issuer.keys.into_parts();
    Algorithm::ALL.into_iter().filter(|algorithm| keys.candidates(*algorithm, None).is_ok()).collect()
}

#[test]
fn keys_come_from_one_place() {
    assert_eq!(algorithms(load(&issuer(SECRET), &[]).unwrap()), [Algorithm::Hs256]);
    assert_eq!(algorithms(load_with_keys("jwk_file = 'keys'", EC).unwrap()), [Algorithm::Es256]);
    let set = format!(r#"{{"keys":[{EC},{{"kty":"EC"}}]}}"#);
    let settings = load_with_keys("jwks_file = 'keys'", &set).unwrap();
    assert_eq!(
        settings.notices,
        ["hosts.\"a.org\".issuers[0].jwks_file: key 2 has no \"crv\", and is not used"]
    );
    assert_eq!(algorithms(settings), [Algorithm::Es256]);
    let two = "secret_file = 'keys'\nalgorithms = ['HS256', 'HS384']";
    let (new, old) = ("n".repeat(48), "o".repeat(48));
    let settings = load_with_keys(two, &format!("{new}\n{old}\n")).unwrap();
    let secrets = settings.hosts[0].issuers[0].keys.secrets();
    assert_eq!([secrets[0].bytes(), secrets[1].bytes()], [new.as_bytes(), old.as_bytes()]);
    assert_eq!(algorithms(settings), [Algorithm::Hs256, Algorithm::Hs384]);
}

#[test]
fn what_is_unusable_of_an_issuer_is_named() {
    for (settings, keys, says) in [
        ("", "", "issuers[0]: set exactly one of secret, secret_file"),
        ("secret = 'x'\njwks_file = 'keys'", "", "issuers[0]: set exactly one of"),
        ("secret = 'too short'", "", "issuers[0].secret: is 9 bytes long"),
        (
            "secret_file = 'keys'\nalgorithms = ['HS512']",
            "0123456789abcdef0123456789abcdef",
            "HS512 needs 64",
        ),
        ("jwks_file = 'nowhere'", "", "issuers[0].jwks_file: "),
        ("jwks_file = 'keys'", "no json", "jwks_file: is not a JSON Web Key Set"),
        ("jwks_file = 'keys'", r#"{"keys":[]}"#, "jwks_file: holds no usable key"),
        ("jwks_file = 'keys'", r#"{"keys":[{"kty":"EC"}]}"#, "holds no usable key; key 1 has no \"crv\""),
        ("jwk_file = 'keys'\nalgorithms = ['RS256']", EC, "jwk_file: is a P-256 key, for which"),
        ("pem_file = 'keys'", "nothing", "pem_file: holds no key"),
        ("jwk_file = 'keys'\nalgorithms = ['ES257']", EC, "algorithms: \"ES257\" is not one of HS256, "),
        ("jwk_file = 'keys'\nalgorithms = ['none']", EC, "algorithms: \"none\" is not one of"),
        (
            "jwk_file = 'keys'\nalgorithms = ['ES256', 'HS256']",
            EC,
            "algorithms: mixes those of shared secrets",
        ),
        ("jwk_file = 'keys'\ntyp = ['JWT', 'logout+jwt']", EC, "typ: \"logout+jwt\" is a kind of token"),
        ("jwk_file = 'keys'\nuser_claim = ''", EC, "user_claim: is not the name of a claim"),
        ("jwk_file = 'keys'\nlocalparts = '('", EC, "issuers[0].localparts: \"(\" is not"),
        (
            "jwk_file = 'keys'\nrequired_claims = { a = { b = 1 } }",
            EC,
            "required_claims.\"a\": has to be text",
        ),
        ("jwk_file = 'keys'\ndeny_localparts = '('", EC, "issuers[0].deny_localparts: \"(\" is not"),
        ("jwk_file = 'keys'\ntyp = []", EC, "nobody could log in: "),
        ("jwk_file = 'keys'\nmax_lifetime = '0s'", EC, "nobody could log in: "),
        ("jwk_file = 'keys'\nrequired_claims = { a = [] }", EC, "required_claims.\"a\": has to be text"),
        ("secret = '-----BEGIN PUBLIC KEY-----'", "", "is a key in PEM or JSON and no shared secret"),
        ("jwk_file = 'keys'\nrequired_claims = 7", EC, "a list of claims, or a table"),
        ("jwk_file = 'keys'\nkid = 'x'", EC, "unknown field `kid`"),
    ] {
        let message = load_with_keys(settings, keys).unwrap_err().to_string();
        assert!(message.contains(says), "{settings}: {message}");
        assert!(!message.contains("abcdef"), "a secret in: {message}");
    }
}

#[test]
fn rules_are_read_in_all_their_spellings() {
    let settings = "typ = 'at+jwt'\nuser_claim = '/profile/name'\nrequired_claims = { scope = 'chat', level = [1, 2] }\nlocalparts = '[a-z]+'\ndeny_localparts = []";
    let settings = load_with_keys(&format!("jwk_file = 'keys'\n{settings}"), EC).unwrap();
    let issuer = &settings.hosts[0].issuers[0];
    assert_eq!(issuer.user_claim.as_str(), "/profile/name");
    let claims: Vec<_> = issuer.required_claims.iter().map(|required| required.claim.as_str()).collect();
    assert_eq!(claims, ["level", "scope"]);
    assert_eq!(issuer.required_claims[0].values, Some(vec![1.into(), 2.into()]));
    let admits = |name| issuer.localparts.admit(&Localpart::new(name).unwrap());
    assert!(admits("admin") && !admits("alice2"));
    let listed = load_with_keys("jwk_file = 'keys'\nrequired_claims = ['email']", EC).unwrap();
    assert_eq!(listed.hosts[0].issuers[0].required_claims[0].values, None);
}

/// Vhosts a.org and b.org with an issuer `i` each, and whether either accepts full JIDs only.
fn shared(a: &str, b: &str) -> [bool; 2] {
    let toml = format!("{}[[hosts.'b.org'.issuers]]\nissuer = 'i'\n{b}\n", issuer(a));
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("keys"), EC).unwrap();
    fs::write(folder.path().join("oct"), OCT).unwrap();
    let settings = load_from(&folder, &toml, &[]).unwrap();
    let full = [0, 1].map(|at: usize| settings.hosts[at].issuers[0].full_jid_only);
    assert_eq!(!settings.notices.is_empty(), full[0], "{:?}", settings.notices);
    full
}

#[test]
fn vhosts_that_share_an_issuer_are_told_apart() {
    let keys = "jwk_file = 'keys'";
    let other = "secret = 'another secret of thirty-two bytes'";
    for (a, b, full) in [
        (format!("{keys}\naudience = ['a']"), format!("{keys}\naudience = ['b']"), false),
        (format!("{keys}\naudience = ['a']"), keys.to_owned(), false),
        (keys.to_owned(), keys.to_owned(), true),
        (format!("{keys}\naudience = ['a', 'x']"), format!("{keys}\naudience = ['x']"), true),
        (SECRET.to_owned(), SECRET.to_owned(), true),
        (SECRET.to_owned(), other.to_owned(), false),
        (SECRET.to_owned(), keys.to_owned(), false),
        (SECRET.to_owned(), "jwk_file = 'oct'".to_owned(), true),
        (other.to_owned(), "jwk_file = 'oct'".to_owned(), true),
    ] {
        assert_eq!(shared(&a, &b), [full; 2], "{a} / {b}");
    }
}
