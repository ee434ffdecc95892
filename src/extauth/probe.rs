//! Asks what may not be running: the service's own listeners, ejabberd's API.

use std::io;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder, Timeout};

use super::client::{Hook, agent};
use crate::authn::HookCredentials;

/// How long looking up a name may take.
const LOOKING_UP: Duration = Duration::from_millis(1500);
/// How long a connection may take.
const CONNECTING: Duration = Duration::from_millis(1500);
/// How long all of it may take: longer than both together, so that what is cut off by it had a connection.
const PATIENCE: Duration = Duration::from_secs(4);
/// More than any answer that is looked at has.
const ANSWER_MAX_BYTES: u64 = 1024 * 1024;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// Nothing listens there.
    NotThere,
    /// It did not answer, or not in time: what is wrong, and where to look.
    Silent(String),
    /// A status and a text.
    Answered(u16, String),
}

/// Asks one address, for a few seconds at most each time.
#[derive(Debug)]
pub struct Probe {
    agent: Agent,
    base: String,
    authorization: Option<SecretString>,
}

impl Probe {
    /// Connects when it is first asked, and shows `credentials` each time.
    #[must_use]
    pub fn new(address: Hook, credentials: Option<&HookCredentials>) -> Self {
        let (agent, base) = agent(address);
        Self { agent, base, authorization: credentials.map(HookCredentials::authorization) }
    }

    /// What is at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Probed {
        let request = self.agent.get(format!("{}/{path}", self.base));
        read(bounded(request).call())
    }

    /// Whether the hook knows a user. Nothing comes of it.
    #[must_use]
    pub fn user_exists(&self, user: &str, server: &str) -> Probed {
        let request = self.agent.post(format!("{}/user_exists", self.base));
        let request = match &self.authorization {
            Some(authorization) => request.header("authorization", authorization.expose_secret()),
            None => request,
        };
        read(bounded(request).send_form([("user", user), ("server", server)]))
    }

    /// A command of ejabberd's API with its arguments in JSON.
    #[must_use]
    pub fn command(&self, name: &str, arguments: &str) -> Probed {
        let request = self.agent.post(format!("{}/{name}", self.base)).content_type("application/json");
        read(bounded(request).send(arguments))
    }
}

fn bounded<Kind>(request: RequestBuilder<Kind>) -> RequestBuilder<Kind> {
    let config = request.config().timeout_resolve(Some(LOOKING_UP)).timeout_connect(Some(CONNECTING));
    config.timeout_global(Some(PATIENCE)).build()
}

fn read(answer: Result<Response<Body>, ureq::Error>) -> Probed {
    match answer {
        Ok(mut answer) => {
            let status = answer.status().as_u16();
            let text = answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_string();
            text.map_or_else(|error| Probed::Silent(silence(&error)), |text| Probed::Answered(status, text))
        }
        Err(ureq::Error::Io(error))
            if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) =>
        {
            Probed::NotThere
        }
        Err(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound) => Probed::NotThere,
        Err(error) => Probed::Silent(silence(&error)),
    }
}

/// What is wrong with who did not answer, and where to look.
fn silence(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(Timeout::Resolve) => format!(
            "its name was not looked up within {LOOKING_UP:?}: the name server is slow or away; look at /etc/resolv.conf, or write an IP address"
        ),
        ureq::Error::Timeout(Timeout::Connect) => format!(
            "no connection within {CONNECTING:?}: a firewall or a network policy drops it, or no machine has that address"
        ),
        ureq::Error::Timeout(_) => format!(
            "it took the connection and was silent for {PATIENCE:?}: it hangs or has too much to do, or something else listens there; look at its log and its load"
        ),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock => {
            "it takes no connections, and its queue of them is full: it hangs; look at its log, or restart it"
                .to_owned()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};
    use std::os::unix::net::UnixStream;

    use socket2::{Domain, SockAddr, Socket, Type};

    use super::*;

    #[test]
    fn what_drops_connections_is_told_from_what_is_silent() {
        let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        full.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        full.listen(0).unwrap();
        let address = full.local_addr().unwrap().as_socket().unwrap();
        // The queue has one place. What comes then is dropped, as a firewall would.
        let _waiting = TcpStream::connect(address).unwrap();
        let Probed::Silent(problem) = Probe::new(Hook::Http(format!("http://{address}")), None).get("x")
        else {
            unreachable!("nobody answers")
        };
        assert!(problem.starts_with("no connection within 1.5s"), "{problem}");
    }

    #[test]
    fn a_socket_whose_queue_is_full_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let full = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        full.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        full.listen(0).unwrap();
        let _waiting = UnixStream::connect(&path).unwrap();
        let Probed::Silent(problem) = Probe::new(Hook::Unix(path), None).get("x") else {
            unreachable!("nobody answers")
        };
        assert!(problem.starts_with("it takes no connections"), "{problem}");
    }

    #[test]
    fn no_answer_of_a_name_server_is_told_as_such() {
        let problem = silence(&ureq::Error::Timeout(Timeout::Resolve));
        assert!(problem.contains("name server"), "{problem}");
    }
}
