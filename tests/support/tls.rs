//! Certificates, and a client that trusts one.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::http::{Client, connect};

/// A certificate for localhost with its key.
pub(crate) struct Pair(CertifiedKey<KeyPair>);

/// The files that [`CONFIGURATION`] names.
pub(crate) const CERT: &str = "cert.pem";
pub(crate) const KEY: &str = "key.pem";
/// Lines for `[listen]`.
pub(crate) const CONFIGURATION: &str = "tls = { cert = 'cert.pem', key = 'key.pem' }";

impl Pair {
    pub(crate) fn new() -> Self {
        Self(generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate"))
    }

    pub(crate) fn cert(&self) -> String {
        self.0.cert.pem()
    }

    pub(crate) fn key(&self) -> String {
        self.0.signing_key.serialize_pem()
    }

    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join(CERT), self.cert()).expect("writable");
        fs::write(folder.join(KEY), self.key()).expect("writable");
    }

    /// A connection to `address` that is made if the certificate there is this one.
    pub(crate) fn connect(&self, address: &str) -> io::Result<Client> {
        Ok(Client::over(self.connect_with(address, &[&TLS12, &TLS13])?))
    }

    /// The same with these versions, after its handshake.
    pub(crate) fn connect_with(
        &self,
        address: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.0.cert.der().to_vec())).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = "localhost".try_into().expect("a name");
        let mut session = ClientConnection::new(Arc::new(config), name).expect("a configuration");
        let mut stream = connect(address);
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(session, stream))
    }
}
