//! Who may do what: login tokens ([`jwt`]) and their keys ([`keys`]), upload tokens, and the grants that come of them.
//!
//! Nothing outside this module can build a [`PutGrant`], so whoever holds one has authenticated.

mod hook_credentials;
mod json;
pub mod jwt;
pub mod keys;
mod slot_key;
mod upload;

pub use self::hook_credentials::{HookCredentials, UnusableCredentials};
pub use self::keys::SharedSecret;
pub use self::slot_key::{SlotKey, UnusableSlotKey};
pub use self::upload::{
    Acceptance, BearerToken, Carrier, Mac, MalformedTerms, PresentedToken, ProsodySlot, PutClaim, PutGrant,
    Scheme, ServerScheme, SlotTerms, UnknownScheme, UploadAuthority, UploadRefusal, path_token,
};
