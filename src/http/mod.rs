//! The HTTP doors. They translate and decide nothing.

mod client;
mod files;
mod hook;
mod linger;
mod ops;
mod pace;
mod question;
mod routes;
mod server;
mod socket;
mod stall;

pub use self::files::FilesDoor;
pub use self::hook::HookDoor;
pub use self::ops::OpsDoor;
pub use self::pace::Pace;
pub use self::routes::{files, hook, ops};
pub use self::server::Listener;
pub use self::socket::{BindError, Socket};
