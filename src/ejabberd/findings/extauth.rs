//! `extauth_program`: the bridge to the sidecar.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ContextKind;
use secrecy::ExposeSecret as _;
use url::Url;

use super::{Both, Case, auth_methods, by_macro, words};
use crate::config::ListenSettings;
use crate::ejabberd::{Code, Entry, Findings, HostView, codes};
use crate::extauth::{Arguments, Hook};
use crate::types::Address;

/// Where a program without a path is looked for: the shells' own default, and where people install.
const SEARCHED: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// The bridge's command line, without the program and `extauth`.
#[derive(clap::Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

pub(super) fn check(case: &Case<'_>, host: &Both<'_>, findings: &mut Findings) {
    let host = &host.theirs;
    let methods = auth_methods(host);
    if methods.iter().any(|method| method == "http") && !methods.iter().any(|method| method == "external") {
        return;
    }
    let listen = &case.settings.listen;
    if host.option("extauth_pool_size").is_none() {
        let problem =
            "extauth_pool_size is missing: as many logins are answered at once as the machine has processors";
        let place = host.near(&["extauth_program", "auth_method"]);
        findings.add_for(&host.name, codes::EXTAUTH_POOL_SIZE, &place, problem, "extauth_pool_size: 4");
    }
    if let Some(entry) = host.option("extauth_pool_size")
        && entry.value.number().is_none_or(|size| size == 0)
    {
        let problem = "extauth_pool_size has to be a number from 1 on: ejabberd does not start with this";
        findings.add_for(
            &host.name,
            codes::EXTAUTH_POOL_EMPTY,
            &entry.place,
            problem,
            "extauth_pool_size: 4",
        );
    }
    let given = host.option("extauth_program");
    if let Some(entry) = given.filter(|entry| entry.value.text().is_some_and(|text| !text.is_empty())) {
        Program { host, entry, listen, findings }.check();
    } else {
        let problem = "extauth_program is missing: ejabberd has nothing to ask the sidecar with";
        let place = host.near(&["extauth_program", "auth_method"]);
        let remedy = format!("extauth_program: \"ejabberd-sidecar extauth --hook {}\"", hook_of(listen));
        findings.add_for(&host.name, codes::EXTAUTH_PROGRAM, &place, problem, remedy);
    }
}

struct Program<'a> {
    host: &'a HostView,
    entry: &'a Entry,
    listen: &'a ListenSettings,
    findings: &'a mut Findings,
}

