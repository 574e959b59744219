//! Spooled -> Receipted: what has to hold before the agent lets go of a statement.
//!
//! In: what was sent, and what the city says is its receipt. Out: [`Receipted`]. Durable after: the receipt's file is
//! written ([`crate::receipts`]), and only then is the spool's record settled. On crash: the record is sent again, and
//! the city answers with the same receipt.
//!
//! A receipt proves that *some* entry is in the log. It is this statement's receipt only if the entry has its slot, its
//! payload's digest and its signatures, so all three are compared.

use granary_core::{
    digest::Digest,
    envelope::Signature,
    ledger::{JournalEntry, Subject},
    log::{Checkpoint, Receipt, ReceiptError, VerifierKey},
    snapshot::SlotKey,
};
use granary_proto::v1;

use crate::link::wire::{self, WireError};

/// What a receipt must be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The slot that was stated.
    pub slot: SlotKey,
    /// The revision that it was stated as.
    pub revision: u32,
    /// The payload's digest.
    pub payload_sha256: Digest,
    /// The signatures that were sent.
    pub signatures: Vec<Signature>,
}

/// A statement whose receipt has been verified.
#[derive(Clone, Debug)]
pub struct Receipted {
    expected: Expected,
    received_at_ms: i64,
    receipt: Receipt,
    checkpoint: Checkpoint,
}

/// Why a receipt is not believed. The record stays in the spool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A field has the wrong form.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Proof, checkpoint or signature does not hold under the log's key.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The proven entry is no journal entry.
    #[error("the proven entry cannot be read: {0}")]
    Entry(String),
    /// The proven entry is about something else.
    #[error("the receipt is for another entry: its {0} differs")]
    AnotherEntry(&'static str),
}

impl Expected {
    /// Verifies a receipt for exactly this statement.
    ///
    /// # Errors
    /// [`ProofError`] says what does not hold.
    pub fn prove(
        self,
        receipt: &v1::Receipt,
        log_key: &VerifierKey,
    ) -> Result<Receipted, ProofError> {
        let (receipt, checkpoint, received_at_ms) = self.check(receipt, log_key)?;
        Ok(Receipted {
            expected: self,
            received_at_ms,
            receipt,
            checkpoint,
        })
    }

    fn check(
        &self,
        receipt: &v1::Receipt,
        log_key: &VerifierKey,
    ) -> Result<(Receipt, Checkpoint, i64), ProofError> {
        let receipt = wire::receipt_from(receipt)?;
        let checkpoint = receipt.verify(log_key)?;
        let entry = JournalEntry::decode(&receipt.entry)
            .map_err(|error| ProofError::Entry(error.to_string()))?;
        if entry.payload_sha256 != self.payload_sha256 {
            return Err(ProofError::AnotherEntry("payload"));
        }
        if entry.subject != Subject::Snapshot(self.slot.clone()) {
            return Err(ProofError::AnotherEntry("unit, dataset or period"));
        }
        if entry.signatures != self.signatures {
            return Err(ProofError::AnotherEntry("signature"));
        }
        Ok((receipt, checkpoint, entry.received_at_ms))
    }
}

impl Receipted {
    /// What was stated.
    #[must_use]
    pub const fn expected(&self) -> &Expected {
        &self.expected
    }

    /// When the city received it.
    #[must_use]
    pub const fn received_at_ms(&self) -> i64 {
        self.received_at_ms
    }

    /// The proof itself.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The verified head of the log that covers it.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}
