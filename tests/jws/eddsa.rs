//! `EdDSA`: each message has one signature, and other encodings of it are refused.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::Algorithm;

use crate::jose::gate::{Gate, assembled, good_input};
use crate::jose::number::{reversed, small, sum};
use crate::jose::owner::Owner;
use crate::jose::{SMALL_ORDER, b64, unhex};

/// The order of the base point, and the prime of the field; RFC 8032 §5.1.
const ORDER: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
const PRIME: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";

fn gate() -> Gate {
    Gate::new(Owner::Issuer.key(Algorithm::EdDsa))
}

fn signature() -> (String, Vec<u8>, Vec<u8>) {
    let input = good_input(Algorithm::EdDsa);
    let signature = Owner::Issuer.sign(Algorithm::EdDsa, input.as_bytes());
    let (r, s) = signature.split_at(32);
    (input, r.to_vec(), s.to_vec())
}

/// RFC 8032 §5.1.7 has `s` below the order. Otherwise whoever has a token could make others of it.
#[test]
fn s_has_one_spelling() {
    let (input, r, s) = signature();
    let (gate, order) = (gate(), unhex(ORDER));
    let mut other = reversed(&s);
    let mut spellings = 0;
    while let Some(next) = sum(&other, &order) {
        spellings += 1;
        let verdict = gate.verdict(&assembled(&input, &[r.clone(), reversed(&next)].concat()));
        assert_eq!(verdict, Err(Refusal::SignatureInvalid), "s + {spellings} times the order");
        other = next;
    }
    assert!(spellings >= 14, "{spellings}");
}

#[test]
fn other_numbers_are_refused() {
    let (input, r, s) = signature();
    let gate = gate();
    let order = reversed(&unhex(ORDER));
    let identity = reversed(&small(1, 32));
    for (what, signature) in [
        ("s is 0", [&r[..], &[0; 32]].concat()),
        ("s is the order", [&r[..], &order].concat()),
        ("s is the greatest", [&r[..], &[0xff; 32]].concat()),
        ("s from the other end", [&r[..], &reversed(&s)].concat()),
        ("s, r", [&s[..], &r].concat()),
        ("r is 0", [&[0; 32], &s[..]].concat()),
        ("r is the identity", [&identity[..], &s].concat()),
        ("the identity and 0", [&identity[..], &[0; 32]].concat()),
        ("r is the key", [&Owner::Issuer.ed25519().verifying_key().to_bytes(), &s[..]].concat()),
        ("all zeros", vec![0; 64]),
        ("r alone", r.clone()),
        ("as long as one of Ed448", [&r[..], &s, &[0; 50]].concat()),
    ] {
        assert_eq!(gate.verdict(&assembled(&input, &signature)), Err(Refusal::SignatureInvalid), "{what}");
    }
}

#[test]
fn points_of_small_order_sign_nothing() {
    let (input, _, s) = signature();
    let gate = gate();
    for point in SMALL_ORDER {
        for s in [&s[..], &[0; 32], &reversed(&small(1, 32))] {
            let verdict = gate.verdict(&assembled(&input, &[&unhex(point), s].concat()));
            assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{point} {}", hex::encode(s));
        }
    }
}

/// `R` has to be spelled as RFC 8032 has it: below the prime, and without a sign where there is none.
#[test]
fn r_has_one_spelling() {
    let (input, r, s) = signature();
    let mut sign = r.clone();
    sign[31] ^= 0x80;
    let verdict = gate().verdict(&assembled(&input, &[&sign[..], &s].concat()));
    assert_eq!(verdict, Err(Refusal::SignatureInvalid), "the other sign");
    let prime = unhex(PRIME);
    for above in 0..19 {
        let r = reversed(&sum(&prime, &small(above, 32)).unwrap());
        let verdict = gate().verdict(&assembled(&input, &[&r[..], &s].concat()));
        assert_eq!(verdict, Err(Refusal::SignatureInvalid), "the prime and {above}");
    }
}

/// Ed25519ctx and Ed25519ph are other algorithms with the same keys.
#[test]
fn only_pure_eddsa_is_accepted() {
    use sha2::Digest as _;

    let (input, ..) = signature();
    let key = Owner::Issuer.ed25519();
    let hash = sha2::Sha512::new().chain_update(&input);
    for context in [None, Some(&b"jwt"[..])] {
        let signature = key.sign_prehashed(hash.clone(), context).unwrap();
        let verdict = gate().verdict(&assembled(&input, &signature.to_bytes()));
        assert_eq!(verdict, Err(Refusal::SignatureInvalid), "prehashed, {context:?}");
    }
    let of_the_hash = Owner::Issuer.sign(Algorithm::EdDsa, &hash.finalize());
    assert_eq!(
        gate().verdict(&assembled(&input, &of_the_hash)),
        Err(Refusal::SignatureInvalid),
        "of the hash"
    );
    let of_the_parts = Owner::Issuer.sign(Algorithm::EdDsa, b64(&input).as_bytes());
    assert_eq!(
        gate().verdict(&assembled(&input, &of_the_parts)),
        Err(Refusal::SignatureInvalid),
        "encoded again"
    );
}
