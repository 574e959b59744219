//! Signed notes and checkpoints: published examples, round trips, and what must be refused.

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::{key, leaf};
use crate::log::checkpoint::{Checkpoint, CheckpointError};
use crate::log::hash::{Hash, leaf_hash};
use crate::log::note::{
    KeyError, KeyName, NOTE_BYTES_MAX, NoteError, NoteKeyId, NoteSignature, SIGNATURES_MAX,
    SignedNote, VerifierKey,
};

/// The example of the documentation of Go's `golang.org/x/mod/sumdb/note`.
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_SIGNING_SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// The example of c2sp.org/signed-note.
const C2SP_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const C2SP_NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn open(note: &str, keys: &[VerifierKey]) -> Result<String, NoteError> {
    SignedNote::parse(note.as_bytes())?
        .open(keys)
        .map(|open| open.text().to_owned())
}

fn go_note() -> String {
    format!("{GO_TEXT}\n{GO_SIGNATURE}")
}

#[test]
fn published_notes_verify() {
    let go = VerifierKey::parse(GO_KEY).unwrap();
    let c2sp = VerifierKey::parse(C2SP_KEY).unwrap();
    assert_eq!(
        open(&go_note(), std::slice::from_ref(&go)).as_deref(),
        Ok(GO_TEXT)
    );
    assert_eq!(
        open(C2SP_NOTE, std::slice::from_ref(&c2sp)).as_deref(),
        Ok("This is an example message.\n")
    );
    assert_eq!(
        open(C2SP_NOTE, &[go, c2sp]).as_deref(),
        Ok("This is an example message.\n")
    );
}

#[test]
fn the_published_signing_key_gives_the_published_note() {
    let seed = Hash::from_base64(GO_SIGNING_SEED).unwrap();
    let signing = SigningKey::from_bytes(seed.as_bytes());
    let name = KeyName::new("PeterNeumann").unwrap();
    let note = SignedNote::sign(GO_TEXT, &name, &signing).unwrap();
    assert_eq!(note.to_text(), go_note());
    let verifier = VerifierKey::new(name, signing.verifying_key()).unwrap();
    assert_eq!(verifier.to_string(), GO_KEY);
    assert_eq!(VerifierKey::parse(GO_KEY), Ok(verifier));
}

#[test]
fn no_altered_verifier_key_is_read() {
    for at in 0..GO_KEY.len() {
        let mut bytes = GO_KEY.as_bytes().to_vec();
        bytes[at] += 1;
        let altered = String::from_utf8(bytes).unwrap();
        assert!(VerifierKey::parse(&altered).is_err(), "{altered}");
        assert!(
            VerifierKey::parse(&GO_KEY[..at]).is_err()
                && VerifierKey::parse(&GO_KEY[at + 1..]).is_err()
        );
    }
    assert!(VerifierKey::parse(&GO_KEY.replace("c74f20a3", "C74F20A3")).is_err());
    let other_algorithm = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(
        VerifierKey::parse(other_algorithm),
        Err(KeyError::Algorithm(0x65))
    );
    let other_id = "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert!(matches!(
        VerifierKey::parse(other_id),
        Err(KeyError::IdMismatch { .. })
    ));
}

#[test]
fn a_weak_public_key_is_refused() {
    // The neutral element of the curve: under plain verification a signature of zeroes fits every text.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let weak = ed25519_dalek::VerifyingKey::from_bytes(&neutral).unwrap();
    assert_eq!(
        VerifierKey::new(KeyName::new("weak").unwrap(), weak),
        Err(KeyError::PublicKey)
    );
}

#[test]
fn key_names_follow_the_specification() {
    for good in ["a", "example.com/log", "粮仓.example/日志", "x-y_z"] {
        assert_eq!(KeyName::new(good).unwrap().as_str(), good);
    }
    for bad in [
        "",
        "a b",
        "a+b",
        "a\u{3000}b",
        "a\u{a0}b",
        "a\nb",
        "a\tb",
        "a\u{1}b",
        "a\u{2028}b",
    ] {
        assert_eq!(KeyName::new(bad), Err(KeyError::Name), "{bad:?}");
    }
}

