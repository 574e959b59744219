//! Backups of a city: taken while it ingests, damaged in every kind of file, put back, and what a log that shrank is refused
//! with.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    BackupError, Image, MANIFEST, Seen, Taken, Verified, copy_keys, prune, restore, take, verify,
};
use crate::{
    journal::Journal,
    project::{self, Derived},
    site::Site,
    testing::{City, FOUNDING_ENTRIES, GUIYANG, ORIGIN, revenue, stop},
};

const NOW_MS: i64 = 1_654_041_600_123;

/// A founded city, with the files of a data folder that the pipeline does not need.
async fn city() -> City {
    let city = City::founded().await;
    let site = Site::new(city.path());
    let key = crate::testing::log_key();
    fs::write(site.log_verifier_key(), key.verifier().to_string()).unwrap();
    for (path, text) in [
        ("granary.toml", "listen = \"127.0.0.1:0\"\n"),
        ("access/log", "a line\n"),
        ("evidence/0123", "a file"),
        ("evidence/4567.part", "half a file"),
        ("bulletins/89ab.bulletin", "a document"),
        ("people/accounts/wang.json", "a secret"),
        ("cosigned/00000000000000000001.checkpoint", "a note\n"),
        ("log.key", "a secret"),
    ] {
        let path = city.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    city
}

fn check(taken: &Taken) -> Verified {
    verify(&taken.folder, None, &std::env::temp_dir()).unwrap()
}

/// A backup of a city that has stopped.
fn backup(city: &City, target: &Path, now_ms: i64) -> Taken {
    let (journal, derived) = (
        Journal::open(city.path()).unwrap(),
        Derived::open(city.path()).unwrap(),
    );
    let image = Image::make(&Site::new(city.path()), &journal, &derived, now_ms).unwrap();
    take(&image, target, ORIGIN).unwrap()
}

fn digest(data: &Path) -> (u64, String) {
    let (journal, derived) = (
        Arc::new(Journal::open(data).unwrap()),
        Arc::new(Derived::open(data).unwrap()),
    );
    let applied = project::catch_up(&journal, &derived).unwrap();
    (
        applied,
        project::state_digest(&derived).unwrap().to_string(),
    )
}

#[tokio::test]
async fn a_backup_of_a_city_that_ingests_is_a_prefix_and_restores_to_the_same_state() {
    let city = city().await;
    let target = tempfile::tempdir().unwrap();
    let pipeline = city.start();
    let handle = pipeline.handle();
    let mut taken = Vec::new();
    for round in 0..4 {
        let ingest = async {
            for step in 0..20 {
                let statement = revenue(GUIYANG, round * 20 + step + 1);
                handle.submit_wait(statement).await.unwrap();
            }
        };
        // Ingest goes on while the image is made.
        let making = tokio::task::spawn_blocking({
            let (site, handle) = (Site::new(city.path()), handle.clone());
            move || {
                Image::make(
                    &site,
                    handle.journal(),
                    handle.derived(),
                    NOW_MS + i64::from(round),
                )
            }
        });
        let ((), image) = tokio::join!(ingest, making);
        taken.push(take(&image.unwrap().unwrap(), target.path(), ORIGIN).unwrap());
    }
    let journal = Arc::clone(handle.journal());
    for backup in &taken {
        let verified = check(backup);
        assert!(verified.signed >= FOUNDING_ENTRIES && verified.entries >= verified.signed);
        assert_eq!(verified.root, journal.root(verified.signed).unwrap());
    }
    stop(pipeline);
    drop((handle, journal));

    // One of all that there is, of the stopped city.
    let last = backup(&city, target.path(), NOW_MS + 10);
    let verified = check(&last);
    assert_eq!(verified.entries, FOUNDING_ENTRIES + 80);
    let data = target.path().join("restored");
    let restored = restore(&last.folder, &data, None, &[]).unwrap();
    assert_eq!(
        (restored.entries, restored.signed),
        (verified.entries, verified.signed)
    );
    assert_eq!(restored.keys_missing, ["ca.key", "log.key"]);
    let (live, copy) = (digest(city.path()), digest(&data));
    assert_eq!(live, copy);
    assert_eq!(copy.1, verified.state_digest.to_string());
    let heads = [city.path(), data.as_path()].map(|data| Journal::open(data).unwrap().checkpoint());
    assert_eq!(heads[0], heads[1]);
}

#[tokio::test]
async fn a_backup_holds_no_secret_and_nothing_unfinished_and_a_second_one_only_what_is_new() {
    let city = city().await;
    let target = tempfile::tempdir().unwrap();
    let first = backup(&city, target.path(), NOW_MS);
    let names: BTreeSet<&str> = first.manifest.files.keys().map(String::as_str).collect();
    for name in [
        "granary.toml",
        "log.vkey",
        "access/log",
        "evidence/0123",
        "bulletins/89ab.bulletin",
        "journal.id",
        "journal.head",
    ] {
        assert!(names.contains(name), "{name}");
    }
    assert!(names.iter().any(|name| name.starts_with("derived/")));
    assert!(
        !names.iter().any(|name| name.ends_with(".key")
            || name.ends_with(".part")
            || name.starts_with("people")),
        "{names:?}"
    );
    assert_eq!(first.linked, 0);
    let folder = first.folder.metadata().unwrap().permissions().mode();
    assert_eq!(folder & 0o777, 0o700);

    let pipeline = city.start();
    pipeline
        .handle()
        .submit_wait(revenue(GUIYANG, 1))
        .await
        .unwrap();
    stop(pipeline);
    // What a crash left behind.
    fs::create_dir(target.path().join("20200101T000000.000Z.part")).unwrap();
    let second = backup(&city, target.path(), NOW_MS + 1);
    assert!(second.linked > 0 && second.copied_bytes < second.manifest.bytes());
    let inode = |taken: &Taken, path: &str| {
        taken
            .folder
            .join("data")
            .join(path)
            .metadata()
            .unwrap()
            .ino()
    };
    assert_eq!(
        inode(&first, "granary.toml"),
        inode(&second, "granary.toml")
    );
    assert_ne!(
        inode(&first, "journal.head"),
        inode(&second, "journal.head")
    );
    assert!(!target.path().join("20200101T000000.000Z.part").exists());
    // An older one can go: the newer one misses nothing.
    let gone = prune(target.path(), 1).unwrap();
    assert_eq!(gone, ["20220601T000000.123Z"]);
    assert!(!first.folder.exists());
    check(&second);
}

/// Each kind of damage is refused, by the check and by the restore, with its place.
#[tokio::test]
async fn a_damaged_backup_is_refused_with_the_place() {
    let city = city().await;
    let target = tempfile::tempdir().unwrap();
    let taken = backup(&city, target.path(), NOW_MS);
    let table = |folder: &str| {
        let is_table = |path: &&String| path.starts_with(folder) && path.ends_with(".sst");
        taken.manifest.files.keys().find(is_table).unwrap().clone()
    };
    let files = [
        table("journal/"),
        table("derived/"),
        "journal.head".into(),
        "journal.id".into(),
        "access/log".into(),
        "evidence/0123".into(),
    ];
    for file in files {
        let path = taken.folder.join("data").join(&file);
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        // A new inode: the table is linked to the city's.
        let put = |bytes: &[u8]| {
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
        };
        put(&damaged);
        refused(&taken.folder, target.path(), &file);
        put(&whole[..middle]);
        refused(&taken.folder, target.path(), &file);
        fs::remove_file(&path).unwrap();
        let error = verify(&taken.folder, None, target.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("{file}: the file is missing")),
            "{error}"
        );
        fs::write(&path, &whole).unwrap();
    }
    check(&taken);
    fs::write(taken.folder.join("data/stranger"), "").unwrap();
    let error = verify(&taken.folder, None, target.path()).unwrap_err();
    assert!(error.to_string().starts_with("stranger: "), "{error}");
    fs::remove_file(taken.folder.join(MANIFEST)).unwrap();
    let error = verify(&taken.folder, None, target.path()).unwrap_err();
    assert!(matches!(error, BackupError::NotABackup(_)), "{error}");
}

