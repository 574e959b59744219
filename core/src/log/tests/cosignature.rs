//! Cosignatures: bytes that another implementation made, round trips, and what must not be believed.

use proptest::prelude::*;

use super::{key, leaf, witness};
use crate::log::checkpoint::Checkpoint;
use crate::log::cosignature::{CosignatureError, WitnessKey, cosign, cosigned};
use crate::log::note::{KeyError, NOTE_BYTES_MAX, NoteError, NoteSignature, SignedNote};

/// Made from the words of the specification with Python's `cryptography`, for an entry `granary`.
const GOLDEN: &str = "city.example/log\n1\nZj9ZFGwYlV/02ds/KsbKhVhXXM9qR0FirNnYazh2PYs=\n\n\
— city.example/log XDv9CD3W1gAFiXKsO6kaeNbcuN9lQw71rPyipjus9kGrEUEKRIOiSM2gv8sM7heGseglQMgJVIe/TPajIuhcT+oVXgU=\n\
— city.example/log/witness/520100 JcTU5QAAAABkGFDLSP03GEWcBs/tVk1QilnSwTGzQqbMluGwmCOnogyjVVXB50diMbFmbEyU/SdTuGA2hwOjFe/l04Lx207mkoLxDw==\n";
const GOLDEN_KEY: &str =
    "city.example/log/witness/520100+25c4d4e5+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const GOLDEN_TIME_S: u64 = 1_679_315_147;

fn head(origin: &str, size: u64) -> SignedNote {
    let (name, signing, _) = key(origin, 1);
    let checkpoint = Checkpoint::new(origin, size, leaf(size)).unwrap();
    checkpoint.sign(&name, &signing).unwrap()
}

fn with(note: &SignedNote, line: NoteSignature) -> SignedNote {
    note.clone().with_signature(line).unwrap()
}

fn by(note: &SignedNote, witness: u8, time_s: u64) -> NoteSignature {
    let (name, signing, _) = super::witness(&format!("w{witness}.example"), witness);
    cosign(note.unverified_text(), &name, &signing, time_s)
}

fn known(seeds: &[u8]) -> Vec<WitnessKey> {
    seeds
        .iter()
        .map(|seed| witness(&format!("w{seed}.example"), *seed).2)
        .collect()
}

fn times(note: &SignedNote, seeds: &[u8]) -> Result<Vec<u64>, String> {
    let found = cosigned(note, &known(seeds)).map_err(|error| error.to_string())?;
    Ok(found.iter().map(|cosigned| cosigned.time_s).collect())
}

#[test]
fn bytes_of_another_implementation_are_made_and_read() {
    let (log_name, log_key, _) = key("city.example/log", 1);
    let (name, signing, witness) = witness("city.example/log/witness/520100", 2);
    assert_eq!(witness.to_string(), GOLDEN_KEY);
    assert_eq!(WitnessKey::parse(GOLDEN_KEY), Ok(witness.clone()));
    let root = crate::log::leaf_hash(b"granary");
    let note = Checkpoint::new("city.example/log", 1, root)
        .unwrap()
        .sign(&log_name, &log_key)
        .unwrap();
    let line = cosign(note.unverified_text(), &name, &signing, GOLDEN_TIME_S);
    assert_eq!(with(&note, line).to_text(), GOLDEN);
    let golden = SignedNote::parse(GOLDEN.as_bytes()).unwrap();
    let found = cosigned(&golden, std::slice::from_ref(&witness)).unwrap();
    assert_eq!(found[0].time_s, GOLDEN_TIME_S);
}

#[test]
fn a_log_key_is_no_witness_key_nor_the_other_way_round() {
    let (_, _, log) = key("a.example", 1);
    let (_, _, witness) = witness("a.example", 1);
    assert_ne!(log.id(), witness.id());
    assert_eq!(
        WitnessKey::parse(&log.to_string()),
        Err(KeyError::Algorithm(1))
    );
    assert_eq!(
        crate::log::VerifierKey::parse(&witness.to_string()),
        Err(KeyError::Algorithm(4))
    );
}

