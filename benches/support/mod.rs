//! What the loads share.
#![allow(dead_code, reason = "each load uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every load")]

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod latency;
pub(crate) mod nginx;
pub(crate) mod processes;
pub(crate) mod report;
pub(crate) mod signers;
pub(crate) mod slot;
pub(crate) mod slow;
