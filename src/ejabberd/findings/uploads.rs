//! `mod_http_upload`: slots for the sidecar's file server.

use url::Url;

use super::extauth::{hook_of, meets};
use super::{Both, Case, by_macro};
use crate::authn::Scheme;
use crate::config::{ListenSettings, UploadSettings};
use crate::ejabberd::{Code, Entry, Findings, codes};
use crate::extauth::Hook;

/// ejabberd's default, which is itself.
const DEFAULT_URL: &str = "https://@HOST@:5443/upload";
/// ejabberd's default.
const DEFAULT_MAX_SIZE: u64 = 104_857_600;

pub(super) fn check(case: &Case<'_>, all: &[Both<'_>], host: &Both<'_>, findings: &mut Findings) {
    let (name, upload) = (host.theirs.name.as_str(), &host.ours.upload);
    let Some(module) = host.theirs.module("mod_http_upload") else {
        if case.settings.component.is_some() {
            // Slots come from the sidecar.
            return;
        }
        let place = host.theirs.near(&["modules"]);
        let remedy = format!(
            "modules:\n  mod_http_upload:\n    put_url: \"{url}\"\n    get_url: \"{url}\"\n    external_secret: …",
            url = written(upload, name)
        );
        let problem = "mod_http_upload is missing: clients are offered no uploads";
        findings.add_for(name, codes::UPLOAD_MISSING, &place, problem, remedy);
        return;
    };
    let listen = &case.settings.listen;
    Module { all, name, upload, listen, entry: module, findings }.check();
}

struct Module<'a> {
    all: &'a [Both<'a>],
    name: &'a str,
    upload: &'a UploadSettings,
    listen: &'a ListenSettings,
    entry: &'a Entry,
    findings: &'a mut Findings,
}

