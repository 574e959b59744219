//! The life of a file, step by step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crash;
mod etiquette;
mod held;

use std::collections::BTreeMap;

use granary_core::snapshot::Snapshot;

use super::*;
use crate::{
    intake::tests::{catalogue, unit},
    report::{Outcome, ReceiptFacts},
};

/// 2021-10-07 in Shanghai.
const NOW_MS: i64 = 1_633_600_000_000;
const GOOD: &str = "# dataset: quarterly-accounts\n# period: 2021-Q3\ngdp,primary,secondary,tertiary\n3102.44,118.23,1108.65,1875.56\n";
const UNBALANCED: &str = "# dataset: quarterly-accounts\n# period: 2021-Q3\ngdp,primary,secondary,tertiary\n3112.44,118.23,1108.65,1875.56\n";

/// A spool that remembers what it took, and can be full.
#[derive(Default)]
struct Spool {
    taken: Vec<Vec<u8>>,
    full: bool,
    floor: u32,
}

impl Submitter for Spool {
    fn revision_floor(&self, _slot: &SlotKey) -> u32 {
        self.floor
    }

    fn submit(&mut self, outgoing: &Outgoing) -> Result<(), SubmitError> {
        if self.full {
            return Err(SubmitError::Full("no space".to_owned()));
        }
        self.taken.push(outgoing.payload().to_vec());
        Ok(())
    }
}

