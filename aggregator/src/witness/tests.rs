//! Rounds: heads stay for their time, cosignatures add up, and a restart loses none that was answered.

use ed25519_dalek::SigningKey;
use granary_core::log::{Hash, KeyName, cosignature::cosign};

use super::*;

const ORIGIN: &str = "city.example/log";

fn log() -> (KeyName, SigningKey, VerifierKey) {
    let (name, key) = (
        KeyName::new(ORIGIN).unwrap(),
        SigningKey::from_bytes(&[1; 32]),
    );
    let verifier = VerifierKey::new(name.clone(), key.verifying_key()).unwrap();
    (name, key, verifier)
}

fn checkpoint(size: u64) -> String {
    let (name, key, _) = log();
    let checkpoint = Checkpoint::new(ORIGIN, size, Hash::from_bytes([7; 32])).unwrap();
    checkpoint.sign(&name, &key).unwrap().to_text()
}

fn line(size: u64, witness: u8) -> NoteSignature {
    let note = SignedNote::parse(checkpoint(size).as_bytes()).unwrap();
    let name = KeyName::new(&format!("w{witness}.example")).unwrap();
    cosign(
        note.unverified_text(),
        &name,
        &SigningKey::from_bytes(&[witness; 32]),
        5,
    )
}

fn open(folder: &Path) -> Rounds {
    Rounds::open(folder, &log().2, Duration::from_secs(60)).unwrap()
}

#[test]
fn a_head_stays_for_its_round_and_never_shrinks() {
    let folder = tempfile::tempdir().unwrap();
    let rounds = open(folder.path());
    assert_eq!(rounds.head("", 0), None);
    let size = |newest: u64, now_ms| rounds.head(&checkpoint(newest), now_ms).unwrap().0;
    assert_eq!(size(3, 0), 3);
    assert_eq!(size(9, 59_999), 3);
    assert_eq!(size(9, 60_000), 9);
    assert_eq!(size(4, 999_000), 9);
}

#[test]
fn nobody_is_shown_less_than_they_have_seen() {
    let folder = tempfile::tempdir().unwrap();
    let rounds = open(folder.path());
    let size = |seen: u64, newest: u64, now_ms| {
        let (size, note) = rounds.head_for(seen, &checkpoint(newest), now_ms).unwrap();
        assert!(note.starts_with(&format!("{ORIGIN}\n{size}\n")), "{note}");
        size
    };
    assert_eq!(size(0, 3, 0), 3);
    assert_eq!(size(3, 9, 1), 3);
    assert_eq!(size(7, 9, 2), 9, "a receipt came under 7 entries meanwhile");
    assert_eq!(size(3, 9, 3), 3, "the round stays the others' round");
    assert_eq!(size(9, 12, 60_000), 12);
}

#[test]
fn cosignatures_add_up_and_are_published_with_their_head_alone() {
    let folder = tempfile::tempdir().unwrap();
    let rounds = open(folder.path());
    rounds.head(&checkpoint(3), 0).unwrap();
    assert_eq!(rounds.most_cosigned(), None);
    assert!(matches!(
        rounds.add(4, line(4, 2)),
        Err(AddError::NoSuchHead(4))
    ));
    assert_eq!(rounds.add(3, line(3, 2)).unwrap(), 1);
    assert_eq!(rounds.add(3, line(3, 2)).unwrap(), 1, "the same key again");
    assert_eq!(rounds.add(3, line(3, 3)).unwrap(), 2);
    let published = rounds.published(&checkpoint(3));
    assert_eq!(
        SignedNote::parse(published.as_bytes())
            .unwrap()
            .signatures()
            .len(),
        3
    );
    assert_eq!(rounds.published(&checkpoint(4)), checkpoint(4));
    rounds.head(&checkpoint(5), 60_000).unwrap();
    rounds.add(5, line(5, 2)).unwrap();
    assert_eq!(rounds.most_cosigned().unwrap(), (3, published));
}

#[test]
fn a_restart_loses_nothing_that_was_answered_and_old_rounds_go() {
    let folder = tempfile::tempdir().unwrap();
    for size in 1..=6 {
        let rounds = open(folder.path());
        rounds.head(&checkpoint(size), 0).unwrap();
        rounds.add(size, line(size, 2)).unwrap();
        rounds.add(size, line(size, 3)).unwrap();
    }
    std::fs::write(folder.path().join("x.checkpoint"), "torn").unwrap();
    let rounds = open(folder.path());
    assert_eq!(rounds.most_cosigned().unwrap().0, 6);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        ROUNDS_KEPT + 1
    );
}

#[test]
fn a_head_takes_so_many_cosignatures_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let rounds = open(folder.path());
    rounds.head(&checkpoint(3), 0).unwrap();
    for witness in 0..COSIGNATURES_MAX {
        rounds
            .add(3, line(3, u8::try_from(witness).unwrap()))
            .unwrap();
    }
    assert!(matches!(rounds.add(3, line(3, 200)), Err(AddError::Full)));
}
