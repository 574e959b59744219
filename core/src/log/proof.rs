//! Inclusion and consistency proofs: which perfect subtrees a proof needs, the proof made of them, and the check.
//!
//! A proof is a list of node hashes from the leaves up. A node on the right edge of the tree is no perfect subtree, so a
//! [`ProofPlan`] first names the perfect subtrees that are wanted; the caller fetches them in one go and has them
//! assembled. Checking follows RFC 9162 sections 2.1.3.2 and 2.1.4.2 step by step, for every 64-bit size.

use std::ops::Range;

use super::hash::{Hash, empty_root, node_hash};
use super::merkle::{NodeId, fold_right, split_point, subtrees};

/// What does not hold about a proof, or why it cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree has no such entry.
    #[error("entry {index} lies outside of a tree of {size} entries")]
    IndexOutside {
        /// Zero-based index of the entry.
        index: u64,
        /// Entries in the tree.
        size: u64,
    },
    /// The supposedly earlier tree is the larger one.
    #[error("a tree of {old_size} entries cannot be a prefix of one of {new_size}")]
    SizesReversed {
        /// Entries in the tree that should be the earlier one.
        old_size: u64,
        /// Entries in the tree that should be the later one.
        new_size: u64,
    },
    /// The proof has fewer hashes than the way to the root has steps.
    #[error("the proof ends before it reaches the root")]
    TooShort,
    /// The proof has more hashes than the way to the root has steps.
    #[error("the proof goes on after it has reached the root")]
    TooLong,
    /// The leaf and the proof lead to another root: the entry, its index or the proof was altered.
    #[error("entry and proof lead to root {computed}, but the tree's root is {stated}")]
    RootMismatch {
        /// The root that was computed.
        computed: Hash,
        /// The root that should have come out.
        stated: Hash,
    },
    /// The proof does not contain the earlier tree.
    #[error("the proof leads to earlier root {computed}, but the earlier tree's root is {stated}")]
    OldRootMismatch {
        /// The root that was computed.
        computed: Hash,
        /// The root that should have come out.
        stated: Hash,
    },
    /// The proof does not lead to the later tree: history was rewritten, or the proof altered.
    #[error("the proof leads to later root {computed}, but the later tree's root is {stated}")]
    NewRootMismatch {
        /// The root that was computed.
        computed: Hash,
        /// The root that should have come out.
        stated: Hash,
    },
    /// The source of nodes lacks a perfect subtree that the tree must have.
    #[error("the stored tree lacks the node at level {}, index {}", .0.level, .0.index)]
    MissingNode(NodeId),
}

/// The perfect subtrees that a proof is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofPlan {
    nodes: Vec<NodeId>,
    /// How many of `nodes`, in order, fold into each hash of the proof.
    counts: Vec<usize>,
}

impl ProofPlan {
    /// The plan of PATH(index, D\[size\]), RFC 6962 section 2.1.1.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::IndexOutside { index, size });
        }
        let mut siblings = Vec::new();
        let mut range = 0..size;
        while range.end - range.start > 1 {
            let middle = range.start + split_point(range.end - range.start);
            let (kept, sibling) = split(range, middle, index < middle);
            siblings.push(sibling);
            range = kept;
        }
        Ok(Self::of_ranges(siblings))
    }

    /// The plan of PROOF(old_size, D\[new_size\]), RFC 6962 section 2.1.2; empty if either tree is trivial.
    pub fn consistency(old_size: u64, new_size: u64) -> Result<Self, ProofError> {
        if old_size > new_size {
            return Err(ProofError::SizesReversed { old_size, new_size });
        }
        let mut siblings = Vec::new();
        let mut range = 0..new_size;
        while old_size != 0 && range.end != old_size {
            let middle = range.start + split_point(range.end - range.start);
            let (kept, sibling) = split(range, middle, old_size <= middle);
            siblings.push(sibling);
            range = kept;
        }
        // The verifier knows the hash of the subtree where the descent ends only if that subtree is the whole earlier tree.
        if range.start != 0 {
            siblings.push(range);
        }
        Ok(Self::of_ranges(siblings))
    }

    /// The perfect subtrees to fetch, in the order in which [`ProofPlan::assemble`] asks for them.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Hashes in the finished proof.
    pub fn proof_len(&self) -> usize {
        self.counts.len()
    }

    /// Makes the proof. `node` gives the hash of a perfect subtree.
    pub fn assemble(
        &self,
        node: impl FnMut(NodeId) -> Option<Hash>,
    ) -> Result<Vec<Hash>, ProofError> {
        let mut node = node;
        let fetch = |id: &NodeId| node(*id).ok_or(ProofError::MissingNode(*id));
        let hashes = self
            .nodes
            .iter()
            .map(fetch)
            .collect::<Result<Vec<_>, _>>()?;
        let mut rest = hashes.as_slice();
        let folded = self.counts.iter().filter_map(|count| {
            let (group, behind) = rest.split_at(*count);
            rest = behind;
            fold_right(group)
        });
        Ok(folded.collect())
    }

    /// `ranges` from the root down; the proof goes from the leaves up.
    fn of_ranges(ranges: Vec<Range<u64>>) -> Self {
        let mut plan = Self {
            nodes: Vec::new(),
            counts: Vec::with_capacity(ranges.len()),
        };
        for range in ranges.into_iter().rev() {
            let before = plan.nodes.len();
            plan.nodes.extend(subtrees(range));
            plan.counts.push(plan.nodes.len() - before);
        }
        plan
    }
}

