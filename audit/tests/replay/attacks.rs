//! What somebody may try who wants another history to be believed, and what the replay says to it. Each attacker has every
//! key that such an attacker would have: the city has the log's key and can sign any tree.

use granary_audit::{archive::End, replay::Options};
use granary_core::{
    envelope,
    ledger::{Deed, Subject, act, witness},
    log::Checkpoint,
    snapshot::{self, Snapshot},
};

use crate::{
    city::{accounts, key, public, sign_act, sign_snapshot, snapshot, unit},
    journal::{
        BAD, GOOD, LOG, ORIGIN, Record, archive, end, end_by, history, records, replay,
        replay_with, verifier,
    },
};

/// The index of the first snapshot, which was returned, and of the accepted one behind it.
const RETURNED: usize = 10;
const ACCEPTED: usize = 11;

/// The journal that a city with the log's key makes of `change`.
fn forged(change: impl FnOnce(&mut Vec<Record>)) -> (Vec<Record>, End) {
    let mut records = records(&history());
    change(&mut records);
    let end = end(&records);
    (records, end)
}

fn check(name: &str, (records, end): (Vec<Record>, End)) {
    told(name, replay(&archive(&records, &end)).err().unwrap());
}

fn told(name: &str, fault: granary_audit::replay::Fault) {
    assert!(fault.is_of_the_journal(), "{name}: {fault}");
    let message = fault.message();
    let index = fault
        .index()
        .map_or_else(|| "-".to_owned(), |i| i.to_string());
    let said = format!(
        "{} at {index}\n{}\n{}\n",
        fault.word(),
        message.zh,
        message.en
    );
    insta::assert_snapshot!(name, said);
}

/// A snapshot that nobody at the county made, in the place of a real one, under the given key.
fn planted(records: &mut [Record], seed: u8, figures: [&str; 4]) {
    let snapshot = snapshot(accounts("520100"), 3, figures);
    let envelope = sign_snapshot(seed, &snapshot);
    let (entry, payload) = &mut records[ACCEPTED];
    entry.payload_sha256 = granary_core::digest::Digest::of(&envelope.payload);
    entry.signatures = envelope.signatures;
    *payload = envelope.payload;
}

#[test]
fn figures_are_altered() {
    let original = records(&history());
    let mut altered = original.clone();
    *altered[ACCEPTED].1.last_mut().unwrap() ^= 1;
    check("payload_altered", (altered, end(&original)));
    // The digest in the entry is made to fit; the county's signature is not.
    let other = snapshot(accounts("520100"), 3, ["101.00", "11.00", "40.00", "50.00"]);
    let refitted = forged(|records| {
        let (entry, payload) = &mut records[ACCEPTED];
        *payload = other.encode().unwrap();
        entry.payload_sha256 = granary_core::digest::Digest::of(payload);
    });
    check("payload_altered_and_digest_refitted", refitted);
}

#[test]
fn entries_are_removed_moved_or_cut_off() {
    let original = records(&history());
    let (mut removed, mut cut, mut moved) = (original.clone(), original.clone(), original.clone());
    removed.remove(RETURNED);
    check("entry_removed", (removed.clone(), end(&original)));
    cut.truncate(12);
    check("shrunk", (cut, end(&original)));
    moved.swap(ACCEPTED, ACCEPTED + 1);
    let at_ms = moved[ACCEPTED].0.received_at_ms;
    moved[ACCEPTED].0.received_at_ms = moved[ACCEPTED + 1].0.received_at_ms;
    moved[ACCEPTED + 1].0.received_at_ms = at_ms;
    check("entries_swapped", (moved, end(&original)));
    // An enrolment that is gone leaves figures signed by nobody.
    check(
        "enrolment_removed",
        forged(|records| drop(records.remove(5))),
    );
    check("nothing_left", forged(Vec::clear));
}

