//! `log` against a log that this test serves: honest and growing, and dishonest in every way that a monitor must find out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "follow/served.rs"]
mod served;

use std::{fs, path::PathBuf};

use granary_audit::cli::{Response, respond};
use granary_core::log::{Checkpoint, VerifierKey};
use serde_json::Value;

use served::{Log, Served, key_of};

const ORIGIN: &str = "city.example/log";

/// A monitor with a folder of its own.
struct Monitor {
    folder: tempfile::TempDir,
    served: Served,
}

impl Monitor {
    fn of(log: &Log) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            served: Served::start(log.files(ORIGIN, 1)),
        }
    }

    fn head(&self) -> PathBuf {
        self.folder.path().join("city.head")
    }

    fn follow(&self, args: &[&str]) -> Response {
        let head = self.head().display().to_string();
        let key = key_of(ORIGIN, 1).to_string();
        let url = self.served.url();
        let own = [
            "granary-audit",
            "log",
            "--url",
            &url,
            "--log-key",
            &key,
            "--head",
            &head,
        ];
        let words = own.iter().chain(args).map(Into::into).collect();
        respond(words, &|_| None)
    }

    fn json(&self) -> (u8, Value) {
        let response = self.follow(&["--json"]);
        assert_eq!(response.error, "");
        (
            response.code,
            serde_json::from_str(&response.output).unwrap(),
        )
    }

    /// The head is kept, and the log is found to hold.
    #[track_caller]
    fn holds(&self, size: u64) -> Value {
        let (code, value) = self.json();
        assert_eq!((code, &value["head"]["size"]), (0, &size.into()), "{value}");
        let key: VerifierKey = key_of(ORIGIN, 1);
        let kept = Checkpoint::open(&fs::read(self.head()).unwrap(), ORIGIN, &[key]).unwrap();
        assert_eq!(kept.size(), size);
        value
    }

    /// The log does not hold, and the kept head stays as it was.
    #[track_caller]
    fn fails(&self, word: &str) -> Value {
        let before = fs::read(self.head()).ok();
        let (code, value) = self.json();
        assert_eq!((code, value["fault"].as_str()), (1, Some(word)), "{value}");
        assert_eq!(fs::read(self.head()).ok(), before);
        value
    }
}

#[test]
fn a_growing_log_is_followed_from_one_head_to_the_next() {
    let sizes = [
        1, 2, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 66_000,
    ];
    let log = Log::of(66_000);
    let monitor = Monitor::of(&log.first(1));
    let mut before = None;
    for size in sizes {
        monitor.served.serve(log.first(size).files(ORIGIN, 1));
        let value = monitor.holds(size);
        assert_eq!(value["size_before"].as_u64(), before);
        let new = value["snapshots"].as_u64().unwrap() + value["acts"].as_u64().unwrap();
        assert_eq!(new, size - before.unwrap_or(0));
        let newest = value["newest"].as_array().unwrap();
        assert_eq!(newest.len() as u64, new.min(20));
        assert_eq!(newest.last().unwrap()["index"], size - 1);
        before = Some(size);
    }
    assert_eq!(monitor.holds(66_000)["newest"].as_array().unwrap().len(), 0);
}

#[test]
fn a_rewritten_log_leaves_two_signed_heads() {
    let log = Log::of(700);
    for (from, entry, to) in [
        (300, 0, 700),
        (300, 299, 300),
        (300, 299, 301),
        (512, 256, 700),
    ] {
        let monitor = Monitor::of(&log.first(from));
        monitor.holds(from);
        monitor
            .served
            .serve(log.altered(entry).first(to).files(ORIGIN, 1));
        let value = monitor.fails("rewritten");
        let evidence = PathBuf::from(value["head_now_file"].as_str().unwrap());
        let key = key_of(ORIGIN, 1);
        let now = Checkpoint::open(&fs::read(evidence).unwrap(), ORIGIN, &[key]).unwrap();
        assert_eq!(now.size(), to);
        assert_ne!(value["head_before"]["root"], value["head_now"]["root"]);
    }
}

#[test]
fn a_log_that_has_shrunk_is_told() {
    let log = Log::of(400);
    let monitor = Monitor::of(&log);
    monitor.holds(400);
    monitor.served.serve(log.first(399).files(ORIGIN, 1));
    let value = monitor.fails("shrunk");
    assert_eq!(value["head_now"]["size"], 399);
    // Whoever only looked at an old copy goes on when the newer one is there again.
    monitor.served.serve(log.files(ORIGIN, 1));
    monitor.holds(400);
}

