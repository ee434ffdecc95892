//! `[upload]`, and `[hosts."…".upload]` over it.

mod rules;
mod urls;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::ConfigError;
use super::environment::from_text;
use super::one_or_many::OneOrMany;
use super::or_none::OrNone;
use super::retention::RawPurposes;
use super::secrets::Given;
use crate::authn::{Acceptance, Scheme, ServerScheme};
use crate::policy::InlineTypes;
use crate::types::{Secret, Vhost};
use crate::upload::UploadRules;

/// The fewest bytes of a secret that is shared with the XMPP server.
const SECRET_MIN_BYTES: usize = 16;
/// The same for HS256 (RFC 7518 §3.2): who holds a token can try secrets at leisure, and a JWT tells him all else that was signed.
const JWT_SECRET_MIN_BYTES: usize = 32;
/// How long slots are good, where nothing else is said.
const DEFAULT_SLOT_TTL: Duration = Duration::from_mins(5);
/// What else can be said.
const SLOT_TTL: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(24);

/// How one vhost's files are taken.
#[derive(Debug, Clone)]
pub struct UploadSettings {
    /// What clients put before a file's path; ejabberd's `put_url` and `get_url`.
    pub public_url: Url,
    /// Signs upload tokens.
    pub signing_secret: Secret,
    /// Verify too.
    pub retired_secrets: Vec<Secret>,
    /// Which upload tokens are accepted, by at least one scheme; the first signs.
    pub accepted: Acceptance,
    /// Which files are taken.
    pub rules: UploadRules,
    /// Which are shown in a browser.
    pub inline: InlineTypes,
    /// Paths below which files are found as well, with slashes at both ends.
    pub legacy_prefixes: Vec<String>,
}

impl UploadSettings {
    /// All secrets that verify.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.signing_secret).chain(&self.retired_secrets)
    }
}

