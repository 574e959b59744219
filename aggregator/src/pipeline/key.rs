//! The log's key: it signs one checkpoint for each batch, and must be the one that the journal names.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use granary_core::{
    envelope::{self, Signature},
    ledger::{Registry, act},
    log::{Checkpoint, CheckpointError, Hash, KeyName, VerifierKey, note::KeyError},
};

use crate::journal::Journal;

/// The key that signs checkpoints, under the log's name.
#[derive(Clone, Debug)]
pub struct LogKey {
    name: KeyName,
    key: SigningKey,
    verifier: VerifierKey,
}

/// Why a key is not this journal's.
#[derive(Debug, thiserror::Error)]
pub enum KeyMismatch {
    /// The log key is not the one that the journal's first entry names.
    #[error(
        "the log key is not the key of the log {origin}: {stated} is stated in the journal's first entry"
    )]
    KeyDiffers {
        /// The journal's log.
        origin: String,
        /// The public key in the first entry, in hexadecimal.
        stated: String,
    },
    /// The log key has another name than the journal.
    #[error("the log key is named {key}, the journal is {journal}")]
    NameDiffers {
        /// The key's name.
        key: String,
        /// The journal's origin.
        journal: String,
    },
    /// The stored checkpoint is not signed by this key.
    #[error("the stored checkpoint does not hold: {0}")]
    Checkpoint(#[from] CheckpointError),
}

impl LogKey {
    /// Names a signing key by its log's origin.
    ///
    /// # Errors
    /// [`KeyError`] where the origin cannot name a key.
    pub fn new(origin: &str, key: SigningKey) -> Result<Self, KeyError> {
        let name = KeyName::new(origin)?;
        let verifier = VerifierKey::new(name.clone(), key.verifying_key())?;
        Ok(Self {
            name,
            key,
            verifier,
        })
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.name.as_str()
    }

    /// What checks its signatures.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs an act that the city itself records. What is signed begins with `DSSEv1` and a space, and a checkpoint with the
    /// log's origin, which holds no space: the one signature never passes for the other.
    pub(crate) fn sign_act(&self, payload: &[u8]) -> Signature {
        envelope::sign(&self.key, act::PAYLOAD_TYPE, payload)
    }

    /// Signs the tree of `size` entries.
    pub(crate) fn sign(&self, size: u64, root: Hash) -> Result<Arc<str>, CheckpointError> {
        let checkpoint = Checkpoint::new(self.origin(), size, root)?;
        Ok(checkpoint.sign(&self.name, &self.key)?.to_text().into())
    }
}

/// The key must be the log's: its name, the first entry's statement, and the stored checkpoint's signature.
pub(super) fn check_key(
    journal: &Journal,
    key: &LogKey,
    registry: &Registry,
) -> Result<(), KeyMismatch> {
    if journal.origin() != key.origin() {
        return Err(KeyMismatch::NameDiffers {
            key: key.origin().to_owned(),
            journal: journal.origin().to_owned(),
        });
    }
    if let Some(genesis) = registry.genesis()
        && genesis.log_public_key != key.key.verifying_key().as_bytes()
    {
        let stated = genesis
            .log_public_key
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        return Err(KeyMismatch::KeyDiffers {
            origin: genesis.origin.clone(),
            stated,
        });
    }
    let checkpoint = journal.checkpoint();
    if !checkpoint.is_empty() {
        Checkpoint::open(
            checkpoint.as_bytes(),
            key.origin(),
            std::slice::from_ref(key.verifier()),
        )?;
    }
    Ok(())
}
