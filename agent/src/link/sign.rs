//! Preflighted -> Signed.
//!
//! In: the exact payload of a statement that has passed the preflight. Out: [`Signed`], the record for the spool.
//! Durable after: nothing yet. On crash: the file is still in the inbox and comes here again; signatures are deterministic in
//! every suite, so the same payload gives the same record.

use granary_core::{
    code::UnitCode,
    digest::Digest,
    envelope::{SecretKey, SignatureError},
    ledger::{Act, act},
    snapshot::{PAYLOAD_TYPE, SlotKey, Snapshot, SnapshotError},
};
use granary_proto::v1;
use prost::Message as _;

use crate::link::wire;

/// Signs for one unit.
pub struct Signer {
    key: SecretKey,
    unit: UnitCode,
}

/// A signed statement, as the spool keeps it: an encoded `granary.v1.Envelope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    slot: SlotKey,
    payload_sha256: Digest,
    record: Vec<u8>,
}

/// Why something is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key must not speak for another unit; the city would refuse it.
    #[error("the statement is of unit {0}, and this agent signs for {1} only")]
    AnotherUnit(UnitCode, UnitCode),
    /// The bytes are no snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The key made no signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl Signer {
    /// Signs with `key` for `unit` alone.
    #[must_use]
    pub fn new(key: impl Into<SecretKey>, unit: UnitCode) -> Self {
        Self {
            key: key.into(),
            unit,
        }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The unit that it signs for.
    #[must_use]
    pub const fn unit(&self) -> &UnitCode {
        &self.unit
    }

    /// Signs the exact bytes of a payload that states `slot`.
    ///
    /// # Errors
    /// [`SignError::AnotherUnit`] where the slot is another unit's.
    pub fn sign(&self, slot: &SlotKey, payload: Vec<u8>) -> Result<Signed, SignError> {
        if slot.unit != self.unit {
            return Err(SignError::AnotherUnit(slot.unit.clone(), self.unit.clone()));
        }
        let payload_sha256 = Digest::of(&payload);
        let signature = self.key.sign(PAYLOAD_TYPE, &payload)?;
        let envelope = v1::Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: payload.into(),
            signatures: vec![wire::signature_to(&signature)],
        };
        Ok(Signed {
            slot: slot.clone(),
            payload_sha256,
            record: envelope.encode_to_vec(),
        })
    }

    /// Signs an act of the unit, such as the enrolment of its witness key.
    ///
    /// # Errors
    /// [`SignError`] where the key cannot sign it.
    pub fn sign_act(&self, act: &Act) -> Result<v1::Envelope, SignError> {
        let payload = act.encode();
        let signature = self.key.sign(act::PAYLOAD_TYPE, &payload)?;
        Ok(v1::Envelope {
            payload_type: act::PAYLOAD_TYPE.to_owned(),
            payload: payload.into(),
            signatures: vec![wire::signature_to(&signature)],
        })
    }

    /// Encodes and signs a snapshot.
    ///
    /// # Errors
    /// [`SignError`] where it is another unit's, or breaks a limit.
    pub fn sign_snapshot(&self, snapshot: &Snapshot) -> Result<Signed, SignError> {
        self.sign(&snapshot.slot, snapshot.encode()?)
    }
}

impl Signed {
    /// An envelope that has all its signatures already.
    #[must_use]
    pub fn of_envelope(slot: SlotKey, envelope: &v1::Envelope) -> Self {
        Self {
            slot,
            payload_sha256: Digest::of(&envelope.payload),
            record: envelope.encode_to_vec(),
        }
    }

    /// The slot that is stated.
    #[must_use]
    pub const fn slot(&self) -> &SlotKey {
        &self.slot
    }

    /// The payload's digest, by which the city knows it.
    #[must_use]
    pub const fn payload_sha256(&self) -> Digest {
        self.payload_sha256
    }

    /// The encoded envelope.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        &self.record
    }
}
