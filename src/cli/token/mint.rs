//! `token mint`: tokens for trying things out.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::authn::jwt::{MintRequest, mint};
use crate::authn::keys::Algorithm;
use crate::cli::Failure;
use crate::cli::exit::answer;
use crate::config::{Environment, IssuerSettings, Settings};
use crate::types::{BareJid, seconds_since_1970};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Mint {
    /// The service's configuration file; without one, the secrets in ./data are used
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whose token: a bare JID
    #[arg(long, value_name = "JID")]
    sub: BareJid,
    /// How long it is valid
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// In whose name, if the vhost has several issuers
    #[arg(long)]
    issuer: Option<String>,
    /// A further claim; the value is JSON if it reads like JSON, else a string
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = parse_claim)]
    claims: Vec<(String, Value)>,
}

impl Mint {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.sub.node().is_none() {
            return Err(Failure::Unusable("--sub: a user's JID has a part before the @".to_owned()));
        }
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        let issuer = self.issuer(&settings)?;
        self.check_ttl(issuer)?;
        let now = seconds_since_1970();
        let secret = issuer.keys.secrets().first().ok_or_else(|| {
            Failure::Unusable(format!(
                "{} has public keys: its tokens are made where the private key is",
                issuer.issuer
            ))
        })?;
        let algorithm = issuer.algorithms.as_ref().and_then(|all| all.first().copied());
        let request = MintRequest {
            issuer: &issuer.issuer,
            audience: &issuer.audience,
            types: &issuer.types,
            user_claim: &issuer.user_claim,
            user: &self.sub.to_string(),
            ttl: self.ttl,
            claims: Map::from_iter(self.claims),
        };
        answer(mint(request, secret, algorithm.unwrap_or(Algorithm::Hs256), now).map_err(Failure::failed)?)
    }

    fn check_ttl(&self, issuer: &IssuerSettings) -> Result<(), Failure> {
        let (ttl, most) =
            (humantime::format_duration(self.ttl), humantime::format_duration(issuer.max_lifetime));
        if self.ttl > issuer.max_lifetime {
            return Err(Failure::Unusable(format!(
                "--ttl: {ttl} is longer than the issuer's max_lifetime, {most}"
            )));
        }
        Ok(())
    }

    fn issuer<'settings>(&self, settings: &'settings Settings) -> Result<&'settings IssuerSettings, Failure> {
        let vhost = self.sub.domain();
        let host = settings
            .host(vhost)
            .ok_or_else(|| Failure::Unusable(format!("--sub: {vhost} is not among the configured hosts")))?;
        let named = |one: &&IssuerSettings| self.issuer.as_ref().is_none_or(|name| *name == one.issuer);
        let can_sign = host.issuers.iter().filter(named).find(|one| !one.keys.secrets().is_empty());
        can_sign
            .or_else(|| host.issuers.iter().find(named))
            .ok_or_else(|| Failure::Unusable(format!("--issuer: {vhost} has no such issuer")))
    }
}

fn parse_claim(text: &str) -> Result<(String, Value), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}
