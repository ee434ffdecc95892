//! Slots of our own: what is signed, and that nothing else is believed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::types::{BareJid, ContentType, ObjectPath, Secret, parse_vhost};

const NOW: u64 = 1_800_000_000;
const TTL: Duration = Duration::from_mins(5);
const HASH: &str = "9637f279e87dc3aba7eb582ceceaa621fa695865";
const PLACE: &str = "9637f279e87dc3aba7eb582ceceaa621fa695865/4f9d2c1e-7a3b-4c5d-8e6f-0a1b2c3d4e5f/photo.jpg";

fn authority_of(vhost: &str, secrets: &[&str], token_in_url: bool) -> UploadAuthority {
    let secrets: Vec<_> =
        secrets.iter().map(|text| Secret::new(text.as_bytes().to_vec(), 0).unwrap()).collect();
    let accepted = Acceptance { schemes: vec![Scheme::Bearer], token_in_url, slot_ttl: TTL };
    UploadAuthority::new(parse_vhost(vhost).unwrap(), accepted, &secrets[0], &secrets[1..])
}

fn authority(secrets: &[&str]) -> UploadAuthority {
    authority_of("localhost", secrets, true)
}

fn terms(content_type: Option<&str>, keep: Option<u64>, expires: u64) -> SlotTerms {
    let content_type = content_type.map(|kind| ContentType::parse(kind).unwrap());
    SlotTerms { user: BareJid::new("alice@localhost").unwrap(), content_type, keep, expires }
}

fn claim<'t>(place: &str, size: u64, sent: Option<&str>, token: BearerToken<'t>) -> PutClaim<'t> {
    let content_type = sent.map(|kind| ContentType::parse(kind).unwrap());
    PutClaim {
        path: ObjectPath::parse(place).unwrap(),
        size,
        content_type,
        token: PresentedToken::Bearer(token),
    }
}

/// What the service says of a slot for `signed`, used for `place` and `size` with a query of `sent`.
fn verdict(signed: &SlotTerms, sent: &SlotTerms, place: &str, size: u64) -> Result<PutGrant, UploadRefusal> {
    let authority = authority(&["secret string"]);
    let mac = authority.sign_slot(&ObjectPath::parse(PLACE).unwrap(), 7, signed).to_base64();
    let sent_type = sent.content_type.as_ref().map(ContentType::as_str);
    authority.authorize(claim(place, size, sent_type, BearerToken::in_header(&mac, &sent.to_query())), NOW)
}

/// Secret, path, size, terms; what was signed with which token and which token for the path came out. Made with Python's `hmac`.
#[test]
fn signs_the_vectors() {
    let second = format!("{HASH}/4f9d2c1e-7a3b-4c5d-8e6f-0a1b2c3d4e5f/grüße.png");
    for (secret, place, size, terms, signed, mac, in_path) in [
        (
            "secret string",
            PLACE,
            1_048_576,
            terms(None, None, NOW),
            format!("put/1\0localhost\0alice@localhost\0{PLACE}\x001048576\0\0\x001800000000"),
            "u5Xavexoodq0p4_79HYAP2jAegXBAcmFdsKh67KqoG8",
            "u5Xavexoodq0p4_79HYAP2jAegXBAcmFdsKh67KqoG9hbGljZUBsb2NhbGhvc3QAAAAxODAwMDAwMDAw",
        ),
        (
            "mysecret",
            second.as_str(),
            23_026,
            terms(Some("image/png"), Some(1_900_000_000), NOW + 300),
            format!(
                "put/1\0localhost\0alice@localhost\0{second}\x0023026\0image/png\x001900000000\x001800000300"
            ),
            "qbIhXeboqAq_PkR0Yac0ydJd26u80a5SSA8gahasmaE",
            "qbIhXeboqAq_PkR0Yac0ydJd26u80a5SSA8gahasmaFhbGljZUBsb2NhbGhvc3QAaW1hZ2UvcG5nADE5MDAwMDAwMDAAMTgwMDAwMDMwMA",
        ),
    ] {
        let path = ObjectPath::parse(place).unwrap();
        assert_eq!(terms.signed(&parse_vhost("localhost").unwrap(), &path, size), signed);
        let made = authority(&[secret]).sign_slot(&path, size, &terms);
        assert_eq!(made.to_base64(), mac);
        assert_eq!(path_token(made, &terms), in_path);
    }
}

