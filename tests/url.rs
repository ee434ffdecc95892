//! `url sign` and `url check`: what the service would say of an upload, without asking it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ejabberd-sidecar");

struct Setup(TempDir);

impl Setup {
    fn new(upload: &str) -> Self {
        let folder = TempDir::new().expect("temporary folder");
        let issuer = "issuer = 'test'\nsecret = 'issuer-secret-0123456789-abcdefghijklmnop'\n";
        let hosts = format!(
            "[[hosts.'a.org'.issuers]]\n{issuer}[[hosts.'b.org'.issuers]]\n{issuer}[hosts.'b.org'.upload]\nsecrets = ['the upload secret of b.org']\n"
        );
        let general = "[upload]\nsecrets = ['the upload secret of a.org']\n";
        let text = format!("{general}{upload}\n{hosts}[store]\nkind = 'disk'\npath = 'store'\n");
        fs::write(folder.path().join("sidecar.toml"), text).expect("writable");
        Self(folder)
    }

    fn url(&self, arguments: &[&str], input: &str) -> Output {
        let (command, arguments) = arguments.split_first().expect("a command");
        let config = self.0.path().join("sidecar.toml");
        let mut program = Command::new(PROGRAM);
        program.args(["url", command, "--config"]).arg(config).args(arguments);
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().expect("program starts");
        // A command that does not read has ended by then.
        drop(child.stdin.take().expect("piped").write_all(input.as_bytes()));
        child.wait_with_output().expect("program ends")
    }

    fn sign(&self, arguments: &[&str]) -> String {
        let output = self.url(&[&["sign", "--user", "alice@a.org"], arguments].concat(), "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Exit code and answer.
    fn check(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.url(&[&["check"], arguments].concat(), "");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    }
}

#[test]
fn what_was_signed_is_accepted() {
    for (upload, scheme) in [("", "v"), ("accept = ['v2', 'v']", "v2"), ("accept = 'token'", "token")] {
        let setup = Setup::new(upload);
        let url = setup.sign(&["--size", "7", "--type", "image/png", "gr\u{f6}\u{df}e 1.png"]);
        assert!(url.contains(&format!("/gr%C3%B6%C3%9Fe%201.png?{scheme}=")), "{url}");
        let (code, text) = setup.check(&["--size", "7", "--type", "image/png", &url]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains(&format!("token of scheme {scheme}, for which \"")), "{text}");
        assert!(text.contains("/gr\u{f6}\u{df}e 1.png") && text.contains("\naccepted"), "{text}");
        let mac = url.rsplit('=').next().expect("a MAC");
        assert!(!text.contains(mac), "{text}");
    }
}

#[test]
fn each_reason_is_told() {
    let setup = Setup::new(
        "denied_extensions = 'exe'\nallowed_types = 'image/*'\nmax_size = '10B'\nlegacy_prefixes = '/old/@HOST@'",
    );
    let own = setup.sign(&["--size", "7", "a.png"]);
    let as_image = |size, url| vec!["--size", size, "--type", "image/png", url];
    let (large, program) = (setup.sign(&["--size", "11", "a.png"]), setup.sign(&["--size", "7", "a.exe"]));
    let of_another = own.replace("/upload/a.org/", "/upload/b.org/");
    for (arguments, code) in [
        (as_image("7", "/elsewhere/a/b?v=1"), "path_unknown"),
        (as_image("7", "/old/a.org/a/b?v=1"), "method_not_allowed"),
        (as_image("7", "http://localhost:8080/upload/a.org/a/..?v=1"), "path_malformed"),
        (as_image("7", "/upload/a.org/a/b"), "token_missing"),
        (as_image("7", "/upload/a.org/a/b?v=1&v=2"), "token_malformed"),
        (as_image("7", "/upload/a.org/a/b?v=xyz"), "token_malformed"),
        (as_image("7", "/upload/a.org/a/b?v2=1"), "scheme_not_accepted"),
        (as_image("8", &own), "mac_invalid"),
        (as_image("7", &of_another), "mac_invalid"),
        (vec![own.as_str()], "length_missing"),
        (as_image("11", &large), "too_large"),
        (vec!["--size", "7", &own], "type_not_allowed"),
        (as_image("7", &program), "extension_not_allowed"),
    ] {
        let (exit, text) = setup.check(&arguments);
        assert_eq!(exit, Some(1), "{code}: {text}");
        assert!(text.contains(&format!("[{code}]\nrefused: {code}\n")), "{code}: {text}");
    }
    let (_, text) = setup.check(&as_image("7", &of_another));
    assert!(text.contains("it matches with the secret of a.org"), "{text}");
    assert_eq!(setup.check(&as_image("7", &own)).0, Some(0));
}

#[test]
fn the_url_is_read_from_stdin_where_no_process_list_shows_it() {
    let setup = Setup::new("");
    let url = setup.sign(&["--size", "7", "a.png"]);
    let output = setup.url(&["check", "--size", "7", "-"], &format!("{url}\n"));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn unusable_arguments_are_named() {
    let setup = Setup::new("");
    for (arguments, named) in [
        (["check", "--type", "png", "/a"], "--type"),
        (["sign", "--user", "alice@c.org", "--size=1"], "NAME"),
    ] {
        let output = setup.url(&arguments, "");
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(named), "{output:?}");
    }
}