#[test]
fn what_is_not_of_the_signed_tree_is_not_believed() {
    let log = Log::of(700);
    let flip = |path: &str, at: usize| {
        let mut files = log.files(ORIGIN, 1);
        files.get_mut(path).unwrap()[at] ^= 1;
        files
    };
    let without = |path: &str| {
        let mut files = log.files(ORIGIN, 1);
        files.remove(path).unwrap();
        files
    };
    let cut = |path: &str, by: usize| {
        let mut files = log.files(ORIGIN, 1);
        let bytes = files.get_mut(path).unwrap();
        bytes.truncate(bytes.len() - by);
        files
    };
    let cases = [
        ("root", flip("tile/0/002.p/188", 5)),
        ("root", flip("tile/1/000.p/2", 40)),
        ("tile", flip("tile/0/001", 8_000)),
        ("entry_differs", flip("tile/entries/001", 900)),
        ("entry_differs", flip("tile/entries/002.p/188", 30)),
        ("withheld", without("tile/0/000")),
        ("withheld", without("tile/0/002.p/188")),
        ("withheld", without("tile/entries/002.p/188")),
        ("withheld", cut("tile/0/000", 32)),
        ("malformed", cut("tile/0/000", 1)),
        ("malformed", cut("tile/entries/000", 1)),
        ("checkpoint", log.files(ORIGIN, 2)),
        ("checkpoint", log.files("other.example/log", 1)),
        ("checkpoint", flip("checkpoint", 20)),
        ("time", log.received_early(300).files(ORIGIN, 1)),
        ("entry", log.garbled(650).files(ORIGIN, 1)),
    ];
    for (number, (word, files)) in cases.into_iter().enumerate() {
        let monitor = Monitor::of(&log.first(100));
        monitor.holds(100);
        monitor.served.serve(files);
        let value = monitor.fails(word);
        assert!(
            value.get("head_now").is_none(),
            "case {number}: no evidence against the owner"
        );
    }
}

#[test]
fn time_is_compared_across_two_runs() {
    let log = Log::of(256);
    let monitor = Monitor::of(&log);
    monitor.holds(256);
    let later = Log::of(257).received_early(256);
    monitor.served.serve(later.files(ORIGIN, 1));
    monitor.fails("time");
}

#[test]
fn a_full_tile_serves_where_the_partial_one_is_gone() {
    let log = Log::of(600);
    let mut files = log.first(300).files(ORIGIN, 1);
    for (path, bytes) in log.files(ORIGIN, 1) {
        files.entry(path).or_insert(bytes);
    }
    files.remove("tile/0/001.p/44").unwrap();
    files.remove("tile/entries/001.p/44").unwrap();
    let monitor = Monitor::of(&log.first(1));
    monitor.served.serve(files);
    assert_eq!(monitor.holds(300)["newest"][19]["index"], 299);
}

#[test]
fn compressed_bundles_are_read_and_bombs_are_not() {
    let log = Log::of(300);
    let mut files = log.files(ORIGIN, 1);
    let monitor = Monitor::of(&log);
    for bundle in ["tile/entries/000", "tile/entries/001.p/44"] {
        served::compress(files.get_mut(bundle).unwrap());
    }
    monitor.served.serve(files.clone());
    monitor.holds(300);

    // Seventeen megabytes of nothing, in a few kilobytes.
    let mut bomb = vec![0; 17 << 20];
    served::compress(&mut bomb);
    files.insert("tile/entries/000".into(), bomb);
    let fresh = Monitor::of(&log);
    fresh.served.serve(files);
    let response = fresh.follow(&["--lang", "en"]);
    assert_eq!((response.code, fresh.head().exists()), (2, false));
    assert!(
        response.error.contains("tile/entries/000: more than"),
        "{}",
        response.error
    );
}

#[test]
fn what_cannot_be_asked_or_kept_is_no_verdict() {
    let log = Log::of(3);
    let monitor = Monitor::of(&log);
    monitor.served.serve([].into());
    let response = monitor.follow(&["--lang", "en"]);
    assert_eq!(response.code, 2);
    assert_eq!(
        response.error,
        "error: there is no checkpoint at this address\n"
    );
    for url in [
        "https://city.example",
        "city.example",
        "http://",
        "http://127.0.0.1:1",
    ] {
        let key = key_of(ORIGIN, 1).to_string();
        let head = monitor.head().display().to_string();
        let words = [
            "granary-audit",
            "log",
            "--url",
            url,
            "--log-key",
            &key,
            "--head",
            &head,
        ];
        let response = respond(words.iter().map(Into::into).collect(), &|_| None);
        assert_eq!((response.code, response.output.as_str()), (2, ""), "{url}");
    }
    fs::write(monitor.head(), "no head\n").unwrap();
    monitor.served.serve(log.files(ORIGIN, 1));
    let response = monitor.follow(&["--lang", "en"]);
    assert_eq!(response.code, 2);
    assert_eq!(fs::read_to_string(monitor.head()).unwrap(), "no head\n");
}

#[test]
fn the_screen_speaks_both_languages() {
    let log = Log::of(5);
    for language in ["zh", "en"] {
        let monitor = Monitor::of(&log.first(3));
        let folder = format!("{}/", monitor.folder.path().display());
        let said = |response: Response| response.output.replace(&folder, "");
        let first = said(monitor.follow(&["--lang", language, "--newest", "2"]));
        monitor.served.serve(log.altered(1).files(ORIGIN, 1));
        let rewritten = said(monitor.follow(&["--lang", language]));
        insta::assert_snapshot!(format!("log_{language}"), format!("{first}\n{rewritten}"));
    }
}
