//! `user forget`: erases a user.

use std::path::PathBuf;

use bytesize::ByteSize;

use crate::app::erase_user;
use crate::cli::Failure;
use crate::cli::exit::{answer, remark};
use crate::config::{Environment, Settings};
use crate::types::BareJid;
use crate::upload::Erased;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Forget {
    /// The service's configuration file; without one, the store in ./data
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whom: a bare JID of a configured vhost
    #[arg(value_name = "JID")]
    user: BareJid,
}

impl Forget {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        let (user, vhost) = (&self.user, self.user.domain());
        let Some(name) = user.node() else {
            return Err(Failure::Unusable(format!("{user} is a server and no user: write user@{user}")));
        };
        let host = settings.host(vhost);
        let host =
            host.ok_or_else(|| Failure::Unusable(format!("{vhost} is not among the configured hosts")))?;
        if host.auth.users_file.as_ref().is_some_and(|file| file.users().contains(name)) {
            remark(format!("{user} is listed in auth.users_file, and exists until the line is taken out"))?;
        }
        let Erased { files, bytes, known } = erase_user(&settings, user).map_err(Failure::Failed)?;
        let known = if known { "" } else { "; nothing else was known of this user" };
        answer(format!("erased {user}: {files} files, {}{known}", ByteSize::b(bytes).display().iec()))
    }
}
