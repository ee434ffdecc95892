//! `[listen]`: where the three listeners stand.

use serde::Deserialize;

use super::ConfigError;
use crate::types::Address;

/// `[listen]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenSettings {
    /// Uploads and downloads, for the world.
    pub public: Address,
    /// External auth, for ejabberd alone.
    pub hook: Address,
    /// Health and metrics.
    pub ops: Address,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawListen {
    public: Option<String>,
    hook: Option<String>,
    ops: Option<String>,
}

impl RawListen {
    pub(super) fn validate(self) -> Result<ListenSettings, ConfigError> {
        let public = parse("listen.public", self.public.as_deref().unwrap_or("0.0.0.0:8080"))?;
        let hook = parse("listen.hook", self.hook.as_deref().unwrap_or("127.0.0.1:8081"))?;
        let ops = parse("listen.ops", self.ops.as_deref().unwrap_or("0.0.0.0:8082"))?;
        if let Address::Tcp(address) = &hook
            && !address.ip().is_loopback()
        {
            return Err(ConfigError::at(
                "listen.hook",
                "whoever reaches the hook can try passwords: use a loopback address (127.0.0.1:8081) or unix:/path",
            ));
        }
        Ok(ListenSettings { public, hook, ops })
    }
}

fn parse(key: &str, text: &str) -> Result<Address, ConfigError> {
    text.parse().map_err(|error| ConfigError::at(key, format!("{text:?} is {error}")))
}
