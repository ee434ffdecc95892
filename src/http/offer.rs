//! What a listener serves: exchanged as a whole while connections are open.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use axum::Router;
use hyper_util::service::TowerToHyperService;

use super::pace::Pace;
use super::tls::Tls;
use crate::policy::TrustedProxies;

/// What a listener serves, and by which rules.
#[derive(Debug)]
pub struct Offer {
    routes: TowerToHyperService<Router>,
    /// For a request's head, for the pause between two requests, and for a handshake.
    pub(super) header_timeout: Duration,
    /// How fast a client has to take its answers.
    pub(super) pace: Pace,
    /// Where connections are encrypted.
    pub(super) tls: Option<Tls>,
    /// Where requests carry the address of their client: whose word on it is taken.
    pub(super) proxies: Option<TrustedProxies>,
}

impl Offer {
    /// Serves `routes`, unencrypted, to clients who are at the other end of their connection.
    #[must_use]
    pub fn new(routes: Router, header_timeout: Duration, pace: Pace) -> Self {
        let routes = TowerToHyperService::new(routes);
        Self { routes, header_timeout, pace, tls: None, proxies: None }
    }

    /// The same to whom `proxies` say a request comes from, encrypted where there is a certificate.
    #[must_use]
    pub fn to_strangers(self, proxies: TrustedProxies, tls: Option<Tls>) -> Self {
        Self { proxies: Some(proxies), tls, ..self }
    }

    pub(super) fn routes(&self) -> &TowerToHyperService<Router> {
        &self.routes
    }
}

/// The offer of now. Its clones are the same.
///
/// Each request is answered by the offer of the moment at which its head was there, to its end; a connection is encrypted and timed by
/// the one of the moment at which it was made.
#[derive(Debug, Clone)]
pub struct CurrentOffer(Arc<ArcSwap<Offer>>);

impl CurrentOffer {
    /// Begins with `offer`.
    #[must_use]
    pub fn new(offer: Offer) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(offer)))
    }

    /// From now on `offer`. No connection ends by that.
    pub fn replace(&self, offer: Offer) {
        self.0.store(Arc::new(offer));
    }

    pub(super) fn now(&self) -> Guard<Arc<Offer>> {
        self.0.load()
    }
}
