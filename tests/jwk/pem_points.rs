//! Curves and points in PEM files.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyFault, KeyKind, SetFault, parse_pem};

use crate::jose::der::{self, pem, spki};
use crate::jose::gate::{Gate, good_token};
use crate::jose::owner::Owner;

fn fault(der: &[u8]) -> KeyFault {
    match parse_pem(pem("PUBLIC KEY", der).as_bytes(), None) {
        Err(SetFault::Key { position: 1, fault }) => fault,
        other => unreachable!("the block should be refused: {other:?}"),
    }
}

fn point(kind: KeyKind) -> Vec<u8> {
    Owner::Issuer.point(kind)
}

#[test]
fn other_curves_are_refused() {
    let p256 = point(KeyKind::P256);
    // The first members of an explicit `ECParameters`.
    let explicit = "3003020101";
    for (what, key) in [
        ("P-521", spki(der::EC, der::P521, &[&[4][..], &[7; 132]].concat())),
        ("secp256k1", spki(der::EC, der::K256, &p256)),
        ("no curve", spki(der::EC, "", &p256)),
        ("a curve that is NULL", spki(der::EC, "0500", &p256)),
        ("a curve of its own", spki(der::EC, explicit, &p256)),
        ("the curve as algorithm", spki(der::P256, "", &p256)),
        ("X25519", spki(der::X25519, "", &[7; 32])),
        ("Ed448", spki(der::ED448, "", &[7; 57])),
        ("RSA for PSS only", spki(der::RSA_PSS, "", &[7; 270])),
        ("DSA", spki("06072a8648ce380401", "", &[2, 1, 7])),
        ("an algorithm that nobody knows", spki("06032a0304", "", &[7; 32])),
    ] {
        assert_eq!(fault(&key), KeyFault::Unsupported, "{what}");
    }
}

#[test]
fn a_point_lies_on_the_curve_that_is_named() {
    for (kind, curve, other, length) in
        [(KeyKind::P256, der::P256, KeyKind::P384, 32), (KeyKind::P384, der::P384, KeyKind::P256, 48)]
    {
        let good = point(kind);
        let mut off = good.clone();
        off[2 * length] ^= 1;
        let tagged = |tag: u8| [&[tag], &good[1..]].concat();
        for (what, point) in [
            ("none", vec![]),
            ("infinity", vec![0]),
            ("infinity, at length", vec![0; 2 * length + 1]),
            ("of the other curve", point(other)),
            ("not on the curve", off),
            ("of an unknown form", tagged(5)),
            ("without its form", good[1..].to_vec()),
            ("one byte less", good[..2 * length].to_vec()),
            ("one byte more", [&good[..], &[0]].concat()),
            ("compressed, with both coordinates", tagged(2)),
            ("as an OCTET STRING", der::tlv(4, &[&good])),
        ] {
            assert_eq!(fault(&spki(der::EC, curve, &point)), KeyFault::Unusable, "{kind}: {what}");
        }
    }
}

/// RFC 5480 §2.2 allows it, and it names the same point.
#[test]
fn a_compressed_point_is_the_same_key_or_none() {
    for (algorithm, curve) in [(Algorithm::Es256, der::P256), (Algorithm::Es384, der::P384)] {
        let good = point(algorithm.kind());
        let (x, y) = good[1..].split_at(good.len() / 2);
        let compressed = |odd: u8| [&[2 + odd], x].concat();
        let odd = y[y.len() - 1] & 1;
        let gate = |odd: u8| {
            let file = pem("PUBLIC KEY", &spki(der::EC, curve, &compressed(odd)));
            Gate::new(parse_pem(file.as_bytes(), None).unwrap())
        };
        let token = good_token(algorithm);
        assert_eq!(gate(odd).verdict(&token), Ok(()), "{algorithm}");
        assert_eq!(
            gate(1 - odd).verdict(&token),
            Err(Refusal::SignatureInvalid),
            "{algorithm}: the point across"
        );
    }
}

#[test]
fn an_ed25519_point_has_32_bytes() {
    let good = point(KeyKind::Ed25519);
    for (what, point) in [
        ("none", vec![]),
        ("31 bytes", good[1..].to_vec()),
        ("33 bytes", [&good[..], &[0]].concat()),
        ("as an OCTET STRING", der::tlv(4, &[&good])),
        ("of Ed448", vec![7; 57]),
    ] {
        assert_eq!(fault(&spki(der::ED25519, "", &point)), KeyFault::Malformed("x"), "{what}");
    }
}
