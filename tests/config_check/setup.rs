//! Two configurations that fit each other, and what the program says of them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::support::PROGRAM;

/// Nothing is wrong with it. `FOLDER` stands for where it is. Nothing listens on port 1.
pub(crate) const YML: &str = r#"hosts: [a.org]
auth_method: [external]
extauth_program: "FOLDER/bridge extauth --hook http://127.0.0.1:18081"
extauth_pool_size: 4
auth_use_cache: false
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
listen:
  - port: 5222
    module: ejabberd_c2s
    starttls_required: true
    max_stanza_size: 65536
  - port: 5443
    module: ejabberd_http
    tls: true
    request_handlers:
      /ws: ejabberd_http_ws
      /bosh: mod_bosh
  - port: 1
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /api: mod_http_api
acl:
  admin: {user: ["root@a.org"]}
  loopback: {ip: ["127.0.0.0/8"]}
api_permissions:
  "console": {from: ejabberd_ctl, who: all, what: "*"}
  "admins":
    who: {access: {allow: [{acl: loopback}, {acl: admin}]}}
    what: ["*", "!stop"]
  "sidecar":
    from: [mod_http_api]
    who: {acl: loopback}
    what: [status]
modules:
  mod_ping: {}
  mod_http_upload:
    put_url: "https://u.org/upload/@HOST@"
    get_url: "https://u.org/upload/@HOST@"
    external_secret: "the upload secret of these tests"
    max_size: 104857600
    jid_in_url: sha1
"#;

pub(crate) const TOML: &str = r#"
[listen]
hook = "127.0.0.1:18081"
ops = "unix:FOLDER/ops.sock"
[upload]
public_url = "https://u.org/upload/@HOST@"
secrets = ["the upload secret of these tests", "the one that was before it"]
[[hosts."a.org".issuers]]
issuer = "https://login.a.org"
secret = "an issuer's secret of these tests, long enough"
[store]
kind = "disk"
path = "store"
"#;

/// Both, in a folder.
pub(crate) struct Setup {
    pub(crate) folder: TempDir,
    pub(crate) yml: String,
    pub(crate) toml: String,
    /// Of ejabberd; none to leave it unsaid.
    pub(crate) version: Option<String>,
}

/// A finding as it was printed.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) severity: String,
    /// `FILE:LINE`, without the folder.
    pub(crate) place: String,
    pub(crate) code: String,
    /// The sentence, with the vhosts before it.
    pub(crate) text: String,
    /// The lines to write instead.
    pub(crate) remedy: String,
}

#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) found: Vec<Found>,
}

impl Setup {
    pub(crate) fn clean() -> Self {
        let folder = TempDir::new().expect("temporary folder");
        symlink(PROGRAM, folder.path().join("bridge")).expect("writable");
        Self { folder, yml: YML.to_owned(), toml: TOML.to_owned(), version: Some("23.01".to_owned()) }
    }

    /// With `from`, which stands there once, replaced in `ejabberd.yml`.
    pub(crate) fn yml(mut self, from: &str, to: &str) -> Self {
        assert_eq!(self.yml.matches(from).count(), 1, "{from}");
        self.yml = self.yml.replace(from, to);
        self
    }

    /// The same in `sidecar.toml`.
    pub(crate) fn toml(mut self, from: &str, to: &str) -> Self {
        assert_eq!(self.toml.matches(from).count(), 1, "{from}");
        self.toml = self.toml.replace(from, to);
        self
    }

    pub(crate) fn version(mut self, version: Option<&str>) -> Self {
        self.version = version.map(str::to_owned);
        self
    }

    /// A second vhost on both sides, with an upload secret of its own.
    pub(crate) fn with_second_vhost(self) -> Self {
        let mut made = self.yml("hosts: [a.org]", "hosts: [a.org, b.org]");
        made.yml.push_str(
            "host_config:\n  b.org:\n    modules:\n      mod_http_upload:\n        put_url: \"https://u.org/upload/@HOST@\"\n        external_secret: \"the upload secret of b.org\"\n",
        );
        made.toml.push_str(
            "[[hosts.'b.org'.issuers]]\nissuer = 'b'\nsecret = 'an issuer secret of b.org, long enough'\n[hosts.'b.org'.upload]\nsecrets = ['the upload secret of b.org']\n",
        );
        made
    }

