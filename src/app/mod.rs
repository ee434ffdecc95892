//! Puts the parts together and runs them.

mod build;
mod health;
mod lifecycle;
mod runtimes;

pub use self::build::{App, StartError};
pub use self::health::StoreHealth;
pub use self::lifecycle::{Stop, run};
pub use self::runtimes::Runtimes;