#[test]
fn a_cosignature_of_another_checkpoint_log_or_time_is_named() {
    let note = head("city.example/log", 5);
    for (other, why) in [
        (head("city.example/log", 6), "another checkpoint"),
        (head("town.example/log", 5), "another log"),
    ] {
        let error = times(&with(&note, by(&other, 2, 9)), &[2]).unwrap_err();
        assert!(
            error.contains("does not fit this checkpoint: it is forged, altered, or of another"),
            "{why}: {error}"
        );
    }
    let good = by(&note, 2, 9);
    let mut bytes = good.signature().to_vec();
    bytes[7] = 8;
    let moved = NoteSignature::new(good.name().clone(), good.id(), bytes).unwrap();
    assert!(times(&with(&note, moved), &[2]).is_err(), "a moved time");
}

#[test]
fn a_bad_cosignature_of_a_known_key_spoils_the_note_and_one_of_an_unknown_key_does_not() {
    let note = head("city.example/log", 5);
    let forged = by(&head("city.example/log", 6), 3, 9);
    let both = with(&with(&note, by(&note, 2, 9)), forged);
    assert_eq!(times(&both, &[2]), Ok(vec![9]));
    let error = cosigned(&both, &known(&[2, 3])).unwrap_err();
    assert!(matches!(&error, CosignatureError::Bad { name, .. } if name.as_str() == "w3.example"));
}

#[test]
fn the_same_key_counts_once_with_its_earliest_time() {
    let note = head("city.example/log", 5);
    let twice = with(
        &with(&with(&note, by(&note, 2, 9)), by(&note, 2, 7)),
        by(&note, 2, 9),
    );
    assert_eq!(times(&twice, &[2, 3]), Ok(vec![7]));
}

#[test]
fn bytes_that_are_no_cosignature_are_refused() {
    let note = head("city.example/log", 5);
    let good = by(&note, 2, 9);
    let line = |bytes: Vec<u8>| NoteSignature::new(good.name().clone(), good.id(), bytes).unwrap();
    let early = [&[0x80; 8][..], &good.signature()[8..]].concat();
    for bytes in [
        good.signature()[..71].to_vec(),
        [good.signature(), &[0]].concat(),
        vec![1],
        early,
    ] {
        let error = times(&with(&note, line(bytes)), &[2]).unwrap_err();
        assert!(error.contains("is not a time and an Ed25519 signature"));
    }
}

#[test]
fn giant_and_empty_notes_are_refused_before_anything_is_verified() {
    let giant = vec![b'a'; NOTE_BYTES_MAX + 1];
    assert_eq!(
        SignedNote::parse(&giant),
        Err(NoteError::TooLong {
            bytes: NOTE_BYTES_MAX + 1
        })
    );
    for empty in ["", "\n", "\n\n", "\n\n\n"] {
        assert!(SignedNote::parse(empty.as_bytes()).is_err(), "{empty:?}");
    }
    assert!(SignedNote::parse_lines("").is_err());
    let note = head("city.example/log", 5);
    let lines = by(&note, 2, 9).to_line() + &by(&note, 3, 9).to_line();
    assert_eq!(SignedNote::parse_lines(&lines).unwrap().len(), 2);
    assert_eq!(
        SignedNote::parse_lines(&lines.repeat(51)),
        Err(NoteError::TooManySignatures)
    );
}

proptest! {
    #[test]
    fn any_cosignature_reads_back_and_no_altered_one_does(
        size in 0_u64..1 << 40,
        time_s in 0..i64::MAX.cast_unsigned(),
        at in 0_usize..72,
        bit in 0_u8..8,
    ) {
        let note = head("city.example/log", size);
        let line = by(&note, 2, time_s);
        prop_assert_eq!(times(&with(&note, line.clone()), &[2]), Ok(vec![time_s]));
        let mut bytes = line.signature().to_vec();
        bytes[at] ^= 1 << bit;
        let altered = NoteSignature::new(line.name().clone(), line.id(), bytes).unwrap();
        prop_assert!(times(&with(&note, altered), &[2]).is_err());
    }
}
