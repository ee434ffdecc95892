//! Stores with TLS, and machines without certificate authorities, or with others.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, spawn_blocking};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

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
    // A file in which nothing is a certificate is none.
    let folder = TempDir::new().expect("temporary folder");
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("writable");
    let unreadable = [("SSL_CERT_FILE", empty.to_str().expect("text")), NOWHERE[1]];
    for (https, authorities) in [(&of_its_own, &NOWHERE), (&of_aws, &NOWHERE), (&of_its_own, &unreadable)] {
        for command in [&["serve"][..], &["config", "check"]] {
            let (code, said) = run(command, authorities, https);
            assert_eq!(code, 64, "{said}");
            assert!(said.contains("store.endpoint: is https") && said.contains("SSL_CERT_FILE"), "{said}");
            assert!(!said.contains("panicked") && !said.contains("listener="), "{said}");
        }
    }
    assert!(scene.proxy.seen().is_empty(), "nobody was asked");

    // With authorities it is another question whether they know the server.
    let authority = generate_simple_self_signed(["ca.example".to_owned()]).expect("a certificate");
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("ca.pem");
    fs::write(&file, authority.cert.pem()).expect("writable");
    let file = [("SSL_CERT_FILE", file.to_str().expect("text"))];
    let (code, said) = run(&["config", "check"], &file, &of_its_own);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the store does not work"), "{said}");
}

/// TLS in front of a server, with a certificate of that name. It ends with what it returns.
async fn tls_before(
    server: SocketAddr,
    CertifiedKey { cert, signing_key }: CertifiedKey<KeyPair>,
) -> (u16, JoinSet<()>) {
    let key = signing_key.serialize_der().try_into().expect("a key");
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![cert.der().clone()], key).expect("its key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("free port");
    let port = listener.local_addr().expect("bound").port();
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            connections.spawn(async move {
                let mut client = acceptor.accept(client).await?;
                copy_bidirectional(&mut client, &mut TcpStream::connect(server).await?).await
            });
        }
    });
    (port, accepting)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_believed_whose_name_an_authority_has_signed() {
    let scene = Scene::new();
    let (plain, address) = (configuration_of(&scene, ""), scene.proxy.address());
    let certificate = |name: &str| generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let (own, other) = (certificate("localhost"), certificate("elsewhere.example"));
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("ca.pem");
    fs::write(&file, format!("{}{}", own.cert.pem(), other.cert.pem())).expect("writable");
    let file = file.to_str().expect("text").to_owned();
    let at = |port| plain.replace(&format!("http://{address}"), &format!("https://localhost:{port}"));

    let (port, _server) = tls_before(address, own).await;
    let (trusting, of_own) = (format!("export SSL_CERT_FILE={file}"), at(port));
    spawn_blocking(move || {
        let service = ready(Service::start_limited(&trusting, &of_own));
        let slot = Slot::new(Kind::V, "alice", "r", 300_000);
        assert_eq!((slot.put(&service, 300_000).status, slot.get(&service).status), (201, 200));
    })
    .await
    .expect("as expected");
    assert_eq!(scene.bucket.listed().await.len(), 1);

    // Signed all the same, but for another name.
    let (port, _server) = tls_before(address, other).await;
    let of_other = at(port);
    let (code, said) =
        spawn_blocking(move || run(&["config", "check"], &[("SSL_CERT_FILE", &file)], &of_other))
            .await
            .expect("it ran");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("invalid peer certificate"), "{said}");
}
