//! Appending: one batch of entries becomes durable, whole or not at all.

use bytes::Bytes;
use granary_core::{digest::Digest, ledger::LogIndex, log::Tile};
use rocksdb::WriteBatch;

use super::{Family, Journal, StoreError, tree};

/// What one commit writes.
#[derive(Clone, Copy, Debug)]
pub struct Append<'a> {
    /// The index of the first entry: how many there were before.
    pub first: LogIndex,
    /// The entries, in order.
    pub entries: &'a [NewEntry],
    /// The tiles that they completed.
    pub full_tiles: &'a [Tile],
}

/// One entry to be written.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The entry's exact bytes.
    pub bytes: Vec<u8>,
    /// The payload's digest, as the entry states it.
    pub payload_sha256: Digest,
    /// The payload's exact bytes.
    pub payload: Bytes,
}

impl Journal {
    /// Writes a batch and syncs it: **the commit point**. When it returns, the batch survives a power cut.
    ///
    /// # Errors
    /// [`StoreError`]; whether the batch was written is unknown then, until the journal is opened again.
    pub fn append(&self, append: &Append<'_>) -> Result<(), StoreError> {
        self.with_store(|store| {
            let mut batch = WriteBatch::with_capacity_bytes(append.size_bytes());
            let (entries, payloads) = (
                store.family(Family::Entries)?,
                store.family(Family::Payloads)?,
            );
            let (digests, tiles) = (store.family(Family::Digests)?, store.family(Family::Tiles)?);
            for (index, entry) in (append.first.0..).zip(append.entries) {
                if Digest::of(&entry.payload) != entry.payload_sha256 {
                    return Err(StoreError::Damaged(format!(
                        "payload {index} changed in memory"
                    )));
                }
                let key = index.to_be_bytes();
                batch.put_cf(entries, key, &entry.bytes);
                batch.put_cf(payloads, key, &entry.payload);
                batch.put_cf(digests, entry.payload_sha256.as_bytes(), key);
            }
            for tile in append.full_tiles {
                batch.put_cf(tiles, tree::tile_key(tile.id()), tile.to_bytes());
            }
            Ok(store.write_synced(batch)?)
        })
    }
}

impl Append<'_> {
    /// About how many bytes the batch has, so that it is allocated once.
    fn size_bytes(&self) -> usize {
        const KEYS_BYTES: usize = 80;
        const TILE_BYTES: usize = 8_300;
        let entries: usize = self
            .entries
            .iter()
            .map(|e| e.bytes.len() + e.payload.len() + KEYS_BYTES)
            .sum();
        entries + self.full_tiles.len() * TILE_BYTES
    }
}
