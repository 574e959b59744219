//! Every reason to refuse, each reached by what a sender might do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use granary_core::{
    code::{IndicatorCode, ItemKey},
    decimal::Decimal,
    digest::Digest,
    ledger::{Admitted, Deed, RefusalCode, Subject, admit, readmit},
    snapshot::{PAYLOAD_BYTES_MAX, Snapshot},
};
use support::*;

const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];

fn refused(city: &City, envelope: &Envelope) -> RefusalCode {
    let refusal = admit(city.ledger.registry(), &envelope.received(), city.now_ms).unwrap_err();
    assert!(!refusal.message.zh.is_empty() && !refusal.message.en.is_empty());
    refusal.code
}

/// What the city says to the sample snapshot after a change that is signed with it.
fn changed(change: impl FnOnce(&mut Snapshot)) -> RefusalCode {
    let city = City::with_units(&["520100"]);
    let mut snapshot = snapshot(accounts("520100"), 1, GOOD);
    change(&mut snapshot);
    refused(&city, &sign_snapshot(100, &snapshot))
}

fn good(city: &City) -> Envelope {
    let envelope = sign_snapshot(100, &snapshot(accounts("520100"), 1, GOOD));
    admit(city.ledger.registry(), &envelope.received(), city.now_ms).unwrap();
    envelope
}

#[test]
fn keys_and_signatures() {
    let mut city = City::with_units(&["520100", "520200"]);
    let envelope = good(&city);
    let mut altered = envelope.clone();
    *altered.payload.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&city, &altered), RefusalCode::Signature);
    let mut unsigned = envelope.clone();
    unsigned.signatures.clear();
    assert_eq!(refused(&city, &unsigned), RefusalCode::Malformed);
    let mut twice = envelope.clone();
    twice.signatures.push(twice.signatures[0].clone());
    assert_eq!(refused(&city, &twice), RefusalCode::Malformed);
    let snapshot = snapshot(accounts("520100"), 1, GOOD);
    assert_eq!(
        refused(&city, &sign_snapshot(77, &snapshot)),
        RefusalCode::KeyUnknown
    );
    assert_eq!(
        refused(&city, &sign_snapshot(101, &snapshot)),
        RefusalCode::KeyOfAnotherUnit
    );
    let mut relabelled = envelope.clone();
    relabelled.signatures[0].key_id = public(101).key_id();
    assert_eq!(refused(&city, &relabelled), RefusalCode::KeyOfAnotherUnit);

    let revoke = Deed::RevokeKey {
        key_id: public(100).key_id(),
        reason: "lost".into(),
    };
    city.take(&sign_act(OPERATOR, 9, revoke)).unwrap();
    assert_eq!(refused(&city, &envelope), RefusalCode::KeyRevoked);
}

#[test]
fn what_was_admitted_is_asked_again_under_a_newer_registry() {
    let mut city = City::with_units(&["520100"]);
    let envelope = good(&city);
    let admitted = Admitted {
        subject: Subject::Snapshot(accounts("520100")),
        payload_sha256: Digest::of(&envelope.payload),
    };
    let again = |city: &City| {
        readmit(
            city.ledger.registry(),
            &envelope.received(),
            &admitted,
            city.now_ms,
        )
    };
    assert_eq!(again(&city), Ok(()));
    let revoke = Deed::RevokeKey {
        key_id: public(100).key_id(),
        reason: "lost".into(),
    };
    city.take(&sign_act(OPERATOR, 9, revoke)).unwrap();
    assert_eq!(again(&city).unwrap_err().code, RefusalCode::KeyRevoked);
}

#[test]
fn forms_and_sizes() {
    let city = City::with_units(&["520100"]);
    let mut other_type = good(&city);
    other_type.payload_type = "text/plain";
    assert_eq!(refused(&city, &other_type), RefusalCode::PayloadType);
    let mut garbage = good(&city);
    garbage.payload = vec![0xff; 40];
    assert_eq!(refused(&city, &garbage), RefusalCode::Malformed);
    let mut huge = good(&city);
    huge.payload = vec![0; PAYLOAD_BYTES_MAX + 1];
    assert_eq!(refused(&city, &huge), RefusalCode::TooLarge);
    assert_eq!(
        refused(
            &City::founded(),
            &sign_snapshot(100, &snapshot(accounts("520100"), 1, GOOD))
        ),
        RefusalCode::KeyUnknown
    );
}

#[test]
fn slots_that_nobody_owes() {
    let period = |text: &str| text.parse().unwrap();
    assert_eq!(
        changed(|s| s.slot.dataset = "no-such-dataset".parse().unwrap()),
        RefusalCode::DatasetUnknown
    );
    assert_eq!(
        changed(|s| s.slot.period = period("2021-M03")),
        RefusalCode::PeriodUnknown
    );
    assert_eq!(
        changed(|s| s.slot.period = period("2020-Q4")),
        RefusalCode::PeriodUnknown
    );
    assert_eq!(
        changed(|s| s.slot.period = period("2031-Q4")),
        RefusalCode::PeriodFuture
    );
    let city = City::with_units(&["520000"]);
    let early = snapshot(slot("520000", "quarterly-accounts", "2021-Q1"), 1, GOOD);
    assert_eq!(
        refused(&city, &sign_snapshot(100, &early)),
        RefusalCode::NotExpected
    );
}

