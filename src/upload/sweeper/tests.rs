//! What is due goes and nothing else, whoever dies when.

use std::collections::BTreeSet;

use http_body_util::Full;
use proptest::prelude::*;

use super::*;
use crate::store::{Beforehand, DiskStore, Lifetime, MemoryStore, NewObject};
use crate::types::{ContentType, ObjectPath, parse_vhost};
use crate::upload::PutFailure;
use crate::upload::filing::store_file;
use crate::upload::trail::Pointed;

const HOUR: u64 = 3600;
/// Far ahead: uploads look at the clock.
const BEGIN: u64 = 4_000_000_000 / HOUR * HOUR;
const OWNER: &str = "9637f279e87dc3aba7eb582ceceaa621fa695865";

/// Somebody wants to store a file.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    keep_until: Option<u64>,
    slot: Slot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// For ever, with the user in its path.
    Endless,
    /// Until then, the same.
    Ends(u64),
    /// Until then, with a pointer.
    Pointed(u64),
}

impl Wanted {
    fn trail(self, at: usize) -> Trail {
        let pointed = matches!(self.slot, Slot::Pointed(_));
        let path =
            if pointed { format!("uuid-{at}/100%25 {at}") } else { format!("{:040x}/r/100%25 {at}", 7) };
        let path = ObjectPath::parse(&path).unwrap();
        let pointed = pointed.then(|| Pointed { owner: OWNER.parse().unwrap(), size: 4 });
        Trail { vhost: parse_vhost("localhost").unwrap(), path, pointed }
    }

    fn slot_ends(self) -> Option<u64> {
        match self.slot {
            Slot::Endless => None,
            Slot::Ends(ends) | Slot::Pointed(ends) => Some(ends),
        }
    }

    async fn put(self, store: &Store, at: usize) -> Result<(), PutFailure> {
        let life = Lifetime { keep_until: self.keep_until, slot_ends: self.slot_ends(), buried: false };
        let object = NewObject { life, ..NewObject::lasting(4, ContentType::unknown()) };
        store_file(store, &self.trail(at), object, Full::from("data"), Beforehand::Nothing).await
    }
}

fn memory() -> Arc<Store> {
    Arc::new(Store::Memory(MemoryStore::default()))
}

fn sweeper(store: &Arc<Store>) -> Sweeper {
    Sweeper::new(Arc::clone(store), Arc::new(Usage::new(Arc::clone(store))))
}

async fn keys(store: &Store, prefix: &ObjectPrefix) -> BTreeSet<ObjectKey> {
    let mut keys = BTreeSet::new();
    store.list(prefix, None, |key| keys.extend([key])).await.unwrap();
    keys
}

/// The files to which entries lead.
async fn led_to(store: &Store) -> BTreeSet<ObjectKey> {
    let mut files = BTreeSet::new();
    for entry in keys(store, &ObjectPrefix::expiring()).await {
        let text = store.get(&entry).await.unwrap().unwrap().body.collect().await.unwrap().to_bytes();
        files.insert(Trail::parse(&text).unwrap().file());
    }
    files
}

/// What is true at each moment, whatever happened: of `stored` files nothing is lost before its time, and nothing is there that nobody would find.
async fn check(store: &Store, wanted: &[Wanted], stored: &[bool], now: u64) {
    let led_to = led_to(store).await;
    for (at, wanted) in wanted.iter().enumerate() {
        let trail = wanted.trail(at);
        let info = store.head(&trail.file()).await.unwrap();
        let lives = info.as_ref().is_some_and(|info| !info.life.buried && info.size == 4);
        let has_entry = led_to.contains(&trail.file());
        let may_go = wanted.keep_until.is_some_and(|until| until + CLOCKS <= now);
        assert!(lives || may_go || !stored[at], "{at} was lost");
        assert!(!lives || wanted.keep_until.is_none() || has_entry, "nobody will remove {at}");
        if let Some(pointer) = trail.pointer() {
            let is_there = store.head(&pointer).await.unwrap().is_some();
            assert!(!lives || is_there || has_entry, "nothing leads to {at}");
            assert!(lives || !is_there || has_entry, "the pointer of {at} leads nowhere");
        }
        let is_used = stored[at] && wanted.slot_ends().is_none_or(|ends| ends + CLOCKS > now);
        assert!(info.is_some() || !is_used, "the slot of {at} is used");
    }
}

