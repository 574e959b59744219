//! A bound on the rate of one connection's submissions: who is faster waits, and is not refused.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Hands out instants, evenly spaced, after a burst of one second's worth.
pub(super) struct Pace(Mutex<Spacing>);

/// The arithmetic of it.
struct Spacing {
    each: Duration,
    /// When the last submission would have been due if all were evenly spaced.
    last: Instant,
}

/// How far ahead of the even spacing a connection may be.
const BURST: Duration = Duration::from_secs(1);

impl Pace {
    /// At most `per_second`, which is at least 1.
    pub(super) fn new(per_second: u32) -> Self {
        Self(Mutex::new(Spacing::new(per_second, Instant::now())))
    }

    /// Waits until one more submission may be made.
    pub(super) async fn wait(&self) {
        // The critical section cannot panic, so a poisoned lock holds a sound value.
        let due = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next(Instant::now());
        sleep_until(due).await;
    }
}

impl Spacing {
    fn new(per_second: u32, now: Instant) -> Self {
        Self {
            each: Duration::from_secs(1) / per_second.max(1),
            last: now,
        }
    }

    /// When one more submission that comes at `now` may be made.
    fn next(&mut self, now: Instant) -> Instant {
        self.last = self.last.max(now.checked_sub(BURST).unwrap_or(now)) + self.each;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut spacing = Spacing::new(10, start);
        let now = start + Duration::from_secs(5);
        let waits: Vec<Duration> = (0..30)
            .map(|_| spacing.next(now).saturating_duration_since(now))
            .collect();
        assert!(
            waits[..10].iter().all(Duration::is_zero),
            "a second's worth passes at once: {waits:?}"
        );
        assert_eq!(waits[10], Duration::from_millis(100));
        assert_eq!(
            waits[29],
            Duration::from_secs(2),
            "twenty more take two seconds"
        );
    }
}
