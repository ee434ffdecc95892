//! For the kubelet and Prometheus.

use std::sync::Arc;

use axum::extract::State;

use crate::login::Registry;
use crate::store::StoreHealth;
use crate::telemetry::component::ComponentState;
use crate::telemetry::metrics::Counting;

/// What the `ops` listener tells.
#[derive(Debug)]
pub struct OpsDoor {
    /// What was counted.
    pub counting: Counting,
    /// Whether the store answered.
    pub store: Arc<StoreHealth>,
    /// Whether it is known who exists.
    pub registry: Arc<Registry>,
    /// Whether slots can be asked for over XMPP.
    pub component: Arc<ComponentState>,
}

/// The process runs.
pub(super) async fn livez() -> &'static str {
    "alive\n"
}

/// Settings are valid and the listeners bound, or this would not be served. A store that is away is told and does not count: logins
/// go on without it.
pub(super) async fn readyz(State(door): State<Arc<OpsDoor>>) -> String {
    let users = if door.registry.is_loaded() {
        "loaded"
    } else {
        "not loaded yet: until they are, every user exists"
    };
    format!("ready\nstore: {}\nusers: {users}\ncomponent: {}\n", door.store, door.component)
}

pub(super) async fn metrics(State(door): State<Arc<OpsDoor>>) -> String {
    door.counting.render()
}
