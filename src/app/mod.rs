//! Puts the parts together and runs them.

mod build;
mod descriptors;
mod lifecycle;
mod runtimes;

pub use self::build::{App, StartError};
pub use self::lifecycle::{Stop, run};
pub use self::runtimes::Runtimes;
