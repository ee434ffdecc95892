//! Upload tokens, and the grants that come of them.

mod authority;
mod grant;
mod presented;
mod refusal;
mod scheme;

pub use self::authority::{PutClaim, UploadAuthority};
pub use self::grant::PutGrant;
pub use self::presented::PresentedToken;
pub use self::refusal::UploadRefusal;
pub use self::scheme::{Scheme, UnknownScheme};
