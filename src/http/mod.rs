//! The HTTP doors. They translate and decide nothing.

mod api;
mod client;
mod connection;
mod files;
mod hook;
mod lanes;
mod linger;
mod offer;
mod ops;
mod pace;
mod question;
mod rejection;
mod routes;
mod seats;
mod server;
mod slot;
mod socket;
mod stall;
mod tls;

pub use self::api::ApiDoor;
pub use self::files::FilesDoor;
pub use self::hook::HookDoor;
pub use self::lanes::Lanes;
pub use self::offer::{CurrentOffer, Offer};
pub use self::ops::OpsDoor;
pub use self::pace::Pace;
pub use self::routes::{HookKeys, hook, ops, public};
pub use self::seats::Seats;
pub use self::server::{End, Listener, TURNED_AWAY};
pub use self::socket::{BindError, Socket};
pub use self::tls::{Identity, InvalidIdentity, Tls};
