//! `store copy`: one store into another.

use std::path::PathBuf;
use std::sync::Arc;

use super::meter::Meter;
use super::place::Place;
use super::{How, report};
use crate::app::{Observer, copy_store, is_same_store};
use crate::cli::Failure;
use crate::config::{Environment, Settings, StoreSettings};

const MORE: &str = "\
A STORE is disk:FOLDER, or a file with a section [store], such as a configuration of the service. The environment counts for --config alone.

To move a service that goes on running: copy; have the service use the target (restart); copy once more, for what came and went meanwhile.

Each object is compared once it is there: length, type, lifetime, and the sum of its bytes, with the MD5 that a bucket tells or by reading it back. \
What is there already and the same is left.

Exit codes: 0 all is there; 1 something is not, and was told: run the same again; 64 unusable arguments or configuration.";

#[derive(Debug, clap::Args)]
#[command(after_long_help = MORE)]
pub(in crate::cli) struct Copy {
    /// Where objects come from; without, the store of --config
    #[arg(long, value_name = "STORE", required_unless_present = "to")]
    from: Option<Place>,
    /// Where they go to; without, the store of --config
    #[arg(long, value_name = "STORE")]
    to: Option<Place>,
    /// The service's configuration file, for the side that is not named; without one, the store in ./data
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

impl Copy {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self { from, to, config, how } = self;
        let own = || -> Result<StoreSettings, Failure> {
            Ok(Settings::load(config.as_deref(), &Environment::of_process())?.store)
        };
        let from = from.map_or_else(own, Place::settings)?;
        let to = to.map_or_else(own, Place::settings)?;
        if is_same_store(&from, &to) {
            return Err(Failure::Unusable("source and target are the same store".to_owned()));
        }
        let meter = Arc::new(Meter::new());
        let observer: Arc<dyn Observer> = Arc::<Meter>::clone(&meter);
        let ended = copy_store(from, to, how.order(), &observer);
        meter.finish();
        report(ended.map_err(Failure::Failed)?)
    }
}
