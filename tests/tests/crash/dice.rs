//! Chance from a seed that is printed, and how much is run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Kills over all tests where nothing else is asked for.
const CYCLES: u32 = 210;

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// From `GRANARY_CRASH_SEED`, or from the time; printed, so that a failure can be run again.
    pub(crate) fn thrown() -> Self {
        let given = std::env::var("GRANARY_CRASH_SEED")
            .ok()
            .map(|seed| seed.parse().unwrap());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = given.unwrap_or_else(|| u64::try_from(now.as_micros()).unwrap());
        eprintln!("GRANARY_CRASH_SEED={seed}");
        Self(seed)
    }

    /// Dice of their own for somebody else.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// Below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One time in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A moment before `limit`.
    pub(crate) fn moment(&mut self, limit: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(limit.as_micros()).unwrap().max(1)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A share of all kills, in per cent.
pub(crate) fn cycles(per_cent: u32) -> u32 {
    let given = std::env::var("GRANARY_CRASH_CYCLES")
        .ok()
        .map(|count| count.parse::<u32>().unwrap());
    (given.unwrap_or(CYCLES) * per_cent).div_ceil(100)
}

/// How long a condition may take that must come true: generous, because the machine may be busy. More cycles leave more
/// to be read again at a start.
pub(crate) fn patience() -> Duration {
    Duration::from_secs(60 + u64::from(cycles(100)) / 20)
}
