//! Upload tokens, and the grants that come of them.

mod authority;
mod bearer;
mod grant;
mod key;
mod presented;
mod prosody;
mod query;
mod refusal;
mod scheme;
mod terms;
#[cfg(test)]
mod tests;

pub use self::authority::{Acceptance, PutClaim, UploadAuthority};
pub use self::bearer::{BearerToken, Carrier, path_token};
pub use self::grant::PutGrant;
pub use self::key::Mac;
pub use self::presented::PresentedToken;
pub use self::prosody::ProsodySlot;
pub use self::refusal::UploadRefusal;
pub use self::scheme::{Scheme, ServerScheme, UnknownScheme};
pub use self::terms::{MalformedTerms, SlotTerms};
