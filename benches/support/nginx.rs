//! nginx with a configuration of its own.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::processes::{Process, free_address, wait_until};

/// It ends with this value.
pub(crate) struct Nginx {
    pub(crate) address: String,
    pub(crate) process: Process,
    pub(crate) folder: TempDir,
}

impl Nginx {
    /// Starts one with this in its `server` section, where relative paths lead into a folder of its own.
    pub(crate) fn start(program: &Path, server: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let address = free_address();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.path().display()))
            .concat();
        // The folder is ours alone; root's nginx would give its workers to somebody else.
        let user = if geteuid().is_root() { "user root;" } else { "" };
        let configuration = format!(
            r"
daemon off;
worker_processes auto;
pid nginx.pid;
{user}
events {{ worker_connections 2048; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    {temporary}
    server {{
        listen {address};
        {server}
    }}
}}
"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).expect("writable");
        let mut command = Command::new(program);
        command.arg("-p").arg(folder.path()).arg("-c").arg(file).args(["-e", "stderr"]).stdin(Stdio::null());
        let process = Process::spawn(&mut command);
        wait_until("nginx listens", || TcpStream::connect(&address).is_ok());
        Self { address, process, folder }
    }
}
