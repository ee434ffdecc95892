//! Key material, as it came out of a file, and the keys that are made of it.

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use aws_lc_rs::{hmac, signature::VerificationAlgorithm};
use curve25519_dalek::edwards::CompressedEdwardsY;

use super::secret::reads_as_key;
use super::seen::SeenSignatures;
use super::{Algorithm, Key, KeyFault, KeyId, KeyKind};
use crate::types::Secret;

/// RSA keys below are within reach of attackers: RFC 7518 §3.3.
const RSA_MIN_BITS: usize = 2048;
/// RSA keys above cost too much time to verify with.
const RSA_MAX_BITS: usize = 8192;

/// Key material that was not yet bound to an algorithm. Lengths and points are checked when it is.
#[derive(Debug)]
pub(super) enum Material {
    Hmac(Secret),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point, SEC 1 §2.3.3.
    P256(Vec<u8>),
    /// The same.
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// What a key verifies with. Parsed once, so that no login pays for it.
#[derive(Debug)]
pub(super) enum Verifying {
    Hmac(Box<hmac::Key>),
    Public { key: ParsedPublicKey, seen: SeenSignatures },
}

/// Which algorithms an issuer's keys may be for; `None` leaves it to the keys.
pub type AllowedAlgorithms<'rules> = Option<&'rules [Algorithm]>;

impl Material {
    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Self::Hmac(_) => KeyKind::Hmac,
            Self::Rsa { .. } => KeyKind::Rsa,
            Self::P256(_) => KeyKind::P256,
            Self::P384(_) => KeyKind::P384,
            Self::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// The keys that this material is good for: one for each algorithm. That is `own`, the one which came with it, else those
    /// which are allowed for its kind, else the usual one.
    pub(super) fn keys(
        &self,
        id: Option<&KeyId>,
        own: Option<Algorithm>,
        allowed: AllowedAlgorithms<'_>,
    ) -> Result<Vec<Key>, KeyFault> {
        let kind = self.kind();
        if let Some(other) = own.filter(|own| own.kind() != kind) {
            return Err(KeyFault::OtherAlgorithm { kind, algorithm: other });
        }
        let mut algorithms: Vec<_> = match (own, allowed) {
            (Some(own), _) => vec![own],
            (None, Some(allowed)) => allowed.iter().copied().filter(|one| one.kind() == kind).collect(),
            (None, None) => vec![kind.usual_algorithm()],
        };
        algorithms.retain(|algorithm| allowed.is_none_or(|allowed| allowed.contains(algorithm)));
        if algorithms.is_empty() {
            return Err(KeyFault::NotAllowed { kind });
        }
        algorithms.into_iter().map(|algorithm| self.key(id, algorithm)).collect()
    }

    fn key(&self, id: Option<&KeyId>, algorithm: Algorithm) -> Result<Key, KeyFault> {
        let verifying = match self {
            Self::Hmac(secret) => Verifying::Hmac(Box::new(hmac_key(secret, algorithm)?)),
            Self::Rsa { modulus, exponent } => Verifying::of(rsa_key(modulus, exponent, algorithm)?),
            Self::P256(point) => ecdsa_key(&signature::ECDSA_P256_SHA256_FIXED, 32, point)?,
            Self::P384(point) => ecdsa_key(&signature::ECDSA_P384_SHA384_FIXED, 48, point)?,
            Self::Ed25519(point) => ed25519_key(point)?,
        };
        Ok(Key { id: id.cloned(), algorithm, verifying })
    }
}

impl Verifying {
    fn of(key: ParsedPublicKey) -> Self {
        Self::Public { key, seen: SeenSignatures::default() }
    }

    /// In constant time where the key is secret.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hmac(key) => hmac::verify(key, signed, signature).is_ok(),
            Self::Public { key, seen } => {
                seen.or(signed, signature, || key.verify_sig(signed, signature).is_ok())
            }
        }
    }
}

/// Signs. `None` where `algorithm` is not one of shared secrets.
pub(super) fn sign_with(secret: &Secret, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
    let key = hmac::Key::new(hmac_algorithm(algorithm)?, secret.bytes());
    Some(hmac::sign(&key, message).as_ref().to_vec())
}

fn hmac_algorithm(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Some(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

/// RFC 7518 §3.2: at least as long as the hash.
fn hmac_key(secret: &Secret, algorithm: Algorithm) -> Result<hmac::Key, KeyFault> {
    if reads_as_key(secret.bytes()) {
        return Err(KeyFault::PublicSecret);
    }
    let hash = hmac_algorithm(algorithm).ok_or(KeyFault::NotAllowed { kind: KeyKind::Hmac })?;
    let (have, need) = (secret.bytes().len(), hash.digest_algorithm().output_len());
    if have < need {
        return Err(KeyFault::ShortSecret { algorithm, have, need });
    }
    Ok(hmac::Key::new(hash, secret.bytes()))
}

fn rsa_key(modulus: &[u8], exponent: &[u8], algorithm: Algorithm) -> Result<ParsedPublicKey, KeyFault> {
    let parameters = rsa_parameters(algorithm).ok_or(KeyFault::NotAllowed { kind: KeyKind::Rsa })?;
    // Some programs write the sign byte of their big integers.
    let n = without_leading_zeros(modulus);
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
        return Err(KeyFault::RsaSize { bits });
    }
    if is_even(n) {
        return Err(KeyFault::Malformed("n"));
    }
    let e = without_leading_zeros(exponent);
    check_exponent(e)?;
    let components = RsaPublicKeyComponents { n, e };
    components.to_parsed_public_key(parameters).map_err(|_| KeyFault::Unusable)
}

/// With an exponent of one anybody could sign, and above 33 bits the library verifies nothing. It finds both out only when it is
/// asked to.
fn check_exponent(exponent: &[u8]) -> Result<(), KeyFault> {
    let one_or_nothing = matches!(exponent, [] | [1]);
    let above_33_bits = exponent.len() > 5 || matches!(exponent, [2..=255, _, _, _, _]);
    if one_or_nothing || above_33_bits || is_even(exponent) { Err(KeyFault::Malformed("e")) } else { Ok(()) }
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|last| last % 2 == 0)
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    &number[number.iter().take_while(|byte| **byte == 0).count()..]
}

/// A point, as it is or compressed (SEC 1 §2.3.3). The library checks that it lies on its curve, and would also read other forms.
fn ecdsa_key(
    algorithm: &'static dyn VerificationAlgorithm,
    coordinate_bytes: usize,
    point: &[u8],
) -> Result<Verifying, KeyFault> {
    match (point.first(), point.len()) {
        (Some(4), length) if length == 1 + 2 * coordinate_bytes => parsed(algorithm, point),
        (Some(2 | 3), length) if length == 1 + coordinate_bytes => parsed(algorithm, point),
        _ => Err(KeyFault::Unusable),
    }
}

/// The library does not look at the point. One that is none verifies nothing, and for one of small order everybody can sign.
fn ed25519_key(point: &[u8]) -> Result<Verifying, KeyFault> {
    let compressed = CompressedEdwardsY::from_slice(point).map_err(|_| KeyFault::Malformed("x"))?;
    match compressed.decompress() {
        Some(key) if !key.is_small_order() => parsed(&signature::ED25519, point),
        _ => Err(KeyFault::Unusable),
    }
}

fn parsed(algorithm: &'static dyn VerificationAlgorithm, point: &[u8]) -> Result<Verifying, KeyFault> {
    ParsedPublicKey::new(algorithm, point).map(Verifying::of).map_err(|_| KeyFault::Unusable)
}
