//! Journals to replay: a small city's history, its records, and archives of them, honest or not.

use std::io::Write as _;

use granary_audit::{
    archive::{End, Writer},
    replay::{self, Fault, Options, Replayed},
};
use granary_core::{
    code::EditId,
    ledger::{Deed, JournalEntry, Ledger, LogIndex},
    log::{Checkpoint, Frontier, KeyName, VerifierKey, leaf_hash},
};
use tempfile::NamedTempFile;

use crate::city::{
    City, OPERATOR, Store, accounts, at, bundle_with, explain, key, public, sample_bundle,
    sign_act, sign_snapshot, snapshot,
};

pub(crate) const ORIGIN: &str = "example.org/city";
/// The seed of the log's key.
pub(crate) const LOG: u8 = 9;
pub(crate) const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];
pub(crate) const BAD: [&str; 4] = ["100.00", "10.00", "40.00", "49.00"];

/// An entry and its payload.
pub(crate) type Record = (JournalEntry, Vec<u8>);

/// A history in which everything happens that can: enrolments, an extension, figures that are accepted, returned, overtaken
/// and revised, an explanation that is accepted, a second catalogue, a revocation.
pub(crate) fn history() -> City {
    let mut city = founded();
    let submit = |city: &mut City, seed: u8, unit: &str, revision, figures| {
        let snapshot = snapshot(accounts(unit), revision, figures);
        city.take(&sign_snapshot(seed, &snapshot)).unwrap();
    };
    submit(&mut city, 101, "520100", 1, BAD);
    submit(&mut city, 101, "520100", 3, GOOD);
    submit(&mut city, 101, "520100", 2, GOOD);
    submit(&mut city, 102, "520300", 1, GOOD);
    submit(&mut city, 103, "520200", 1, GOOD);
    let parent = snapshot(
        accounts("520000"),
        1,
        ["300.10", "30.00", "120.10", "150.00"],
    );
    let parent = explain(
        parent,
        "GDP.ROLLUP",
        "the province counts what no city does",
    );
    city.take(&sign_snapshot(100, &parent)).unwrap();
    let decide = Deed::Decide {
        slot: accounts("520000"),
        edit: EditId::new("GDP.ROLLUP").unwrap(),
        item: None,
        snapshot_index: LogIndex(city.entries.len() as u64 - 1),
        accepted: true,
        reason: "known".into(),
    };
    city.take(&sign_act(OPERATOR, 2, decide)).unwrap();
    let extend = Deed::Extend {
        slot: accounts("520300"),
        due_at_ms: at("2022-01-01T00:00:00+08:00"),
        reason: "flood".into(),
    };
    city.take(&sign_act(OPERATOR, 3, extend)).unwrap();
    let again = Deed::PublishCatalogue(bundle_with("# A second version.\n"));
    city.take(&sign_act(OPERATOR, 4, again)).unwrap();
    city.now_ms = at("2021-09-01T00:00:00+08:00");
    submit(
        &mut city,
        101,
        "520100",
        4,
        ["100.00", "11.00", "39.00", "50.00"],
    );
    let revoke = Deed::RevokeKey {
        key_id: public(102).key_id(),
        reason: "lost".into(),
    };
    city.take(&sign_act(OPERATOR, 5, revoke)).unwrap();
    city
}

/// A city with its catalogue and four enrolled units.
fn founded() -> City {
    let store = Store::default();
    let ledger = Ledger::load(&store).unwrap();
    let mut city = City {
        store,
        ledger,
        entries: Vec::new(),
        now_ms: at("2021-07-01T00:00:00+08:00"),
    };
    let genesis = Deed::Genesis {
        origin: ORIGIN.into(),
        log_public_key: *key(LOG).verifying_key().as_bytes(),
        operator: public(OPERATOR),
    };
    city.take(&sign_act(OPERATOR, 0, genesis)).unwrap();
    let publish = Deed::PublishCatalogue(sample_bundle());
    city.take(&sign_act(OPERATOR, 1, publish)).unwrap();
    for (seed, unit) in [
        (100, "520000"),
        (101, "520100"),
        (102, "520300"),
        (103, "520200"),
    ] {
        city.enrol(seed, unit).unwrap();
    }
    city
}

pub(crate) fn records(city: &City) -> Vec<Record> {
    let payloads = city.store.payloads.iter().cloned();
    city.entries.iter().cloned().zip(payloads).collect()
}

/// The checkpoint over records, signed by the log's key.
pub(crate) fn end(records: &[Record]) -> End {
    end_by(records, LOG, ORIGIN)
}

pub(crate) fn end_by(records: &[Record], seed: u8, origin: &str) -> End {
    let mut frontier = Frontier::empty();
    for (entry, _) in records {
        frontier.push(leaf_hash(&entry.encode()));
    }
    let name = KeyName::new(origin).unwrap();
    let checkpoint = Checkpoint::new(origin, frontier.size(), frontier.root()).unwrap();
    let note = checkpoint.sign(&name, &key(seed)).unwrap();
    End {
        verifier_key: verifier(seed, origin).to_string(),
        checkpoint: note.to_text(),
    }
}

pub(crate) fn verifier(seed: u8, origin: &str) -> VerifierKey {
    VerifierKey::new(KeyName::new(origin).unwrap(), key(seed).verifying_key()).unwrap()
}

/// The bytes of an archive.
pub(crate) fn archive(records: &[Record], end: &End) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).unwrap();
    for (at, (entry, payload)) in records.iter().enumerate() {
        writer.push(&entry.encode(), payload).unwrap();
        // Several blocks, though the journal is small.
        if at % 5 == 4 {
            writer.flush().unwrap();
        }
    }
    writer.finish(end).unwrap()
}

pub(crate) fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub(crate) fn replay(bytes: &[u8]) -> Result<Replayed, Fault> {
    replay_with(bytes, &Options::default())
}

pub(crate) fn replay_with(bytes: &[u8], options: &Options) -> Result<Replayed, Fault> {
    replay::replay(file(bytes).path(), options, &mut |_| {})
}
