//! The keys that sign uploads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use crate::types::Secret;

/// What tells the keys of our own slots from all else that is made of the secret.
const BEARER_LABEL: &[u8] = b"ejabberd-sidecar upload bearer put/1";

/// What HMAC-SHA256 gives. It proves what it was made for, so that its `Debug` hides it.
#[derive(Clone, Copy)]
pub struct Mac([u8; Self::BYTES]);

impl Mac {
    pub(super) const BYTES: usize = 32;

    pub(super) fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads base64url without padding, in its one spelling.
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The same, written.
    #[must_use]
    pub fn to_base64(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(super) fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl std::fmt::Debug for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mac(…)")
    }
}

/// One key, ready to be used.
#[derive(Debug, Clone)]
pub(super) struct UploadKey(Hmac<Sha256>);

impl UploadKey {
    /// The secret as it is: what XMPP servers sign with.
    pub(super) fn shared(secret: &Secret) -> Self {
        Self::of(secret.bytes())
    }

    /// Derived from it: an XMPP server that signs whatever it is asked to cannot be made to sign one of our slots.
    pub(super) fn derived(secret: &Secret) -> Self {
        let mut key = [0; 32];
        let expanded = Hkdf::<Sha256>::new(None, secret.bytes()).expand(BEARER_LABEL, &mut key);
        // RFC 5869 gives up to 255 times 32 bytes.
        expanded.unwrap_or_else(|_| unreachable!("HKDF gives 32 bytes"));
        Self::of(&key)
    }

    fn of(key: &[u8]) -> Self {
        // RFC 2104 takes keys of any length, so this cannot fail.
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length")))
    }

    fn sign(&self, text: &[u8]) -> Mac {
        Mac(self.0.clone().chain_update(text).finalize().into_bytes().into())
    }

    /// Takes the same time wherever the two differ.
    fn verifies(&self, text: &[u8], mac: &Mac) -> bool {
        self.0.clone().chain_update(text).verify_slice(&mac.0).is_ok()
    }
}

/// The key that signs, and those that verify too while a secret is being replaced.
#[derive(Debug)]
pub(super) struct UploadKeys {
    signing: UploadKey,
    retired: Vec<UploadKey>,
}

impl UploadKeys {
    pub(super) fn new(signing: &Secret, retired: &[Secret], made: fn(&Secret) -> UploadKey) -> Self {
        Self { signing: made(signing), retired: retired.iter().map(made).collect() }
    }

    pub(super) fn sign(&self, text: impl AsRef<[u8]>) -> Mac {
        self.signing.sign(text.as_ref())
    }

    pub(super) fn verify(&self, text: impl AsRef<[u8]>, mac: &Mac) -> bool {
        let text = text.as_ref();
        std::iter::once(&self.signing).chain(&self.retired).any(|key| key.verifies(text, mac))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_forty_three_letters_in_one_spelling() {
        let text = Mac([0xff; 32]).to_base64();
        assert_eq!(text, "__________________________________________8");
        assert_eq!(Mac::from_base64(&text).map(|mac| mac.0), Some([0xff; 32]));
        for other in
            ["", "_", &text[..42], &format!("{text}="), &text.replace('8', "9"), &text.replace('_', "/")]
        {
            assert!(Mac::from_base64(other).is_none(), "{other}");
        }
        assert_eq!(format!("{:?}", Mac([1; 32])), "Mac(…)");
    }
}
