//! One batch appended to a tree: the new root and the proof of every new entry, with no read of what is stored.
//!
//! Every sibling on a new entry's path lies either inside the batch or on the old frontier, because the subtrees to the
//! left of the batch are exactly the frontier's. So the batch keeps, for each level, the row of perfect subtrees from the
//! frontier's one (if the level has one) to the last, and a proof is copied out of those rows. Each inner node is hashed
//! once: `k` leaves cost about `k` node hashes, and a proof costs none.

use super::hash::{Hash, empty_root, node_hash};
use super::merkle::{Frontier, NodeId};

/// What a tree became when a batch of leaf hashes was appended to it.
#[derive(Clone, Debug)]
pub struct Growth {
    size_before: u64,
    frontier: Frontier,
    root: Hash,
    /// One row for each level that the new tree has perfect subtrees on.
    rows: Vec<Row>,
}

/// The perfect subtrees of one level that a path of the batch can meet, and the imperfect one at its end.
#[derive(Clone, Debug)]
struct Row {
    /// Index of `nodes[0]` in the level; always even.
    start: u64,
    nodes: Vec<Hash>,
    /// Hash of the entries behind the last perfect subtree of the level, if there are any.
    remainder: Option<Hash>,
}

impl Growth {
    /// Appends `leaves` (leaf hashes, in order) to the tree of which `before` is the frontier.
    pub fn new(before: &Frontier, leaves: Vec<Hash>) -> Self {
        let size_before = before.size();
        let size = size_before + leaves.len() as u64;
        let (rows, root) = with_remainders(perfect_rows(before, leaves, size), size);
        let frontier = frontier_of(&rows, size);
        Self {
            size_before,
            frontier,
            root,
            rows,
        }
    }

    /// Entries before the batch; also the index of the batch's first entry.
    pub const fn size_before(&self) -> u64 {
        self.size_before
    }

    /// Entries after the batch: the size that every proof is against.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root of the tree after the batch.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The frontier after the batch.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Gives up the rows and keeps the frontier, for the next batch.
    pub fn into_frontier(self) -> Frontier {
        self.frontier
    }

    /// The inclusion proof of entry `index` against [`Growth::size`]; `None` if this batch did not add that entry.
    pub fn proof(&self, index: u64) -> Option<Vec<Hash>> {
        let added = (self.size_before..self.size()).contains(&index);
        added.then(|| self.path(index))
    }

    /// Every new entry's index and inclusion proof, in order.
    pub fn proofs(&self) -> impl Iterator<Item = (u64, Vec<Hash>)> + '_ {
        (self.size_before..self.size()).map(|index| (index, self.path(index)))
    }

    /// The perfect subtrees of `level` that this batch completed, in order. Level 0 gives the new leaves.
    pub fn completed(&self, level: u8) -> &[Hash] {
        let Some(row) = self.rows.get(usize::from(level)) else {
            return &[];
        };
        let old_count = (self.size_before >> level) - row.start;
        row.nodes.get(old_count as usize..).unwrap_or_default()
    }

    /// All perfect subtrees that this batch completed, level by level from the leaves up.
    pub fn completed_nodes(&self) -> impl Iterator<Item = (NodeId, Hash)> + '_ {
        (0..self.rows.len() as u8).flat_map(move |level| {
            let first = self.size_before >> level;
            (first..)
                .zip(self.completed(level))
                .map(move |(index, hash)| (NodeId { level, index }, *hash))
        })
    }

    fn path(&self, leaf: u64) -> Vec<Hash> {
        let mut path = Vec::with_capacity(self.rows.len());
        path.extend(
            self.rows
                .iter()
                .enumerate()
                .filter_map(|(level, row)| row.hash((leaf >> level) ^ 1)),
        );
        path
    }
}

impl Row {
    /// The hash of the node at `index` of this level, perfect or not; `None` if it lies outside of the tree.
    fn hash(&self, index: u64) -> Option<Hash> {
        let offset = index.checked_sub(self.start)? as usize;
        let remainder = || self.remainder.filter(|_| offset == self.nodes.len());
        self.nodes.get(offset).copied().or_else(remainder)
    }
}

/// Rows without remainders, for every level on which a tree of `size` entries has a perfect subtree.
fn perfect_rows(before: &Frontier, leaves: Vec<Hash>, size: u64) -> Vec<Row> {
    let levels = u64::BITS - size.leading_zeros();
    let mut added = leaves;
    (0..levels as u8)
        .map(|level| {
            let start = (before.size() >> level) & !1;
            let mut nodes = std::mem::take(&mut added);
            nodes.splice(0..0, before.root_at(level));
            added = nodes
                .as_chunks::<2>()
                .0
                .iter()
                .map(|[left, right]| node_hash(left, right))
                .collect();
            Row {
                start,
                nodes,
                remainder: None,
            }
        })
        .collect()
}

/// Fills in each level's remainder, from the leaves up, and gives the root that they end in.
fn with_remainders(mut rows: Vec<Row>, size: u64) -> (Vec<Row>, Hash) {
    let mut remainder = None;
    for (level, row) in rows.iter_mut().enumerate() {
        row.remainder = remainder;
        if (size >> level) & 1 == 1 {
            let last = row.nodes.last().copied();
            remainder = match (last, remainder) {
                (Some(left), Some(right)) => Some(node_hash(&left, &right)),
                (last, remainder) => last.or(remainder),
            };
        }
    }
    (rows, remainder.unwrap_or_else(empty_root))
}

/// The last perfect subtree of each level whose bit the size has, widest first.
fn frontier_of(rows: &[Row], size: u64) -> Frontier {
    let on_edge = |(level, row): (usize, &Row)| {
        row.nodes
            .last()
            .copied()
            .filter(|_| (size >> level) & 1 == 1)
    };
    let roots = rows.iter().enumerate().rev().filter_map(on_edge).collect();
    Frontier::from_computed(size, roots)
}
