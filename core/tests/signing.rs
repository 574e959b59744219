//! Suites, roles and successors of keys: whose signatures count, from which entry on, and until which.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use granary_core::{
    catalogue::Bundle,
    digest::Digest,
    envelope::{KeyId, KeyRole, PublicKey, SecretKey, Suite},
    ledger::{
        Act, Applied, Deed, JournalEntry, Refusal, RefusalCode, Subject, act, admit,
        keys::{self as row_keys, Table},
        rows::{KeyRow, SlotRow},
    },
    snapshot::{self, Snapshot},
};
use support::*;

const UNIT: &str = "520100";
const OTHER: &str = "520200";
const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];

fn ed25519(seed: u8) -> SecretKey {
    SecretKey::from_seed(Suite::Ed25519, &[seed; 32]).unwrap()
}

fn sm2(seed: u8) -> SecretKey {
    SecretKey::from_seed(Suite::Sm2Sm3, &[seed; 32]).unwrap()
}

fn public_of(key: &SecretKey) -> PublicKey {
    key.public_key()
}

fn id(key: &SecretKey) -> KeyId {
    public_of(key).key_id()
}

/// The sample catalogue, whose accounts need these signatures.
fn bundle_asking(signatures: &str) -> Bundle {
    let asked = format!("signatures = {signatures}\nfirst_period = \"2021-Q1\"");
    let files = sample_bundle().files().clone();
    let changed = files.into_iter().map(|(name, text)| {
        let text = text.replace("first_period = \"2021-Q1\"", &asked);
        (name, text)
    });
    Bundle::new(changed.collect()).unwrap()
}

fn signed(payload_type: &'static str, payload: Vec<u8>, keys: &[&SecretKey]) -> Envelope {
    let sign = |key: &&SecretKey| key.sign(payload_type, &payload).unwrap();
    Envelope {
        payload_type,
        signatures: keys.iter().map(sign).collect(),
        payload,
    }
}

fn stated(snapshot: &Snapshot, keys: &[&SecretKey]) -> Envelope {
    signed(snapshot::PAYLOAD_TYPE, snapshot.encode().unwrap(), keys)
}

fn done(nonce: u8, deed: Deed, keys: &[&SecretKey]) -> Envelope {
    let act = Act {
        issued_at_ms: 0,
        nonce: [nonce; 16],
        deed,
        person: String::new(),
    };
    signed(act::PAYLOAD_TYPE, act.encode(), keys)
}

fn enrol(city: &mut City, code: &str, key: &SecretKey, role: KeyRole) -> Result<Applied, Refusal> {
    let token = *id(key).as_bytes();
    let issue = Deed::IssueToken {
        unit: unit(code),
        token_sha256: Digest::of(&token),
        expires_at_ms: city.now_ms + 60_000,
        role,
    };
    city.take(&sign_act(OPERATOR, token[0], issue))?;
    let enrol = Deed::EnrolKey {
        unit: unit(code),
        key: public_of(key),
        token,
        label: "office".into(),
    };
    city.take(&done(token[1], enrol, &[key]))
}

fn rotation(old: &SecretKey, new: &SecretKey) -> Deed {
    Deed::RotateKey {
        old: id(old),
        new: public_of(new),
    }
}

fn refused(city: &City, envelope: &Envelope) -> Refusal {
    admit(city.ledger.registry(), &envelope.received(), city.now_ms).unwrap_err()
}

#[track_caller]
fn check(city: &City, envelope: &Envelope, expect: Result<(), RefusalCode>) {
    let admitted = admit(city.ledger.registry(), &envelope.received(), city.now_ms);
    assert_eq!(admitted.map(drop).map_err(|refusal| refusal.code), expect);
}

fn accounts_of(unit_code: &str) -> Snapshot {
    snapshot(accounts(unit_code), 1, GOOD)
}

