//! `user forget`: erases a user.

use bytesize::ByteSize;

use super::Whom;
use crate::app::erase_user;
use crate::cli::Failure;
use crate::cli::exit::{answer, counted, remark};
use crate::upload::Erased;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Forget {
    #[command(flatten)]
    whom: Whom,
}

impl Forget {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = self.whom.settings()?;
        let (name, host) = self.whom.find(&settings)?;
        let user = &self.whom.user;
        if host.auth.users_file.as_ref().is_some_and(|file| file.users().contains(name)) {
            remark(format!("{user} is listed in auth.users_file, and exists until the line is taken out"))?;
        }
        let Erased { files, bytes, known } = erase_user(&settings, user).map_err(Failure::Failed)?;
        let known = if known { "" } else { "; nothing else was known of this user" };
        let files = counted(files, "file");
        answer(format!("erased {user}: {files}, {}{known}", ByteSize::b(bytes).display().iec()))
    }
}
