//! The tree over the entries: its growing edge restored from the store, and proofs against the newest checkpoint.
//!
//! Only full tiles are stored; they never change. What is open at the right edge is computed from at most 255 entries,
//! and at most 255 full tiles on each level above.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use granary_core::{
    ledger::{JournalEntry, LogIndex},
    log::{
        EdgeGrowth, Hash, NodeId, ProofError, Receipt, Tile, TileEdge, TileId, TilePath,
        empty_root, leaf_hash, node_hash, proof, tiles,
    },
};

use super::{Family, Journal, OpenError, Store, StoreError, head::StoredHead};

/// Leaves of a full tile, as a count of entries.
const TILE_ENTRIES: u64 = tiles::TILE_WIDTH as u64;

/// The newest signed tree, as readers see it.
#[derive(Clone, Debug)]
pub struct Head {
    /// Entries under the checkpoint.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// The checkpoint as a signed note; empty before the first.
    pub checkpoint: Arc<str>,
    /// The partial tiles at the right edge of this tree.
    pub open_tiles: Vec<Arc<Tile>>,
}

/// What the next append builds on.
#[derive(Clone, Debug)]
pub struct Tail {
    /// The right edge of the tree over all entries.
    pub edge: TileEdge,
    /// The partial tiles of that edge.
    pub open_tiles: Vec<Arc<Tile>>,
    /// When the last entry was received; `None` in an empty journal.
    pub last_received_at_ms: Option<i64>,
}

/// Why a proof cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for lies outside of the signed tree.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Head {
    /// The head of a journal that has no checkpoint yet.
    pub(super) fn unsigned() -> Self {
        Self {
            size: 0,
            root: empty_root(),
            checkpoint: Arc::from(""),
            open_tiles: Vec::new(),
        }
    }
}

impl Tail {
    pub(super) fn read(store: &Store, size: u64) -> Result<Self, StoreError> {
        let (edge, open_tiles) = edge_at(store, size, size)?;
        let last = size
            .checked_sub(1)
            .map(|last| read_entry(store, last))
            .transpose()?;
        Ok(Self {
            edge,
            open_tiles,
            last_received_at_ms: last.map(|entry| entry.received_at_ms),
        })
    }

    /// The partial tiles after a batch: its own, and those of higher levels that it did not reach.
    #[must_use]
    pub fn open_tiles_after(&self, growth: &EdgeGrowth) -> Vec<Arc<Tile>> {
        let size = growth.edge().size();
        let still_open =
            |tile: &&Arc<Tile>| usize::from(tile.id().width(size)) == tile.hashes().len();
        let kept = self.open_tiles.iter().filter(still_open).cloned();
        growth
            .open_tiles()
            .iter()
            .cloned()
            .map(Arc::new)
            .chain(kept)
            .collect()
    }
}

impl Journal {
    /// The newest checkpoint, a signed note; empty before the first was signed.
    #[must_use]
    pub fn checkpoint(&self) -> Arc<str> {
        self.head.load().checkpoint.clone()
    }

    /// The newest signed tree.
    #[must_use]
    pub fn head(&self) -> Arc<Head> {
        self.head.load_full()
    }

    /// The root of the tree over the first `size` entries.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or has fewer entries.
    pub fn root(&self, size: u64) -> Result<Hash, StoreError> {
        self.with_store(|store| {
            let stored = stored_size(store)?;
            if size > stored {
                return Err(StoreError::Damaged(format!("{stored} entries, not {size}")));
            }
            let (edge, _) = edge_at(store, size, stored)?;
            Ok(edge.frontier().root())
        })
    }

    /// Proves against the newest checkpoint that entry `index` is in the log; `None` where that has no such entry yet.
    ///
    /// # Errors
    /// [`ReadError::Store`] where the store cannot be read.
    pub fn receipt(&self, index: LogIndex) -> Result<Option<Receipt>, ReadError> {
        let head = self.head.load();
        self.receipt_at(index, head.size, &head.checkpoint)
    }

    /// Proves against an earlier checkpoint of this log, over `size` entries, that entry `index` is in the log; `None` where
    /// it does not cover the entry, or is newer than the newest.
    ///
    /// # Errors
    /// [`ReadError::Store`] where the store cannot be read.
    pub fn receipt_at(
        &self,
        index: LogIndex,
        size: u64,
        checkpoint: &str,
    ) -> Result<Option<Receipt>, ReadError> {
        let head = self.head.load();
        if index.0 >= size || size > head.size {
            return Ok(None);
        }
        let Some(entry) = self.entry(index)? else {
            return Err(StoreError::Damaged(format!("entry {index} is missing")).into());
        };
        let proof = self.prove(&head, |node| proof::inclusion_proof(index.0, size, node))?;
        Ok(Some(Receipt {
            entry,
            index: index.0,
            proof,
            checkpoint: checkpoint.to_owned(),
        }))
    }

