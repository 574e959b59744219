//! `fsck`: an honest folder holds, stopped and running, and each thing that the city keeps beside its entries is missed when
//! it is gone or altered.

use std::collections::BTreeSet;

use granary_audit::cli::Response;
use granary_core::{digest::Digest, ledger::JournalEntry};
use rocksdb::{DB, IteratorMode, Options};
use serde_json::Value;

use crate::{
    city::{City, REVISIONS, revenue, run, take},
    holds,
};

const FAMILIES: [&str; 5] = ["entries", "payloads", "digests", "tiles", "meta"];
/// Entries of a city.
const SIZE: u64 = 9 + REVISIONS as u64;

fn fsck(city: &City, more: &[&str]) -> Response {
    let data = city.path("data").display().to_string();
    let key = city.path("log.vkey").display().to_string();
    run(&[&["fsck", &data, "--log-key", &key, "--lang", "en"], more].concat())
}

/// Changes the stopped city's journal.
fn change(city: &City, change: impl FnOnce(&DB)) {
    let path = city.path("data").join("journal");
    change(&DB::open_cf(&Options::default(), path, FAMILIES).unwrap());
}

#[track_caller]
fn fails(city: &City, why: &str) {
    let said = fsck(city, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.output.contains("The data folder does not hold."));
    assert!(said.output.contains(why), "{}", said.output);
    let json: Value = serde_json::from_str(&fsck(city, &["--json"]).output).unwrap();
    assert_eq!(json["holds"], false);
}

#[test]
fn an_honest_folder_holds_stopped_and_running() {
    let mut city = City::founded();
    let digest = city.digest().to_string();
    let said = fsck(&city, &[]);
    holds(&said);
    let expected = [
        format!("state digest: {digest}"),
        format!("digests: {SIZE}, each leads to its entry"),
        "tiles: 1, those that the entries give".to_owned(),
        format!("derived rows: those that the first {SIZE} entries give"),
    ];
    for line in expected {
        assert!(said.output.contains(&line), "{line}\n{}", said.output);
    }
    let folder = city.path("data");
    let names = || -> BTreeSet<_> {
        let entries = std::fs::read_dir(&folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    city.start();
    let before = names();
    let said = fsck(&city, &["--json"]);
    holds(&said);
    let json: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!(json["journal"]["entries"], SIZE);
    assert_eq!(names(), before);
    city.stop();
}

/// Rows that are behind are compared as far as they go.
#[test]
fn derived_rows_may_be_absent_or_behind() {
    let city = City::founded();
    city.digest();
    let (derived, aside) = (city.path("data").join("derived"), city.path("aside"));
    std::fs::rename(&derived, &aside).unwrap();
    assert!(fsck(&city, &[]).output.contains("derived rows: none"));
    city.work(async |handle| take(&handle, revenue(REVISIONS + 1)).await);
    std::fs::remove_dir_all(&derived).unwrap();
    std::fs::rename(&aside, &derived).unwrap();
    let behind = fsck(&city, &[]);
    holds(&behind);
    let line = format!("derived rows: those that the first {SIZE} entries give");
    assert!(behind.output.contains(&line), "{}", behind.output);
}

#[test]
fn an_altered_tile_is_named() {
    let city = City::founded();
    change(&city, |db| {
        let (tiles, key) = (db.cf_handle("tiles").unwrap(), [0; 9]);
        let mut tile = db.get_cf(tiles, key).unwrap().unwrap();
        tile[8_191] ^= 1;
        db.put_cf(tiles, key, tile).unwrap();
    });
    fails(
        &city,
        "the tile of level 0 with index 0 is missing or altered",
    );
}

#[test]
fn digests_that_are_gone_or_too_many_are_named() {
    let city = City::founded();
    change(&city, |db| {
        let entries = db.cf_handle("entries").unwrap();
        let entry = db.get_cf(entries, 7_u64.to_be_bytes()).unwrap().unwrap();
        let digest = JournalEntry::decode(&entry).unwrap().payload_sha256;
        let digests = db.cf_handle("digests").unwrap();
        db.delete_cf(digests, digest.as_bytes()).unwrap();
    });
    fails(&city, "the digest of entry 7's payload does not lead to it");

    let city = City::founded();
    change(&city, |db| {
        let stranger = Digest::of(b"a payload that nobody sent");
        let digests = db.cf_handle("digests").unwrap();
        db.put_cf(digests, stranger.as_bytes(), 3_u64.to_be_bytes())
            .unwrap();
    });
    let (digests, size) = (SIZE + 1, SIZE);
    fails(
        &city,
        &format!("{digests} digests lead to the first {size} entries"),
    );
}

#[test]
fn an_altered_row_is_found() {
    let city = City::founded();
    city.digest();
    {
        let path = city.path("data").join("derived");
        let db = DB::open(&Options::default(), path).unwrap();
        let last = db.iterator(IteratorMode::End).next();
        let (key, mut value) = last.unwrap().unwrap();
        let end = value.len() - 1;
        value[end] ^= 1;
        db.put(key, value).unwrap();
        db.flush().unwrap();
    }
    let why = format!("the derived rows of the first {SIZE} entries have the digest");
    fails(&city, &why);
}

#[test]
fn altered_and_lost_entries_are_named() {
    let city = City::founded();
    change(&city, |db| {
        let (payloads, key) = (db.cf_handle("payloads").unwrap(), 6_u64.to_be_bytes());
        let mut payload = db.get_cf(payloads, key).unwrap().unwrap();
        let end = payload.len() - 1;
        payload[end] ^= 1;
        db.put_cf(payloads, key, payload).unwrap();
    });
    fails(&city, "entry 6: the payload's SHA-256 is");

    let city = City::founded();
    change(&city, |db| {
        let entries = db.cf_handle("entries").unwrap();
        db.delete_cf(entries, (SIZE - 1).to_be_bytes()).unwrap();
    });
    let held = SIZE - 1;
    let why = format!("covers {SIZE} entries, the journal holds {held} without a gap");
    fails(&city, &why);
}

#[test]
fn what_is_no_data_folder_is_said_to_be_none() {
    let city = City::founded();
    let empty = city.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let said = run(&["fsck", empty.to_str().unwrap(), "--lang", "en"]);
    assert_eq!(said.code, 2);
    assert!(said.error.contains("holds no journal"), "{}", said.error);
}
