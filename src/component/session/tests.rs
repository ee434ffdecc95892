//! A stream with a server of the test's own.

use std::sync::Mutex;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::answers::tests::component;
use super::*;

const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";

/// The session that a test is about, told to `stop`, and what it ended with.
struct Served {
    server: BufReader<TcpStream>,
    stop: CancellationToken,
    ended: JoinSet<Result<Ended, Fault>>,
}

impl Served {
    /// `said` is in the socket before the session looks at it.
    async fn start(said: &str, patience: Patience, stop: CancellationToken) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let component =
            Arc::new(Component { server: listener.local_addr().unwrap().to_string(), ..component(9) });
        let (session, server) = tokio::join!(Session::begin(&component), greet(&listener, said));
        let session = Session { patience, ..session.unwrap() };
        let mut ended = JoinSet::new();
        ended.spawn({
            let stop = stop.clone();
            async move {
                let (_keeps, mut components) = watch::channel(None);
                session.serve(component, &mut components, &stop).await
            }
        });
        Self { server, stop, ended }
    }
}

async fn ended(mut ended: JoinSet<Result<Ended, Fault>>) -> Result<Ended, Fault> {
    ended.join_next().await.unwrap().unwrap()
}

async fn greet(listener: &TcpListener, said: &str) -> BufReader<TcpStream> {
    let mut server = BufReader::new(listener.accept().await.unwrap().0);
    let opening = "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' id='1'>";
    server.write_all(opening.as_bytes()).await.unwrap();
    read_to(&mut server, "</handshake>").await;
    server.write_all(format!("<handshake/>{said}").as_bytes()).await.unwrap();
    server
}

async fn read_to(from: &mut BufReader<TcpStream>, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let length = from.read_until(b'>', &mut read).await.unwrap();
        assert!(length > 0, "ended after {}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).unwrap()
}

/// That does nothing before the test is over.
fn endless() -> Patience {
    let endless = Duration::from_mins(10);
    Patience {
        silence: endless,
        quiet: endless,
        last_stanzas: endless,
        last_answers: endless,
        drain: endless,
    }
}

#[tokio::test]
async fn what_is_still_in_the_socket_is_answered_before_it_leaves() {
    let asked: Vec<_> = (0..300)
        .map(|id| format!("<iq type='get' id='n{id}' from='a@localhost/x' to='upload.localhost'>{PING}</iq>"))
        .collect();
    let stopped = CancellationToken::new();
    stopped.cancel();
    let mut served = Served::start(&asked.concat(), endless(), stopped).await;
    let mut answered: Vec<usize> = Vec::new();
    for _ in 0..300 {
        let answer = read_to(&mut served.server, "</iq>").await;
        let (_, id) = answer.split_once(" id='n").unwrap();
        answered.push(id.split_once('\'').unwrap().0.parse().unwrap());
    }
    drop(served.server);
    answered.sort_unstable();
    assert_eq!(answered, (0..300).collect::<Vec<_>>());
    assert_eq!(ended(served.ended).await, Ok(Ended::Stopped));
}

#[tokio::test]
async fn it_leaves_when_it_is_quiet() {
    let patience = Patience { quiet: Duration::from_millis(1), ..endless() };
    let mut served = Served::start("", patience, CancellationToken::new()).await;
    served.stop.cancel();
    assert_eq!(read_to(&mut served.server, "</stream:stream>").await, "</stream:stream>");
    drop(served.server);
    assert_eq!(ended(served.ended).await, Ok(Ended::Stopped));
}

/// What is logged, until this is dropped.
fn logged() -> (Arc<Mutex<Vec<u8>>>, impl Sized) {
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Arc::new(Mutex::default());
    let writer = Arc::clone(&log);
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || Log(Arc::clone(&writer))).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_slot_that_is_not_answered_in_time_is_told_of() {
    let answers = Answers::new(&Arc::new(component(9)));
    let iq =
        |payload| Element::new("iq", "").with("id", "1").with("from", "alice@localhost/x").child(payload);
    let (log, _logging) = logged();
    let log = || String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let late = answers.late(&iq(Element::new("ping", "urn:xmpp:ping")))();
    assert!(late.is_some() && log().is_empty(), "{}", log());
    let late = answers.late(&iq(Element::new("request", "urn:xmpp:http:upload:0")));
    assert!(log().is_empty(), "it may still be answered");
    assert!(late().unwrap().to_string().contains("<resource-constraint "));
    for told in ["user=\"alice@localhost\"", "reason=\"answer_late\""] {
        assert!(log().contains(told), "{}", log());
    }
}

#[tokio::test]
async fn what_is_not_answered_at_the_end_is_told_as_late_and_the_stream_is_closed() {
    let short = Duration::from_millis(1);
    let patience = Patience { quiet: short, last_answers: short, ..endless() };
    let answers = Answers::new(&Arc::new(component(9)));
    let asked = Element::new("iq", "").with("type", "get").with("id", "stuck").with("from", "a@localhost/x");
    let mut pending = Pending::default();
    pending.begin(std::future::pending(), answers.late(&asked));
    let (_keeps, mut stanzas) = mpsc::channel(1);
    let (mut writer, mut server) = tokio::io::duplex(10_000);
    let mut said = String::new();
    let server = async { server.read_to_string(&mut said).await };
    let drained = drain(&mut stanzas, &answers, pending, &mut writer, patience);
    tokio::select! {
        _ = drained => unreachable!("the server has not closed its stream"),
        read = server => drop(read.unwrap()),
    }
    let late = answers.late(&asked)().unwrap();
    assert_eq!(said, format!("{late}</stream:stream>"));
}

#[tokio::test]
async fn a_server_that_is_silent_is_asked_and_then_left() {
    let patience = Patience { silence: Duration::from_millis(20), ..endless() };
    let mut served = Served::start("", patience, CancellationToken::new()).await;
    let mut said = String::new();
    served.server.read_to_string(&mut said).await.unwrap();
    for ping in 1..=PINGS {
        let asked = format!("id='alive-{ping}' from='upload.localhost' to='upload.localhost'");
        assert_eq!(said.matches(&asked).count(), 1, "{said}");
    }
    let ended = ended(served.ended).await;
    assert!(matches!(ended, Err(Fault::Silent(_))), "{ended:?}");
}

#[tokio::test]
async fn a_server_that_says_something_is_stayed_with() {
    let patience = Patience { silence: Duration::from_millis(200), ..endless() };
    let mut served = Served::start("", patience, CancellationToken::new()).await;
    for _ in 0..PINGS + 2 {
        let asked = read_to(&mut served.server, "</iq>").await;
        assert!(asked.contains(" id='alive-"), "{asked}");
        served.server.write_all(b"<iq type='result' id='alive' from='upload.localhost'/>").await.unwrap();
    }
    assert!(served.ended.try_join_next().is_none());
}
