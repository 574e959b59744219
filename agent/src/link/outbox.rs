//! Signed -> Spooled, and the end of a record's life.
//!
//! In: [`Signed`] statements. Out: [`Parcel`]s in the order of appending, ready to be sent. Durable after:
//! [`Outbox::append`] has returned. On crash: every record that was not settled is offered again.
//!
//! Invariant: a record is settled only after its verified receipt, or the city's final refusal, is a durable file.
//! One owner: the task that also owns the inbox.

use std::io;
use std::path::PathBuf;

use granary_core::{digest::Digest, log::VerifierKey, snapshot::Snapshot};
use granary_proto::v1;
use granary_trace::Stage;
use prost::Message as _;

use crate::durable::Disk;
use crate::link::journey::{Journey, Waits};
use crate::link::proof::{Expected, ProofError, Receipted};
use crate::link::sign::Signed;
use crate::link::wire;
use crate::receipts::{Receipts, Refused};
use crate::spool::{AppendError, Cursor, Damage, RecordId, Spool};

/// The spool, and what comes back for its records.
pub struct Outbox<D: Disk> {
    spool: Spool<D>,
    receipts: Receipts,
    log_key: VerifierKey,
    waits: Waits,
}

/// A statement that cannot be lost any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// Its number in the spool.
    pub id: RecordId,
    /// Its payload's digest.
    pub payload_sha256: Digest,
}

/// A spooled record, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// Its number in the spool.
    pub id: RecordId,
    /// What is sent.
    pub envelope: v1::Envelope,
    /// Bytes of the encoded envelope.
    pub length: usize,
    /// What its receipt must be for.
    pub expected: Expected,
    /// Its trace, where it is told.
    pub journey: Option<Box<Journey>>,
}

/// Some parcels, and what was wrong on the way.
#[derive(Debug, Default)]
pub struct Parcels {
    /// In the order of appending.
    pub parcels: Vec<Parcel>,
    /// Damage in the spool that was not known before.
    pub damage: Vec<Damage>,
    /// Whole records that are no envelopes; they stay where they are.
    pub foreign: Vec<RecordId>,
    /// Whether the cursor has seen everything.
    pub exhausted: bool,
}

/// Why a receipt did not settle its record, which stays in the spool.
#[derive(Debug, thiserror::Error)]
pub enum SettleFailure {
    /// The receipt does not hold: alarm.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The receipt holds, but could not be stored; it will come again.
    #[error("the receipt could not be stored: {0}")]
    Storage(#[from] io::Error),
}

impl<D: Disk> Outbox<D> {
    /// Takes an open spool, the folder for receipts and the log's key.
    pub fn new(spool: Spool<D>, receipts: Receipts, log_key: VerifierKey) -> Self {
        Self {
            spool,
            receipts,
            log_key,
            waits: Waits::default(),
        }
    }

    /// Appends a statement; it is durable once this returns `Ok`.
    ///
    /// # Errors
    /// As [`Spool::append`].
    pub fn append(&mut self, signed: &Signed) -> Result<Spooled, AppendError> {
        let trail = granary_trace::of(&signed.payload_sha256());
        let begun = granary_trace::begin();
        let id = self.spool.append(signed.record())?;
        if let (Some(trail), Some(begun)) = (trail, begun) {
            trail.one(Stage::Spool).tell(begun.until_now());
            self.waits.begin(id);
        }
        Ok(Spooled {
            id,
            payload_sha256: signed.payload_sha256(),
        })
    }

    /// The next pending records behind the cursor, as [`Spool::pending`].
    pub fn next(&mut self, cursor: &mut Cursor, records_max: usize, bytes_max: usize) -> Parcels {
        let batch = self.spool.pending(cursor, records_max, bytes_max);
        let mut parcels = Parcels {
            damage: batch.damage,
            exhausted: batch.records.is_empty(),
            ..Parcels::default()
        };
        for record in batch.records {
            match parcel(record.id, &record.bytes, &self.waits) {
                Some(parcel) => parcels.parcels.push(parcel),
                None => parcels.foreign.push(record.id),
            }
        }
        parcels
    }

    /// Verifies and stores a receipt, then lets go of the record.
    ///
    /// # Errors
    /// [`SettleFailure`]; the record stays.
    pub fn receipt(
        &mut self,
        id: RecordId,
        expected: Expected,
        receipt: &v1::Receipt,
    ) -> Result<(Receipted, PathBuf), SettleFailure> {
        let receipted = expected.prove(receipt, &self.log_key)?;
        let path = self.receipts.store(&receipted)?;
        self.settle(id);
        Ok((receipted, path))
    }

    /// Stores a final refusal, then lets go of the record.
    ///
    /// # Errors
    /// Where the refusal could not be stored; the record stays.
    pub fn refusal(&mut self, id: RecordId, refused: &Refused) -> io::Result<()> {
        self.receipts.store_refusal(refused)?;
        self.settle(id);
        Ok(())
    }

    /// How full the spool is.
    pub fn status(&self) -> crate::spool::Status {
        self.spool.status()
    }

    /// The receipts that are stored.
    pub const fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    /// A settlement that was not noted only means that the record is sent again, and that the old receipt comes again.
    fn settle(&mut self, id: RecordId) {
        self.waits.end(id);
        if let Err(error) = self.spool.settle(id) {
            tracing::warn!(record = id.get(), %error, "a settlement was not noted");
        }
    }
}

fn parcel(id: RecordId, record: &[u8], waits: &Waits) -> Option<Parcel> {
    let envelope = v1::Envelope::decode(record).ok()?;
    let snapshot = Snapshot::decode(&envelope.payload).ok()?;
    let signatures: Option<Vec<_>> = envelope
        .signatures
        .iter()
        .map(wire::signature_from)
        .collect();
    let payload_sha256 = Digest::of(&envelope.payload);
    let journey = granary_trace::of(&payload_sha256);
    let journey = journey.map(|trail| waits.journey(id, &snapshot, trail));
    let expected = Expected {
        slot: snapshot.slot,
        revision: snapshot.revision,
        payload_sha256,
        signatures: signatures?,
    };
    Some(Parcel {
        id,
        envelope,
        length: record.len(),
        expected,
        journey,
    })
}
