//! The fast tree code against the literal definitions, and altered proofs.

use proptest::prelude::*;

use super::{frontier, leaf, leaves, nodes, reference};
use crate::log::growth::Growth;
use crate::log::hash::{Hash, empty_root};
use crate::log::merkle::{Frontier, FrontierError, NodeId, TREE_SIZE_MAX, subtrees};
use crate::log::proof::{
    ProofError, ProofPlan, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};

const SMALL: u64 = 70;

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

/// Every proof that differs from `proof` by one flipped bit (one bit of each hash), a hash more or a hash less.
fn altered(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[leaf(0)]].concat(), [&[leaf(0)], proof].concat()];
    for at in 0..proof.len() {
        let mut flip = proof.to_vec();
        flip[at] = flipped(&proof[at], (at * 37 + 5) % 256);
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.extend([flip, shorter]);
    }
    all
}

#[test]
fn all_small_inclusion_proofs_equal_the_definition_and_verify() {
    let all = leaves(0..SMALL);
    for size in 0..=SMALL {
        let tree = &all[..size as usize];
        let root = reference::mth(tree);
        assert_eq!(frontier(size).root(), root);
        for index in 0..size {
            let proof = inclusion_proof(index, size, nodes(tree)).unwrap();
            assert_eq!(
                proof,
                reference::path(index as usize, tree),
                "PATH({index}, D[{size}])"
            );
            assert_eq!(
                verify_inclusion(&leaf(index), index, size, &proof, &root),
                Ok(())
            );
        }
    }
}

#[test]
fn all_small_consistency_proofs_equal_the_definition_and_verify() {
    let all = leaves(0..SMALL);
    for new in 1..=SMALL {
        let tree = &all[..new as usize];
        for old in 1..=new {
            let proof = consistency_proof(old, new, nodes(tree)).unwrap();
            assert_eq!(
                proof,
                reference::proof(old as usize, tree),
                "PROOF({old}, D[{new}])"
            );
            let old_root = reference::mth(&all[..old as usize]);
            assert_eq!(
                verify_consistency(old, &old_root, new, &reference::mth(tree), &proof),
                Ok(())
            );
        }
    }
}

#[test]
fn every_small_altered_inclusion_proof_is_refused() {
    for size in 1..=33 {
        let tree = leaves(0..size);
        let root = reference::mth(&tree);
        for index in 0..size {
            let proof = reference::path(index as usize, &tree);
            for wrong in altered(&proof) {
                assert!(verify_inclusion(&leaf(index), index, size, &wrong, &root).is_err());
            }
            for wrong in (0..size + 3).filter(|wrong| *wrong != index) {
                assert!(verify_inclusion(&leaf(index), wrong, size, &proof, &root).is_err());
                assert!(verify_inclusion(&leaf(wrong), index, size, &proof, &root).is_err());
            }
            assert!(
                verify_inclusion(&leaf(index), index, size, &proof, &flipped(&root, 9)).is_err()
            );
        }
    }
}

/// A proof is bound to the size only through the root, which the checkpoint states beside it. So a wrong size is certain
/// to be refused where it changes the way to the root; RFC 9162's check promises no more.
#[test]
fn a_proof_under_a_size_with_another_way_to_the_root_is_refused() {
    for size in 1..=33_u64 {
        let tree = leaves(0..size);
        let root = reference::mth(&tree);
        for (index, wrong) in (0..size).flat_map(|index| (0..=70).map(move |wrong| (index, wrong)))
        {
            let proof = reference::path(index as usize, &tree);
            let verdict = verify_inclusion(&leaf(index), index, wrong, &proof, &root);
            assert_eq!(
                verdict.is_ok(),
                index < wrong && same_way(index, size, wrong),
                "{index} of {size}, not {wrong}"
            );
        }
    }
}

/// Whether the siblings of `index` stand on the same sides in trees of both sizes.
fn same_way(index: u64, size: u64, other: u64) -> bool {
    let sides = |size: u64| {
        let (mut start, mut end, mut sides) = (0, size, Vec::new());
        while end - start > 1 {
            let mut half = 1;
            while half * 2 < end - start {
                half *= 2;
            }
            let right = index >= start + half;
            (start, end) = if right {
                (start + half, end)
            } else {
                (start, start + half)
            };
            sides.push(right);
        }
        sides
    };
    sides(size) == sides(other)
}

