//! The eight-leaf tree that implementations of certificate transparency share: its roots and proofs.

use super::nodes;
use crate::log::growth::Growth;
use crate::log::hash::{Hash, empty_root, leaf_hash};
use crate::log::merkle::Frontier;
use crate::log::proof::{consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};

const ENTRIES: [&[u8]; 8] = [
    b"",
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e,
        0x6f,
    ],
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const LEAF_1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const LEAF_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const LEAF_6: &str = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f";
const LEAVES_2_3: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const LEAVES_4_5: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const LEAVES_6_7: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const LEAVES_4_7: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";

fn published_leaves() -> Vec<Hash> {
    ENTRIES.iter().map(|entry| leaf_hash(entry)).collect()
}

fn root(size: u64) -> Hash {
    Hash::from_hex(ROOTS[size as usize]).unwrap()
}

fn hashes(hex: &[&str]) -> Vec<Hash> {
    hex.iter().map(|hex| Hash::from_hex(hex).unwrap()).collect()
}

#[test]
fn every_published_root_comes_out_of_both_ways_to_append() {
    assert_eq!(empty_root(), root(0));
    let mut frontier = Frontier::empty();
    for size in 0..=8 {
        assert_eq!(frontier.root(), root(size), "one at a time, size {size}");
        let batch = Growth::new(
            &Frontier::empty(),
            published_leaves()[..size as usize].to_vec(),
        );
        assert_eq!(batch.root(), root(size), "in one batch, size {size}");
        if size < 8 {
            frontier.push(published_leaves()[size as usize]);
        }
    }
}

#[test]
fn published_inclusion_proofs_are_made_and_verify() {
    let cases: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (0, 8, &[LEAF_1, LEAVES_2_3, LEAVES_4_7]),
        (5, 8, &[LEAF_4, LEAVES_6_7, ROOTS[4]]),
        (2, 3, &[ROOTS[2]]),
        (1, 5, &[ROOTS[1], LEAVES_2_3, LEAF_4]),
    ];
    let leaves = published_leaves();
    for (index, size, proof) in cases {
        let proof = hashes(proof);
        assert_eq!(
            inclusion_proof(index, size, nodes(&leaves)),
            Ok(proof.clone())
        );
        let batch = Growth::new(&Frontier::empty(), leaves[..size as usize].to_vec());
        assert_eq!(batch.proof(index), Some(proof.clone()));
        assert_eq!(
            verify_inclusion(&leaves[index as usize], index, size, &proof, &root(size)),
            Ok(())
        );
    }
}

#[test]
fn published_consistency_proofs_are_made_and_verify() {
    let cases: [(u64, u64, &[&str]); 5] = [
        (1, 1, &[]),
        (1, 8, &[LEAF_1, LEAVES_2_3, LEAVES_4_7]),
        (6, 8, &[LEAVES_4_5, LEAVES_6_7, ROOTS[4]]),
        (2, 5, &[LEAVES_2_3, LEAF_4]),
        (6, 7, &[LEAVES_4_5, LEAF_6, ROOTS[4]]),
    ];
    let leaves = published_leaves();
    for (old, new, proof) in cases {
        let proof = hashes(proof);
        assert_eq!(
            consistency_proof(old, new, nodes(&leaves)),
            Ok(proof.clone())
        );
        assert_eq!(
            verify_consistency(old, &root(old), new, &root(new), &proof),
            Ok(())
        );
    }
}
