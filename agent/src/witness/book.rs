//! What a witness keeps: its key, and the head that it saw last.
//!
//! ```text
//! identity/witness.key    Ed25519, PKCS #8 in PEM; made at the first run, used for nothing but cosignatures
//! state/witness/head      the signed note of the head that was seen last, verbatim; replaced whole
//! ```
//! Invariants: a head stands here before it is cosigned; it is only replaced by one that continues it; a damaged head is an
//! error and never a new beginning, because whoever can damage it could show another history.

use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding,
};
use granary_core::log::{Checkpoint, CheckpointError, Receipt, VerifierKey};

use crate::durable::{write_durably, write_secret_durably};
use crate::identity;

const KEY: &str = "witness.key";
const HEAD: &str = "head";

/// A verified head of the log, with the note that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    checkpoint: Checkpoint,
    note: String,
}

/// The head that was seen last. One owner: the task that watches.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    seen: Option<Head>,
}

/// Why this agent cannot be a witness.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The key cannot be used.
    #[error("{} cannot be used ({reason}): restore it from a copy, or remove it for a new one", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The head was damaged.
    #[error("{} does not hold ({error}): restore it from a copy; it says which history this office has seen", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        error: CheckpointError,
    },
}

impl Head {
    /// Verifies the note of a head under the log's key.
    ///
    /// # Errors
    /// What does not hold.
    pub fn open(note: &str, log_key: &VerifierKey) -> Result<Self, CheckpointError> {
        let keys = std::slice::from_ref(log_key);
        let checkpoint = Checkpoint::open(note.as_bytes(), log_key.name().as_str(), keys)?;
        Ok(Self {
            checkpoint,
            note: note.to_owned(),
        })
    }

    /// What is signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note, as the city gave it.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The text that signatures are over.
    #[must_use]
    pub fn text(&self) -> String {
        self.checkpoint.to_text()
    }
}

impl Book {
    /// Reads the head that was seen last; where there is none yet, that of the enrolment's receipt in `identity`.
    ///
    /// # Errors
    /// [`BookError::Damaged`] where there is one that does not hold.
    pub fn open(state: &Path, identity: &Path, log_key: &VerifierKey) -> Result<Self, BookError> {
        let folder = super::fork::folder_of(state);
        std::fs::create_dir_all(&folder).map_err(|error| BookError::Io {
            path: folder.clone(),
            error,
        })?;
        let path = folder.join(HEAD);
        let seen = match std::fs::read_to_string(&path) {
            Ok(note) => Some(
                Head::open(&note, log_key).map_err(|error| BookError::Damaged {
                    path: path.clone(),
                    error,
                })?,
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                enrolled_head(identity, log_key)
            }
            Err(error) => return Err(BookError::Io { path, error }),
        };
        Ok(Self { path, seen })
    }

    /// The head that was seen last.
    #[must_use]
    pub const fn seen(&self) -> Option<&Head> {
        self.seen.as_ref()
    }

    /// Keeps a head that continues the one before.
    ///
    /// # Errors
    /// Where it could not be made durable; it must not be cosigned then.
    pub fn keep(&mut self, head: Head) -> io::Result<()> {
        if self.seen.as_ref().map(Head::checkpoint) != Some(head.checkpoint())
            || !self.path.exists()
        {
            write_durably(&self.path, head.note.as_bytes())?;
        }
        self.seen = Some(head);
        Ok(())
    }
}

/// The witness's key in the identity's folder; made where there is none.
///
/// # Errors
/// [`BookError`] where it cannot be read or written.
pub fn signing_key(folder: &Path) -> Result<SigningKey, BookError> {
    let path = folder.join(KEY);
    let unusable = |reason: String| BookError::Key {
        path: path.clone(),
        reason,
    };
    match std::fs::read_to_string(&path) {
        Ok(pem) => SigningKey::from_pkcs8_pem(&pem).map_err(|error| unusable(error.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|error| unusable(error.to_string()))?;
            let key = SigningKey::from_bytes(&seed);
            let pem = key
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|error| unusable(error.to_string()))?;
            std::fs::create_dir_all(folder)
                .and_then(|()| write_secret_durably(&path, pem.as_bytes()))
                .map_err(|error| BookError::Io {
                    path: path.clone(),
                    error,
                })?;
            Ok(key)
        }
        Err(error) => Err(BookError::Io { path, error }),
    }
}

fn enrolled_head(folder: &Path, log_key: &VerifierKey) -> Option<Head> {
    let text = std::fs::read_to_string(folder.join(identity::RECEIPT)).ok()?;
    let receipt = Receipt::parse(&text).ok()?;
    receipt.verify(log_key).ok()?;
    Head::open(&receipt.checkpoint, log_key).ok()
}
