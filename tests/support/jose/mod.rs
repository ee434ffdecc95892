//! Keys and tokens for the tests of signatures, made with other libraries than the one under test.
#![allow(dead_code, reason = "each test program uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every test program")]

pub(crate) mod der;
pub(crate) mod gate;
pub(crate) mod keys;
pub(crate) mod number;
pub(crate) mod owner;
pub(crate) mod parse;
pub(crate) mod raw_rsa;
pub(crate) mod three_issuers;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url in a test")
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hex in a test")
}

/// The points of Curve25519 whose multiples are few, in every encoding. With one of them as `R` or as a key, a
/// signature may hold for many messages.
pub(crate) const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
