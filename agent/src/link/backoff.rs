//! Waiting longer after each failure, with jitter, so that three thousand agents do not all come back in the same second.
//!
//! The n-th wait is drawn evenly from the upper half of `min * 2^n`, bounded by `max` ("equal jitter"): never shorter than
//! half the step, so that a city in trouble gets air, and spread over the other half. Randomness is an argument.

use std::time::Duration;

use crate::settings::LinkSettings;

/// Where jitter comes from: every call gives 64 even bits.
pub type Random = Box<dyn FnMut() -> u64 + Send>;

/// The waits of one line. One owner: the task that waits.
pub struct Backoff {
    min_ms: u64,
    max_ms: u64,
    failures: u32,
    random: Random,
}

impl Backoff {
    /// Begins with the shortest wait.
    #[must_use]
    pub fn new(link: &LinkSettings, random: Random) -> Self {
        Self {
            min_ms: link.backoff_ms_min,
            max_ms: link.backoff_ms_max,
            failures: 0,
            random,
        }
    }

    /// The wait after one more failure.
    pub fn next_wait(&mut self) -> Duration {
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let step = self
            .min_ms
            .saturating_mul(factor)
            .clamp(self.min_ms, self.max_ms);
        self.failures = self.failures.saturating_add(1).min(63);
        let half = step / 2;
        let jitter = (self.random)() % (step - half + 1);
        Duration::from_millis(half + jitter)
    }

    /// Something worked: the next wait is short again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Jitter from the operating system; a machine without randomness gets none, and waits all the same.
#[must_use]
pub fn system_random() -> Random {
    Box::new(|| getrandom::u64().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    /// SplitMix64 (Steele, Lea, Flood 2014), from a seed.
    fn seeded(mut state: u64) -> Random {
        Box::new(move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        })
    }

    fn settings(min: u64, max: u64) -> LinkSettings {
        LinkSettings {
            backoff_ms_min: min,
            backoff_ms_max: max,
            ..LinkSettings::default()
        }
    }

    proptest! {
        #[test]
        fn waits_grow_within_their_bounds(min in 1..10_000_u64, more in 0..1_000_000_u64, seed in any::<u64>()) {
            let max = min + more;
            let mut backoff = Backoff::new(&settings(min, max), seeded(seed));
            for failures in 0..80_u32 {
                let wait = u64::try_from(backoff.next_wait().as_millis()).unwrap();
                let step = min.saturating_mul(1_u64.checked_shl(failures).unwrap_or(u64::MAX)).min(max);
                prop_assert!((step / 2..=step).contains(&wait), "{wait} is not in the upper half of {step}");
            }
        }
    }

    #[test]
    fn two_agents_do_not_wait_alike() {
        let waits = |seed| {
            let mut backoff = Backoff::new(&settings(1_000, 60_000), seeded(seed));
            (0..8).map(|_| backoff.next_wait()).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1), "the same seed gives the same waits");
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn success_makes_the_next_wait_short() {
        let mut backoff = Backoff::new(&settings(100, 100_000), seeded(3));
        for _ in 0..9 {
            backoff.next_wait();
        }
        backoff.reset();
        assert!(backoff.next_wait() <= Duration::from_millis(100));
    }
}
