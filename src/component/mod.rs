//! The sidecar as a component of ejabberd (XEP-0114): users ask it for upload slots (XEP-0363) over XMPP.
//!
//! It translates and decides nothing: [`SlotDesk`](crate::upload::SlotDesk) does. Whatever a client sends, others are served on: a stanza is read up to a size and a
//! depth, answered alone and in a time of its own, and nothing in it ends the stream.

mod answers;
mod element;
mod fault;
mod handshake;
mod link;
mod markup;
mod pruned;
mod reader;
mod session;
mod socket;

pub use self::link::{Component, keep};
pub use self::reader::stanzas_in;

/// Of streams to components.
const COMPONENT: &str = "jabber:component:accept";
/// Of what is said of a stream as a whole.
const STREAMS: &str = "http://etherx.jabber.org/streams";
