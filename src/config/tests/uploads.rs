//! `[upload]`, and what a vhost has of its own.

use std::time::Duration;

use super::{ISSUER, load, minimal};
use crate::authn::{Scheme, ServerScheme};
use crate::policy::{InlineTypes, content_disposition};
use crate::types::ContentType;

/// The minimal configuration with more in `[upload]`, a second vhost and its own `[upload]`.
fn two_hosts(general: &str, own: &str) -> String {
    let general = minimal().replace("[upload]\n", &format!("[upload]\n{general}\n"));
    format!("{general}[[hosts.'b.org'.issuers]]\n{ISSUER}\n[hosts.'b.org'.upload]\n{own}\n")
}

fn kind(inline: &InlineTypes, content_type: &str) -> String {
    let disposition = content_disposition(inline, &ContentType::parse(content_type).unwrap(), "a");
    disposition.split(';').next().unwrap().to_owned()
}

#[test]
fn without_a_word_v_and_bearer_are_accepted_and_everything_taken() {
    let settings = load(&minimal(), &[]).unwrap();
    let upload = &settings.hosts[0].upload;
    assert_eq!(upload.accepted.schemes, [ServerScheme::V.into(), Scheme::Bearer]);
    assert_eq!((upload.accepted.slot_ttl, upload.accepted.token_in_url), (Duration::from_mins(5), false));
    assert!(upload.rules.types.check(&ContentType::parse("text/html").unwrap(), "a.exe").is_ok());
    assert_eq!(kind(&upload.inline, "image/png"), "inline");
    assert!(upload.legacy_prefixes.is_empty());
}

#[test]
fn a_vhost_has_schemes_types_and_prefixes_of_its_own() {
    let general = "accept = ['v2', 'token']\ninline_types = 'application/pdf'\ndenied_extensions = ['exe']\nlegacy_prefixes = '/old/@HOST@'";
    let own = "accept = 'v'\nallowed_types = ['image/*']\ninline_types = []\ndenied_extensions = []\nlegacy_prefixes = ['/', '/x/y/']";
    let settings = load(&two_hosts(general, own), &[]).unwrap();
    let [a, b] = [&settings.hosts[0].upload, &settings.hosts[1].upload];
    assert_eq!(
        (a.accepted.schemes.as_slice(), b.accepted.schemes.as_slice()),
        (&[ServerScheme::V2.into(), ServerScheme::Token.into()][..], &[ServerScheme::V.into()][..])
    );
    let (pdf, png) =
        (ContentType::parse("application/pdf").unwrap(), ContentType::parse("image/png").unwrap());
    let taken =
        |content_type, name| [a, b].map(|upload| upload.rules.types.check(content_type, name).is_ok());
    assert_eq!(taken(&pdf, "a"), [true, false]);
    assert_eq!(taken(&png, "a.exe"), [false, true]);
    assert_eq!([kind(&a.inline, "application/pdf"), kind(&a.inline, "image/png")], ["inline", "attachment"]);
    assert_eq!(
        [kind(&b.inline, "application/pdf"), kind(&b.inline, "image/png")],
        ["attachment", "attachment"]
    );
    assert_eq!(
        (a.legacy_prefixes.as_slice(), b.legacy_prefixes.as_slice()),
        (&["/old/a.org/".to_owned()][..], &["/".to_owned(), "/x/y/".to_owned()][..])
    );
}

