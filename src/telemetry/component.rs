//! How the component is, for `/readyz` and the metrics.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::metrics;

/// Whether ejabberd takes the component for one of its own.
#[derive(Debug, Default)]
pub struct ComponentState(Mutex<Link>);

/// Of a component to its server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Link {
    /// There is no component.
    #[default]
    None,
    /// Requests reach it.
    Up,
    /// They do not.
    Down,
}

impl ComponentState {
    /// Says how it is now.
    pub fn set(&self, link: Link) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = link;
        metrics::component_up(match link {
            Link::None => None,
            Link::Up => Some(true),
            Link::Down => Some(false),
        });
    }
}

/// The reason is in the log, and not in what is shown to everybody.
impl fmt::Display for ComponentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Link::None => "not configured",
            Link::Up => "connected",
            Link::Down => "not connected: clients get no slots of it; the log says why",
        })
    }
}
