//! S3 servers for tests: one on loopback with its objects in a folder (s3s-fs behind hyper), or the one that the environment names.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every test file")]

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation};
use aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput;
use ejabberd_sidecar::store::{S3Credentials, S3Location, S3Store};
use ejabberd_sidecar::types::Secret;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Mutex;

/// Connections that wait for the server. Where there is no room for another one the system breaks it, now and then behind the client's back.
const BACKLOG: u32 = 4096;
/// The bucket, which exists from the start.
pub(crate) const BUCKET: &str = "uploads";
/// Of two names at most one in so many has to wait for the other's writer, too.
const TURNS: u64 = 4096;
/// The access key's id.
pub(crate) const ACCESS_KEY_ID: &str = "test-access-key";
/// The access key.
pub(crate) const SECRET_ACCESS_KEY: &str = "test-secret-key-0123456789";

#[expect(
    clippy::disallowed_methods,
    reason = "where the server of the tests is, is no setting of the service"
)]
fn given(name: &str) -> Option<String> {
    std::env::var(format!("TEST_S3_{name}")).ok()
}

/// A bucket for tests, and what of it is theirs.
#[derive(Debug, Clone)]
pub(crate) struct TestBucket {
    pub(crate) endpoint: String,
    pub(crate) region: String,
    pub(crate) bucket: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) prefix: String,
}

impl TestBucket {
    /// Of the server in this process.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self {
            endpoint: format!("http://{address}"),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret_access_key: SECRET_ACCESS_KEY.to_owned(),
            prefix: "chat/".to_owned(),
        }
    }

    /// Of the server that `scripts/test-s3` starts; each test has a prefix of its own there. `None` without one.
    pub(crate) fn of_environment() -> Option<Self> {
        let endpoint = given("ENDPOINT")?;
        let needed = |name| given(name).expect("the others of TEST_S3_… go with TEST_S3_ENDPOINT");
        Some(Self {
            endpoint,
            region: needed("REGION"),
            bucket: needed("BUCKET"),
            access_key_id: needed("ACCESS_KEY_ID"),
            secret_access_key: needed("SECRET_ACCESS_KEY"),
            prefix: format!("test-{:032x}/", rand::random::<u128>()),
        })
    }

    /// The same bucket by way of another address.
    pub(crate) fn by_way_of(&self, address: SocketAddr) -> Self {
        Self { endpoint: format!("http://{address}"), ..self.clone() }
    }

    /// What the service makes of it.
    pub(crate) fn store(&self) -> S3Store {
        let location = S3Location {
            bucket: self.bucket.clone(),
            region: self.region.clone(),
            endpoint: Some(self.endpoint.clone()),
            prefix: self.prefix.clone(),
            path_style: true,
        };
        let secret_access_key = Secret::new(self.secret_access_key.clone().into(), 0).expect("a key");
        let access_key_id = self.access_key_id.clone();
        S3Store::new(location, &S3Credentials::Key { access_key_id, secret_access_key })
    }

    /// What asks for nothing but what a test tells it to.
    pub(crate) fn client(&self) -> Client {
        let credentials = Credentials::new(&self.access_key_id, &self.secret_access_key, None, None, "tests");
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .credentials_provider(credentials)
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        Client::from_conf(config.build())
    }

    /// Everything that is there: objects, and uploads in parts that have not ended. What the store needs for itself (claims, probes) goes
    /// a moment later than what it is needed for.
    pub(crate) async fn listed(&self) -> BTreeSet<String> {
        let client = self.client();
        let mut pages =
            client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix).into_paginator().send();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.expect("a listing");
            found.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        // Not every server of the tests can tell.
        let uploads = client.list_multipart_uploads().bucket(&self.bucket).prefix(&self.prefix).send().await;
        for upload in uploads.iter().flat_map(ListMultipartUploadsOutput::uploads) {
            found.insert(format!("{} in parts", upload.key().expect("it has a name")));
        }
        found
    }
}

/// A server that is bound.
pub(crate) struct S3Server {
    listener: TcpListener,
    service: S3Service,
    turns: Option<Arc<[Mutex<()>]>>,
}

impl S3Server {
    /// Binds a loopback port (0: a free one) and serves the folder `root`.
    pub(crate) fn bind(port: u16, root: &Path) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
        Self::on(socket.listen(BACKLOG)?, root)
    }

    /// Serves the folder `root` on a socket that listens.
    pub(crate) fn on(listener: TcpListener, root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root.join(BUCKET))?;
        let files = s3s_fs::FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        Ok(Self { listener, service: service.build(), turns: None })
    }

    /// The same, where of those who write one name each waits for the one before, so that it enforces `If-None-Match`.
    pub(crate) fn in_turns(self) -> Self {
        Self { turns: Some((0..TURNS).map(|_| Mutex::default()).collect()), ..self }
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
            connection.set_nodelay(true)?;
            let (http, service) =
                (http.clone(), InTurns { service: self.service.clone(), turns: self.turns.clone() });
            // A client that breaks its connection is not the server's concern.
            connections
                .spawn(async move { http.serve_connection(TokioIo::new(connection), service).await.is_ok() });
            while connections.try_join_next().is_some() {}
        }
    }
}

/// The server for one connection.
struct InTurns {
    service: S3Service,
    turns: Option<Arc<[Mutex<()>]>>,
}

impl hyper::service::Service<Request<Incoming>> for InTurns {
    type Response = Response<s3s::Body>;
    type Error = s3s::HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (service, turns) = (self.service.clone(), self.turns.clone());
        Box::pin(async move {
            let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(request.uri().path());
            let turn = turns.as_deref().filter(|_| request.method() == Method::PUT);
            let turn = turn.map(|turns| &turns[usize::try_from(hash % TURNS).expect("a few")]);
            let _turn = match turn {
                Some(turn) => Some(turn.lock().await),
                None => None,
            };
            hyper::service::Service::call(&service, request).await
        })
    }
}
