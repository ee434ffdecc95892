//! RSASSA-PKCS1-v1_5: numbers out of range, and paddings that a lenient reader would take.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, parse_jwk};
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha384};

use crate::jose::gate::{Gate, assembled, claims, good_input, signing_input};
use crate::jose::keys::RSA_N;
use crate::jose::number::{difference, small, sum};
use crate::jose::owner::Owner;
use crate::jose::raw_rsa::{BYTES, padded, sign};
use crate::jose::{b64, unb64, unhex};

/// What stands before the hash: RFC 8017 §9.2, note 1.
const SHA256: &str = "3031300d060960864801650304020105000420";
const SHA384: &str = "3041300d060960864801650304020205000430";

fn gate() -> Gate {
    Gate::new(Owner::Issuer.key(Algorithm::Rs256))
}

/// A prefix in hex, and the hash of what is signed.
fn info(prefix: &str, input: &str) -> Vec<u8> {
    [unhex(prefix), Sha256::digest(input).to_vec()].concat()
}

#[test]
fn the_right_padding_is_accepted() {
    let input = good_input(Algorithm::Rs256);
    let by_hand = sign(&padded(1, 0xff, &info(SHA256, &input)));
    assert_eq!(by_hand, Owner::Issuer.sign(Algorithm::Rs256, input.as_bytes()));
    assert_eq!(gate().verdict(&assembled(&input, &by_hand)), Ok(()));
}

#[test]
fn other_paddings_are_refused() {
    let input = good_input(Algorithm::Rs256);
    let good = info(SHA256, &input);
    let gate = gate();
    let with = |at: usize, byte: u8| {
        let mut block = padded(1, 0xff, &good);
        block[at] = byte;
        block
    };
    let filled = |head: Vec<u8>, byte: u8| [&head[..], &vec![byte; BYTES - head.len()]].concat();
    let end = BYTES - good.len() - 1;
    for (what, block) in [
        ("type 0", padded(0, 0, &good)),
        ("type 2", padded(2, 0xff, &good)),
        ("type 1 with zeros", padded(1, 0, &good)),
        ("first byte 1", with(0, 1)),
        ("a first byte of padding that is not ff", with(2, 0xfe)),
        ("a last byte of padding that is not ff", with(end - 1, 0)),
        ("a zero in the middle of the padding", with(100, 0)),
        ("no zero behind the padding", with(end, 0xff)),
        ("garbage behind the hash", filled([&[0, 1], &[0xff; 8][..], &[0], &good].concat(), 0x55)),
        ("zeros behind the hash", filled([&[0, 1], &[0xff; 8][..], &[0], &good].concat(), 0)),
        ("no padding, garbage behind", filled([&[0, 1, 0], &good[..]].concat(), 0xff)),
        ("a byte less of padding, one behind", [&padded(1, 0xff, &good)[1..], &[0]].concat()),
        ("PSS", crate::jose::raw_rsa::pss::<Sha256, Sha256>(input.as_bytes(), &[7; 32], 0xbc)),
    ] {
        assert_eq!(block.len(), BYTES, "{what}");
        assert_eq!(gate.verdict(&assembled(&input, &sign(&block))), Err(Refusal::SignatureInvalid), "{what}");
    }
}

