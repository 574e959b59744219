//! When to try again what could not be sent: later after each failure, with jitter, and not for ever.
//!
//! The n-th wait lies evenly in the upper half of `first_ms * 2^n`, bounded by `most_ms` ("equal jitter"). Randomness is an
//! argument.

/// The waits between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The first wait.
    pub first_ms: u64,
    /// The longest wait.
    pub most_ms: u64,
    /// How often it is tried in all.
    pub attempts_max: u32,
}

impl Default for Retry {
    /// Twelve attempts in about nine hours: a mail server that is mended in the morning gets what the night left.
    fn default() -> Self {
        Self {
            first_ms: 30_000,
            most_ms: 2 * 3_600_000,
            attempts_max: 12,
        }
    }
}

impl Retry {
    /// The wait after the `failed`-th attempt (from 1); `None` where it was the last. `random` is 64 even bits.
    #[must_use]
    pub fn wait_ms(&self, failed: u32, random: u64) -> Option<u64> {
        if failed >= self.attempts_max {
            return None;
        }
        let factor = 1_u64
            .checked_shl(failed.saturating_sub(1))
            .unwrap_or(u64::MAX);
        let step = self.first_ms.saturating_mul(factor).min(self.most_ms);
        let half = step / 2;
        Some(half + random % (step - half + 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_grow_and_end(failed in 1..100_u32, random: u64) {
            let retry = Retry::default();
            let wait = retry.wait_ms(failed, random);
            prop_assert_eq!(wait.is_none(), failed >= retry.attempts_max);
            if let Some(wait) = wait {
                let step = (30_000_u64 << (failed - 1)).min(retry.most_ms);
                prop_assert!((step / 2..=step).contains(&wait));
            }
        }
    }
}
