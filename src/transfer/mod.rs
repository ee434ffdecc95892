//! Brings objects from one place to another: from store to store, or from another file server's folder into a store.
//!
//! Every step can be done twice, so that what was interrupted is done again from its beginning: what is there already and the same is left as it is.

mod copier;
mod erasures;
mod failure;
mod peer;
mod source;
mod sums;

use std::fmt::Debug;

pub use self::copier::{Copier, Outcome, Side};
pub use self::erasures::Erasures;
pub use self::failure::Failure;
pub use self::peer::{Found, LeftOut, Peer, PeerFolder, Terms};
pub use self::source::Source;

/// Is told how it goes on, from several threads.
pub trait Progress: Debug + Send + Sync {
    /// So many bytes more were sent to the target.
    fn sent(&self, bytes: u64);
}
