//! Facts that others published, each with the verdict that a sound implementation gives: Merkle proofs, some of them
//! tampered with in every way that somebody thought of, and Ed25519 signatures at the edges of the curve.
//!
//! The files under `vectors/` are tables of facts in a form of our own; the first lines of each name its source.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use granary_core::{
    envelope::{PublicKey, Suite},
    log::{Hash, verify_consistency, verify_inclusion},
};

const MERKLE: &str = include_str!("vectors/merkle_probes.txt");
const POINTS: &str = include_str!("vectors/ed25519_points.txt");
const SIGNATURES: &str = include_str!("vectors/ed25519_signatures.txt");

/// Probes that are refused where a proof from the tree without entries counts as a mistake of the caller. Here that tree is
/// a prefix of every tree: a witness that has seen nothing yet needs no case of its own.
const FROM_NOTHING: [&str; 1] = ["consistency/additional/size1-is-zero-and-size2-is-not-zero"];

/// The lines of a file as words, without its comment.
fn lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let facts = text.lines().filter(|line| !line.starts_with('#'));
    facts.map(|line| line.split(' ').collect())
}

/// Hexadecimal digits as bytes; `-` stands for none.
fn bytes(hex: &str) -> Vec<u8> {
    let hex = hex.trim_start_matches('-');
    let pairs = hex.as_bytes().as_chunks::<2>().0.iter();
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn holds(verdict: &str) -> bool {
    match verdict {
        "holds" => true,
        "refused" => false,
        other => panic!("{other} is no verdict"),
    }
}

/// Some probes put a few words where a hash belongs. Filled up, they differ from each other and from every hash, so that
/// the proof's check has to find them out and not the parser. Nothing at all is no hash.
fn hash(bytes: &[u8]) -> Option<Hash> {
    let mut filled = [0; Hash::LEN];
    filled[..bytes.len()].copy_from_slice(bytes);
    (!bytes.is_empty()).then(|| Hash::from_bytes(filled))
}

/// Whether a probe's proof holds.
fn proves(probe: &[&str], table: &BTreeMap<&str, Vec<u8>>) -> bool {
    let [kind, first, size, start, root, proof, ..] = probe else {
        panic!("{probe:?}")
    };
    let named = |name: &str| hash(&table[name]);
    let proof: Option<Vec<_>> = match *proof {
        "-" => Some(Vec::new()),
        listed => listed.split(',').map(named).collect(),
    };
    let (Some(start), Some(root), Some(proof)) = (named(start), named(root), proof) else {
        return false;
    };
    let (first, size) = (first.parse().unwrap(), size.parse().unwrap());
    match *kind {
        "inclusion" => verify_inclusion(&start, first, size, &proof, &root).is_ok(),
        "consistency" => verify_consistency(first, &start, size, &root, &proof).is_ok(),
        other => panic!("{other} is no kind of probe"),
    }
}

#[test]
fn every_merkle_probe_gets_its_verdict() {
    let mut table = BTreeMap::new();
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    for words in lines(MERKLE) {
        if let ["hash", number, hex] = words[..] {
            table.insert(number, bytes(hex));
            continue;
        }
        let (verdict, name) = (words[6], words[7]);
        let expected = holds(verdict) || FROM_NOTHING.contains(&name);
        assert_eq!(proves(&words, &table), expected, "{name}");
        *counts.entry((words[0], verdict)).or_default() += 1;
    }
    let counted: Vec<_> = counts.into_iter().collect();
    assert_eq!(
        counted,
        [
            (("consistency", "holds"), 6),
            (("consistency", "refused"), 92),
            (("inclusion", "holds"), 6),
            (("inclusion", "refused"), 92),
        ]
    );
}

fn verifies(key: &str, message: &[u8], signature: &[u8]) -> bool {
    let key = PublicKey::from_bytes(Suite::Ed25519, &bytes(key));
    key.is_ok_and(|key| key.verify(message, signature).is_ok())
}

#[test]
fn signatures_over_points_of_low_order_are_refused() {
    let mut tables = BTreeMap::new();
    let (mut held, mut refused) = (0, 0);
    for words in lines(POINTS) {
        if let [table, number, hex] = words[..] {
            tables.insert((table, number), hex);
            continue;
        }
        let [_, name, a, r, s, message, verdict] = words[..] else {
            panic!("{words:?}")
        };
        let message = message.replace('_', " ");
        let signature = [bytes(tables[&("R", r)]), bytes(tables[&("s", s)])].concat();
        let found = verifies(tables[&("A", a)], message.as_bytes(), &signature);
        assert_eq!(found, holds(verdict), "vector {name}");
        *(if found { &mut held } else { &mut refused }) += 1;
    }
    assert_eq!((held, refused), (43, 871));
}

#[test]
fn malleable_and_malformed_signatures_are_refused() {
    let (mut held, mut refused) = (0, 0);
    for words in lines(SIGNATURES) {
        let [number, key, message, signature, verdict] = words[..] else {
            panic!("{words:?}")
        };
        let found = verifies(key, &bytes(message), &bytes(signature));
        assert_eq!(found, holds(verdict), "case {number}");
        *(if found { &mut held } else { &mut refused }) += 1;
    }
    assert_eq!((held, refused), (81, 63));
}
