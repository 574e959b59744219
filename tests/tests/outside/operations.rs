//! `docs/OPERATIONS.md` typed in beside a running city, of which one backup was taken before its offices reported; and what the
//! page promises for a lost disk: offices hand in again to a new log, and when their reports had arrived is not forgotten.

use std::{collections::BTreeSet, fs, path::Path};

use granary_core::{
    ledger::{JournalEntry, Subject},
    log::Receipt,
};

use crate::{
    city::City,
    page::{can_walk, walk},
};

const NAME: &str = "docs/OPERATIONS.md";
const PAGE: &str = include_str!("../../../docs/OPERATIONS.md");

#[test]
fn the_operators_walk_holds() {
    if !can_walk(NAME, &["curl"]) {
        return;
    }
    let city = City::founded("stats.city.example/log");
    let work = city.path("work");
    fs::create_dir(&work).unwrap();
    fs::copy(city.log_key(), work.join("log.vkey")).unwrap();
    let path = |name: &str| city.path(name).display().to_string();
    let (data, backups) = (path("city"), path("backups"));
    city.operate(&["backup", "--data", &data, "--to", &backups]);
    city.report("520100");
    let (keys, client, spare) = (path("keys"), path("client"), path("spare"));
    let (url, log) = (city.url(), city.log_url());
    let variables = [
        ("GRANARY_SERVER", url.as_str()),
        ("LOG", &log),
        ("DATA", &data),
        ("BACKUPS", &backups),
        ("KEYS", &keys),
        ("CLIENT", &client),
        ("SPARE", &spare),
    ];
    let blocks = walk(NAME, PAGE, &work, &variables);
    assert!(blocks >= 7, "only {blocks} blocks");
    // What was restored is the running city's state.
    let digest = |said: String| said.split_whitespace().next().unwrap().to_owned();
    let restored = digest(crate::city::run(
        crate::city::program("granary-aggregator").args(["state-digest", "--data", &spare]),
    ));
    assert_eq!(restored, digest(city.operate(&["state-digest"])));
}

/// The old log is gone; the unit has its files and its receipts.
#[test]
fn an_office_refills_a_new_log_and_its_arrivals_are_imported() {
    let old = City::founded("stats.city.example/log");
    let receipts = old.report("520100");
    let receipt = fs::read_dir(&receipts).unwrap().next().unwrap();
    let receipt = receipt.unwrap().path();
    let text = fs::read_to_string(&receipt).unwrap();
    let entry = JournalEntry::decode(&Receipt::parse(&text).unwrap().entry).unwrap();
    let Subject::Snapshot(slot) = entry.subject else {
        panic!("a receipt of an office is one of a statement");
    };
    let arrived = jiff::Timestamp::from_millisecond(entry.received_at_ms).unwrap();
    let handed_in = names(&receipts);
    drop(old);

    let new = City::founded("stats.city.example/log-2");
    let again = new.report("520100");
    assert_eq!(names(&again), handed_in);
    let csv = new.path("arrivals.csv");
    let (period, dataset) = (slot.period.to_string(), slot.dataset.to_string());
    let line = format!("unit,period,arrived_at\n520100,{period},{arrived}\n");
    fs::write(&csv, line).unwrap();
    let csv = csv.display().to_string();
    let source = "receipts of stats.city.example/log";
    let import = [
        "history",
        "import",
        &csv,
        "--dataset",
        &dataset,
        "--source",
        source,
    ];
    new.operate(&import);
    // Importing again changes nothing: what is there is known.
    let size = |new: &City| new.checkpoint().lines().nth(1).unwrap().to_owned();
    let before = size(&new);
    new.operate(&import);
    assert_eq!(size(&new), before);
}

/// The statements that the receipts of a folder are for: their names without the digest, which the catalogue's version changes.
fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    names
        .map(|name| name.rsplit_once('_').unwrap().0.to_owned())
        .collect()
}
