//! The tree as files that never change (c2sp.org/tlog-tiles): hash tiles and entry bundles, their paths and bytes.
//!
//! A hash tile of level `L` and index `N` holds the hashes of 256 consecutive perfect subtrees of height `8 * L`, 32 bytes
//! each, 8,192 bytes in all; the last tile of a level holds fewer while the tree grows. An entry bundle holds the entries
//! of a level-0 tile, each behind its length as a big-endian u16. Both are served under
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]        tile/entries/<N>[.p/<W>]
//! ```
//!
//! where `N` is written in groups of three digits, all but the last behind an `x` (1234067 is `x001/x234/067`), and `W`
//! (1 to 255) is there for a partial tile only.

use std::fmt;

use super::hash::{Hash, node_hash};
use super::merkle::NodeId;
use super::text;

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// Levels of the tree that one level of tiles spans.
pub const TILE_HEIGHT: u8 = 8;

/// The highest level that a tile of a tree with a 64-bit size can have.
pub const TILE_LEVEL_MAX: u8 = 7;

/// The longest entry that a bundle can hold, in bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// The place of a hash tile: its level (0 to [`TILE_LEVEL_MAX`]) and its index from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
}

/// A hash tile, full or partial: between 1 and 256 hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    id: TileId,
    hashes: Vec<Hash>,
}

/// The path of a tile or of a bundle below the log's prefix, as [`fmt::Display`] writes and [`TilePath::parse`] reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of the tiles' level `.0`.
    Hashes(u8),
    /// The entries under a level-0 tile.
    Entries,
}

/// Why bytes or a path are not a tile or a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not a path that the specification writes.
    #[error(
        "not the path of a tile: expected tile/<level>/<index>[.p/<width>] or tile/entries/<index>[.p/<width>]"
    )]
    Path,
    /// A level above [`TILE_LEVEL_MAX`], or an index that no tree with a 64-bit size reaches.
    #[error("no tree has a tile at level {level}, index {index}")]
    Outside {
        /// Level of the tile.
        level: u8,
        /// Index of the tile.
        index: u64,
    },
    /// The bytes of a tile are not 1 to 256 whole hashes.
    #[error("a tile has 1 to 256 hashes of 32 bytes, not {bytes} bytes")]
    TileLength {
        /// Bytes that were given.
        bytes: usize,
    },
    /// An entry is too long for its length prefix.
    #[error("an entry has at most {ENTRY_BYTES_MAX} bytes, not {bytes}")]
    EntryTooLong {
        /// Bytes of the entry.
        bytes: usize,
    },
    /// A bundle ends in the middle of an entry.
    #[error("the bundle breaks off inside entry {entry} of the bundle")]
    BundleTorn {
        /// Zero-based number of the entry within the bundle.
        entry: usize,
    },
    /// A bundle has more than 256 entries or none.
    #[error("a bundle has 1 to 256 entries")]
    BundleWidth,
}

impl TileId {
    /// The tile of this level and index, if a tree with a 64-bit size can have it.
    pub fn new(level: u8, index: u64) -> Result<Self, TileError> {
        let fits = level <= TILE_LEVEL_MAX && index <= index_max(level);
        if fits {
            Ok(Self { level, index })
        } else {
            Err(TileError::Outside { level, index })
        }
    }

    /// The tile that the hash of `node` can be had from.
    pub const fn holding(node: NodeId) -> Self {
        let hashes_below = node.level % TILE_HEIGHT;
        Self {
            level: node.level / TILE_HEIGHT,
            index: node.index >> (TILE_HEIGHT - hashes_below),
        }
    }

    /// Level of the tile: its hashes are perfect subtrees of height `8 * level`.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Index of the tile from the left within its level.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Hashes of this tile that a tree of `size` entries has: 0 (none yet) to 256 (full).
    pub const fn width(&self, size: u64) -> u16 {
        let Some(hashes) = size.checked_shr(self.level as u32 * TILE_HEIGHT as u32) else {
            return 0;
        };
        let full = hashes / TILE_WIDTH as u64;
        if self.index < full {
            TILE_WIDTH
        } else if self.index == full {
            (hashes % TILE_WIDTH as u64) as u16
        } else {
            0
        }
    }

    /// The path of this tile in a tree of `size` entries; `None` if the tree has no hash of it.
    pub fn path(&self, size: u64) -> Option<TilePath> {
        let width = self.width(size);
        (width > 0).then_some(TilePath {
            kind: TileKind::Hashes(self.level),
            index: self.index,
            width,
        })
    }
}

impl Tile {
    /// A tile of 1 to 256 hashes.
    pub fn new(id: TileId, hashes: Vec<Hash>) -> Result<Self, TileError> {
        let bytes = hashes.len() * Hash::LEN;
        let fits = (1..=usize::from(TILE_WIDTH)).contains(&hashes.len());
        if fits {
            Ok(Self { id, hashes })
        } else {
            Err(TileError::TileLength { bytes })
        }
    }

    /// Reads the bytes that [`Tile::to_bytes`] writes.
    pub fn from_bytes(id: TileId, bytes: &[u8]) -> Result<Self, TileError> {
        let (chunks, rest) = bytes.as_chunks::<{ Hash::LEN }>();
        if !rest.is_empty() || chunks.len() > usize::from(TILE_WIDTH) {
            return Err(TileError::TileLength { bytes: bytes.len() });
        }
        Self::new(
            id,
            chunks
                .iter()
                .map(|chunk| Hash::from_bytes(*chunk))
                .collect(),
        )
    }

