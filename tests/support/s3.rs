//! An S3 server on loopback, with its objects in a folder: s3s-fs behind hyper.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every test file")]

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;

/// The bucket, which exists from the start.
pub(crate) const BUCKET: &str = "uploads";
/// The access key's id.
pub(crate) const ACCESS_KEY_ID: &str = "test-access-key";
/// The access key.
pub(crate) const SECRET_ACCESS_KEY: &str = "test-secret-key-0123456789";

/// A server that is bound.
pub(crate) struct S3Server {
    listener: TcpListener,
    service: S3Service,
}

impl S3Server {
    /// Binds a loopback port (0: a free one) and serves the folder `root`.
    pub(crate) async fn bind(port: u16, root: &Path) -> io::Result<Self> {
        Self::on(TcpListener::bind(("127.0.0.1", port)).await?, root)
    }

    /// Serves the folder `root` on a socket that listens.
    pub(crate) fn on(listener: TcpListener, root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root.join(BUCKET))?;
        let files = s3s_fs::FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        Ok(Self { listener, service: service.build() })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves for ever.
    pub(crate) async fn serve(self) -> io::Result<()> {
        let http = auto::Builder::new(TokioExecutor::new());
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (connection, _) = self.listener.accept().await?;
            let (http, service) = (http.clone(), self.service.clone());
            // A client that breaks its connection is not the server's concern.
            connections
                .spawn(async move { http.serve_connection(TokioIo::new(connection), service).await.is_ok() });
            while connections.try_join_next().is_some() {}
        }
    }
}
