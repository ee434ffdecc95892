//! `health`: whether the service is ready, for health checks where there is no other program to ask with.

use std::path::PathBuf;

use super::Failure;
use super::exit::answer;
use crate::config::{self, Environment};
use crate::extauth::{Hook, Probe, Probed};

/// Asks whether the service is ready, for health checks of containers
#[derive(Debug, clap::Args)]
pub(super) struct Health {
    /// The service's configuration file, whose listen.ops is asked; without one, what the environment says, or 127.0.0.1:8082
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    /// The ops listener itself, an http:// URL without a path, or unix:/ and a path
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Health {
    pub(super) fn run(self) -> Result<(), Failure> {
        let ops = self.ops()?;
        let place = match &ops {
            Hook::Http(url) => url.clone(),
            Hook::Unix(path) => format!("unix:{}", path.display()),
        };
        let problem = match Probe::new(ops, None).get("readyz") {
            Probed::Answered(200, text) if text.starts_with("ready\n") => {
                return answer(text.trim_end().replace('\n', "; "));
            }
            Probed::Answered(status, _) => {
                format!("something else than the ops listener answers there (status {status})")
            }
            Probed::NotThere => {
                "nothing listens there: the service is not running, or listen.ops is elsewhere".to_owned()
            }
            Probed::Silent(problem) => problem,
        };
        Err(Failure::Failed(format!("not ready: {place}: {problem}")))
    }

    /// Where to ask.
    fn ops(&self) -> Result<Hook, Failure> {
        if let Some(url) = &self.url {
            let problem = "--url: write http://127.0.0.1:8082 or unix:/path/of/ops.sock";
            return url.parse().map_err(|_| Failure::Unusable(problem.to_owned()));
        }
        let address = config::ops_address(self.config.as_deref(), &Environment::of_process())?;
        Ok(Hook::listening_at(&address, ""))
    }
}
