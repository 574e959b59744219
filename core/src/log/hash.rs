//! The hashes of the tree: SHA-256 with the domain prefixes of RFC 6962 section 2.1.
//!
//! A leaf is hashed behind a zero byte and an inner node behind a one, so that no entry can pose as a node.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::text;

const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// A SHA-256 hash of a leaf, of an inner node, or of a whole tree. Displays as lowercase hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::LEN]);

/// A text or a byte string that is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 hash: expected 32 bytes in canonical hex or base64")]
pub struct HashFormError;

impl Hash {
    /// Bytes in a hash.
    pub const LEN: usize = 32;

    /// Wraps 32 bytes that are already a hash.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Reads a hash from a slice that must be exactly 32 bytes long.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, HashFormError> {
        bytes.try_into().map(Self).map_err(|_| HashFormError)
    }

    /// Parses 64 lowercase hex digits.
    pub fn from_hex(hex: &str) -> Result<Self, HashFormError> {
        text::parse_hex(hex).map(Self).ok_or(HashFormError)
    }

    /// Parses 44 characters of base64 (RFC 4648 section 4), the form in checkpoints and proofs.
    pub fn from_base64(base64: &str) -> Result<Self, HashFormError> {
        Self::from_slice(&text::parse_base64(base64).ok_or(HashFormError)?)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The base64 form, as checkpoints and proofs write it.
    pub fn to_base64(&self) -> String {
        let mut out = String::with_capacity(text::base64_len(Self::LEN));
        self.push_base64(&mut out);
        out
    }

    /// Appends the base64 form to `out`.
    pub(super) fn push_base64(&self, out: &mut String) {
        text::push_base64(out, &self.0);
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write_hex(f, &self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of an entry: `SHA-256(0x00 || entry)` (RFC 6962 section 2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let hasher = Sha256::new().chain_update(LEAF_PREFIX).chain_update(entry);
    Hash(hasher.finalize().into())
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)` (RFC 6962 section 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new()
        .chain_update(NODE_PREFIX)
        .chain_update(left.0)
        .chain_update(right.0);
    Hash(hasher.finalize().into())
}

/// The root of the tree without entries: `SHA-256()` of nothing (RFC 6962 section 2.1).
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}
