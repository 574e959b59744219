//! Requests for evidence and anchors of the access log: who may sign them, what has effect, and that a rebuild gives the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use granary_core::{
    digest::Digest,
    ledger::{
        Deed, Ledger, LogIndex, RefusalCode, admit,
        evidence::{anchor, named, requests},
    },
    snapshot::Evidence,
};
use support::*;

/// The seed of the log's key.
const LOG: u8 = 9;

/// A city in which one unit has named a ledger twice and a contract once, and another unit nothing.
fn city() -> City {
    let store = Store::default();
    let mut city = City {
        ledger: Ledger::load(&store).unwrap(),
        store,
        entries: Vec::new(),
        now_ms: at("2021-07-01T00:00:00+08:00"),
    };
    let genesis = Deed::Genesis {
        origin: "example.org/city".into(),
        log_public_key: *key(LOG).verifying_key().as_bytes(),
        operator: public(OPERATOR),
    };
    city.take(&sign_act(OPERATOR, 0, genesis)).unwrap();
    let publish = Deed::PublishCatalogue(sample_bundle());
    city.take(&sign_act(OPERATOR, 1, publish)).unwrap();
    for (seed, code) in (100..).zip(["520100", "520200"]) {
        city.enrol(seed, code).unwrap();
        let mut files = vec![("ledger.pdf", "ledger")];
        for revision in 1..=2 {
            let figures = ["100.00", "10.00", "40.00", "50.00"];
            let mut snapshot = snapshot(accounts(code), revision, figures);
            if seed == 100 {
                let evidence = |(name, text): &(&str, &str)| Evidence {
                    name: (*name).into(),
                    sha256: Digest::of(text.as_bytes()),
                };
                snapshot.evidence = files.iter().map(evidence).collect();
            }
            city.take(&sign_snapshot(seed, &snapshot)).unwrap();
            files.push(("contract.pdf", "contract"));
        }
    }
    city
}

fn request(code: &str, text: &str, requester: &str) -> Deed {
    Deed::RequestEvidence {
        slot: accounts(code),
        sha256: Digest::of(text.as_bytes()),
        reason: "a random check".into(),
        requester: requester.into(),
    }
}

#[test]
fn a_slots_files_are_listed_once_in_the_order_of_the_log() {
    let city = city();
    let files = named(&city.store, &accounts("520100")).unwrap();
    let told: Vec<_> = files
        .iter()
        .map(|file| (file.name.as_str(), file.index))
        .collect();
    assert_eq!(
        told,
        [("ledger.pdf", LogIndex(4)), ("contract.pdf", LogIndex(5))]
    );
    assert!(named(&city.store, &accounts("520200")).unwrap().is_empty());
}

#[test]
fn a_request_has_effect_only_for_what_the_slot_names() {
    let mut city = city();
    let asked = city
        .take(&sign_act(OPERATOR, 20, request("520100", "ledger", "")))
        .unwrap();
    assert_eq!(asked.ineffective, None);
    for (nonce, code, text) in [(21, "520100", "diary"), (22, "520200", "ledger")] {
        let foreign = city
            .take(&sign_act(OPERATOR, nonce, request(code, text, "")))
            .unwrap();
        assert_eq!(
            foreign.ineffective.unwrap().code,
            RefusalCode::Act,
            "{code} {text}"
        );
    }
    // The newest request stands, in the name of whoever asked.
    let later = request("520100", "ledger", "role:auditor 00");
    city.take(&sign_act(LOG, 23, later)).unwrap();
    let rows = requests(&city.store, &unit("520100")).unwrap();
    assert_eq!(rows.len(), 1);
    let (sha256, row) = &rows[0];
    assert_eq!(
        (*sha256, row.name.as_str()),
        (Digest::of(b"ledger"), "ledger.pdf")
    );
    assert_eq!(row.requested_index, city.entries.len() as u64 - 1);
    assert_eq!(row.requester, "role:auditor 00");
    assert!(requests(&city.store, &unit("520200")).unwrap().is_empty());
    assert_eq!(city.rebuilt().digest(), city.digest());
}

#[test]
fn the_logs_key_signs_what_the_city_records_and_nothing_else() {
    let city = city();
    let anchored = |seed| {
        let head = Digest::of(b"line");
        sign_act(seed, 30, Deed::AnchorAccess { lines: 1, head })
    };
    let may = |envelope: &Envelope| {
        let admitted = admit(city.ledger.registry(), &envelope.received(), city.now_ms);
        admitted.map(drop).map_err(|refusal| refusal.code)
    };
    assert_eq!(may(&anchored(LOG)), Ok(()));
    assert_eq!(may(&anchored(OPERATOR)), Err(RefusalCode::Act));
    assert_eq!(may(&anchored(100)), Err(RefusalCode::Act));
    let for_somebody = request("520100", "ledger", "role:auditor 00");
    assert_eq!(may(&sign_act(LOG, 31, for_somebody.clone())), Ok(()));
    assert_eq!(
        may(&sign_act(OPERATOR, 31, for_somebody)),
        Err(RefusalCode::Act)
    );
    let own = request("520100", "ledger", "");
    assert_eq!(may(&sign_act(OPERATOR, 32, own.clone())), Ok(()));
    assert_eq!(may(&sign_act(LOG, 32, own)), Err(RefusalCode::Act));
    let publish = Deed::PublishCatalogue(sample_bundle());
    assert_eq!(may(&sign_act(LOG, 33, publish)), Err(RefusalCode::Act));
}

#[test]
fn an_anchor_that_covers_no_more_lines_has_no_effect() {
    let mut city = city();
    for (nonce, lines, expect) in [(40, 2, 2), (41, 2, 2), (42, 1, 2), (43, 3, 3)] {
        let head = Digest::of(&[nonce]);
        let anchored = Deed::AnchorAccess { lines, head };
        let applied = city.take(&sign_act(LOG, nonce, anchored)).unwrap();
        let row = anchor(&city.store).unwrap().unwrap();
        assert_eq!(row.lines, expect);
        assert_eq!(applied.ineffective.is_none(), row.head == head.as_bytes());
    }
    assert_eq!(city.rebuilt().digest(), city.digest());
}
