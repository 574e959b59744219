//! Numbers that follow from a seed: SHA-256 of a counter, as in Rivest's sampler.
//!
//! Source: R. L. Rivest, "A simple pseudo-random sampler" (MIT, 2011), as used for election audits in M. Lindeman and P. B. Stark,
//! "A gentle introduction to risk-limiting audits" (IEEE Security and Privacy 10(5), 2012). A number below a bound is made
//! without modulo bias by refusing the few highest values (Lemire, "Fast random integer generation in an interval", ACM TOMACS
//! 29(1), 2019, section 2).

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// Parts these numbers from every other use of SHA-256.
const DOMAIN: &[u8; 23] = b"granary sample draw v1\n";

/// One stream of numbers, for one stratum.
pub(super) struct Generator {
    prefix: Sha256,
    counter: u64,
}

impl Generator {
    /// Every block hashes the domain (23 bytes), the seed (32), the length of the stratum's code (4, big-endian), the code, and the
    /// block's number (8, big-endian), from 0.
    pub(super) fn new(seed: &Digest, stratum: &str) -> Self {
        let mut prefix = Sha256::new();
        prefix.update(DOMAIN);
        prefix.update(seed.as_bytes());
        // A code is at most some hundred bytes long.
        let length = u32::try_from(stratum.len()).unwrap_or(u32::MAX);
        prefix.update(length.to_be_bytes());
        prefix.update(stratum.as_bytes());
        Self { prefix, counter: 0 }
    }

    /// The first 16 bytes of the next block, big-endian.
    fn next(&mut self) -> u128 {
        let mut block = self.prefix.clone();
        block.update(self.counter.to_be_bytes());
        self.counter += 1;
        let block: [u8; 32] = block.finalize().into();
        let first = block.first_chunk::<16>();
        first.map_or(0, |first| u128::from_be_bytes(*first))
    }

    /// A number below `bound`, each equally likely; 0 where the bound is 0.
    pub(super) fn below(&mut self, bound: u128) -> u128 {
        let bound = bound.max(1);
        // The highest 2^128 mod bound values are refused, so that every remainder is left equally often.
        let refused = (u128::MAX % bound + 1) % bound;
        loop {
            let value = self.next();
            if value <= u128::MAX - refused {
                return value % bound;
            }
        }
    }

    /// Brings `count` items to the front, each of the orders equally likely (Fisher and Yates; Knuth, "The Art of Computer
    /// Programming" 2, 3.4.2, algorithm P).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T], count: usize) {
        let length = items.len();
        for at in 0..count.min(length) {
            let left = length - at;
            let offset = self.below(left as u128);
            items.swap(at, at + usize::try_from(offset).unwrap_or(0));
        }
    }
}
