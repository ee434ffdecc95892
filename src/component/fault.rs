//! Why there is no stream, or no longer one.

use std::io;

/// For the operator: what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error(
        "has no address ({0}): compare component.server with what the name server knows, look at /etc/resolv.conf, or write an IP address"
    )]
    NoAddress(String),
    #[error("cannot be reached ({0}): is it running, with a listener of module ejabberd_service there?")]
    Unreachable(io::ErrorKind),
    #[error(
        "does not answer in the way of ejabberd_service within {0:?}: compare component.server with the port of that listener"
    )]
    NoAnswer(std::time::Duration),
    #[error(
        "refuses the component ({condition}): compare component.secret with the password, and component.jid with the hosts, of its listener"
    )]
    NotAuthorized { condition: String },
    #[error(
        "does not speak the protocol of components: compare component.server with the port of ejabberd_service"
    )]
    NoComponents,
    #[error("ended the stream ({0})")]
    Refused(String),
    #[error("ended the stream")]
    Ended,
    #[error("broke the connection ({0})")]
    Lost(io::ErrorKind),
    #[error("sent what is no XML: {0}")]
    NotXml(String),
    #[error("has not answered for {0:?}")]
    Silent(std::time::Duration),
    #[error("takes no answers")]
    Stuck,
}
