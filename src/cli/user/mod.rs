//! `user`: what is stored of a user.

mod forget;
mod readmit;

use std::path::PathBuf;

use super::Failure;
use crate::config::{Environment, HostSettings, Settings};
use crate::types::{BareJid, LocalpartRef};

/// What is stored of a user
#[derive(Debug, clap::Subcommand)]
pub(super) enum User {
    /// Erases a user: his files, his upload slots and that he ever logged in. The service may be running
    Forget(forget::Forget),
    /// Lets upload slots count again of a user who was erased. Who logs in through the service needs no such thing
    Readmit(readmit::Readmit),
}

impl User {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Forget(arguments) => arguments.run(),
            Self::Readmit(arguments) => arguments.run(),
        }
    }
}

/// Of whom, by which configuration.
#[derive(Debug, clap::Args)]
struct Whom {
    /// The service's configuration file; without one, the store in ./data
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whom: a bare JID of a configured vhost
    #[arg(value_name = "JID")]
    user: BareJid,
}

impl Whom {
    fn settings(&self) -> Result<Settings, Failure> {
        Ok(Settings::load(self.config.as_deref(), &Environment::of_process())?)
    }

    /// His name, and what is configured for his vhost.
    fn find<'s>(&'s self, settings: &'s Settings) -> Result<(&'s LocalpartRef, &'s HostSettings), Failure> {
        let (user, vhost) = (&self.user, self.user.domain());
        let Some(name) = user.node() else {
            return Err(Failure::Unusable(format!("{user} is a server and no user: write user@{user}")));
        };
        let host = settings.host(vhost);
        let host =
            host.ok_or_else(|| Failure::Unusable(format!("{vhost} is not among the configured hosts")))?;
        Ok((name, host))
    }
}