#[test]
fn unknown_keys_are_ignored_and_wrong_known_ones_refuse_the_note() {
    let (log, log_key, log_verifier) = key("log.example", 1);
    let (_, other_key, same_name) = key("log.example", 2);
    let (witness, witness_key, witness_verifier) = key("witness.example", 3);
    let line = |name: &KeyName, key: &SigningKey, text: &str| {
        SignedNote::sign(text, name, key).unwrap().signatures()[0].clone()
    };
    let note = SignedNote::sign("text\n", &log, &log_key).unwrap();
    let note = note
        .with_signature(line(&witness, &witness_key, "another\n"))
        .unwrap();
    let note = note
        .with_signature(line(&log, &other_key, "another\n"))
        .unwrap();
    let opened = note
        .clone()
        .open(std::slice::from_ref(&log_verifier))
        .unwrap();
    assert_eq!(opened.signed_by(), [(log.clone(), log_verifier.id())]);
    let bad_witness = NoteError::BadSignature {
        name: witness.clone(),
        id: witness_verifier.id(),
    };
    assert_eq!(
        note.clone().open(&[log_verifier.clone(), witness_verifier]),
        Err(bad_witness)
    );
    assert!(matches!(
        note.clone().open(&[same_name]),
        Err(NoteError::BadSignature { .. })
    ));
    assert_eq!(note.open(&[]), Err(NoteError::NotSigned));
}

#[test]
fn a_right_signature_does_not_save_a_wrong_one_of_the_same_key() {
    let (log, log_key, verifier) = key("log.example", 1);
    let wrong = SignedNote::sign("other\n", &log, &log_key)
        .unwrap()
        .signatures()[0]
        .clone();
    let note = SignedNote::sign("text\n", &log, &log_key).unwrap();
    let repeated = note
        .clone()
        .with_signature(note.signatures()[0].clone())
        .unwrap();
    assert_eq!(
        repeated
            .open(std::slice::from_ref(&verifier))
            .unwrap()
            .signed_by()
            .len(),
        1
    );
    assert!(
        note.with_signature(wrong)
            .unwrap()
            .open(&[verifier])
            .is_err()
    );
}

#[test]
fn malformed_notes_are_refused_for_the_right_reason() {
    let line = |line| Err(NoteError::SignatureLine { line });
    let cases: Vec<(String, Result<SignedNote, NoteError>)> = vec![
        (String::new(), Err(NoteError::NoSignatures)),
        (GO_TEXT.to_owned(), Err(NoteError::NoSignatures)),
        (
            format!("{GO_TEXT}{GO_SIGNATURE}"),
            Err(NoteError::NoSignatures),
        ),
        (
            go_note().trim_end().to_owned(),
            Err(NoteError::NoSignatures),
        ),
        (format!("{GO_TEXT}\n"), Err(NoteError::NoSignatures)),
        (format!("{GO_TEXT}\n\n"), Err(NoteError::NoSignatures)),
        (format!("{}\n", go_note()), Err(NoteError::NoSignatures)),
        (format!("{}tail\n", go_note()), line(2)),
        (go_note().replace('—', "-"), line(1)),
        (go_note().replace("— ", "—"), line(1)),
        (
            go_note().replace("PeterNeumann x08", "PeterNeumann  x08"),
            line(1),
        ),
        (
            go_note().replace("PeterNeumann x08", "Peter+Neumann x08"),
            line(1),
        ),
        (
            go_note().replace("PeterNeumann x08", "Peter\u{3000}Neumann x08"),
            line(1),
        ),
        (go_note().replace("JnAM=", "JnAM"), line(1)),
        (go_note().replace("JnAM=", "JnAN="), line(1)),
        (format!("{GO_TEXT}\n— PeterNeumann x08gow==\n"), line(1)),
        (go_note().replace("If", "\tIf"), Err(NoteError::Characters)),
        (
            go_note().replace("\nthen", "\r\nthen"),
            Err(NoteError::Characters),
        ),
        (go_note().replace("If", "\0If"), Err(NoteError::Characters)),
    ];
    for (note, expected) in cases {
        assert_eq!(SignedNote::parse(note.as_bytes()), expected, "{note:?}");
    }
    assert_eq!(SignedNote::parse(b"\xff\n\n"), Err(NoteError::Characters));
}

