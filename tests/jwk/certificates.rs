//! Certificates count as the key in them. These hold the issuer's keys; another library made them.

use ejabberd_sidecar::authn::keys::{Algorithm, Key, KeyFault, SetFault, parse_pem};

use crate::jose::gate::{Gate, good_token};

/// Signed by itself, with extensions.
const RSA: &str = include_str!("certificates/rsa.pem");
/// Issued by another name, with another key.
const P256: &str = include_str!("certificates/p256.pem");
/// Expired in 2000, and without extensions.
const P384: &str = include_str!("certificates/p384.pem");
/// Valid until 9999, which is how a certificate says "forever".
const ED25519: &str = include_str!("certificates/ed25519.pem");
/// Of a curve that is not supported.
const P521: &str = include_str!("certificates/p521.pem");

fn algorithms(text: &str) -> Result<Vec<Algorithm>, SetFault> {
    parse_pem(text.as_bytes(), None).map(|keys| keys.iter().map(Key::algorithm).collect())
}

#[test]
fn the_key_in_a_certificate_verifies() {
    for (text, algorithm) in [
        (RSA, Algorithm::Rs256),
        (P256, Algorithm::Es256),
        (P384, Algorithm::Es384),
        (ED25519, Algorithm::EdDsa),
    ] {
        let gate = Gate::new(parse_pem(text.as_bytes(), None).unwrap());
        assert_eq!(gate.verdict(&good_token(algorithm)), Ok(()), "{algorithm}");
    }
}

#[test]
fn a_chain_is_several_keys() {
    let chain = [P256, RSA].concat();
    assert_eq!(algorithms(&chain), Ok(vec![Algorithm::Es256, Algorithm::Rs256]));
    let unsupported = SetFault::Key { position: 3, fault: KeyFault::Unsupported };
    assert_eq!(algorithms(&[P256, RSA, P521].concat()), Err(unsupported));
}

#[test]
fn what_is_no_certificate_is_refused() {
    let unusable = Err(SetFault::Key { position: 1, fault: KeyFault::Unusable });
    let der = pem_contents(P256);
    for (what, der) in [
        ("cut", der[..der.len() - 1].to_vec()),
        ("a byte behind", [&der[..], &[0]].concat()),
        ("two in a block", [&der[..], &der].concat()),
        ("only what is signed", der[4..].to_vec()),
        ("zeros", vec![0; der.len()]),
    ] {
        assert_eq!(algorithms(&crate::jose::der::pem("CERTIFICATE", &der)), unusable, "{what}");
    }
}

fn pem_contents(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    let lines: String = text.lines().filter(|line| !line.starts_with("--")).collect();
    base64::engine::general_purpose::STANDARD.decode(lines).expect("base64")
}
