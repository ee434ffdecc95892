//! Settings that change: files that are read again when they do, and everything when SIGHUP or the configuration file itself asks for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::Signal;

use crate::app::login::{Watched, WatchedKeys, WatchedUsers};
use crate::app::reload::Reloader;
use crate::authn::keys::{ParsedSet, parse_jwks};
use crate::config::TlsPair;
use crate::http::Tls;
use crate::telemetry::metrics;

/// How often files are read. A change has to be there twice, so it counts after twice this time.
const INTERVAL: Duration = Duration::from_secs(2);

/// A certificate with its key, read again when one of their files changes.
#[derive(Debug)]
pub(in crate::app) struct WatchedTls {
    pub(in crate::app) files: TlsPair,
    pub(in crate::app) served: Tls,
}

/// Looks after all files, for ever, and reloads when `asked` to.
pub(super) async fn keep(mut watched: Watched, mut reloader: Reloader, mut asked: Signal) {
    watched.paths().for_each(|path| metrics::file_refused(path, false));
    watched.tell();
    loop {
        tokio::select! {
            Some(()) = asked.recv() => {
                reload(&mut watched, &reloader);
            }
            () = tokio::time::sleep(INTERVAL) => {
                if reloader.config.changed() {
                    reload(&mut watched, &reloader);
                }
                watched.keys.iter_mut().for_each(reread_keys);
                watched.users.iter_mut().for_each(reread_users);
                watched.tls.iter_mut().for_each(reread_tls);
                watched.tell();
            }
        }
    }
}

fn reload(watched: &mut Watched, reloader: &Reloader) {
    if let Some(new) = reloader.reload() {
        take_over(watched, new);
    }
}

/// All files could just be used, and nobody cares any more about those that are not named now.
fn take_over(watched: &mut Watched, new: Watched) {
    let before: Vec<_> = watched.paths().map(Path::to_owned).collect();
    watched.issuers.iter().for_each(|(vhost, issuer, _)| metrics::issuer_keys(vhost, issuer, None));
    *watched = new;
    watched.tell();
    let now = watched.paths().map(Path::to_owned);
    before.into_iter().chain(now).for_each(|path: PathBuf| metrics::file_refused(&path, false));
}

impl Watched {
    /// For the metrics: what of it comes to an end if nobody looks after it.
    fn tell(&self) {
        for (vhost, issuer, keys) in &self.issuers {
            metrics::issuer_keys(vhost, issuer, Some(keys.now().len()));
        }
        metrics::certificate_expires(self.tls.as_ref().and_then(|tls| tls.served.expires()));
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        let keys = self.keys.iter().map(|watched| watched.file.path());
        let users = self.users.iter().map(|watched| watched.file.file().path());
        keys.chain(users).chain(self.tls.iter().flat_map(|watched| watched.files.paths()))
    }
}

/// Both files are refused, or none: neither is of use without the other.
fn reread_tls(WatchedTls { files, served }: &mut WatchedTls) {
    let Some(identity) = files.changed() else { return };
    for path in files.paths() {
        metrics::file_refused(path, identity.is_err());
    }
    match identity {
        Ok(identity) => {
            tracing::info!("{}: another certificate is shown now", files.paths()[0].display());
            served.replace(identity);
        }
        Err(problem) => tracing::error!("{problem}: the certificate and key from before stay in force"),
    }
}

/// A file that cannot be understood changes nothing: it may be half written. One that can counts as it is, even with no key left.
fn reread_keys(watched: &mut WatchedKeys) {
    let Some(changed) = watched.file.changed() else { return };
    let keys = changed.map_err(|error| error.to_string()).and_then(|bytes| understand(&bytes, watched));
    let path = watched.file.path();
    metrics::file_refused(path, keys.is_err());
    let file = path.display();
    let ParsedSet { keys, skipped } = match keys {
        Ok(parsed) => parsed,
        Err(problem) => {
            tracing::error!("{file}: {problem}: the keys from before stay in force");
            return;
        }
    };
    for skipped in skipped {
        tracing::warn!("{file}: {skipped}, and is not used");
    }
    if keys.is_empty() {
        tracing::error!("{file}: holds no usable key: nobody can log in with this issuer's tokens");
    } else {
        tracing::info!("{file}: {} keys are used now", keys.len());
    }
    watched.keys.replace(keys);
}

fn understand(bytes: &[u8], watched: &WatchedKeys) -> Result<ParsedSet, String> {
    let parsed = parse_jwks(bytes, watched.algorithms.as_deref()).map_err(|fault| fault.to_string())?;
    if !parsed.keys.is_empty() && parsed.keys.is_shared() != watched.shared {
        return Err(
            "turned from public keys into shared secrets, or back, which needs a reload (SIGHUP)".to_owned()
        );
    }
    if watched.never.iter().any(|secret| parsed.keys.holds_secret(secret)) {
        return Err("has an upload secret among its keys: logins need one of their own".to_owned());
    }
    Ok(parsed)
}

fn reread_users(WatchedUsers { file, listed }: &mut WatchedUsers) {
    let Some(users) = file.changed() else { return };
    let (path, vhost) = (file.file().path(), file.vhost());
    metrics::file_refused(path, users.is_err());
    match users {
        Ok(users) => {
            tracing::info!("{}: {} users of {vhost} exist in any case now", path.display(), users.len());
            listed.replace(users);
        }
        Err(problem) => {
            tracing::error!("{}: {problem}: the users of {vhost} from before stay in force", path.display());
        }
    }
}
