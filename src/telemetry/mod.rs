//! What the service tells of itself: logs, audit events, metrics. No token, MAC or query string ever comes here.

pub mod audit;
pub mod component;
pub mod logs;
pub mod metrics;
pub mod reason;
pub mod throttle;
