//! A bucket that has lists of rules, keeps versions, and otherwise says yes to everything.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every test file")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What it has, and what it was told.
#[derive(Debug, Default)]
struct State {
    /// By the name of the subresource.
    lists: BTreeMap<String, String>,
    /// Heads and bodies of the requests that wrote one.
    written: Vec<(String, String)>,
    /// Whether somebody else writes at the same time: what is written is gone at once.
    forgetful: bool,
}

/// The bucket. Its thread ends with the process.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Lists {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("free port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // Clients that hang up are not the bucket's concern.
                thread::spawn(move || drop(serve(connection, &state)));
            }
        });
        Self { address, state }
    }

    /// Has it say `list` when it is asked for `name`.
    pub(crate) fn set(&self, name: &str, list: &str) {
        self.state.lock().expect("ours").lists.insert(name.to_owned(), list.to_owned());
    }

    pub(crate) fn get(&self, name: &str) -> String {
        self.state.lock().expect("ours").lists.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn forget_what_is_written(&self) {
        self.state.lock().expect("ours").forgetful = true;
    }

    /// Heads, in lower case, and bodies of the lists that were written since it was last asked.
    pub(crate) fn written(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.state.lock().expect("ours").written)
    }
}

fn serve(connection: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line)? > 2 {
        head.push_str(&line.to_lowercase());
        line.clear();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let (status, answer) = answer(&head, &String::from_utf8_lossy(&body), state);
    let length = answer.len();
    let size = "x-amz-transition-default-minimum-object-size: varies_by_storage_class";
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status} It Is\r\nconnection: close\r\netag: \"x\"\r\n{size}\r\ncontent-length: {length}\r\n\r\n{answer}"
    )
}

fn answer(head: &str, body: &str, state: &Mutex<State>) -> (u16, String) {
    let mut state = state.lock().expect("ours");
    let target = head.split(' ').nth(1).unwrap_or_default();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let name = ["lifecycle", "cors", "versioning"].into_iter().find(|name| query.contains(name));
    match (head.split(' ').next(), name) {
        (Some("get"), None) => (200, "<ListBucketResult></ListBucketResult>".to_owned()),
        (Some("get"), Some("versioning")) if !state.lists.contains_key("versioning") => {
            (200, "<VersioningConfiguration/>".to_owned())
        }
        (Some("get"), Some(name)) => match state.lists.get(name) {
            Some(list) if list == "denied" => (403, "<Error><Code>AccessDenied</Code></Error>".to_owned()),
            Some(list) => (200, list.clone()),
            None => (404, "<Error><Code>NoSuchConfiguration</Code></Error>".to_owned()),
        },
        (Some("put"), Some(name)) => {
            state.written.push((head.to_owned(), body.to_owned()));
            if !state.forgetful {
                state.lists.insert(name.to_owned(), body.to_owned());
            }
            (200, String::new())
        }
        _ => (200, String::new()),
    }
}
