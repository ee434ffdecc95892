//! `[listen]`: where the three listeners stand.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigError;
use super::environment::from_text;
use super::one_or_many::OneOrMany;
use super::secrets::Given;
use super::tls::{RawTls, TlsSettings};
use crate::authn::{HookCredentials, SlotKey};
use crate::policy::TrustedProxies;
use crate::types::Address;

/// `[listen]`
#[derive(Debug)]
pub struct ListenSettings {
    /// Uploads and downloads, for the world.
    pub public: Address,
    /// Whether `public` has the API, too.
    pub api: bool,
    /// The certificate of `public`; without one it speaks plain HTTP, for a reverse proxy.
    pub tls: Option<TlsSettings>,
    /// Who may tell `public` whom it asks for.
    pub trusted_proxies: TrustedProxies,
    /// External auth, for ejabberd alone.
    pub hook: Address,
    /// What the hook's paths begin with: empty, or `/…` without a slash at the end.
    pub hook_prefix: String,
    /// What callers of the hook have to show.
    pub hook_credentials: Option<HookCredentials>,
    /// What callers of `/slot` have to show in the path.
    pub hook_slot_key: Option<SlotKey>,
    /// Health and metrics.
    pub ops: Address,
}

/// Where the three listeners stand. They are never mixed: the world reaches `public` alone, ejabberd the `hook`, and what watches the service `ops`.
/// An address is an IP address with its port (`"[::]:8080"`), or a socket's path after `unix:`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawListen {
    /// Uploads and downloads, for clients; usually behind a reverse proxy or an ingress.
    ///
    /// Default: `"0.0.0.0:8080"`
    public: Option<String>,
    /// Whether `public` serves the [API](api.md) below `/api/v1`, too. Nobody gets anything there without a good token of a user.
    ///
    /// Default: `true`
    #[serde(default, deserialize_with = "from_text")]
    api: Option<bool>,
    #[serde(default)]
    tls: RawTls,
    /// Addresses and networks of proxies, as in `["10.0.0.0/8", "::1"]`, whose `X-Forwarded-For` is believed when the log tells a client's address. Nobody else's is:
    /// whoever could write it would choose the address that is banned for his deeds.
    ///
    /// Default: `[]`
    trusted_proxies: Option<OneOrMany<String>>,
    /// External auth, for ejabberd alone. Whoever reaches it can try passwords, so beyond loopback it is refused without `hook_credentials`. A socket
    /// (`"unix:/run/ejabberd-sidecar/hook.sock"`) is reached by those alone who may open it.
    ///
    /// Default: `"127.0.0.1:8081"`
    hook: Option<String>,
    /// A path before those of the hook, as `path_prefix` of `MongooseIM` has it: `"/auth"`, without a slash at the end.
    ///
    /// Default: `""`
    hook_prefix: Option<String>,
    /// `name:password`, which callers of the hook have to show as Basic credentials (`extauth --credentials-file`). The password has 16 bytes or more.
    ///
    /// Default: none, since loopback keeps others away
    hook_credentials: Option<SecretString>,
    /// The same, from a file.
    ///
    /// Default: none
    hook_credentials_file: Option<PathBuf>,
    /// What stands behind `/slot/` in the `service_url` of ejabberd's `mod_http_upload`, which sends no credentials: 16 or more of the characters `A-Z a-z 0-9 - _`. With it, `/slot`
    /// asks for this key and for no credentials; without it, for `hook_credentials`, if those are set.
    ///
    /// Default: none, since loopback keeps others away
    hook_slot_key: Option<SecretString>,
    /// The same, from a file.
    ///
    /// Default: none
    hook_slot_key_file: Option<PathBuf>,
    /// `/livez`, `/readyz` and `/metrics`: reads alone, and nothing secret.
    ///
    /// Default: `"0.0.0.0:8082"`
    ops: Option<String>,
}

impl RawListen {
    pub(super) fn validate(self, folder: &Path) -> Result<ListenSettings, ConfigError> {
        let public = parse("listen.public", self.public.as_deref().unwrap_or("0.0.0.0:8080"))?;
        let hook = parse("listen.hook", self.hook.as_deref().unwrap_or("127.0.0.1:8081"))?;
        let ops = ops_address(self.ops.as_deref())?;
        let hook_credentials = Given {
            key: "listen.hook_credentials".to_owned(),
            value: self.hook_credentials.as_ref(),
            file: self.hook_credentials_file.as_ref(),
            folder,
            make: HookCredentials::new,
        }
        .one()?;
        let hook_slot_key = Given {
            key: "listen.hook_slot_key".to_owned(),
            value: self.hook_slot_key.as_ref(),
            file: self.hook_slot_key_file.as_ref(),
            folder,
            make: SlotKey::new,
        }
        .one()?;
        if let Address::Tcp(address) = &hook
            && !address.ip().is_loopback()
            && hook_credentials.is_none()
        {
            return Err(ConfigError::at(
                "listen.hook",
                "whoever reaches the hook can try passwords: use a loopback address (127.0.0.1:8081), unix:/path, or set hook_credentials",
            ));
        }
        let proxies = self.trusted_proxies.map(OneOrMany::into_vec).unwrap_or_default();
        let trusted_proxies = TrustedProxies::new(&proxies)
            .map_err(|invalid| ConfigError::at("listen.trusted_proxies", invalid))?;
        let tls = self.tls.validate(folder)?;
        let hook_prefix = prefix(self.hook_prefix.unwrap_or_default())?;
        Ok(ListenSettings {
            public,
            api: self.api.unwrap_or(true),
            tls,
            trusted_proxies,
            hook,
            hook_prefix,
            hook_credentials,
            hook_slot_key,
            ops,
        })
    }
}

/// The address of the ops listener.
pub(super) fn ops_address(written: Option<&str>) -> Result<Address, ConfigError> {
    parse("listen.ops", written.unwrap_or("0.0.0.0:8082"))
}

/// Plain path characters only: braces would be patterns to the router.
fn prefix(text: String) -> Result<String, ConfigError> {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let usable = text.is_empty() || text.strip_prefix('/').is_some_and(|parts| parts.split('/').all(plain));
    if usable {
        Ok(text)
    } else {
        Err(ConfigError::at("listen.hook_prefix", "has to look like /auth, without a slash at the end"))
    }
}

fn parse(key: &str, text: &str) -> Result<Address, ConfigError> {
    text.parse().map_err(|error| ConfigError::at(key, format!("{text:?} is {error}")))
}