#[test]
fn a_period_begins_at_midnight_where_the_dataset_is_due() {
    let mut city = City::with_units(&["520100"]);
    let next = snapshot(slot("520100", "quarterly-accounts", "2021-Q4"), 1, GOOD);
    let envelope = sign_snapshot(100, &next);
    city.now_ms = at("2021-09-30T23:59:59+08:00");
    assert_eq!(refused(&city, &envelope), RefusalCode::PeriodFuture);
    city.now_ms = at("2021-10-01T00:00:00+08:00");
    assert!(admit(city.ledger.registry(), &envelope.received(), city.now_ms).is_ok());
}

#[test]
fn figures_that_the_dataset_does_not_have() {
    let rename = |s: &mut Snapshot, code: &str| {
        s.observations[0].indicator = IndicatorCode::new(code).unwrap()
    };
    // In the catalogue, but not in the dataset; and in neither.
    assert_eq!(
        changed(|s| {
            rename(s, "revenue");
            s.observations.sort_by(|a, b| a.key().cmp(&b.key()));
        }),
        RefusalCode::IndicatorUnknown
    );
    assert_eq!(changed(|s| rename(s, "aaa")), RefusalCode::IndicatorUnknown);
    assert_eq!(
        changed(|s| s.observations[0].value = Some(Decimal::parse("100.001").unwrap())),
        RefusalCode::TooManyDecimals
    );
    assert_eq!(
        changed(|s| s.observations[0].item = Some(ItemKey::new("G75").unwrap())),
        RefusalCode::Item
    );
}

#[test]
fn acts_need_their_signer_and_their_token() {
    let mut city = City::with_units(&["520100"]);
    let publish = Deed::PublishCatalogue(sample_bundle());
    assert_eq!(refused(&city, &sign_act(100, 3, publish)), RefusalCode::Act);
    let genesis = Deed::Genesis {
        origin: "x".into(),
        log_public_key: [0; 32],
        operator: public(5),
    };
    assert_eq!(refused(&city, &sign_act(5, 3, genesis)), RefusalCode::Act);
    let enrol = |unit_code: &str, seed: u8, token: [u8; 32]| {
        sign_act(
            seed,
            4,
            Deed::EnrolKey {
                unit: unit(unit_code),
                key: public(seed),
                token,
                label: String::new(),
            },
        )
    };
    assert_eq!(
        refused(&city, &enrol("520200", 30, [1; 32])),
        RefusalCode::Act,
        "no such token"
    );
    assert_eq!(
        refused(&city, &enrol("520100", 30, [100; 32])),
        RefusalCode::Act,
        "a used token"
    );
    let issue = Deed::IssueToken {
        unit: unit("520200"),
        token_sha256: Digest::of(&[7; 32]),
        expires_at_ms: city.now_ms + 10,
        role: granary_core::envelope::KeyRole::Agent,
    };
    city.take(&sign_act(OPERATOR, 5, issue)).unwrap();
    assert_eq!(
        refused(&city, &enrol("520300", 30, [7; 32])),
        RefusalCode::Act,
        "another unit's token"
    );
    let mut stolen = enrol("520200", 30, [7; 32]);
    stolen.signatures = enrol("520200", 31, [7; 32]).signatures;
    assert_eq!(
        refused(&city, &stolen),
        RefusalCode::Act,
        "not signed by the key itself"
    );
    assert!(
        admit(
            city.ledger.registry(),
            &enrol("520200", 30, [7; 32]).received(),
            city.now_ms
        )
        .is_ok()
    );
    city.now_ms += 11;
    assert_eq!(
        refused(&city, &enrol("520200", 30, [7; 32])),
        RefusalCode::Act,
        "an expired token"
    );
}

#[test]
fn acts_must_fit_the_journal() {
    let city = City::with_units(&["520100"]);
    let act = |deed| refused(&city, &sign_act(OPERATOR, 8, deed));
    let unknown = public(99).key_id();
    assert_eq!(
        act(Deed::RevokeKey {
            key_id: unknown,
            reason: "x".into()
        }),
        RefusalCode::Act
    );
    let nobody = slot("520100", "quarterly-accounts", "2020-Q1");
    assert_eq!(
        act(Deed::Exempt {
            slot: nobody,
            reason: "x".into()
        }),
        RefusalCode::Act
    );
    let earlier = Deed::Extend {
        slot: accounts("520100"),
        due_at_ms: 0,
        reason: "x".into(),
    };
    assert_eq!(act(earlier), RefusalCode::Act);
    let faulty = [("units.toml".to_owned(), "[[unit]]\ncode = 1\n".to_owned())];
    let bundle = granary_core::catalogue::Bundle::new(faulty.into_iter().collect()).unwrap();
    assert_eq!(act(Deed::PublishCatalogue(bundle)), RefusalCode::Act);
}
