//! What the journal refuses to open, and what it says of itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{path::PathBuf, sync::Arc};

use granary_core::{
    ledger::Ledger,
    log::{TilePath, leaf_hash, tiles},
};

use super::{
    files::{META_FORMAT, META_ORIGIN},
    *,
};
use crate::project::{self, Derived, ProjectError, StoredView};
use crate::testing::{City, FOUNDING_ENTRIES, GUIYANG, ORIGIN, revenue, stop, take};

async fn grown(entries: u32) -> City {
    let city = City::founded().await;
    let pipeline = city.start();
    for revision in 1..=entries {
        take(&pipeline.handle(), revenue(GUIYANG, revision)).await;
    }
    stop(pipeline);
    city
}

/// The write-ahead logs, which hold everything that is not yet in tables.
fn logs(city: &City) -> Vec<PathBuf> {
    let files = std::fs::read_dir(city.path().join("journal"))
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "log"))
        .collect()
}

#[test]
fn a_journal_is_made_once_and_never_again() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Journal::open(folder.path()),
        Err(OpenError::NotInitialised(_))
    ));
    let journal = Journal::create(folder.path(), ORIGIN).unwrap();
    assert_eq!(
        (journal.origin(), journal.size(), &*journal.checkpoint()),
        (ORIGIN, 0, "")
    );
    drop(journal);
    assert!(matches!(
        Journal::create(folder.path(), ORIGIN),
        Err(OpenError::Exists(_))
    ));

    // The journal is lost, its marker stands: neither opening nor creating makes a new one.
    for name in ["journal", "journal.head"] {
        let (path, aside) = (folder.path().join(name), folder.path().join("aside"));
        std::fs::rename(&path, &aside).unwrap();
        assert!(
            matches!(Journal::open(folder.path()), Err(OpenError::Missing(missing)) if missing == path)
        );
        assert!(matches!(
            Journal::create(folder.path(), ORIGIN),
            Err(OpenError::Exists(_))
        ));
        std::fs::rename(&aside, &path).unwrap();
    }
    Journal::open(folder.path()).unwrap();
}

#[test]
fn only_one_may_write_and_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path(), ORIGIN).unwrap();
    assert!(matches!(
        Journal::open(folder.path()),
        Err(OpenError::InUse(_))
    ));
    Journal::open_read_only(folder.path()).unwrap();
    drop(journal);
    Journal::open(folder.path()).unwrap();
}

#[test]
fn another_format_and_another_log_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let put = |key: &[u8], value: &[u8]| {
        let store = Store::open(&folder.path().join("journal")).unwrap();
        let mut batch = rocksdb::WriteBatch::default();
        batch.put_cf(store.family(Family::Meta).unwrap(), key, value);
        store.write_synced(batch).unwrap();
    };
    drop(Journal::create(folder.path(), ORIGIN).unwrap());
    put(META_FORMAT, &2_u64.to_be_bytes());
    assert!(matches!(
        Journal::open(folder.path()),
        Err(OpenError::NewerFormat { found: 2, known: 1 })
    ));
    put(META_FORMAT, &1_u64.to_be_bytes());
    put(META_ORIGIN, b"other.example/log");
    assert!(matches!(
        Journal::open(folder.path()),
        Err(OpenError::OriginDiffers { .. })
    ));
}

#[tokio::test]
async fn lost_and_altered_entries_are_noticed() {
    let city = grown(20).await;
    let head = std::fs::read(city.path().join("journal.head")).unwrap();

    // A head without its entries: the log was cut off behind some acknowledged entry.
    let log = logs(&city)
        .into_iter()
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap();
    let whole = std::fs::read(&log).unwrap();
    let cut = whole.iter().rposition(|byte| *byte != 0).unwrap() * 2 / 3;
    std::fs::write(&log, &whole[..cut]).unwrap();
    assert!(matches!(
        Journal::open(city.path()),
        Err(OpenError::Shorter { .. })
    ));

    // Entries without a head.
    std::fs::write(city.path().join("journal.head"), vec![0; head.len()]).unwrap();
    assert!(matches!(
        Journal::open(city.path()),
        Err(OpenError::HeadGone { .. })
    ));
}

#[tokio::test]
async fn a_flipped_byte_in_the_log_never_shortens_the_journal_unnoticed() {
    let city = grown(20).await;
    let log = logs(&city)
        .into_iter()
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.iter().rposition(|byte| *byte != 0).unwrap() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    assert!(Journal::open(city.path()).is_err());
}

