//! The bridge between ejabberd's `extauth_program` and the hook.
//!
//! ejabberd speaks to the program over stdin and stdout, one request at a time, and believes whatever comes back first. So: exactly
//! one answer for each request, in order, always within a few seconds, and not a byte else on stdout. It blocks and has no
//! runtime, because one request at a time needs none.

mod arguments;
mod bridge;
mod client;
mod frame;
mod probe;
mod question;
mod resolver;
mod unix;

pub use self::arguments::{Arguments, UnusableFile};
pub use self::bridge::serve;
pub use self::client::{Hook, HookClient, InvalidHook};
pub use self::probe::{Probe, Probed};
