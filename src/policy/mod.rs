//! Decisions that need nothing but their arguments.

mod disposition;
mod localparts;
mod proxies;
mod rates;

pub use self::disposition::content_disposition;
pub use self::localparts::{ADMIN_NAMES, InvalidPattern, LocalpartRules};
pub use self::proxies::{InvalidProxy, TrustedProxies};
pub use self::rates::{MinuteRates, Rate};
