//! Text into typed settings. Nothing else reads configuration files or the environment.
//!
//! A file per section; each turns what was written (`Raw…`, all optional) into what the service works with, or into a
//! [`ConfigError`] that names the key.

mod auth;
mod component;
mod defaults;
mod effective;
mod ejabberd;
mod environment;
mod error;
mod file;
mod hosts;
mod issuer;
mod issuer_keys;
mod limits;
mod listen;
mod log;
mod one_or_many;
mod or_none;
mod required_claims;
mod retention;
mod secrets;
mod shared_issuers;
mod store;
mod tls;
mod upload;
mod users_file;
mod watched;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use crate::types::Address;

pub use self::auth::AuthSettings;
pub use self::component::ComponentSettings;
pub use self::effective::effective;
pub use self::ejabberd::EjabberdSettings;
pub use self::environment::Environment;
pub use self::error::ConfigError;
pub use self::file::ConfigFile;
pub use self::hosts::HostSettings;
pub use self::issuer::IssuerSettings;
pub use self::issuer_keys::KeySource;
pub use self::limits::Limits;
pub use self::listen::ListenSettings;
pub use self::log::LogSettings;
pub use self::store::StoreSettings;
pub use self::tls::{TlsPair, TlsSettings};
pub use self::upload::UploadSettings;
pub use self::users_file::UsersFile;
pub use self::watched::WatchedFile;

/// Everything the service was told.
#[derive(Debug)]
pub struct Settings {
    /// `[listen]`
    pub listen: ListenSettings,
    /// `[hosts.…]`, each with its own view of `[auth]` and `[upload]`.
    pub hosts: Vec<HostSettings>,
    /// `[store]`
    pub store: StoreSettings,
    /// `[component]`, where there is one.
    pub component: Option<ComponentSettings>,
    /// `[ejabberd]`
    pub ejabberd: EjabberdSettings,
    /// `[limits]`
    pub limits: Limits,
    /// `[log]`
    pub log: LogSettings,
    /// What was made because there was no configuration file: sentences for the operator.
    pub made: Vec<String>,
    /// What the operator should know of these settings.
    pub notices: Vec<String>,
}

/// A configuration file as it was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSettings {
    listen: listen::RawListen,
    auth: auth::RawAuth,
    upload: upload::RawUpload,
    hosts: std::collections::BTreeMap<String, hosts::RawHost>,
    store: store::RawStore,
    component: component::RawComponent,
    ejabberd: ejabberd::RawEjabberd,
    limits: limits::RawLimits,
    log: log::RawLog,
}

impl Settings {
    /// Reads `file`, or without one works on embedded defaults: vhost `localhost`, a disk store and generated secrets below `./data`.
    /// `environment` replaces values outside `[hosts]`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what is missing, unknown or unusable: of each section at least the first thing, if all of them can be read.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let (text, source, made) = opened(file)?;
        parse(&text, environment, &source)?.validate(&source.folder, made)
    }

    /// The settings of a vhost.
    #[must_use]
    pub fn host(&self, vhost: &jid::DomainRef) -> Option<&HostSettings> {
        self.hosts.iter().find(|host| host.vhost.as_str() == vhost.as_str())
    }
}

/// Where the ops listener is, by what `file` (or nothing) and `environment` say of it. The rest is not looked at, and no secret read: the service may have
/// been told something else since, or not yet.
///
/// # Errors
///
/// [`ConfigError`] for a file that cannot be read, is no TOML, or has no address there.
pub fn ops_address(file: Option<&Path>, environment: &Environment) -> Result<Address, ConfigError> {
    let text = file.map(read).transpose()?.unwrap_or_default();
    let name = file.map(|file| file.display().to_string()).unwrap_or_default();
    let table = table(&text, environment, &Source { name, folder: PathBuf::new() })?;
    let written = table.get("listen").and_then(|listen| listen.get("ops"));
    let text = written.map(|ops| ops.as_str().unwrap_or_default());
    listen::ops_address(text)
}

/// The text of `file`, or the embedded defaults with what was made for them.
fn opened(file: Option<&Path>) -> Result<(String, Source, Vec<String>), ConfigError> {
    if let Some(file) = file {
        let source = Source { name: file.display().to_string(), folder: folder_of(file) };
        return Ok((read(file)?, source, Vec::new()));
    }
    let folder = PathBuf::from(defaults::FOLDER);
    let made = defaults::make(&folder)?;
    Ok((defaults::TOML.to_owned(), Source { name: "the embedded defaults".to_owned(), folder }, made))
}

fn store_of(file: &Path) -> Result<StoreSettings, ConfigError> {
    let source = Source { name: file.display().to_string(), folder: folder_of(file) };
    parse(&read(file)?, &Environment::default(), &source)?.store.validate(&source.folder)
}

struct Source {
    /// For messages.
    name: String,
    /// Relative paths in the file start here.
    folder: PathBuf,
}

impl Source {
    fn place(&self, key: &str) -> String {
        if key == "." { self.name.clone() } else { format!("{}, {key}", self.name) }
    }
}

fn read(file: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(file).map_err(|error| ConfigError::unreadable(file, &error))
}

fn folder_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

fn parse(text: &str, environment: &Environment, source: &Source) -> Result<RawSettings, ConfigError> {
    settings_of(table(text, environment, source)?, environment, source)
}

/// What is written, with the environment over it.
fn table(text: &str, environment: &Environment, source: &Source) -> Result<Table, ConfigError> {
    let mut table: Table =
        text.parse().map_err(|error: toml::de::Error| ConfigError::syntax(&source.name, text, &error))?;
    environment.apply(&mut table)?;
    Ok(table)
}

fn settings_of(table: Table, environment: &Environment, source: &Source) -> Result<RawSettings, ConfigError> {
    serde_path_to_error::deserialize(table).map_err(|error| {
        let key = error.path().to_string();
        let place = environment.name_of(&key).map_or_else(|| source.place(&key), str::to_owned);
        ConfigError::unknown_or_mistyped(&place, error.inner())
    })
}

impl RawSettings {
    fn validate(self, folder: &Path, made: Vec<String>) -> Result<Settings, ConfigError> {
        let mut notices = Vec::new();
        let hosts = hosts::validate(self.hosts, &self.auth, &self.upload, folder, &mut notices);
        let hosts_and_component = ConfigError::both(hosts, self.component.validate(folder));
        let listen_and_store = ConfigError::both(self.listen.validate(folder), self.store.validate(folder));
        let ejabberd_and_limits = ConfigError::both(self.ejabberd.validate(), self.limits.validate());
        let (((hosts, component), (listen, store)), (ejabberd, limits)) =
            ConfigError::both(ConfigError::both(hosts_and_component, listen_and_store), ejabberd_and_limits)?;
        if let Some(component) = &component {
            component.check_apart(&hosts)?;
        }
        if listen.api {
            hosts::check_apart_from_api(&hosts)?;
        }
        Ok(Settings {
            listen,
            hosts,
            store,
            component,
            ejabberd,
            limits,
            log: self.log.validate(),
            made,
            notices,
        })
    }
}

#[cfg(test)]
mod tests;