#[test]
fn other_digest_infos_are_refused() {
    let input = good_input(Algorithm::Rs256);
    let gate = gate();
    let hash = Sha256::digest(&input).to_vec();
    let rest = |from: usize, prefix: &str| [unhex(prefix), hash[from..].to_vec()].concat();
    for (what, payload) in [
        ("without NULL", info("302f300b06096086480165030402010420", &input)),
        ("no DigestInfo", hash.clone()),
        ("only an OCTET STRING", info("0420", &input)),
        ("empty parameters instead of NULL", info("3031300d060960864801650304020130000420", &input)),
        ("garbage as parameters", info("3036301206096086480165030402010405deadbeef000420", &input)),
        ("something behind the parameters", info("3033300f0609608648016503040201050005000420", &input)),
        ("NULL of a long length", info("3032300e06096086480165030402010581000420", &input)),
        ("the outer length long", info("308131300d060960864801650304020105000420", &input)),
        ("the outer length one less", info("3030300d060960864801650304020105000420", &input)),
        ("the outer length indefinite", info("3080300d060960864801650304020105000420", &input)),
        ("a hash of another name, SHA-384", info("3031300d060960864801650304020205000420", &input)),
        ("of another name, SHA-512/256", info("3031300d060960864801650304020605000420", &input)),
        ("of another name, SHA3-256", info("3031300d060960864801650304020805000420", &input)),
        ("of another name, MD5", info("3030300c06082a864886f70d020505000420", &input)),
        ("a hash of 31 bytes", rest(1, "3030300d06096086480165030402010500041f")),
        ("a hash in another tag", info("3031300d060960864801650304020105000320", &input)),
        (
            "something behind the hash",
            [info("3033300d060960864801650304020105000420", &input), vec![5, 0]].concat(),
        ),
        ("SHA-384 with its name", [unhex(SHA384), Sha384::digest(&input).to_vec()].concat()),
        ("of something else", info(SHA256, "else")),
    ] {
        let token = assembled(&input, &sign(&padded(1, 0xff, &payload)));
        assert_eq!(gate.verdict(&token), Err(Refusal::SignatureInvalid), "{what}");
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let (input, gate, n) = (good_input(Algorithm::Rs256), gate(), unb64(RSA_N));
    let good = Owner::Issuer.sign(Algorithm::Rs256, input.as_bytes());
    let one = small(1, BYTES);
    let padded_hash = padded(1, 0xff, &info(SHA256, &input));
    for (what, signature) in [
        ("0", small(0, BYTES)),
        ("1", one.clone()),
        ("n - 1", difference(&n, &one)),
        ("n", n.clone()),
        ("n + 1", sum(&n, &one).unwrap()),
        ("the greatest", vec![0xff; BYTES]),
        ("-good", difference(&n, &good)),
        ("the padded hash, as if the exponent were 1", padded_hash),
        ("a single 0", vec![0]),
        ("a single 1", vec![1]),
    ] {
        assert_eq!(gate.verdict(&assembled(&input, &signature)), Err(Refusal::SignatureInvalid), "{what}");
    }
}

/// A signature plus the modulus is the same number to whoever reduces it first. Such a one fits the length only where the
/// signature is small.
#[test]
fn a_signature_is_below_the_modulus() {
    let (gate, n) = (gate(), unb64(RSA_N));
    let signed = |jti: u32| {
        let mut claims = claims();
        claims["jti"] = jti.into();
        let input = signing_input(&json!({"alg": "RS256"}), &claims);
        let signature = Owner::Issuer.sign(Algorithm::Rs256, input.as_bytes());
        (input, signature)
    };
    let (input, good, above) = (0..64)
        .map(signed)
        .find_map(|(input, good)| sum(&good, &n).map(|above| (input, good, above)))
        .expect("one in three is small enough");
    assert_eq!(gate.verdict(&assembled(&input, &good)), Ok(()));
    assert_eq!(gate.verdict(&assembled(&input, &above)), Err(Refusal::SignatureInvalid));
}

/// RFC 8017 §8.2.2: as long as the modulus, with its leading zeros.
#[test]
fn leading_zeros_belong_to_a_signature() {
    let gate = gate();
    let mut claims = claims();
    // Found by trying: one of 161 signatures begins with a zero.
    claims["jti"] = 149.into();
    let input = signing_input(&json!({"alg": "RS256"}), &claims);
    let good = Owner::Issuer.sign(Algorithm::Rs256, input.as_bytes());
    assert_eq!(good[0], 0, "the signature of this token begins with a zero");
    assert_eq!(gate.verdict(&assembled(&input, &good)), Ok(()));
    for (what, signature) in [("stripped", good[1..].to_vec()), ("one more", [&[0], &good[..]].concat())] {
        assert_eq!(gate.verdict(&assembled(&input, &signature)), Err(Refusal::SignatureInvalid), "{what}");
    }
}

#[test]
fn a_modulus_with_its_sign_byte_is_the_same() {
    let input = good_input(Algorithm::Rs256);
    let good = Owner::Issuer.sign(Algorithm::Rs256, input.as_bytes());
    for zeros in 0..3 {
        let modulus = b64([vec![0; zeros], unb64(RSA_N)].concat());
        for exponent in ["AQAB", "AAEAAQ"] {
            let jwk = json!({"kty": "RSA", "n": modulus, "e": exponent}).to_string();
            let gate = Gate::new(parse_jwk(jwk.as_bytes(), None).unwrap());
            assert_eq!(gate.verdict(&assembled(&input, &good)), Ok(()), "{zeros} {exponent}");
            let longer = assembled(&input, &[vec![0; zeros + 1], good.clone()].concat());
            assert_eq!(gate.verdict(&longer), Err(Refusal::SignatureInvalid), "{zeros} {exponent}");
        }
    }
}
