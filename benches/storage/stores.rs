//! Buckets, and how to write and read there without the service.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use futures_util::stream::{self, StreamExt as _};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::s3::TestBucket;
use super::support::processes::Process;

/// For all that is signed here.
const VALID: Duration = Duration::from_hours(1);
/// At once.
const DELETES: usize = 16;

/// A bucket on a running server.
pub(crate) struct BucketServer {
    pub(crate) name: &'static str,
    pub(crate) bucket: TestBucket,
    client: Client,
    runtime: Runtime,
    /// If it is ours. Both end with this value, in this order.
    _own: Option<(Process, TempDir)>,
}

impl BucketServer {
    /// The one that `scripts/run-garage` has started.
    pub(crate) fn of_environment() -> Option<Self> {
        Some(Self::new("Garage", TestBucket::of_environment()?, None))
    }

    /// One of our own, of this program.
    pub(crate) fn start(program: &Path, name: &'static str, options: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = Command::new(program);
        command.args(["--port", "0", "--root"]).arg(folder.path()).args(options).stdout(Stdio::piped());
        let mut process = Process::spawn(&mut command);
        let mut says = String::new();
        BufReader::new(process.stdout()).read_line(&mut says).expect("it says where it listens");
        let address = says.trim().rsplit(' ').next().and_then(|address| address.parse().ok());
        let bucket = TestBucket::at(address.unwrap_or_else(|| unreachable!("no address in {says:?}")));
        Self::new(name, bucket, Some((process, folder)))
    }

    fn new(name: &'static str, bucket: TestBucket, own: Option<(Process, TempDir)>) -> Self {
        let client = bucket.client();
        Self { name, bucket, client, runtime: Runtime::new().expect("threads"), _own: own }
    }

    /// `http://host:port` is its endpoint.
    pub(crate) fn address(&self) -> &str {
        self.bucket.endpoint.trim_start_matches("http://")
    }

    /// A URL under which whoever has it may write the object.
    pub(crate) fn put_url(&self, key: &str) -> String {
        let request = self.client.put_object().bucket(&self.bucket.bucket).key(self.key(key));
        self.runtime.block_on(request.presigned(valid())).expect("a key to sign with").uri().to_owned()
    }

    /// A URL under which whoever has it may read the object.
    pub(crate) fn get_url(&self, key: &str) -> String {
        let request = self.client.get_object().bucket(&self.bucket.bucket).key(self.key(key));
        self.runtime.block_on(request.presigned(valid())).expect("a key to sign with").uri().to_owned()
    }

    /// Removes all that is in the bucket.
    pub(crate) fn clear(&self) {
        let remove = async {
            let requests = self.bucket.listed().await.into_iter().map(|key| {
                let request = self.client.delete_object().bucket(&self.bucket.bucket).key(key);
                async { request.send().await.expect("removable") }
            });
            stream::iter(requests).buffer_unordered(DELETES).for_each(async |_| ()).await;
        };
        self.runtime.block_on(remove);
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.bucket.prefix)
    }
}

fn valid() -> PresigningConfig {
    PresigningConfig::expires_in(VALID).expect("not too long")
}

/// What of a URL is sent to its server.
pub(crate) fn target(url: &str) -> &str {
    let (_, behind) = url.split_once("://").expect("a URL");
    &behind[behind.find('/').expect("a path")..]
}