#[tokio::test]
async fn an_altered_entry_gives_another_root() {
    let city = grown(20).await;
    let (index, store) = (
        3_u64.to_be_bytes(),
        Store::open(&city.path().join("journal")).unwrap(),
    );
    let mut entry = store.get(Family::Entries, &index).unwrap().unwrap();
    *entry.last_mut().unwrap() ^= 1;
    let mut batch = rocksdb::WriteBatch::default();
    batch.put_cf(store.family(Family::Entries).unwrap(), index, entry);
    store.write_synced(batch).unwrap();
    drop(store);
    assert!(matches!(
        Journal::open(city.path()),
        Err(OpenError::RootDiffers { .. })
    ));
}

#[tokio::test]
async fn an_altered_payload_is_noticed_when_it_is_read() {
    let city = grown(1).await;
    let store = Store::open(&city.path().join("journal")).unwrap();
    let mut batch = rocksdb::WriteBatch::default();
    let index = FOUNDING_ENTRIES.to_be_bytes();
    batch.put_cf(store.family(Family::Payloads).unwrap(), index, b"another");
    store.write_synced(batch).unwrap();
    drop(store);
    let journal = Journal::open(city.path()).unwrap();
    assert!(matches!(
        journal.record(LogIndex(FOUNDING_ENTRIES)),
        Err(StoreError::Damaged(_))
    ));
    assert!(journal.record(LogIndex(0)).unwrap().is_some());
    assert_eq!(
        journal.record(LogIndex(FOUNDING_ENTRIES + 1)).unwrap(),
        None
    );

    // The fold stops there; it never goes on behind it.
    Derived::remove(city.path()).unwrap();
    let (journal, derived) = (
        Arc::new(journal),
        Arc::new(Derived::open(city.path()).unwrap()),
    );
    assert!(matches!(
        project::catch_up(&journal, &derived),
        Err(ProjectError::Store(StoreError::Damaged(_)))
    ));
    assert!(
        Ledger::load(&StoredView {
            derived: &derived,
            journal: &journal
        })
        .unwrap()
        .applied()
            <= FOUNDING_ENTRIES
    );
}

#[tokio::test]
async fn tiles_hold_the_tree_at_every_width() {
    let city = grown(600 - u32::try_from(FOUNDING_ENTRIES).unwrap()).await;
    let journal = Journal::open(city.path()).unwrap();
    assert_eq!(journal.size(), 600);
    let leaf = |index| leaf_hash(&journal.entry(LogIndex(index)).unwrap().unwrap());
    for (index, width) in [(0, 256), (0, 7), (1, 256), (2, 88), (2, 1)] {
        let path = |kind: &str| match width {
            256 => format!("tile/{kind}/{index:03}"),
            width => format!("tile/{kind}/{index:03}.p/{width}"),
        };
        let hashes = journal
            .tile(&TilePath::parse(&path("0")).unwrap())
            .unwrap()
            .unwrap();
        let expected: Vec<u8> = (0..width)
            .flat_map(|offset| *leaf(index * 256 + offset).as_bytes())
            .collect();
        assert_eq!(hashes, expected);
        let bundle = journal
            .tile(&TilePath::parse(&path("entries")).unwrap())
            .unwrap()
            .unwrap();
        let entries = tiles::split_entries(&bundle).unwrap();
        assert_eq!(entries.len() as u64, width);
        assert_eq!(leaf_hash(entries[0]), leaf(index * 256));
    }
    for beyond in [
        "tile/0/002",
        "tile/0/002.p/89",
        "tile/entries/002.p/89",
        "tile/1/000.p/3",
        "tile/0/003.p/1",
    ] {
        assert_eq!(
            journal.tile(&TilePath::parse(beyond).unwrap()).unwrap(),
            None,
            "{beyond}"
        );
    }
    assert_eq!(
        journal
            .tile(&TilePath::parse("tile/1/000.p/2").unwrap())
            .unwrap()
            .unwrap()
            .len(),
        64
    );
}

#[tokio::test]
async fn a_prefix_has_the_root_that_it_had() {
    let city = grown(300).await;
    let journal = Journal::open(city.path()).unwrap();
    let head = journal.head();
    assert_eq!(journal.root(head.size).unwrap(), head.root);
    for size in [0, 1, 255, 256, 257, 300] {
        let leaves = (0..size).map(|at| leaf_hash(&journal.entry(LogIndex(at)).unwrap().unwrap()));
        let mut growth = granary_core::log::Frontier::empty();
        leaves.for_each(|leaf| growth.push(leaf));
        assert_eq!(journal.root(size).unwrap(), growth.root(), "{size}");
    }
    assert!(journal.root(journal.size() + 1).is_err());
}
