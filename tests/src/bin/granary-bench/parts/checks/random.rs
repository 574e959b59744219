//! Numbers that look random and are the same everywhere: a hash of where they are used.

const SEED: u64 = 20_261_123;

/// The finaliser of `splitmix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// A hash of a stream and what is asked of it.
pub(crate) fn hash(stream: u64, keys: &[usize]) -> u64 {
    let start = mixed(SEED + stream);
    keys.iter().fold(start, |x, key| {
        mixed(x ^ (*key as u64).wrapping_mul(0xD134_2543_DE82_EF95))
    })
}

/// An integer from `low` to `high`, all equally likely.
pub(crate) fn uniform(stream: u64, low: i64, high: i64, keys: &[usize]) -> i64 {
    low + (hash(stream, keys) % (high - low + 1).unsigned_abs()) as i64
}

/// The sum of four integers from `-half` to `half`: mostly near zero.
pub(crate) fn bell(stream: u64, half: i64, keys: &[usize]) -> i64 {
    (0..4)
        .map(|j| uniform(stream * 16 + j, -half, half, keys))
        .sum()
}

/// The numbers up to `count` in the order of their hashes; `key` is appended to each.
pub(crate) fn shuffled(stream: u64, count: usize, key: Option<usize>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_cached_key(|at| match key {
        Some(key) => hash(stream, &[*at, key]),
        None => hash(stream, &[*at]),
    });
    order
}
