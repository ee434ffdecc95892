//! What cannot be read: named with file, line and remedy, exit code 64, and never with a value.

use crate::setup::Setup;

#[test]
fn broken_yaml_is_named_with_its_line() {
    for (from, to, line) in [
        ("auth_use_cache: false", "auth_use_cache: \"the upload secret", "ejabberd.yml:"),
        ("auth_use_cache: false", "\tauth_use_cache: false", "ejabberd.yml:4: is no YAML"),
        ("auth_use_cache: false", "auth_use_cache: [a, b", "ejabberd.yml:"),
        ("auth_use_cache: false", "auth_use_cache: *nothing", "ejabberd.yml:5"),
        ("auth_use_cache: false", "[a]: b", "ejabberd.yml:5"),
    ] {
        let checked = Setup::clean().yml(from, to).check();
        assert_eq!(checked.code, Some(64), "{to}: {checked:?}");
        assert!(checked.stderr.contains(line), "{to}: {checked:?}");
        assert!(checked.stdout.is_empty(), "{checked:?}");
    }
}

#[test]
fn a_second_document_is_named() {
    let setup = Setup::clean().yml("auth_use_cache: false", "---\nauth_use_cache: false");
    let checked = setup.check();
    assert_eq!(checked.code, Some(64), "{checked:?}");
    assert!(checked.stderr.contains("ejabberd.yml:5: begins a second document"), "{checked:?}");
}

#[test]
fn what_is_no_configuration_is_named() {
    for text in ["- a\n- b\n", "text\n"] {
        let mut setup = Setup::clean();
        text.clone_into(&mut setup.yml);
        let checked = setup.check();
        assert_eq!(checked.code, Some(64), "{checked:?}");
        assert!(checked.stderr.contains("ejabberd.yml:1: has to be a map of options"), "{checked:?}");
    }
}

#[test]
fn a_file_that_is_missing_is_named() {
    let checked = Setup::clean().check_with(&["--ejabberd-yml", "nothing.yml"]);
    assert_eq!(checked.code, Some(64), "{checked:?}");
    assert!(checked.stderr.contains("nothing.yml: cannot be read"), "{checked:?}");
}

#[test]
fn nothing_grows_without_bounds() {
    let mut many = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..12 {
        let before = format!("*a{}, ", at - 1).repeat(10);
        many = format!("{many}a{at}: &a{at} [{before}]\n");
    }
    let nested = format!("a: {}", "[".repeat(100_000));
    let macros: Vec<_> = (1..30).map(|at| format!("  M_{at}: [M_{0}, M_{0}, M_{0}]\n", at - 1)).collect();
    let macros = macros.concat();
    let macros = format!("define_macro:\n  M_0: x\n{macros}hosts: M_29\n");
    for text in [many, nested, macros] {
        let mut setup = Setup::clean();
        setup.yml = text;
        let checked = setup.check();
        assert_eq!(checked.code, Some(64), "{checked:?}");
    }
}

#[test]
fn an_empty_file_says_nothing_about_our_vhosts() {
    let mut setup = Setup::clean();
    setup.yml.clear();
    let checked = setup.check();
    assert_eq!(
        checked.found.iter().map(|found| found.code.as_str()).collect::<Vec<_>>(),
        ["vhost_not_in_ejabberd"],
        "{checked:?}"
    );
}

#[test]
fn a_version_that_is_none_is_refused() {
    let checked = Setup::clean().version(Some("latest")).check();
    assert_eq!(checked.code, Some(64), "{checked:?}");
    assert!(checked.stderr.contains("write 23.01 or 26.07"), "{checked:?}");
}
