//! The service on object storage: what it tells clients and operators.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::Scene;
use super::faulty::Fault;
use super::s3_server::TestBucket;
use super::support::http::{Answer, Client, post_form};
use super::support::slots::{Kind, Slot};
use super::support::{FREE_PORTS, PROGRAM, Service, configuration, tokens, wait_until};

/// A service on the scene's bucket, by way of its proxy.
pub(super) async fn service(scene: &Scene, more: &str) -> Arc<Service> {
    let configuration = configuration_of(scene, more);
    spawn_blocking(move || {
        let folder = Arc::new(TempDir::new().expect("temporary folder"));
        ready(Service::start_in(folder, &configuration))
    })
    .await
    .expect("started")
}

/// Waits until it has seen its store.
pub(super) fn ready(service: Service) -> Arc<Service> {
    let ops = service.address("ops");
    wait_until("the store is up", || ask(&ops, "GET", "/readyz", "").text().contains("store: up"));
    Arc::new(service)
}

pub(super) fn configuration_of(scene: &Scene, more: &str) -> String {
    let bucket = scene.bucket.by_way_of(scene.proxy.address());
    let store = format!(
        "[store]\nkind = 's3'\nbucket = '{}'\nregion = '{}'\nendpoint = '{}'\nprefix = '{}'\npath_style = true\naccess_key_id = '{}'\nsecret_access_key = '{}'\n{more}\n",
        bucket.bucket,
        bucket.region,
        bucket.endpoint,
        bucket.prefix,
        bucket.access_key_id,
        bucket.secret_access_key,
    );
    let larger = configuration(FREE_PORTS, "").replace("1MiB", "20MiB");
    larger.replace("[store]\nkind = \"disk\"\npath = \"store\"\n", &store)
}

pub(super) fn ask(address: &str, method: &str, target: &str, headers: &str) -> Answer {
    let mut client = Client::connect(address);
    client
        .send(format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"));
    client.answer(method != "HEAD")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_told_to_client_and_operator() {
    let scene = Scene::new();
    let service = service(&scene, "").await;
    let running = Arc::clone(&service);
    let slot = Slot::new(Kind::V, "alice", "r", 1000);
    let (put, public) = (slot.clone(), service.address("public"));
    let slow_down = "HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
    let full = "HTTP/1.1 507 Insufficient Storage\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for (answer, status, reason) in [(slow_down, 503, "store_busy"), (full, 507, "store_full")] {
        scene.proxy.fail("PUT", Fault::Answer(answer), usize::MAX);
        let (put, running) = (put.clone(), Arc::clone(&running));
        spawn_blocking(move || {
            let answer = put.put(&running, 1000);
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("retry-after").is_some(), status == 503);
            running.wait_for_log(&["upload", &format!("reason=\"{reason}\"")]);
        })
        .await
        .expect("as expected");
    }
    scene.proxy.heal();
    let path = format!("/upload/localhost/{}", slot.path);
    spawn_blocking(move || {
        assert_eq!(slot.put(&running, 1000).status, 201);
        assert_eq!(ask(&public, "GET", &path, "").body, vec![b'x'; 1000]);
    })
    .await
    .expect("as expected");
    assert_eq!(scene.bucket.listed().await.len(), 1);
    drop(service);
}

/// With the object, for whoever operates the store: its type, its user where the slot names him, and its deadlines.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_file_is_its_objects_metadata() {
    let scene = Scene::new();
    let service = service(&scene, "").await;
    let until = tokens::now() + 86_400;
    for (kind, named, kept) in
        [(Kind::V, false, false), (Kind::Bearer, true, false), (Kind::Keeping(until), true, true)]
    {
        scene.proxy.seen();
        let (slot, running) = (Slot::new(kind, "alice", &format!("{kind:?}"), 1000), Arc::clone(&service));
        let status = spawn_blocking(move || slot.put(&running, 1000).status).await.expect("answered");
        assert_eq!(status, 201, "{kind:?}");
        let heads = scene.proxy.heads();
        let put = heads.iter().find(|head| head.starts_with("PUT") && head.contains("files/"));
        let put = put.expect("the upload");
        let has = |line: &str| put.lines().any(|own| own == line);
        assert!(has("content-type: application/octet-stream"), "{put}");
        assert_eq!(has("x-amz-meta-user: alice@localhost"), named, "{put}");
        assert_eq!(has(&format!("x-amz-meta-keep-until: {until}")), kept, "{put}");
        assert_eq!(put.contains("x-amz-meta-slot-ends: "), named, "{put}");
    }
    assert!(!service.log().contains("x-amz-meta"), "none of it in the log");
}