#[test]
fn every_small_altered_consistency_proof_is_refused() {
    for new in 2..=33_u64 {
        let tree = leaves(0..new);
        let new_root = reference::mth(&tree);
        for old in 1..new {
            let old_root = reference::mth(&tree[..old as usize]);
            let proof = reference::proof(old as usize, &tree);
            let check = |old, old_root: &Hash, new, new_root: &Hash, proof: &[Hash]| {
                verify_consistency(old, old_root, new, new_root, proof).is_ok()
            };
            for wrong in altered(&proof) {
                assert!(!check(old, &old_root, new, &new_root, &wrong));
            }
            assert!(!check(old, &flipped(&old_root, 3), new, &new_root, &proof));
            assert!(!check(
                old,
                &old_root,
                new,
                &flipped(&new_root, 250),
                &proof
            ));
            assert!(!check(old, &new_root, new, &old_root, &proof));
            assert!(!check(old, &old_root, new, &new_root, &[]));
            assert!(!check(new, &new_root, old, &old_root, &proof));
            for wrong in (1..=new).filter(|wrong| *wrong != old) {
                assert!(
                    !check(wrong, &old_root, new, &new_root, &proof),
                    "{old} to {new} as {wrong}"
                );
            }
        }
    }
}

#[test]
fn trivial_consistency_needs_equal_roots_and_an_empty_proof() {
    let (one, two) = (leaf(1), leaf(2));
    let cases = [
        ((0, empty_root()), (0, empty_root()), vec![], Ok(())),
        ((0, empty_root()), (9, two), vec![], Ok(())),
        ((5, one), (5, one), vec![], Ok(())),
        (
            (0, empty_root()),
            (9, two),
            vec![one],
            Err(ProofError::TooLong),
        ),
        ((5, one), (5, one), vec![one], Err(ProofError::TooLong)),
        ((1, one), (2, two), vec![], Err(ProofError::TooShort)),
        (
            (2, one),
            (1, two),
            vec![],
            Err(ProofError::SizesReversed {
                old_size: 2,
                new_size: 1,
            }),
        ),
        (
            (0, one),
            (9, two),
            vec![],
            Err(ProofError::OldRootMismatch {
                computed: empty_root(),
                stated: one,
            }),
        ),
        (
            (5, one),
            (5, two),
            vec![],
            Err(ProofError::NewRootMismatch {
                computed: one,
                stated: two,
            }),
        ),
    ];
    for ((old, old_root), (new, new_root), proof, verdict) in cases {
        assert_eq!(
            verify_consistency(old, &old_root, new, &new_root, &proof),
            verdict
        );
    }
}

#[test]
fn errors_name_what_is_wrong() {
    let outside = ProofError::IndexOutside { index: 7, size: 7 };
    assert_eq!(ProofPlan::inclusion(7, 7), Err(outside.clone()));
    assert_eq!(
        verify_inclusion(&leaf(0), 7, 7, &[], &leaf(0)),
        Err(outside)
    );
    assert_eq!(
        ProofPlan::consistency(3, 2),
        Err(ProofError::SizesReversed {
            old_size: 3,
            new_size: 2
        })
    );
    let missing = ProofError::MissingNode(NodeId { level: 0, index: 1 });
    assert_eq!(inclusion_proof(0, 4, |_| None), Err(missing));
    assert_eq!(
        Frontier::restore(5, vec![leaf(0)]),
        Err(FrontierError::Count {
            size: 5,
            expected: 2,
            found: 1
        })
    );
    assert!(Frontier::restore(TREE_SIZE_MAX + 1, vec![leaf(0)]).is_err());
}

#[test]
fn the_largest_sizes_are_no_special_case() {
    let last = u64::MAX - 1;
    let plan = ProofPlan::inclusion(last, u64::MAX).unwrap();
    assert_eq!(plan.proof_len(), 63);
    let proof = plan.assemble(|_| Some(leaf(0))).unwrap();
    let wrong_root = verify_inclusion(&leaf(0), last, u64::MAX, &proof, &leaf(0));
    assert!(
        matches!(wrong_root, Err(ProofError::RootMismatch { .. })),
        "the length is right: {wrong_root:?}"
    );
    let plan = ProofPlan::consistency(last, u64::MAX).unwrap();
    let proof = plan.assemble(|_| Some(leaf(0))).unwrap();
    let wrong_root = verify_consistency(last, &leaf(0), u64::MAX, &leaf(0), &proof);
    assert!(
        matches!(wrong_root, Err(ProofError::OldRootMismatch { .. })),
        "{wrong_root:?}"
    );
}

