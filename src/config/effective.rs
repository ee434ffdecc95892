//! The settings as they are in force, to be read and to be used again: what was written, the environment over it, the defaults below.

use std::path::{Path, PathBuf, absolute};

use toml::{Table, Value};

use super::{ConfigError, Environment, Source, opened, settings_of, table};
use crate::policy::ADMIN_NAMES;

/// What holds for what nobody has written. A setting that has no value by default is not in here.
const DEFAULTS: &str = r#"
[listen]
public = "0.0.0.0:8080"
api = true
hook = "127.0.0.1:8081"
hook_prefix = ""
ops = "0.0.0.0:8082"
trusted_proxies = []
[auth]
user_exists = "seen"
provisioning = false
token_max_bytes = 8192
[upload]
public_url = "http://localhost:8080/upload/@HOST@"
accept = ["v", "bearer"]
slot_ttl = "5m"
token_in_url = false
max_size = "100MiB"
quota_per_user = "none"
quota_per_host = "none"
retention = "none"
allowed_types = "*/*"
denied_types = []
allowed_extensions = "*"
denied_extensions = []
inline_types = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif", "image/bmp", "image/jxl", "audio/*", "video/*", "text/plain", "image/apng"]
legacy_prefixes = []
[component]
server = "127.0.0.1:5347"
[limits]
connections = 2048
header_timeout = "10s"
idle_timeout = "45s"
min_rate = "1KiB"
uploads = 1024
logins_per_minute = 20
slots_per_minute = 60
api_requests_per_minute = 120
bytes_per_minute = "0B"
drain = "30s"
[log]
format = "human"
level = "info"
audit = true
"#;
const ISSUER: &str =
    "audience = []\nleeway = '30s'\nmax_lifetime = '24h'\nrequired_claims = []\nuser_claim = 'sub'\n";
const DISK: &str = "sync = true\n";
const S3: &str = "region = 'us-east-1'\nprefix = ''\npath_style = false\ndownload = 'proxy'\nsingle_put_max = '5GiB'\nconcurrency = 2048\n";

/// What holds a secret.
const SECRETS: [&str; 5] = ["secret", "secrets", "hook_credentials", "hook_slot_key", "secret_access_key"];
/// What stands in its place; too short for most, so that nothing starts with it by accident.
const HIDDEN: &str = "(not shown)";

/// The settings in force as TOML, without secrets.
///
/// # Errors
///
/// [`ConfigError`] as for [`Settings::load`](super::Settings::load): what is not usable is not printed.
pub fn effective(file: Option<&Path>, environment: &Environment) -> Result<String, ConfigError> {
    let (text, source, made) = opened(file)?;
    let mut table = table(&text, environment, &source)?;
    settings_of(table.clone(), environment, &source)?.validate(&source.folder, made)?;
    fill_in(&mut table)?;
    absolute_paths(&mut table, &source.folder)?;
    hide(&mut table);
    let toml = toml::to_string_pretty(&table).map_err(|error| unprintable(&source, &error))?;
    let Source { name, .. } = source;
    Ok(format!(
        "# The settings in force: {name}, the environment over it, the defaults below. Secrets are not shown.\n{toml}"
    ))
}

fn unprintable(source: &Source, error: &toml::ser::Error) -> ConfigError {
    ConfigError::at(&source.name, format!("cannot be printed: {error}"))
}

fn defaults(text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| ConfigError::syntax("the defaults", text, &error))
}

fn fill_in(table: &mut Table) -> Result<(), ConfigError> {
    merge(table, defaults(DEFAULTS)?);
    if let Some(Value::Table(store)) = table.get_mut("store") {
        let of_kind = if store.get("kind").and_then(Value::as_str) == Some("s3") { S3 } else { DISK };
        merge(store, defaults(of_kind)?);
    }
    let mut of_issuer = defaults(ISSUER)?;
    of_issuer.insert("deny_localparts".to_owned(), ADMIN_NAMES.to_vec().into());
    let hosts = table.get_mut("hosts").and_then(Value::as_table_mut);
    for (_, host) in hosts.into_iter().flatten() {
        let issuers = host.get_mut("issuers").and_then(Value::as_array_mut);
        for issuer in issuers.into_iter().flatten().filter_map(Value::as_table_mut) {
            merge(issuer, of_issuer.clone());
        }
    }
    Ok(())
}

/// Adds what is missing. Numbers and the like that the environment gave as text become what they are.
fn merge(table: &mut Table, defaults: Table) {
    for (key, default) in defaults {
        match (table.get_mut(&key), default) {
            (Some(Value::Table(section)), Value::Table(defaults)) => merge(section, defaults),
            (Some(Value::String(text)), Value::Integer(_) | Value::Boolean(_)) => {
                if let Ok(value) = text.parse::<Value>() {
                    table.insert(key, value);
                }
            }
            (Some(_), _) => {}
            (None, default) => {
                table.insert(key, default);
            }
        }
    }
}

/// Relative paths start at the file's folder, which what is printed does not know.
fn absolute_paths(table: &mut Table, folder: &Path) -> Result<(), ConfigError> {
    let is_path = |key: &str| key.ends_with("_file");
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(section) => {
                for name in ["path", "cert", "key"] {
                    let of_section =
                        matches!((key.as_str(), name), ("store", "path") | ("tls", "cert" | "key"));
                    if let Some(Value::String(path)) = section.get_mut(name).filter(|_| of_section) {
                        *path = joined(folder, path)?;
                    }
                }
                if key != "required_claims" {
                    absolute_paths(section, folder)?;
                }
            }
            Value::Array(items) => {
                for item in items.iter_mut().filter_map(Value::as_table_mut) {
                    absolute_paths(item, folder)?;
                }
            }
            Value::String(path) if is_path(key) => *path = joined(folder, path)?,
            _ => {}
        }
    }
    Ok(())
}

fn joined(folder: &Path, path: &str) -> Result<String, ConfigError> {
    let joined: PathBuf = folder.join(path);
    let whole = absolute(&joined).map_err(|error| ConfigError::unreadable(&joined, &error))?;
    Ok(whole.display().to_string())
}

fn hide(table: &mut Table) {
    for (key, value) in table.iter_mut() {
        if SECRETS.contains(&key.as_str()) {
            *value = match value {
                Value::Array(secrets) => vec![HIDDEN; secrets.len()].into(),
                _ => HIDDEN.into(),
            };
            continue;
        }
        match value {
            Value::Table(section) if key != "required_claims" => hide(section),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_table_mut).for_each(hide),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Settings;

    /// Secrets come out of files here, so that what is printed can be used as it is.
    const MINIMAL: &str = "[upload]\nsecrets_file = 'upload'\n[[hosts.'a.org'.issuers]]\nissuer = 'i'\nsecret_file = 'issuer'\n";

    fn both(store: &str, variables: &[(&str, &str)]) -> (Settings, Settings, String) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("upload"), "the upload secret of these tests").unwrap();
        fs::write(folder.path().join("issuer"), "the issuer's secret of these tests").unwrap();
        fs::write(folder.path().join("s3"), "the key of the store").unwrap();
        let file = folder.path().join("sidecar.toml");
        fs::write(&file, format!("{MINIMAL}{store}")).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let environment = Environment::from_variables(variables);
        let printed = effective(Some(&file), &environment).unwrap();
        let again = tempfile::tempdir().unwrap();
        let other = again.path().join("printed.toml");
        fs::write(&other, &printed).unwrap();
        let first = Settings::load(Some(&file), &environment).unwrap();
        (first, Settings::load(Some(&other), &Environment::default()).unwrap(), printed)
    }

    #[track_caller]
    fn assert_same(first: &Settings, second: &Settings) {
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
    }

    #[test]
    fn what_is_printed_says_the_same_from_anywhere() {
        let (first, second, _) = both("[store]\nkind = 'disk'\npath = 'files'\n", &[]);
        assert_same(&first, &second);
        let s3 = "[store]\nkind = 's3'\nbucket = 'b'\naccess_key_id = 'id'\nsecret_access_key_file = 's3'\n";
        let (first, second, printed) = both(s3, &[("EJABBERD_SIDECAR__LIMITS__UPLOADS", "7")]);
        assert_same(&first, &second);
        assert!(printed.contains("\nuploads = 7\n"), "{printed}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let text = "[upload]\nsecrets = ['first upload secret', 'other upload secret']\n[listen]\nhook_credentials = 'me:0123456789abcdef0123'\n[[hosts.'a.org'.issuers]]\nissuer = 'i'\nsecret = 'an issuer secret of thirty-two bytes'\n[[hosts.'a.org'.issuers]]\nissuer = 'j'\nsecret = ['another issuer secret of thirty-two']\n[store]\nkind = 's3'\nbucket = 'b'\naccess_key_id = 'id'\nsecret_access_key = 'store key'\n";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sidecar.toml");
        fs::write(&file, text).unwrap();
        let printed = effective(Some(&file), &Environment::default()).unwrap();
        for secret in ["first", "other", "0123", "thirty-two", "store key"] {
            assert!(!printed.contains(secret), "{secret}: {printed}");
        }
        assert_eq!(printed.matches(HIDDEN).count(), 6, "{printed}");
    }
}
