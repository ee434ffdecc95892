//! JSON Web Signatures against the verifier of login tokens: what is signed logs in, and nothing else does.

mod again;
mod confusion;
mod ecdsa;
mod eddsa;
mod hmac;
#[path = "../support/jose/mod.rs"]
mod jose;
mod matrix;
mod properties;
mod rfc;
mod rsa_pkcs1;
mod rsa_pss;
