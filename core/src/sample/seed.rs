//! The seed: what nobody knew when the sample was announced.

use sha2::{Digest as _, Sha256};

use crate::{digest::Digest, log::Hash};

/// Parts the seed from every other use of SHA-256.
const DOMAIN: &[u8; 23] = b"granary sample seed v1\n";

/// SHA-256 over the domain (23 bytes), the leaf hash of the announcement's entry (32), the root of the seal's tree (32), the
/// length of the public string in bytes (8, big-endian) and its UTF-8 bytes.
#[must_use]
pub fn seed(announcement: &Hash, root: &Hash, public: &str) -> Digest {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(announcement.as_bytes());
    hash.update(root.as_bytes());
    hash.update((public.len() as u64).to_be_bytes());
    hash.update(public.as_bytes());
    Digest::from_bytes(hash.finalize().into())
}
