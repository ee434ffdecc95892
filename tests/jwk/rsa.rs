//! RSA keys: sizes, exponents, and numbers in other spellings.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyFault, parse_jwk};
use serde_json::{Value, json};

use crate::jose::gate::{Gate, assembled, good_input};
use crate::jose::keys::RSA_N;
use crate::jose::number::small;
use crate::jose::owner::Owner;
use crate::jose::parse::{algorithms, fault};
use crate::jose::{b64, unb64};

/// An odd number of so many bits, in no more bytes than it takes. Nobody knows its factors, which nobody needs for reading it.
fn modulus(bits: usize) -> Vec<u8> {
    let mut number = vec![0xc5; bits.div_ceil(8)];
    let above = (8 - bits % 8) % 8;
    number[0] = (number[0] | 0x80) >> above;
    number
}

fn jwk(modulus: &[u8], exponent: &str) -> Value {
    json!({"kty": "RSA", "n": b64(modulus), "e": exponent})
}

#[test]
fn a_modulus_has_from_2048_to_8192_bits() {
    for (bits, good) in [
        (8, false),
        (512, false),
        (1024, false),
        (1536, false),
        (2040, false),
        (2047, false),
        (2048, true),
        (2049, true),
        (2056, true),
        (3072, true),
        (4096, true),
        (8191, true),
        (8192, true),
        (8193, false),
        (16384, false),
    ] {
        let expected = if good { Ok(vec![Algorithm::Rs256]) } else { Err(KeyFault::RsaSize { bits }) };
        for zeros in [0, 1, 300] {
            let padded = [vec![0; zeros], modulus(bits)].concat();
            assert_eq!(algorithms(&jwk(&padded, "AQAB"), None), expected, "{bits} bits behind {zeros} zeros");
        }
    }
    for nothing in [vec![], vec![0], vec![0; 256]] {
        assert_eq!(fault(&jwk(&nothing, "AQAB")), KeyFault::RsaSize { bits: 0 }, "{} zeros", nothing.len());
    }
}

#[test]
fn an_exponent_is_odd_and_neither_one_nor_huge() {
    for exponent in
        [&[3][..], &[17], &[1, 0, 1], &[0, 1, 0, 1], &[1, 0, 0, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]]
    {
        let algorithms = algorithms(&jwk(&modulus(2048), &b64(exponent)), None);
        assert_eq!(algorithms, Ok(vec![Algorithm::Rs256]), "{exponent:?}");
    }
    let malformed = || KeyFault::Malformed("e");
    for (exponent, expected) in [
        (&[][..], malformed()),
        (&[0], malformed()),
        (&[1], malformed()),
        (&[0, 0, 1], malformed()),
        (&[2], malformed()),
        (&[1, 0, 0], malformed()),
        (&[1, 0, 2], malformed()),
        (&[0xff, 0xff, 0xff, 0xff, 0xfe], malformed()),
        (&[1, 0, 0, 0, 0, 1], malformed()),
        (&[0xff; 8], malformed()),
        (&modulus(2048), malformed()),
    ] {
        assert_eq!(fault(&jwk(&modulus(2048), &b64(exponent))), expected, "{exponent:?}");
    }
}

/// A modulus that is even, and exponents above the 33 bits that the library computes with. Whether such a key is
/// refused when it is read, or only never verifies anything, is left to the library.
#[test]
fn what_cannot_be_computed_with_verifies_nothing() {
    let good = unb64(RSA_N);
    let even = [&good[..255], &[good[255] ^ 1]].concat();
    for (what, modulus, exponent) in [
        ("an even modulus", &even, &[1, 0, 1][..]),
        ("34 bits", &good, &[2, 0, 0, 0, 1]),
        ("40 bits", &good, &[0xff; 5]),
    ] {
        let jwk = jwk(modulus, &b64(exponent)).to_string();
        let Ok(keys) = parse_jwk(jwk.as_bytes(), None) else { continue };
        let gate = Gate::new(keys);
        let input = good_input(Algorithm::Rs256);
        for signature in
            [Owner::Issuer.sign(Algorithm::Rs256, input.as_bytes()), small(0, 256), small(1, 256)]
        {
            let verdict = gate.verdict(&assembled(&input, &signature));
            assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{what}");
        }
    }
}

#[test]
fn numbers_are_base64url_without_padding() {
    let standard = RSA_N.replace('-', "+").replace('_', "/");
    let with_line_end = format!("{}\n{}", &RSA_N[..64], &RSA_N[64..]);
    let decimal = "65537".repeat(130);
    for (n, e, expected) in [
        (format!("{RSA_N}=="), "AQAB", "n"),
        (standard, "AQAB", "n"),
        (format!(" {RSA_N}"), "AQAB", "n"),
        (format!("{RSA_N}\n"), "AQAB", "n"),
        (with_line_end, "AQAB", "n"),
        (RSA_N.replacen("XpoQ", "XpoR", 1), "AQAB", "n"),
        (format!("{RSA_N}A"), "AQABA", "e"),
        (format!("{RSA_N}\u{e9}"), "AQAB", "n"),
        (hex::encode(unb64(RSA_N)) + "0", "AQAB", "n"),
        (decimal + "!", "AQAB", "n"),
        (RSA_N.to_owned(), "AQAB=", "e"),
        (RSA_N.to_owned(), "AQ AB", "e"),
        (RSA_N.to_owned(), "AR", "e"),
        (RSA_N.to_owned(), "65537", "e"),
        (RSA_N.to_owned(), "0x10001", "e"),
        (RSA_N.to_owned(), "A", "e"),
    ] {
        let jwk = json!({"kty": "RSA", "n": n, "e": e});
        assert_eq!(fault(&jwk), KeyFault::Malformed(expected), "{jwk}");
    }
}

#[test]
fn both_numbers_are_there_and_text() {
    for (jwk, expected) in [
        (json!({"kty": "RSA"}), KeyFault::Missing("n")),
        (json!({"kty": "RSA", "n": RSA_N}), KeyFault::Missing("e")),
        (json!({"kty": "RSA", "e": "AQAB"}), KeyFault::Missing("n")),
        (json!({"kty": "RSA", "N": RSA_N, "E": "AQAB"}), KeyFault::Missing("n")),
        (json!({"kty": "RSA", "n": RSA_N, "e": 65537}), KeyFault::Malformed("e")),
        (json!({"kty": "RSA", "n": RSA_N, "e": null}), KeyFault::Malformed("e")),
        (json!({"kty": "RSA", "n": RSA_N, "e": ["AQAB"]}), KeyFault::Malformed("e")),
        (json!({"kty": "RSA", "n": 7, "e": "AQAB"}), KeyFault::Malformed("n")),
        (json!({"kty": "RSA", "n": {"hex": "00"}, "e": "AQAB"}), KeyFault::Malformed("n")),
        (json!({"kty": "RSA", "modulus": RSA_N, "exponent": "AQAB"}), KeyFault::Missing("n")),
    ] {
        assert_eq!(fault(&jwk), expected, "{jwk}");
    }
}
