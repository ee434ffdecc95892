//! RSA below its paddings: signs any number, with paddings put together by hand.

use rsa::BoxedUint;
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::rand_core::UnwrapErr;
use sha2::Digest;

use super::keys::RSA;

/// The bytes of the issuer's modulus, and of its signatures.
pub(crate) const BYTES: usize = 256;

/// The issuer's signature over this number.
pub(crate) fn sign(number: &[u8]) -> Vec<u8> {
    let number = BoxedUint::from_be_slice(number, 2048).expect("2048 bits");
    let signature = rsa_decrypt_and_check(&*RSA, None::<&mut UnwrapErr<rand::rngs::SysRng>>, &number);
    signature.expect("below the modulus").to_be_bytes().to_vec()
}

/// `00 type padding 00 payload`, as long as a signature.
pub(crate) fn padded(kind: u8, padding: u8, payload: &[u8]) -> Vec<u8> {
    let padding = vec![padding; BYTES - 3 - payload.len()];
    [&[0, kind][..], &padding, &[0], payload].concat()
}

/// EMSA-PSS, RFC 8017 §9.1.1, with any salt, and with hash functions of its own for the message and the mask.
pub(crate) fn pss<H: Digest, Mask: Digest>(message: &[u8], salt: &[u8], trailer: u8) -> Vec<u8> {
    let hash = H::new().chain_update([0; 8]).chain_update(H::digest(message)).chain_update(salt).finalize();
    let mut block = vec![0; BYTES - 1 - hash.len()];
    let salt_at = block.len() - salt.len();
    block[salt_at..].copy_from_slice(salt);
    block[salt_at - 1] = 1;
    for (byte, mask) in block.iter_mut().zip(mask::<Mask>(&hash)) {
        *byte ^= mask;
    }
    block[0] &= 0x7f;
    [&block[..], &hash, &[trailer]].concat()
}

/// MGF1, RFC 8017 §B.2.1.
fn mask<H: Digest>(seed: &[u8]) -> impl Iterator<Item = u8> {
    (0_u32..)
        .flat_map(move |counter| H::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize())
}
