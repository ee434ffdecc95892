//! How long the decision about a slot takes for a user with ten thousand files, quotas included: the first one lists them, all others ask nobody.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use ejabberd_sidecar::authn::{Acceptance, Carrier, Scheme, UploadAuthority};
use ejabberd_sidecar::policy::{InlineTypes, MinuteBudgets};
use ejabberd_sidecar::store::{DiskStore, NewObject, ObjectKey, Store};
use ejabberd_sidecar::telemetry::metrics::VhostCounters;
use ejabberd_sidecar::types::{
    BareJid, ContentType, ObjectPath, Purpose, Secret, UserHash, Vhost, parse_vhost,
};
use ejabberd_sidecar::upload::{Quotas, Site, Sites, SlotDesk, SlotWish, UploadRules, Usage};
use http_body_util::Full;
use tokio::runtime::{Builder, Runtime};

const FILES: usize = 10_000;
const NOW: Duration = Duration::from_hours(500_000);

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let runtime = Builder::new_current_thread().enable_all().build().expect("a thread");
    let folder = tempfile::tempdir().expect("temporary folder");
    let (vhost, user) =
        (parse_vhost("example.org").expect("a vhost"), BareJid::new("alice@example.org").expect("a JID"));
    let store = Arc::new(runtime.block_on(store_of(folder.path(), &vhost, &user)));

    let none = Quotas::default();
    let both = Quotas { per_user: Some(1 << 40), per_host: Some(1 << 50) };
    for (name, quotas) in [("no quota", none), ("quotas of user and vhost", both)] {
        let desk = desk(&store, &vhost, quotas);
        criterion.bench_function(&format!("a slot for a user with {FILES} files, {name}"), |bencher| {
            bencher.iter(|| issue(&runtime, &desk, black_box(&user)));
        });
    }
    let mut criterion = criterion.sample_size(10);
    criterion.bench_function("the first one, which lists them", |bencher| {
        bencher.iter(|| issue(&runtime, &desk(&store, &vhost, both), black_box(&user)));
    });
    criterion.final_summary();
}

async fn store_of(folder: &Path, vhost: &Vhost, user: &BareJid) -> Store {
    let store = Store::Disk(DiskStore::open(folder, false).expect("a store"));
    for at in 0..FILES {
        let path = format!("{}/{at}/file.bin", UserHash::from(user));
        let key = ObjectKey::file(vhost, &ObjectPath::parse(&path).expect("a path"));
        let file = NewObject::lasting(4, ContentType::unknown());
        store.put(&key, file, Full::from("data")).await.expect("room");
    }
    store
}

fn desk(store: &Arc<Store>, vhost: &Vhost, quotas: Quotas) -> SlotDesk {
    let secret = Secret::new(b"upload-secret-0123456789-abcdefg".to_vec(), 16).expect("long enough");
    let accepted =
        Acceptance { schemes: vec![Scheme::Bearer], token_in_url: false, slot_ttl: Duration::from_mins(5) };
    let site = Site {
        authority: UploadAuthority::new(vhost.clone(), accepted, &secret, &[]),
        counters: VhostCounters::of(vhost),
        vhost: vhost.clone(),
        public_url: "https://upload.example.org/upload/example.org".parse().expect("a URL"),
        prefix: "/upload/example.org/".to_owned(),
        legacy_prefixes: Vec::new(),
        inline: InlineTypes::default(),
    };
    let sites = Arc::new(Sites::new(vec![site]).expect("one site"));
    let rules = UploadRules { max_size: 1 << 20, quotas, ..UploadRules::default() };
    let usage = Arc::new(Usage::new(Arc::clone(store)));
    SlotDesk::new(sites, [(vhost.clone(), rules)].into(), usage, Arc::new(MinuteBudgets::new(0)))
}

fn issue(runtime: &Runtime, desk: &SlotDesk, user: &BareJid) {
    let wish = SlotWish {
        filename: "photo.png",
        size: 1000,
        content_type: None,
        purpose: Purpose::default(),
        carrier: Carrier::Header,
    };
    let slot = runtime.block_on(desk.issue(user, Ok(wish), "bench", NOW));
    assert!(slot.is_ok(), "{:?}", slot.err());
}