#[test]
fn a_receive_time_is_put_back() {
    let late = forged(|records| records[ACCEPTED].0.received_at_ms -= 86_400_000);
    check("time_put_back", late);
    // Back-dated with care for the order, the root is another.
    let mut records = records(&history());
    let honest = end(&records);
    records[ACCEPTED].0.received_at_ms = records[RETURNED].0.received_at_ms;
    check("time_put_back_in_order", (records, honest));
}

#[test]
fn somebody_else_signs() {
    check("signed_by_another_unit", forged(|r| planted(r, 102, GOOD)));
    check("signed_by_a_stranger", forged(|r| planted(r, 55, GOOD)));
    let stolen_name = forged(|records| {
        planted(records, 55, GOOD);
        records[ACCEPTED].0.signatures[0].key_id = public(101).key_id();
    });
    check("signed_in_another_name", stolen_name);
    let twice = forged(|records| {
        let again = records[ACCEPTED].0.signatures[0].clone();
        records[ACCEPTED].0.signatures.push(again);
    });
    check("signed_twice", twice);
    let revoked = forged(|records| {
        let envelope = sign_snapshot(102, &snapshot(accounts("520300"), 2, GOOD));
        let mut entry = records[ACCEPTED].0.clone();
        entry.received_at_ms = records.last().unwrap().0.received_at_ms;
        entry.subject = Subject::Snapshot(accounts("520300"));
        entry.payload_sha256 = granary_core::digest::Digest::of(&envelope.payload);
        entry.signatures = envelope.signatures;
        records.push((entry, envelope.payload));
    });
    check("signed_by_a_revoked_key", revoked);
}

#[test]
fn the_city_acts_without_its_operator() {
    let by_unit = forged(|records| {
        let exempt = Deed::Exempt {
            slot: accounts("520100"),
            reason: "a favour".into(),
        };
        add_act(records, sign_act(101, 9, exempt));
    });
    check("act_signed_by_a_unit", by_unit);
    let by_nobody = forged(|records| {
        let token = Deed::IssueToken {
            unit: unit("520100"),
            token_sha256: granary_core::digest::Digest::of(b"t"),
            expires_at_ms: i64::MAX,
            role: envelope::KeyRole::Agent,
        };
        add_act(records, sign_act(77, 9, token));
    });
    check("act_signed_by_a_stranger", by_nobody);
    // An old catalogue is put in force again by the operator's old signature.
    let replayed = forged(|records| {
        let mut again = records[1].clone();
        again.0.received_at_ms = records.last().unwrap().0.received_at_ms;
        records.push(again);
    });
    check("act_replayed", replayed);
    // A returned snapshot is counted against its unit once more.
    let counted_again = forged(|records| {
        let mut again = records[RETURNED].clone();
        again.0.received_at_ms = records.last().unwrap().0.received_at_ms;
        records.push(again);
    });
    check("snapshot_replayed", counted_again);
    let second_genesis = forged(|records| {
        let mut again = records[0].clone();
        again.0.received_at_ms = records.last().unwrap().0.received_at_ms;
        records.push(again);
    });
    check("second_genesis", second_genesis);
    check(
        "first_entry_gone",
        forged(|records| drop(records.remove(0))),
    );
}

/// Whose word a cosignature is, the journal says; so a city that wants witnesses of its own would have to forge that.
#[test]
fn a_witness_is_enrolled_in_the_name_of_a_unit_that_knows_nothing_of_it() {
    let of = |name: &str| Deed::EnrolWitness {
        unit: unit(name),
        public_key: key(88).verifying_key().to_bytes(),
        possession: witness::prove_possession(ORIGIN, &unit(name), &key(88)),
    };
    let with = |seed, name| forged(|records| add_act(records, sign_act(seed, 9, of(name))));
    check("witness_enrolled_by_the_city", with(77, "520100"));
    check("witness_enrolled_by_another_unit", with(101, "520300"));
    // By the unit itself it holds, and is told.
    let (records, end) = with(101, "520100");
    let witnesses = replay(&archive(&records, &end)).unwrap().witnesses();
    let told: Vec<_> = witnesses.iter().map(|w| w.unit.as_str()).collect();
    assert_eq!(told, ["520100"]);
}

