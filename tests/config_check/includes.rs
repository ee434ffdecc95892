//! `include_config_file`.

use std::fs;

use crate::setup::Setup;

const INCLUDED: &str = "define_macro: {CACHE: true}\nauth_use_cache: CACHE\nauth_method: [internal]\n";

fn including(how: &str) -> Setup {
    let setup = Setup::clean().file("more.yml", INCLUDED).yml("auth_use_cache: false\n", "");
    setup.yml("hosts: [a.org]", &format!("hosts: [a.org]\ninclude_config_file: {how}"))
}

#[test]
fn options_out_of_other_files_count_and_are_named_there() {
    for how in [
        "more.yml",
        "[\"more.yml\"]",
        "{more.yml: {disallow: [auth_method]}}",
        "{FOLDER/more.yml: {allow_only: [define_macro, auth_use_cache]}}",
    ] {
        let checked = including(how).check();
        let cache = checked.found.iter().find(|found| found.code == "auth_cache");
        let cache = cache.unwrap_or_else(|| unreachable!("{how}: {checked:?}"));
        assert!(cache.place.ends_with("more.yml:2"), "{how}: {cache:?}");
        let also_method = how == "more.yml" || how.starts_with('[');
        assert_eq!(checked.found.len(), if also_method { 2 } else { 1 }, "{how}: {checked:?}");
    }
}

#[test]
fn what_is_not_allowed_does_not_count() {
    let checked = including("{more.yml: {allow_only: [define_macro]}}")
        .yml("auth_method: [external]", "auth_method: [external]\nauth_use_cache: false")
        .check();
    assert!(checked.found.is_empty(), "{checked:?}");
}

#[test]
fn a_file_beside_the_one_that_includes_it_comes_first() {
    let setup = including("more.yml").yml("auth_method: [external]\n", "");
    setup.write();
    let below = setup.path("below");
    fs::create_dir(&below).expect("writable");
    fs::rename(setup.path("ejabberd.yml"), below.join("ejabberd.yml")).expect("ours");
    let codes = |setup: &Setup| {
        let checked = setup.check_with(&["--ejabberd-yml", "below/ejabberd.yml"]);
        checked.found.iter().map(|found| (found.code.clone(), found.place.clone())).collect::<Vec<_>>()
    };
    let at = |code: &str, place: &str| (code.to_owned(), place.to_owned());
    assert_eq!(
        codes(&setup),
        [at("auth_cache", "more.yml:2"), at("auth_method", "more.yml:3")],
        "where ejabberd looks"
    );
    fs::write(below.join("more.yml"), "auth_use_cache: true\nauth_method: [external]\n").expect("writable");
    assert_eq!(codes(&setup), [at("auth_cache", "below/more.yml:1")], "beside it");
}

#[test]
fn a_file_that_is_missing_is_named_with_the_line_that_names_it() {
    let setup = Setup::clean().yml("hosts: [a.org]", "hosts: [a.org]\ninclude_config_file:\n  - nothing.yml");
    let checked = setup.check();
    assert_eq!(checked.code, Some(64), "{checked:?}");
    assert!(
        checked.stderr.contains("ejabberd.yml:2: include_config_file: nothing.yml cannot be read"),
        "{checked:?}"
    );
    assert!(checked.stderr.contains("write its absolute path"), "{checked:?}");
}

#[test]
fn files_that_include_each_other_are_named() {
    let setup = Setup::clean()
        .file("one.yml", "include_config_file: two.yml\n")
        .file("two.yml", "include_config_file: one.yml\n");
    let checked = setup.yml("hosts: [a.org]", "hosts: [a.org]\ninclude_config_file: one.yml").check();
    assert_eq!(checked.code, Some(64), "{checked:?}");
    assert!(
        checked.stderr.contains("two.yml:1: include_config_file: one.yml includes itself"),
        "{checked:?}"
    );
}
