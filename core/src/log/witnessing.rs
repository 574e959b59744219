//! What a witness decides: whether a head that it is shown continues the one that it saw last.
//!
//! A witness keeps one head of each log. It cosigns another only where [`continues`] says yes, and it keeps that one durably
//! before it answers. So two heads that both carry its cosignature have the earlier log as a prefix of the later one.
//!
//! The request in which a log asks for a cosignature (c2sp.org/tlog-witness, `add-checkpoint`):
//!
//! ```text
//! old <size of the tree that the witness saw last, decimal>
//! <hash, base64>          one line for each hash of the consistency proof, at most 63
//!
//! <the signed checkpoint, verbatim>
//! ```

use super::checkpoint::Checkpoint;
use super::hash::{Hash, empty_root};
use super::note::NOTE_BYTES_MAX;
use super::proof::{ProofError, verify_consistency};
use super::text;

/// Hashes in the longest consistency proof of a request.
pub const CONSISTENCY_HASHES_MAX: usize = 63;
/// Bytes of the longest request that is read: the longest proof and note, and a little for the words.
pub const REQUEST_BYTES_MAX: usize =
    NOTE_BYTES_MAX + CONSISTENCY_HASHES_MAX * (text::base64_len(Hash::LEN) + 1) + 100;

/// A request for a cosignature. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Entries in the tree that the witness is thought to have seen last; 0 for none.
    pub old_size: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The signed note of the checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a text is not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// More than [`REQUEST_BYTES_MAX`].
    #[error("a request has at most {REQUEST_BYTES_MAX} bytes")]
    TooLong,
    /// The first line is not `old` and a number.
    #[error("the first line is not 'old' with a decimal number")]
    OldSize,
    /// A line is not a hash, or there are more than [`CONSISTENCY_HASHES_MAX`].
    #[error("line {line} is not one of at most {CONSISTENCY_HASHES_MAX} hashes in base64")]
    ProofLine {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The text ends before the checkpoint.
    #[error("the request ends before its checkpoint")]
    NoCheckpoint,
}

/// How a head fails to continue the one before it. Both are signed by the log, so each is evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Two trees of one size with different roots: by itself a proof that the log shows two histories.
    #[error("two signed heads of {size} entries have different roots: the log shows two histories")]
    TwoRoots {
        /// Entries in both.
        size: u64,
    },
    /// The log has become shorter.
    #[error("the log has become shorter: {shown} entries are shown where {seen} were seen")]
    Shrunk {
        /// Entries seen before.
        seen: u64,
        /// Entries shown now.
        shown: u64,
    },
    /// The proof does not lead from the one to the other.
    #[error("it is not proven that the log of {shown} entries continues that of {seen}: {error}")]
    NotProven {
        /// Entries seen before.
        seen: u64,
        /// Entries shown now.
        shown: u64,
        /// What is wrong with the proof.
        error: ProofError,
    },
}

/// Checks that the head `shown` continues the head `seen`, both verified heads of one log; `None` where nothing was seen yet.
///
/// # Errors
/// [`Break`]: `shown` must not be cosigned, and both heads are kept.
pub fn continues(
    seen: Option<&Checkpoint>,
    shown: &Checkpoint,
    proof: &[Hash],
) -> Result<(), Break> {
    let (seen_size, seen_root) = seen.map_or((0, empty_root()), |seen| (seen.size(), *seen.root()));
    let (shown_size, shown_root) = (shown.size(), *shown.root());
    if shown_size < seen_size {
        return Err(Break::Shrunk {
            seen: seen_size,
            shown: shown_size,
        });
    }
    if shown_size == seen_size && seen.is_some() && shown_root != seen_root {
        return Err(Break::TwoRoots { size: shown_size });
    }
    let proven = verify_consistency(seen_size, &seen_root, shown_size, &shown_root, proof);
    proven.map_err(|error| Break::NotProven {
        seen: seen_size,
        shown: shown_size,
        error,
    })
}

impl AddCheckpoint {
    /// Parses a request in its only spelling.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        if text.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::TooLong);
        }
        let (old, mut rest) = text.split_once('\n').ok_or(RequestError::OldSize)?;
        let old_size = old.strip_prefix("old ").and_then(text::parse_decimal);
        let old_size = old_size.ok_or(RequestError::OldSize)?;
        let mut proof = Vec::new();
        loop {
            let (line, behind) = rest.split_once('\n').ok_or(RequestError::NoCheckpoint)?;
            rest = behind;
            if line.is_empty() {
                break;
            }
            let number = proof.len() + 2;
            let hash = Hash::from_base64(line)
                .ok()
                .filter(|_| proof.len() < CONSISTENCY_HASHES_MAX);
            proof.push(hash.ok_or(RequestError::ProofLine { line: number })?);
        }
        Ok(Self {
            old_size,
            proof,
            checkpoint: rest.to_owned(),
        })
    }

    /// The request as text, as [`AddCheckpoint::parse`] reads it.
    pub fn to_text(&self) -> String {
        let mut out = String::from("old ");
        text::push_decimal(&mut out, self.old_size);
        out.push('\n');
        for hash in &self.proof {
            hash.push_base64(&mut out);
            out.push('\n');
        }
        out.extend(["\n", &self.checkpoint]);
        out
    }
}
