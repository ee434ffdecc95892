//! `config print`.

use std::fs;
use std::process::{Command, Output};

use crate::setup::Setup;
use crate::support::PROGRAM;

fn print(setup: &Setup, file: &str, variables: &[(&str, &str)]) -> Output {
    let mut program = Command::new(PROGRAM);
    program.args(["config", "print", "--config", file]).envs(variables.iter().copied());
    program.current_dir(setup.folder.path()).output().expect("program starts")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn what_is_in_force_is_printed_without_secrets() {
    let setup = Setup::clean();
    setup.write();
    let printed = text(&print(&setup, "sidecar.toml", &[("EJABBERD_SIDECAR__UPLOAD__MAX_SIZE", "20MiB")]));
    for line in ["max_size = \"20MiB\"", "token_max_bytes = 8192", "secrets = [", "secret = \"(not shown)\""]
    {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(!printed.contains("of these tests") && !printed.contains("was before"), "{printed}");
}

#[test]
fn what_is_printed_is_a_configuration() {
    let secrets = "secrets = [\"the upload secret of these tests\", \"the one that was before it\"]";
    let setup = Setup::clean()
        .file("upload", "the upload secret")
        .file("issuer", "an issuer's secret of these tests, long enough");
    let setup = setup.toml(secrets, "secrets_file = 'upload'");
    let setup =
        setup.toml("secret = \"an issuer's secret of these tests, long enough\"", "secret_file = 'issuer'");
    setup.write();
    let printed = text(&print(&setup, "sidecar.toml", &[]));
    let folder = setup.path("elsewhere");
    fs::create_dir(&folder).expect("writable");
    fs::write(folder.join("printed.toml"), &printed).expect("writable");
    let again = text(&print(&setup, "elsewhere/printed.toml", &[]));
    let settings = |text: &str| text.split_once('\n').expect("a first line").1.to_owned();
    assert_eq!(settings(&again), settings(&printed));
}

#[test]
fn what_is_unusable_is_not_printed() {
    let setup = Setup::clean().toml("kind = \"disk\"", "kind = \"disc\"");
    setup.write();
    let output = print(&setup, "sidecar.toml", &[]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}