/// The inclusion proof of entry `index` in the tree of `size` entries, whose perfect subtrees `node` gives.
pub fn inclusion_proof(
    index: u64,
    size: u64,
    node: impl FnMut(NodeId) -> Option<Hash>,
) -> Result<Vec<Hash>, ProofError> {
    ProofPlan::inclusion(index, size)?.assemble(node)
}

/// The proof that the tree of `old_size` entries is a prefix of that of `new_size`, whose perfect subtrees `node` gives.
pub fn consistency_proof(
    old_size: u64,
    new_size: u64,
    node: impl FnMut(NodeId) -> Option<Hash>,
) -> Result<Vec<Hash>, ProofError> {
    ProofPlan::consistency(old_size, new_size)?.assemble(node)
}

/// Checks that the entry with this leaf hash is number `index` of the tree with this size and root (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutside { index, size });
    }
    let mut climb = Climb {
        node: index,
        last: size - 1,
    };
    let mut computed = *leaf;
    for sibling in proof {
        computed = match climb.step()? {
            Side::Left => node_hash(sibling, &computed),
            Side::Right => node_hash(&computed, sibling),
        };
    }
    climb.finish()?;
    let stated = *root;
    if computed == stated {
        Ok(())
    } else {
        Err(ProofError::RootMismatch { computed, stated })
    }
}

/// Checks that the earlier tree is a prefix of the later one (RFC 9162 section 2.1.4.2).
///
/// Beyond the RFC, which leaves them out: equal sizes need equal roots, the tree without entries (whose root must be the
/// empty root) is a prefix of every tree, and both take an empty proof only.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::SizesReversed { old_size, new_size });
    }
    if old_size == 0 || old_size == new_size {
        return verify_trivial(old_size, old_root, new_size, new_root, proof);
    }
    // A perfect earlier tree is itself the node that the proof starts from, and is left out of the proof.
    let (start, siblings) = match proof.split_first() {
        None => return Err(ProofError::TooShort),
        Some(_) if old_size.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
    };
    let mut climb = Climb::from_last_perfect(old_size, new_size);
    let (mut old, mut new) = (*start, *start);
    for sibling in siblings {
        match climb.step()? {
            Side::Left => (old, new) = (node_hash(sibling, &old), node_hash(sibling, &new)),
            Side::Right => new = node_hash(&new, sibling),
        }
    }
    climb.finish()?;
    expect_old_root(old, *old_root)?;
    expect_new_root(new, *new_root)
}

fn verify_trivial(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::TooLong);
    }
    if old_size == 0 {
        expect_old_root(empty_root(), *old_root)?;
    }
    if old_size == new_size {
        expect_new_root(*old_root, *new_root)
    } else {
        Ok(())
    }
}

fn expect_old_root(computed: Hash, stated: Hash) -> Result<(), ProofError> {
    if computed == stated {
        Ok(())
    } else {
        Err(ProofError::OldRootMismatch { computed, stated })
    }
}

fn expect_new_root(computed: Hash, stated: Hash) -> Result<(), ProofError> {
    if computed == stated {
        Ok(())
    } else {
        Err(ProofError::NewRootMismatch { computed, stated })
    }
}

/// Splits `range` at `middle` into the half to descend into and its sibling.
fn split(range: Range<u64>, middle: u64, keep_left: bool) -> (Range<u64>, Range<u64>) {
    let (left, right) = (range.start..middle, middle..range.end);
    if keep_left {
        (left, right)
    } else {
        (right, left)
    }
}

/// On which side of the node a sibling stands.
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root: `fn` and `sn` of RFC 9162, the node's index in its level and the level's last.
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    /// Starts at the highest node that ends with the last entry of the earlier tree and is perfect.
    const fn from_last_perfect(old_size: u64, new_size: u64) -> Self {
        let (node, last) = (old_size - 1, new_size - 1);
        let level = node.trailing_ones();
        Self {
            node: node >> level,
            last: last >> level,
        }
    }

    /// Which side the next sibling stands on; goes up past it, and past levels on which the node has no sibling.
    fn step(&mut self) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::TooLong);
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            Side::Left
        } else {
            Side::Right
        };
        if let Side::Left = side {
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
        }
        self.up();
        Ok(side)
    }

    const fn finish(&self) -> Result<(), ProofError> {
        if self.last == 0 {
            Ok(())
        } else {
            Err(ProofError::TooShort)
        }
    }

    const fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}
