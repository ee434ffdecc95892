//! `config print`: the settings in force.

use std::path::PathBuf;

use crate::cli::Failure;
use crate::cli::exit::answer;
use crate::config::{Environment, effective};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Print {
    /// The service's configuration file; without one, what `serve` works with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Print {
    pub(super) fn run(self) -> Result<(), Failure> {
        answer(effective(self.config.as_deref(), &Environment::of_process())?.trim_end())
    }
}
