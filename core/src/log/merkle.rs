//! The shape of the tree: perfect subtrees, and the [`Frontier`] that is enough to append for ever.
//!
//! A perfect subtree is named by a [`NodeId`]: level `l`, index `i` covers the entries `i * 2^l .. (i + 1) * 2^l`. Once
//! those entries exist its hash never changes, so only such nodes are ever stored. Every other node of a tree lies on its
//! right edge and is folded from perfect subtrees when it is needed (RFC 6962 section 2.1).

use std::ops::Range;

use super::hash::{Hash, empty_root, node_hash};

/// The largest tree that a [`Frontier`] holds: 2^63 - 1 entries, which no appending ever reaches.
pub const TREE_SIZE_MAX: u64 = i64::MAX as u64;

/// A perfect subtree: `level` 0 is a leaf, and `index` counts from the left within the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height above the leaves; the subtree covers `2^level` entries.
    pub level: u8,
    /// Position from the left among the subtrees of this level.
    pub index: u64,
}

/// The hashes of the perfect subtrees that a tree of some size falls into, widest (leftmost) first.
///
/// There is one subtree for each set bit of the size. This is all that is needed to append entries and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

/// Why stored subtree roots cannot be a frontier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The number of hashes does not fit the size.
    #[error(
        "a tree of {size} entries has {expected} perfect subtrees on its edge, but {found} hashes were given"
    )]
    Count {
        /// Entries in the tree.
        size: u64,
        /// Set bits of the size.
        expected: usize,
        /// Hashes that were given.
        found: usize,
    },
    /// The size is larger than [`TREE_SIZE_MAX`].
    #[error("a tree of {size} entries is larger than any log can be")]
    TooLarge {
        /// Entries in the tree.
        size: u64,
    },
}

impl Frontier {
    /// The frontier of the tree without entries.
    pub const fn empty() -> Self {
        Self {
            size: 0,
            roots: Vec::new(),
        }
    }

    /// Restores a frontier from the hashes of [`subtrees`]`(0..size)`, in that order.
    pub fn restore(size: u64, roots: Vec<Hash>) -> Result<Self, FrontierError> {
        let expected = size.count_ones() as usize;
        match (size > TREE_SIZE_MAX, roots.len()) {
            (true, _) => Err(FrontierError::TooLarge { size }),
            (false, found) if found != expected => Err(FrontierError::Count {
                size,
                expected,
                found,
            }),
            (false, _) => Ok(Self { size, roots }),
        }
    }

    /// A frontier whose roots were computed for just this size.
    pub(super) const fn from_computed(size: u64, roots: Vec<Hash>) -> Self {
        Self { size, roots }
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// Entries in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The subtree roots, widest first, as [`Frontier::restore`] takes them.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// The root of the tree: MTH of RFC 6962 section 2.1.
    pub fn root(&self) -> Hash {
        fold_right(&self.roots).unwrap_or_else(empty_root)
    }

    /// The root of the perfect subtree of this level on the edge, if the size has that bit.
    pub(super) fn root_at(&self, level: u8) -> Option<Hash> {
        let position = (self.size >> level).count_ones() as usize;
        let present = (self.size >> level) & 1 == 1;
        present
            .then(|| self.roots.get(position - 1).copied())
            .flatten()
    }
}

/// The perfect subtrees whose hashes, folded from the right, give the hash of the entries of `range`; left to right.
///
/// `range` must be one that a Merkle tree has as a node: its start is a multiple of a power of two not below its length.
pub fn subtrees(range: Range<u64>) -> impl Iterator<Item = NodeId> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let level = range
            .end
            .checked_sub(start)?
            .checked_ilog2()?
            .min(start.trailing_zeros());
        let index = start >> level;
        start += 1 << level;
        Some(NodeId {
            level: level as u8,
            index,
        })
    })
}

/// Hashes subtree roots together from the right, as the right edge of a tree is; `None` for no roots.
pub(super) fn fold_right(roots: &[Hash]) -> Option<Hash> {
    let (last, rest) = roots.split_last()?;
    Some(
        rest.iter()
            .rev()
            .fold(*last, |right, left| node_hash(left, &right)),
    )
}

/// The largest power of two smaller than `count`: where RFC 6962 section 2.1 splits `count` (at least 2) entries.
pub(super) const fn split_point(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}