#[test]
fn each_carrier_brings_the_whole_slot() {
    let signed = terms(Some("image/png"), Some(NOW + 9), NOW + 1);
    let authority = authority(&["secret string"]);
    let mac = authority.sign_slot(&ObjectPath::parse(PLACE).unwrap(), 7, &signed);
    let query = signed.to_query();
    assert_eq!(query, "user=alice%40localhost&expires=1800000001&type=image%2Fpng&keep=1800000009");
    let (header, with_token) = (mac.to_base64(), format!("token={}&{query}", mac.to_base64()));
    let token = path_token(mac, &signed);
    let PresentedToken::Bearer(in_query) = PresentedToken::from_query(&with_token) else { panic!() };
    for token in [BearerToken::in_header(&header, &query), in_query, BearerToken::in_path(&token)] {
        for sent in [Some("image/png"), None] {
            let grant = authority.authorize(claim(PLACE, 7, sent, token), NOW).unwrap();
            assert_eq!(grant.user().map(ToString::to_string).as_deref(), Some("alice@localhost"));
            assert_eq!((grant.keep(), grant.expires()), (Some(NOW + 9), Some(NOW + 1)));
            assert_eq!((grant.size(), grant.content_type().as_str()), (7, "image/png"));
        }
    }
    let strict = authority_of("localhost", &["secret string"], false);
    let refused = strict.authorize(claim(PLACE, 7, None, in_query), NOW).unwrap_err();
    assert_eq!(refused, UploadRefusal::BearerInUrl);
}

#[test]
fn a_slot_is_for_what_was_signed_and_nothing_else() {
    let good = terms(Some("image/png"), Some(NOW + 9), NOW + 60);
    assert!(verdict(&good, &good, PLACE, 7).is_ok());
    for (other, place, size) in [
        (good.clone(), PLACE.replace("photo", "other"), 7),
        (good.clone(), PLACE.replace("4f9d", "4f9e"), 7),
        (good.clone(), PLACE.to_owned(), 8),
        (SlotTerms { keep: None, ..good.clone() }, PLACE.to_owned(), 7),
        (SlotTerms { keep: Some(NOW + 99), ..good.clone() }, PLACE.to_owned(), 7),
        (SlotTerms { expires: NOW + 61, ..good.clone() }, PLACE.to_owned(), 7),
        (terms(Some("image/jpeg"), good.keep, good.expires), PLACE.to_owned(), 7),
        (terms(None, good.keep, good.expires), PLACE.to_owned(), 7),
    ] {
        let refused = verdict(&good, &other, &place, size).unwrap_err();
        assert_eq!(refused, UploadRefusal::BearerInvalid, "{other:?} {place} {size}");
    }
    let bob = SlotTerms { user: BareJid::new("bob@localhost").unwrap(), ..good.clone() };
    let his = PLACE.replace(HASH, &crate::types::UserHash::from(&bob.user).to_string());
    assert_eq!(verdict(&good, &bob, PLACE, 7).unwrap_err(), UploadRefusal::BearerUser);
    assert_eq!(verdict(&good, &bob, &his, 7).unwrap_err(), UploadRefusal::BearerInvalid);
    assert_eq!(verdict(&good, &good, &his, 7).unwrap_err(), UploadRefusal::BearerUser);
    assert_eq!(verdict(&good, &good, "4f9d/photo.jpg", 7).unwrap_err(), UploadRefusal::BearerUser);
    // Even if it was signed so: whoever signs made a mistake.
    for user in ["localhost", "alice@other.example"] {
        let terms = SlotTerms { user: BareJid::new(user).unwrap(), ..good.clone() };
        assert_eq!(verdict(&terms, &terms, PLACE, 7).unwrap_err(), UploadRefusal::BearerUser);
    }
}

#[test]
fn vhosts_that_share_a_secret_do_not_share_slots() {
    let good = terms(None, None, NOW + 60);
    let path = ObjectPath::parse(PLACE).unwrap();
    let mac = authority(&["secret string"]).sign_slot(&path, 7, &good).to_base64();
    let query = good.to_query();
    let other = authority_of("other.example", &["secret string"], true);
    let refused = other.authorize(claim(PLACE, 7, None, BearerToken::in_header(&mac, &query)), NOW);
    assert_eq!(refused.unwrap_err(), UploadRefusal::BearerUser);
}

