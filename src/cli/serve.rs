//! `serve`: the service.

use std::path::PathBuf;

use super::Failure;
use crate::app::{self, App, Runtimes, Signals, StartError};
use crate::config::{ConfigFile, Environment, Settings};
use crate::telemetry::{logs, metrics};

/// Runs the service. SIGHUP reloads its configuration, SIGTERM stops it
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// The configuration file; without one, the vhost localhost is served from ./data
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read the configuration again when its file changes, as on SIGHUP
    #[arg(long, requires = "config")]
    watch: bool,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let runtimes = Runtimes::start().map_err(Failure::failed)?;
        let served = self.serve(&runtimes);
        runtimes.stop();
        served
    }

    fn serve(self, runtimes: &Runtimes) -> Result<(), Failure> {
        let main = runtimes.main().clone();
        // First of all: a reload that is asked for too early must not end the service.
        let signals = main.block_on(async { Signals::listen() }).map_err(Failure::failed)?;
        let config = ConfigFile::new(self.config, self.watch);
        let settings = Settings::load(config.path(), &Environment::of_process())?;
        logs::start(settings.log.format, settings.log.level, settings.log.audit);
        for made in &settings.made {
            tracing::info!("{made}");
        }
        for notice in &settings.notices {
            tracing::warn!("{notice}");
        }
        let counting = metrics::start().map_err(Failure::failed)?;
        main.block_on(async {
            let app = App::bind(settings, config, counting, runtimes)?;
            app::run(app, runtimes, signals).await.map_err(Failure::failed)
        })
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(error) => error.into(),
            other => Self::failed(other),
        }
    }
}
