//! `extauth`: ejabberd's `extauth_program`.

use std::io::{self, BufReader};

use super::Failure;
use crate::extauth::{Arguments, HookClient, serve};
use crate::telemetry::logs::{self, LogFormat};

/// Is ejabberd's `extauth_program`: passes its questions on to the service's hook
#[derive(Debug, clap::Args)]
pub(super) struct Extauth {
    #[command(flatten)]
    arguments: Arguments,
}

impl Extauth {
    pub(super) fn run(self) -> Result<(), Failure> {
        logs::start(LogFormat::Human, tracing::Level::INFO, true);
        let Self { arguments } = self;
        let hook = arguments.hook().map_err(|error| Failure::Unusable(format!("--hook: {error}")))?;
        let credentials = arguments.credentials().map_err(|error| Failure::Unusable(error.to_string()))?;
        let hook = HookClient::new(hook, credentials.as_ref());
        let ended = serve(BufReader::new(io::stdin().lock()), io::stdout().lock(), &hook, arguments.grace);
        ended.map_err(|error| Failure::failed(format!("ejabberd is gone: {error}")))
    }
}
