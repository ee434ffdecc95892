//! Machines without certificate authorities.

use std::fs;
use std::process::Command;

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::Scene;
use super::service::{configuration_of, ready};
use super::support::slots::{Kind, Slot};
use super::support::{PROGRAM, Service};

/// Needed to find authorities: nothing is read from elsewhere.
const NOWHERE: [(&str, &str); 2] = [("SSL_CERT_FILE", "/nowhere/ca.pem"), ("SSL_CERT_DIR", "/nowhere")];

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_tls_needs_none() {
    let scene = Scene::new();
    let configuration = configuration_of(&scene, "");
    spawn_blocking(move || {
        let [file, folder] = NOWHERE.map(|(name, value)| format!("{name}={value}"));
        let service = ready(Service::start_limited(&format!("export {file} {folder}"), &configuration));
        let slot = Slot::new(Kind::V, "alice", "r", 1000);
        assert_eq!((slot.put(&service, 1000).status, slot.get(&service).status), (201, 200));
    })
    .await
    .expect("as expected");
    assert_eq!(scene.bucket.listed().await.len(), 1);
}

/// What the program says, and its exit code.
fn run(arguments: &[&str], environment: &[(&str, &str)], configuration: &str) -> (i32, String) {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, configuration).expect("writable");
    let mut program = Command::new(PROGRAM);
    program.args(arguments).arg("--config").arg(&file).envs(environment.iter().copied());
    let done = program.output().expect("runs");
    let text = [done.stdout, done.stderr].map(|text| String::from_utf8(text).expect("text"));
    (done.status.code().expect("not killed"), text.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_tls_is_refused_before_anything_is_bound() {
    let scene = Scene::new();
    let configuration = configuration_of(&scene, "");
    let address = scene.proxy.address();
    let of_its_own = configuration.replace(&format!("http://{address}"), &format!("https://{address}"));
    let of_aws = configuration.replace(&format!("endpoint = 'http://{address}'\n"), "");
    assert!(of_its_own != configuration && of_aws != configuration);
    for https in [&of_its_own, &of_aws] {
        for command in [&["serve"][..], &["config", "check"]] {
            let (code, said) = run(command, &NOWHERE, https);
            assert_eq!(code, 64, "{said}");
            assert!(said.contains("store.endpoint: is https") && said.contains("SSL_CERT_FILE"), "{said}");
            assert!(!said.contains("panicked") && !said.contains("listener="), "{said}");
        }
    }
    assert!(scene.proxy.seen().is_empty(), "nobody was asked");

    // With authorities it is another question whether they know the server.
    let authority = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).expect("a certificate");
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("ca.pem");
    fs::write(&file, authority.cert.pem()).expect("writable");
    let file = [("SSL_CERT_FILE", file.to_str().expect("text"))];
    let (code, said) = run(&["config", "check"], &file, &of_its_own);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the store does not work"), "{said}");
}
