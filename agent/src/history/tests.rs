//! What is kept, what counts, and what a damaged file costs: never more than a fetch.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, IndicatorCode},
    decimal::Decimal,
    ledger::Known,
    period::Period,
    snapshot::{Observation, ObservationStatus},
};

use super::*;
use crate::intake::tests::{catalogue_with, unit};

const OURS: &str = "520100";
const EDIT: &str = r#"
[[edit]]
id = "GDP.FALLS"
kind = "quality"
dataset = "quarterly-accounts"
expression = "gdp >= previous(gdp)"
message = { zh = "下降", en = "falls" }
"#;

fn slot(period: &str) -> SlotKey {
    let dataset = DatasetCode::new("quarterly-accounts").unwrap();
    SlotKey::new(unit(OURS), dataset, Period::parse(period).unwrap())
}

fn snapshot(period: &str, revision: u32, gdp: i64) -> Snapshot {
    Snapshot {
        slot: slot(period),
        revision,
        prepared_at_ms: 1_000,
        catalogue_version: Digest::of(b"catalogue"),
        observations: vec![Observation {
            indicator: IndicatorCode::new("gdp").unwrap(),
            item: None,
            value: Some(Decimal::integer(gdp)),
            status: ObservationStatus::Normal,
        }],
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".to_owned(),
    }
}

fn record(index: u64, snapshot: &Snapshot) -> v1::Record {
    let payload = snapshot.encode().unwrap();
    let entry = JournalEntry {
        received_at_ms: 5_000,
        subject: Subject::Snapshot(snapshot.slot.clone()),
        payload_sha256: Digest::of(&payload),
        signatures: vec![crate::link::tests::support::signature(&payload)],
    };
    v1::Record {
        index,
        entry: entry.encode(),
        payload,
    }
}

struct Office {
    folder: tempfile::TempDir,
    catalogue: Catalogue,
}

impl Office {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            catalogue: catalogue_with(EDIT),
        }
    }

    fn history(&self) -> History {
        History::open(self.folder.path(), &unit(OURS))
    }

    fn file(&self) -> PathBuf {
        path(self.folder.path())
    }

    /// What is known of a period, looked at from the one after it.
    fn known(&self, period: &str) -> Option<Option<i128>> {
        let from = slot(&slot(period).period.plus(1).unwrap().to_string());
        let past = Reader::new(self.folder.path(), &unit(OURS)).past(&self.catalogue, &from);
        let gdp = IndicatorCode::new("gdp").unwrap();
        match past.known(&slot(period)) {
            Known::Stated(snapshot) => Some(snapshot.value(&gdp, None).map(Decimal::mantissa)),
            Known::Nothing => Some(None),
            Known::Hidden => None,
        }
    }

    fn as_of(&self) -> Option<AsOf> {
        let reader = Reader::new(self.folder.path(), &unit(OURS));
        reader.past(&self.catalogue, &slot("2021-Q2")).as_of()
    }

    /// What the inbox says of the latest statement.
    fn latest(&self, snapshot: &Snapshot, state: &str) {
        let slots = self.folder.path().join("slots");
        fs::create_dir_all(&slots).unwrap();
        let (unit, dataset, period) = (OURS, "quarterly-accounts", snapshot.slot.period);
        let payload = Digest::of(&snapshot.encode().unwrap());
        let revision = snapshot.revision;
        let text = format!(
            "{{\"unit\":\"{unit}\",\"dataset\":\"{dataset}\",\"period\":\"{period}\",\"revision\":{revision},\"content_sha256\":\"\",\
             \"payload_sha256\":\"{payload}\",\"ticket\":\"\",\"prepared_at_ms\":1,\"file\":\"a.csv\",\"state\":\"{state}\"}}"
        );
        fs::write(
            slots.join(format!("{unit}__{dataset}__{period}.json")),
            text,
        )
        .unwrap();
    }
}

fn at(next_index: u64) -> AsOf {
    AsOf {
        next_index,
        city_time_ms: 9_000,
    }
}

