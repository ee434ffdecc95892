//! What `serve` works with when there is no configuration file.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::ConfigError;
use super::secrets::make_file;

/// Everything lies below this folder, and the paths in [`TOML`] start in it.
pub(super) const FOLDER: &str = "data";

/// The configuration that goes with it.
pub(super) const TOML: &str = r#"
[upload]
secrets_file = "secrets/upload.secret"

[[hosts.localhost.issuers]]
issuer = "ejabberd-sidecar"
secret_file = "secrets/issuer.secret"

[store]
kind = "disk"
path = "store"
"#;

/// Makes what is missing of the secrets, and tells what it made.
pub(super) fn make(folder: &Path) -> Result<Vec<String>, ConfigError> {
    let secrets = folder.join("secrets");
    let failed = |path: &Path, error| ConfigError::at(path.display(), format!("cannot be made: {error}"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&secrets)
        .map_err(|error| failed(&secrets, error))?;
    let mut made = Vec::new();
    for (name, purpose) in [
        ("issuer.secret", "signs login tokens (`ejabberd-sidecar token mint`)"),
        ("upload.secret", "signs uploads: ejabberd's mod_http_upload, external_secret"),
    ] {
        let file = secrets.join(name);
        if make_file(&file).map_err(|error| failed(&file, error))? {
            made.push(format!("made {}: {purpose}", file.display()));
        }
    }
    Ok(made)
}