    /// Another file beside them.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.path(name), self.filled_in(text)).expect("writable");
        self
    }

    pub(crate) fn script(self, name: &str, mode: u32) -> Self {
        let setup = self.file(name, "#!/bin/sh\n");
        fs::set_permissions(setup.path(name), fs::Permissions::from_mode(mode)).expect("ours");
        setup
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn filled_in(&self, text: &str) -> String {
        text.replace("FOLDER", &self.folder.path().display().to_string())
    }

    /// The line of `ejabberd.yml` that holds `text`, which stands there once.
    pub(crate) fn line(&self, text: &str) -> usize {
        assert_eq!(self.yml.matches(text).count(), 1, "{text}");
        self.yml.lines().position(|line| line.contains(text)).expect("just seen") + 1
    }

    pub(crate) fn write(&self) {
        fs::write(self.path("ejabberd.yml"), self.filled_in(&self.yml)).expect("writable");
        fs::write(self.path("sidecar.toml"), self.filled_in(&self.toml)).expect("writable");
    }

    pub(crate) fn check(&self) -> Checked {
        self.check_with(&["--ejabberd-yml", "ejabberd.yml"])
    }

    pub(crate) fn check_with(&self, arguments: &[&str]) -> Checked {
        self.write();
        let mut program = Command::new(PROGRAM);
        program.args(["config", "check", "--config", "sidecar.toml"]).args(arguments);
        program.args(self.version.iter().flat_map(|version| ["--ejabberd-version", version.as_str()]));
        let output = program.current_dir(self.folder.path()).output().expect("program starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        for secret in [
            "the upload secret",
            "one that was before",
            "issuer's secret",
            "component's secret",
            "some other secret",
            "some-secret",
        ] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}{stderr}");
        }
        Checked { code: output.status.code(), found: found(&stdout), stdout, stderr }
    }
}

fn found(text: &str) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for line in text.lines() {
        let finding = ["error", "warning"].iter().find_map(|severity| {
            let (place, rest) = line.strip_prefix(severity)?.strip_prefix(": ")?.split_once(": [")?;
            let (code, text) = rest.split_once("] ")?;
            let [severity, place, code, text] = [*severity, place, code, text].map(str::to_owned);
            Some(Found { severity, place, code, text, remedy: String::new() })
        });
        if let Some(finding) = finding {
            all.push(finding);
        } else if let Some(last) = all.last_mut().filter(|_| line.starts_with("    ")) {
            last.remedy.push_str(line.trim_start().trim_start_matches("write: "));
            last.remedy.push('\n');
        }
    }
    all
}

/// A fault: the clean configuration with one thing changed.
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) severity: &'static str,
    /// What is replaced by what.
    pub(crate) yml: (&'static str, &'static str),
    /// What stands in the line that is named.
    pub(crate) line: &'static str,
    /// What stands in the sentence.
    pub(crate) says: &'static str,
    /// What stands in the lines to write.
    pub(crate) write: &'static str,
}

impl Fault {
    #[track_caller]
    pub(crate) fn assert_found(&self) {
        self.assert_found_in(Setup::clean());
    }

    /// The same in another configuration that is clean.
    #[track_caller]
    pub(crate) fn assert_found_in(&self, setup: Setup) {
        let setup = setup.yml(self.yml.0, self.yml.1);
        let line = setup.line(self.line);
        let checked = setup.check();
        let [found] = &checked.found[..] else {
            unreachable!("{}: one finding, and not {checked:?}", self.code)
        };
        assert_eq!((found.code.as_str(), found.severity.as_str()), (self.code, self.severity), "{found:?}");
        assert_eq!(found.place, format!("ejabberd.yml:{line}"), "{found:?}");
        assert!(found.text.contains(self.says), "{:?} in {found:?}", self.says);
        assert!(found.remedy.contains(self.write), "{:?} in {found:?}", self.write);
        let exit = i32::from(self.severity == "error");
        assert_eq!(checked.code, Some(exit), "{checked:?}");
    }
}
