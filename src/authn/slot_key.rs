//! What ejabberd's `service_url` shows instead of credentials, which it cannot send: a part of the path.

use subtle::ConstantTimeEq as _;

use crate::types::Secret;

/// A secret that can stand in a path. Its `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct SlotKey(Secret);

/// What cannot be used as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "has to be {} or more of the characters A-Z a-z 0-9 - _; `openssl rand -hex 24` makes a good one",
    SlotKey::MIN_BYTES
)]
pub struct UnusableSlotKey;

impl SlotKey {
    /// The fewest characters.
    pub const MIN_BYTES: usize = 16;

    /// Takes over `text`.
    ///
    /// # Errors
    ///
    /// [`UnusableSlotKey`] if it could be guessed, or would be escaped in a path.
    pub fn new(text: Vec<u8>) -> Result<Self, UnusableSlotKey> {
        let plain = text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
        let key = Secret::new(text, Self::MIN_BYTES).map_err(|_| UnusableSlotKey)?;
        if plain { Ok(Self(key)) } else { Err(UnusableSlotKey) }
    }

    /// Whether it is this one. How long that takes tells nothing but the length.
    #[must_use]
    pub fn accept(&self, shown: &str) -> bool {
        shown.as_bytes().ct_eq(self.0.bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_itself_and_cannot_be_guessed() {
        let key = SlotKey::new(b"0123456789abcdef".to_vec()).unwrap();
        assert!(key.accept("0123456789abcdef"));
        for other in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0"] {
            assert!(!key.accept(other), "{other}");
        }
        for unusable in ["", "0123456789abcde", "0123456789abcde/", "0123456789abcde%", "0123456789 abcdef"] {
            assert_eq!(SlotKey::new(unusable.into()).unwrap_err(), UnusableSlotKey, "{unusable}");
        }
        assert!(!format!("{key:?}").contains("0123"));
    }
}