/// What is true when everything was swept long after.
async fn check_end(store: &Store, wanted: &[Wanted], stored: &[bool]) {
    assert_eq!(keys(store, &ObjectPrefix::expiring()).await, BTreeSet::new());
    for (at, wanted) in wanted.iter().enumerate() {
        let (trail, keeps) = (wanted.trail(at), stored[at] && wanted.keep_until.is_none());
        let info = store.head(&trail.file()).await.unwrap();
        assert_eq!(info.as_ref().is_some_and(|info| !info.life.buried), keeps, "{at}");
        assert_eq!(info.is_some(), stored[at] && (keeps || wanted.slot == Slot::Endless), "{at}");
        if let Some(pointer) = trail.pointer() {
            assert_eq!(store.head(&pointer).await.unwrap().is_some(), keeps, "{at}");
        }
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let time = |hours: u64| (1..hours * HOUR).prop_map(|time| BEGIN + time);
    let slot = prop_oneof![
        Just(Slot::Endless),
        time(5).prop_map(Slot::Ends),
        time(5).prop_map(Slot::Pointed),
        time(5).prop_map(Slot::Pointed),
    ];
    let keep_until = prop_oneof![
        Just(None),
        time(20).prop_map(Some),
        // The two entries are one then.
        time(5).prop_map(Some),
    ];
    (keep_until, slot, any::<bool>()).prop_map(|(keep_until, slot, same)| match slot {
        Slot::Pointed(ends) if same => Wanted { keep_until: keep_until.map(|_| ends), slot },
        _ => Wanted { keep_until, slot },
    })
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Put(prop::sample::Index),
    Sweep(bool),
    Wait(u64),
    BothSweep,
}

fn step() -> impl Strategy<Value = (Step, Option<u64>)> {
    let step = prop_oneof![
        4 => any::<prop::sample::Index>().prop_map(Step::Put),
        3 => any::<bool>().prop_map(Step::Sweep),
        3 => (1..3 * HOUR).prop_map(Step::Wait),
        1 => Just(Step::BothSweep),
    ];
    (step, prop::option::of(0..6_u64))
}

async fn take(step: Step, store: &Arc<Store>, wanted: &[Wanted], stored: &mut [bool], now: &mut u64) {
    match step {
        Step::Wait(seconds) => *now += seconds,
        Step::Put(index) => {
            let at = index.index(wanted.len());
            let wanted = wanted[at];
            // Nobody has permission otherwise, or it would be over at once.
            let may = wanted.slot_ends().is_none_or(|ends| ends > *now)
                && wanted.keep_until.is_none_or(|until| until > *now);
            if may {
                let put = wanted.put(store, at).await;
                assert!(!(put.is_ok() && stored[at]), "a slot is used once");
                stored[at] |= put.is_ok();
            }
        }
        Step::Sweep(anew) => {
            let mut sweeper = sweeper(store);
            drop(sweeper.round(*now).await);
            if anew {
                drop(sweeper.round(*now).await);
            }
        }
        Step::BothSweep => {
            let [mut one, mut other] = [sweeper(store), sweeper(store)];
            let _ = tokio::join!(one.round(*now), other.round(*now));
        }
    }
}

proptest! {
    /// Processes store and sweep, and each may die after any change that it makes.
    #[test]
    fn whoever_dies_when_nothing_is_lost_and_nothing_is_left(
        wanted in proptest::collection::vec(wanted(), 1..6),
        steps in proptest::collection::vec(step(), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = memory();
            let Store::Memory(memory) = &*store else { unreachable!() };
            let (mut now, mut stored) = (BEGIN, vec![false; wanted.len()]);
            for (step, dies_after) in steps {
                memory.dies_after(dies_after);
                Box::pin(take(step, &store, &wanted, &mut stored, &mut now)).await;
                memory.dies_after(None);
                check(&store, &wanted, &stored, now).await;
            }
            for later in [100, 200, 300] {
                sweeper(&store).round(now + later * HOUR).await.unwrap();
            }
            check_end(&store, &wanted, &stored).await;
        });
    }
}

fn endless(keep_until: u64) -> Wanted {
    Wanted { keep_until: Some(keep_until), slot: Slot::Endless }
}

#[tokio::test]
async fn many_are_removed_in_several_rounds_an_hour_after_their_time() {
    let store = memory();
    for at in 0..=BATCH {
        endless(BEGIN + 5).put(&store, at).await.unwrap();
    }
    let mut sweeper = sweeper(&store);
    let nothing = Swept::default();
    assert_eq!(sweeper.round(BEGIN + 4 + CLOCKS).await.unwrap(), nothing);
    let now = BEGIN + 5 + CLOCKS;
    assert_eq!(sweeper.round(now).await.unwrap(), Swept { removed: BATCH, more: true, ..nothing.clone() });
    assert_eq!(sweeper.round(now).await.unwrap(), Swept { removed: 1, ..nothing });
    assert_eq!(keys(&store, &ObjectPrefix::expiring()).await.len(), 0);
}

