//! A batch through the sequencer: `Verified -> Sequenced -> Committed`. Each type is made only from the one before.

use std::sync::Arc;

use bytes::Bytes;
use granary_core::{
    ledger::{JournalEntry, LogIndex},
    log::{EdgeGrowth, Receipt, Tile, leaf_hash},
};

use crate::{
    ingress::Verified,
    journal::{Append, NewEntry, Tail},
};

/// Submissions that have an index and a receive time, and nothing durable yet.
#[derive(Debug)]
pub struct Sequenced {
    decoded: Vec<JournalEntry>,
    entries: Vec<NewEntry>,
    growth: EdgeGrowth,
    open_tiles: Vec<Arc<Tile>>,
}

/// A batch that is durable and under a signed checkpoint.
#[derive(Debug)]
pub struct Committed {
    decoded: Vec<JournalEntry>,
    entries: Vec<NewEntry>,
    growth: EdgeGrowth,
    checkpoint: Arc<str>,
}

impl Sequenced {
    /// Gives each submission its entry, at `received_at_ms`, and grows the tree by them.
    pub(super) fn of(tail: &Tail, verified: Vec<Verified>, received_at_ms: i64) -> Self {
        let count = verified.len();
        let (mut decoded, mut entries) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for submission in verified {
            let (admitted, payload, signatures) = submission.into_parts();
            let payload_sha256 = admitted.payload_sha256;
            let entry = JournalEntry {
                received_at_ms,
                subject: admitted.subject,
                payload_sha256,
                signatures,
            };
            entries.push(NewEntry {
                bytes: entry.encode(),
                payload_sha256,
                payload,
            });
            decoded.push(entry);
        }
        let growth = tail.edge.grow(
            entries
                .iter()
                .map(|entry| leaf_hash(&entry.bytes))
                .collect(),
        );
        let open_tiles = tail.open_tiles_after(&growth);
        Self {
            decoded,
            entries,
            growth,
            open_tiles,
        }
    }

    /// What has to be written.
    pub(super) fn append(&self) -> Append<'_> {
        Append {
            first: self.first(),
            entries: &self.entries,
            full_tiles: self.growth.full_tiles(),
        }
    }

    /// What the next batch builds on, once this one is durable.
    pub(super) fn tail(&self) -> Tail {
        Tail {
            edge: self.growth.edge().clone(),
            open_tiles: self.open_tiles.clone(),
            last_received_at_ms: self.decoded.last().map(|entry| entry.received_at_ms),
        }
    }

    /// The index of the first entry.
    pub(super) fn first(&self) -> LogIndex {
        LogIndex(self.growth.growth().size_before())
    }

    /// Bytes of all payloads.
    pub(super) fn payload_bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.payload.len()).sum()
    }

    /// The batch as committed: to be called once it is durable and its checkpoint is signed.
    pub(super) fn committed(self, checkpoint: Arc<str>) -> Committed {
        Committed {
            decoded: self.decoded,
            entries: self.entries,
            growth: self.growth,
            checkpoint,
        }
    }
}

impl Committed {
    /// The index of the first entry.
    #[must_use]
    pub fn first(&self) -> LogIndex {
        LogIndex(self.growth.growth().size_before())
    }

    /// How many entries the journal has after this batch.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.growth.growth().size()
    }

    /// The entries and payloads, in order.
    pub fn records(&self) -> impl Iterator<Item = (&JournalEntry, &Bytes)> {
        self.decoded
            .iter()
            .zip(self.entries.iter().map(|entry| &entry.payload))
    }

    /// The receipt of one of the entries; `None` for an index outside of the batch.
    #[must_use]
    pub fn receipt(&self, index: LogIndex) -> Option<Receipt> {
        let offset = usize::try_from(index.0.checked_sub(self.first().0)?).ok()?;
        Some(Receipt {
            entry: self.entries.get(offset)?.bytes.clone(),
            index: index.0,
            proof: self.growth.growth().proof(index.0)?,
            checkpoint: self.checkpoint.to_string(),
        })
    }
}
