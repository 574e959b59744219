//! `docs/AUDIT.md` typed in: every `sh` block of the page runs, in order, in an auditor's folder beside a small demo city.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{
    city::{City, repository},
    page::{can_walk, walk},
};

const NAME: &str = "docs/AUDIT.md";
const PAGE: &str = include_str!("../../../docs/AUDIT.md");

#[test]
fn the_auditors_walk_holds() {
    if !can_walk(NAME, &["python3", "openssl"]) {
        return;
    }
    let mut city = City::founded("walk.example/log");
    city.report("520100");
    city.report_naming("520200", Some(("ledger.txt", "gdp 1081.33\n")));
    city.report("520300");
    let receipts = city.report("621100");
    for unit in ["520100", "520200", "520300", "621100"] {
        city.keep_running(unit);
    }
    all_have_cosigned(&city, 4);
    let work = hand_over(&city, &receipts);
    let (url, log) = (city.url(), city.log_url());
    let variables = [
        ("GRANARY_SERVER", url.as_str()),
        ("GRANARY_IDENTITY", "auditor"),
        ("LOG", &log),
    ];
    let blocks = walk(NAME, PAGE, &work, &variables);
    assert!(blocks >= 8, "only {blocks} blocks");
}

/// Waits until so many witnesses have cosigned the newest head, which then does not move any more.
fn all_have_cosigned(city: &City, witnesses: usize) {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let note = city.checkpoint();
        if note.lines().filter(|line| line.starts_with("— ")).count() > witnesses {
            return;
        }
        assert!(Instant::now() < until, "not cosigned by all: {note}");
        thread::park_timeout(Duration::from_millis(50));
    }
}

/// What the page says that an auditor is handed: an identity, the log's key, a receipt, a state digest; and what the operator and
/// the machine's administrator have beside him.
fn hand_over(city: &City, receipts: &Path) -> PathBuf {
    let work = city.path("work");
    fs::create_dir(&work).unwrap();
    city.admit_auditor(&work.join("auditor"));
    fs::copy(city.log_key(), work.join("log.vkey")).unwrap();
    let receipt = fs::read_dir(receipts)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("annual-accounts_2021-A1") && name.ends_with(".tlog-proof")
        });
    fs::copy(receipt.unwrap(), work.join("dingxi.tlog-proof")).unwrap();
    let digest = city.operate(&["state-digest"]);
    fs::write(work.join("state-digest.txt"), digest).unwrap();
    for (name, is) in [
        ("docs", repository().join("docs")),
        ("operator", city.path("city/operator")),
        ("data", city.path("city")),
    ] {
        symlink(fs::canonicalize(is).unwrap(), work.join(name)).unwrap();
    }
    work
}
