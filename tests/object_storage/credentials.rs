//! Without a key in the configuration the SDK looks for one: in the environment, in files, by web identity.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, spawn_blocking};

use super::Scene;
use super::faulty::read_request_head;
use super::s3_server::TestBucket;
use super::service::{ask, configuration_of, ready};
use super::support::slots::{Kind, Slot};
use super::support::{Service, wait_until};

/// Nothing is found where the machine of the tests may have something.
const NONE: &str = "export HOME=/nowhere AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/nowhere/config";

/// The scene's configuration without its key.
fn configuration(scene: &Scene) -> String {
    let configuration = configuration_of(scene, "");
    let kept = configuration.lines().filter(|line| !line.contains("access_key"));
    kept.flat_map(|line| [line, "\n"]).collect()
}

fn uploads(service: &Service, random: &str) -> u16 {
    Slot::new(Kind::V, "alice", random, 1000).put(service, 1000).status
}

fn wait_for_readiness(service: &Service, says: &str) {
    let ops = service.address("ops");
    wait_until(says, || ask(&ops, "GET", "/readyz", "").text().contains(says));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_environment_and_none_at_all() {
    let scene = Scene::new();
    let configuration = configuration(&scene);
    let (id, key) = (scene.bucket.access_key_id.clone(), scene.bucket.secret_access_key.clone());
    spawn_blocking(move || {
        let given = format!("{NONE} AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={key}");
        let service = ready(Service::start_limited(&given, &configuration));
        assert_eq!(uploads(&service, "r"), 201);

        let service = Service::start_limited(NONE, &configuration);
        wait_for_readiness(&service, "store: down (credentials)");
        assert_eq!(uploads(&service, "s"), 503);
    })
    .await
    .expect("as expected");
    assert_eq!(scene.bucket.listed().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_shared_file_in_the_profile_that_is_named() {
    let scene = Scene::new();
    let configuration = configuration(&scene);
    let (id, key) = (scene.bucket.access_key_id.clone(), scene.bucket.secret_access_key.clone());
    spawn_blocking(move || {
        let folder = TempDir::new().expect("temporary folder");
        let file = folder.path().join("credentials");
        let section = |name: &str, id: &str, key: &str| {
            format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key = {key}\n")
        };
        fs::write(&file, section("default", "nobody", "none") + &section("uploads", &id, &key))
            .expect("writable");
        let found = format!("{NONE} AWS_SHARED_CREDENTIALS_FILE={}", file.display());
        let service = ready(Service::start_limited(&format!("{found} AWS_PROFILE=uploads"), &configuration));
        assert_eq!(uploads(&service, "r"), 201);
        let service = Service::start_limited(&found, &configuration);
        assert_eq!(uploads(&service, "s"), 503, "whoever is asked for by default is nobody");
    })
    .await
    .expect("as expected");
    assert_eq!(scene.bucket.listed().await.len(), 1);
}

/// A service that exchanges tokens of web identities for credentials, as AWS STS does.
#[derive(Default)]
struct Exchange {
    is_away: bool,
    /// How long the next ones are good.
    lasts: Duration,
    /// The bodies of the requests.
    asked: Vec<String>,
}

async fn exchange(bucket: TestBucket) -> (String, Arc<Mutex<Exchange>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let state = Arc::<Mutex<Exchange>>::default();
    let (shared, mut task) = (Arc::clone(&state), JoinSet::new());
    task.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((connection, _)) = listener.accept().await {
            let (state, bucket) = (Arc::clone(&shared), bucket.clone());
            connections.spawn(async move { drop(answer(connection, &state, &bucket).await) });
        }
    });
    (endpoint, state, task)
}

async fn answer(
    mut connection: TcpStream,
    state: &Mutex<Exchange>,
    bucket: &TestBucket,
) -> std::io::Result<()> {
    let (_, length) = read_request_head(&mut connection).await?;
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    let answer = {
        let mut state = state.lock().expect("ours");
        state.asked.push(String::from_utf8(body).expect("text"));
        let (status, text) = if state.is_away {
            ("500 Internal Server Error", String::new())
        } else {
            ("200 OK", credentials(bucket, state.lasts, state.asked.len()))
        };
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: text/xml\r\n\r\n{text}")
    };
    connection.write_all(answer.as_bytes()).await
}

/// The bucket's own key, in a session of this number.
fn credentials(bucket: &TestBucket, lasts: Duration, session: usize) -> String {
    let expires = humantime::format_rfc3339_seconds(SystemTime::now() + lasts);
    let (id, key) = (&bucket.access_key_id, &bucket.secret_access_key);
    let given = format!(
        "<AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{key}</SecretAccessKey><SessionToken>session-{session}-</SessionToken><Expiration>{expires}</Expiration>"
    );
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><Credentials>{given}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    )
}

fn environment(endpoint: &str, token: &Path) -> String {
    let role = "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/uploads";
    format!("{NONE} {role} AWS_WEB_IDENTITY_TOKEN_FILE={} AWS_ENDPOINT_URL_STS={endpoint}", token.display())
}

/// The file is read anew each time: whoever runs the service exchanges it.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_web_identity_and_anew_when_they_end() {
    let scene = Scene::new();
    let (endpoint, state, _server) = exchange(scene.bucket.clone()).await;
    let configuration = configuration(&scene);
    state.lock().expect("ours").is_away = true;
    let exchanging = Arc::clone(&state);
    spawn_blocking(move || {
        let folder = TempDir::new().expect("temporary folder");
        let file = folder.path().join("token");
        fs::write(&file, "token-of-the-first-hour").expect("writable");
        let service = Service::start_limited(&environment(&endpoint, &file), &configuration);
        wait_for_readiness(&service, "store: down (credentials)");
        assert_eq!(uploads(&service, "r"), 503);

        let locked = || exchanging.lock().expect("ours");
        (locked().is_away, locked().lasts) = (false, Duration::from_secs(2));
        let service = ready(service);
        assert_eq!(uploads(&service, "r"), 201);
        let with_first =
            |body: &String| body.contains("token-of-the-first-hour") && body.contains("role%2Fuploads");
        assert!(locked().asked.iter().all(with_first), "{:?}", locked().asked);

        fs::write(&file, "token-of-the-second-hour").expect("writable");
        locked().lasts = Duration::from_hours(1);
        wait_until("the next credentials are fetched", || {
            locked().asked.last().is_some_and(|body| body.contains("token-of-the-second-hour"))
        });
        assert_eq!(uploads(&service, "s"), 201);
    })
    .await
    .expect("as expected");
    let session = format!("session-{}-", state.lock().expect("ours").asked.len());
    let heads = scene.proxy.heads();
    let last = heads.iter().rfind(|head| head.starts_with("PUT") && head.contains("files/"));
    assert!(last.expect("an upload").contains(&session), "the newest credentials are used");
    assert_eq!(scene.bucket.listed().await.len(), 2);
}
