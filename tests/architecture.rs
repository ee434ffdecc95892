//! The import rules: who may know whom. Doors know use cases, use cases know the core, and never the other way round.

use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens as _;
use syn::UseTree;
use syn::visit::{self, Visit};

/// Files below `within` must not name any of `never`, except in `but`.
struct Rule<'a> {
    within: &'a [&'a str],
    never: &'a [&'a str],
    but: &'a [&'a str],
    why: &'a str,
}

const CORE: &[&str] = &["src/authn", "src/policy", "src/store", "src/types", "src/telemetry"];

const RULES: &[Rule<'_>] = &[
    Rule {
        within: CORE,
        never: &["crate::http", "crate::extauth", "crate::cli", "crate::app", "crate::config"],
        but: &[],
        why: "the core knows no doors and no settings",
    },
    Rule {
        within: CORE,
        never: &["crate::login", "crate::upload"],
        but: &[],
        why: "the core knows no use cases",
    },
    Rule {
        within: &["src/login", "src/transfer", "src/upload"],
        never: &["crate::http", "crate::extauth", "crate::cli", "crate::app", "crate::config"],
        but: &[],
        why: "use cases know no doors and no settings",
    },
    Rule {
        within: &["src/http"],
        never: &[
            "crate::store::Store",
            "crate::store::DiskStore",
            "crate::store::S3Store",
            "crate::authn::PutGrant",
        ],
        but: &[],
        why: "http reaches the store through upload, which asks for a grant",
    },
    Rule {
        within: &["src/http", "src/extauth"],
        never: &["crate::app", "crate::cli", "crate::config"],
        but: &[],
        why: "doors know use cases and core",
    },
    Rule {
        within: &["src/extauth"],
        never: &[
            "tokio",
            "crate::http",
            "crate::login",
            "crate::upload",
            "crate::store",
            "crate::authn::jwt",
        ],
        but: &[],
        why: "the bridge is a client of the service, and blocks",
    },
    Rule {
        within: &["src/ejabberd"],
        never: &[
            "tokio",
            "ureq",
            "crate::app",
            "crate::cli",
            "crate::http",
            "crate::login",
            "crate::store",
            "crate::upload",
        ],
        but: &[],
        why: "ejabberd's configuration is read and compared with ours, and nobody is asked",
    },
    Rule {
        within: &["src"],
        never: &["crate::ejabberd"],
        but: &["src/cli", "src/ejabberd"],
        why: "the service does not read ejabberd's configuration",
    },
    Rule {
        within: &["src"],
        never: &["saphyr_parser"],
        but: &["src/ejabberd/yaml.rs"],
        why: "one file knows YAML",
    },
    Rule {
        within: &["src"],
        never: &["crate::transfer"],
        but: &["src/app", "src/cli", "src/transfer"],
        why: "copies are made beside the service",
    },
    Rule { within: &["src"], never: &["axum"], but: &["src/http"], why: "one door speaks HTTP" },
    Rule {
        within: &["src/component"],
        never: &["crate::app", "crate::cli", "crate::config", "crate::http", "crate::login", "crate::store"],
        but: &[],
        why: "the component knows upload, which decides, and core",
    },
    Rule {
        within: &["src"],
        never: &["quick_xml"],
        but: &[
            "src/component/element.rs",
            "src/component/reader.rs",
            "src/store/s3/rules/document.rs",
            "src/store/s3/rules/parser.rs",
        ],
        why: "four files know XML",
    },
    Rule {
        within: &["src"],
        never: &["crate::component"],
        but: &["src/app", "src/component"],
        why: "doors do not know each other",
    },
    Rule {
        within: &["src"],
        never: &["tokio_rustls", "rustls"],
        but: &["src/http/tls.rs", "src/store/s3/http.rs"],
        why: "one file speaks TLS to clients, and one to the store",
    },
    Rule {
        within: &["src"],
        never: &["aws_sdk*", "aws_smithy*", "aws_config", "aws_credential*", "rustls_native_certs"],
        but: &["src/store/s3"],
        why: "one folder knows the AWS SDK",
    },
    Rule {
        within: &["src"],
        never: &["aws_lc_rs", "curve25519_dalek", "pkcs1", "pem"],
        but: &["src/authn/keys"],
        why: "keys are made and used in one folder",
    },
    Rule {
        within: &["src"],
        never: &["x509_cert"],
        but: &["src/authn/keys", "src/http/tls.rs"],
        why: "certificates are read where their keys are used",
    },
    Rule {
        within: &["src"],
        never: &["metrics_*"],
        but: &["src/telemetry/metrics"],
        why: "one folder counts",
    },
    Rule {
        within: &["src"],
        never: &["ureq"],
        but: &["src/extauth"],
        why: "only the bridge is a blocking client",
    },
    Rule {
        within: &["src"],
        never: &["tokio", "tokio_util"],
        but: &["src/app", "src/component", "src/http", "src/store"],
        why: "the rest computes",
    },
    Rule {
        within: &["src"],
        never: &["std::env"],
        but: &["src/config/environment.rs"],
        why: "one place reads the environment",
    },
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| unreachable!("{}: {error}", folder.display())) {
        let path = entry.expect("readable entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            // Tests may know more, in files of their own as well.
            found.push(path);
        }
    }
}

