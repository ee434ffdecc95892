//! A store that is slower than its clients: what is held of their files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use ejabberd_sidecar::store::PutError;
use http_body::Frame;
use http_body_util::StreamBody;

use super::faulty::Fault;
use super::{Scene, key, object};

/// As long as a frame gets.
const FRAME_BYTES: usize = 128 * 1024;
static FRAME: [u8; FRAME_BYTES] = [0; FRAME_BYTES];
/// More than any kernel takes for a connection.
const FILE_BYTES: usize = 64 << 20;

/// A frame that is counted for as long as anybody has it.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn frame(alive: &Arc<AtomicUsize>) -> Bytes {
        alive.fetch_add(1, Ordering::Relaxed);
        Bytes::from_owner(Self(Arc::clone(alive)))
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &FRAME
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// However fast the sender is, one frame is with the store's connection, and the next one is not asked for.
#[tokio::test]
async fn of_a_file_that_the_store_does_not_take_one_frame_is_held() {
    let scene = Scene::new().await;
    let store = scene.settled_for(Some(Fault::Hang)).await;
    scene.proxy.fail("PUT files/", Fault::Hang, 1);
    let (alive, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let seen = Arc::clone(&most);
    let body = futures_util::stream::repeat_with(move || {
        let frame = Counted::frame(&alive);
        seen.fetch_max(alive.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok::<_, std::io::Error>(Frame::data(frame))
    });
    let outcome = store.put(&key("h/r/file"), object(FILE_BYTES), StreamBody::new(body)).await;
    assert!(matches!(outcome, Err(PutError::Store(_))), "{outcome:?}");
    assert_eq!(most.load(Ordering::Relaxed), 1);
    scene.assert_stored(&[]).await;
}
