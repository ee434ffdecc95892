//! `url sign`: a slot by hand.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::content_type;
use crate::app::upload_authority;
use crate::cli::Failure;
use crate::cli::exit::answer;
use crate::config::{Environment, HostSettings, Settings};
use crate::types::{BareJid, ObjectPath, UserHash};

/// What may stand in a path as it is, RFC 3986 §2.3; the rest is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
    /// The file's type, which only tokens of v2 are about: PUT it with this Content-Type
    #[arg(long = "type", value_name = "TYPE", default_value = "application/octet-stream")]
    content_type: String,
    /// The file's name
    name: String,
}

impl Sign {
    pub(super) fn run(self) -> Result<(), Failure> {
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
        let content_type = content_type(&self.content_type)?;
        let query = upload_authority(&host.vhost, &host.upload).sign(&path, self.size, &content_type);
        let base = host.upload.public_url.as_str().trim_end_matches('/');
        Ok(format!("{base}/{encoded}?{query}"))
    }
}
