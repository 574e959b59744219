//! The transparency log: an append-only Merkle tree whose signed heads and proofs anybody can check.
//!
//! Everything here is a pure function of bytes and keys. In the order in which data flows:
//!
//! | module | holds | written down in |
//! |---|---|---|
//! | [`hash`] | leaf, node and empty-tree hashes | RFC 6962 section 2.1 |
//! | [`merkle`] | perfect subtrees and the [`Frontier`] of a tree | RFC 6962 section 2.1 |
//! | [`growth`] | one batch appended: new root and every proof, with no read | this module |
//! | [`proof`] | inclusion and consistency proofs, made and checked | RFC 9162 section 2.1.3, 2.1.4 |
//! | [`tiles`] | the tree as 8 KiB files, their paths, entry bundles | c2sp.org/tlog-tiles |
//! | [`edge`] | the growing right edge of the tiles | this module |
//! | [`note`] | signed text | c2sp.org/signed-note |
//! | [`checkpoint`] | the signed head of the tree | c2sp.org/tlog-checkpoint |
//! | [`cosignature`] | what a witness adds to a checkpoint: its word, with its time | c2sp.org/tlog-cosignature |
//! | [`witnessing`] | whether a head continues the one that was seen last | c2sp.org/tlog-witness |
//! | [`policy`] | which witnesses must have cosigned: k of n, in groups | c2sp.org/tlog-policy |
//! | [`receipt`] | entry, proof and checkpoint in one file | c2sp.org/tlog-proof |
//!
//! Invariants:
//! - A parser accepts exactly the texts that the writer can produce (base64 with canonical padding, decimals without
//!   leading zeroes), so that one statement has one spelling.
//! - No parser panics, whatever it is given, and none allocates more than a small multiple of its input.
//! - Ed25519 is always verified with `verify_strict`.

// The tree.
pub mod hash;
pub mod merkle;

pub mod growth;
pub mod proof;

// The tree as files.
pub mod tiles;

pub mod edge;

// What is signed and handed out.
pub mod note;

pub mod checkpoint;
pub mod cosignature;
pub mod policy;
pub mod witnessing;

pub mod receipt;

mod text;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{CosignatureError, Cosigned, WitnessKey};
pub use edge::{EdgeGrowth, TileEdge};
pub use growth::Growth;
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use merkle::{Frontier, NodeId};
pub use note::{KeyName, NoteError, NoteKeyId, SignedNote, VerifierKey};
pub use policy::{Policy, PolicyError, Witnessed};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use receipt::{Receipt, ReceiptError};
pub use tiles::{Tile, TileId, TilePath};
pub use witnessing::{AddCheckpoint, Break};

#[cfg(test)]
mod tests;
