//! ejabberd's own configuration, as far as a sidecar beside it is concerned: read as ejabberd reads it, and judged.
//!
//! Nothing here talks to anybody: [`read`] reads files, [`findings`] compares what they say with the service's settings.

pub mod codes;
mod file;
mod finding;
pub mod findings;
mod hosts;
mod includes;
mod macros;
mod node;
mod version;
mod yaml;

pub use self::file::{Ejabberd, Twice, read};
pub use self::finding::{Code, Finding, Findings, Severity};
pub use self::hosts::HostView;
pub use self::macros::Named;
pub use self::node::{Entry, Node, Place, Value};
pub use self::version::{InvalidVersion, Version};
pub use self::yaml::YamlError;
