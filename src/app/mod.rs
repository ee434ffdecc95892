//! Puts the parts together and runs them.

mod background;
mod build;
mod descriptors;
mod lifecycle;
mod login;
mod runtimes;

pub use self::build::{App, StartError};
pub use self::lifecycle::{Stop, run};
pub use self::login::verifier;
pub use self::runtimes::Runtimes;
