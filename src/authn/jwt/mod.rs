//! Login tokens: JSON Web Tokens (RFC 7519) as the password of an XMPP user.
//!
//! The library checks signatures; everything around it follows RFC 8725, because the library leaves it to
//! its caller: strict form, one algorithm a key, every claim present that is relied on.

mod claims;
mod compact;
mod json;
mod mint;
mod refusal;
mod verifier;

pub use self::claims::ClaimRules;
pub use self::mint::{MintError, MintRequest, mint};
pub use self::refusal::Refusal;
pub use self::verifier::{Issuer, Verified, VhostVerifier};