#[test]
fn texts_that_are_no_notes_are_not_signed() {
    let (name, signing, _) = key("log.example", 1);
    assert_eq!(
        SignedNote::sign("no newline", &name, &signing),
        Err(NoteError::TextEnd)
    );
    assert_eq!(
        SignedNote::sign("", &name, &signing),
        Err(NoteError::TextEnd)
    );
    assert_eq!(
        SignedNote::sign("a\tb\n", &name, &signing),
        Err(NoteError::Characters)
    );
    let long = "x".repeat(NOTE_BYTES_MAX) + "\n";
    assert!(matches!(
        SignedNote::sign(&long, &name, &signing),
        Err(NoteError::TooLong { .. })
    ));
}

#[test]
fn the_bounds_hold_on_both_sides() {
    let (name, signing, verifier) = key("log.example", 1);
    let unknown = NoteSignature::new(name.clone(), NoteKeyId::from_bytes([0; 4]), vec![1]).unwrap();
    let mut note = SignedNote::sign("text\n", &name, &signing).unwrap();
    for _ in 1..SIGNATURES_MAX {
        note = note.with_signature(unknown.clone()).unwrap();
    }
    let text = note.to_text();
    assert_eq!(open(&text, &[verifier]).as_deref(), Ok("text\n"));
    assert_eq!(
        note.with_signature(unknown),
        Err(NoteError::TooManySignatures)
    );
    let one_more = text.clone() + text.lines().last().unwrap() + "\n";
    assert_eq!(
        SignedNote::parse(one_more.as_bytes()),
        Err(NoteError::TooManySignatures)
    );
    let long = vec![b'\n'; NOTE_BYTES_MAX + 1];
    assert_eq!(
        SignedNote::parse(&long),
        Err(NoteError::TooLong {
            bytes: NOTE_BYTES_MAX + 1
        })
    );
}

/// The example of c2sp.org/tlog-checkpoint, whose key is not published.
const C2SP_CHECKPOINT: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

