//! All algorithms against each other.

use std::collections::HashMap;

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::Algorithm;
use serde_json::json;

use crate::jose::gate::{Gate, assembled, claims, good_input, good_token, signed, signing_input};
use crate::jose::owner::Owner;
use crate::jose::{b64, unb64};

#[test]
fn what_an_issuer_signs_logs_in() {
    for algorithm in Algorithm::ALL {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        assert_eq!(gate.verdict(&good_token(algorithm)), Ok(()), "{algorithm}");
        let named =
            signed(algorithm, &json!({"alg": algorithm.name(), "typ": "JWT", "kid": "any"}), &claims());
        assert_eq!(gate.verdict(&named), Ok(()), "{algorithm}: a key without a name serves any kid");
    }
}

/// Header, signature and key each of any algorithm: 1728 tokens, of which 12 are good.
#[test]
fn header_signature_and_key_have_to_agree() {
    let mut tokens = HashMap::new();
    for header in Algorithm::ALL {
        let input = good_input(header);
        for signer in Algorithm::ALL {
            tokens.insert(
                (header.name(), signer.name()),
                assembled(&input, &Owner::Issuer.sign(signer, input.as_bytes())),
            );
        }
    }
    for key in Algorithm::ALL {
        let gate = Gate::new(Owner::Issuer.key(key));
        for ((header, signer), token) in &tokens {
            let expected = match (*header == key.name(), *signer == key.name()) {
                (true, true) => Ok(()),
                (true, false) => Err(Refusal::SignatureInvalid),
                (false, _) => Err(Refusal::AlgorithmRefused),
            };
            assert_eq!(
                gate.verdict(token),
                expected,
                "a token that says {header}, signed with {signer}, for a key of {key}"
            );
        }
    }
}

#[test]
fn nobody_else_can_sign() {
    for algorithm in Algorithm::ALL {
        let input = good_input(algorithm);
        let forged = assembled(&input, &Owner::Stranger.sign(algorithm, input.as_bytes()));
        let gate = |owner: Owner| Gate::new(owner.key(algorithm));
        assert_eq!(gate(Owner::Issuer).verdict(&forged), Err(Refusal::SignatureInvalid), "{algorithm}");
        assert_eq!(gate(Owner::Stranger).verdict(&forged), Ok(()), "{algorithm}: it was a good signature");
    }
}

#[test]
fn every_byte_of_a_signature_counts() {
    for algorithm in Algorithm::ALL {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let input = good_input(algorithm);
        let signature = Owner::Issuer.sign(algorithm, input.as_bytes());
        for at in 0..signature.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut changed = signature.clone();
                changed[at] ^= bit;
                let verdict = gate.verdict(&assembled(&input, &changed));
                assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{algorithm}: byte {at} ^ {bit:#x}");
            }
        }
    }
}

#[test]
fn a_signature_has_one_length() {
    for algorithm in Algorithm::ALL {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let input = good_input(algorithm);
        let good = Owner::Issuer.sign(algorithm, input.as_bytes());
        let last = good.len() - 1;
        for (what, signature) in [
            ("none", vec![]),
            ("one byte", vec![good[0]]),
            ("the first half", good[..good.len() / 2].to_vec()),
            ("without its last byte", good[..last].to_vec()),
            ("without its first byte", good[1..].to_vec()),
            ("a zero behind", [&good[..], &[0]].concat()),
            ("a zero before", [&[0], &good[..]].concat()),
            ("its last byte again", [&good[..], &good[last..]].concat()),
            ("twice", [&good[..], &good[..]].concat()),
            ("zeros", vec![0; good.len()]),
            ("ones", vec![0xff; good.len()]),
            ("as hex", hex::encode(&good).into_bytes()),
            ("encoded twice", b64(&good).into_bytes()),
        ] {
            let verdict = gate.verdict(&assembled(&input, &signature));
            assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{algorithm}: {what}");
        }
    }
}

