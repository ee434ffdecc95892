//! Who asks.

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_s3::config::{Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use tokio::sync::OnceCell;

use crate::types::Secret;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Credentials {
    /// Whoever is named.
    Key {
        /// The access key's id.
        access_key_id: String,
        /// The access key itself.
        secret_access_key: Secret,
    },
    /// Whom the AWS SDK finds: in the environment, in the shared files, by web identity, at the container or the machine, in this order.
    Found,
}

impl S3Credentials {
    pub(super) fn provider(&self, region: Region, http: &SharedHttpClient) -> SharedCredentialsProvider {
        match self {
            Self::Key { access_key_id, secret_access_key } => {
                let secret = String::from_utf8_lossy(secret_access_key.bytes());
                let key = Credentials::new(access_key_id, secret, None, None, "configuration");
                SharedCredentialsProvider::new(key)
            }
            Self::Found => {
                let config = ProviderConfig::without_region().with_http_client(http.clone());
                SharedCredentialsProvider::new(Chain { region, config, found: OnceCell::new() })
            }
        }
    }
}

/// The SDK's chain, which is looked through with the first request and not at the start: whom it asks may be away.
#[derive(Debug)]
struct Chain {
    /// Where web identities are exchanged.
    region: Region,
    config: ProviderConfig,
    found: OnceCell<DefaultCredentialsChain>,
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let build = || {
                let chain = DefaultCredentialsChain::builder().configure(self.config.clone());
                chain.region(self.region.clone()).build()
            };
            self.found.get_or_init(build).await.provide_credentials().await
        })
    }
}
