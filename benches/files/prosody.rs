//! Prosody with a configuration of its own: no XMPP, only `mod_http_file_share`.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::support::processes::{Process, free_address, wait_until};
use super::support::signers::{SHARED_SECRET, Signer, now};

/// As it is installed, but for the sizes that it lets through: the limit of a body (10 MiB) is the one above which it
/// writes to disk as it receives, and it is left alone.
const CONFIGURATION: &str = r#"
run_as_root = true
plugin_paths = {}
modules_disabled = { "s2s", "c2s", "offline" }
c2s_ports = {}
s2s_ports = {}
https_ports = {}
http_interfaces = { "127.0.0.1" }
http_file_share_size_limit = 16 * 1024 * 1024 * 1024
authentication = "internal_hashed"
storage = "internal"
VirtualHost "localhost"
modules_enabled = { "http_file_share" }
"#;

/// It ends with this value.
pub(crate) struct Prosody {
    pub(crate) address: String,
    pub(crate) process: Process,
    folder: TempDir,
    signer: Signer,
}

impl Prosody {
    pub(crate) fn start(program: &Path) -> Self {
        let (folder, signer) = (TempDir::new().expect("a temporary folder"), Signer::hs256());
        let address = free_address();
        let (_, port) = address.rsplit_once(':').expect("an address with its port");
        let (file, log) = (folder.path().join("prosody.cfg.lua"), folder.path().join("log"));
        let at = folder.path().to_string_lossy();
        let secret = String::from_utf8_lossy(SHARED_SECRET);
        let own = format!(
            "data_path = '{at}/data'\npidfile = '{at}/pid'\nlog = {{ warn = '{at}/warnings' }}\nhttp_ports = {{ {port} }}\n"
        );
        fs::create_dir(folder.path().join("data")).expect("writable");
        let secret = format!("http_file_share_secret = '{secret}'\n");
        fs::write(&file, own + CONFIGURATION + &secret).expect("writable");
        let said = File::create(log).expect("writable");
        let mut command = Command::new(program);
        command.arg("-F").arg("--config").arg(&file).stdin(Stdio::null());
        command.stderr(said.try_clone().expect("open")).stdout(said);
        let process = Process::spawn(&mut command);
        wait_until("Prosody listens", || TcpStream::connect(&address).is_ok());
        Self { address, process, folder, signer }
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.folder.path().join("data/localhost/http_file_share/bin")
    }

    /// What its XMPP side would send along with a slot.
    pub(crate) fn token(&self, slot: &str, name: &str, size: u64) -> String {
        let (header, now) = (json!({"alg": "HS256", "typ": "JWT"}), now());
        let claims = json!({
            "sub": "alice@localhost", "iat": now, "exp": now + 3600, "expires": now + 86400,
            "slot": slot, "filename": name, "filesize": size, "filetype": "application/octet-stream",
        });
        self.signer.jwt(&header, &claims)
    }
}