impl Module<'_> {
    fn check(mut self) {
        if let Some(entry) = self.entry.value.entry("service_url") {
            // ejabberd asks there for slots, and looks at none of the other options.
            return self.service_url(entry);
        }
        let put = self.entry.value.entry("put_url");
        self.url("put_url", put, codes::PUT_URL);
        let get = self.entry.value.entry("get_url");
        if get.is_some() {
            self.url("get_url", get, codes::GET_URL);
        }
        self.secret();
        self.max_size();
        if let Some(entry) = self.entry.value.entry("jid_in_url")
            && entry.value.text() == Some("node")
        {
            let problem = "jid_in_url: node puts users' names into addresses, and the sidecar does not find the files of a user who is removed";
            self.add(codes::JID_IN_URL, Some(entry), problem, "jid_in_url: sha1");
        }
    }

    fn add(
        &mut self,
        code: Code,
        entry: Option<&Entry>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let place = &entry.unwrap_or(self.entry).place;
        self.findings.add_for(self.name, code, place, problem, remedy);
    }

    fn service_url(&mut self, entry: &Entry) {
        let listen = self.listen;
        let (hook, end) = (hook_of(listen), if listen.hook_slot_key.is_some() { "/slot/…" } else { "/slot" });
        let problem = if !asks_for_slots(entry.value.text().unwrap_or_default(), listen) {
            "service_url: ejabberd has its slots from there, which is not this service's hook, or shows another key; it does not look at put_url and external_secret"
        } else if listen.hook_slot_key.is_none() && listen.hook_credentials.is_some() {
            "service_url: ejabberd shows no credentials there, and listen.hook_credentials asks for some: set listen.hook_slot_key"
        } else if !self.upload.accepted.schemes.contains(&Scheme::Bearer) {
            let problem = "service_url: slots from there are of scheme bearer, which upload.accept does not name: ejabberd is refused each";
            let remedy =
                "accept = [\"v\", \"bearer\"]   # upload.accept of the sidecar; or take the line out";
            return self.add(codes::SERVICE_URL, Some(entry), problem, remedy);
        } else {
            return;
        };
        let remedy = format!("service_url: \"{hook}{end}\"   # listen.hook; or take the line out");
        self.add(codes::SERVICE_URL, Some(entry), problem, remedy);
    }

    fn url(&mut self, key: &str, entry: Option<&Entry>, code: Code) {
        let given = entry.and_then(|entry| entry.value.text()).unwrap_or(DEFAULT_URL);
        let wanted = self.upload.public_url.as_str();
        let meant = given.replace("@HOST@", self.name).replace("@HOST_URL_ENCODE@", self.name);
        if same_url(&meant, &self.upload.public_url) {
            return;
        }
        let meant_shown = without_userinfo(&meant);
        let remedy = format!("{key}: \"{}\"", written(self.upload, self.name));
        let same_module = |other: &&Both<'_>| {
            other.theirs.module("mod_http_upload").is_some_and(|module| module.place == self.entry.place)
        };
        if meant == given && self.all.iter().filter(same_module).count() > 1 {
            let problem = format!(
                "{key} is the same for several vhosts, and the sidecar has {wanted} for this one: a file's address has to tell whose it is"
            );
            return self.add(codes::UPLOAD_URL_SHARED, entry, problem, remedy);
        }
        let problem = match entry {
            Some(entry) => format!(
                "{key}{} is {meant_shown}, and the sidecar's upload.public_url is {wanted}",
                by_macro(&entry.value)
            ),
            None => {
                format!("{key} is missing and so {meant}, and the sidecar's upload.public_url is {wanted}")
            }
        };
        self.add(code, entry, problem, remedy);
    }

    fn secret(&mut self) {
        const REMEDY: &str = "external_secret: …   # the first line of upload.secrets_file";
        let entry = self.entry.value.entry("external_secret");
        let given = entry.and_then(|entry| entry.value.text()).unwrap_or_default();
        let how = entry.map_or_else(String::new, |entry| by_macro(&entry.value));
        if given.is_empty() {
            let problem = "external_secret is missing: ejabberd wants the files itself and does not sign slots for the sidecar";
            self.add(codes::SECRET_MISSING, entry, problem, REMEDY);
        } else if given.as_bytes() == self.upload.signing_secret.bytes() {
            // As it should be.
        } else if self.upload.secrets().any(|secret| secret.bytes() == given.as_bytes()) {
            let problem = format!(
                "external_secret{how} is an old one of the sidecar's upload.secrets: the first one signs"
            );
            self.add(codes::SECRET_RETIRED, entry, problem, REMEDY);
        } else {
            let problem = format!(
                "external_secret{how} is none of the sidecar's upload.secrets: every upload is refused (mac_invalid)"
            );
            self.add(codes::SECRET_DIFFERS, entry, problem, REMEDY);
        }
    }

    fn max_size(&mut self) {
        let entry = self.entry.value.entry("max_size");
        let ours = self.upload.rules.max_size;
        let theirs = entry.map_or(Some(DEFAULT_MAX_SIZE), |entry| entry.value.number());
        if theirs.is_none_or(|theirs| theirs > ours) {
            let promised = match (entry, theirs) {
                (Some(_), Some(bytes)) => format!("max_size is {bytes}"),
                (Some(_), None) => "max_size is no number".to_owned(),
                (None, _) => format!("max_size is missing and so {DEFAULT_MAX_SIZE}"),
            };
            let problem = format!(
                "{promised}, and the sidecar takes {ours} bytes (upload.max_size): it refuses what ejabberd promised"
            );
            self.add(codes::UPLOAD_MAX_SIZE, entry, problem, format!("max_size: {ours}"));
        }
    }
}

/// As it is written for all vhosts at once, where their names are the only difference.
fn written(upload: &UploadSettings, host: &str) -> String {
    let url = upload.public_url.as_str().trim_end_matches('/');
    url.strip_suffix(host).map_or_else(|| url.to_owned(), |before| format!("{before}@HOST@"))
}

/// Whether who asks `url` reaches `/slot` of the hook, with its key where it has one.
fn asks_for_slots(url: &str, listen: &ListenSettings) -> bool {
    let Ok(mut url) = Url::parse(url) else { return false };
    let path = url.path().to_owned();
    let Some((prefix, key)) = path.rsplit_once("/slot") else { return false };
    let shows_key = match &listen.hook_slot_key {
        Some(ours) => key.strip_prefix('/').is_some_and(|key| ours.accept(key)),
        None => key.is_empty(),
    };
    url.set_path(prefix);
    shows_key
        && url.scheme() == "http"
        && url.query().is_none()
        && meets(&Hook::Http(url.to_string()), listen)
}

/// A name and a password in a URL are nobody's business.
fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("//") else {
        return if url.contains('@') { "(not shown)".to_owned() } else { url.to_owned() };
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}//{host}{path}")
}

fn same_url(given: &str, ours: &Url) -> bool {
    Url::parse(given)
        .is_ok_and(|url| url.as_str().trim_end_matches('/') == ours.as_str().trim_end_matches('/'))
}