#[test]
fn before_the_city_has_told_all_nothing_is_known_to_be_absent() {
    let office = Office::new();
    assert_eq!((office.known("2021-Q1"), office.as_of()), (None, None));
    let mut history = office.history();
    assert_eq!(history.next_index(), 0);
    history
        .keep(&[record(3, &snapshot("2021-Q1", 1, 10))], at(4), false)
        .unwrap();
    assert_eq!(office.known("2021-Q1"), Some(Some(10)));
    assert_eq!((office.known("2021-Q2"), office.as_of()), (None, None));
    history.keep(&[], at(7), true).unwrap();
    assert_eq!(
        (office.known("2021-Q2"), office.as_of()),
        (Some(None), Some(at(7)))
    );
    history
        .keep(&[record(9, &snapshot("2021-Q1", 2, 11))], at(10), true)
        .unwrap();
    drop(history);
    assert_eq!(office.history().next_index(), 10, "it survives a restart");
    assert_eq!(office.known("2021-Q1"), Some(Some(11)));
}

#[test]
fn what_is_not_ours_or_not_what_its_entry_says_is_not_kept() {
    let office = Office::new();
    let mut history = office.history();
    let good = record(1, &snapshot("2021-Q1", 1, 10));
    let mut foreign = snapshot("2021-Q2", 1, 10);
    foreign.slot.unit = unit("520200");
    let altered = v1::Record {
        payload: snapshot("2021-Q1", 1, 11).encode().unwrap(),
        ..good.clone()
    };
    let elsewhere = v1::Record {
        entry: {
            let payload_sha256 = Digest::of(&good.payload);
            let entry =
                JournalEntry::decode(&record(1, &snapshot("2021-Q3", 1, 10)).entry).unwrap();
            JournalEntry {
                payload_sha256,
                ..entry
            }
            .encode()
        },
        ..good.clone()
    };
    for (bad, why) in [
        (record(2, &foreign), "of unit 520200"),
        (altered, "another digest"),
        (elsewhere, "another slot"),
    ] {
        let error = history.keep(&[good.clone(), bad], at(5), true).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(history.next_index(), 0, "nothing of the page is kept");
        assert_eq!(office.known("2021-Q1"), None);
    }
    history.keep(&[good], at(5), true).unwrap();
    assert_eq!(office.known("2021-Q1"), Some(Some(10)));
}

#[test]
fn what_is_spooled_counts_while_it_stands() {
    let office = Office::new();
    let mut history = office.history();
    history
        .keep(&[record(1, &snapshot("2021-Q1", 1, 10))], at(2), true)
        .unwrap();
    let second = snapshot("2021-Q1", 2, 20);
    history.state(&second, &second.encode().unwrap()).unwrap();
    assert_eq!(
        office.known("2021-Q1"),
        Some(Some(10)),
        "the inbox does not know of it"
    );
    for (state, expected) in [
        ("sent", 20),
        ("accepted", 20),
        ("returned", 10),
        ("refused", 10),
    ] {
        office.latest(&second, state);
        assert_eq!(office.known("2021-Q1"), Some(Some(expected)), "{state}");
    }
    // Another computer of the unit was quicker.
    office.latest(&second, "accepted");
    history
        .keep(&[record(5, &snapshot("2021-Q1", 3, 30))], at(6), true)
        .unwrap();
    assert_eq!(office.known("2021-Q1"), Some(Some(30)));
    // The inbox knows of a newer one whose figures were lost here.
    office.latest(&snapshot("2021-Q1", 4, 40), "sent");
    assert_eq!(office.known("2021-Q1"), None);
}

#[test]
fn a_file_of_another_unit_is_not_ours() {
    let office = Office::new();
    office
        .history()
        .keep(&[record(1, &snapshot("2021-Q1", 1, 10))], at(2), true)
        .unwrap();
    let theirs = History::open(office.folder.path(), &unit("520200"));
    assert_eq!(theirs.next_index(), 0);
    assert_eq!(office.known("2021-Q1"), None);
    assert_eq!(office.history().next_index(), 0);
}

