//! `[ejabberd]`: where ejabberd itself is asked.

use serde::Deserialize;
use url::Url;

use super::ConfigError;

/// `[ejabberd]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EjabberdSettings {
    /// Its API (`mod_http_api`), up to a command's name and without a slash at the end.
    pub api_url: Option<String>,
}

/// Where ejabberd is asked, by commands that want to know how it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEjabberd {
    /// ejabberd's HTTP API (`mod_http_api`) on an address that only this machine reaches, up to the name of a command:
    /// `http://127.0.0.1:5281/api`. `config check` asks it for `status` and `check_account`.
    ///
    /// Default: none; `config check` then takes the loopback listener that it finds in `--ejabberd-yml`.
    api_url: Option<String>,
}

impl RawEjabberd {
    pub(super) fn validate(self) -> Result<EjabberdSettings, ConfigError> {
        Ok(EjabberdSettings { api_url: self.api_url.as_deref().map(api_url).transpose()? })
    }
}

fn api_url(text: &str) -> Result<String, ConfigError> {
    let usable = |url: &Url| {
        url.scheme() == "http"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let url = Url::parse(text).ok().filter(usable);
    let url = url.ok_or_else(|| {
        let problem = "has to be where mod_http_api listens for this machine, like http://127.0.0.1:5281/api, without query";
        ConfigError::at("ejabberd.api_url", problem)
    })?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_a_plain_url() {
        assert_eq!(api_url("http://127.0.0.1:5281/api/").unwrap(), "http://127.0.0.1:5281/api");
        for wrong in
            ["", "127.0.0.1:5281", "https://h/api", "http://u:p@h/api", "http://h/api?x=1", "unix:/x"]
        {
            assert!(api_url(wrong).is_err(), "{wrong}");
        }
    }
}