#[test]
fn the_subtrees_of_a_range_cover_it_in_order() {
    for (start, end) in (0..SMALL).flat_map(|start| (start..=SMALL).map(move |end| (start, end))) {
        let covered = subtrees(start..end)
            .flat_map(|node| (node.index << node.level)..(node.index + 1) << node.level);
        assert!(covered.eq(start..end), "{start}..{end}");
    }
}

/// The whole contract of a batch, for one pair of sizes.
fn check_growth(before: u64, count: u64) {
    let after = before + count;
    let all = leaves(0..after);
    let growth = Growth::new(&frontier(before), all[before as usize..].to_vec());
    assert_eq!(
        growth.root(),
        reference::mth(&all),
        "root of {before} + {count}"
    );
    assert_eq!(
        growth.frontier(),
        &frontier(after),
        "frontier of {before} + {count}"
    );
    assert_eq!(growth.frontier().root(), growth.root());
    let proofs: Vec<_> = growth.proofs().collect();
    assert_eq!(proofs.len() as u64, count);
    for (index, proof) in proofs {
        assert_eq!(
            proof,
            reference::path(index as usize, &all),
            "proof of {index} in {before} + {count}"
        );
        assert_eq!(growth.proof(index), Some(proof));
    }
    assert_eq!(
        (
            growth.proof(after),
            before.checked_sub(1).and_then(|old| growth.proof(old))
        ),
        (None, None)
    );
    check_completed_nodes(&growth, before, &all);
}

/// The perfect subtrees that a batch completed are those that end inside of it, each with the right hash.
fn check_completed_nodes(growth: &Growth, before: u64, all: &[Hash]) {
    let completed: Vec<_> = growth.completed_nodes().collect();
    let size = all.len() as u64;
    let expected: u64 = (0..64)
        .map(|level| (size >> level) - (before >> level))
        .sum();
    assert_eq!(completed.len() as u64, expected);
    for (node, hash) in completed {
        let end = (node.index + 1) << node.level;
        assert!(before < end && end <= size);
        assert_eq!(Some(hash), nodes(all)(node), "{node:?}");
    }
}

#[test]
fn all_small_batches_over_all_small_trees() {
    for before in 0..=SMALL {
        for count in [0, 1, 2, 3, 5, 8, 13, 31] {
            check_growth(before, count);
        }
    }
}

#[test]
fn a_frontier_is_restored_from_the_subtrees_of_its_size() {
    let all = leaves(0..SMALL);
    for size in 0..=SMALL {
        let roots = subtrees(0..size)
            .map(|node| nodes(&all)(node).unwrap())
            .collect();
        assert_eq!(Frontier::restore(size, roots), Ok(frontier(size)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_batches_over_random_trees(before in 0_u64..1500, count in 0_u64..300) {
        check_growth(before, count);
    }

    #[test]
    fn random_larger_proofs_equal_the_definition(size in 71_u64..3000, a in any::<u64>(), b in any::<u64>()) {
        let tree = leaves(0..size);
        let (index, old) = (a % size, 1 + b % size);
        let root = frontier(size).root();
        let path = inclusion_proof(index, size, nodes(&tree)).unwrap();
        prop_assert_eq!(&path, &reference::path(index as usize, &tree));
        prop_assert_eq!(verify_inclusion(&leaf(index), index, size, &path, &root), Ok(()));
        let proof = consistency_proof(old, size, nodes(&tree)).unwrap();
        prop_assert_eq!(&proof, &reference::proof(old as usize, &tree));
        prop_assert_eq!(verify_consistency(old, &frontier(old).root(), size, &root, &proof), Ok(()));
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused(size in 2_u64..2000, a in any::<u64>(), at in any::<usize>(), bit in 0_usize..256) {
        let tree = leaves(0..size);
        let (index, root) = (a % size, frontier(size).root());
        let mut path = inclusion_proof(index, size, nodes(&tree)).unwrap();
        let at = at % path.len();
        path[at] = flipped(&path[at], bit);
        let verdict = verify_inclusion(&leaf(index), index, size, &path, &root);
        let refused = matches!(verdict, Err(ProofError::RootMismatch { .. }));
        prop_assert!(refused);
    }

    #[test]
    fn no_sizes_make_the_checks_panic(
        index in any::<u64>(), size in any::<u64>(), old in any::<u64>(), hashes in 0_usize..70,
    ) {
        let proof = vec![leaf(1); hashes];
        prop_assert!(verify_inclusion(&leaf(0), index, size, &proof, &leaf(2)).is_err());
        prop_assert!(verify_consistency(old, &leaf(0), size, &leaf(2), &proof).is_err());
    }
}
