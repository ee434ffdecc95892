//! What ejabberd asks: `auth:User:Server:Password`, `isuser:User:Server`, and what we always deny.

use std::fmt;

/// A request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'frame> {
    /// Is this the user's password?
    Auth { user: &'frame str, server: &'frame str, password: &'frame str },
    /// Is there such a user?
    IsUser { user: &'frame str, server: &'frame str },
    /// Anything else, malformed or not served: the answer is no. Passwords and accounts are managed where tokens are issued.
    Denied,
}

impl<'frame> Command<'frame> {
    /// Takes a frame's payload apart. A password may contain colons; it is last.
    pub(super) fn parse(payload: &'frame [u8]) -> Self {
        let Some((name, arguments)) = std::str::from_utf8(payload).ok().and_then(|text| text.split_once(':'))
        else {
            return Self::Denied;
        };
        match name {
            "auth" => {
                let mut parts = arguments.splitn(3, ':');
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(user), Some(server), Some(password)) => Self::Auth { user, server, password },
                    _ => Self::Denied,
                }
            }
            "isuser" => match arguments.split_once(':') {
                Some((user, server)) if !server.contains(':') => Self::IsUser { user, server },
                _ => Self::Denied,
            },
            _ => Self::Denied,
        }
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth { user, server, password: _ } => write!(f, "auth of {user:?} at {server:?}"),
            Self::IsUser { user, server } => write!(f, "isuser of {user:?} at {server:?}"),
            Self::Denied => f.write_str("a request that is always denied"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_apart() {
        let auth = Command::Auth { user: "alice", server: "localhost", password: "a:b:c" };
        assert_eq!(Command::parse(b"auth:alice:localhost:a:b:c"), auth);
        let empty = Command::Auth { user: "alice", server: "localhost", password: "" };
        assert_eq!(Command::parse(b"auth:alice:localhost:"), empty);
        let isuser = Command::IsUser { user: "jörg", server: "localhost" };
        assert_eq!(Command::parse("isuser:jörg:localhost".as_bytes()), isuser);
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
            assert_eq!(Command::parse(denied), Command::Denied, "{denied:?}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        assert!(!format!("{:?}", Command::parse(b"auth:alice:localhost:sesame")).contains("sesame"));
    }
}
