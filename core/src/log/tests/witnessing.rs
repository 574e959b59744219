//! What a witness cosigns and what it refuses: growth, forks, shrinking, and requests in their only spelling.

use proptest::prelude::*;

use super::{leaves, nodes, reference};
use crate::log::checkpoint::Checkpoint;
use crate::log::hash::{Hash, empty_root, leaf_hash};
use crate::log::proof::consistency_proof;
use crate::log::witnessing::{AddCheckpoint, Break, RequestError, continues};

fn head(leaves: &[Hash]) -> Checkpoint {
    let root = reference::mth(leaves);
    Checkpoint::new("city.example/log", leaves.len() as u64, root).unwrap()
}

#[test]
fn the_first_head_is_taken_as_it_is_but_never_with_a_false_empty_root() {
    assert_eq!(continues(None, &head(&leaves(0..5)), &[]), Ok(()));
    assert_eq!(continues(None, &head(&[]), &[]), Ok(()));
    let hash = leaf_hash(b"leaf");
    assert!(continues(None, &head(&leaves(0..5)), &[hash]).is_err());
    let false_empty = Checkpoint::new("city.example/log", 0, hash).unwrap();
    assert!(continues(None, &false_empty, &[]).is_err());
    assert!(continues(None, &head(&[]), &[empty_root()]).is_err());
}

#[test]
fn a_fork_is_named_for_what_it_is() {
    let (seen, mut other) = (leaves(0..6), leaves(0..6));
    other[3] = leaf_hash(b"another");
    assert_eq!(
        continues(Some(&head(&seen)), &head(&other), &[]),
        Err(Break::TwoRoots { size: 6 })
    );
    assert_eq!(
        continues(Some(&head(&seen)), &head(&seen[..5]), &[]),
        Err(Break::Shrunk { seen: 6, shown: 5 })
    );
    other.extend(leaves(6..9));
    let proof = consistency_proof(6, 9, nodes(&other)).unwrap();
    let fork = continues(Some(&head(&seen)), &head(&other), &proof);
    assert!(matches!(
        fork,
        Err(Break::NotProven {
            seen: 6,
            shown: 9,
            ..
        })
    ));
}

#[test]
fn a_request_has_one_spelling() {
    let hash = leaf_hash(b"leaf").to_base64();
    for (text, expected) in [
        ("", RequestError::OldSize),
        ("old 01\n\nx\n", RequestError::OldSize),
        ("old -1\n\nx\n", RequestError::OldSize),
        ("old 1\n", RequestError::NoCheckpoint),
        ("old 1\nAAAA\n\nx\n", RequestError::ProofLine { line: 2 }),
    ] {
        assert_eq!(AddCheckpoint::parse(text), Err(expected), "{text:?}");
    }
    let long = format!("old 1\n{}\nx\n", format!("{hash}\n").repeat(64));
    assert_eq!(
        AddCheckpoint::parse(&long),
        Err(RequestError::ProofLine { line: 65 })
    );
}

proptest! {
    #[test]
    fn a_log_that_only_grows_is_always_cosigned_and_one_that_forked_never(
        old in 1_u64..70, added in 0_u64..70, at in any::<prop::sample::Index>(),
    ) {
        let all = leaves(0..old + added);
        let seen = head(&all[..old as usize]);
        let proof = consistency_proof(old, old + added, nodes(&all)).unwrap();
        prop_assert_eq!(continues(Some(&seen), &head(&all), &proof), Ok(()));
        let mut forked = all.clone();
        forked[at.index(old as usize)] = leaf_hash(b"another");
        let proof = consistency_proof(old, old + added, nodes(&forked)).unwrap();
        prop_assert!(continues(Some(&seen), &head(&forked), &proof).is_err());
        let request = AddCheckpoint { old_size: old, proof, checkpoint: "a\n\nb\n".into() };
        prop_assert_eq!(AddCheckpoint::parse(&request.to_text()), Ok(request));
    }

    #[test]
    fn arbitrary_requests_never_panic(text in "(old [0-9]{1,3}\n)?[A-Za-z0-9+/=\n]{0,200}") {
        let _ = AddCheckpoint::parse(&text);
    }
}
