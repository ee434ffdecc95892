//! RSASSA-PSS: salts of another length, masks of another hash, and blocks that are put together wrongly.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, parse_jwk};
use rsa::pss::SigningKey;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::jose::gate::{Gate, assembled, good_input};
use crate::jose::keys::RSA_N;
use crate::jose::number::{difference, small};
use crate::jose::owner::Owner;
use crate::jose::raw_rsa::{BYTES, pss, sign};
use crate::jose::unb64;

const TRAILER: u8 = 0xbc;

fn gate(algorithm: Algorithm) -> Gate {
    Gate::new(Owner::Issuer.key(algorithm))
}

/// RFC 7518 §3.5: the salt is as long as the hash.
#[test]
fn a_salt_is_as_long_as_the_hash() {
    let key = Owner::Issuer.rsa();
    let rng = &mut rand::rng();
    for salt in [0, 1, 20, 31, 32, 33, 48, 64, 222] {
        for (algorithm, hash) in [(Algorithm::Ps256, 32), (Algorithm::Ps384, 48), (Algorithm::Ps512, 64)] {
            let input = good_input(algorithm);
            let message = input.as_bytes();
            let longest = BYTES - hash - 2;
            let salt = salt.min(longest);
            let signature = match algorithm {
                Algorithm::Ps256 => SigningKey::<Sha256>::new_with_salt_len(key.clone(), salt)
                    .sign_with_rng(rng, message)
                    .to_vec(),
                Algorithm::Ps384 => SigningKey::<Sha384>::new_with_salt_len(key.clone(), salt)
                    .sign_with_rng(rng, message)
                    .to_vec(),
                _ => SigningKey::<Sha512>::new_with_salt_len(key.clone(), salt)
                    .sign_with_rng(rng, message)
                    .to_vec(),
            };
            let expected = if salt == hash { Ok(()) } else { Err(Refusal::SignatureInvalid) };
            let verdict = gate(algorithm).verdict(&assembled(&input, &signature));
            assert_eq!(verdict, expected, "{algorithm} with a salt of {salt} bytes");
        }
    }
}

/// RFC 7518 §3.5: the mask is made with the hash of the message.
#[test]
fn a_mask_is_of_the_same_hash() {
    let input = good_input(Algorithm::Ps256);
    let message = input.as_bytes();
    let salt = [7; 32];
    let invalid = Err(Refusal::SignatureInvalid);
    for (what, block, verdict) in [
        ("SHA-256 for both", pss::<Sha256, Sha256>(message, &salt, TRAILER), Ok(())),
        ("a mask of SHA-1", pss::<Sha256, sha1::Sha1>(message, &salt, TRAILER), invalid),
        ("a mask of SHA-224", pss::<Sha256, Sha224>(message, &salt, TRAILER), invalid),
        ("a mask of SHA-384", pss::<Sha256, Sha384>(message, &salt, TRAILER), invalid),
        ("a mask of SHA-512", pss::<Sha256, Sha512>(message, &salt, TRAILER), invalid),
        ("SHA-384 for both", pss::<Sha384, Sha384>(message, &salt, TRAILER), invalid),
        ("a message of SHA-384", pss::<Sha384, Sha256>(message, &salt, TRAILER), invalid),
        ("salt of zeros", pss::<Sha256, Sha256>(message, &[0; 32], TRAILER), Ok(())),
    ] {
        assert_eq!(gate(Algorithm::Ps256).verdict(&assembled(&input, &sign(&block))), verdict, "{what}");
    }
}

#[test]
fn blocks_put_together_wrongly_are_refused() {
    let input = good_input(Algorithm::Ps256);
    // One of four blocks is below the modulus even with its first bit set.
    let good = (0..).map(|byte| pss::<Sha256, Sha256>(input.as_bytes(), &[byte; 32], TRAILER));
    let good = good.into_iter().find(|block| block[0] < 0x20).unwrap();
    let gate = gate(Algorithm::Ps256);
    assert_eq!(gate.verdict(&assembled(&input, &sign(&good))), Ok(()));
    let salt_at = BYTES - 1 - 32 - 32;
    let with = |at: usize, bit: u8| {
        let mut block = good.clone();
        block[at] ^= bit;
        block
    };
    for (what, block) in [
        ("another trailer", pss::<Sha256, Sha256>(input.as_bytes(), &[7; 32], 0xcc)),
        ("no trailer", pss::<Sha256, Sha256>(input.as_bytes(), &[7; 32], 0)),
        ("the first bit set", with(0, 0x80)),
        ("a zero that is none", with(1, 1)),
        ("a zero before the one that is none", with(salt_at - 2, 1)),
        ("the one is a zero", with(salt_at - 1, 1)),
        ("the one is a three", with(salt_at - 1, 2)),
        ("another salt", with(salt_at, 1)),
        ("another hash", with(BYTES - 2, 1)),
    ] {
        assert_eq!(gate.verdict(&assembled(&input, &sign(&block))), Err(Refusal::SignatureInvalid), "{what}");
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let (input, n) = (good_input(Algorithm::Ps256), unb64(RSA_N));
    let one = small(1, BYTES);
    for (what, signature) in [
        ("0", small(0, BYTES)),
        ("1", one.clone()),
        ("n - 1", difference(&n, &one)),
        ("n", n.clone()),
        ("the greatest", vec![0xff; BYTES]),
        ("the block itself", pss::<Sha256, Sha256>(input.as_bytes(), &[7; 32], TRAILER)),
    ] {
        let verdict = gate(Algorithm::Ps256).verdict(&assembled(&input, &signature));
        assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{what}");
    }
}

/// One RSA key for two algorithms: each token is judged by the padding that its header says, never by the other.
#[test]
fn allowed_paddings_are_kept_apart() {
    let both = [Algorithm::Rs256, Algorithm::Ps256];
    let jwk = Owner::Issuer.jwk(Algorithm::Rs256.kind()).to_string();
    let gate = Gate::new(parse_jwk(jwk.as_bytes(), Some(&both)).unwrap());
    for header in both {
        let input = good_input(header);
        for signer in both {
            let token = assembled(&input, &Owner::Issuer.sign(signer, input.as_bytes()));
            let verdict = if header == signer { Ok(()) } else { Err(Refusal::SignatureInvalid) };
            assert_eq!(gate.verdict(&token), verdict, "{header} signed with {signer}");
        }
    }
    let other = good_input(Algorithm::Ps384);
    let token = assembled(&other, &Owner::Issuer.sign(Algorithm::Ps384, other.as_bytes()));
    assert_eq!(gate.verdict(&token), Err(Refusal::AlgorithmRefused));
}
