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

/// A request that is answered "no" without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    #[error("a request that is none of auth, isuser, tryregister, removeuser")]
    Other,
    #[error("a request that is not UTF-8 text: no token is so, for instance")]
    Encoding,
    #[error("a user whose name reads as another one that was encoded twice")]
    SecondReading,
}

impl<'frame> Question<'frame> {
    /// Takes a frame's payload apart. A password may contain colons; it is last.
    pub(super) fn parse(payload: &'frame [u8]) -> Result<Self, Denied> {
        let text = std::str::from_utf8(payload).map_err(|_| Denied::Encoding)?;
        let question = Self::from_text(text).ok_or(Denied::Other)?;
        // The hook would take such a name for the one that it decodes to, and nobody else has it.
        let user = question.user();
        if encoded_once(user) == user { Ok(question) } else { Err(Denied::SecondReading) }
    }

    fn from_text(text: &'frame str) -> Option<Self> {
        let (name, arguments) = text.split_once(':')?;
        let (user, arguments) = arguments.split_once(':')?;
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

    fn user(&self) -> &'frame str {
        match self {
            Self::Auth { user, .. }
            | Self::IsUser { user, .. }
            | Self::Register { user, .. }
            | Self::Remove { user, .. } => user,
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
        assert_eq!(Question::parse(b"auth:alice:localhost:a:b:c"), Ok(auth));
        let empty = Question::Auth { user: "alice", server: "localhost", password: "" };
        assert_eq!(Question::parse(b"auth:alice:localhost:"), Ok(empty));
        let isuser = Question::IsUser { user: "jörg", server: "localhost" };
        assert_eq!(Question::parse("isuser:jörg:localhost".as_bytes()), Ok(isuser));
        let register = Question::Register { user: "alice", server: "localhost" };
        assert_eq!(Question::parse(b"tryregister:alice:localhost:a:b"), Ok(register));
        let remove = |password| Ok(Question::Remove { user: "alice", server: "localhost", password });
        assert_eq!(Question::parse(b"removeuser:alice:localhost"), remove(None));
        assert_eq!(Question::parse(b"removeuser3:alice:localhost:a:b"), remove(Some("a:b")));
    }

    #[test]
    fn others_are_denied() {
        for (frame, denied) in [
            (&b"auth:alice:localhost"[..], Denied::Other),
            (b"isuser:alice", Denied::Other),
            (b"isuser:a:b:c", Denied::Other),
            (b"setpass:alice:localhost:x", Denied::Other),
            (b"tryregister:alice:localhost", Denied::Other),
            (b"removeuser:a:b:c", Denied::Other),
            (b"removeuser3:alice:localhost", Denied::Other),
            (b"certauth:alice:localhost:x", Denied::Other),
            (b"auth", Denied::Other),
            (b"", Denied::Other),
            (b"auth:\xff:localhost:x", Denied::Encoding),
            (b"auth:alice:localhost:\xff", Denied::Encoding),
            ("auth:\u{d7}\u{a9}:localhost:x".as_bytes(), Denied::SecondReading),
            ("isuser:\u{d7}\u{a9}:localhost".as_bytes(), Denied::SecondReading),
        ] {
            assert_eq!(Question::parse(frame), Err(denied), "{frame:?}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        for frame in ["auth:alice:localhost:sesame", "removeuser3:alice:localhost:sesame"] {
            assert!(!format!("{:?}", Question::parse(frame.as_bytes())).contains("sesame"), "{frame}");
        }
    }
}
