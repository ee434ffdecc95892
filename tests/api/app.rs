//! An app that holds its user's token.

use serde_json::{Value, json};

use crate::support::http::{Answer, request};
use crate::support::metrics::value;
use crate::support::{Service, tokens};

pub(crate) const SLOTS: &str = "/api/v1/slots";
pub(crate) const UPLOADS: &str = "/api/v1/uploads";
pub(crate) const JSON: &str = "Content-Type: application/json\r\n";

/// One user's app.
pub(crate) struct App<'service> {
    pub(crate) service: &'service Service,
    token: String,
}

/// The header for a token.
pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Asks with these headers, reads the answer, and sees that it is one of the API's.
pub(crate) fn ask(service: &Service, method: &str, target: &str, headers: &str, body: &str) -> Answer {
    let headers = format!("{headers}Content-Length: {}\r\n", body.len());
    let answer = request(&service.address("public"), method, target, &headers, body.as_bytes());
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
    if answer.status != 204 {
        assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    }
    answer
}

/// Its body.
pub(crate) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| unreachable!("{error}: {answer:?}"))
}

/// The reason of a refusal, which has a sentence too.
pub(crate) fn error(answer: &Answer) -> (u16, String) {
    let told = json_of(answer);
    assert!(told["message"].as_str().is_some_and(|message| message.len() > 10), "{told}");
    assert_eq!(told.as_object().map(serde_json::Map::len), Some(2), "{told}");
    (answer.status, told["error"].as_str().expect("a code").to_owned())
}

/// How often a call ended so.
pub(crate) fn counted(service: &Service, call: &str, outcome: &str, reason: &str) -> u64 {
    let labels = format!("{{vhost=\"localhost\",call=\"{call}\",outcome=\"{outcome}\",reason=\"{reason}\"}}");
    value(service, &format!("ejabberd_sidecar_api_requests_total{labels}"))
}

impl<'service> App<'service> {
    pub(crate) fn of(service: &'service Service, user: &str) -> Self {
        Self { service, token: tokens::good(user) }
    }

    pub(crate) fn with(service: &'service Service, token: String) -> Self {
        Self { service, token }
    }

    pub(crate) fn ask(&self, method: &str, target: &str, body: &str) -> Answer {
        let headers = format!("{}{JSON}", bearer(&self.token));
        ask(self.service, method, target, &headers, body)
    }

    pub(crate) fn slot(&self, wish: &Value) -> Answer {
        self.ask("POST", SLOTS, &wish.to_string())
    }

    /// Gets a slot for a file of these bytes and sends it there.
    pub(crate) fn upload(&self, name: &str, body: &[u8]) {
        let slot = self.slot(&json!({"filename": name, "size": body.len()}));
        assert_eq!(slot.status, 201, "{slot:?}");
        assert_eq!(send(self.service, &json_of(&slot), "", body), 201, "{name}");
    }

    pub(crate) fn list(&self, query: &str) -> Value {
        let answer = self.ask("GET", &format!("{UPLOADS}{query}"), "");
        assert_eq!(answer.status, 200, "{answer:?}");
        json_of(&answer)
    }

    /// The names of his files.
    pub(crate) fn names(&self) -> Vec<String> {
        let page = self.list("");
        assert_eq!(page["next"], Value::Null, "{page}");
        let mut names: Vec<_> = files(&page).iter().map(|file| text(&file["name"])).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn remove(&self, path: &str) -> Answer {
        self.ask("DELETE", &format!("{UPLOADS}/{path}"), "")
    }

    /// The path of a file of this name, as the list tells it.
    pub(crate) fn path(&self, name: &str) -> String {
        let page = self.list("");
        let file =
            files(&page).iter().find(|file| file["name"] == name).expect("a file of this name").clone();
        text(&file["path"])
    }
}

/// PUTs a file into a slot.
pub(crate) fn send(service: &Service, slot: &Value, more: &str, body: &[u8]) -> u16 {
    let headers = slot["put"]["headers"].as_object().expect("headers");
    let headers = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", text(value)));
    let headers = headers.collect::<Vec<_>>().concat();
    let headers = format!("{headers}{more}Content-Length: {}\r\n", body.len());
    request(&service.address("public"), "PUT", &target(&slot["put"]["url"]), &headers, body).status
}

/// The path and the query of a URL below the default `public_url`.
pub(crate) fn target(url: &Value) -> String {
    text(url).strip_prefix("http://localhost:8080").expect("below public_url").to_owned()
}

pub(crate) fn files(page: &Value) -> &Vec<Value> {
    page["files"].as_array().expect("files")
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