struct Office {
    folder: tempfile::TempDir,
    inbox: Inbox,
    spool: Spool,
    catalogue: Catalogue,
    history: Reader,
    own: UnitCode,
    now_ms: i64,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inbox = open(folder.path());
        let history = Reader::new(&folder.path().join("state"), &unit("520100"));
        Self {
            folder,
            history,
            inbox,
            spool: Spool::default(),
            catalogue: catalogue(),
            own: unit("520100"),
            now_ms: NOW_MS,
        }
    }

    fn drop_in(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join("office/inbox").join(name), content).unwrap();
    }

    /// One look now.
    fn scan(&mut self) -> Vec<Step> {
        let mut cx = Context {
            unit: &self.own,
            catalogue: &self.catalogue,
            is_current: true,
            history: &self.history,
            submitter: &mut self.spool,
            now_ms: self.now_ms,
        };
        self.inbox.scan(&mut cx)
    }

    /// A look, and one more when everything has settled.
    fn settle_and_scan(&mut self) -> Vec<Step> {
        self.scan();
        self.now_ms += 2_000;
        self.scan()
    }

    fn restart(&mut self) -> Vec<Step> {
        self.inbox = open(self.folder.path());
        self.inbox.recover(&mut self.spool, self.now_ms)
    }

    fn answer(&mut self, payload: usize, answer: &Answer) -> Option<Step> {
        let digest = Digest::of(&self.spool.taken[payload]);
        self.inbox.settle(&digest, answer, self.now_ms).unwrap()
    }

    /// Every file of the clerk's, without reports, and its content.
    fn files(&self) -> BTreeMap<String, String> {
        self.all()
            .into_iter()
            .filter(|(name, _)| !name.contains(".report."))
            .collect()
    }

    fn all(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for folder in Folder::ALL {
            for entry in fs::read_dir(self.inbox.folders.path(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = format!(
                    "{}/{}",
                    folder.name(),
                    path.file_name().unwrap().to_str().unwrap()
                );
                files.insert(name, fs::read_to_string(path).unwrap());
            }
        }
        files
    }

    fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

fn open(root: &Path) -> Inbox {
    let folders = Folders::under(root.join("office"), root.join("state"));
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let settings = Settings {
        language: Language::Zh,
        zone,
        settle_ms: 1_000,
        software: "granary-agent/test".to_owned(),
    };
    Inbox::open(folders, settings).unwrap()
}

fn receipt() -> ReceiptFacts {
    ReceiptFacts {
        index: 42,
        received_at_ms: NOW_MS + 5_000,
        checkpoint: vec![
            "city.example/log".to_owned(),
            "43".to_owned(),
            "q1w2e3".to_owned(),
        ],
        file: "receipts/42.tlog-proof".to_owned(),
    }
}

fn accepted() -> Answer {
    Answer::Accepted {
        receipt: receipt(),
        findings: Vec::new(),
    }
}

fn refused() -> Answer {
    Answer::Refused {
        code: "NOT_EXPECTED".to_owned(),
        message: Bilingual::new("名录未要求", "not expected"),
    }
}

fn outcome(steps: &[Step]) -> Outcome {
    match steps {
        [Step::Placed { report, .. }] => report.outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_file_is_sent_and_then_accepted() {
    let mut office = Office::new();
    office.drop_in("a.csv", GOOD);
    assert!(matches!(office.scan()[..], [Step::Waiting { .. }]));
    assert_eq!(office.inbox.next_scan_at_ms(), Some(NOW_MS + 1_000));
    office.now_ms += 1_000;
    assert_eq!(outcome(&office.scan()), Outcome::Sent);
    assert_eq!(office.names(), ["sent/a.csv"]);
    assert!(
        office.all()["sent/a.csv.report.txt"].starts_with("\u{feff}【已发送，待市局答复】a.csv")
    );
    let snapshot = Snapshot::decode(&office.spool.taken[0]).unwrap();
    assert_eq!(
        (
            snapshot.revision,
            snapshot.prepared_at_ms,
            snapshot.observations.len()
        ),
        (1, office.now_ms, 4)
    );
    assert_eq!(snapshot.catalogue_version, office.catalogue.version());
    assert_eq!(
        office.inbox.awaiting().unwrap(),
        [Digest::of(&office.spool.taken[0])]
    );
    office.answer(0, &accepted()).unwrap();
    assert_eq!(office.names(), ["accepted/a.csv"]);
    let all = office.all();
    assert!(
        !all.contains_key("sent/a.csv.report.txt"),
        "the older report is gone"
    );
    assert!(
        all["accepted/a.csv.report.txt"].contains("日志序号  42"),
        "{}",
        all["accepted/a.csv.report.txt"]
    );
    assert!(office.inbox.awaiting().unwrap().is_empty());
    assert_eq!(office.answer(0, &accepted()), None, "the same answer again");
}

#[test]
fn bad_files_are_set_aside_with_the_place_of_the_fault() {
    let mut office = Office::new();
    office.drop_in("balance.csv", UNBALANCED);
    office.drop_in("unreadable.csv", "gdp\n1,5\n");
    office.drop_in("future.csv", &GOOD.replace("2021-Q3", "2022-Q1"));
    office.drop_in("book.xlsx", "PK\u{3}\u{4}");
    office.settle_and_scan();
    assert_eq!(
        office.names(),
        [
            "refused/book.xlsx",
            "refused/future.csv",
            "refused/unreadable.csv",
            "returned/balance.csv"
        ]
    );
    let all = office.all();
    let returned = &all["returned/balance.csv.report.txt"];
    assert!(
        returned.contains("GDP.BALANCE") && returned.contains("第 4 行 A 列“gdp”"),
        "{returned}"
    );
    assert!(all["refused/future.csv.report.txt"].contains("2022-Q1 尚未开始"));
    assert!(all["refused/book.xlsx.report.txt"].contains("工作簿已损坏"));
    let json: Report = serde_json::from_str(&all["refused/unreadable.csv.report.json"]).unwrap();
    assert_eq!(
        (json.outcome, json.faults.is_empty()),
        (Outcome::Refused, false)
    );
    assert!(office.spool.taken.is_empty());
}

#[test]
fn a_file_that_still_grows_is_left_alone() {
    let mut office = Office::new();
    office.drop_in("a.csv", "gdp\n");
    office.scan();
    office.now_ms += 900;
    office.drop_in("a.csv", GOOD);
    office.scan();
    office.now_ms += 900;
    assert!(matches!(office.scan()[..], [Step::Waiting { .. }]));
    office.now_ms += 100;
    assert_eq!(outcome(&office.scan()), Outcome::Sent);
    // A clock that is set back by years does not stop the office.
    office.now_ms = 1_000_000;
    office.drop_in("b.csv", GOOD);
    assert_eq!(
        outcome(&office.settle_and_scan()),
        Outcome::Refused,
        "by that clock the period has not begun"
    );
}

#[test]
fn what_is_no_report_stays_and_is_told_once() {
    let mut office = Office::new();
    office.drop_in("ledger.pdf", "proof");
    office.drop_in("~$a.xlsx", "");
    office.drop_in("a.csv.part", "gdp");
    assert!(matches!(&office.scan()[..], [Step::LeftAlone { name, .. }] if name == "ledger.pdf"));
    assert!(office.settle_and_scan().is_empty());
    assert_eq!(office.names().len(), 3);
}

#[test]
fn the_same_content_again_is_told_and_not_sent() {
    let mut office = Office::new();
    office.drop_in("a.csv", GOOD);
    office.settle_and_scan();
    // The same figures in another shape, while the first waits for its answer.
    office.drop_in("a.csv", "dataset,period,indicator,value\nquarterly-accounts,2021-Q3,gdp,3102.44\nquarterly-accounts,2021-Q3,primary,118.23\nquarterly-accounts,2021-Q3,secondary,1108.65\nquarterly-accounts,2021-Q3,tertiary,1875.56\n");
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Repeated);
    assert_eq!(office.spool.taken.len(), 1);
    let waiting = office.names();
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|name| name.starts_with("sent/")));
    office.answer(0, &accepted()).unwrap();
    let names = office.names();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names.iter().all(|name| name.starts_with("accepted/")),
        "{names:?}"
    );
    office.drop_in("b.csv", GOOD);
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Repeated);
    assert!(office.all()["accepted/b.csv.report.txt"].contains("相同内容已于"));
}

