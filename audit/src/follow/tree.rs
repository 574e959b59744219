//! The tiles of one signed tree, each checked before anything is believed of it.
//!
//! The partial tiles at the right edge together give the root, which must be the signed one. A full tile's root is a hash
//! of the tile above it, and so on up to the edge. So every hash that comes from here is one that the log has signed.

use std::collections::BTreeMap;

use granary_core::log::{
    Checkpoint, Hash, NodeId, Tile, TileEdge, TileId, TilePath,
    tiles::{TILE_LEVEL_MAX, TILE_WIDTH},
};

use super::{Fault, Flaw, TILE_ENTRIES, http::Client};

/// Bytes of a full tile.
const TILE_BYTES_MAX: usize = TILE_WIDTH as usize * Hash::LEN;

/// The tree of one checkpoint.
pub(super) struct Tiles {
    client: Client,
    size: u64,
    /// The partial tiles at the edge, by level.
    edge: BTreeMap<u8, Tile>,
    /// The full tile of each level that was checked last: entries are read in order.
    full: BTreeMap<u8, Tile>,
}

impl Tiles {
    /// Fetches the edge of the tree and compares its root with the signed one.
    pub(super) async fn of(client: Client, checkpoint: &Checkpoint) -> Result<Self, Fault> {
        let mut tiles = Self {
            client,
            size: checkpoint.size(),
            edge: BTreeMap::new(),
            full: BTreeMap::new(),
        };
        for level in 0..=TILE_LEVEL_MAX {
            if let Some(id) = open_tile(level, tiles.size) {
                let tile = tiles.fetch(id).await?;
                tiles.edge.insert(level, tile);
            }
        }
        let edge = TileEdge::restore(tiles.size, |id| tiles.edge.get(&id.level()).cloned())
            .map_err(Fault::impossible)?;
        let computed = edge.frontier().root();
        if computed == *checkpoint.root() {
            Ok(tiles)
        } else {
            Err(Flaw::RootDiffers {
                computed,
                signed: *checkpoint.root(),
            }
            .into())
        }
    }

    /// The hash of a perfect subtree.
    pub(super) async fn node(&mut self, node: NodeId) -> Result<Hash, Fault> {
        let tile = self.tile(TileId::holding(node)).await?;
        let missing = || Fault::impossible(format!("level {}, index {}", node.level, node.index));
        tile.node(node).ok_or_else(missing)
    }

    /// The leaf hashes `256 * index ..` of the tree.
    pub(super) async fn leaves(&mut self, index: u64) -> Result<Tile, Fault> {
        let id = TileId::new(0, index).map_err(Fault::impossible)?;
        self.tile(id).await
    }

    /// What is behind a path, or, where a partial one is gone, behind that of the full one.
    pub(super) async fn bytes(
        &mut self,
        path: &TilePath,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Fault> {
        let path = path.to_string();
        if let Some(bytes) = self.client.get(&path, bytes_max).await? {
            return Ok(bytes);
        }
        // A log may drop a partial tile once the full one is there.
        let full = path.split_once(".p/").map(|(full, _)| full);
        let bytes = match full {
            Some(full) => self.client.get(full, bytes_max).await?,
            None => None,
        };
        bytes.ok_or_else(|| Flaw::Withheld(path).into())
    }

    /// A tile, checked. Goes up to the first tile above that is known to hold, then down again.
    async fn tile(&mut self, id: TileId) -> Result<Tile, Fault> {
        let mut wanted = Vec::new();
        let mut top = id;
        let mut held = loop {
            if let Some(tile) = self.known(top) {
                break tile.clone();
            }
            wanted.push(top);
            top = above(top)?;
        };
        while let Some(id) = wanted.pop() {
            let tile = self.fetch(id).await?;
            let stated = held.hashes().get((id.index() % TILE_ENTRIES) as usize);
            if tile.root().as_ref() != stated {
                return Err(Flaw::TileDiffers(tile.path().to_string()).into());
            }
            self.full.insert(id.level(), tile.clone());
            held = tile;
        }
        Ok(held)
    }

    fn known(&self, id: TileId) -> Option<&Tile> {
        let level = id.level();
        let known = [self.edge.get(&level), self.full.get(&level)];
        known.into_iter().flatten().find(|tile| tile.id() == id)
    }

    /// Fetches a tile as wide as it is in this tree. Nothing of it is checked but its length.
    async fn fetch(&mut self, id: TileId) -> Result<Tile, Fault> {
        let missing = || Fault::impossible(format!("level {}, index {}", id.level(), id.index()));
        let path = id.path(self.size).ok_or_else(missing)?;
        let mut bytes = self.bytes(&path, TILE_BYTES_MAX).await?;
        bytes.truncate(usize::from(path.width()) * Hash::LEN);
        let tile = Tile::from_bytes(id, &bytes)
            .map_err(|error| Flaw::Malformed(path.to_string(), error.to_string()))?;
        if tile.hashes().len() == usize::from(path.width()) {
            Ok(tile)
        } else {
            Err(Flaw::Withheld(path.to_string()).into())
        }
    }
}

/// The partial tile of a level in a tree of `size` entries, where it has one.
fn open_tile(level: u8, size: u64) -> Option<TileId> {
    let index = size.checked_shr((u32::from(level) + 1) * 8).unwrap_or(0);
    let id = TileId::new(level, index).ok()?;
    (1..TILE_WIDTH).contains(&id.width(size)).then_some(id)
}

fn above(id: TileId) -> Result<TileId, Fault> {
    TileId::new(id.level() + 1, id.index() / TILE_ENTRIES).map_err(Fault::impossible)
}
