//! How a stream begins (XEP-0114 §3): both sides open it, and a digest proves that the secret is known.

use std::time::Duration;

use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::element::Element;
use super::fault::Fault;
use super::reader::{Received, StanzaReader};
use super::{COMPONENT, STREAMS};
use crate::types::{Secret, Vhost};

/// For all of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of the conditions that a stream ends with.
const CONDITIONS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

/// Begins a stream as `jid`.
pub(super) async fn shake_hands<R: AsyncBufRead + Unpin, W: AsyncWrite + Unpin>(
    reader: &mut StanzaReader<R>,
    writer: &mut W,
    jid: &Vhost,
    secret: &Secret,
) -> Result<(), Fault> {
    timeout(PATIENCE, steps(reader, writer, jid, secret)).await.unwrap_or(Err(Fault::NoAnswer(PATIENCE)))
}

async fn steps<R: AsyncBufRead + Unpin, W: AsyncWrite + Unpin>(
    reader: &mut StanzaReader<R>,
    writer: &mut W,
    jid: &Vhost,
    secret: &Secret,
) -> Result<(), Fault> {
    send(
        writer,
        &format!(
            "<?xml version='1.0'?><stream:stream xmlns='{COMPONENT}' xmlns:stream='{STREAMS}' to='{jid}'>"
        ),
    )
    .await?;
    let id = match reader.next().await? {
        Received::Opened(stream) if stream.is("stream", STREAMS) => stream.attribute("id").map(str::to_owned),
        _ => None,
    };
    // ejabberd sends an error in place of an id where it has no such component.
    let proof = digest(&id.ok_or(Fault::NoComponents)?, secret);
    send(writer, &Element::new("handshake", COMPONENT).text(proof).to_string()).await?;
    match reader.next().await? {
        Received::Stanza { element, .. } if element.is("handshake", COMPONENT) => Ok(()),
        Received::Stanza { element, .. } if element.is("error", STREAMS) => {
            let condition = condition(&element);
            Err(match condition.as_str() {
                "not-authorized" | "host-unknown" | "invalid-from" => Fault::NotAuthorized { condition },
                _ => Fault::Refused(condition),
            })
        }
        _ => Err(Fault::NoComponents),
    }
}

async fn send<W: AsyncWrite + Unpin>(writer: &mut W, text: &str) -> Result<(), Fault> {
    writer.write_all(text.as_bytes()).await.map_err(|error| Fault::Lost(error.kind()))
}

/// What says that the secret is known, to whoever knows it.
fn digest(id: &str, secret: &Secret) -> String {
    let mut sha1 = Sha1::new_with_prefix(id);
    sha1.update(secret.bytes());
    hex::encode(sha1.finalize())
}

/// Why a stream ends, by its element.
pub(super) fn condition(error: &Element) -> String {
    let condition = error.children.iter().find(|child| child.namespace == CONDITIONS && child.name != "text");
    // A server's word, but no reason to fill a log with it.
    condition.map_or("no condition", |condition| &condition.name).chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_specification() {
        let secret = Secret::new(b"secret".to_vec(), 0).unwrap();
        // printf 3BF96D32secret | sha1sum
        assert_eq!(digest("3BF96D32", &secret), "b09ea9b3b7f586be8a08d0a3dd7466f110aeb136");
    }
}
