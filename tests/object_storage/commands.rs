//! Commands that work on the store themselves: they leave nothing behind that a service would have cleared away a moment later.

use std::fs;
use std::process::Command;
use std::time::Duration;

use ejabberd_sidecar::store::{DiskStore, Store};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::faulty::Fault;
use super::service::configuration_of;
use super::support::PROGRAM;
use super::{Scene, put};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_does_not_end_before_its_claims_are_gone() {
    let scene = Scene::new();
    let folder = TempDir::new().expect("temporary folder");
    let disk = folder.path().join("disk");
    let source = Store::Disk(DiskStore::open(&disk, false).expect("a folder"));
    let paths = ["h/r/a", "h/r/b", "h/r/c"];
    for path in paths {
        put(&source, path, 10).await.expect("stored");
    }
    let config = folder.path().join("sidecar.toml");
    fs::write(&config, configuration_of(&scene, "")).expect("writable");
    scene.proxy.fail("DELETE claims/", Fault::Delay(Duration::from_secs(1)), usize::MAX);
    let copied = spawn_blocking(move || {
        let mut program = Command::new(PROGRAM);
        program.args(["store", "copy", "--from"]).arg(format!("disk:{}", disk.display()));
        program.arg("--to").arg(config).output().expect("runs")
    });
    let copied = copied.await.expect("run");
    assert!(copied.status.success(), "{copied:?}");
    let left = scene.bucket.listed().await;
    assert_eq!(left.len(), paths.len(), "{left:?}");
}
