//! Settings into the parts that judge uploads.

use percent_encoding::percent_decode_str;

use crate::authn::UploadAuthority;
use crate::config::{ConfigError, HostSettings, UploadSettings};
use crate::telemetry::metrics::VhostCounters;
use crate::types::Vhost;
use crate::upload::{Site, Sites};

/// All vhosts' places in the URL space.
///
/// # Errors
///
/// [`ConfigError`] if two of them overlap.
pub fn sites(hosts: &[HostSettings]) -> Result<Sites, ConfigError> {
    let sites = hosts.iter().map(|host| site(&host.vhost, &host.upload)).collect();
    Sites::new(sites)
        .map_err(|conflict| ConfigError::at("upload.public_url, upload.legacy_prefixes", conflict))
}

/// Who signs and verifies the uploads of a vhost.
#[must_use]
pub fn upload_authority(vhost: &Vhost, upload: &UploadSettings) -> UploadAuthority {
    let UploadSettings { accepted, signing_secret, retired_secrets, .. } = upload;
    UploadAuthority::new(vhost.clone(), accepted.clone(), signing_secret, retired_secrets)
}

/// A URL's path holds nothing but UTF-8, escaped.
fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn site(vhost: &Vhost, upload: &UploadSettings) -> Site {
    Site {
        vhost: vhost.clone(),
        public_url: upload.public_url.clone(),
        prefix: format!("{}/", decoded(upload.public_url.path().trim_end_matches('/'))),
        legacy_prefixes: upload.legacy_prefixes.iter().map(|prefix| decoded(prefix)).collect(),
        authority: upload_authority(vhost, upload),
        inline: upload.inline.clone(),
        counters: VhostCounters::of(vhost),
    }
}
