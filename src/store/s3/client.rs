//! The SDK's client, with the settings without which it breaks uploads.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, HttpClient as _, Region, RequestChecksumCalculation,
    ResponseChecksumValidation, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::http_client_fn;
use tokio::runtime::{Handle, Id};

use super::{S3Credentials, S3Location};

/// How long a connection to the store may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection is kept without a request. A store that closes it in the moment in which it is used again fails an upload, which cannot be sent
/// twice; they do so after 20 seconds (AWS) to 75.
const IDLE: Duration = Duration::from_secs(10);

/// Whether the machine has certificate authorities: without any, no https server is believed. They are where OpenSSL looks for them, or where `SSL_CERT_FILE`
/// and `SSL_CERT_DIR` say.
#[must_use]
pub fn has_authorities() -> bool {
    // Read and parsed once: each runtime makes a client, and does so within its first upload.
    static FOUND: LazyLock<bool> =
        LazyLock::new(|| !rustls_native_certs::load_native_certs().certs.is_empty());
    *FOUND
}

pub(super) fn client(location: &S3Location, credentials: &S3Credentials) -> Client {
    let region = Region::new(location.region.clone());
    let http = of_each_runtime(http_client);
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

/// A client for each runtime that asks. A connection belongs to the runtime that opened it: if another one used it, each frame of a body would be handed from one
/// thread to another, which costs many uploads at once a twentieth of their speed.
fn of_each_runtime(new: fn() -> SharedHttpClient) -> SharedHttpClient {
    let clients = Mutex::<HashMap<Option<Id>, SharedHttpClient>>::default();
    http_client_fn(move |settings, components| {
        let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(runtime).or_insert_with(new).http_connector(settings, components)
    })
}

/// For the store, and for whoever tells the SDK who it is.
fn http_client() -> SharedHttpClient {
    let http = aws_smithy_http_client::Builder::new().pool_idle_timeout(IDLE);
    // Without authorities there is no TLS, and the SDK would look for them all the same, and panic.
    if !has_authorities() {
        return http.build_http();
    }
    http.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https()
}