#[track_caller]
fn refused(backup: &Path, scratch: &Path, file: &str) {
    let error = verify(backup, None, scratch).unwrap_err();
    assert!(
        matches!(&error, BackupError::Damaged { place, .. } if place == file),
        "{error}"
    );
    let data = scratch.join("restored");
    restore(backup, &data, None, &[]).unwrap_err();
    // Without the marker it is no data folder.
    assert!(!data.join("journal.id").exists());
    drop(fs::remove_dir_all(&data));
}

/// Rewrites the manifest over altered files, as somebody would who wants the alteration to pass.
#[tokio::test]
async fn entries_that_were_altered_together_with_the_manifest_are_found() {
    let city = city().await;
    let target = tempfile::tempdir().unwrap();
    let taken = backup(&city, target.path(), NOW_MS);
    let store = taken.folder.join("data/journal");
    // A copy of its own first: the tables are linked to the city's.
    let own = target.path().join("own");
    fs::create_dir(&own).unwrap();
    for path in super::files::walk(&store).unwrap() {
        super::files::copy(&store.join(&path), &own.join(&path)).unwrap();
    }
    fs::remove_dir_all(&store).unwrap();
    {
        let families = ["entries", "payloads", "digests", "tiles", "meta"];
        let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), &own, families).unwrap();
        let (entries, key) = (db.cf_handle("entries").unwrap(), 2_u64.to_be_bytes());
        let other = db.get_cf(entries, 3_u64.to_be_bytes()).unwrap().unwrap();
        let payloads = db.cf_handle("payloads").unwrap();
        let payload = db.get_cf(payloads, 3_u64.to_be_bytes()).unwrap().unwrap();
        db.put_cf(entries, key, other).unwrap();
        db.put_cf(payloads, key, payload).unwrap();
    }
    fs::rename(&own, &store).unwrap();
    let mut manifest = taken.manifest.clone();
    manifest
        .files
        .retain(|path, _| !path.starts_with("journal/"));
    for path in super::files::walk(&store).unwrap() {
        let content = super::files::content(&store.join(&path)).unwrap();
        manifest.files.insert(
            format!("journal/{path}"),
            super::manifest::Listed::of(&content),
        );
    }
    manifest.write(&taken.folder).unwrap();
    let error = verify(&taken.folder, None, target.path()).unwrap_err();
    assert!(
        matches!(&error, BackupError::Damaged { place, .. } if place == "journal"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_is_restored_over() {
    let city = city().await;
    let target = tempfile::tempdir().unwrap();
    let taken = backup(&city, target.path(), NOW_MS);
    let before = digest(city.path());
    let error = restore(&taken.folder, city.path(), None, &[]).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    assert_eq!(digest(city.path()), before);
    let data = target.path().join("one-file");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("x"), "").unwrap();
    let error = restore(&taken.folder, &data, None, &[]).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

/// A head that somebody holds and that the backup does not reach, or does not agree with, keeps it from being put back.
#[tokio::test]
async fn a_log_that_would_shrink_or_fork_is_not_restored() {
    let city = city().await;
    let target = tempfile::tempdir().unwrap();
    let taken = backup(&city, target.path(), NOW_MS);
    let held = check(&taken).entries;
    let early = Journal::open_read_only(city.path()).unwrap().checkpoint();
    let pipeline = city.start();
    let handle = pipeline.handle();
    let accepted = handle.submit_wait(revenue(GUIYANG, 1)).await.unwrap();
    let receipt = accepted.receipt(handle.journal()).unwrap().to_text();
    stop(pipeline);
    drop(handle);
    let seen = |name: &str, text: &str| {
        let path = target.path().join(name);
        fs::write(&path, text).unwrap();
        Seen::read(&path).unwrap()
    };
    let data = target.path().join("restored");
    let error = restore(&taken.folder, &data, None, &[seen("receipt", &receipt)]).unwrap_err();
    assert!(
        matches!(error, BackupError::Shrunk { seen, held: h } if seen == held + 1 && h == held),
        "{error}"
    );
    let other = city_of_the_same_name().await;
    let error = restore(&taken.folder, &data, None, &[seen("other", &other)]).unwrap_err();
    assert!(matches!(error, BackupError::Forked { .. }), "{error}");
    let error = restore(&taken.folder, &data, None, &[seen("no", "no head")]).unwrap_err();
    assert!(matches!(error, BackupError::Seen { .. }), "{error}");
    assert!(!data.exists());
    restore(&taken.folder, &data, None, &[seen("early", &early)]).unwrap();
}

/// The head of a city with the same key and the same number of entries, and another history.
async fn city_of_the_same_name() -> String {
    let city = City::new();
    city.clock.step(1);
    let pipeline = city.start();
    city.found(&pipeline.handle()).await;
    stop(pipeline);
    Journal::open_read_only(city.path())
        .unwrap()
        .checkpoint()
        .to_string()
}

#[test]
fn keys_are_copied_for_their_owner_only_and_never_over_others() {
    let folder = tempfile::tempdir().unwrap();
    let (data, keys): (PathBuf, PathBuf) = (folder.path().join("data"), folder.path().join("keys"));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("log.key"), "secret").unwrap();
    fs::write(data.join("log.vkey"), "public").unwrap();
    copy_keys(&data, &keys).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&keys), mode(&keys.join("log.key"))), (0o700, 0o600));
    assert_eq!(fs::read(keys.join("log.vkey")).unwrap(), b"public");
    let error = copy_keys(&data, &keys).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
}
