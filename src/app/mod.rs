//! Puts the parts together and runs them.

mod at_store;
mod background;
mod build;
mod descriptors;
mod erase;
mod fixed;
mod lifecycle;
mod login;
mod prepared;
mod probe;
mod reload;
mod rules;
mod runtimes;
mod sweep;
mod transfer;
mod uploads;
mod workers;

pub use self::build::{App, StartError};
pub use self::erase::{erase_user, readmit_user};
pub use self::lifecycle::{Signals, run};
pub use self::login::verifier;
pub use self::probe::probe_store;
pub use self::rules::{RulesFound, bucket_rules};
pub use self::runtimes::Runtimes;
pub use self::sweep::sweep_store;
pub use self::transfer::{CopyOrder, Observer, copy_store, import_folder, is_same_store};
pub use self::uploads::{sites, upload_authority};
pub use self::workers::Summary;
