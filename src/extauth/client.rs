//! Asks the hook, over one kept connection.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use ureq::config::Config;
use ureq::http::Response;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};

use super::question::Question;
use super::resolver::LiteralFirst;
use super::unix::UnixConnector;
use crate::authn::HookCredentials;
use crate::types::Address;

/// The client makes both buffers at once, and as large as this. A longer question goes out in pieces.
const BUFFER_BYTES: usize = 16 * 1024;

/// More than `false` and less than anything that would have to be read.
const ANSWER_MAX_BYTES: u64 = 64;

/// Where the hook is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// `http://host:port[/prefix]`, without a trailing slash.
    Http(String),
    /// `unix:/path`
    Unix(PathBuf),
}

impl Hook {
    /// Where to ask a listener of ours. One that listens at every address of the machine is asked over loopback.
    #[must_use]
    pub fn listening_at(address: &Address, prefix: &str) -> Self {
        match address {
            Address::Unix(path) => Self::Unix(path.clone()),
            Address::Tcp(address) => {
                let ip = match address {
                    SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                    SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                    address => address.ip(),
                };
                Self::Http(format!("http://{}{prefix}", SocketAddr::new(ip, address.port())))
            }
        }
    }
}

/// An address that is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write http://127.0.0.1:8081 or unix:/path/of/hook.sock; credentials belong into --credentials-file")]
pub struct InvalidHook;

impl FromStr for Hook {
    type Err = InvalidHook;

    fn from_str(text: &str) -> Result<Self, InvalidHook> {
        if let Some(path) = text.strip_prefix("unix:/") {
            return Ok(Self::Unix(PathBuf::from(format!("/{path}"))));
        }
        let url = url::Url::parse(text).map_err(|_| InvalidHook)?;
        let usable = url.scheme() == "http"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if usable { Ok(Self::Http(url.as_str().trim_end_matches('/').to_owned())) } else { Err(InvalidHook) }
    }
}

/// The hook did not answer, or not as a hook does.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("{0}")]
    Transport(#[from] ureq::Error),
    #[error(
        "the hook answered with status {0}: is --hook the address of the service's hook listener, and does --credentials-file hold its credentials?"
    )]
    Status(u16),
}

impl AskError {
    /// Whether the same question may get an answer later: not where the hook was reached and refused to understand it.
    pub(super) fn is_passing(&self) -> bool {
        !matches!(self, Self::Status(400..500))
    }
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// Yes, or done.
    Yes,
    /// No.
    No,
    /// It was so before: the user to register exists, the one to remove does not.
    Already,
}

/// A client of the hook.
#[derive(Debug)]
pub struct HookClient {
    agent: Agent,
    base: String,
    /// The header that shows the hook's credentials.
    authorization: Option<SecretString>,
}

impl HookClient {
    /// A client that connects when it is first asked, and shows `credentials` each time.
    #[must_use]
    pub fn new(hook: Hook, credentials: Option<&HookCredentials>) -> Self {
        let (agent, base) = agent(hook);
        Self { agent, base, authorization: credentials.map(HookCredentials::authorization) }
    }

    /// Asks the hook and waits for `patience` at most.
    pub(super) fn ask(&self, question: Question<'_>, patience: Duration) -> Result<Reply, AskError> {
        match question {
            Question::Auth { user, server, password } => {
                let form = [("user", user), ("server", server), ("pass", password)];
                self.yes_or_no("check_password", &form, patience)
            }
            Question::IsUser { user, server } => {
                self.yes_or_no("user_exists", &[("user", user), ("server", server)], patience)
            }
            Question::Register { user, server } => {
                self.done("register", &[("user", user), ("server", server)], patience)
            }
            Question::Remove { user, server, password: None } => {
                self.done("remove_user", &[("user", user), ("server", server)], patience)
            }
            Question::Remove { user, server, password: Some(password) } => {
                let form = [("user", user), ("server", server), ("pass", password)];
                self.done("remove_user_validate", &form, patience)
            }
        }
    }

    fn yes_or_no(&self, call: &str, form: &[(&str, &str)], patience: Duration) -> Result<Reply, AskError> {
        let mut answer = self.post(call, form, patience)?;
        match answer.status().as_u16() {
            200 => {
                let text = answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_string()?;
                Ok(if text == "true" { Reply::Yes } else { Reply::No })
            }
            status => Err(AskError::Status(status)),
        }
    }

    /// Whether the hook did what it was asked for. 404 may also come from something that is no hook, which `yes_or_no` tells.
    fn done(&self, call: &str, form: &[(&str, &str)], patience: Duration) -> Result<Reply, AskError> {
        match self.post(call, form, patience)?.status().as_u16() {
            201 | 204 => Ok(Reply::Yes),
            404 | 409 => Ok(Reply::Already),
            403 => Ok(Reply::No),
            status => Err(AskError::Status(status)),
        }
    }

    fn post(
        &self,
        call: &str,
        form: &[(&str, &str)],
        patience: Duration,
    ) -> Result<Response<Body>, AskError> {
        let request = self.agent.post(format!("{}/{call}", self.base));
        let request = match &self.authorization {
            Some(authorization) => request.header("authorization", authorization.expose_secret()),
            None => request,
        };
        let request = request.config().timeout_global(Some(patience)).build();
        Ok(request.send_form(form.iter().copied())?)
    }
}

/// What asks a listener of ours, and what the URLs there begin with.
pub(super) fn agent(hook: Hook) -> (Agent, String) {
    let config = Config::builder()
        // A proxy from the environment must never see a password.
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent("ejabberd-sidecar extauth")
        .input_buffer_size(BUFFER_BYTES)
        .output_buffer_size(BUFFER_BYTES)
        .build();
    match hook {
        Hook::Http(base) => {
            (Agent::with_parts(config, DefaultConnector::default(), LiteralFirst::default()), base)
        }
        Hook::Unix(path) => {
            let agent = Agent::with_parts(config, UnixConnector::new(path), LiteralFirst::default());
            // An address that needs no looking up; the connector goes to the socket.
            (agent, format!("http://{}", SocketAddr::from((Ipv4Addr::LOCALHOST, 80))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_at_every_address_are_asked_over_loopback() {
        for (listener, asked) in [
            ("0.0.0.0:8081", "http://127.0.0.1:8081/auth"),
            ("[::]:8081", "http://[::1]:8081/auth"),
            ("10.0.0.1:80", "http://10.0.0.1:80/auth"),
        ] {
            assert_eq!(
                Hook::listening_at(&listener.parse().unwrap(), "/auth"),
                Hook::Http(asked.into()),
                "{listener}"
            );
        }
    }

    #[test]
    fn hooks_are_urls_or_sockets() {
        assert_eq!("unix:/run/hook.sock".parse(), Ok(Hook::Unix("/run/hook.sock".into())));
        assert_eq!("http://127.0.0.1:8081".parse(), Ok(Hook::Http("http://127.0.0.1:8081".into())));
        assert_eq!("http://[::1]:8081/auth/".parse(), Ok(Hook::Http("http://[::1]:8081/auth".into())));
        for wrong in [
            "",
            "unix:",
            "unix:hook.sock",
            "127.0.0.1:8081",
            "https://h",
            "http://h/?x=1",
            "ftp://h",
            "http://u:p@h",
            "http://u@h",
        ] {
            assert_eq!(wrong.parse::<Hook>(), Err(InvalidHook), "{wrong}");
        }
    }
}