    /// Proves that the log of `old_size` entries is a prefix of that of `new_size`, which the newest checkpoint covers.
    ///
    /// # Errors
    /// [`ReadError::Proof`] where the sizes are reversed or beyond the newest checkpoint.
    pub fn consistency_proof(&self, old_size: u64, new_size: u64) -> Result<Vec<Hash>, ReadError> {
        let head = self.head.load();
        if new_size > head.size {
            return Err(ProofError::SizesReversed {
                old_size: new_size,
                new_size: head.size,
            }
            .into());
        }
        self.prove(&head, |node| {
            proof::consistency_proof(old_size, new_size, node)
        })
    }

    /// The bytes of a hash tile or of an entry bundle; `None` where the newest checkpoint does not cover all of it.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        let head = self.head.load();
        let level = match path.kind() {
            tiles::TileKind::Hashes(level) => level,
            tiles::TileKind::Entries => 0,
        };
        let Some(id) = TileId::new(level, path.index())
            .ok()
            .filter(|id| path.width() <= id.width(head.size))
        else {
            return Ok(None);
        };
        match path.kind() {
            tiles::TileKind::Entries => self.bundle(id.index(), path.width()).map(Some),
            tiles::TileKind::Hashes(_) => {
                let tile = self.head_tile(&head, id)?;
                let hashes = tile
                    .as_ref()
                    .and_then(|tile| tile.hashes().get(..path.width().into()));
                Ok(hashes.map(|hashes| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()))
            }
        }
    }

    /// Takes a batch over that was made durable: readers may have its entries.
    pub(crate) fn advance(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    /// Shows readers a newly signed tree and keeps its checkpoint on disk. Not synced: it can be signed again.
    ///
    /// # Errors
    /// What the file system said; the head is shown all the same.
    pub(crate) fn publish(&self, head: Head) -> std::io::Result<()> {
        let note = Arc::clone(&head.checkpoint);
        self.head.store(Arc::new(head));
        self.head_file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .write(&note)
    }

    /// Makes the newest checkpoint durable; for an orderly end.
    pub(crate) fn sync_head(&self) -> std::io::Result<()> {
        self.head_file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .sync()
    }

    fn bundle(&self, index: u64, width: u16) -> Result<Vec<u8>, StoreError> {
        let start = (index * TILE_ENTRIES).to_be_bytes();
        let entries =
            self.with_store(|store| store.values_from(Family::Entries, &start, width.into()))?;
        let mut bundle = Vec::new();
        for entry in &entries {
            tiles::push_entry(&mut bundle, entry)
                .map_err(|e| StoreError::Damaged(e.to_string()))?;
        }
        Ok(bundle)
    }

    /// Makes a proof, each tile that it needs being read once.
    fn prove(
        &self,
        head: &Head,
        make: impl FnOnce(&mut dyn FnMut(NodeId) -> Option<Hash>) -> Result<Vec<Hash>, ProofError>,
    ) -> Result<Vec<Hash>, ReadError> {
        let mut read: BTreeMap<TileId, Option<Tile>> = BTreeMap::new();
        let mut failure = None;
        let made = make(&mut |node| {
            let id = TileId::holding(node);
            let tile = read.entry(id).or_insert_with(|| {
                self.head_tile(head, id).unwrap_or_else(|error| {
                    failure = Some(error);
                    None
                })
            });
            tile.as_ref()?.node(node)
        });
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(made?),
        }
    }

    fn head_tile(&self, head: &Head, id: TileId) -> Result<Option<Tile>, StoreError> {
        if id.width(head.size) == tiles::TILE_WIDTH {
            return self.with_store(|store| full_tile(store, id)).map(Some);
        }
        Ok(head
            .open_tiles
            .iter()
            .find(|tile| tile.id() == id)
            .map(|tile| Tile::clone(tile)))
    }
}

/// The key of a tile: its level, then its index, big-endian.
pub(super) fn tile_key(id: TileId) -> [u8; 9] {
    let mut key = [0; 9];
    key[0] = id.level();
    key[1..].copy_from_slice(&id.index().to_be_bytes());
    key
}

