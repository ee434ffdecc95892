//! Who may ask the hook: the one pair of Basic credentials (RFC 7617) that it shares with ejabberd.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use subtle::ConstantTimeEq as _;

use crate::types::Secret;

/// `name:password`. Its `Debug` shows neither.
#[derive(Debug, Clone)]
pub struct HookCredentials(Secret);

/// What cannot be used as credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "has to be name:password, with a password of at least {} bytes; `openssl rand -hex 24` makes a good one",
    HookCredentials::MIN_PASSWORD_BYTES
)]
pub struct UnusableCredentials;

impl HookCredentials {
    /// The fewest bytes of a password.
    pub const MIN_PASSWORD_BYTES: usize = 16;

    /// Takes over `name:password`.
    ///
    /// # Errors
    ///
    /// [`UnusableCredentials`] without a colon, or with a password that could be guessed.
    pub fn new(pair: Vec<u8>) -> Result<Self, UnusableCredentials> {
        let colon = pair.iter().position(|byte| *byte == b':').ok_or(UnusableCredentials)?;
        if pair.len() - colon - 1 < Self::MIN_PASSWORD_BYTES {
            return Err(UnusableCredentials);
        }
        Secret::new(pair, 0).map(Self).map_err(|_| UnusableCredentials)
    }

    /// Whether an `Authorization` header's value holds them. How long it takes tells nothing but the length.
    #[must_use]
    pub fn accept(&self, authorization: &str) -> bool {
        let Some((scheme, encoded)) = authorization.split_once(' ') else { return false };
        let Ok(given) = STANDARD.decode(encoded.trim()) else { return false };
        scheme.eq_ignore_ascii_case("basic") && given.ct_eq(self.0.bytes()).into()
    }

    /// The header's value with which a client shows them.
    #[must_use]
    pub fn authorization(&self) -> SecretString {
        format!("Basic {}", STANDARD.encode(self.0.bytes())).into()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn the_pair_itself_and_nothing_else_is_accepted() {
        let ours = HookCredentials::new(b"ejabberd:0123456789abcdef:x".to_vec()).unwrap();
        let shown = ours.authorization().expose_secret().to_owned();
        assert!(ours.accept(&shown));
        assert!(ours.accept(&shown.replace("Basic", "basic")));
        let others = HookCredentials::new(b"ejabberd:0123456789abcdef:y".to_vec()).unwrap().authorization();
        let bearer = shown.replace("Basic", "Bearer");
        for wrong in [others.expose_secret(), &bearer, "Basic ", "Basic", "", "Basic !!!", "Basic OjE="] {
            assert!(!ours.accept(wrong), "{wrong}");
        }
    }

    #[test]
    fn weak_pairs_are_refused_and_no_pair_is_shown() {
        for weak in ["", "ejabberd", "ejabberd:short", ":0123456789abcde"] {
            assert_eq!(HookCredentials::new(weak.into()).unwrap_err(), UnusableCredentials, "{weak}");
        }
        let shown = format!("{:?}", HookCredentials::new(b"ejabberd:0123456789abcdef".to_vec()).unwrap());
        assert!(!shown.contains("ejabberd") && !shown.contains("101"), "{shown}");
    }
}