/// Which files are taken, and on whose word. `@HOST@` stands for the vhost.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUpload {
    /// What clients put before a file's path: equal to `put_url` and `get_url` of ejabberd's `mod_http_upload`. The part behind it is what
    /// ejabberd signs. Each vhost needs one of its own, which `@HOST@` gives it.
    ///
    /// Default: `"http://localhost:8080/upload/@HOST@"`, to try things out
    public_url: Option<String>,
    /// The secrets that are shared with the XMPP server, of 16 bytes or more: `external_secret` of `mod_http_upload`. The first signs (`url sign`), all verify: to rotate,
    /// put the new one first, change it in ejabberd, and take the old one out when no slot of it is in use. Vhosts that share a secret accept each other's slots, and an
    /// issuer's secret is refused here.
    ///
    /// Default: none, and one has to be given
    secrets: Option<Vec<SecretString>>,
    /// The same, from a file: one a line.
    ///
    /// Default: none
    secrets_file: Option<PathBuf>,
    /// The schemes by which upload tokens are accepted; the first signs. `v` is ejabberd's, `v2` that of Prosody's module with `http_upload_external_protocol = "v2"`, and
    /// `token` Metronome's name for it. `bearer` is that of the slots which the sidecar itself issues: they name their user and end.
    /// `jwt` is that of Prosody's `mod_http_file_share` with `http_file_share_base_url`; for it the secrets need 32 bytes or more.
    ///
    /// Default: `["v", "bearer"]`
    accept: Option<OneOrMany<String>>,
    /// How long a slot of scheme `bearer` is good: an upload has to begin by then. From 10 seconds to a day. A slot that claims to be good for over an hour more than this is refused.
    ///
    /// Default: `"5m"`
    #[serde(default, with = "humantime_serde")]
    slot_ttl: Option<Duration>,
    /// Whether slots of scheme `bearer` may have their token in the URL's query, for clients that drop headers. Off, because proxies write
    /// queries into their logs. It is not about tokens in the path: slots by way of ejabberd's `service_url`, and those of the protocol of 2016 that the component answers as well, have no other place for them.
    ///
    /// Default: `false`
    #[serde(default, deserialize_with = "from_text")]
    token_in_url: Option<bool>,
    /// The largest file. Others are refused unread. Set `max_size` of ejabberd's `mod_http_upload` to the same number of bytes: clients then know before they try.
    ///
    /// Default: `"100MiB"`
    max_size: Option<ByteSize>,
    /// The bytes that each user may have stored at once, such as `"1GiB"`. Further ones are refused (507). A slot that names no user counts for `quota_per_host` alone.
    ///
    /// Default: `"none"`
    quota_per_user: Option<OrNone<ByteSize>>,
    /// The bytes that all of a vhost's users may have stored at once.
    ///
    /// Default: `"none"`
    quota_per_host: Option<OrNone<ByteSize>>,
    /// How long files are kept, such as `"30d"`; then they are not handed out any more, and removed an hour later. It counts for what is stored from then on: a file that is there keeps the time that it got.
    ///
    /// Default: `"none"`, for ever
    retention: Option<OrNone<humantime::Duration>>,
    /// How long files for one purpose are kept.
    #[serde(default)]
    retention_by_purpose: RawPurposes,
    /// The types that are taken, by the `Content-Type` that the client sends: `["image/*", "video/mp4"]`. `"*/*"` takes all, also where the general section says
    /// otherwise.
    ///
    /// Default: `"*/*"`
    allowed_types: Option<OneOrMany<String>>,
    /// The types that are not, also if they are allowed.
    ///
    /// Default: `[]`
    denied_types: Option<OneOrMany<String>>,
    /// The same as `allowed_types` for what stands behind the last dot of a file's name, in any case: `["jpg", "png"]`. `"*"` takes all.
    ///
    /// Default: `"*"`
    allowed_extensions: Option<OneOrMany<String>>,
    /// Those that are not, also if they are allowed.
    ///
    /// Default: `[]`
    denied_extensions: Option<OneOrMany<String>>,
    /// The types that a browser shows; everything else is saved. What could run in a page (HTML, SVG, XML, scripts) is refused here, and never shown.
    ///
    /// Default: `["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif", "image/bmp", "image/jxl", "audio/*", "video/*", "text/plain", "image/apng"]`
    inline_types: Option<OneOrMany<String>>,
    /// Paths below which files are found as well (`["/old/@HOST@/"]`), so that the links in old messages go on to work after a migration (`store import`). GET, HEAD and OPTIONS
    /// are answered there, and nothing is taken. Below `/api/v1` that takes `listen.api = false`.
    ///
    /// Default: `[]`
    legacy_prefixes: Option<OneOrMany<String>>,
}

impl RawUpload {
    /// `host`'s section over `general`, over the defaults.
    pub(super) fn over(
        &self,
        general: &Self,
        section: &str,
        host: &Vhost,
        folder: &Path,
    ) -> Result<UploadSettings, ConfigError> {
        let layers = Layers { own: self, general, section };
        let accepted = layers.accepted()?;
        let mut secrets = layers.secrets(folder)?;
        if accepted.schemes.contains(&Scheme::Jwt) {
            layers.check_for_jwt(&secrets)?;
        }
        let signing_secret = secrets.remove(0);
        Ok(UploadSettings {
            public_url: layers.public_url(host)?,
            signing_secret,
            retired_secrets: secrets,
            accepted,
            rules: layers.rules()?,
            inline: layers.inline()?,
            legacy_prefixes: layers.legacy_prefixes(host)?,
        })
    }

    fn secrets(&self, key: &str, folder: &Path) -> Result<Option<Vec<Secret>>, ConfigError> {
        Given {
            key: key.to_owned(),
            value: self.secrets.as_ref(),
            file: self.secrets_file.as_ref(),
            folder,
            make: |bytes| Secret::new(bytes, SECRET_MIN_BYTES),
        }
        .list()
    }
}

