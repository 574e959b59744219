//! The ledger: what is journaled, what may be, and the state that follows from it.
//!
//! Flow: an envelope is admitted ([`admit`]), becomes a [`JournalEntry`] with an index and a receive time, and is folded
//! ([`Ledger::apply`]) into derived rows. The fold is deterministic: the same journal prefix gives the same rows,
//! byte for byte, on every machine, because it reads nothing but entries, payloads and the rows before. Derived rows
//! can be dropped and rebuilt at any time, by the same function.

pub mod entry;
pub mod act;
pub mod import;
pub mod evidence;
pub mod sampling;
pub mod witness;
pub mod publication;
mod rotation;
pub mod refusal;
pub mod keys;
pub mod rows;
pub mod facts;
pub mod registry;
pub mod window;
pub mod signers;
pub mod admission;
pub mod assess;
pub mod beyond;
pub mod revision;
mod suspect;
pub mod fold;
pub mod history;

use std::{fmt, ops::ControlFlow};

use sha2::{Digest as _, Sha256};

pub use self::{
    act::{Act, Deed},
    admission::{Admitted, Received, admit, readmit, signing_key},
    assess::{Assessment, Failure, Figures, assess},
    beyond::{Beyond, Consequence, Elsewhere, Known, Unjudged, assess_with, consequences},
    entry::{JournalEntry, LogIndex, Subject},
    facts::{Facts, Life, Vintage},
    fold::{Applied, FindingStatus, FoldError, Ledger, Outcome},
    import::Arrival,
    refusal::{Refusal, RefusalCode},
    registry::{EnrolledKey, Registry},
    revision::{RevisedFigure, Revisions},
    suspect::{Suspicion, suspect},
    witness::EnrolledWitness,
};
use crate::digest::Digest;

/// What the fold may read. The rows already show every entry before the one being folded.
pub trait View {
    /// The value of one derived row.
    ///
    /// # Errors
    /// [`ViewError`] where the store cannot be read.
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError>;

    /// Visits the derived rows whose key begins with `prefix`, in the order of their keys, until `visit` breaks.
    ///
    /// # Errors
    /// [`ViewError`] where the store cannot be read.
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError>;

    /// The payload of a journal entry.
    ///
    /// # Errors
    /// [`ViewError`] where the store cannot be read.
    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError>;
}

/// Takes one row's key and value; breaks to stop a scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// The store could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store cannot be read: {0}")]
pub struct ViewError(String);

/// One change of a derived row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row's key.
    pub key: Vec<u8>,
    /// Its new value; `None` deletes it.
    pub value: Option<Vec<u8>>,
}

impl ViewError {
    /// Says why.
    pub fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// The digest of derived state: SHA-256 over every row in the order of the keys, each as the length of its key (8 bytes
/// big-endian), the key, the length of its value, the value. Equal journals give equal digests.
pub fn state_digest<K: AsRef<[u8]>, V: AsRef<[u8]>>(rows: impl Iterator<Item = (K, V)>) -> Digest {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (key, value) in rows {
        part(key.as_ref());
        part(value.as_ref());
    }
    Digest::from_bytes(hash.finalize().into())
}