#[test]
fn an_sm2_key_enrols_and_signs() {
    let mut city = City::with_units(&[UNIT]);
    let key = sm2(40);
    enrol(&mut city, OTHER, &key, KeyRole::Agent).unwrap();
    let envelope = stated(&accounts_of(OTHER), &[&key]);
    let mut altered = envelope.clone();
    *altered.payload.last_mut().unwrap() ^= 1;
    check(&city, &altered, Err(RefusalCode::Signature));
    let mut other_suite = envelope.clone();
    other_suite.signatures[0].bytes = ed25519(40)
        .sign(snapshot::PAYLOAD_TYPE, &envelope.payload)
        .unwrap()
        .bytes;
    check(&city, &other_suite, Err(RefusalCode::Signature));
    city.take(&envelope).unwrap();
    assert_eq!(city.rebuilt().digest(), city.digest());
}

#[test]
fn a_dataset_may_ask_for_the_head_of_statistics() {
    let bundle = bundle_asking("{ agent = 1, head = 1 }");
    let mut city = City::with_catalogue(bundle, &[UNIT, OTHER]);
    let (agent, head, second) = (ed25519(100), sm2(50), ed25519(51));
    enrol(&mut city, UNIT, &head, KeyRole::StatisticsHead).unwrap();
    enrol(&mut city, UNIT, &second, KeyRole::Agent).unwrap();
    let snapshot = accounts_of(UNIT);
    let missing = Err(RefusalCode::SignaturesMissing);
    check(&city, &stated(&snapshot, &[&agent]), missing);
    check(&city, &stated(&snapshot, &[&head]), missing);
    check(&city, &stated(&snapshot, &[&agent, &second]), missing);
    check(&city, &stated(&snapshot, &[&agent, &head]), Ok(()));
    check(&city, &stated(&snapshot, &[&head, &agent]), Ok(()));
    check(&city, &stated(&snapshot, &[&agent, &head, &second]), Ok(()));
    // One key counts once: twice the same signature, or two different ones of it, is no second signature.
    check(
        &city,
        &stated(&snapshot, &[&agent, &agent]),
        Err(RefusalCode::Malformed),
    );
    let mut one_bad = stated(&snapshot, &[&agent, &head]);
    one_bad.signatures[1].bytes[40] ^= 1;
    check(&city, &one_bad, Err(RefusalCode::Signature));
    let of_another = stated(&snapshot, &[&ed25519(101), &head]);
    check(&city, &of_another, Err(RefusalCode::KeyOfAnotherUnit));
    city.take(&stated(&snapshot, &[&agent, &head])).unwrap();
    assert_eq!(city.rebuilt().digest(), city.digest());
}

#[test]
fn the_refusal_says_who_still_has_to_sign() {
    let bundle = bundle_asking("{ agent = 1, head = 1, unit-head = 2 }");
    let city = City::with_catalogue(bundle, &[UNIT]);
    let refusal = refused(&city, &stated(&accounts_of(UNIT), &[&ed25519(100)]));
    assert_eq!(
        refusal.message.zh,
        "“季度地区生产总值核算”还缺签名：统计负责人、单位负责人（2 人）。请其用 granary-agent sign 补签后再报送"
    );
    assert!(
        refusal
            .message
            .en
            .contains("signed by the head of statistics and the head of the unit (2 keys)"),
        "{}",
        refusal.message.en
    );
}

#[test]
fn a_head_alone_does_not_report_where_nothing_is_asked() {
    let mut city = City::with_units(&[UNIT]);
    let head = ed25519(50);
    enrol(&mut city, UNIT, &head, KeyRole::StatisticsHead).unwrap();
    check(
        &city,
        &stated(&accounts_of(UNIT), &[&head]),
        Err(RefusalCode::SignaturesMissing),
    );
    check(
        &city,
        &stated(&accounts_of(UNIT), &[&ed25519(100), &head]),
        Ok(()),
    );
}

#[test]
fn a_snapshot_that_was_journaled_unsigned_by_the_head_has_no_effect() {
    let bundle = bundle_asking("{ agent = 1, head = 1 }");
    let mut city = City::with_catalogue(bundle, &[UNIT]);
    let envelope = stated(&accounts_of(UNIT), &[&ed25519(100)]);
    let applied = journal_unasked(&mut city, &envelope, Subject::Snapshot(accounts(UNIT)));
    assert_eq!(
        applied.ineffective.unwrap().code,
        RefusalCode::SignaturesMissing
    );
}

