//! What ejabberd does not start with.

use super::Case;
use super::listeners::named;
use crate::ejabberd::{Entry, Findings, Value, Version, codes};

/// Options, modules and options of listeners that older versions do not know.
const NEWER: [(&str, Version); 11] = [
    ("auth_external_user_exists_check", Version::AFTER_23_01),
    ("install_contrib_modules", Version::AFTER_23_01),
    ("mod_adhoc_api", Version::AFTER_23_01),
    ("mod_antispam", Version::AFTER_23_01),
    ("mod_matrix_gw", Version::AFTER_23_01),
    ("mod_muc_occupantid", Version::AFTER_23_01),
    ("mod_s2s_bidi", Version::AFTER_23_01),
    ("mod_scram_upgrade", Version::AFTER_23_01),
    ("pre_auth_max_stanza_size", Version::PRE_AUTH_LIMIT),
    ("sql_schema_multihost", Version::AFTER_23_01),
    ("update_sql_schema", Version::AFTER_23_01),
];

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    for twice in &case.ejabberd.twice {
        let problem = format!(
            "{} stands here and at {}: ejabberd does not start (duplicated_option)",
            twice.name, twice.first
        );
        findings.add(codes::OPTION_TWICE, &twice.again, problem, "# take one of the two out");
    }
    if let Some(hosts) = case.ejabberd.option("hosts")
        && !matches!(hosts.value.value, Value::List(_))
    {
        let problem = "hosts is no list: ejabberd does not start with it";
        findings.add(codes::HOSTS_LIST, &hosts.place, problem, "hosts: [\"example.org\"]");
    }
    for listener in case.ejabberd.listeners() {
        listener.entries().for_each(|entry| newer(entry, &format!("{}: ", named(listener)), case, findings));
    }
    for option in case.ejabberd.options() {
        within(option, case, findings);
    }
    if !case.ejabberd.relative.is_empty() {
        findings.notes.push(format!(
            "ejabberd looks for {} in its working directory: write absolute paths, unless it is started where they are",
            case.ejabberd.relative.join(", ")
        ));
    }
}

/// An option, the modules, or what is so of one vhost.
fn within(option: &Entry, case: &Case<'_>, findings: &mut Findings) {
    match option.key.as_str() {
        "modules" => option.value.entries().for_each(|module| newer(module, "", case, findings)),
        "host_config" | "append_host_config" => {
            for host in option.value.entries() {
                host.value.entries().for_each(|option| within(option, case, findings));
            }
        }
        _ => newer(option, "", case, findings),
    }
}

fn newer(entry: &Entry, of: &str, case: &Case<'_>, findings: &mut Findings) {
    let Some(version) = case.version else { return };
    if NEWER.iter().any(|(name, since)| entry.key == *name && version < *since) {
        let problem =
            format!("{of}ejabberd {version} does not know {}, and does not start with it", entry.key);
        let remedy = format!("# {}: …   (take it out)", entry.key);
        findings.add(codes::OPTION_UNKNOWN, &entry.place, problem, remedy);
    }
}