#[test]
fn a_correction_is_the_next_revision_and_going_back_is_one_too() {
    let mut office = Office::new();
    let other = GOOD.replace("118.23", "118.24");
    for (text, revision) in [(GOOD, 1), (other.as_str(), 2), (GOOD, 3)] {
        office.drop_in("a.csv", text);
        assert_eq!(outcome(&office.settle_and_scan()), Outcome::Sent);
        let snapshot = Snapshot::decode(office.spool.taken.last().unwrap()).unwrap();
        assert_eq!(snapshot.revision, revision);
    }
    for payload in 0..3 {
        office.answer(payload, &accepted()).unwrap();
    }
    let names = office.names();
    assert_eq!(names.len(), 3, "nothing was written over: {names:?}");
    // What another machine of the unit has sent counts too.
    office.spool.floor = 9;
    office.drop_in("a.csv", &other);
    office.settle_and_scan();
    assert_eq!(
        Snapshot::decode(office.spool.taken.last().unwrap())
            .unwrap()
            .revision,
        10
    );
}

#[test]
fn after_a_refusal_by_the_city_the_same_content_is_sent_anew() {
    let mut office = Office::new();
    office.drop_in("a.csv", GOOD);
    office.settle_and_scan();
    office.answer(0, &refused()).unwrap();
    assert_eq!(office.names(), ["refused/a.csv"]);
    assert!(office.all()["refused/a.csv.report.txt"].contains("名录未要求 (NOT_EXPECTED)"));
    office.drop_in("a.csv", GOOD);
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Sent);
    assert_eq!(office.spool.taken.len(), 2);
}

#[test]
fn a_file_with_two_periods_stands_or_falls_as_one() {
    let two = "dataset,period,gdp\nquarterly-accounts,2021-Q1,1\nquarterly-accounts,2021-Q2,2\n";
    let mut office = Office::new();
    office.drop_in("two.csv", two);
    office.settle_and_scan();
    assert_eq!(office.spool.taken.len(), 2);
    assert_eq!(office.answer(0, &accepted()), None);
    assert_eq!(
        office.names(),
        ["sent/two.csv"],
        "one answer is still awaited"
    );
    office
        .answer(
            1,
            &Answer::Returned {
                receipt: receipt(),
                findings: Vec::new(),
            },
        )
        .unwrap();
    assert_eq!(office.names(), ["returned/two.csv"]);
    // Half of it is new: only that half is sent.
    office.drop_in("two.csv", two);
    office.settle_and_scan();
    assert_eq!(office.spool.taken.len(), 3);
    assert_eq!(
        Snapshot::decode(&office.spool.taken[2])
            .unwrap()
            .slot
            .period
            .to_string(),
        "2021-Q2"
    );
}

