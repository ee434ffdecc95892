//! What ejabberd asks: `auth:User:Server:Password`, `isuser:User:Server` and so on, as its `extauth.erl` writes them.

use std::fmt;

use crate::types::encoded_once;

/// A request that the hook answers. All others (`setpass`, `certauth`, malformed ones) are always denied: passwords are managed where
/// tokens are issued.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Question<'frame> {
    /// Is this the user's password?
    Auth { user: &'frame str, server: &'frame str, password: &'frame str },
    /// Is there such a user?
    IsUser { user: &'frame str, server: &'frame str },
    /// Make this user exist.
    Register { user: &'frame str, server: &'frame str },
    /// Remove this user, who shows a password or is removed by an administrator.
    Remove { user: &'frame str, server: &'frame str, password: Option<&'frame str> },
}

impl<'frame> Question<'frame> {
    /// Takes a frame's payload apart. A password may contain colons; it is last.
    pub(super) fn parse(payload: &'frame [u8]) -> Option<Self> {
        let (name, arguments) = std::str::from_utf8(payload).ok()?.split_once(':')?;
        let (user, arguments) = arguments.split_once(':')?;
        // The hook would take such a name for the one that it decodes to, and nobody else has it.
        if encoded_once(user) != user {
            return None;
        }
        match name {
            "auth" => {
                let (server, password) = arguments.split_once(':')?;
                Some(Self::Auth { user, server, password })
            }
            "isuser" if !arguments.contains(':') => Some(Self::IsUser { user, server: arguments }),
            "tryregister" => {
                let (server, _password) = arguments.split_once(':')?;
                Some(Self::Register { user, server })
            }
            "removeuser" if !arguments.contains(':') => {
                Some(Self::Remove { user, server: arguments, password: None })
            }
            "removeuser3" => {
                let (server, password) = arguments.split_once(':')?;
                Some(Self::Remove { user, server, password: Some(password) })
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth { user, server, password: _ } => write!(f, "auth of {user:?} at {server:?}"),
            Self::IsUser { user, server } => write!(f, "isuser of {user:?} at {server:?}"),
            Self::Register { user, server } => write!(f, "tryregister of {user:?} at {server:?}"),
            Self::Remove { user, server, password: _ } => write!(f, "removeuser of {user:?} at {server:?}"),
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
        let register = Question::Register { user: "alice", server: "localhost" };
        assert_eq!(Question::parse(b"tryregister:alice:localhost:a:b"), Some(register));
        let remove = |password| Some(Question::Remove { user: "alice", server: "localhost", password });
        assert_eq!(Question::parse(b"removeuser:alice:localhost"), remove(None));
        assert_eq!(Question::parse(b"removeuser3:alice:localhost:a:b"), remove(Some("a:b")));
        for denied in [
            &b"auth:alice:localhost"[..],
            b"isuser:alice",
            b"isuser:a:b:c",
            b"setpass:alice:localhost:x",
            b"tryregister:alice:localhost",
            b"removeuser:a:b:c",
            b"removeuser3:alice:localhost",
            b"certauth:alice:localhost:x",
            "auth:\u{d7}\u{a9}:localhost:x".as_bytes(),
            "isuser:\u{d7}\u{a9}:localhost".as_bytes(),
            b"auth:\xff:localhost:x",
            b"auth",
            b"",
        ] {
            assert_eq!(Question::parse(denied), None, "{denied:?}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        for frame in ["auth:alice:localhost:sesame", "removeuser3:alice:localhost:sesame"] {
            assert!(!format!("{:?}", Question::parse(frame.as_bytes())).contains("sesame"), "{frame}");
        }
    }
}
