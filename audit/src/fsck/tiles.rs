//! The tiles that a journal keeps, compared with those that its entries give.

use granary_core::log::{Frontier, Growth, Hash, Tile, TileId};

use super::{FsckError, store::Store};

/// Hashes of a full tile.
const WIDTH: usize = 256;
/// Tree levels that a tile spans.
const HEIGHT: u8 = 8;
/// Tile levels of the largest tree.
const LEVELS: u8 = 8;

/// The tree as it grows, with the tiles that are not full yet.
pub(super) struct Tiles<'s> {
    store: &'s Store,
    frontier: Frontier,
    waiting: Vec<Hash>,
    /// By tile level: how many full tiles there were, and the hashes after them.
    open: Vec<(u64, Vec<Hash>)>,
    checked: u64,
}

impl<'s> Tiles<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self {
            store,
            frontier: Frontier::empty(),
            waiting: Vec::with_capacity(WIDTH),
            open: vec![(0, Vec::with_capacity(WIDTH)); usize::from(LEVELS)],
            checked: 0,
        }
    }

    /// Takes the next entry's leaf hash.
    pub(super) fn push(&mut self, leaf: Hash) -> Result<(), FsckError> {
        self.waiting.push(leaf);
        if self.waiting.len() == WIDTH {
            self.grow()?;
        }
        Ok(())
    }

    /// How many tiles were compared, once there are no more entries.
    pub(super) fn finish(mut self) -> Result<u64, FsckError> {
        self.grow()?;
        Ok(self.checked)
    }

    fn grow(&mut self) -> Result<(), FsckError> {
        let grown = Growth::new(&self.frontier, std::mem::take(&mut self.waiting));
        for (level, (full, hashes)) in (0..LEVELS).zip(&mut self.open) {
            for hash in grown.completed(level * HEIGHT) {
                hashes.push(*hash);
                if hashes.len() == WIDTH {
                    let hashes = std::mem::replace(hashes, Vec::with_capacity(WIDTH));
                    compare(self.store, level, *full, hashes)?;
                    *full += 1;
                    self.checked += 1;
                }
            }
        }
        self.frontier = grown.into_frontier();
        Ok(())
    }
}

fn compare(store: &Store, level: u8, index: u64, hashes: Vec<Hash>) -> Result<(), FsckError> {
    let differs = || FsckError::Tile { level, index };
    let id = TileId::new(level, index).map_err(FsckError::local)?;
    let computed = Tile::new(id, hashes).map_err(FsckError::local)?;
    let stored = store.tile(id)?.ok_or_else(differs)?;
    if stored == computed.to_bytes() {
        Ok(())
    } else {
        Err(differs())
    }
}