/// How many entries the store has.
pub(super) fn stored_size(store: &Store) -> Result<u64, StoreError> {
    let Some(key) = store.last_key(Family::Entries)? else {
        return Ok(0);
    };
    let last = key
        .try_into()
        .map_err(|_| StoreError::Damaged("the last entry's index".into()))?;
    Ok(u64::from_be_bytes(last) + 1)
}

/// The stored checkpoint as a head, once the entries are found to give its root.
pub(super) fn checked_head(
    store: &Store,
    size: u64,
    stored: StoredHead,
) -> Result<Head, OpenError> {
    let checkpoint = &stored.checkpoint;
    if size < checkpoint.size() {
        return Err(OpenError::Shorter {
            size,
            head: checkpoint.size(),
        });
    }
    let (edge, open_tiles) = edge_at(store, checkpoint.size(), size)?;
    let root = edge.frontier().root();
    if root != *checkpoint.root() {
        return Err(OpenError::RootDiffers {
            size: checkpoint.size(),
        });
    }
    Ok(Head {
        size: checkpoint.size(),
        root,
        checkpoint: stored.note.into(),
        open_tiles,
    })
}

/// The edge of the tree over the first `size` of `stored` entries, and its partial tiles.
fn edge_at(
    store: &Store,
    size: u64,
    stored: u64,
) -> Result<(TileEdge, Vec<Arc<Tile>>), StoreError> {
    let mut failure = None;
    let mut open_tiles = Vec::new();
    let edge = TileEdge::restore(size, |id| {
        let tile = edge_tile(store, id, size, stored);
        let tile = tile.map_err(|error| failure = Some(error)).ok()?;
        open_tiles.push(Arc::new(tile.clone()));
        Some(tile)
    });
    match failure {
        Some(error) => Err(error),
        None => Ok((
            edge.map_err(|e| StoreError::Damaged(e.to_string()))?,
            open_tiles,
        )),
    }
}

/// A tile as it was when the tree had `size` of its `stored` entries, computed where it is not stored.
fn edge_tile(store: &Store, id: TileId, size: u64, stored: u64) -> Result<Tile, StoreError> {
    let width = u64::from(id.width(size));
    let hashes = if id.width(stored) == tiles::TILE_WIDTH {
        let full = full_tile(store, id)?;
        full.hashes()
            .iter()
            .take(id.width(size).into())
            .copied()
            .collect()
    } else if let Some(below) = id.level().checked_sub(1) {
        let first = id.index() * TILE_ENTRIES;
        let roots = (first..first + width).map(|index| tile_root(store, below, index));
        roots.collect::<Result<Vec<_>, _>>()?
    } else {
        let first = (id.index() * TILE_ENTRIES).to_be_bytes();
        let entries = store.values_from(Family::Entries, &first, id.width(size).into())?;
        entries.iter().map(|entry| leaf_hash(entry)).collect()
    };
    Tile::new(id, hashes).map_err(|e| StoreError::Damaged(e.to_string()))
}

fn full_tile(store: &Store, id: TileId) -> Result<Tile, StoreError> {
    let missing = || {
        StoreError::Damaged(format!(
            "tile {} of level {} is missing",
            id.index(),
            id.level()
        ))
    };
    let bytes = store
        .get(Family::Tiles, &tile_key(id))?
        .ok_or_else(missing)?;
    let tile = Tile::from_bytes(id, &bytes).map_err(|e| StoreError::Damaged(e.to_string()))?;
    if tile.is_full() {
        Ok(tile)
    } else {
        Err(missing())
    }
}

/// The root of a full tile, which is a hash of the tile above.
fn tile_root(store: &Store, level: u8, index: u64) -> Result<Hash, StoreError> {
    let damaged = || StoreError::Damaged(format!("tile {index} of level {level}"));
    let id = TileId::new(level, index).map_err(|_| damaged())?;
    let tile = full_tile(store, id)?;
    let half = |side: u64| {
        tile.node(NodeId {
            level: (level + 1) * tiles::TILE_HEIGHT - 1,
            index: index * 2 + side,
        })
    };
    Ok(node_hash(
        &half(0).ok_or_else(damaged)?,
        &half(1).ok_or_else(damaged)?,
    ))
}

fn read_entry(store: &Store, index: u64) -> Result<JournalEntry, StoreError> {
    let bytes = store
        .get(Family::Entries, &index.to_be_bytes())?
        .unwrap_or_default();
    JournalEntry::decode(&bytes).map_err(|e| StoreError::Damaged(format!("entry {index}: {e}")))
}
