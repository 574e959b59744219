//! Tests of the log: published vectors, the definitions of RFC 6962 taken literally, and inputs that must be refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cosignature;
mod edge;
mod note;
mod policy;
mod published;
mod receipt;
mod reference;
mod tiles;
mod tree;
mod witnessing;

use ed25519_dalek::SigningKey;

use super::cosignature::WitnessKey;
use super::hash::{Hash, leaf_hash};
use super::merkle::{Frontier, NodeId};
use super::note::{KeyName, VerifierKey};

/// Leaf hash of a synthetic entry.
fn leaf(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

fn leaves(range: std::ops::Range<u64>) -> Vec<Hash> {
    range.map(leaf).collect()
}

fn frontier(size: u64) -> Frontier {
    let mut frontier = Frontier::empty();
    leaves(0..size)
        .into_iter()
        .for_each(|leaf| frontier.push(leaf));
    frontier
}

/// A source of perfect subtrees over all of `leaves`, by the literal definition.
fn nodes(leaves: &[Hash]) -> impl Fn(NodeId) -> Option<Hash> {
    move |node| {
        let width = 1_u64.checked_shl(node.level.into())?;
        let start = node.index.checked_mul(width)?;
        let range = start as usize..start.checked_add(width)? as usize;
        Some(reference::mth(leaves.get(range)?))
    }
}

/// A synthetic key and its name.
fn key(name: &str, seed: u8) -> (KeyName, SigningKey, VerifierKey) {
    let name = KeyName::new(name).unwrap();
    let signing = SigningKey::from_bytes(&[seed; 32]);
    let verifier = VerifierKey::new(name.clone(), signing.verifying_key()).unwrap();
    (name, signing, verifier)
}

/// A synthetic witness.
fn witness(name: &str, seed: u8) -> (KeyName, SigningKey, WitnessKey) {
    let name = KeyName::new(name).unwrap();
    let signing = SigningKey::from_bytes(&[seed; 32]);
    let key = WitnessKey::new(name.clone(), signing.verifying_key()).unwrap();
    (name, signing, key)
}