    /// The hashes one behind the other: 8,192 bytes for a full tile.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes
            .iter()
            .flat_map(|hash| *hash.as_bytes())
            .collect()
    }

    /// The place of the tile.
    pub const fn id(&self) -> TileId {
        self.id
    }

    /// The hashes, from the left.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Whether the tile has all its 256 hashes and so never changes again.
    pub fn is_full(&self) -> bool {
        self.hashes.len() == usize::from(TILE_WIDTH)
    }

    /// The root of a full tile, which is a hash of the tile above; `None` while the tile is partial.
    pub fn root(&self) -> Option<Hash> {
        self.is_full().then(|| perfect_root(&self.hashes)).flatten()
    }

    /// The path of the tile as it is.
    pub fn path(&self) -> TilePath {
        TilePath {
            kind: TileKind::Hashes(self.id.level),
            index: self.id.index,
            width: self.hashes.len() as u16,
        }
    }

    /// The hash of a perfect subtree of this tile; `None` if the tile does not hold (all of) it.
    ///
    /// Together with [`TileId::holding`] this is the source of nodes that a proof is made from.
    pub fn node(&self, node: NodeId) -> Option<Hash> {
        if TileId::holding(node) != self.id {
            return None;
        }
        let height = node.level % TILE_HEIGHT;
        let count = 1_usize << height;
        let start = ((node.index << height) % u64::from(TILE_WIDTH)) as usize;
        perfect_root(self.hashes.get(start..start + count)?)
    }
}

impl TilePath {
    /// The path of the bundle of entries `256 * index ..` in a tree of `size` entries; `None` if it has none of them.
    pub fn entries(index: u64, size: u64) -> Option<Self> {
        let width = TileId { level: 0, index }.width(size);
        (width > 0).then_some(Self {
            kind: TileKind::Entries,
            index,
            width,
        })
    }

    /// Parses a path without a leading slash, in its only spelling.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let parsed = Self::read(path).ok_or(TileError::Path)?;
        let level = match parsed.kind {
            TileKind::Hashes(level) => level,
            TileKind::Entries => 0,
        };
        TileId::new(level, parsed.index)?;
        if parsed.to_string() == path {
            Ok(parsed)
        } else {
            Err(TileError::Path)
        }
    }

    /// Reads a path leniently: the caller compares the spelling.
    fn read(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, partial_width(width)?),
            None => (rest, TILE_WIDTH),
        };
        Some(Self {
            kind: parse_kind(kind)?,
            index: read_index(digits)?,
            width,
        })
    }

    /// What the path leads to.
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Index of the tile from the left within its level.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Hashes or entries behind the path: 256 for a full tile.
    pub const fn width(&self) -> u16 {
        self.width
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        write_index(f, self.index)?;
        if self.width < TILE_WIDTH {
            write!(f, ".p/{}", self.width)
        } else {
            Ok(())
        }
    }
}

/// Appends one entry to the bytes of a bundle: its length as a big-endian u16, then the entry.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length =
        u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { bytes: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Splits the bytes of a bundle into its 1 to 256 entries.
pub fn split_entries(bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let torn = TileError::BundleTorn {
            entry: entries.len(),
        };
        let (length, behind) = rest.split_first_chunk::<2>().ok_or(torn.clone())?;
        let (entry, behind) = behind
            .split_at_checked(u16::from_be_bytes(*length).into())
            .ok_or(torn)?;
        entries.push(entry);
        rest = behind;
        if entries.len() > usize::from(TILE_WIDTH) {
            return Err(TileError::BundleWidth);
        }
    }
    if entries.is_empty() {
        Err(TileError::BundleWidth)
    } else {
        Ok(entries)
    }
}

/// The last index that a level can have, given that the tile's first entry has a 64-bit index.
const fn index_max(level: u8) -> u64 {
    match u64::MAX.checked_shr((level as u32 + 1) * TILE_HEIGHT as u32) {
        Some(index) => index,
        None => 0,
    }
}

/// The root of the perfect subtree with these leaves, a power of two of them.
pub(super) fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[left, right]| node_hash(left, right))
            .collect();
    }
    row.pop()
}

fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    if index >= 1000 {
        write_leading_groups(f, index / 1000)?;
    }
    write!(f, "{:03}", index % 1000)
}

fn write_leading_groups(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    if index >= 1000 {
        write_leading_groups(f, index / 1000)?;
    }
    write!(f, "x{:03}/", index % 1000)
}

/// Reads the digits of an index leniently: the caller compares the spelling.
fn read_index(text: &str) -> Option<u64> {
    let groups = text.split('/').map(|group| group.trim_start_matches('x'));
    groups
        .map(|group| group.parse::<u64>().ok())
        .try_fold(0_u64, |index, group| {
            index.checked_mul(1000)?.checked_add(group?)
        })
}

fn parse_kind(text: &str) -> Option<TileKind> {
    match text {
        "entries" => Some(TileKind::Entries),
        level => text::parse_decimal(level)
            .and_then(|level| u8::try_from(level).ok())
            .map(TileKind::Hashes),
    }
}

fn partial_width(text: &str) -> Option<u16> {
    let width = text::parse_decimal(text).and_then(|width| u16::try_from(width).ok());
    width.filter(|width| (1..TILE_WIDTH).contains(width))
}
