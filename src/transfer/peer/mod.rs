//! Folders of other file servers for XEP-0363, as they lie on the disk.

mod folder;
mod kinds;
mod walk;

pub use self::folder::{PeerFolder, Terms};
pub use self::kinds::Peer;
pub use self::walk::{Found, LeftOut};
