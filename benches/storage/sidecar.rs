//! The service on a bucket.

use std::path::Path;

use super::stores::BucketServer;
use super::support::processes::{Process, Service, Setup, free_address, wait_until};
use super::support::signers::Signer;
use super::support::slot::Slot;

/// It ends with this value.
pub(crate) struct Sidecar {
    pub(crate) address: String,
    service: Service,
}

impl Sidecar {
    /// Starts it with these further lines in its section `[store]`, and waits until it knows its store.
    pub(crate) fn start(program: &Path, store: &BucketServer, more: &str) -> Self {
        let [address, hook] = [(); 2].map(|()| free_address());
        let bucket = &store.bucket;
        let section = format!(
            "kind = 's3'\nbucket = '{}'\nregion = '{}'\nendpoint = '{}'\nprefix = '{}'\npath_style = true\naccess_key_id = '{}'\nsecret_access_key = '{}'\n{more}",
            bucket.bucket,
            bucket.region,
            bucket.endpoint,
            bucket.prefix,
            bucket.access_key_id,
            bucket.secret_access_key
        );
        let setup = Setup { public: &address, store: &section, ..Setup::with_hook(&hook) };
        let service = Service::start(program, setup, [&Signer::hs256()]);
        wait_until("it knows its store", || service.readiness().contains("store: up"));
        Self { address, service }
    }

    pub(crate) fn process(&self) -> &Process {
        &self.service.process
    }

    pub(crate) fn put_url(&self, slot: &Slot, size: u64) -> String {
        format!("http://{}{}", self.address, slot.put_target(size))
    }

    pub(crate) fn get_url(&self, slot: &Slot) -> String {
        format!("http://{}{}", self.address, slot.get_target())
    }
}