#[test]
fn the_published_checkpoint_is_read_and_written() {
    let checkpoint = Checkpoint::parse(C2SP_CHECKPOINT).unwrap();
    assert_eq!(
        (checkpoint.origin(), checkpoint.size()),
        ("example.com/behind-the-sofa", 20_852_163)
    );
    assert_eq!(
        checkpoint.root().to_string(),
        "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    );
    assert_eq!(checkpoint.to_text(), C2SP_CHECKPOINT);
}

#[test]
fn checkpoints_are_signed_and_opened() {
    let (name, signing, verifier) = key("log.example", 1);
    let keys = [verifier];
    let checkpoint = Checkpoint::new("log.example", 7, leaf(1))
        .unwrap()
        .with_extension("kept as it is")
        .unwrap();
    let note = checkpoint.sign(&name, &signing).unwrap().to_text();
    assert_eq!(
        Checkpoint::open(note.as_bytes(), "log.example", &keys),
        Ok(checkpoint.clone())
    );
    assert_eq!(checkpoint.extensions(), ["kept as it is"]);
    let other = Checkpoint::open(note.as_bytes(), "other.example", &keys);
    assert!(matches!(other, Err(CheckpointError::OriginMismatch { .. })));
    let larger = note.replacen("\n7\n", "\n8\n", 1);
    let altered = Checkpoint::open(larger.as_bytes(), "log.example", &keys);
    assert!(matches!(
        altered,
        Err(CheckpointError::Note(NoteError::BadSignature { .. }))
    ));
}

#[test]
fn malformed_checkpoints_are_refused_for_the_right_reason() {
    let root = leaf(1).to_base64();
    let cases = [
        (String::new(), CheckpointError::Extension),
        (format!("\n7\n{root}\n"), CheckpointError::Origin),
        ("log\n".to_owned(), CheckpointError::Size),
        (format!("log\n07\n{root}\n"), CheckpointError::Size),
        (format!("log\n+7\n{root}\n"), CheckpointError::Size),
        (format!("log\n\n{root}\n"), CheckpointError::Size),
        (
            format!("log\n18446744073709551616\n{root}\n"),
            CheckpointError::Size,
        ),
        ("log\n7\n".to_owned(), CheckpointError::Root),
        ("log\n7\nAAAA\n".to_owned(), CheckpointError::Root),
        (
            format!("log\n7\n{}\n", root.trim_end_matches('=')),
            CheckpointError::Root,
        ),
        (format!("log\n7\n{root}"), CheckpointError::Extension),
        (format!("log\n7\n{root}\n\n"), CheckpointError::Extension),
        (
            format!("log\n7\n{root}\n\nmore\n"),
            CheckpointError::Extension,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(Checkpoint::parse(&text), Err(expected), "{text:?}");
    }
    assert_eq!(
        Checkpoint::new("a\nb", 0, leaf(0)),
        Err(CheckpointError::Origin)
    );
    assert!(Checkpoint::parse(&format!("log\n0\n{root}\n")).is_ok());
}

proptest! {
    #[test]
    fn notes_round_trip(text in "(\\PC{0,20}\n){1,6}", more in prop::collection::vec(any::<[u8; 9]>(), 0..5)) {
        let (name, signing, verifier) = key("粮仓.example", 4);
        let mut note = SignedNote::sign(&text, &name, &signing).unwrap();
        for bytes in more {
            let id = NoteKeyId::from_bytes(*bytes.first_chunk().unwrap());
            let line = NoteSignature::new(KeyName::new("other").unwrap(), id, bytes[4..].to_vec()).unwrap();
            note = note.with_signature(line).unwrap();
        }
        let written = note.to_text();
        let read = SignedNote::parse(written.as_bytes()).unwrap();
        prop_assert_eq!(&read, &note);
        let opened = read.open(&[verifier]).unwrap();
        prop_assert_eq!(opened.text(), &text);
    }

    #[test]
    fn one_flipped_bit_never_opens_as_another_text(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let mut bytes = go_note().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let opened = SignedNote::parse(&bytes).and_then(|note| note.open(&[VerifierKey::parse(GO_KEY).unwrap()]));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn checkpoints_round_trip(origin in "[^\\x00-\\x1f]{1,30}", size in any::<u64>(), lines in prop::collection::vec("[^\\x00-\\x1f]{1,9}", 0..4)) {
        let checkpoint = Checkpoint::new(&origin, size, leaf_hash(origin.as_bytes())).unwrap();
        let checkpoint = lines.iter().try_fold(checkpoint, |checkpoint, line| checkpoint.with_extension(line)).unwrap();
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
    }

    #[test]
    fn no_text_makes_a_parser_panic_and_what_is_read_is_written_back(
        text in "(log|\\PC{0,5})?\n?[0-9]{0,3}\n?[A-Za-z0-9+/=]{0,48}(\n{0,3}— \\PC{0,6} ?[A-Za-z0-9+/]{4,12}={0,2}\n){0,3}|\\PC{0,60}",
    ) {
        if let Ok(note) = SignedNote::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_text(), text.clone());
        }
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_text(), text.clone());
        }
        if let Ok(verifier) = VerifierKey::parse(&text) {
            prop_assert_eq!(verifier.to_string(), text.clone());
        }
        let _ = (Hash::from_hex(&text), Hash::from_base64(&text));
    }

    #[test]
    fn no_bytes_make_the_note_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = SignedNote::parse(&bytes);
    }
}