/// Pages as the city gives them, and how long the file is after each.
fn three_pages(office: &Office) -> Vec<u64> {
    let mut history = office.history();
    let mut lengths = vec![history.end];
    for (index, (period, gdp)) in [("2021-Q1", 10), ("2021-Q2", 20), ("2021-Q3", 30)]
        .iter()
        .enumerate()
    {
        let index = index as u64;
        history
            .keep(
                &[record(index, &snapshot(period, 1, *gdp))],
                at(index + 1),
                true,
            )
            .unwrap();
        lengths.push(history.end);
    }
    lengths
}

#[test]
fn a_file_that_is_torn_anywhere_is_fetched_again_from_there() {
    let office = Office::new();
    let lengths = three_pages(&office);
    let whole = fs::read(office.file()).unwrap();
    assert_eq!(whole.len() as u64, lengths[3]);
    for length in 0..=whole.len() {
        fs::write(office.file(), &whole[..length]).unwrap();
        let mut history = office.history();
        let pages = lengths.iter().filter(|end| **end <= length as u64).count();
        assert_eq!(
            history.next_index(),
            pages.saturating_sub(1) as u64,
            "{length}"
        );
        // What stands is true, and what was lost comes again.
        assert!(
            [None, Some(Some(10))].contains(&office.known("2021-Q1")),
            "{length}"
        );
        for index in history.next_index()..3 {
            let (period, gdp) = [("2021-Q1", 10), ("2021-Q2", 20), ("2021-Q3", 30)]
                [usize::try_from(index).unwrap()];
            history
                .keep(
                    &[record(index, &snapshot(period, 1, gdp))],
                    at(index + 1),
                    true,
                )
                .unwrap();
        }
        let known = ["2021-Q1", "2021-Q2", "2021-Q3"].map(|period| office.known(period));
        assert_eq!(known, [10, 20, 30].map(|gdp| Some(Some(gdp))), "{length}");
    }
}

#[test]
fn a_flipped_bit_anywhere_never_gives_a_wrong_figure() {
    let office = Office::new();
    three_pages(&office);
    let whole = fs::read(office.file()).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(office.file(), &bytes).unwrap();
        // A look beside a running agent, and one after the next start.
        for _ in 0..2 {
            for (period, gdp) in [("2021-Q1", 10), ("2021-Q2", 20), ("2021-Q3", 30)] {
                let known = office.known(period);
                let absent =
                    known == Some(None) && office.as_of().is_some_and(|at| at.next_index <= 3);
                assert!(
                    known.is_none() || known == Some(Some(gdp)) || absent,
                    "{place}: {known:?}"
                );
            }
            office.history();
        }
    }
}

#[test]
fn a_rewriting_keeps_what_counts_and_lets_the_oldest_payloads_go() {
    let office = Office::new();
    let mut history = office.history();
    for revision in 1..=20 {
        let records = ["2021-Q1", "2021-Q2", "2021-Q3"].map(|period| {
            record(
                revision.into(),
                &snapshot(period, revision, revision.into()),
            )
        });
        history
            .keep(&records, at(u64::from(revision) + 1), revision == 19)
            .unwrap();
    }
    let open = snapshot("2021-Q3", 21, 99);
    history.state(&open, &open.encode().unwrap()).unwrap();
    let before = history.end;
    let one = snapshot("2021-Q3", 21, 99).encode().unwrap().len() as u64;
    history.rewrite(4 * one).unwrap();
    assert!(history.end < before / 8, "{} {before}", history.end);
    assert_eq!(office.known("2021-Q1"), Some(Some(20)));
    assert_eq!(office.known("2021-Q3"), Some(Some(20)));
    office.latest(&open, "sent");
    assert_eq!(office.known("2021-Q3"), Some(Some(99)));
    assert_eq!(office.as_of(), Some(at(20)), "as of when there was no more");
    drop(history);
    let mut history = office.history();
    assert_eq!(history.next_index(), 21);
    // Room for the newest period alone, which has a record and a statement.
    history.rewrite(2 * one + 1).unwrap();
    assert_eq!(
        (office.known("2021-Q1"), office.known("2021-Q3")),
        (None, Some(Some(99)))
    );
    history
        .keep(&[record(30, &snapshot("2021-Q1", 21, 7))], at(31), true)
        .unwrap();
    assert_eq!(office.known("2021-Q1"), Some(Some(7)));
}
