//! Keys on P-256 and P-384: coordinates of the wrong length, and points that are none.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyFault, KeyKind, parse_jwk};
use serde_json::{Value, json};

use crate::jose::gate::{Gate, good_token};
use crate::jose::number::{difference, small, sum};
use crate::jose::owner::Owner;
use crate::jose::parse::{algorithms, fault};
use crate::jose::{b64, unb64, unhex};

const CURVES: [Curve; 2] = [
    Curve {
        name: "P-256",
        kind: KeyKind::P256,
        algorithm: Algorithm::Es256,
        prime: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        y_of_zero: "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
    },
    Curve {
        name: "P-384",
        kind: KeyKind::P384,
        algorithm: Algorithm::Es384,
        prime: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        y_of_zero: "c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1",
    },
];

struct Curve {
    name: &'static str,
    kind: KeyKind,
    algorithm: Algorithm,
    prime: &'static str,
    /// The second coordinate of the point whose first is zero.
    y_of_zero: &'static str,
}

impl Curve {
    fn coordinates(&self) -> [Vec<u8>; 2] {
        let jwk = Owner::Issuer.jwk(self.kind);
        ["x", "y"].map(|name| unb64(jwk[name].as_str().expect("text")))
    }

    fn jwk(&self, x: &[u8], y: &[u8]) -> Value {
        json!({"kty": "EC", "crv": self.name, "x": b64(x), "y": b64(y)})
    }
}

#[test]
fn coordinates_are_as_long_as_the_curve_has_them() {
    for curve in CURVES {
        let [x, y] = curve.coordinates();
        let compressed = [&[2], &x[..]].concat();
        let uncompressed = [&[4], &x[..], &y].concat();
        for (what, x, y, expected) in [
            ("x a byte shorter", &x[1..], &y[..], "x"),
            ("y a byte shorter", &x, &y[1..], "y"),
            ("x a zero longer", &[&[0], &x[..]].concat(), &y, "x"),
            ("y a zero longer", &x, &[&[0], &y[..]].concat(), "y"),
            ("x with a zero behind", &[&x[..], &[0]].concat(), &y, "x"),
            ("no x", &[], &y, "x"),
            ("no y", &x, &[], "y"),
            ("neither", &[], &[], "x"),
            ("a zero each, the point at infinity", &[0], &[0], "x"),
            ("x compressed", &compressed, &y, "x"),
            ("x compressed, no y", &compressed, &[], "x"),
            ("x the whole point", &uncompressed, &y, "x"),
            ("both in x", &[&x[..], &y].concat(), &y, "x"),
            ("of another curve", &[0x11; 66], &[0x11; 66], "x"),
        ] {
            assert_eq!(fault(&curve.jwk(x, y)), KeyFault::Malformed(expected), "{}: {what}", curve.name);
        }
    }
}

#[test]
fn a_point_lies_on_its_curve() {
    for curve in CURVES {
        let [x, y] = curve.coordinates();
        let length = x.len();
        let (prime, zero, one) = (unhex(curve.prime), small(0, length), small(1, length));
        for (what, x, y) in [
            ("y and one", x.clone(), sum(&y, &one).unwrap()),
            ("x and one", sum(&x, &one).unwrap(), y.clone()),
            ("swapped", y.clone(), x.clone()),
            ("x twice", x.clone(), x.clone()),
            ("zeros", zero.clone(), zero.clone()),
            ("ones", one.clone(), one.clone()),
            ("the greatest", vec![0xff; length], vec![0xff; length]),
            ("the prime", prime.clone(), prime.clone()),
            ("x is the prime, which is zero", prime, unhex(curve.y_of_zero)),
        ] {
            assert_eq!(fault(&curve.jwk(&x, &y)), KeyFault::Unusable, "{}: {what}", curve.name);
        }
        let good = curve.jwk(&zero, &unhex(curve.y_of_zero));
        assert_eq!(algorithms(&good, None), Ok(vec![curve.algorithm]), "{}: x is zero", curve.name);
    }
}

#[test]
fn the_point_across_is_another_key() {
    for curve in CURVES {
        let [x, y] = curve.coordinates();
        let token = good_token(curve.algorithm);
        let gate = |y: &[u8]| Gate::new(parse_jwk(curve.jwk(&x, y).to_string().as_bytes(), None).unwrap());
        assert_eq!(gate(&y).verdict(&token), Ok(()));
        let across = difference(&unhex(curve.prime), &y);
        assert_eq!(gate(&across).verdict(&token), Err(Refusal::SignatureInvalid), "{}", curve.name);
    }
}

#[test]
fn a_curve_is_named_exactly() {
    let p256 = |crv: Value| {
        let mut jwk = Owner::Issuer.jwk(KeyKind::P256);
        jwk["crv"] = crv;
        jwk
    };
    for other in
        ["P-521", "P-224", "secp256k1", "Ed25519", "X25519", "p-256", "P256", "prime256v1", "P-256 ", ""]
    {
        assert_eq!(fault(&p256(json!(other))), KeyFault::Unsupported, "{other:?}");
    }
    assert_eq!(
        fault(&p256(json!("P-384"))),
        KeyFault::Malformed("x"),
        "a point of P-256 said to be of P-384"
    );
    for other in [json!(256), json!(null), json!(["P-256"])] {
        assert_eq!(fault(&p256(other.clone())), KeyFault::Malformed("crv"), "{other}");
    }
}

#[test]
fn curve_and_coordinates_are_there_and_text() {
    let point = b64([1; 32]);
    for (jwk, expected) in [
        (json!({"kty": "EC", "x": point, "y": point}), KeyFault::Missing("crv")),
        (json!({"kty": "EC", "crv": "P-256", "y": point}), KeyFault::Missing("x")),
        (json!({"kty": "EC", "crv": "P-256", "x": point}), KeyFault::Missing("y")),
        (json!({"kty": "EC", "crv": "P-256", "x": point, "y": true}), KeyFault::Malformed("y")),
        (json!({"kty": "EC", "crv": "P-256", "x": point, "y": null}), KeyFault::Malformed("y")),
        (json!({"kty": "EC", "crv": "P-256", "x": 7, "y": point}), KeyFault::Malformed("x")),
        (
            json!({"kty": "EC", "crv": "P-256", "x": format!("{point}="), "y": point}),
            KeyFault::Malformed("x"),
        ),
        (
            json!({"kty": "EC", "crv": "P-256", "x": point, "y": point.replace("AQE", "AQF")}),
            KeyFault::Malformed("y"),
        ),
        (
            json!({"kty": "EC", "crv": "P-256", "x": hex::encode([1; 32]), "y": point}),
            KeyFault::Malformed("x"),
        ),
    ] {
        assert_eq!(fault(&jwk), expected, "{jwk}");
    }
}
