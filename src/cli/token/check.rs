//! `token check`: why a token is refused.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use secrecy::{ExposeSecret as _, SecretString};

use crate::app::verifier;
use crate::authn::jwt::{Report, Rule};
use crate::cli::Failure;
use crate::cli::exit::{answer, remark};
use crate::cli::stdin::argument_or_stdin;
use crate::config::{Environment, HostSettings, Settings};
use crate::types::{Localpart, Vhost, parse_vhost, time_since_1970};

/// More than a token that could be accepted has.
const TOKEN_MAX_BYTES: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Check {
    /// The service's configuration file; without one, the secrets in ./data are used
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Who logs in with it: a localpart; without one, whoever the token names
    #[arg(long)]
    user: Option<String>,
    /// Where; may be left out if only one vhost is configured
    #[arg(long, value_name = "VHOST")]
    host: Option<String>,
    /// The token, or - to read it from stdin, where no process list shows it
    token: SecretString,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        settings.notices.iter().try_for_each(remark)?;
        let host = self.host(settings.hosts)?;
        let user = self.user()?;
        let token = argument_or_stdin(&self.token, TOKEN_MAX_BYTES).map_err(Failure::failed)?;
        let now = time_since_1970().as_secs_f64();
        let report = verifier(host).report(token.expose_secret(), user.as_ref(), now);
        answer(show(&report).trim_end().to_owned())?;
        match report.verdict() {
            Ok(()) => Ok(()),
            Err(_) => Err(Failure::Shown(ExitCode::FAILURE)),
        }
    }

    fn host(&self, mut hosts: Vec<HostSettings>) -> Result<HostSettings, Failure> {
        let wanted: Option<Vhost> = match &self.host {
            Some(name) => Some(parse_vhost(name).ok_or_else(|| unusable("--host: is not a domain name"))?),
            None if hosts.len() == 1 => None,
            None => return Err(unusable("--host: there are several vhosts: say which one is meant")),
        };
        let at = hosts.iter().position(|host| wanted.as_ref().is_none_or(|wanted| *wanted == host.vhost));
        let at = at.ok_or_else(|| unusable("--host: is not among the configured hosts"))?;
        Ok(hosts.swap_remove(at))
    }

    fn user(&self) -> Result<Option<Localpart>, Failure> {
        let Some(user) = &self.user else { return Ok(None) };
        let user = Localpart::new(user).map_err(|_| unusable("--user: is not a localpart"))?;
        Ok(Some(user.into_owned()))
    }
}

fn unusable(problem: &str) -> Failure {
    Failure::Unusable(problem.to_owned())
}

/// A line for each rule, the verdict below. Nothing of the token is repeated.
fn show(report: &Report) -> String {
    let mut text = String::new();
    for rule in Rule::ALL {
        // Writing to a string does not fail.
        let _ = match report.outcome(rule) {
            None => writeln!(text, "-     {}", rule.text()),
            Some(Ok(())) => writeln!(text, "ok    {}", rule.text()),
            Some(Err(refusal)) => writeln!(text, "NO    {}: {refusal} [{}]", rule.text(), refusal.code()),
        };
    }
    match report.verdict() {
        Ok(()) => text.push_str("accepted"),
        Err(refusal) => {
            let _ = write!(text, "refused: {}", refusal.code());
        }
    }
    text
}
