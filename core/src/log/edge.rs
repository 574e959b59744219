//! The growing right edge of the tiles, kept in memory by whoever appends.
//!
//! A batch completes tiles that earlier batches began. So beside the frontier the edge keeps the open (partial) tile of
//! each level, at most 255 hashes on each of eight levels, 64 KiB in all. [`TileEdge::grow`] leaves the edge as it is and
//! gives the one after the batch: the caller takes it over once the batch is durable, and forgets it if it is not.

use super::growth::Growth;
use super::hash::Hash;
use super::merkle::{Frontier, FrontierError, NodeId, subtrees};
use super::tiles::{TILE_HEIGHT, TILE_LEVEL_MAX, TILE_WIDTH, Tile, TileId};

/// Levels of tiles that a tree with a 64-bit size can have.
const LEVELS: usize = TILE_LEVEL_MAX as usize + 1;

/// The frontier of a tree and the partial tiles at its right edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileEdge {
    frontier: Frontier,
    /// The hashes of each level's open tile, from level 0 up; empty where the last tile is full.
    open: [Vec<Hash>; LEVELS],
}

/// A batch appended to a [`TileEdge`].
#[derive(Clone, Debug)]
pub struct EdgeGrowth {
    growth: Growth,
    edge: TileEdge,
    full_tiles: Vec<Tile>,
    open_tiles: Vec<Tile>,
}

/// Why an edge cannot be restored from stored tiles.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// A partial tile is not stored, or has too few hashes.
    #[error("the stored tree of {size} entries lacks tile {}: {} of its hashes are needed", .tile.index(), .tile.width(*.size))]
    MissingTile {
        /// The tile that was asked for.
        tile: TileId,
        /// Entries in the tree.
        size: u64,
    },
    /// The size is no size of a tree.
    #[error(transparent)]
    Frontier(#[from] FrontierError),
}

impl TileEdge {
    /// The edge of the tree without entries.
    pub const fn empty() -> Self {
        Self {
            frontier: Frontier::empty(),
            open: [const { Vec::new() }; LEVELS],
        }
    }

    /// Restores the edge of a tree of `size` entries from its stored partial tiles.
    ///
    /// `tile` gives a stored tile, which may hold more hashes than were asked for (a later, wider state of it). Compare
    /// the root of [`TileEdge::frontier`] with the signed checkpoint afterwards: a damaged tile gives another root.
    pub fn restore(size: u64, tile: impl FnMut(TileId) -> Option<Tile>) -> Result<Self, EdgeError> {
        let mut tile = tile;
        let mut open = [const { Vec::new() }; LEVELS];
        for (level, hashes) in (0..).zip(&mut open) {
            *hashes = open_hashes(size, level, &mut tile)?;
        }
        let root = |node: NodeId| root_in(&open, node);
        let roots = subtrees(0..size).filter_map(root).collect();
        let frontier = Frontier::restore(size, roots)?;
        Ok(Self { frontier, open })
    }

    /// The frontier of the tree.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Entries in the tree.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends a batch of leaf hashes, and gives what came of it; this edge stays as it is.
    pub fn grow(&self, leaves: Vec<Hash>) -> EdgeGrowth {
        let growth = Growth::new(&self.frontier, leaves);
        let mut edge = Self {
            frontier: growth.frontier().clone(),
            open: self.open.clone(),
        };
        let (mut full_tiles, mut open_tiles) = (Vec::new(), Vec::new());
        for level in 0..=TILE_LEVEL_MAX {
            let added = growth.completed(level * TILE_HEIGHT);
            if !added.is_empty() {
                let (full, open) = edge.append(level, self.size(), added);
                full_tiles.extend(full);
                open_tiles.extend(open);
            }
        }
        EdgeGrowth {
            growth,
            edge,
            full_tiles,
            open_tiles,
        }
    }

    /// Appends hashes to one level; gives the tiles that became full and the one that is open then.
    fn append(&mut self, level: u8, size_before: u64, added: &[Hash]) -> (Vec<Tile>, Option<Tile>) {
        let first = (size_before >> (level * TILE_HEIGHT)) / u64::from(TILE_WIDTH);
        let slot = &mut self.open[usize::from(level)];
        let mut hashes = std::mem::take(slot);
        hashes.extend_from_slice(added);
        let (chunks, rest) = hashes.as_chunks::<{ TILE_WIDTH as usize }>();
        *slot = rest.to_vec();
        let tile = |index, hashes: &[Hash]| {
            Tile::new(TileId::new(level, index).ok()?, hashes.to_vec()).ok()
        };
        let full = (first..)
            .zip(chunks)
            .filter_map(|(index, chunk)| tile(index, chunk))
            .collect();
        (full, tile(first + chunks.len() as u64, rest))
    }
}

impl EdgeGrowth {
    /// The new root and the proofs of the batch.
    pub const fn growth(&self) -> &Growth {
        &self.growth
    }

    /// The edge after the batch.
    pub const fn edge(&self) -> &TileEdge {
        &self.edge
    }

    /// The tiles that this batch completed, in order of level and index. They never change again.
    pub fn full_tiles(&self) -> &[Tile] {
        &self.full_tiles
    }

    /// The partial tiles that this batch began or added to. With the full ones they are all that must be stored for the
    /// edge to be restored: each replaces what is stored under the same [`TileId`].
    pub fn open_tiles(&self) -> &[Tile] {
        &self.open_tiles
    }

    /// Takes the edge over, once the batch is durable.
    pub fn into_edge(self) -> TileEdge {
        self.edge
    }
}

/// The hashes of the open tile of a level, from the stored tile.
fn open_hashes(
    size: u64,
    level: u8,
    tile: &mut impl FnMut(TileId) -> Option<Tile>,
) -> Result<Vec<Hash>, EdgeError> {
    let count = size >> (level * TILE_HEIGHT);
    let id = TileId::new(level, count / u64::from(TILE_WIDTH));
    let Some(id) = id.ok().filter(|id| id.width(size) > 0) else {
        return Ok(Vec::new());
    };
    let missing = EdgeError::MissingTile { tile: id, size };
    let stored = tile(id).filter(|stored| stored.id() == id);
    let hashes = stored
        .as_ref()
        .and_then(|stored| stored.hashes().get(..id.width(size).into()));
    hashes.map(<[Hash]>::to_vec).ok_or(missing)
}

/// The root of a perfect subtree on the frontier, which always lies within the open tile of its level.
fn root_in(open: &[Vec<Hash>], node: NodeId) -> Option<Hash> {
    let id = TileId::holding(node);
    let hashes = open.get(usize::from(id.level()))?;
    Tile::new(id, hashes.clone()).ok()?.node(node)
}