#[test]
fn a_slot_ends_and_none_lives_for_ever() {
    for (expires, refusal) in [
        (NOW - 1, Some(UploadRefusal::Expired)),
        (NOW, Some(UploadRefusal::Expired)),
        (0, Some(UploadRefusal::Expired)),
        (NOW + 1, None),
        (NOW + 300 + 3600, None),
        (NOW + 300 + 3601, Some(UploadRefusal::LivesTooLong)),
        (u64::MAX, Some(UploadRefusal::LivesTooLong)),
    ] {
        let terms = terms(None, None, expires);
        assert_eq!(verdict(&terms, &terms, PLACE, 7).err(), refusal, "{expires}");
    }
}

#[test]
fn another_type_is_told_as_such() {
    let signed = terms(Some("image/png"), None, NOW + 1);
    let authority = authority(&["secret string"]);
    let mac = authority.sign_slot(&ObjectPath::parse(PLACE).unwrap(), 7, &signed).to_base64();
    let query = signed.to_query();
    for sent in ["image/jpeg", "image/PNG", "image/png; x=y", "application/octet-stream"] {
        let claim = claim(PLACE, 7, Some(sent), BearerToken::in_header(&mac, &query));
        assert_eq!(authority.authorize(claim, NOW).unwrap_err(), UploadRefusal::TypeMismatch, "{sent}");
    }
}

#[test]
fn all_secrets_verify_and_the_first_signs() {
    let good = terms(None, None, NOW + 60);
    let query = good.to_query();
    let path = ObjectPath::parse(PLACE).unwrap();
    let old = authority(&["the old one"]).sign_slot(&path, 7, &good).to_base64();
    let judged = |secrets: &[&str]| {
        authority(secrets).authorize(claim(PLACE, 7, None, BearerToken::in_header(&old, &query)), NOW).is_ok()
    };
    assert!(judged(&["the new one", "another", "the old one"]));
    assert!(!judged(&["the new one", "another"]));
    let both = authority(&["the new one", "the old one"]).sign_slot(&path, 7, &good).to_base64();
    assert_ne!(both, old);
}

/// What an XMPP server signs with the secret itself is no slot, even if it signs the very same bytes.
#[test]
fn the_shared_secret_itself_signs_no_slot() {
    let good = terms(None, None, NOW + 60);
    let path = ObjectPath::parse(PLACE).unwrap();
    let signed = good.signed(&parse_vhost("localhost").unwrap(), &path, 7);
    let mac = Hmac::<Sha256>::new_from_slice(b"secret string").unwrap();
    let forged = Mac::new(mac.chain_update(signed).finalize().into_bytes().into()).to_base64();
    let query = good.to_query();
    let token = BearerToken::in_header(&forged, &query);
    let refused = authority(&["secret string"]).authorize(claim(PLACE, 7, None, token), NOW);
    assert_eq!(refused.unwrap_err(), UploadRefusal::BearerInvalid);
}

#[test]
fn terms_have_one_spelling() {
    for query in [
        "",
        "user=alice@localhost",
        "expires=1",
        "user=&expires=1",
        "user=alice@localhost&expires=",
        "user=alice@localhost&expires=01",
        "user=alice@localhost&expires=+1",
        "user=alice@localhost&expires=1.0",
        "user=alice@localhost&expires=-1",
        "user=alice@localhost&expires=18446744073709551616",
        "user=alice@localhost&expires=1&expires=1",
        "user=alice@localhost&user=alice@localhost&expires=1",
        "user=Alice@localhost&expires=1",
        "user=alice@localhost/phone&expires=1",
        "user=alice%FF@localhost&expires=1",
        "user=alice%00@localhost&expires=1",
        "user=alice@localhost&expires=1&type=",
        "user=alice@localhost&expires=1&type=png",
        "user=alice@localhost&expires=1&keep=",
        "user=alice@localhost&expires=1&keep=1&keep=2",
    ] {
        assert_eq!(SlotTerms::from_query(query), Err(MalformedTerms), "{query}");
    }
    for query in [
        "user=alice@localhost&expires=1",
        "x=1&expires=1&user=%61lice%40localhost&y",
        "user=alice@localhost&expires=1&TYPE=x",
    ] {
        assert_eq!(SlotTerms::from_query(query), Ok(terms(None, None, 1)), "{query}");
    }
    // A plus is one.
    let tagged = SlotTerms::from_query("user=a+b@localhost&expires=1&type=image/svg+xml").unwrap();
    assert_eq!(tagged.user.as_str(), "a+b@localhost");
    assert_eq!(tagged.content_type.unwrap().as_str(), "image/svg+xml");
}

