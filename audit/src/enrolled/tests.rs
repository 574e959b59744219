//! Units count once, and what is written is what is judged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ed25519_dalek::SigningKey;
use granary_core::{
    ledger::{LogIndex, witness::witness_name},
    log::{Checkpoint, Hash, KeyName, WitnessKey, cosignature::cosign},
};

use super::*;

const ORIGIN: &str = "city.example/log";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn witness(unit: &str, seed: u8) -> EnrolledWitness {
    let unit = UnitCode::new(unit).unwrap();
    let name = witness_name(ORIGIN, &unit).unwrap();
    EnrolledWitness {
        key: WitnessKey::new(name, key(seed).verifying_key()).unwrap(),
        enrolled_index: LogIndex(seed.into()),
        unit,
    }
}

/// Two units, of which one has two computers.
fn roll() -> Roll {
    let name = KeyName::new(ORIGIN).unwrap();
    Roll {
        log_key: Some(VerifierKey::new(name, key(1).verifying_key()).unwrap()),
        witnesses: vec![
            witness("520100", 11),
            witness("520100", 12),
            witness("520300", 13),
        ],
    }
}

#[test]
fn a_unit_counts_once_however_many_keys_it_has() {
    let roll = roll();
    let log_key = roll.log_key.clone().unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, 5, Hash::from_bytes([7; 32])).unwrap();
    let signed_by = |seeds: &[usize]| {
        let mut note = checkpoint.sign(log_key.name(), &key(1)).unwrap();
        for at in seeds {
            let seed = [11, 12, 13][*at];
            let name = roll.witnesses[*at].key.name();
            let line = cosign(note.unverified_text(), name, &key(seed), 1);
            note = note.with_signature(line).unwrap();
        }
        note.to_text()
    };
    for (quorum, signers, expected) in [
        (1, &[][..], false),
        (1, &[1], true),
        (2, &[0, 1], false),
        (2, &[1, 2], true),
        (2, &[0, 1, 2], true),
    ] {
        let policy = Policy::parse(policy(&roll, quorum).unwrap().as_bytes()).unwrap();
        let judged = policy.judge(signed_by(signers).as_bytes(), &log_key, 9);
        assert_eq!(judged.unwrap().reached, expected, "{quorum} of {signers:?}");
    }
}

#[test]
fn more_than_there_are_cannot_be_asked_for() {
    for (quorum, words) in [(0, "so 0 cannot"), (3, "2 units have enrolled")] {
        assert!(policy(&roll(), quorum).unwrap_err().en.contains(words));
    }
    let nobody = Roll {
        log_key: None,
        witnesses: Vec::new(),
    };
    assert!(policy(&nobody, 1).unwrap_err().en.starts_with("0 units"));
}
