//! `url sign`: a slot by hand.

use std::path::PathBuf;
use std::time::Duration;

use super::content_type;
use crate::app::{sites, upload_authority};
use crate::authn::{Carrier, Scheme, ServerScheme};
use crate::cli::Failure;
use crate::cli::exit::answer;
use crate::config::{Environment, HostSettings, Settings};
use crate::types::{BareJid, ContentType, ObjectPath, UserHash, seconds_since_1970, uri_escaped};
use crate::upload::{SlotOffice, SlotRefusal, SlotRequest};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Sign {
    /// The service's configuration file; without one, the secrets in ./data are used
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Who uploads: a bare JID
    #[arg(long, value_name = "JID")]
    user: BareJid,
    /// The file's size in bytes
    #[arg(long, value_name = "BYTES")]
    size: u64,
    /// The file's type: PUT it with this Content-Type. Tokens of v are not about it; without one, those of bearer are for any type
    #[arg(long = "type", value_name = "TYPE")]
    content_type: Option<String>,
    /// v, v2 and token as XMPP servers sign; bearer for a slot that ends, with a header to send along [default: the first one that the vhost accepts]
    #[arg(long)]
    scheme: Option<Scheme>,
    /// How long a slot of scheme bearer is good, such as 5m [default: that of the vhost]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    ttl: Option<Duration>,
    /// Where the token of scheme bearer stands
    #[arg(long, value_enum, value_name = "PLACE", default_value = "header")]
    token_in: TokenIn,
    /// The file's name
    name: String,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TokenIn {
    /// In a header, which is printed below the URL
    Header,
    /// In the URL's query, where the configuration allows it
    Query,
    /// In the URL's path, for XMPP servers that spoil a query
    Path,
}

impl From<TokenIn> for Carrier {
    fn from(place: TokenIn) -> Self {
        match place {
            TokenIn::Header => Self::Header,
            TokenIn::Query => Self::Query,
            TokenIn::Path => Self::Path,
        }
    }
}

impl Sign {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        let vhost = self.user.domain();
        let host = settings
            .host(vhost)
            .ok_or_else(|| Failure::Unusable(format!("--user: {vhost} is not among the configured hosts")))?;
        let accepted = &host.upload.accepted.schemes;
        let scheme = self.scheme.or(accepted.first().copied()).unwrap_or(Scheme::Bearer);
        if !accepted.contains(&scheme) {
            let problem = format!("--scheme: {scheme} is not accepted: upload.accept does not name it");
            return Err(Failure::Unusable(problem));
        }
        let content_type = self.content_type.as_deref().map(content_type).transpose()?;
        match scheme {
            Scheme::Server(scheme) => answer(self.put_url(host, scheme, content_type)?),
            Scheme::Bearer => answer(self.slot(&settings.hosts, host, content_type)?),
            Scheme::Jwt => Err(Failure::Unusable(
                "--scheme: slots of scheme jwt are Prosody's to sign; --scheme bearer is what this can do, where upload.accept names it"
                    .to_owned(),
            )),
        }
    }

    fn put_url(
        &self,
        host: &HostSettings,
        scheme: ServerScheme,
        content_type: Option<ContentType>,
    ) -> Result<String, Failure> {
        if self.ttl.is_some() {
            return Err(Failure::Unusable(format!("--ttl: tokens of scheme {scheme} never expire")));
        }
        let name = uri_escaped(&self.name);
        let encoded = format!("{}/{:032x}/{name}", UserHash::from(&self.user), rand::random::<u128>());
        let path =
            ObjectPath::parse(&encoded).map_err(|error| Failure::Unusable(format!("NAME: {error}")))?;
        let content_type = content_type.unwrap_or_else(ContentType::unknown);
        let authority = upload_authority(&host.vhost, &host.upload);
        let query = authority.sign_as_server(scheme, &path, self.size, &content_type);
        let base = host.upload.public_url.as_str().trim_end_matches('/');
        Ok(format!("{base}/{encoded}?{query}"))
    }

    /// The URL, and below it a line for each header to send along: what `curl -H` takes.
    fn slot(
        &self,
        hosts: &[HostSettings],
        host: &HostSettings,
        content_type: Option<ContentType>,
    ) -> Result<String, Failure> {
        let sites = sites(hosts)?;
        let site = sites.all().find(|site| site.vhost == host.vhost);
        let site = site.ok_or_else(|| Failure::failed("the vhost has no place for files"))?;
        let sent_type = content_type.as_ref().map(|kind| format!("\nContent-Type: {kind}"));
        let request = SlotRequest {
            user: &self.user,
            filename: &self.name,
            size: self.size,
            content_type,
            keep: None,
            carrier: self.token_in.into(),
            ttl: self.ttl,
        };
        let now = seconds_since_1970();
        let slot = SlotOffice { site, rules: &host.upload.rules }.issue(&request, now).map_err(refused)?;
        let headers = slot.headers.iter().map(|(name, value)| format!("\n{name}: {value}"));
        Ok(std::iter::once(slot.put).chain(headers).chain(sent_type).collect())
    }
}

fn refused(refusal: SlotRefusal) -> Failure {
    Failure::Failed(format!("no slot: {refusal} [{}]", refusal.reason().code()))
}