prop_compose! {
    fn some_terms()(
        user in "[a-z0-9ü+._-]{1,12}",
        content_type in prop::option::of("[a-z]{1,5}/[a-z+.]{1,9}(; [a-z]{1,3}=\"[a-z ,&%]{0,9}\")?"),
        keep in prop::option::of(any::<u64>()),
        expires in any::<u64>(),
    ) -> SlotTerms {
        let user = BareJid::new(&format!("{user}@localhost")).unwrap();
        SlotTerms { user, content_type: content_type.map(|kind| ContentType::parse(&kind).unwrap()), keep, expires }
    }
}

proptest! {
    #[test]
    fn terms_travel_unchanged(terms in some_terms(), mac in any::<[u8; 32]>()) {
        prop_assert_eq!(SlotTerms::from_query(&terms.to_query()), Ok(terms.clone()));
        let token = path_token(Mac::new(mac), &terms);
        let (read, same) = BearerToken::in_path(&token).read().unwrap();
        prop_assert_eq!((read.bytes(), same), (&mac, terms));
    }

    #[test]
    fn no_two_slots_sign_the_same(one in some_terms(), other in some_terms(), sizes in any::<[u64; 2]>()) {
        let vhost = parse_vhost("localhost").unwrap();
        let path = ObjectPath::parse(PLACE).unwrap();
        let same = one == other && sizes[0] == sizes[1];
        prop_assert_eq!(one.signed(&vhost, &path, sizes[0]) == other.signed(&vhost, &path, sizes[1]), same);
    }

    /// One bit of a token in the path, anywhere: never another slot, never a panic.
    #[test]
    fn a_token_that_was_changed_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let authority = authority(&["secret string"]);
        let terms = terms(Some("image/png"), Some(NOW), NOW + 60);
        let token = path_token(authority.sign_slot(&ObjectPath::parse(PLACE).unwrap(), 7, &terms), &terms);
        let at = at.index(token.len());
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        let judged = authority.authorize(claim(PLACE, 7, None, BearerToken::in_path(&changed)), NOW);
        prop_assert_eq!(judged.is_ok(), changed == token);
    }
}

/// Signed as Prosody does.
fn prosody(claims: &str) -> String {
    let signed =
        [r#"{"alg":"HS256","typ":"JWT"}"#, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let mac = Hmac::<Sha256>::new_from_slice(b"secret string").unwrap().chain_update(&signed).finalize();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
}

#[test]
fn a_grant_tells_since_when_there_is_its_slot_at_the_earliest() {
    let ours = terms(None, None, NOW + 60);
    assert_eq!(verdict(&ours, &ours, PLACE, 7).unwrap().issued(), Some(NOW + 60 - 300 - 3600));

    let schemes = vec![ServerScheme::V.into(), Scheme::Jwt];
    let accepted = Acceptance { schemes, token_in_url: false, slot_ttl: TTL };
    let secret = Secret::new(b"secret string".to_vec(), 0).unwrap();
    let authority = UploadAuthority::new(parse_vhost("localhost").unwrap(), accepted, &secret, &[]);
    for (iat, issued) in [(r#""iat":1799999900,"#, NOW - 100), ("", NOW + 200 - 300 - 3600)] {
        let claims = format!(
            r#"{{{iat}"sub":"alice@localhost","exp":1800000200,"slot":"s","filename":"f","filesize":7,"filetype":"a/b"}}"#
        );
        let grant =
            authority.authorize(claim("s/f", 7, None, BearerToken::in_header(&prosody(&claims), "")), NOW);
        assert_eq!(grant.unwrap().issued(), Some(issued), "{iat}");
    }
    let path = ObjectPath::parse(PLACE).unwrap();
    let query = authority.sign_as_server(ServerScheme::V, &path, 7, &ContentType::unknown());
    let token = PresentedToken::from_query(&query);
    let grant = authority.authorize(PutClaim { path, size: 7, content_type: None, token }, NOW).unwrap();
    assert_eq!(grant.issued(), None);
}
