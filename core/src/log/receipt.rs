//! Receipts: the proof, in one text, that an entry stands in the log (c2sp.org/tlog-proof, version 1).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <the journal entry's bytes, base64>
//! index <zero-based index of the entry, decimal>
//! <hash, base64>               one line for each hash of the inclusion proof, from the leaf's sibling up
//!
//! <the signed checkpoint, verbatim>
//! ```
//!
//! The specification leaves the `extra` line to the application. Here it carries the entry itself, so that the file and
//! the log's public key are all that verification needs. The line proves nothing by itself: the entry is believed because
//! its hash, by way of the proof, leads to the signed root.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::hash::{Hash, leaf_hash};
use super::note::{NOTE_BYTES_MAX, VerifierKey};
use super::proof::{ProofError, verify_inclusion};
use super::text;
use super::tiles::ENTRY_BYTES_MAX;

/// The first line of every receipt.
pub const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Hashes in the longest proof: one for each level of a tree with a 64-bit size.
pub const PROOF_HASHES_MAX: usize = 64;

/// Bytes in the longest receipt that is read: the longest entry, proof and note, and a little for the words.
pub const RECEIPT_BYTES_MAX: usize =
    NOTE_BYTES_MAX + text::base64_len(ENTRY_BYTES_MAX) + PROOF_HASHES_MAX * HASH_LINE_BYTES + 100;

const HASH_LINE_BYTES: usize = text::base64_len(Hash::LEN) + 1;

/// Digits of the largest index.
const INDEX_DIGITS_MAX: usize = 20;

/// An entry, its place in the log, and the signed checkpoint that covers it. Unverified until [`Receipt::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The journal entry's exact bytes: 1 to 65,535.
    pub entry: Vec<u8>,
    /// Zero-based index of the entry in the log.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling up.
    pub proof: Vec<Hash>,
    /// The signed note of the checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a text is not a receipt, or what about a receipt does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// More than [`RECEIPT_BYTES_MAX`].
    #[error("a receipt has at most {RECEIPT_BYTES_MAX} bytes, not {bytes}")]
    TooLong {
        /// Bytes of the text.
        bytes: usize,
    },
    /// The first line is another: not a receipt, or a later version of the format.
    #[error("the first line is not '{HEADER}'")]
    Header,
    /// The second line is not `extra` and the base64 of 1 to 65,535 bytes.
    #[error(
        "the second line is not 'extra' with the entry of 1 to {ENTRY_BYTES_MAX} bytes in base64"
    )]
    Entry,
    /// The third line is not `index` and a number.
    #[error("the third line is not 'index' with a decimal number")]
    Index,
    /// A line of the proof is not a hash, or there are more than [`PROOF_HASHES_MAX`].
    #[error("line {line} is not one of at most {PROOF_HASHES_MAX} hashes in base64")]
    ProofLine {
        /// Number of the line in the receipt, from 1.
        line: usize,
    },
    /// The text ends before the checkpoint.
    #[error("the receipt ends before its checkpoint")]
    NoCheckpoint,
    /// The checkpoint is malformed, of another log, or not rightly signed.
    #[error("the receipt's checkpoint does not hold: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not at that index of the checkpoint's tree.
    #[error("the receipt's inclusion proof does not hold: {0}")]
    Proof(#[from] ProofError),
}

impl Receipt {
    /// Parses a receipt in its only spelling. Nothing is verified.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::TooLong { bytes: text.len() });
        }
        let (header, rest) = text.split_once('\n').ok_or(ReceiptError::Header)?;
        if header != HEADER {
            return Err(ReceiptError::Header);
        }
        let (entry, rest) = rest.split_once('\n').ok_or(ReceiptError::Entry)?;
        let entry = parse_entry(entry).ok_or(ReceiptError::Entry)?;
        let (index, rest) = rest.split_once('\n').ok_or(ReceiptError::Index)?;
        let index = index
            .strip_prefix("index ")
            .and_then(text::parse_decimal)
            .ok_or(ReceiptError::Index)?;
        let (proof, checkpoint) = parse_proof(rest)?;
        Ok(Self {
            entry,
            index,
            proof,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Verifies the receipt with nothing but the log's key, whose name must be the checkpoint's origin.
    ///
    /// What comes back is the signed head that covers the entry. It holds after this that the log's owner has committed to
    /// exactly these bytes at exactly this index.
    pub fn verify(&self, log_key: &VerifierKey) -> Result<Checkpoint, ReceiptError> {
        let keys = std::slice::from_ref(log_key);
        let checkpoint =
            Checkpoint::open(self.checkpoint.as_bytes(), log_key.name().as_str(), keys)?;
        let leaf = leaf_hash(&self.entry);
        verify_inclusion(
            &leaf,
            self.index,
            checkpoint.size(),
            &self.proof,
            checkpoint.root(),
        )?;
        Ok(checkpoint)
    }

    /// The receipt as text, as [`Receipt::parse`] reads it.
    pub fn to_text(&self) -> String {
        render(&self.entry, self.index, &self.proof, &self.checkpoint)
    }
}

/// Writes a receipt from its parts with one allocation, so that a batch's receipts can share one checkpoint.
pub fn render(entry: &[u8], index: u64, proof: &[Hash], checkpoint: &str) -> String {
    let words = HEADER.len() + "\nextra \nindex \n\n".len() + INDEX_DIGITS_MAX;
    let hashes = proof.len() * HASH_LINE_BYTES;
    let mut out =
        String::with_capacity(words + text::base64_len(entry.len()) + hashes + checkpoint.len());
    out.extend([HEADER, "\nextra "]);
    text::push_base64(&mut out, entry);
    out.push_str("\nindex ");
    text::push_decimal(&mut out, index);
    out.push('\n');
    for hash in proof {
        hash.push_base64(&mut out);
        out.push('\n');
    }
    out.extend(["\n", checkpoint]);
    out
}

fn parse_entry(line: &str) -> Option<Vec<u8>> {
    let entry = text::parse_base64(line.strip_prefix("extra ")?)?;
    (1..=ENTRY_BYTES_MAX)
        .contains(&entry.len())
        .then_some(entry)
}

/// Splits the hashes, each on its line, from the checkpoint behind the blank line.
fn parse_proof(text: &str) -> Result<(Vec<Hash>, &str), ReceiptError> {
    const LINES_BEFORE: usize = 3;
    let mut proof = Vec::new();
    let mut rest = text;
    loop {
        let (line, behind) = rest.split_once('\n').ok_or(ReceiptError::NoCheckpoint)?;
        if line.is_empty() {
            return Ok((proof, behind));
        }
        let number = LINES_BEFORE + proof.len() + 1;
        let hash = Hash::from_base64(line)
            .ok()
            .filter(|_| proof.len() < PROOF_HASHES_MAX);
        proof.push(hash.ok_or(ReceiptError::ProofLine { line: number })?);
        rest = behind;
    }
}
