//! Below which URLs files lie.

use url::Url;

use super::Layers;
use crate::config::ConfigError;
use crate::types::Vhost;

impl Layers<'_> {
    pub(super) fn public_url(&self, host: &Vhost) -> Result<Url, ConfigError> {
        let given = self.pick("public_url", |raw| raw.public_url.as_deref());
        let (place, url) =
            given.unwrap_or_else(|| ("upload.public_url".to_owned(), "http://localhost:8080/upload/@HOST@"));
        public_url(&place, &for_host(url, host))
    }

    pub(super) fn legacy_prefixes(&self, host: &Vhost) -> Result<Vec<String>, ConfigError> {
        let Some((place, list)) = self.pick("legacy_prefixes", |raw| raw.legacy_prefixes.as_ref()) else {
            return Ok(Vec::new());
        };
        list.as_slice().iter().map(|text| legacy_prefix(&place, &for_host(text, host))).collect()
    }
}

fn for_host(text: &str, host: &Vhost) -> String {
    text.replace("@HOST@", host.as_str())
}

fn legacy_prefix(key: &str, text: &str) -> Result<String, ConfigError> {
    if !text.starts_with('/') || text.contains(['?', '#', ' ']) {
        return Err(ConfigError::at(
            key,
            format!("{text:?} has to be the path of an old URL, like /upload/"),
        ));
    }
    Ok(format!("{}/", text.trim_end_matches('/')))
}

fn public_url(key: &str, text: &str) -> Result<Url, ConfigError> {
    let problem = "has to be what clients reach, like https://upload.example.org/upload/@HOST@, without query or fragment";
    let url = Url::parse(text).map_err(|_| ConfigError::at(key, problem))?;
    let usable =
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if usable && url.username().is_empty() { Ok(url) } else { Err(ConfigError::at(key, problem)) }
}
