//! `user readmit`: undoes what is left of erasing a user.

use super::Whom;
use crate::app::readmit_user;
use crate::cli::Failure;
use crate::cli::exit::answer;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Readmit {
    #[command(flatten)]
    whom: Whom,
}

impl Readmit {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = self.whom.settings()?;
        self.whom.find(&settings)?;
        let user = &self.whom.user;
        if readmit_user(&settings, user).map_err(Failure::Failed)? {
            answer(format!(
                "readmitted {user}: all upload slots count again, unused ones of an XMPP server from before the removal among them"
            ))
        } else {
            answer(format!("{user} was not erased"))
        }
    }
}
