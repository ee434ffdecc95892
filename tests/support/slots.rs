//! Uploads by slots of every kind that names a user.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ejabberd_sidecar::types::{BareJid, UserHash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::http::{Answer, request};
use super::{Service, UPLOAD_SECRET, tokens};

/// How a slot is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    V,
    V2,
    Bearer,
    /// Of our own, for a file that is to be kept until then.
    Keeping(u64),
    /// Prosody's, whose path does not name the user.
    Jwt,
}

/// A slot of a user of localhost.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) path: String,
    target: String,
    headers: String,
}

/// What the paths of a user of localhost begin with.
pub(crate) fn hash(user: &str) -> String {
    UserHash::from(&BareJid::new(&format!("{user}@localhost")).expect("a JID")).to_string()
}

impl Slot {
    pub(crate) fn new(kind: Kind, user: &str, random: &str, size: usize) -> Self {
        let slot = match kind {
            Kind::Jwt => format!("{user}-{random}"),
            _ => format!("{}/{random}", hash(user)),
        };
        Self::at(kind, user, format!("{slot}/file.bin"), size)
    }

    /// At any path, for kinds whose tokens name no user.
    pub(crate) fn at(kind: Kind, user: &str, path: String, size: usize) -> Self {
        let (query, headers) = match kind {
            Kind::V => (format!("v={}", tokens::v(&path, size)), String::new()),
            Kind::V2 => {
                (format!("v2={}", tokens::v2(&path, size, "application/octet-stream")), String::new())
            }
            Kind::Jwt => (String::new(), jwt(user, &path, size)),
            Kind::Bearer => bearer(user, &path, size, ""),
            Kind::Keeping(until) => bearer(user, &path, size, &until.to_string()),
        };
        let target = format!("/upload/localhost/{path}?{query}");
        Self { path, target, headers }
    }

    /// PUTs so many bytes.
    pub(crate) fn put(&self, service: &Service, size: usize) -> Answer {
        let headers = format!("{}Content-Length: {size}\r\n", self.headers);
        request(&service.address("public"), "PUT", &self.target, &headers, &vec![b'x'; size])
    }

    pub(crate) fn get(&self, service: &Service) -> Answer {
        request(&service.address("public"), "GET", &format!("/upload/localhost/{}", self.path), "", b"")
    }

    /// The head of a PUT, whose body the test sends.
    pub(crate) fn head(&self, size: usize) -> String {
        let Self { target, headers, .. } = self;
        format!("PUT {target} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {size}\r\n\r\n")
    }
}

/// Uploads a new file of so many bytes, and answers the status.
pub(crate) fn upload(service: &Service, kind: Kind, user: &str, random: &str, size: usize) -> u16 {
    Slot::new(kind, user, random, size).put(service, size).status
}

/// The files in a disk store whose paths hold `part`.
pub(crate) fn files(service: &Service, part: &str) -> Vec<PathBuf> {
    let mut found = service.stored_files();
    found.retain(|path| path.to_string_lossy().contains(part));
    found
}

fn jwt(user: &str, path: &str, size: usize) -> String {
    let (slot, filename) = path.split_once('/').expect("two parts");
    let now = tokens::now();
    let claims = json!({
        "sub": format!("{user}@localhost"), "iat": now, "exp": now + 300,
        "slot": slot, "filename": filename, "filesize": size, "filetype": "application/octet-stream",
    });
    let token = tokens::signed_with(UPLOAD_SECRET, &json!({"typ": "JWT", "alg": "HS256"}), &claims);
    format!("Authorization: Bearer {token}\r\n")
}

fn bearer(user: &str, path: &str, size: usize, keep: &str) -> (String, String) {
    let expires = tokens::now() + 300;
    let text = format!("put/1\0localhost\0{user}@localhost\0{path}\0{size}\0\0{keep}\0{expires}");
    let token = URL_SAFE_NO_PAD.encode(hmac(&derived(), text.as_bytes()));
    let keep = if keep.is_empty() { String::new() } else { format!("&keep={keep}") };
    (format!("user={user}%40localhost&expires={expires}{keep}"), format!("Authorization: Bearer {token}\r\n"))
}

/// RFC 5869 by hand, without salt.
fn derived() -> Vec<u8> {
    let extracted = hmac(&[0; 32], UPLOAD_SECRET.as_bytes());
    hmac(&extracted, b"ejabberd-sidecar upload bearer put/1\x01")
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}
