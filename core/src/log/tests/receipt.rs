//! Receipts: what a whole batch hands out verifies, and nothing altered does.

use proptest::prelude::*;

use super::{frontier, key, leaf};
use crate::log::checkpoint::{Checkpoint, CheckpointError};
use crate::log::growth::Growth;
use crate::log::hash::leaf_hash;
use crate::log::note::NoteError;
use crate::log::proof::ProofError;
use crate::log::receipt::{HEADER, RECEIPT_BYTES_MAX, Receipt, ReceiptError, render};

const LOG: &str = "granary.example/journal";

/// The receipts of three synthetic entries appended to a tree of eleven.
fn receipts() -> Vec<Receipt> {
    let entries = [b"entry eleven".to_vec(), vec![0, 255, 10], vec![b'\n'; 700]];
    let growth = Growth::new(
        &frontier(11),
        entries.iter().map(|entry| leaf_hash(entry)).collect(),
    );
    let (name, signing, _) = key(LOG, 7);
    let checkpoint = Checkpoint::new(LOG, growth.size(), growth.root()).unwrap();
    let checkpoint = checkpoint.sign(&name, &signing).unwrap().to_text();
    let receipt = |(entry, (index, proof))| Receipt {
        entry,
        index,
        proof,
        checkpoint: checkpoint.clone(),
    };
    entries
        .into_iter()
        .zip(growth.proofs())
        .map(receipt)
        .collect()
}

fn verify(receipt: &Receipt) -> Result<u64, ReceiptError> {
    receipt
        .verify(&key(LOG, 7).2)
        .map(|checkpoint| checkpoint.size())
}

#[test]
fn every_receipt_of_a_batch_round_trips_and_verifies() {
    for receipt in receipts() {
        let text = receipt.to_text();
        let read = Receipt::parse(&text).unwrap();
        assert_eq!(read, receipt);
        assert_eq!(verify(&read), Ok(14));
    }
}

#[test]
fn the_text_is_that_of_the_specification() {
    let receipt = Receipt {
        entry: b"abcd".to_vec(),
        index: 0,
        proof: vec![leaf(0)],
        checkpoint: "log\n...".to_owned(),
    };
    let hash = leaf(0).to_base64();
    assert_eq!(
        receipt.to_text(),
        format!("{HEADER}\nextra YWJjZA==\nindex 0\n{hash}\n\nlog\n...")
    );
}

#[test]
fn rendering_allocates_once() {
    for receipt in receipts() {
        let text = render(
            &receipt.entry,
            receipt.index,
            &receipt.proof,
            &receipt.checkpoint,
        );
        assert!(
            text.capacity() - text.len() <= 20,
            "the room for digits of the index is all that is left over"
        );
    }
}

#[test]
fn what_does_not_hold_is_named() {
    let good = receipts().remove(1);
    let with = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = good.clone();
        change(&mut receipt);
        verify(&receipt).unwrap_err()
    };
    let mismatch = |error| matches!(error, ReceiptError::Proof(ProofError::RootMismatch { .. }));
    assert!(mismatch(with(&|receipt| receipt.entry[0] ^= 1)));
    assert!(mismatch(with(&|receipt| receipt.proof[1] = leaf(9))));
    assert!(mismatch(with(&|receipt| receipt.index = 13)));
    let outside = ProofError::IndexOutside {
        index: 14,
        size: 14,
    };
    assert_eq!(
        with(&|receipt| receipt.index = 14),
        ReceiptError::Proof(outside)
    );
    assert_eq!(
        with(&|receipt| receipt.proof.push(leaf(0))),
        ReceiptError::Proof(ProofError::TooLong)
    );
    assert_eq!(
        with(&|receipt| receipt.proof.truncate(2)),
        ReceiptError::Proof(ProofError::TooShort)
    );
    let size =
        with(&|receipt| receipt.checkpoint = receipt.checkpoint.replacen("\n14\n", "\n15\n", 1));
    assert!(matches!(
        size,
        ReceiptError::Checkpoint(CheckpointError::Note(NoteError::BadSignature { .. }))
    ));
    let unsigned = good.verify(&key(LOG, 8).2);
    assert_eq!(
        unsigned,
        Err(ReceiptError::Checkpoint(NoteError::NotSigned.into()))
    );
}

