//! Who decides about a login.

use super::listeners::handlers;
use super::{Both, Case, auth_methods, by_macro};
use crate::ejabberd::{Findings, HostView, Version, codes};

/// What a token cannot be sent with, and is offered all the same.
const NEVER: &str = "disable_sasl_mechanisms: [\"digest-md5\", \"X-OAUTH2\"]";
const OTHERS: [&str; 2] = ["digest-md5", "X-OAUTH2"];

pub(super) fn check(case: &Case<'_>, host: &Both<'_>, findings: &mut Findings) {
    let host = &host.theirs;
    method(host, findings);
    http(case, host, findings);
    cache(host, findings);
    mechanisms(case, host, findings);
    modules(host, findings);
}

fn method(host: &HostView, findings: &mut Findings) {
    let methods = auth_methods(host);
    let place = host.near(&["auth_method"]);
    let others: Vec<_> = methods
        .iter()
        .filter(|method| !["external", "http", "anonymous"].contains(&method.as_str()))
        .collect();
    let ours = methods.iter().find(|method| *method == "external" || *method == "http");
    let remedy = format!("auth_method: [{}]", ours.map_or("external", String::as_str));
    if let Some(other) = others.first() {
        let problem = if host.option("auth_method").is_some() {
            format!("auth_method has {other}, which logs users in by passwords that the sidecar never sees")
        } else {
            "auth_method is missing, and ejabberd then knows the users that it keeps itself (internal)"
                .to_owned()
        };
        findings.add_for(&host.name, codes::AUTH_METHOD, &place, problem, remedy);
    } else if ours.is_none() {
        let problem = "auth_method has neither external nor http: the sidecar is never asked";
        findings.add_for(&host.name, codes::AUTH_METHOD, &place, problem, remedy);
    } else if methods.iter().any(|method| method == "anonymous") {
        let problem = "auth_method has anonymous: strangers log in without a token";
        findings.add_for(&host.name, codes::AUTH_ANONYMOUS, &place, problem, remedy);
    }
}

fn http(case: &Case<'_>, host: &HostView, findings: &mut Findings) {
    if !auth_methods(host).iter().any(|method| method == "http")
        || case.version.is_some_and(|version| version >= Version::AUTHZID_CHECKED)
    {
        return;
    }
    let condition = match case.version {
        Some(version) => format!("ejabberd {version}"),
        None => format!(
            "ejabberd before {} (yours is not known: say --ejabberd-version)",
            Version::AUTHZID_CHECKED
        ),
    };
    let problem =
        format!("auth_method: http in {condition} lets every user log in as any other one (authzid)");
    findings.add_for(
        &host.name,
        codes::AUTH_HTTP,
        &host.near(&["auth_method"]),
        problem,
        "auth_method: [external]",
    );
}

fn cache(host: &HostView, findings: &mut Findings) {
    let own = host.option("auth_use_cache");
    let set = own.or_else(|| host.option("use_cache"));
    if set.and_then(|entry| entry.value.truth()) == Some(false) {
        return;
    }
    let place = own.map_or_else(|| host.near(&["auth_method"]), |entry| entry.place.clone());
    let how = match set {
        Some(entry) => format!("{} is on{}", entry.key, by_macro(&entry.value)),
        None => "auth_use_cache is on, because it is missing".to_owned(),
    };
    let problem =
        format!("{how}: an accepted token goes on working after it has expired, and a newer one is refused");
    findings.add_for(&host.name, codes::AUTH_CACHE, &place, problem, "auth_use_cache: false");
}

fn mechanisms(case: &Case<'_>, host: &HostView, findings: &mut Findings) {
    let entry = host.option("disable_sasl_mechanisms");
    let items = entry.map(|entry| entry.value.items()).unwrap_or_default();
    let disabled: Vec<_> = items.iter().filter_map(|item| item.text()).map(str::to_ascii_lowercase).collect();
    let is_off = |name: &str| disabled.iter().any(|other| other.eq_ignore_ascii_case(name));
    let place = host.near(&["disable_sasl_mechanisms", "auth_method"]);
    if is_off("PLAIN") {
        let problem = "disable_sasl_mechanisms has PLAIN, by which tokens are sent: nobody can log in";
        findings.add_for(&host.name, codes::SASL_PLAIN, &place, problem, NEVER);
        return;
    }
    let mut missing: Vec<_> = OTHERS.iter().filter(|name| !is_off(name)).copied().collect();
    let oauth = case.ejabberd.listeners().iter().flat_map(handlers);
    if let Some(oauth) = oauth.into_iter().find(|handler| handler.module == "ejabberd_oauth")
        && !is_off("X-OAUTH2")
    {
        let problem = format!(
            "ejabberd_oauth at {} hands out tokens of ejabberd's own, which log in by X-OAUTH2 without asking the sidecar",
            oauth.path
        );
        findings.add_for(&host.name, codes::OAUTH_LOGIN, oauth.place, problem, NEVER);
        missing.retain(|name| *name != "X-OAUTH2");
    }
    if !missing.is_empty() {
        let how = if entry.is_some() { "does not have" } else { "is missing and so does not have" };
        let problem = format!(
            "disable_sasl_mechanisms {how} {}: clients are offered mechanisms that never work with tokens",
            missing.join(", ")
        );
        findings.add_for(&host.name, codes::SASL_MECHANISMS, &place, problem, NEVER);
    }
}

fn modules(host: &HostView, findings: &mut Findings) {
    if let Some(entry) = host.module("mod_auth_fast") {
        let problem = "mod_auth_fast gives clients tokens of ejabberd's own, which log in for weeks without asking the sidecar";
        let remedy = "# mod_auth_fast: {}   (take the module out)";
        findings.add_for(&host.name, codes::FAST_LOGIN, &entry.place, problem, remedy);
    }
    for name in ["mod_register", "mod_register_web"] {
        if let Some(entry) = host.module(name) {
            let problem = format!(
                "{name} offers to change the password; the sidecar refuses, and ejabberd shows success all the same"
            );
            let remedy = format!("# {name}: {{}}   (take the module out)");
            findings.add_for(&host.name, codes::PASSWORD_CHANGE, &entry.place, problem, remedy);
        }
    }
}
