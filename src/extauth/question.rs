//! What ejabberd asks: `auth:User:Server:Password` and `isuser:User:Server`.

use std::fmt;

/// A request that the hook answers. All others (`setpass`, `tryregister`, `removeuser`, malformed ones) are always denied: passwords and
/// accounts are managed where tokens are issued.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Question<'frame> {
    /// Is this the user's password?
    Auth { user: &'frame str, server: &'frame str, password: &'frame str },
    /// Is there such a user?
    IsUser { user: &'frame str, server: &'frame str },
}

impl<'frame> Question<'frame> {
    /// Takes a frame's payload apart. A password may contain colons; it is last.
    pub(super) fn parse(payload: &'frame [u8]) -> Option<Self> {
        let (name, arguments) = std::str::from_utf8(payload).ok()?.split_once(':')?;
        let (user, arguments) = arguments.split_once(':')?;
        match name {
            "auth" => {
                let (server, password) = arguments.split_once(':')?;
                Some(Self::Auth { user, server, password })
            }
            "isuser" if !arguments.contains(':') => Some(Self::IsUser { user, server: arguments }),
            _ => None,
        }
    }
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth { user, server, password: _ } => write!(f, "auth of {user:?} at {server:?}"),
            Self::IsUser { user, server } => write!(f, "isuser of {user:?} at {server:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_taken_apart() {
        let auth = Question::Auth { user: "alice", server: "localhost", password: "a:b:c" };
        assert_eq!(Question::parse(b"auth:alice:localhost:a:b:c"), Some(auth));
        let empty = Question::Auth { user: "alice", server: "localhost", password: "" };
        assert_eq!(Question::parse(b"auth:alice:localhost:"), Some(empty));
        let isuser = Question::IsUser { user: "jörg", server: "localhost" };
        assert_eq!(Question::parse("isuser:jörg:localhost".as_bytes()), Some(isuser));
        for denied in [
            &b"auth:alice:localhost"[..],
            b"isuser:alice",
            b"isuser:a:b:c",
            b"setpass:alice:localhost:x",
            b"tryregister:alice:localhost:x",
            b"removeuser:alice:localhost",
            b"auth:\xff:localhost:x",
            b"auth",
            b"",
        ] {
            assert_eq!(Question::parse(denied), None, "{denied:?}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        assert!(!format!("{:?}", Question::parse(b"auth:alice:localhost:sesame")).contains("sesame"));
    }
}