/// Journals without asking, as a faulty or crooked city would.
fn journal_unasked(city: &mut City, envelope: &Envelope, subject: Subject) -> Applied {
    let entry = JournalEntry {
        received_at_ms: city.now_ms,
        subject,
        payload_sha256: Digest::of(&envelope.payload),
        signatures: envelope.signatures.clone(),
    };
    city.journal(entry, &envelope.payload)
}

#[test]
fn a_key_hands_over_to_one_of_another_suite() {
    let mut city = City::with_units(&[UNIT, OTHER]);
    let (old, new) = (ed25519(100), sm2(60));
    let early = stated(&accounts_of(UNIT), &[&old]);
    city.take(&early).unwrap();
    let before = city.entries.len();
    city.take(&done(1, rotation(&old, &new), &[&old, &new]))
        .unwrap();

    let registry = city.ledger.registry();
    let (ended, begun) = (registry.key(&id(&old)), registry.key(&id(&new)));
    let (ended, begun) = (ended.unwrap(), begun.unwrap());
    assert_eq!(ended.row.revoked_index, Some(before as u64));
    assert_eq!(ended.row.successor(), Some(id(&new)));
    assert_eq!(begun.row.enrolled_index, before as u64);
    assert_eq!(
        (&begun.unit, begun.role, &begun.row.label),
        (&ended.unit, ended.role, &ended.row.label)
    );
    assert_eq!(begun.row.revoked_index, None);

    // What was signed before the change but arrives after it is late; the log's order decides, not the preparer's clock.
    let mut revision = accounts_of(UNIT);
    revision.revision = 2;
    revision.prepared_at_ms = 0;
    let late = stated(&revision, &[&old]);
    check(&city, &late, Err(RefusalCode::KeyReplaced));
    assert!(refused(&city, &late).message.en.contains(&id(&new).short()));
    check(
        &city,
        &stated(&revision, &[&old, &new]),
        Err(RefusalCode::KeyReplaced),
    );
    let current = city.rebuilt();
    assert_eq!(current.digest(), city.digest());
    city.take(&stated(&revision, &[&new])).unwrap();
    // The chain goes on from the newest key only.
    let third = ed25519(61);
    check(
        &city,
        &done(2, rotation(&old, &third), &[&old, &third]),
        Err(RefusalCode::KeyRevoked),
    );
    city.take(&done(2, rotation(&new, &third), &[&new, &third]))
        .unwrap();
    assert_eq!(city.rebuilt().digest(), city.digest());
}

#[test]
fn a_rotation_keeps_the_role() {
    let bundle = bundle_asking("{ agent = 1, head = 1 }");
    let mut city = City::with_catalogue(bundle, &[UNIT]);
    let (agent, head, next) = (ed25519(100), ed25519(50), sm2(51));
    enrol(&mut city, UNIT, &head, KeyRole::StatisticsHead).unwrap();
    city.take(&done(1, rotation(&head, &next), &[&next, &head]))
        .unwrap();
    let snapshot = accounts_of(UNIT);
    check(&city, &stated(&snapshot, &[&agent, &next]), Ok(()));
    check(
        &city,
        &stated(&snapshot, &[&agent, &head]),
        Err(RefusalCode::KeyReplaced),
    );
}

#[test]
fn nobody_hands_over_anothers_key() {
    let mut city = City::with_units(&[UNIT, OTHER]);
    let (old, new, other, operator) = (ed25519(100), ed25519(60), ed25519(101), ed25519(OPERATOR));
    let deed = || rotation(&old, &new);
    for (signers, why) in [
        (vec![&old], "the new key has not signed"),
        (vec![&new], "the old key has not signed"),
        (vec![&other, &new], "another unit's key"),
        (vec![&operator, &new], "the operator's key"),
        (vec![&old, &new, &operator], "one signature too many"),
    ] {
        let code = refused(&city, &done(1, deed(), &signers)).code;
        assert_eq!(code, RefusalCode::Act, "{why}");
    }
    let mut forged = done(1, deed(), &[&old, &new]);
    forged.signatures[0].bytes[3] ^= 1;
    check(&city, &forged, Err(RefusalCode::Signature));
    // A key that is enrolled already is nobody's successor, not even its own.
    for taken in [&other, &old] {
        let deed = rotation(&old, taken);
        let signers: &[&SecretKey] = if *taken == old {
            &[&old]
        } else {
            &[&old, taken]
        };
        check(&city, &done(1, deed, signers), Err(RefusalCode::Act));
    }
    let unknown = rotation(&ed25519(77), &new);
    check(
        &city,
        &done(1, unknown, &[&ed25519(77), &new]),
        Err(RefusalCode::Act),
    );
    let revoke = Deed::RevokeKey {
        key_id: id(&old),
        reason: "lost".into(),
    };
    city.take(&sign_act(OPERATOR, 9, revoke)).unwrap();
    check(
        &city,
        &done(1, deed(), &[&old, &new]),
        Err(RefusalCode::KeyRevoked),
    );
}

