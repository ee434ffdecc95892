//! Serves one connection.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::{self, Parts};
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperServiceFuture;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use super::client::ClientAddress;
use super::linger::Lingering;
use super::offer::CurrentOffer;
use super::rejection::{Rejection, check_host};
use super::socket::Stream;
use super::stall::Stalling;
use super::tls::Encrypted;
use crate::telemetry::{audit, metrics};

/// What a connection may keep in memory of a request's head, or of a body on its way. hyper's default is 400 KiB, which many connections
/// with heads that never end could add up.
const BUFFER_MAX_BYTES: usize = 128 * 1024;

/// What HTTP is spoken over.
type Wire = Either<Stalling<Stream>, Encrypted<Stalling<Stream>>>;

/// What the connections of a listener have in common.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) listener: &'static str,
    pub(super) offer: CurrentOffer,
    pub(super) stop: CancellationToken,
}

/// Whether a connection is one of those that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    Yes,
    /// There were enough: it is told so.
    No,
}

impl Served {
    /// Until the connection ends; once the service stops, until the request under way is answered.
    pub(super) async fn connection(&self, stream: Stream, peer: Option<IpAddr>, admitted: Admitted) {
        let _counted = metrics::connection(self.listener);
        let (tls, pace, header_timeout) = {
            // Not for longer: an offer that was replaced goes with its last request, and not with its last connection.
            let offer = self.offer.now();
            (offer.tls.clone(), offer.pace, offer.header_timeout)
        };
        let stream = Stalling::new(stream, pace.idle, pace.min_rate);
        let Some(tls) = tls else {
            return self.speak(Either::Left(stream), peer, admitted, header_timeout).await;
        };
        // Boxed for the same reason as what comes of it.
        let shaking_hands = Box::pin(timeout(header_timeout, tls.accept(stream)));
        let failed = match self.stop.run_until_cancelled(shaking_hands).await {
            Some(Ok(Ok(Some(stream)))) => {
                return self.speak(Either::Right(stream), peer, admitted, header_timeout).await;
            }
            Some(Ok(Err(error))) => error.to_string(),
            Some(Err(late)) => late.to_string(),
            Some(Ok(Ok(None))) | None => return,
        };
        audit::handshake_failed(self.listener, peer, &failed);
    }

    async fn speak(&self, stream: Wire, peer: Option<IpAddr>, admitted: Admitted, header_timeout: Duration) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(BUFFER_MAX_BYTES);
        // Who has said all may close his side, and waits for the answer.
        http.half_close(true);
        let entrance = Entrance { served: self, peer, admitted, asked: Cell::new(false) };
        let io = TokioIo::new(Lingering::new(stream, self.stop.clone()));
        let mut serving = http.serve_connection(io, entrance);
        let ended = if let Some(ended) = self.stop.run_until_cancelled(&mut serving).await {
            ended
        } else {
            Pin::new(&mut serving).graceful_shutdown();
            (&mut serving).await
        };
        let Parts { io, read_buf, service: Entrance { asked, .. }, .. } = serving.into_parts();
        let Err(error) = ended else {
            // The library leaves that to us where a client has offered to change the protocol, though nobody took that up.
            drop(io.into_inner().shutdown().await);
            return;
        };
        io.into_inner().hang_up().await;
        // Strangers break connections all the time.
        tracing::debug!(listener = self.listener, "a connection ended: {error}");
        // Between two requests silence is nothing to tell of.
        let waiting = !asked.get() || !read_buf.is_empty();
        if let Some(rejection) = Rejection::of(error, waiting) {
            audit::request_rejected(self.listener, peer, rejection.audit());
        }
    }
}

/// What each request of a connection comes through first.
struct Entrance<'s> {
    served: &'s Served,
    peer: Option<IpAddr>,
    admitted: Admitted,
    /// Whether there was a request yet.
    asked: Cell<bool>,
}

impl Entrance<'_> {
    fn check(&self, request: &Request<Incoming>) -> Result<(), Rejection> {
        match self.admitted {
            Admitted::Yes => check_host(request.version(), request.headers()),
            Admitted::No => Err(Rejection::TooManyConnections),
        }
    }
}

impl Service<Request<Incoming>> for Entrance<'_> {
    type Response = Response;
    type Error = Infallible;
    type Future =
        Either<Ready<Result<Response, Infallible>>, TowerToHyperServiceFuture<Router, Request<Incoming>>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.asked.set(true);
        let offer = self.served.offer.now();
        let mut client = self.peer;
        if let Some(proxies) = &offer.proxies {
            let address = ClientAddress::of(request.headers(), self.peer, proxies);
            client = address.0;
            request.extensions_mut().insert(address);
        }
        match self.check(&request) {
            Ok(()) => Either::Right(offer.routes().call(request)),
            Err(rejection) => {
                audit::request_rejected(self.served.listener, client, rejection.audit());
                Either::Left(ready(Ok((&rejection).into_response())))
            }
        }
    }
}