/// A vhost's section with the general one below it.
struct Layers<'raw> {
    own: &'raw RawUpload,
    general: &'raw RawUpload,
    section: &'raw str,
}

impl<'raw> Layers<'raw> {
    /// What `pick` finds, with the key that it stands under.
    fn pick<T>(&self, key: &str, pick: fn(&'raw RawUpload) -> Option<T>) -> Option<(String, T)> {
        let own = pick(self.own).map(|value| (format!("{}.{key}", self.section), value));
        own.or_else(|| pick(self.general).map(|value| (format!("upload.{key}"), value)))
    }

    /// A list, each text of it parsed.
    fn list<T: FromStr<Err: Display>>(
        &self,
        key: &str,
        pick: fn(&'raw RawUpload) -> Option<&'raw OneOrMany<String>>,
    ) -> Result<Option<(String, Vec<T>)>, ConfigError> {
        let Some((place, list)) = self.pick(key, pick) else { return Ok(None) };
        let parsed = list
            .as_slice()
            .iter()
            .map(|text| text.parse().map_err(|error| ConfigError::at(&place, format!("{text:?} {error}"))));
        let parsed = parsed.collect::<Result<_, _>>()?;
        Ok(Some((place, parsed)))
    }

    fn secrets(&self, folder: &Path) -> Result<Vec<Secret>, ConfigError> {
        if let Some(own) = self.own.secrets(&format!("{}.secrets", self.section), folder)? {
            return Ok(own);
        }
        self.general.secrets("upload.secrets", folder)?.ok_or_else(|| {
            ConfigError::at(
                "upload.secrets",
                "is missing: give the secret that ejabberd's mod_http_upload has as external_secret, here or in secrets_file",
            )
        })
    }

    fn accepted(&self) -> Result<Acceptance, ConfigError> {
        let token_in_url = self.pick("token_in_url", |raw| raw.token_in_url);
        Ok(Acceptance {
            schemes: self.accept()?,
            token_in_url: token_in_url.is_some_and(|(_, allowed)| allowed),
            slot_ttl: self.slot_ttl()?,
        })
    }

    fn slot_ttl(&self) -> Result<Duration, ConfigError> {
        match self.pick("slot_ttl", |raw| raw.slot_ttl) {
            None => Ok(DEFAULT_SLOT_TTL),
            Some((_, ttl)) if SLOT_TTL.contains(&ttl) => Ok(ttl),
            Some((place, _)) => Err(ConfigError::at(
                place,
                "has to be from 10s to 1day: clients need a moment, and a slot is a permission that should end",
            )),
        }
    }

    fn accept(&self) -> Result<Vec<Scheme>, ConfigError> {
        match self.list("accept", |raw| raw.accept.as_ref())? {
            None => Ok(vec![ServerScheme::V.into(), Scheme::Bearer]),
            Some((_, schemes)) if !schemes.is_empty() => Ok(schemes),
            Some((place, _)) => Err(ConfigError::at(
                place,
                "is empty: nobody could upload; the default is [\"v\", \"bearer\"]",
            )),
        }
    }

    fn check_for_jwt(&self, secrets: &[Secret]) -> Result<(), ConfigError> {
        if secrets.iter().all(|secret| secret.bytes().len() >= JWT_SECRET_MIN_BYTES) {
            return Ok(());
        }
        let own = self.own.secrets.is_some() || self.own.secrets_file.is_some();
        let place = if own { format!("{}.secrets", self.section) } else { "upload.secrets".to_owned() };
        Err(ConfigError::at(
            place,
            "a secret is too short for scheme jwt, which upload.accept names: it has to have 32 bytes or more (`openssl rand -hex 32`)",
        ))
    }

    fn inline(&self) -> Result<InlineTypes, ConfigError> {
        match self.list("inline_types", |raw| raw.inline_types.as_ref())? {
            None => Ok(InlineTypes::default()),
            Some((place, patterns)) => {
                InlineTypes::new(patterns).map_err(|active| ConfigError::at(place, active))
            }
        }
    }
}
