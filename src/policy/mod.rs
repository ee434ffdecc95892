//! Decisions that need nothing but their arguments.

mod account;
mod budgets;
mod disposition;
mod filename;
mod localparts;
mod media_types;
mod proxies;
mod rates;
mod retention;
mod steady_clock;

pub use self::account::{Account, ListingNumber, Overdrawn, Promise};
pub use self::budgets::{MinuteBudgets, UsedUp};
pub use self::disposition::{ActiveType, InlineTypes, content_disposition};
pub use self::filename::safe_filename;
pub use self::localparts::{ADMIN_NAMES, InvalidPattern, LocalpartRules};
pub use self::media_types::{
    Extension, InvalidExtension, InvalidTypePattern, TypePattern, TypeRefusal, TypeRules,
};
pub use self::proxies::{InvalidProxy, TrustedProxies};
pub use self::rates::{MinuteRates, Rate};
pub use self::retention::{PurposeRefusal, Retention};
pub use self::steady_clock::{ClockReading, SteadyClock};
