//! TLS in front of HTTP.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{self, CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::rustls::{Error, ServerConfig, crypto};
use tokio_rustls::server::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// What HTTP/1.1 is called in a handshake (RFC 7301 §6).
const HTTP_1_1: &[u8] = b"http/1.1";

/// A certificate with its chain, and the private key that belongs to it.
#[derive(Clone)]
pub struct Identity {
    config: Arc<ServerConfig>,
    expires: Option<Duration>,
}

/// Why two files are no [`Identity`]. Tells nothing of what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// There is no `CERTIFICATE` (RFC 7468 §5).
    #[error("holds no certificate in PEM")]
    NoCertificate,
    /// There is one that is none.
    #[error("holds a certificate that cannot be read")]
    Certificate,
    /// There is no `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY` (RFC 7468 §10).
    #[error("holds no private key in PEM; one that is encrypted cannot be used")]
    NoKey,
    /// There is one of an unknown algorithm, or damaged.
    #[error("holds a private key that cannot be used: it has to be of RSA, ECDSA or Ed25519")]
    Key,
    /// Each could be used with another one.
    #[error("is not the key of the certificate")]
    Mismatch,
}

impl InvalidIdentity {
    /// Whether the file with the key is to blame, and not the one with the certificate.
    #[must_use]
    pub fn is_of_key(self) -> bool {
        matches!(self, Self::NoKey | Self::Key | Self::Mismatch)
    }
}

impl Identity {
    /// Reads a chain, the server's own certificate first, and a key. Versions and ciphers are those that rustls finds good: TLS 1.2 and
    /// 1.3 (RFC 8446).
    ///
    /// # Errors
    ///
    /// [`InvalidIdentity`]
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, InvalidIdentity> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| InvalidIdentity::Certificate)?;
        if chain.is_empty() {
            return Err(InvalidIdentity::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pki_types::pem::Error::NoItemsFound => InvalidIdentity::NoKey,
            _ => InvalidIdentity::Key,
        })?;
        let expires = chain.first().and_then(expiry);
        let versions = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions();
        let served = versions.and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
        let mut config = served.map_err(|error| match error {
            Error::InconsistentKeys(_) => InvalidIdentity::Mismatch,
            Error::InvalidCertificate(_) => InvalidIdentity::Certificate,
            _ => InvalidIdentity::Key,
        })?;
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Ok(Self { config: Arc::new(config), expires })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// `notAfter` (RFC 5280 §4.1.2.5), since 1970.
fn expiry(certificate: &CertificateDer<'_>) -> Option<Duration> {
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate().validity().not_after.to_unix_duration())
}

/// A connection with TLS. Boxed, so that those without do not have the room for it all the same.
pub(super) type Encrypted<T> = Box<TlsStream<T>>;

/// Speaks TLS, as one identity after another. Its clones change together.
#[derive(Debug, Clone)]
pub struct Tls(Arc<ArcSwap<Identity>>);

impl Tls {
    /// Begins as `identity`.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(identity)))
    }

    /// Goes on as `identity`, at connections from now on.
    pub fn replace(&self, identity: Identity) {
        self.0.store(Arc::new(identity));
    }

    /// When its certificate expires, since 1970.
    #[must_use]
    pub fn expires(&self) -> Option<Duration> {
        self.0.load().expires
    }

    /// The handshake. `None` if the other side left before it had asked for one, as those do who only look whether a port is open.
    pub(super) async fn accept<T>(&self, connection: T) -> io::Result<Option<Encrypted<T>>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        match LazyConfigAcceptor::new(Acceptor::default(), connection).await {
            Ok(asked) => {
                let config = Arc::clone(&self.0.load().config);
                asked.into_stream(config).await.map(|stream| Some(Box::new(stream)))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(error),
            Err(_) => Ok(None),
        }
    }
}
