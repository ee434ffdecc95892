//! What the service counts.

use super::Service;
use super::http::get;
use super::wait_until;

/// All that is counted.
pub(crate) fn told(service: &Service) -> String {
    get(&service.address("ops"), "/metrics").text().to_owned()
}

/// The value of a metric, given with its labels; zero if there is none yet.
pub(crate) fn value(service: &Service, metric: &str) -> u64 {
    let told = told(service);
    let values = told.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
    values.map(|value| value.parse::<u64>().expect("a number")).sum()
}

/// How often a listener rejected something for this reason.
pub(crate) fn rejected(service: &Service, listener: &str, reason: &str) -> u64 {
    value(
        service,
        &format!("ejabberd_sidecar_requests_rejected_total{{listener=\"{listener}\",reason=\"{reason}\"}}"),
    )
}

/// Waits until it did so that often.
pub(crate) fn wait_for_rejected(service: &Service, listener: &str, reason: &str, times: u64) {
    wait_until(&format!("{times} requests to {listener} are rejected: {reason}"), || {
        rejected(service, listener, reason) == times
    });
}