/// Every path that a file's own code names, imported or inline, as `crate::a::b`. Its tests may know more.
#[derive(Default)]
struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let of_tests = module.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg") && attribute.meta.to_token_stream().to_string().contains("test")
        });
        if !of_tests {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.flatten(&item.tree, "");
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.0.push(segments.join("::"));
        visit::visit_path(self, path);
    }
}

impl Names {
    fn flatten(&mut self, tree: &UseTree, before: &str) {
        match tree {
            UseTree::Path(path) => self.flatten(&path.tree, &format!("{before}{}::", path.ident)),
            UseTree::Name(name) => self.0.push(format!("{before}{}", name.ident)),
            UseTree::Rename(name) => self.0.push(format!("{before}{}", name.ident)),
            UseTree::Glob(_) => self.0.push(format!("{before}*")),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.flatten(tree, before)),
        }
    }
}

/// Whether `name` is `forbidden` or lies in it. `aws_*` and the like stand for all crates that begin so; a glob import names all that lies below.
fn lies_in(name: &str, forbidden: &str) -> bool {
    if let Some(begin) = forbidden.strip_suffix('*') {
        return name.starts_with(begin);
    }
    let below_glob = name.strip_suffix('*').is_some_and(|glob| forbidden.starts_with(glob));
    below_glob || name.strip_prefix(forbidden).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The path of a file's module: `crate::store::disk` for `src/store/disk/mod.rs` and for `src/store/disk.rs`.
fn module_of(file: &Path, root: &Path) -> Vec<String> {
    let path = file.strip_prefix(root.join("src")).expect("below src").with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    std::iter::once("crate".to_owned()).chain(parts.filter(|part| part != "mod" && part != "lib")).collect()
}

/// Turns `self::` and `super::` into what they mean in `module`.
fn resolved(name: &str, module: &[String]) -> String {
    let mut from = module.to_vec();
    let mut rest = name;
    loop {
        rest = if let Some(inner) = rest.strip_prefix("self::") {
            inner
        } else if let Some(outer) = rest.strip_prefix("super::") {
            from.pop();
            outer
        } else if from.len() < module.len() || rest.len() < name.len() {
            return format!("{}::{rest}", from.join("::"));
        } else {
            return name.to_owned();
        };
    }
}

fn violations(root: &Path, rule: &Rule<'_>) -> Vec<String> {
    let mut files = Vec::new();
    for folder in rule.within {
        sources(&root.join(folder), &mut files);
    }
    assert!(!files.is_empty(), "{:?} holds nothing: the rule \"{}\" checks nothing", rule.within, rule.why);
    files.retain(|file| !rule.but.iter().any(|but| file.starts_with(root.join(but))));
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("readable source");
        let mut names = Names::default();
        names.visit_file(&syn::parse_file(&text).expect("source that compiles"));
        let forbidden = |name: &String| rule.never.iter().any(|never| lies_in(name, never));
        let module = module_of(&file, root);
        let names = names.0.iter().map(|name| resolved(name, &module));
        found.extend(
            names.filter(forbidden).map(|name| format!("{}: names {name}, but {}", file.display(), rule.why)),
        );
    }
    found
}

#[test]
fn imports_follow_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found: Vec<_> = RULES.iter().flat_map(|rule| violations(root, rule)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_violation_is_found() {
    let root = tempfile::tempdir().expect("temporary folder");
    let store = root.path().join("src/store");
    fs::create_dir_all(&store).expect("writable");
    let source = "use {std::fs, aws_sdk_s3::{config, Client as S3}};\nuse super::super::login::Login;\nuse crate::upload::*;\nfn f() { crate::http::hook(); }\n#[cfg(test)]\nmod tests { use aws_sdk_s3::Test; }\n";
    fs::write(store.join("disk.rs"), source).expect("writable");
    fs::write(store.join("s3.rs"), source).expect("writable");
    for (never, count) in [
        ("aws_*", 2),
        ("crate::http", 1),
        ("crate::htt", 0),
        ("std", 1),
        ("aws_sdk_s3::Client", 1),
        ("crate::login", 1),
        ("crate::upload::Uploads", 1),
        ("crate::upload", 1),
    ] {
        let rule =
            Rule { within: &["src"], never: &[never], but: &["src/store/s3.rs"], why: "one file knows it" };
        let found = violations(root.path(), &rule);
        assert_eq!(found.len(), count, "{never}: {found:?}");
        assert!(found.iter().all(|violation| violation.contains("disk.rs")), "{found:?}");
    }
}