#[test]
fn a_full_spool_blocks_and_says_so_and_loses_nothing() {
    let mut office = Office::new();
    office.spool.full = true;
    office.drop_in("a.csv", GOOD);
    assert!(
        matches!(&office.settle_and_scan()[..], [Step::Blocked { reason, .. }] if reason == "no space")
    );
    assert_eq!(office.names(), ["inbox/a.csv"]);
    office.drop_in("b.csv", "gdp\nx\n");
    assert!(matches!(
        &office.settle_and_scan()[..],
        [Step::Blocked { .. }]
    ));
    let sealed = office.inbox.records.intent().unwrap().unwrap().submit[0]
        .outgoing()
        .unwrap();
    office.spool.full = false;
    office.now_ms += 60_000;
    office.settle_and_scan();
    assert_eq!(office.names(), ["refused/b.csv", "sent/a.csv"]);
    assert_eq!(
        office.spool.taken,
        [sealed.payload()],
        "the bytes are those that were sealed first"
    );
}

#[test]
fn an_answer_that_comes_before_the_file_has_moved_is_kept() {
    let mut office = Office::new();
    office.drop_in("a.csv", GOOD);
    // The move fails, because the folder is not there.
    fs::remove_dir(office.folder.path().join("office/sent")).unwrap();
    assert!(matches!(
        &office.settle_and_scan()[..],
        [Step::Failed { .. }]
    ));
    assert_eq!(office.spool.taken.len(), 1);
    assert_eq!(office.answer(0, &accepted()), None);
    office.restart();
    assert_eq!(office.names(), ["accepted/a.csv"]);
    assert!(
        office
            .spool
            .taken
            .iter()
            .all(|payload| *payload == office.spool.taken[0]),
        "only the same bytes again"
    );
}

#[test]
fn a_damaged_intent_is_an_error_and_not_none() {
    let mut office = Office::new();
    office.drop_in("a.csv", GOOD);
    fs::write(
        office.folder.path().join("state/intent.json"),
        "{\"submit\"",
    )
    .unwrap();
    assert!(
        matches!(&office.settle_and_scan()[..], [Step::Failed { error, .. }] if error.contains("damaged"))
    );
    assert!(office.spool.taken.is_empty());
}

#[test]
fn a_name_that_is_taken_in_the_meantime_is_not_written_over() {
    let mut office = Office::new();
    office.spool.full = true;
    office.drop_in("a.csv", GOOD);
    office.settle_and_scan();
    // What is intended is sent/a.csv; now somebody puts another file there.
    fs::write(
        office.folder.path().join("office/sent/a.csv"),
        "somebody else's",
    )
    .unwrap();
    office.spool.full = false;
    office.scan();
    let files = office.files();
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!(files["sent/a.csv"], "somebody else's");
    assert!(files.values().any(|content| content == GOOD));
    office.answer(0, &accepted()).unwrap();
    assert_eq!(
        office.names(),
        ["accepted/a.csv", "sent/a.csv"],
        "the file is found under its other name"
    );
}

#[test]
fn a_file_changed_after_it_was_read_is_read_by_itself() {
    let mut office = Office::new();
    office.spool.full = true;
    office.drop_in("a.csv", GOOD);
    office.settle_and_scan();
    let other = GOOD.replace("118.23", "118.24");
    office.drop_in("a.csv", &other);
    office.spool.full = false;
    office.settle_and_scan();
    assert_eq!(office.spool.taken.len(), 2);
    let revisions: Vec<u32> = office
        .spool
        .taken
        .iter()
        .map(|p| Snapshot::decode(p).unwrap().revision)
        .collect();
    assert_eq!(revisions, [1, 2]);
    assert!(office.files().values().any(|content| *content == other));
}

#[test]
fn a_file_from_elsewhere_is_taken_in() {
    let mut office = Office::new();
    let elsewhere = office.folder.path().join("a.csv");
    fs::write(&elsewhere, GOOD).unwrap();
    let path = office.inbox.take_in(&elsewhere, NOW_MS).unwrap();
    let mut cx = Context {
        unit: &office.own,
        catalogue: &office.catalogue,
        is_current: true,
        history: &office.history,
        submitter: &mut office.spool,
        now_ms: NOW_MS,
    };
    assert_eq!(
        outcome(&[office.inbox.handle_file(&path, &mut cx)]),
        Outcome::Sent
    );
    assert!(elsewhere.exists());
    assert!(matches!(
        office.inbox.handle_file(&elsewhere, &mut cx),
        Step::Failed { .. }
    ));
}
