//! Public keys in PEM files: RFC 7468, and the older `RSA PUBLIC KEY`.

use pkcs1::RsaPublicKeyRef;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};

use super::material::{AllowedAlgorithms, Material};
use super::{Key, KeyFault, SetFault};

/// RFC 7468 §2.
const BEGIN: &[u8] = b"-----BEGIN";
/// RFC 8017, appendix C.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480 §2.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 5480 §2.1.1.1: secp256r1 and secp384r1.
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// RFC 8410 §3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Parses the blocks of a PEM file. All have to be public keys, or certificates, which count as the key in them: who issued
/// a certificate and until when is not looked at.
///
/// # Errors
///
/// [`SetFault`]
pub fn parse_pem(text: &[u8], allowed: AllowedAlgorithms<'_>) -> Result<Vec<Key>, SetFault> {
    // The parser leaves out what is cut off.
    let begun =
        text.split(|byte| *byte == b'\n').filter(|line| line.trim_ascii_start().starts_with(BEGIN)).count();
    let blocks = pem::parse_many(text).map_err(|_| SetFault::BrokenBlock)?;
    if begun == 0 {
        return Err(SetFault::Empty);
    }
    if blocks.len() != begun {
        return Err(SetFault::BrokenBlock);
    }
    let mut keys = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let made = material(block).and_then(|material| material.keys(None, None, allowed));
        keys.extend(made.map_err(|fault| SetFault::Key { position: at + 1, fault })?);
    }
    Ok(keys)
}

fn material(block: &pem::Pem) -> Result<Material, KeyFault> {
    let bytes = block.contents();
    match block.tag() {
        "PUBLIC KEY" => {
            SubjectPublicKeyInfoRef::from_der(bytes).map_err(unusable).and_then(|key| public(&key))
        }
        "CERTIFICATE" => certified(bytes),
        "RSA PUBLIC KEY" => rsa(bytes),
        tag if tag.ends_with("PRIVATE KEY") => Err(KeyFault::Private),
        _ => Err(KeyFault::Unsupported),
    }
}

fn certified(certificate: &[u8]) -> Result<Material, KeyFault> {
    let certificate = Certificate::from_der(certificate).map_err(unusable)?;
    let key: &SubjectPublicKeyInfoOwned = certificate.tbs_certificate().subject_public_key_info();
    let key = key.to_der().map_err(unusable)?;
    public(&SubjectPublicKeyInfoRef::from_der(&key).map_err(unusable)?)
}

fn public(key: &SubjectPublicKeyInfoRef<'_>) -> Result<Material, KeyFault> {
    let bytes = key.subject_public_key.as_bytes().ok_or(KeyFault::Unusable)?;
    match key.algorithm.oid {
        RSA => rsa(bytes),
        ED25519 => Ok(Material::Ed25519(bytes.to_vec())),
        EC => match key.algorithm.parameters_oid() {
            Ok(P256) => Ok(Material::P256(bytes.to_vec())),
            Ok(P384) => Ok(Material::P384(bytes.to_vec())),
            _ => Err(KeyFault::Unsupported),
        },
        _ => Err(KeyFault::Unsupported),
    }
}

fn rsa(key: &[u8]) -> Result<Material, KeyFault> {
    let key = RsaPublicKeyRef::from_der(key).map_err(unusable)?;
    Ok(Material::Rsa {
        modulus: key.modulus.as_bytes().to_vec(),
        exponent: key.public_exponent.as_bytes().to_vec(),
    })
}

fn unusable(_: x509_cert::der::Error) -> KeyFault {
    KeyFault::Unusable
}
