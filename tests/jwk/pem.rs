//! PEM files: every kind of public key, and what must not be in one.

use ejabberd_sidecar::authn::keys::{Algorithm, Key, KeyFault, KeyKind, SetFault, parse_pem};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use rsa::pkcs1::EncodeRsaPublicKey as _;

use crate::jose::der::{self, pem, rsa_public_key, spki};
use crate::jose::gate::{Gate, good_token};
use crate::jose::owner::Owner;
use crate::jose::unb64;

/// The issuer's keys, as the libraries write them that made them.
fn written_by_libraries() -> [(Algorithm, String); 5] {
    let rsa = Owner::Issuer.rsa().to_public_key();
    let (p256, p384) = (Owner::Issuer.p256(), Owner::Issuer.p384());
    let p256 = p256::PublicKey::from(p256.verifying_key());
    let p384 = p384::PublicKey::from(p384.verifying_key());
    let ed25519 = Owner::Issuer.ed25519().verifying_key();
    [
        (Algorithm::Rs256, rsa.to_public_key_pem(LineEnding::LF).expect("PEM")),
        (Algorithm::Rs256, rsa.to_pkcs1_pem(LineEnding::LF).expect("PEM")),
        (Algorithm::Es256, p256.to_public_key_pem(LineEnding::LF).expect("PEM")),
        (Algorithm::Es384, p384.to_public_key_pem(LineEnding::LF).expect("PEM")),
        (Algorithm::EdDsa, ed25519.to_public_key_pem(LineEnding::LF).expect("PEM")),
    ]
}

fn ed25519() -> String {
    pem("PUBLIC KEY", &spki(der::ED25519, "", &Owner::Issuer.point(KeyKind::Ed25519)))
}

fn rsa_der() -> Vec<u8> {
    rsa_public_key(&unb64(Owner::Issuer.modulus()), &[1, 0, 1])
}

fn algorithms(text: &str) -> Result<Vec<Algorithm>, SetFault> {
    parse_pem(text.as_bytes(), None).map(|keys| keys.iter().map(Key::algorithm).collect())
}

#[track_caller]
fn assert_fault(label: &str, contents: &[u8], fault: KeyFault, what: &str) {
    assert_eq!(algorithms(&pem(label, contents)), Err(SetFault::Key { position: 1, fault }), "{what}");
}

#[test]
fn every_kind_of_public_key_verifies() {
    for (algorithm, text) in written_by_libraries() {
        let keys = parse_pem(text.as_bytes(), None).unwrap();
        assert!(keys.iter().all(|key| key.id().is_none() && key.algorithm() == algorithm), "{text}");
        assert_eq!(Gate::new(keys).verdict(&good_token(algorithm)), Ok(()), "{text}");
    }
}

#[test]
fn all_blocks_of_a_file_serve() {
    let text: String = written_by_libraries().into_iter().map(|(_, text)| text).collect();
    let gate = Gate::new(parse_pem(text.as_bytes(), None).unwrap());
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
        assert_eq!(gate.verdict(&good_token(algorithm)), Ok(()), "{algorithm}");
    }
}

#[test]
fn text_around_the_blocks_does_not_count() {
    let key = ed25519();
    for (what, text) in [
        ("line ends of DOS", key.replace('\n', "\r\n")),
        ("no line end at the end", key.trim_end().to_owned()),
        ("a comment before", format!("# the key of example.org\n\n{key}")),
        ("text behind", format!("{key}\nsubject=CN = example.org\n")),
        ("space behind", format!("{key}\n \t\n\n")),
    ] {
        assert_eq!(algorithms(&text), Ok(vec![Algorithm::EdDsa]), "{what}");
    }
    let both = format!("first\n{key}second\n{key}and the end");
    assert_eq!(algorithms(&both), Ok(vec![Algorithm::EdDsa; 2]));
}

#[test]
fn a_file_without_a_block_holds_no_key() {
    let key = ed25519();
    for (what, text) in [
        ("nothing", String::new()),
        ("garbage", "garbage".to_owned()),
        ("a JWK", Owner::Issuer.jwk(KeyKind::Rsa).to_string()),
        ("an OpenSSH key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB alice@example.org".to_owned()),
        ("no begin", key.lines().skip(1).collect::<Vec<_>>().join("\n")),
        ("dashes of another kind", key.replace("-----", "—————")),
        ("DER", String::from_utf8_lossy(&rsa_der()).into_owned()),
    ] {
        assert_eq!(algorithms(&text), Err(SetFault::Empty), "{what}");
    }
    for (what, text) in [
        ("no end", key.lines().take(2).collect::<Vec<_>>().join("\n")),
        ("another end", key.replace("END PUBLIC", "END OTHER")),
        ("contents of another alphabet", key.replace("MCow", "M*ow")),
        ("contents cut", key.replace("MCow", "MCo")),
    ] {
        assert_eq!(algorithms(&text), Err(SetFault::BrokenBlock), "{what}");
    }
    assert_eq!(parse_pem(&rsa_der(), None).unwrap_err(), SetFault::Empty, "DER");
    assert_eq!(parse_pem(&[0xff, 0xfe, 0x2d], None).unwrap_err(), SetFault::Empty, "no text");
}

