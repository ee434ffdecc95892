//! The SDK's client, with the settings without which it breaks uploads.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};

use super::http::{CONNECT_TIMEOUT, http_client};
use super::{S3Credentials, S3Location};

/// A client that gives a connection up when it takes nothing for twice `patience`: as a rule the upload on it was given up by then, and said why.
pub(super) fn client(location: &S3Location, credentials: &S3Credentials, patience: Duration) -> Client {
    let region = Region::new(location.region.clone());
    let http = http_client(2 * patience);
    let mut config = Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(credentials.provider(region.clone(), &http))
        .http_client(http)
        .region(region)
        .force_path_style(location.path_style)
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
        // A client's silence is watched at the client's side.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Garage and Ceph refuse the SDK's default.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    config.set_endpoint_url(location.endpoint.clone());
    Client::from_conf(config.build())
}

/// The same client with another patience, and connections of its own.
pub(super) fn with_patience(client: &Client, patience: Duration) -> Client {
    Client::from_conf(client.config().to_builder().http_client(http_client(2 * patience)).build())
}
