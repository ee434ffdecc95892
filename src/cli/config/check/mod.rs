//! `config check`: what would break or open a hole.

mod bucket;
mod own;
mod running;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::app::{probe_store, sites};
use crate::cli::Failure;
use crate::cli::exit::{answer, counted};
use crate::config::{Environment, Settings, TlsSettings};
use crate::ejabberd::{self, Ejabberd, Findings, Place, Severity, Version, codes, findings};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Check {
    /// The service's configuration file; without one, what `serve` works with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// ejabberd's own configuration, with what it includes
    #[arg(long, value_name = "FILE")]
    ejabberd_yml: Option<PathBuf>,
    /// ejabberd's version, like 23.01; without it, a running ejabberd is asked
    #[arg(long, value_name = "VERSION")]
    ejabberd_version: Option<Version>,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        sites(&settings.hosts)?;
        let tls = settings.listen.tls.take().map(TlsSettings::open).transpose()?;
        let theirs = self.ejabberd_yml.as_deref().map(ejabberd::read).transpose();
        let theirs = theirs.map_err(|error| Failure::Unusable(error.to_string()))?;
        let file = self.config.as_deref().unwrap_or_else(|| Path::new("the embedded defaults"));
        let place = Place::of_file(file);

        let mut found = Findings::default();
        let summary = own::check(&settings, tls.as_ref(), &place, &mut found);
        let asked = running::service(&settings, theirs.as_ref(), &place, &mut found);
        self.theirs(theirs.as_ref(), &settings, asked.as_ref(), &mut found);
        match probe_store(settings.store.clone()) {
            Ok(note) => {
                found.notes.extend(note);
                bucket::check(settings.store, &place, &mut found);
            }
            Err(problem) => {
                let remedy =
                    "[store]   # a folder that the service may write to, or a bucket that answers to its key";
                found.add(codes::STORE, &place, format!("the store does not work: {problem}"), remedy);
            }
        }
        answer(report(&found, &summary))?;
        if found.count(Severity::Error) == 0 { Ok(()) } else { Err(Failure::Shown(ExitCode::FAILURE)) }
    }

    /// ejabberd's side: what it was told, and what it answers.
    fn theirs(
        &self,
        theirs: Option<&Ejabberd>,
        settings: &Settings,
        asked: Option<&running::Asked>,
        found: &mut Findings,
    ) {
        let version = running::ejabberd(theirs, settings, asked, found);
        if let Some(theirs) = theirs {
            findings::find(theirs, settings, self.ejabberd_version.or(version), found);
        }
    }
}

/// The findings, the remarks, the sum.
fn report(found: &Findings, summary: &str) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    for finding in found.sorted() {
        let _ = writeln!(text, "{finding}");
    }
    for note in &found.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let (errors, warnings) = (found.count(Severity::Error), found.count(Severity::Warning));
    let _ = write!(text, "{summary}; {}, {}", counted(errors, "error"), counted(warnings, "warning"));
    text
}
