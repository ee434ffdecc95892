//! `store import`: the folder of another file server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::meter::Meter;
use super::{How, report};
use crate::app::{Observer, import_folder};
use crate::cli::Failure;
use crate::config::{Environment, Settings};
use crate::transfer::{Peer, PeerFolder, Terms};
use crate::types::{Vhost, parse_vhost};

const MORE: &str = "\
The folder is left as it is. A file gets the type that its extension says, and keeps its date and its path: say in upload.legacy_prefixes what its old URL \
has before that. What is there already and the same is left, so that it can be done again. Quotas count what was imported.

Exit codes: 0 all that has a URL is there, and what has none was told; 1 something is not: run the same again; 64 unusable arguments or configuration.";

#[derive(Debug, clap::Args)]
#[command(after_long_help = MORE)]
pub(in crate::cli) struct Import {
    /// Which server's folder it is
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Kind,
    /// Whose files they become: a configured vhost
    #[arg(long, value_name = "VHOST", value_parser = vhost)]
    host: Vhost,
    /// The service's configuration file, whose store is the target; without one, the store in ./data
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Files that were changed less than this ago are left for the next time: they may still be on their way
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
    settled: Duration,
    /// How long files are kept, such as 30d, counted from when they were changed; older ones are left out [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    keep: Option<Duration>,
    #[command(flatten)]
    how: How,
    /// Where the files lie: what URLs have behind their prefix begins here
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    #[value(name = "mod_http_upload", help = "Of ejabberd; FOLDER is its docroot")]
    ModHttpUpload,
    #[value(help = "FOLDER is its storeDir")]
    ProsodyFiler,
    #[value(help = "FOLDER is its storage_path, or what lies in it below the path of the XMPP server's URL")]
    HmacFileServer,
}

impl From<Kind> for Peer {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::ModHttpUpload => Self::ModHttpUpload,
            Kind::ProsodyFiler => Self::ProsodyFiler,
            Kind::HmacFileServer => Self::HmacFileServer,
        }
    }
}

fn vhost(text: &str) -> Result<Vhost, &'static str> {
    parse_vhost(text).ok_or("is not the name of a vhost")
}

impl Import {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        if settings.host(&self.host).is_none() {
            let problem = format!("--host: {} is not among the configured hosts", self.host);
            return Err(Failure::Unusable(problem));
        }
        let terms = Terms { settled: self.settled, keep: self.keep };
        let folder = PeerFolder::open(&self.folder, self.kind.into(), self.host, terms);
        let folder = folder.map_err(|problem| Failure::Unusable(format!("FOLDER: {problem}")))?;
        let meter = Arc::new(Meter::new());
        let observer: Arc<dyn Observer> = Arc::<Meter>::clone(&meter);
        let ended = import_folder(folder, settings.store, self.how.order(), &observer);
        meter.finish();
        report(ended.map_err(Failure::Failed)?)
    }
}