#[test]
fn a_checkpoint_of_another_log_under_the_same_key_is_refused() {
    let (name, signing, verifier) = key(LOG, 7);
    let other = Checkpoint::new("other.example", 1, leaf_hash(b"x"))
        .unwrap()
        .sign(&name, &signing)
        .unwrap();
    let receipt = Receipt {
        entry: b"x".to_vec(),
        index: 0,
        proof: vec![],
        checkpoint: other.to_text(),
    };
    let mismatch = CheckpointError::OriginMismatch {
        expected: LOG.to_owned(),
        found: "other.example".to_owned(),
    };
    assert_eq!(
        receipt.verify(&verifier),
        Err(ReceiptError::Checkpoint(mismatch))
    );
}

#[test]
fn malformed_receipts_are_refused_for_the_right_reason() {
    let text = receipts().remove(0).to_text();
    let hash_line = text.lines().nth(3).unwrap().to_owned();
    let many = format!("{hash_line}\n").repeat(62);
    let cases = [
        (String::new(), ReceiptError::Header),
        (text.replacen("@v1", "@v2", 1), ReceiptError::Header),
        (format!("\u{feff}{text}"), ReceiptError::Header),
        (text.replace('\n', "\r\n"), ReceiptError::Header),
        (text.replacen("extra ", "Extra ", 1), ReceiptError::Entry),
        (text.replacen("extra ", "extra  ", 1), ReceiptError::Entry),
        (
            format!("{HEADER}\nextra \nindex 0\n\n"),
            ReceiptError::Entry,
        ),
        (format!("{HEADER}\nindex 0\n\n"), ReceiptError::Entry),
        (
            text.replacen("index 11", "index 011", 1),
            ReceiptError::Index,
        ),
        (
            text.replacen("index 11", "index -1", 1),
            ReceiptError::Index,
        ),
        (text.replacen("index 11", "index", 1), ReceiptError::Index),
        (
            text.replacen(&hash_line, "AAAA", 1),
            ReceiptError::ProofLine { line: 4 },
        ),
        (
            text.replacen(&hash_line, &format!("{hash_line} "), 1),
            ReceiptError::ProofLine { line: 4 },
        ),
        (
            text.replacen(&hash_line, &format!("{many}{hash_line}"), 1),
            ReceiptError::ProofLine { line: 68 },
        ),
        (
            text[..text.find("\n\n").unwrap()].to_owned(),
            ReceiptError::NoCheckpoint,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(Receipt::parse(&text), Err(expected), "{text:?}");
    }
    let long = format!(
        "{HEADER}\nextra {}\nindex 0\n\n",
        "AAAA".repeat(65_536 / 3 + 1)
    );
    assert_eq!(Receipt::parse(&long), Err(ReceiptError::Entry));
    let endless = format!("{HEADER}\n{}", "x".repeat(RECEIPT_BYTES_MAX));
    let bytes = endless.len();
    assert_eq!(
        Receipt::parse(&endless),
        Err(ReceiptError::TooLong { bytes })
    );
}

#[test]
fn a_receipt_cut_anywhere_does_not_verify() {
    let text = receipts().remove(0).to_text();
    let ends = (0..text.len()).filter(|end| text.is_char_boundary(*end));
    for end in ends {
        let verified = Receipt::parse(&text[..end]).and_then(|receipt| verify(&receipt));
        assert!(verified.is_err(), "cut after {end} bytes");
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_is_refused(which in 0_usize..3, at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let mut bytes = receipts().remove(which).to_text().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(Receipt::parse(&text).and_then(|receipt| verify(&receipt)).is_err());
        }
    }

    #[test]
    fn any_parts_round_trip(
        entry in prop::collection::vec(any::<u8>(), 1..200), index in any::<u64>(), proof in 0_u64..65, note in "\\PC{0,30}",
    ) {
        let receipt = Receipt { entry, index, proof: (0..proof).map(leaf).collect(), checkpoint: note };
        prop_assert_eq!(Receipt::parse(&receipt.to_text()), Ok(receipt));
    }

    #[test]
    fn no_text_makes_the_parser_panic_and_what_is_read_is_written_back(
        tail in "(extra [A-Za-z0-9+/]{0,12}={0,2}\n)?(index [0-9]{0,22}\n)?([A-Za-z0-9+/]{43}=\n){0,2}\n{0,2}\\PC{0,20}|\\PC{0,60}",
    ) {
        for text in [format!("{HEADER}\n{tail}"), tail] {
            if let Ok(receipt) = Receipt::parse(&text) {
                prop_assert_eq!(receipt.to_text(), text);
            }
        }
    }
}