#[test]
fn a_rotation_replayed_in_the_journal_changes_nothing() {
    let mut city = City::with_units(&[UNIT]);
    let (old, new) = (ed25519(100), ed25519(60));
    let act = done(1, rotation(&old, &new), &[&old, &new]);
    city.take(&act).unwrap();
    let rows = keys(&city);
    let applied = journal_unasked(&mut city, &act, Subject::Act);
    assert_eq!(applied.ineffective.unwrap().code, RefusalCode::KeyRevoked);
    assert_eq!(keys(&city), rows);
    assert_eq!(keys(&city.rebuilt()), rows);
}

fn keys(city: &City) -> Vec<KeyRow> {
    let registry = city.ledger.registry();
    registry.keys().map(|(_, key)| key.row.clone()).collect()
}

#[test]
fn what_one_unit_signed_is_nothing_under_another() {
    let mut city = City::with_units(&[UNIT, OTHER]);
    let key = sm2(40);
    enrol(&mut city, UNIT, &key, KeyRole::Agent).unwrap();
    // A payload names its unit, so a replay under another unit is another payload: the signature does not fit, or the key.
    let mut replayed = stated(&accounts_of(UNIT), &[&key]);
    replayed.payload = accounts_of(OTHER).encode().unwrap();
    check(&city, &replayed, Err(RefusalCode::KeyOfAnotherUnit));
    let other = ed25519(101);
    replayed.signatures[0].key_id = id(&other);
    check(&city, &replayed, Err(RefusalCode::Signature));
    check(
        &city,
        &stated(&accounts_of(OTHER), &[&other, &key]),
        Err(RefusalCode::KeyOfAnotherUnit),
    );
}

#[test]
fn a_revoked_keys_late_delivery_is_refused_and_its_early_one_stays() {
    let mut city = City::with_units(&[UNIT]);
    let key = sm2(40);
    enrol(&mut city, UNIT, &key, KeyRole::Agent).unwrap();
    let early = stated(&accounts_of(UNIT), &[&key]);
    let mut revision = accounts_of(UNIT);
    revision.revision = 2;
    let late = stated(&revision, &[&key]);
    check(&city, &late, Ok(()));
    city.take(&early).unwrap();
    let current = current(&city);
    let revoke = Deed::RevokeKey {
        key_id: id(&key),
        reason: "lost".into(),
    };
    city.take(&sign_act(OPERATOR, 9, revoke)).unwrap();
    check(&city, &late, Err(RefusalCode::KeyRevoked));
    let subject = Subject::Snapshot(accounts(UNIT));
    let applied = journal_unasked(&mut city, &late, subject);
    assert_eq!(applied.ineffective.unwrap().code, RefusalCode::KeyRevoked);
    assert_eq!(self::current(&city), current);
}

/// The index of the current accounts of the unit.
fn current(city: &City) -> u64 {
    let row = &city.store.rows[&row_keys::slot(Table::Slot, &accounts(UNIT))];
    SlotRow::decode_row(row).unwrap().current.unwrap().index
}

#[test]
fn policies_that_cannot_be_kept_are_faults() {
    for (signatures, expect) in [
        ("{}", "signatures asks for 0 signatures in all"),
        (
            "{ agent = 5, head = 4 }",
            "signatures asks for 9 signatures in all",
        ),
        ("{ agent = 0 }", "agent"),
        ("{ agents = 1 }", "unknown key"),
        ("1", "signatures must be"),
    ] {
        let faults = granary_core::catalogue::Catalogue::parse(&bundle_asking(signatures))
            .err()
            .unwrap();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(told.join("\n").contains(expect), "{signatures}: {told:?}");
    }
}
