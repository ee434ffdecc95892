//! The HTTP client below the SDK: its connections, and what their ends mean.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::SharedHttpClient;
use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::error::ConnectorError;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{HttpConnector as Sockets, capture_connection};
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::{Handle, Id};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower::BoxError;
use tower::timeout::{Timeout, error::Elapsed};
use tower::util::BoxCloneSyncService;

use super::errors::causes;

/// How long a connection to the store may take, once its address is known.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much longer it may take with its name before and its handshake behind. A resolver turns to its second name server after five seconds of the first one's
/// silence (resolv.conf(5)).
const LOOK_UP: Duration = Duration::from_secs(10);
/// How long a connection is kept without a request. A store that closes it in the moment in which it is used again fails an upload, which cannot be sent
/// twice; they do so after 20 seconds (AWS) to 75.
const IDLE: Duration = Duration::from_secs(10);

/// Certificate authorities are where OpenSSL looks for them, or where `SSL_CERT_FILE` and `SSL_CERT_DIR` say. They are read once: each runtime makes a client, and
/// does so within its first upload.
static AUTHORITIES: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(authorities)
});

/// Whether the machine has certificate authorities: without any, no https server is believed.
#[must_use]
pub fn has_authorities() -> bool {
    !AUTHORITIES.is_empty()
}

/// For the store, and for whoever tells the SDK who it is. A connection that takes nothing for `patience` is ended.
///
/// Each runtime has connections of its own: if another one used them, each frame of a body would be handed from one thread to another, which costs many
/// uploads at once a twentieth of their speed.
pub(super) fn http_client(patience: Duration) -> SharedHttpClient {
    let connectors = Mutex::<HashMap<(Option<Id>, Timeouts), SharedHttpConnector>>::default();
    http_client_fn(move |settings, _| {
        let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        let timeouts = Timeouts::of(settings);
        let mut connectors = connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || SharedHttpConnector::new(Http::new(timeouts, patience));
        connectors.entry((runtime, timeouts)).or_insert_with(new).clone()
    })
}

/// What the SDK asks for. It is in a hurry where it looks for a machine's own credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Timeouts {
    connect: Duration,
    /// Until the answer's head is there.
    answer: Option<Duration>,
}

impl Timeouts {
    fn of(settings: &HttpConnectorSettings) -> Self {
        Self {
            connect: settings.connect_timeout().unwrap_or(CONNECT_TIMEOUT),
            answer: settings.read_timeout(),
        }
    }
}

type Connections = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

/// Connections to servers.
#[derive(Debug)]
struct Http {
    requests: Client<Connections, SdkBody>,
    timeouts: Timeouts,
}

impl Http {
    fn new(timeouts: Timeouts, patience: Duration) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        Self { requests: builder.build(connections(timeouts.connect, patience)), timeouts }
    }
}

fn connections(timeout: Duration, patience: Duration) -> Connections {
    let mut sockets = Sockets::new();
    sockets.enforce_http(false);
    sockets.set_nodelay(true);
    // Shared by the addresses of a name: one that is silent leaves time for the others.
    sockets.set_connect_timeout(Some(timeout));
    // Who gave an upload up has left a connection behind that still has something to write. A server that is silent would keep it, with all that it holds.
    sockets.set_tcp_user_timeout(Some(patience));
    let tls = ClientConfig::builder().with_root_certificates(Arc::clone(&AUTHORITIES)).with_no_client_auth();
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    BoxCloneSyncService::new(Timeout::new(https.wrap_connector(sockets), LOOK_UP + timeout))
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        tell_connection(&mut request);
        let (answer, patience) = (self.requests.request(request), self.timeouts.answer);
        HttpConnectorFuture::new(async move {
            let answer = match patience {
                Some(patience) => tokio::time::timeout(patience, answer)
                    .await
                    .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?,
                None => answer.await,
            };
            let answer = answer.map_err(|error| failed(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The SDK ends connections whose server fails in passing: the next one may lead to another server.
fn tell_connection(request: &mut Request<SdkBody>) {
    let connection = capture_connection(request);
    let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() else { return };
    capture.set_connection_retriever(move || {
        let connection = connection.clone();
        let end = move || {
            connection.connection_metadata().as_ref().inspect(|connected| connected.poison());
        };
        Some(ConnectionMetadata::builder().proxied(false).poison_fn(end).build())
    });
}

/// What the SDK tries again is what was late, and what broke.
fn failed(error: BoxError) -> ConnectorError {
    let any = |is: fn(&(dyn Error + 'static)) -> bool| causes(&*error).any(is);
    if any(<dyn Error>::is::<Elapsed>) {
        ConnectorError::timeout(error)
    } else if any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_user)) {
        ConnectorError::user(error)
    } else {
        ConnectorError::io(error)
    }
}
