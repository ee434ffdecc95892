//! Places of files, and what ejabberd signs for them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::processes::UPLOAD_SECRET;

pub(crate) const NAME: &str = "file.bin";

/// The place of one file.
pub(crate) struct Slot {
    owner: String,
    pub(crate) random: String,
}

impl Slot {
    /// A new one for this user.
    pub(crate) fn of(user: u32) -> Self {
        let random = format!("{:032x}{:08x}", rand::random::<u128>(), rand::random::<u32>());
        Self { owner: format!("{user:040x}"), random }
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}/{NAME}", self.owner, self.random)
    }

    /// Where ours serves it.
    pub(crate) fn get_target(&self) -> String {
        format!("/upload/localhost/{}", self.path())
    }

    /// Where ours takes a file of `size` bytes there.
    pub(crate) fn put_target(&self, size: u64) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(UPLOAD_SECRET.as_bytes()).expect("any length");
        let token = mac.chain_update(format!("{} {size}", self.path())).finalize().into_bytes();
        format!("{}?v={}", self.get_target(), hex::encode(token))
    }
}