#[test]
fn what_cannot_be_used_is_named_where_it_stands() {
    for (general, own, message) in [
        ("accept = []", "", "upload.accept: is empty"),
        ("", "accept = ['v1']", "hosts.\"b.org\".upload.accept: \"v1\" is no scheme"),
        ("slot_ttl = '9s'", "", "upload.slot_ttl: has to be from 10s to 1day"),
        ("", "slot_ttl = '25h'", "hosts.\"b.org\".upload.slot_ttl: has to be from 10s to 1day"),
        ("max_size = '0B'", "", "upload.max_size: is zero"),
        ("allowed_types = []", "", "upload.allowed_types: is empty"),
        ("", "allowed_extensions = []", "hosts.\"b.org\".upload.allowed_extensions: is empty"),
        ("allowed_types = ['png']", "", "upload.allowed_types: \"png\" has to look like image/png"),
        ("denied_types = ['*/*']", "", "upload.denied_types: \"*/*\" has to look like"),
        (
            "denied_extensions = ['.exe']",
            "",
            "upload.denied_extensions: \".exe\" has to be an extension without a dot",
        ),
        (
            "inline_types = ['image/*', 'image/svg+xml']",
            "",
            "upload.inline_types: image/svg+xml can hold scripts",
        ),
        ("legacy_prefixes = ['old/']", "", "upload.legacy_prefixes: \"old/\" has to be the path"),
        ("", "legacy_prefixes = ['/old?x']", "hosts.\"b.org\".upload.legacy_prefixes: \"/old?x\""),
    ] {
        let refused = load(&two_hosts(general, own), &[]).unwrap_err().to_string();
        assert!(refused.starts_with(message), "{refused}\nis not\n{message}");
    }
}

#[test]
fn a_vhost_lifts_what_the_others_have() {
    let general = "allowed_types = ['image/*']\nallowed_extensions = 'png'";
    let own = "allowed_types = '*/*'\nallowed_extensions = ['*']";
    let settings = load(&two_hosts(general, own), &[]).unwrap();
    let html = ContentType::parse("text/html").unwrap();
    let taken = settings.hosts.iter().map(|host| host.upload.rules.types.check(&html, "a").is_ok());
    assert_eq!(taken.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn slots_of_our_own_are_as_each_vhost_says() {
    let settings =
        load(&two_hosts("slot_ttl = '1h'", "accept = 'bearer'\ntoken_in_url = true"), &[]).unwrap();
    let [a, b] = [0, 1].map(|at| &settings.hosts[at].upload.accepted);
    assert_eq!((a.slot_ttl, a.token_in_url), (Duration::from_hours(1), false));
    assert_eq!((b.slot_ttl, b.token_in_url), (Duration::from_hours(1), true));
    assert_eq!(b.schemes, [Scheme::Bearer]);
}

#[test]
fn the_scheme_jwt_needs_longer_secrets() {
    let sixteen = minimal().replacen("[upload]\n", "[upload]\naccept = ['v', 'jwt']\n", 1);
    let refused = load(&sixteen, &[]).unwrap_err().to_string();
    assert!(refused.starts_with("upload.secrets: a secret is too short for scheme jwt"), "{refused}");
}

#[test]
fn a_variable_gives_a_list() {
    let accept = ("EJABBERD_SIDECAR__UPLOAD__ACCEPT", "[\"v2\", \"v\"]");
    let settings = load(&minimal(), &[accept, ("EJABBERD_SIDECAR__LIMITS__MIN_RATE", "2KiB")]).unwrap();
    assert_eq!(settings.hosts[0].upload.accepted.schemes, [ServerScheme::V2.into(), ServerScheme::V.into()]);
    assert_eq!((settings.limits.min_rate, settings.limits.uploads), (2048, 1024));
}

#[test]
fn no_files_lie_where_the_api_is() {
    let url = |path: &str| format!("public_url = 'https://u.example{path}'");
    let with = |upload: &str, api: &str| {
        let settings = minimal().replace("[upload]\n", &format!("[upload]\n{upload}\n"));
        load(&settings, &[("EJABBERD_SIDECAR__LISTEN__API", api)])
            .map(drop)
            .map_err(|error| error.to_string())
    };
    for inside in [
        url("/api/v1"),
        url("/api/v1/"),
        url("/api/v1/@HOST@"),
        "legacy_prefixes = ['/api/v1/old/']".to_owned(),
    ] {
        let refused = with(&inside, "true").unwrap_err();
        assert!(refused.contains("set listen.api = false"), "{inside}: {refused}");
        assert_eq!(with(&inside, "false"), Ok(()), "{inside}");
    }
    for beside in [url("/"), url("/api"), url("/api/v2"), url("/api/v10/@HOST@")] {
        assert_eq!(with(&beside, "true"), Ok(()), "{beside}");
    }
}
