//! The ways in which upload URLs are signed.

use std::fmt;
use std::str::FromStr;

use crate::types::{ContentType, ObjectPath};

/// One of them, as `upload.accept` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// The XMPP server signs.
    Server(ServerScheme),
    /// We do: slots that name their user and end ([`SlotTerms`](super::SlotTerms)).
    Bearer,
    /// Prosody's `mod_http_file_share` does, which leaves the files to us ([`ProsodySlot`](super::ProsodySlot)).
    Jwt,
}

/// How XMPP servers sign. All use HMAC-SHA256 and the secret that both servers share, and put the MAC into the query as hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerScheme {
    /// `?v=`, over path and size: ejabberd's `mod_http_upload` with `external_secret`, and Prosody's `mod_http_upload_external`.
    V,
    /// `?v2=`, over path, size and type: Prosody's `mod_http_upload_external` with `http_upload_external_protocol = "v2"`.
    V2,
    /// `?token=`, the same by Metronome's name.
    Token,
}

/// No scheme has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no scheme of upload tokens: there are \"v\", \"v2\", \"token\", \"bearer\" and \"jwt\"")]
pub struct UnknownScheme;

impl ServerScheme {
    /// All of them, the one that says most about the file first.
    pub(super) const BY_VERSION: [Self; 3] = [Self::V2, Self::Token, Self::V];

    /// The parameter's name, which is the scheme's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V => "v",
            Self::V2 => "v2",
            Self::Token => "token",
        }
    }

    /// What is signed, for a file of `size` bytes. A path holds no NUL and a size no space, so that two files never have this in common.
    #[must_use]
    pub fn signed(self, path: &ObjectPath, size: u64, content_type: &ContentType) -> String {
        match self {
            Self::V => format!("{path} {size}"),
            Self::V2 | Self::Token => format!("{path}\0{size}\0{content_type}"),
        }
    }
}

impl Scheme {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Server(scheme) => scheme.name(),
            Self::Bearer => "bearer",
            Self::Jwt => "jwt",
        }
    }
}

impl From<ServerScheme> for Scheme {
    fn from(scheme: ServerScheme) -> Self {
        Self::Server(scheme)
    }
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(name: &str) -> Result<Self, UnknownScheme> {
        let servers = ServerScheme::BY_VERSION.into_iter().map(Self::Server);
        servers.chain([Self::Bearer, Self::Jwt]).find(|scheme| scheme.name() == name).ok_or(UnknownScheme)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ServerScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
