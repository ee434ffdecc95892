//! `extauth`: ejabberd's `extauth_program`.

use std::fmt::Display;
use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Failure;
use crate::authn::HookCredentials;
use crate::extauth::{Hook, HookClient, serve};
use crate::telemetry::logs::{self, LogFormat};

/// Is ejabberd's `extauth_program`: passes its questions on to the service's hook
#[derive(Debug, clap::Args)]
pub(super) struct Extauth {
    /// The service's hook, an http:// URL or unix:/ and a path
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    hook: Hook,
    /// A file with the hook's credentials, name:password
    #[arg(long, value_name = "FILE")]
    credentials_file: Option<PathBuf>,
    /// How long questions wait for a service that is away, from when it was first missed: longer than its restart, and well below
    /// the 30s that ejabberd gives a question with all that queue before it
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = humantime::parse_duration)]
    grace: Duration,
}

impl Extauth {
    pub(super) fn run(self) -> Result<(), Failure> {
        logs::start(LogFormat::Human, tracing::Level::INFO, true);
        let credentials = self.credentials_file.as_deref().map(read_credentials).transpose()?;
        let hook = HookClient::new(self.hook, credentials.as_ref());
        let ended = serve(BufReader::new(io::stdin().lock()), io::stdout().lock(), &hook, self.grace);
        ended.map_err(|error| Failure::failed(format!("ejabberd is gone: {error}")))
    }
}

fn read_credentials(file: &Path) -> Result<HookCredentials, Failure> {
    let unusable = |problem: &dyn Display| {
        Failure::Unusable(format!("--credentials-file: {}: {problem}", file.display()))
    };
    let pair = fs::read_to_string(file).map_err(|error| unusable(&error))?;
    HookCredentials::new(pair.trim().into()).map_err(|error| unusable(&error))
}