/// The head that somebody outside holds, from before the city signs another history with its own key.
fn held(records: &[Record], size: usize) -> Options {
    let end = end(&records[..size]);
    let key = verifier(LOG, ORIGIN);
    let head = Checkpoint::open(
        end.checkpoint.as_bytes(),
        ORIGIN,
        std::slice::from_ref(&key),
    );
    Options {
        log_key: Some(key),
        held: vec![head.unwrap()],
        ..Options::default()
    }
}

#[test]
fn the_whole_tree_is_built_anew_and_an_outsider_holds_a_head() {
    let original = records(&history());
    let held = held(&original, ACCEPTED + 1);
    // An honest journal has grown through it.
    let honest = archive(&original, &end(&original));
    assert_eq!(replay_with(&honest, &held).unwrap().held, 1);
    let check = |name: &str, (records, end): (Vec<Record>, End)| {
        let bytes = archive(&records, &end);
        // Signed by the city itself, another history holds by itself: it is the head from outside that gives it away.
        assert!(replay(&bytes).is_ok(), "{name}");
        told(name, replay_with(&bytes, &held).err().unwrap());
    };
    let removed = forged(|records| drop(records.remove(RETURNED)));
    check("entry_removed_and_tree_rebuilt", removed);
    let back_dated = forged(|records| {
        records[ACCEPTED].0.received_at_ms = records[RETURNED].0.received_at_ms;
    });
    check("time_put_back_and_tree_rebuilt", back_dated);
    check(
        "shrunk_and_tree_rebuilt",
        forged(|records| records.truncate(ACCEPTED)),
    );
}

fn add_act(records: &mut Vec<Record>, envelope: crate::city::Envelope) {
    assert_eq!(envelope.payload_type, act::PAYLOAD_TYPE);
    let mut entry = records.last().unwrap().0.clone();
    entry.subject = Subject::Act;
    entry.payload_sha256 = granary_core::digest::Digest::of(&envelope.payload);
    entry.signatures = envelope.signatures;
    records.push((entry, envelope.payload));
}

#[test]
fn an_entry_says_something_else_than_its_payload() {
    let other_slot = forged(|records| {
        records[ACCEPTED].0.subject = Subject::Snapshot(accounts("520300"));
    });
    check("another_slot", other_slot);
    let no_snapshot = forged(|records| {
        let payload = vec![0xff; 9];
        let (entry, old) = &mut records[ACCEPTED];
        entry.payload_sha256 = granary_core::digest::Digest::of(&payload);
        entry.signatures = vec![envelope::sign(&key(101), snapshot::PAYLOAD_TYPE, &payload)];
        *old = payload;
    });
    check("no_snapshot", no_snapshot);
    assert!(Snapshot::decode(&records(&history())[RETURNED].1).is_ok());
    assert_ne!(BAD, GOOD);
}

#[test]
fn the_checkpoint_is_another_logs() {
    let records = records(&history());
    check(
        "another_key",
        (records.clone(), {
            let forged = end_by(&records, 77, ORIGIN);
            End {
                verifier_key: end(&records).verifier_key,
                ..forged
            }
        }),
    );
    check(
        "another_key_that_says_so",
        (records.clone(), end_by(&records, 77, ORIGIN)),
    );
    let other = end_by(&records, LOG, "example.org/other");
    let other = End {
        verifier_key: end(&records).verifier_key,
        ..other
    };
    check("another_origin", (records.clone(), other));
    // A whole journal of a city's making holds by itself, and not under the key that the auditor has from elsewhere.
    let options = Options {
        log_key: Some(verifier(78, ORIGIN)),
        ..Options::default()
    };
    let bytes = archive(&records, &end(&records));
    told(
        "auditors_own_key",
        replay_with(&bytes, &options).err().unwrap(),
    );
}
