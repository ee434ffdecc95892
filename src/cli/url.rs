//! `url`: upload URLs.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Failure;
use super::exit::answer;
use crate::authn::UploadAuthority;
use crate::config::{Environment, HostSettings, Settings};
use crate::types::{BareJid, ObjectPath, UserHash};

/// What may stand in a path as it is, RFC 3986 §2.3; the rest is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Upload URLs
#[derive(Debug, clap::Subcommand)]
pub(super) enum Url {
    /// Makes a URL to PUT one file to, as ejabberd would in a slot, and prints it; without its query it is the URL to GET
    Sign(Sign),
}

#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// The service's configuration file; without one, the secrets in ./data are used
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Who uploads: a bare JID
    #[arg(long, value_name = "JID")]
    user: BareJid,
    /// The file's size in bytes
    #[arg(long, value_name = "BYTES")]
    size: u64,
    /// The file's name
    name: String,
}

impl Url {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Sign(arguments) => arguments.run(),
        }
    }
}

impl Sign {
    fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        let vhost = self.user.domain();
        let host = settings
            .host(vhost)
            .ok_or_else(|| Failure::Unusable(format!("--user: {vhost} is not among the configured hosts")))?;
        answer(self.put_url(host)?)
    }

    fn put_url(&self, host: &HostSettings) -> Result<String, Failure> {
        let name = utf8_percent_encode(&self.name, ESCAPED);
        let encoded = format!("{}/{:032x}/{name}", UserHash::from(&self.user), rand::random::<u128>());
        let path =
            ObjectPath::parse(&encoded).map_err(|error| Failure::Unusable(format!("NAME: {error}")))?;
        let upload = &host.upload;
        let authority = UploadAuthority::new(host.vhost.clone(), &upload.signing_secret, &[]);
        let base = upload.public_url.as_str().trim_end_matches('/');
        Ok(format!("{base}/{encoded}?v={}", authority.sign_v(&path, self.size)))
    }
}
