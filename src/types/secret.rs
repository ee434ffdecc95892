//! Secrets that cannot leak through `Debug` or `Display`.

use secrecy::{ExposeSecret, SecretBox};
use subtle::ConstantTimeEq as _;

/// Key material. It has no `Display`, its `Debug` hides it, and it is wiped when dropped.
#[derive(Debug, Clone)]
pub struct Secret(SecretBox<[u8]>);

/// How long it takes tells nothing but the length.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
    }
}

impl Eq for Secret {}

/// A secret shorter than its use asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is {have} bytes long, needs at least {need}; `openssl rand -base64 48` makes a good one")]
pub struct WeakSecret {
    /// Bytes that were given.
    pub have: usize,
    /// Bytes that are asked for.
    pub need: usize,
}

impl Secret {
    /// Takes over `bytes`, which must be at least `need` bytes long.
    ///
    /// # Errors
    ///
    /// [`WeakSecret`] if they are fewer.
    pub fn new(bytes: Vec<u8>, need: usize) -> Result<Self, WeakSecret> {
        let secret = Self(SecretBox::from(bytes.into_boxed_slice()));
        let have = secret.bytes().len();
        if have < need { Err(WeakSecret { have, need }) } else { Ok(secret) }
    }

    /// The bytes, for the function that computes with them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_bytes() {
        let secret = Secret::new(b"correct horse".to_vec(), 1).unwrap();
        assert!(!format!("{secret:?}").contains("correct"), "{secret:?}");
    }

    #[test]
    fn short_secrets_are_refused_with_their_length() {
        assert_eq!(Secret::new(vec![7; 31], 32).unwrap_err(), WeakSecret { have: 31, need: 32 });
        assert_eq!(Secret::new(vec![7; 32], 32).unwrap().bytes(), [7; 32]);
    }
}
