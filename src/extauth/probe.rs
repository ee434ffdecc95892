//! Asks what may not be running: the service's own listeners, ejabberd's API.

use std::io;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use ureq::http::Response;
use ureq::{Agent, Body};

use super::client::{Hook, agent};
use crate::authn::HookCredentials;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than any answer that is looked at has.
const ANSWER_MAX_BYTES: u64 = 1024 * 1024;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// Nothing listens there.
    NotThere,
    /// It did not answer, or not in time.
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
        read(request.config().timeout_global(Some(PATIENCE)).build().call())
    }

    /// Whether the hook knows a user. Nothing comes of it.
    #[must_use]
    pub fn user_exists(&self, user: &str, server: &str) -> Probed {
        let request = self.agent.post(format!("{}/user_exists", self.base));
        let request = match &self.authorization {
            Some(authorization) => request.header("authorization", authorization.expose_secret()),
            None => request,
        };
        let request = request.config().timeout_global(Some(PATIENCE)).build();
        read(request.send_form([("user", user), ("server", server)]))
    }

    /// A command of ejabberd's API with its arguments in JSON.
    #[must_use]
    pub fn command(&self, name: &str, arguments: &str) -> Probed {
        let request = self.agent.post(format!("{}/{name}", self.base)).content_type("application/json");
        read(request.config().timeout_global(Some(PATIENCE)).build().send(arguments))
    }
}

fn read(answer: Result<Response<Body>, ureq::Error>) -> Probed {
    match answer {
        Ok(mut answer) => {
            let status = answer.status().as_u16();
            let text = answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_string();
            text.map_or_else(|error| Probed::Silent(error.to_string()), |text| Probed::Answered(status, text))
        }
        Err(ureq::Error::Io(error))
            if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) =>
        {
            Probed::NotThere
        }
        Err(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound) => Probed::NotThere,
        Err(error) => Probed::Silent(error.to_string()),
    }
}