/// Logins ask nobody for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_at_the_start_is_waited_for_beside_logins() {
    let scene = Scene::new();
    scene.proxy.fail("", Fault::Refuse, usize::MAX);
    let configuration = configuration_of(&scene, "");
    let service = spawn_blocking(move || {
        let service = Service::start_with(&configuration);
        let ops = service.address("ops");
        wait_until("the store is away", || ask(&ops, "GET", "/readyz", "").text().contains("store: down"));
        let form = [("user", "alice"), ("server", "localhost"), ("pass", &tokens::good("alice"))];
        assert_eq!(post_form(&service.address("hook"), "/check_password", &form).text(), "true");
        assert_eq!(Slot::new(Kind::V, "alice", "r", 1000).put(&service, 1000).status, 503);
        service
    })
    .await
    .expect("as expected");
    let paths = |names: &BTreeSet<String>| names.iter().filter(|name| name.contains("files/")).count();
    assert_eq!(paths(&scene.bucket.listed().await), 0);
    scene.proxy.heal();
    spawn_blocking(move || {
        let service = ready(service);
        assert_eq!(Slot::new(Kind::V, "alice", "r", 1000).put(&service, 1000).status, 201);
    })
    .await
    .expect("as expected");
    assert_eq!(paths(&scene.bucket.listed().await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_removed_is_missing() {
    let scene = Scene::new();
    let service = service(&scene, "").await;
    let slot = Slot::new(Kind::V, "alice", "r", 1000);
    let (put, running) = (slot.clone(), Arc::clone(&service));
    let status = spawn_blocking(move || put.put(&running, 1000).status).await.expect("answered");
    assert_eq!(status, 201);
    let stored = scene.bucket.listed().await;
    let object = stored.iter().find(|name| name.contains("files/")).expect("the file");
    let removal = scene.bucket.client().delete_object().bucket(&scene.bucket.bucket).key(object);
    removal.send().await.expect("removed");
    spawn_blocking(move || {
        let (public, path) = (service.address("public"), format!("/upload/localhost/{}", slot.path));
        for method in ["GET", "HEAD"] {
            assert_eq!(ask(&public, method, &path, "").status, 404, "{method}");
        }
        service.wait_for_log(&["download", "reason=\"missing\""]);
    })
    .await
    .expect("as expected");
    assert!(!scene.bucket.listed().await.contains(object));
}

/// Which of the two sees to it that a slot is used once, for the operator: in a metric, and from `config check`, which says what it costs.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_first_is_told_to_the_operator() {
    let claims = ("claims", "claim objects see to it that a slot is used once");
    let condition = ("condition", "the store enforces If-None-Match");
    // The real server is one and the same for both.
    let enforced = if TestBucket::of_environment().is_some() { claims } else { condition };
    for (scene, (code, said)) in [(Scene::new(), claims), (Scene::enforcing(), enforced)] {
        let service = service(&scene, "").await;
        let folder = TempDir::new().expect("temporary folder");
        let file = folder.path().join("sidecar.toml");
        std::fs::write(&file, configuration_of(&scene, "")).expect("writable");
        spawn_blocking(move || {
            let metrics = ask(&service.address("ops"), "GET", "/metrics", "");
            let metrics = metrics.text();
            let of = |by: &str| format!("ejabberd_sidecar_store_first_writer{{by=\"{by}\"}} 1");
            let other = if code == "claims" { "condition" } else { "claims" };
            assert!(metrics.contains(&of(code)) && !metrics.contains(&of(other)), "{code}: {metrics}");
            let check = Command::new(PROGRAM).args(["config", "check", "--config"]).arg(&file).output();
            let check = check.expect("runs");
            let text = String::from_utf8_lossy(&check.stdout) + String::from_utf8_lossy(&check.stderr);
            assert!(text.contains(said), "{text}");
        })
        .await
        .expect("as expected");
    }
}
