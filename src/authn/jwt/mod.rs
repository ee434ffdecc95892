//! Login tokens: JSON Web Tokens (RFC 7519) as the password of an XMPP user.
//!
//! A crypto library checks signatures; everything around that follows RFC 8725: strict form, one algorithm a key, every claim
//! present that is relied on. [`VhostVerifier`] applies the rules one after the other, in the order of [`Rule`].

mod claim_name;
mod claims;
mod compact;
pub(in crate::authn) mod header;
mod mint;
mod refusal;
mod report;
mod required_claim;
mod rule;
mod user;
mod verifier;

pub use self::claim_name::{ClaimName, InvalidClaimName};
pub use self::claims::ClaimRules;
pub(in crate::authn) use self::compact::Compact;
pub use self::header::{NeverALogin, TokenTypes};
pub use self::mint::{MintError, MintRequest, mint};
pub use self::refusal::Refusal;
pub use self::report::Report;
pub use self::required_claim::RequiredClaim;
pub use self::rule::Rule;
pub use self::user::UserRules;
pub use self::verifier::{Issuer, Refused, Verified, VhostVerifier, claimed_issuer};
