//! DER and PEM, written by hand: no library writes what is wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const NULL: [u8; 2] = [5, 0];
/// `rsaEncryption`.
pub(crate) const RSA: &str = "06092a864886f70d010101";
/// `id-RSASSA-PSS`.
pub(crate) const RSA_PSS: &str = "06092a864886f70d01010a";
/// `id-ecPublicKey`.
pub(crate) const EC: &str = "06072a8648ce3d0201";
/// `secp256r1`.
pub(crate) const P256: &str = "06082a8648ce3d030107";
/// `secp384r1`.
pub(crate) const P384: &str = "06052b81040022";
/// `secp521r1`.
pub(crate) const P521: &str = "06052b81040023";
/// `secp256k1`.
pub(crate) const K256: &str = "06052b8104000a";
/// `id-Ed25519`.
pub(crate) const ED25519: &str = "06032b6570";
/// `id-Ed448`.
pub(crate) const ED448: &str = "06032b6571";
/// `id-X25519`.
pub(crate) const X25519: &str = "06032b656e";

/// Tag, length, contents.
pub(crate) fn tlv(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = match u16::try_from(contents.len()).expect("short enough").to_be_bytes() {
        [0, short] if short < 0x80 => vec![short],
        [0, byte] => vec![0x81, byte],
        [high, low] => vec![0x82, high, low],
    };
    [vec![tag], length, contents].concat()
}

/// A `SubjectPublicKeyInfo`: the algorithm's object identifier and parameters (whole, in hex), and the key.
pub(crate) fn spki(oid: &str, parameters: &str, key: &[u8]) -> Vec<u8> {
    let algorithm = tlv(SEQUENCE, &[&super::unhex(oid), &super::unhex(parameters)]);
    tlv(SEQUENCE, &[&algorithm, &tlv(BIT_STRING, &[&[0], key])])
}

/// An `RSAPublicKey`, with the sign bytes that its numbers need.
pub(crate) fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let sign: &[u8] = if bytes.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
        tlv(INTEGER, &[sign, bytes])
    };
    tlv(SEQUENCE, &[&integer(modulus), &integer(exponent)])
}

/// The textual form of RFC 7468.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
