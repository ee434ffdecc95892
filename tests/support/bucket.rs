//! A bucket for a service, or for a command.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every test file")]

use std::fs;
use std::net::SocketAddr;

use ejabberd_sidecar::store::S3Store;
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[path = "s3.rs"]
mod s3_server;

/// A bucket on a server of its own, which ends with this value.
pub(crate) struct Bucket {
    _runtime: Runtime,
    folder: TempDir,
    address: SocketAddr,
    section: String,
}

impl Bucket {
    pub(crate) fn start() -> Self {
        let (runtime, folder) = (Runtime::new().expect("threads"), TempDir::new().expect("temporary folder"));
        let server =
            runtime.block_on(async { s3_server::S3Server::bind(0, folder.path()) }).expect("free port");
        let address = server.address().expect("bound");
        let section = format!(
            "kind = 's3'\nbucket = '{}'\nendpoint = 'http://{}'\npath_style = true\naccess_key_id = '{}'\nsecret_access_key = '{}'",
            s3_server::BUCKET,
            address,
            s3_server::ACCESS_KEY_ID,
            s3_server::SECRET_ACCESS_KEY
        );
        runtime.spawn(server.serve());
        Self { _runtime: runtime, folder, address, section }
    }

    /// What a service with this store reads and writes.
    pub(crate) fn store(&self) -> S3Store {
        s3_server::TestBucket { prefix: String::new(), ..s3_server::TestBucket::at(self.address) }.store()
    }

    /// A file that names it on the command line.
    pub(crate) fn named(&self) -> String {
        let file = self.folder.path().join("bucket.toml");
        fs::write(&file, format!("[store]\n{}\n", self.section)).expect("writable");
        file.display().to_string()
    }

    /// A configuration with this store.
    pub(crate) fn instead_of_disk(&self, settings: &str) -> String {
        settings.replace("kind = \"disk\"\npath = \"store\"", &self.section)
    }
}