#[test]
fn a_signature_is_over_header_and_claims() {
    for algorithm in Algorithm::ALL {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let token = good_token(algorithm);
        let parts: Vec<_> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { unreachable!("three parts") };
        let bob = b64(claims().to_string().replace("alice", "bob"));
        let roomy = b64(claims().to_string() + " ");
        let typed = b64(json!({"alg": algorithm.name(), "typ": "JWT"}).to_string());
        for (what, token) in [
            ("other claims", format!("{header}.{bob}.{signature}")),
            ("the same claims, written otherwise", format!("{header}.{roomy}.{signature}")),
            ("another header", format!("{typed}.{payload}.{signature}")),
        ] {
            assert_eq!(gate.verdict(&token), Err(Refusal::SignatureInvalid), "{algorithm}: {what}");
        }
        for (what, over) in [("the claims alone", payload.to_owned()), ("the parts decoded", decoded(&token))]
        {
            let signature = Owner::Issuer.sign(algorithm, over.as_bytes());
            let token = assembled(&format!("{header}.{payload}"), &signature);
            assert_eq!(gate.verdict(&token), Err(Refusal::SignatureInvalid), "{algorithm}: {what}");
        }
    }
}

fn decoded(token: &str) -> String {
    let parts: Vec<_> =
        token.split('.').take(2).map(|part| String::from_utf8(unb64(part)).expect("JSON")).collect();
    parts.join(".")
}

#[test]
fn an_algorithm_is_called_by_its_name() {
    let gate = Gate::new(Owner::Issuer.key(Algorithm::EdDsa));
    let renamed = |alg: &str| signed(Algorithm::EdDsa, &json!({ "alg": alg }), &claims());
    assert_eq!(gate.verdict(&renamed("Ed25519")), Ok(()), "RFC 9864 §2.2");
    for other in ["eddsa", "EDDSA", "ed25519", "Ed448", "EdDSA ", "\u{200b}EdDSA", "", "ES256K", "RSA1_5"] {
        assert_eq!(gate.verdict(&renamed(other)), Err(Refusal::AlgorithmRefused), "{other:?}");
    }
    let unnamed = signing_input(&json!({"typ": "JWT"}), &claims());
    let unnamed = assembled(&unnamed, &Owner::Issuer.sign(Algorithm::EdDsa, unnamed.as_bytes()));
    assert_eq!(gate.verdict(&unnamed), Err(Refusal::AlgorithmRefused));
    for none in ["none", "None", "NONE", "nOnE"] {
        for signature in [vec![], Owner::Issuer.sign(Algorithm::EdDsa, b"x")] {
            let token = assembled(&signing_input(&json!({ "alg": none }), &claims()), &signature);
            assert_eq!(gate.verdict(&token), Err(Refusal::AlgorithmNone), "{none}");
        }
    }
}

/// RFC 7515 §2: base64url without padding, white space or other characters, and RFC 4648 §3.5: without bits that stand for nothing.
#[test]
fn a_token_has_one_spelling() {
    for algorithm in Algorithm::ALL {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let good = good_token(algorithm);
        let parts: Vec<_> = good.split('.').collect();
        for at in 0..parts.len() {
            let part = parts[at];
            let mut spellings: Vec<_> =
                ["=", "==", " ", "\n", "\r\n", "\0", "%3D", "é"].map(|end| format!("{part}{end}")).to_vec();
            spellings.extend([format!(" {part}"), format!("{}\n{}", &part[..4], &part[4..])]);
            spellings.push(part.replace('-', "+").replace('_', "/") + "/");
            spellings.extend(with_stray_bits(part));
            for spelling in spellings {
                let mut parts = parts.clone();
                parts[at] = &spelling;
                let verdict = gate.verdict(&parts.join("."));
                assert_eq!(verdict, Err(Refusal::TokenNotCanonical), "{algorithm}: {spelling:?}");
            }
        }
    }
}

/// The same bytes in base64url, with something in the bits of the last character that do not belong to a byte.
fn with_stray_bits(part: &str) -> Vec<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let spare = [1, 1, 16, 4][part.len() % 4];
    let (head, last) = part.split_at(part.len() - 1);
    let last = ALPHABET.iter().position(|char| last.as_bytes() == [*char]).expect("base64url");
    (1..spare).map(|bits| format!("{head}{}", char::from(ALPHABET[last + bits]))).collect()
}
