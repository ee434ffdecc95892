//! ECDSA: signatures that are no pair of numbers below the order of the curve, or no good pair.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::Algorithm;

use crate::jose::gate::{Gate, assembled, good_input, good_token};
use crate::jose::number::{difference, small, sum};
use crate::jose::owner::Owner;
use crate::jose::unhex;

const CURVES: [Curve; 2] = [
    Curve {
        algorithm: Algorithm::Es256,
        bytes: 32,
        order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        prime: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    },
    Curve {
        algorithm: Algorithm::Es384,
        bytes: 48,
        order: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        prime: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    },
];

struct Curve {
    algorithm: Algorithm,
    bytes: usize,
    order: &'static str,
    prime: &'static str,
}

impl Curve {
    fn gate(&self) -> Gate {
        Gate::new(Owner::Issuer.key(self.algorithm))
    }

    /// What is signed, and the two numbers of the issuer's signature.
    fn signed(&self) -> (String, Vec<u8>, Vec<u8>) {
        let input = good_input(self.algorithm);
        let signature = Owner::Issuer.sign(self.algorithm, input.as_bytes());
        let (r, s) = signature.split_at(self.bytes);
        (input, r.to_vec(), s.to_vec())
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for curve in CURVES {
        let (input, r, s) = curve.signed();
        let gate = curve.gate();
        let (n, p) = (unhex(curve.order), unhex(curve.prime));
        let one = small(1, curve.bytes);
        let numbers = [
            ("0", small(0, curve.bytes)),
            ("1", one.clone()),
            ("n - 1", difference(&n, &one)),
            ("n", n.clone()),
            ("n + 1", sum(&n, &one).unwrap()),
            ("p", p.clone()),
            ("p - n", difference(&p, &n)),
            ("the greatest", vec![0xff; curve.bytes]),
            ("r", r),
            ("s", s),
        ];
        for (r_name, r) in &numbers {
            for (s_name, s) in numbers.iter().filter(|(s_name, _)| (*r_name, *s_name) != ("r", "s")) {
                let verdict = gate.verdict(&assembled(&input, &[&r[..], s].concat()));
                assert_eq!(
                    verdict,
                    Err(Refusal::SignatureInvalid),
                    "{}: {r_name}, {s_name}",
                    curve.algorithm
                );
            }
        }
    }
}

/// Whoever has a token can make a second one of it, with the same contents. That is how ECDSA is, and RFC 7518 §3.4 does not ask
/// for the lesser `s`: so a token's text or its hash must never serve to tell tokens apart.
#[test]
fn the_other_s_is_as_good() {
    for curve in CURVES {
        let (input, r, s) = curve.signed();
        let other_s = difference(&unhex(curve.order), &s);
        assert_eq!(curve.gate().verdict(&assembled(&input, &[&r[..], &other_s].concat())), Ok(()));
        let (other_r, zero) = (difference(&unhex(curve.order), &r), small(0, curve.bytes));
        for (what, signature) in [
            ("-r", [&other_r[..], &s].concat()),
            ("s, r", [&s[..], &r].concat()),
            ("r, -0", [&r[..], &zero].concat()),
        ] {
            let verdict = curve.gate().verdict(&assembled(&input, &signature));
            assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{}: {what}", curve.algorithm);
        }
    }
}

#[test]
fn a_signature_is_two_numbers_of_one_length() {
    for curve in CURVES {
        let (input, r, s) = curve.signed();
        let gate = curve.gate();
        let zeros = vec![0; 16];
        let p1363 = [&r[..], &s].concat();
        for (what, signature) in [
            ("one byte less", p1363[..p1363.len() - 1].to_vec()),
            ("one byte more", [&p1363[..], &[0]].concat()),
            ("a zero before each", [&[0][..], &r, &[0], &s].concat()),
            ("zeros before each", [&zeros[..], &r, &zeros, &s].concat()),
            ("zeros behind each", [&r[..], &zeros, &s, &zeros].concat()),
            ("r alone", r.clone()),
            ("s alone", s.clone()),
            ("r three times", [&r[..], &r, &r].concat()),
            ("a byte that says which point", [&[0x1b][..], &p1363].concat()),
        ] {
            let verdict = gate.verdict(&assembled(&input, &signature));
            assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{}: {what}", curve.algorithm);
        }
    }
}

/// What OpenSSL and Java make of an ECDSA signature, unless asked for another form.
#[test]
fn der_is_refused() {
    let input = good_input(Algorithm::Es256);
    let fixed =
        p256::ecdsa::Signature::from_slice(&Owner::Issuer.sign(Algorithm::Es256, input.as_bytes())).unwrap();
    let gate = Gate::new(Owner::Issuer.key(Algorithm::Es256));
    assert_eq!(gate.verdict(&assembled(&input, &fixed.to_bytes())), Ok(()));
    assert_eq!(gate.verdict(&assembled(&input, fixed.to_der().as_bytes())), Err(Refusal::SignatureInvalid));

    let input = good_input(Algorithm::Es384);
    let fixed =
        p384::ecdsa::Signature::from_slice(&Owner::Issuer.sign(Algorithm::Es384, input.as_bytes())).unwrap();
    let gate = Gate::new(Owner::Issuer.key(Algorithm::Es384));
    assert_eq!(gate.verdict(&assembled(&input, &fixed.to_bytes())), Ok(()));
    assert_eq!(gate.verdict(&assembled(&input, fixed.to_der().as_bytes())), Err(Refusal::SignatureInvalid));
}

#[test]
fn a_curve_has_its_own_algorithm() {
    for (token, key) in [(Algorithm::Es384, Algorithm::Es256), (Algorithm::Es256, Algorithm::Es384)] {
        let gate = Gate::new(Owner::Issuer.key(key));
        assert_eq!(gate.verdict(&good_token(token)), Err(Refusal::AlgorithmRefused), "{token} for {key}");
    }
}

/// The right curve and key, but another hash than the curve's.
#[test]
fn a_curve_has_its_own_hash() {
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    use sha2::{Digest as _, Sha256, Sha384, Sha512};

    let input = good_input(Algorithm::Es256);
    let gate = Gate::new(Owner::Issuer.key(Algorithm::Es256));
    for (what, hash, verdict) in [
        ("SHA-256", Sha256::digest(&input).to_vec(), Ok(())),
        ("SHA-384", Sha384::digest(&input).to_vec(), Err(Refusal::SignatureInvalid)),
        ("SHA-512", Sha512::digest(&input).to_vec(), Err(Refusal::SignatureInvalid)),
        ("SHA-256 twice", Sha256::digest(Sha256::digest(&input)).to_vec(), Err(Refusal::SignatureInvalid)),
        ("zeros", vec![0; 32], Err(Refusal::SignatureInvalid)),
    ] {
        let signature: p256::ecdsa::Signature = Owner::Issuer.p256().sign_prehash(&hash).unwrap();
        assert_eq!(gate.verdict(&assembled(&input, &signature.to_bytes())), verdict, "{what}");
    }
}

/// A signature for which no private key was needed: `R = u·G + v·Q`, for a hash that it dictates.
#[test]
fn a_signature_without_its_message_is_for_no_token() {
    use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
    use p256::elliptic_curve::ops::Reduce as _;
    use p256::elliptic_curve::point::AffineCoordinates as _;
    use p256::{AffinePoint, ProjectivePoint, Scalar};

    let issuer = Owner::Issuer.p256();
    let public = ProjectivePoint::from(*issuer.verifying_key().as_affine());
    let (u, v) = (Scalar::from(7_u64), Scalar::from(11_u64));
    let point = AffinePoint::from(ProjectivePoint::GENERATOR * u + public * v);
    let r = Scalar::reduce(&point.x());
    let s = r * v.invert().unwrap();
    let signature = p256::ecdsa::Signature::from_scalars(r, s).unwrap();
    assert!(issuer.verifying_key().verify_prehash(&(u * s).to_bytes(), &signature).is_ok());
    let gate = Gate::new(Owner::Issuer.key(Algorithm::Es256));
    let token = assembled(&good_input(Algorithm::Es256), &signature.to_bytes());
    assert_eq!(gate.verdict(&token), Err(Refusal::SignatureInvalid));
}
