//! `[component]`: how slots are asked for over XMPP.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigError;
use super::hosts::HostSettings;
use super::secrets::Given;
use crate::types::{Secret, Vhost, parse_vhost};

/// Where ejabberd waits for components, if nothing else is said.
const DEFAULT_SERVER: &str = "127.0.0.1:5347";
/// The fewest bytes of the secret that is shared with ejabberd.
const SECRET_MIN_BYTES: usize = 16;

/// `[component]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentSettings {
    /// Its domain.
    pub jid: Vhost,
    /// `host:port` of ejabberd's listener.
    pub server: String,
    /// What ejabberd knows it by.
    pub secret: Secret,
}

/// The sidecar as a component (XEP-0114) of ejabberd, which hands out upload slots of scheme `bearer` itself: bound to their user, with an end, and with a readable error where
/// there is none. ejabberd's side is a listener with `module: ejabberd_service` that has `jid` among its `hosts`. Without `jid` there is no component.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawComponent {
    /// The component's domain: `upload.example.org`. One component serves the users of all vhosts of this configuration; clients of a vhost find it by
    /// themselves if it is a subdomain of theirs. Several sidecars may have the same.
    ///
    /// Default: none, and no component
    jid: Option<String>,
    /// Where ejabberd listens for components: a host or an IP address, with its port. What goes over the line is not encrypted, so it should not leave the machine or the pod.
    ///
    /// Default: `"127.0.0.1:5347"`
    server: Option<String>,
    /// The secret that ejabberd's listener has for this component as `password`.
    ///
    /// Default: none, and `jid` needs it, here or in `secret_file`
    secret: Option<SecretString>,
    /// A file with the secret.
    ///
    /// Default: none
    secret_file: Option<PathBuf>,
}

impl RawComponent {
    pub(super) fn validate(self, folder: &Path) -> Result<Option<ComponentSettings>, ConfigError> {
        let secret = Given {
            key: "component.secret".to_owned(),
            value: self.secret.as_ref(),
            file: self.secret_file.as_ref(),
            folder,
            make: |bytes| Secret::new(bytes, SECRET_MIN_BYTES),
        }
        .one()?;
        let server = server(self.server.as_deref().unwrap_or(DEFAULT_SERVER))?;
        match (self.jid, secret) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(ConfigError::at(
                "component.jid",
                "is missing: give the domain that ejabberd's listener has for this component, like upload.example.org",
            )),
            (Some(_), None) => Err(ConfigError::at(
                "component.secret",
                "is missing: give the password that ejabberd's listener has for this component, here or in secret_file",
            )),
            (Some(text), Some(secret)) => {
                let jid = parse_vhost(&text).ok_or_else(no_domain_of_its_own)?;
                Ok(Some(ComponentSettings { jid, server, secret }))
            }
        }
    }
}

impl ComponentSettings {
    /// A component and a vhost are two.
    pub(super) fn check_apart(&self, hosts: &[HostSettings]) -> Result<(), ConfigError> {
        if hosts.iter().any(|host| host.vhost == self.jid) { Err(no_domain_of_its_own()) } else { Ok(()) }
    }
}

fn no_domain_of_its_own() -> ConfigError {
    ConfigError::at(
        "component.jid",
        "has to be a domain of its own, like upload.example.org: no user, no vhost",
    )
}

/// `host:port`; what the host is called is found out at each connection.
fn server(text: &str) -> Result<String, ConfigError> {
    let usable = text.rsplit_once(':').is_some_and(|(host, port)| {
        let host = host
            .strip_prefix('[')
            .map_or_else(|| (!host.contains(':')).then_some(host), |ipv6| ipv6.strip_suffix(']'));
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '@']))
            && port.parse().is_ok_and(|port: u16| port > 0)
    });
    if usable {
        return Ok(text.to_owned());
    }
    Err(ConfigError::at(
        "component.server",
        "has to be where ejabberd_service listens, host and port: 127.0.0.1:5347, [::1]:5347 or ejabberd:5347",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_with_a_port() {
        for fine in ["127.0.0.1:5347", "[::1]:5347", "ejabberd:5347", "xmpp.example.org:8888"] {
            assert_eq!(server(fine).unwrap(), fine);
        }
        for wrong in [
            "",
            "5347",
            ":5347",
            "ejabberd",
            "ejabberd:",
            "ejabberd:0",
            "ejabberd:70000",
            "::1:5347",
            "a b:1",
            "x://h:1",
        ] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_component_has_all_or_nothing() {
        let raw = |toml: &str| toml::from_str::<RawComponent>(toml).unwrap().validate(Path::new("/"));
        assert_eq!(raw("").unwrap(), None);
        let secret = "secret = '0123456789abcdef'";
        let whole = raw(&format!("jid = 'Upload.Example.org'\n{secret}")).unwrap().unwrap();
        assert_eq!((whole.jid.as_str(), whole.server.as_str()), ("upload.example.org", "127.0.0.1:5347"));
        for (wrong, named) in [
            (secret.to_owned(), "component.jid"),
            ("jid = 'upload.a.org'".to_owned(), "component.secret"),
            ("jid = 'upload.a.org'\nsecret = 'short'".to_owned(), "component.secret"),
            (format!("jid = 'a@b'\n{secret}"), "component.jid"),
            (format!("jid = 'upload.a.org'\nserver = 'x'\n{secret}"), "component.server"),
        ] {
            let error = raw(&wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{wrong}: {error}");
        }
    }
}
