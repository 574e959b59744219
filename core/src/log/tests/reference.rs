//! RFC 6962 section 2.1 word for word, slow and recursive: what the fast code is held against.

use crate::log::hash::Hash;
use sha2::{Digest as _, Sha256};

/// MTH(D[n]), over leaf hashes.
pub(super) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::from_bytes(Sha256::digest(b"").into()),
        [only] => *only,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            let bytes = [&[1], mth(left).as_bytes().as_slice(), mth(right).as_bytes()].concat();
            Hash::from_bytes(Sha256::digest(bytes).into())
        }
    }
}

/// PATH(m, D[n]) of section 2.1.1.
pub(super) fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    if m < k {
        [path(m, left), vec![mth(right)]].concat()
    } else {
        [path(m - k, right), vec![mth(left)]].concat()
    }
}

/// PROOF(m, D[n]) of section 2.1.2, for 0 < m < n.
pub(super) fn proof(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    subproof(m, leaves, true)
}

fn subproof(m: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    if m <= k {
        [subproof(m, left, known), vec![mth(right)]].concat()
    } else {
        [subproof(m - k, right, false), vec![mth(left)]].concat()
    }
}

/// The largest power of two smaller than n.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}