impl Program<'_> {
    fn add(&mut self, code: Code, problem: &str, remedy: String) {
        let problem = format!("extauth_program{}: {problem}", by_macro(&self.entry.value));
        self.findings.add_for(&self.host.name, code, &self.entry.place, problem, remedy);
    }

    fn check(mut self) {
        let remedy =
            |program: &str| format!("extauth_program: \"{program} extauth --hook {}\"", hook_of(self.listen));
        let foreign = remedy("/usr/local/bin/ejabberd-sidecar");
        let line = self.entry.value.text().unwrap_or_default();
        let Some(words) = words::split(line).filter(|words| !words.is_empty()) else {
            let problem = "is more than a program with its arguments: what it asks is not known here";
            return self.add(codes::EXTAUTH_FOREIGN, problem, foreign);
        };
        let program = &words[0];
        match found(program) {
            None => {
                let problem = format!("{program} is not there, or not on this machine");
                return self.add(codes::EXTAUTH_NOT_FOUND, &problem, foreign);
            }
            Some(path) if !is_executable(&path) => {
                let problem = format!("{} cannot be run", path.display());
                return self.add(
                    codes::EXTAUTH_NOT_EXECUTABLE,
                    &problem,
                    format!("chmod 755 {}", path.display()),
                );
            }
            Some(_) => {}
        }
        if words.get(1).is_none_or(|word| word != "extauth") {
            let problem = format!(
                "{program} does not read as `ejabberd-sidecar extauth`: what it asks is not known here"
            );
            return self.add(codes::EXTAUTH_FOREIGN, &problem, foreign);
        }
        let remedy = remedy(program);
        match Line::try_parse_from(&words[2..]) {
            Ok(Line { arguments }) => {
                let given = words.iter().any(|word| word.starts_with("--hook"));
                self.hook(&arguments, given, remedy.clone());
                self.credentials(&arguments, &remedy);
            }
            Err(error) => {
                let problem = format!("the bridge does not start with it: {}", without_values(&error));
                self.add(codes::EXTAUTH_ARGUMENTS, &problem, remedy);
            }
        }
    }

    fn hook(&mut self, arguments: &Arguments, given: bool, remedy: String) {
        let hook = hook_of(self.listen);
        match arguments.hook() {
            // What is wrong may hold a password.
            Err(error) => self.add(codes::EXTAUTH_HOOK, &format!("--hook: {error}"), remedy),
            Ok(asked) if !meets(&asked, self.listen) => {
                let problem = format!(
                    "the bridge asks {}, and the sidecar's listen.hook is {hook}",
                    arguments.hook.trim_end_matches('/')
                );
                self.add(codes::EXTAUTH_HOOK, &problem, remedy);
            }
            Ok(_) if !given => {
                let problem = format!(
                    "without --hook the bridge asks {}, which is right as long as listen.hook is not changed",
                    arguments.hook
                );
                self.add(codes::EXTAUTH_NO_HOOK, &problem, remedy);
            }
            Ok(_) => {}
        }
    }

    fn credentials(&mut self, arguments: &Arguments, remedy: &str) {
        let problem = match (&self.listen.hook_credentials, arguments.credentials()) {
            (_, Err(error)) if error.is_forbidden => {
                let note = format!("extauth_program: {error}: whether they are the hook's is not known here");
                if !self.findings.notes.contains(&note) {
                    self.findings.notes.push(note);
                }
                return;
            }
            (_, Err(error)) => format!("the bridge does not start: {error}"),
            (Some(_), Ok(None)) => {
                let remedy = remedy.replace(" --hook", " --credentials-file FILE --hook");
                let problem =
                    "the sidecar has listen.hook_credentials, and the bridge shows none: nobody can log in";
                return self.add(codes::EXTAUTH_CREDENTIALS, problem, remedy);
            }
            (Some(ours), Ok(Some(theirs))) if !ours.accept(theirs.authorization().expose_secret()) => {
                "--credentials-file holds others than listen.hook_credentials: nobody can log in".to_owned()
            }
            (_, Ok(_)) => return,
        };
        let remedy =
            "--credentials-file FILE   # its absolute path; one line, what listen.hook_credentials has";
        self.add(codes::EXTAUTH_CREDENTIALS, &problem, remedy.to_owned());
    }
}

/// What is wrong with a command line, with the name of the option and nothing that was given to it.
fn without_values(error: &clap::Error) -> String {
    let kind = error.kind().as_str().unwrap_or("it only shows a text");
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let name = argument.split(['=', ' ']).next().filter(|name| name.starts_with("--"));
    name.map_or_else(|| kind.to_owned(), |name| format!("{kind} ({name})"))
}

fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    SEARCHED.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists())
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// What to give the bridge.
pub(super) fn hook_of(listen: &ListenSettings) -> String {
    match &listen.hook {
        Address::Unix(path) => format!("unix:{}", path.display()),
        Address::Tcp(address) if address.ip().is_unspecified() => {
            format!("http://127.0.0.1:{}{}", address.port(), listen.hook_prefix)
        }
        Address::Tcp(address) => format!("http://{address}{}", listen.hook_prefix),
    }
}

/// Whether who asks there reaches the hook. Names of other machines are believed.
pub(super) fn meets(asked: &Hook, listen: &ListenSettings) -> bool {
    match (asked, &listen.hook) {
        (Hook::Unix(asked), Address::Unix(path)) => asked == path,
        (Hook::Http(asked), Address::Tcp(address)) => {
            let Ok(url) = Url::parse(asked) else { return false };
            let host = match url.host() {
                Some(url::Host::Ipv4(ip)) => address.ip() == ip,
                Some(url::Host::Ipv6(ip)) => address.ip() == ip,
                Some(url::Host::Domain("localhost")) => address.ip().is_loopback(),
                Some(url::Host::Domain(_)) => !address.ip().is_loopback(),
                None => false,
            };
            let path = url.path().trim_end_matches('/') == listen.hook_prefix;
            (host || address.ip().is_unspecified())
                && url.port_or_known_default() == Some(address.port())
                && path
        }
        _ => false,
    }
}
