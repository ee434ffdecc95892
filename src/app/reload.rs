//! SIGHUP, or a changed file that is watched: the configuration is read again, and counts as a whole or not at all.

use super::fixed::Fixed;
use super::login::Watched;
use super::prepared::{InForce, Lasting, Prepared};
use crate::config::{ConfigError, ConfigFile, Environment, Settings};
use crate::telemetry::metrics::{self, Reload};

/// What a reload starts from.
#[derive(Debug)]
pub(super) struct Reloader {
    pub(super) config: ConfigFile,
    pub(super) fixed: Fixed,
    pub(super) lasting: Lasting,
    pub(super) in_force: InForce,
}

impl Reloader {
    /// Reads everything again: the file, and the files that it names. Answers which of them to look after from now on, unless the new
    /// configuration cannot be used: then nothing changes.
    pub(super) fn reload(&self) -> Option<Watched> {
        match self.try_to() {
            Ok(watched) => {
                metrics::reloaded(Reload::Done);
                tracing::info!("reloaded: the configuration counts as it is now");
                Some(watched)
            }
            Err(error) => {
                metrics::reloaded(Reload::Refused);
                for line in error.lines() {
                    tracing::error!("not reloaded, all stays as it was: {line}");
                }
                None
            }
        }
    }

    fn try_to(&self) -> Result<Watched, ConfigError> {
        let settings = Settings::load(self.config.path(), &Environment::of_process())?;
        // Nor the rest alone: what makes an address safe that is to come need not do so for the one that stays.
        let fixed = self.fixed.differing(&settings).join(", ");
        if !fixed.is_empty() {
            return Err(ConfigError::at(fixed, "needs a restart: restart the service, or put it back"));
        }
        let told = settings.made.clone();
        let warnings = settings.notices.clone();
        let watched = Prepared::new(settings, &self.lasting)?.replace(&self.in_force, &self.lasting);
        for told in told {
            tracing::info!("{told}");
        }
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(watched)
    }
}
