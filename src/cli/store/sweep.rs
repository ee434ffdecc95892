//! `store sweep`: removes what is over.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use crate::app::sweep_store;
use crate::cli::Failure;
use crate::cli::exit::{answer, counted};
use crate::config::{Environment, Settings};
use crate::types::seconds_since_1970;

const MORE: &str = "\
The service does this by itself, but only once its clock has kept step for an hour: by a clock that is ahead, files would go that are not over, for good. \
Where no process of it lives for that long, have a timer run this, on a machine whose clock is looked after.
Exit codes: 0 all that is over is gone; 1 something is not, and was told: run the same again; 64 unusable arguments or configuration.";

#[derive(Debug, clap::Args)]
#[command(after_long_help = MORE)]
pub(in crate::cli) struct Sweep {
    /// Says that the clock of this machine is right: nothing else looks after that here
    #[arg(long, required = true)]
    trust_clock: bool,
    /// The service's configuration file; without one, the store in ./data
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Sweep {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        let now = seconds_since_1970();
        let removed = sweep_store(&settings.store, now).map_err(Failure::Failed)?;
        let clock = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(now));
        answer(format!("removed {} that had been over for an hour at {clock}", counted(removed, "file")))
    }
}