/// Whoever wrote the file meant each block of it: one that was cut off must not be forgotten silently.
#[test]
fn a_block_that_is_cut_off_is_not_forgotten() {
    let key = ed25519();
    let cut = &key[..key.find("-----END").unwrap()];
    for (what, text) in [
        ("before a good one", format!("{cut}{key}")),
        ("with another end behind a good one", format!("{key}{}", key.replace("END PUBLIC", "END OTHER"))),
        ("with broken contents behind a good one", format!("{key}{}", key.replace("MCow", "M*ow"))),
    ] {
        assert!(algorithms(&text).is_err(), "{what}: {:?}", algorithms(&text));
    }
}

#[test]
fn a_private_key_is_refused() {
    let key = ed25519();
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
    ] {
        assert_fault(label, b"whatever", KeyFault::Private, label);
        let behind = format!("{key}{}", pem(label, &rsa_der()));
        let second = SetFault::Key { position: 2, fault: KeyFault::Private };
        assert_eq!(algorithms(&behind), Err(second), "{label} behind a good one");
    }
}

#[test]
fn other_blocks_are_refused() {
    for label in [
        "CERTIFICATE REQUEST",
        "TRUSTED CERTIFICATE",
        "X509 CRL",
        "EC PARAMETERS",
        "DH PARAMETERS",
        "EC PUBLIC KEY",
        "DSA PUBLIC KEY",
        "SSH2 PUBLIC KEY",
        "PGP PUBLIC KEY BLOCK",
        "PKCS7",
        "CMS",
        "public key",
        "PUBLIC KEY ",
        "X",
    ] {
        assert_fault(label, &spki(der::ED25519, "", &[7; 32]), KeyFault::Unsupported, label);
    }
}

#[test]
fn a_block_holds_what_it_says() {
    let good = spki(der::ED25519, "", &Owner::Issuer.point(KeyKind::Ed25519));
    let rsa = spki(der::RSA, "0500", &rsa_der());
    let mut unused_bits = good.clone();
    unused_bits[11] = 1;
    let indefinite = [&[0x30, 0x80], &good[2..], &[0, 0]].concat();
    let long_form = [&[0x30, 0x81], &good[1..]].concat();
    for (label, contents, what) in [
        ("PUBLIC KEY", vec![], "nothing"),
        ("PUBLIC KEY", rsa_der(), "an RSAPublicKey"),
        ("RSA PUBLIC KEY", rsa, "a SubjectPublicKeyInfo as RSAPublicKey"),
        ("PUBLIC KEY", good[..good.len() - 1].to_vec(), "cut"),
        ("PUBLIC KEY", [&good[..], &[0]].concat(), "a byte behind"),
        ("PUBLIC KEY", [&good[..], &good].concat(), "twice"),
        ("PUBLIC KEY", unused_bits, "unused bits"),
        ("PUBLIC KEY", indefinite, "a length of BER"),
        ("PUBLIC KEY", long_form, "a length that is too long"),
        ("PUBLIC KEY", include_bytes!("certificates/p256.pem").to_vec(), "a certificate"),
        ("CERTIFICATE", good, "a key as certificate"),
        ("CERTIFICATE", vec![], "no certificate"),
        ("RSA PUBLIC KEY", vec![], "no key"),
    ] {
        assert_fault(label, &contents, KeyFault::Unusable, what);
    }
}

#[test]
fn rsa_keys_are_as_strong_as_in_a_jwk() {
    let odd = |bytes: usize| vec![0xc5; bytes];
    let n = unb64(Owner::Issuer.modulus());
    let negative =
        der::tlv(der::SEQUENCE, &[&der::tlv(der::INTEGER, &[&n]), &der::tlv(der::INTEGER, &[&[3]])]);
    let third = der::tlv(der::INTEGER, &[&[3]]);
    let three = der::tlv(der::SEQUENCE, &[&rsa_der()[4..], &third]);
    for (what, key, fault) in [
        ("1024 bits", rsa_public_key(&odd(128), &[1, 0, 1]), KeyFault::RsaSize { bits: 1024 }),
        ("2040 bits", rsa_public_key(&odd(255), &[1, 0, 1]), KeyFault::RsaSize { bits: 2040 }),
        ("8200 bits", rsa_public_key(&odd(1025), &[1, 0, 1]), KeyFault::RsaSize { bits: 8200 }),
        ("an exponent of one", rsa_public_key(&n, &[1]), KeyFault::Malformed("e")),
        ("an exponent of two", rsa_public_key(&n, &[2]), KeyFault::Malformed("e")),
        ("a modulus below zero", negative, KeyFault::Unusable),
        ("three numbers", three, KeyFault::Unusable),
        ("no number", der::tlv(der::SEQUENCE, &[]), KeyFault::Unusable),
    ] {
        assert_fault("RSA PUBLIC KEY", &key, fault.clone(), what);
        assert_fault("PUBLIC KEY", &spki(der::RSA, "0500", &key), fault, what);
    }
}