#[tokio::test]
async fn damaged_ones_keep_none_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::Disk(DiskStore::open(folder.path(), false).unwrap()));
    // Those which are due first, more than a round takes, have no end; an entry is damaged as well.
    for at in 0..BATCH {
        let wanted = endless(BEGIN + 1);
        wanted.put(&store, at).await.unwrap();
        let file = folder.path().join(wanted.trail(at).file().as_str());
        std::fs::write(file, "nothing that could be read").unwrap();
    }
    let entry = ObjectKey::expiring("00000001", "000000003600-damaged");
    store.note(&entry, ContentType::unknown(), "nothing that could be read".to_owned()).await.unwrap();
    endless(BEGIN + 2).put(&store, BATCH).await.unwrap();
    let (mut sweeper, now) = (sweeper(&store), BEGIN + 2 + CLOCKS);
    for _ in 0..2 {
        let first = sweeper.round(now).await.unwrap();
        assert_eq!((first.removed, first.failed, first.more), (0, BATCH, true));
        assert!(first.problem.unwrap().contains("damaged"));
        let second = sweeper.round(now).await.unwrap();
        assert_eq!((second.failed, second.more), (1, false), "and begins anew");
    }
    assert!(store.head(&endless(0).trail(BATCH).file()).await.unwrap().unwrap().life.buried);
}

#[tokio::test]
async fn a_store_that_is_away_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::Disk(DiskStore::open(&folder.path().join("store"), false).unwrap()));
    let mut sweeper = sweeper(&store);
    std::fs::rename(folder.path().join("store"), folder.path().join("away")).unwrap();
    sweeper.round(BEGIN).await.unwrap_err();
}

/// Its pointer may have been taken for one that leads nowhere.
async fn an_upload_outlasts_its_slot(pointer_fails: bool) {
    let store = memory();
    let Store::Memory(memory) = &*store else { unreachable!() };
    // By the clock of whoever stores it.
    let ended = crate::types::seconds_since_1970() - 5;
    let wanted = Wanted { keep_until: None, slot: Slot::Pointed(ended) };
    let trail = wanted.trail(0);
    let pointer = trail.pointer().unwrap();
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let body = http_body_util::StreamBody::new(Box::pin(stream::once(async {
        receiver.await.unwrap();
        Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from("data")))
    })));
    let life = Lifetime { slot_ends: Some(ended), ..Lifetime::default() };
    let object = NewObject { life, ..NewObject::lasting(4, ContentType::unknown()) };
    let swept = async {
        while keys(&store, &ObjectPrefix::expiring()).await.len() < 2 {
            tokio::task::yield_now().await;
        }
        assert!(store.head(&pointer).await.unwrap().is_some());
        sweeper(&store).round(ended + CLOCKS).await.unwrap();
        assert!(store.head(&pointer).await.unwrap().is_none(), "as that of any that does not come");
        // The file is one change, its pointer another.
        memory.dies_after(pointer_fails.then_some(1));
        sender.send(()).unwrap();
    };
    let (done, ()) = tokio::join!(store_file(&store, &trail, object, body, Beforehand::Nothing), swept);
    done.expect("it is stored");
    memory.dies_after(None);
    assert_eq!(store.head(&pointer).await.unwrap().is_none(), pointer_fails, "noted once more");
    assert_eq!(led_to(&store).await.len(), 1);
    sweeper(&store).round(ended + 25 * HOUR).await.unwrap();
    assert!(store.head(&pointer).await.unwrap().is_some(), "mended by a sweep");
    assert!(led_to(&store).await.is_empty());
}

#[tokio::test]
async fn an_upload_that_outlasts_its_slot_keeps_its_pointer() {
    for pointer_fails in [false, true] {
        Box::pin(an_upload_outlasts_its_slot(pointer_fails)).await;
    }
}

#[tokio::test]
async fn a_round_on_a_disk_lets_others_run() {
    const FILES: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::Disk(DiskStore::open(folder.path(), false).unwrap()));
    for at in 0..FILES {
        let wanted = Wanted { keep_until: Some(BEGIN), slot: Slot::Ends(BEGIN) };
        wanted.put(&store, at).await.unwrap();
    }
    let mut sweeper = sweeper(&store);
    let mut round = Box::pin(sweeper.round(BEGIN + 3 * HOUR));
    assert!(futures_util::poll!(&mut round).is_pending(), "not all at one stroke");
    let swept = round.await.unwrap();
    assert_eq!((swept.removed, swept.failed), (FILES, 0));
}
