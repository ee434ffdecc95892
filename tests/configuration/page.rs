//! The page about the options.

use std::fmt::Write as _;

use crate::options::{Default, Section, Setting, Step};

const HEAD: &str = r#"<!-- Made of the types in src/config by `make docs`: changes here are lost. -->

# Configuration

One file in TOML, `ejabberd-sidecar serve --config sidecar.toml`, in which little is needed:

```toml
[upload]
public_url = "https://upload.example.org/upload/@HOST@"
secrets_file = "/etc/ejabberd-sidecar/upload.secrets"

[[hosts."example.org".issuers]]
issuer = "https://login.example.org"
audience = ["xmpp"]
jwks_file = "/etc/ejabberd-sidecar/login.jwks"

[store]
kind = "disk"
path = "/var/lib/ejabberd-sidecar"
```

Without a file `serve` works on defaults of its own: the vhost `localhost`, files and secrets that it makes below `./data`.

An option that is unknown, missing or unusable is refused by its name before a port is bound, with exit code 64; nothing is guessed.

**From the environment** comes every option outside `hosts`, and goes before the file: the section and the option in capitals, with two underscores between them, as each option says below. A list is
written as in TOML: `EJABBERD_SIDECAR__UPLOAD__ACCEPT='["v", "v2"]'`.

## Values

| | |
|---|---|
| size | `"100MiB"`, `"2GB"`, `"512"`: bytes, with powers of 1024 (`KiB`, `MiB`, `GiB`) or of 1000 (`kB`, `MB`, `GB`) |
| time | `"10s"`, `"5m"`, `"1h 30m"`, `"250ms"` |
| path | of a file or a folder. A relative one starts in the folder of the configuration file |
| secret | is given either as `x` or as `x_file`, never both. White space around it does not count, and it never appears in a log or a message |
"#;

/// All of it.
pub(crate) fn write(sections: &[Section]) -> String {
    let mut page = format!("{HEAD}\n## All options\n\n| section | options |\n|---|---|\n");
    for section in sections {
        let links = section
            .settings
            .iter()
            .map(|setting| format!("[`{}`](#{})", setting.name, anchor(&heading(section, setting))));
        let links = links.collect::<Vec<_>>().join(" ");
        let title = title(&section.places[0]);
        let _ = writeln!(page, "| [`{title}`](#{}) | {links} |", anchor(&title));
    }
    for section in sections {
        let _ = write!(page, "\n## `{}`\n\n", title(&section.places[0]));
        let _ = writeln!(page, "{}", section.text);
        for other in &section.places[1..] {
            let other = title(other);
            let _ = write!(
                page,
                "\nThe same options below `{other}` count for one vhost, each in place of the one here; lists are not joined.\n"
            );
        }
        for setting in &section.settings {
            option(&mut page, section, setting);
        }
    }
    page
}

fn option(page: &mut String, section: &Section, setting: &Setting) {
    let _ = write!(page, "\n### `{}`\n\n{}", heading(section, setting), setting.kind);
    let _ = match &setting.default {
        Default::Required => write!(page, " · has to be given"),
        Default::Said(text) => write!(page, " · default: {text}"),
    };
    if let Some(variable) = section.variable(setting) {
        let _ = write!(page, " · `{variable}`");
    }
    let _ = write!(page, "\n\n{}\n", setting.text);
    if !setting.choices.is_empty() {
        let _ = writeln!(page);
    }
    for (value, meaning) in &setting.choices {
        let _ = writeln!(page, "- `{value}`: {meaning}");
    }
}

/// What an option is called: by its whole path, which no other one has.
fn heading(section: &Section, setting: &Setting) -> String {
    let path = section.places[0].iter().map(Step::name).chain([setting.name.clone()]);
    path.collect::<Vec<_>>().join(".")
}

/// As the section's head is written in the file.
fn title(place: &[Step]) -> String {
    let path = place.iter().map(Step::name).collect::<Vec<_>>().join(".");
    if let Some(Step::First(_)) = place.last() { format!("[[{path}]]") } else { format!("[{path}]") }
}

/// What a heading is linked by, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
