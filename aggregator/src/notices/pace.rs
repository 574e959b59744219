//! The pace of a channel: at most so many messages in any 60 seconds, as its vendor allows.

use std::collections::VecDeque;

const MINUTE_MS: i64 = 60_000;

/// The sends of the last minute. Owned by the task that sends.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    per_minute: usize,
    sent_at_ms: VecDeque<i64>,
    /// The other end wants to be left alone until then.
    held_until_ms: i64,
}

impl Pace {
    /// A channel that has sent at these instants.
    pub(super) fn new(per_minute: u32, mut sent_at_ms: Vec<i64>) -> Self {
        sent_at_ms.sort_unstable();
        Self {
            per_minute: usize::try_from(per_minute).unwrap_or(usize::MAX),
            sent_at_ms: sent_at_ms.into(),
            held_until_ms: i64::MIN,
        }
    }

    /// How many messages may be sent now.
    pub(super) fn room(&mut self, now_ms: i64) -> usize {
        self.forget(now_ms);
        if now_ms < self.held_until_ms {
            return 0;
        }
        self.per_minute.saturating_sub(self.sent_at_ms.len())
    }

    /// When there is room again.
    pub(super) fn next_at_ms(&mut self, now_ms: i64) -> i64 {
        self.forget(now_ms);
        let free_at_ms = match self.sent_at_ms.front() {
            Some(first) if self.sent_at_ms.len() >= self.per_minute => first + MINUTE_MS + 1,
            Some(_) | None => now_ms,
        };
        free_at_ms.max(self.held_until_ms)
    }

    /// A message is sent now.
    pub(super) fn spend(&mut self, now_ms: i64) {
        self.sent_at_ms.push_back(now_ms);
    }

    /// Nothing is sent before an instant.
    pub(super) fn hold(&mut self, until_ms: i64) {
        self.held_until_ms = self.held_until_ms.max(until_ms);
    }

    fn forget(&mut self, now_ms: i64) {
        // A clock that jumped back must not close a channel for long.
        self.sent_at_ms
            .retain(|at_ms| (now_ms - MINUTE_MS..=now_ms).contains(at_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_holds_more_than_it_may() {
        let (mut pace, mut sent, mut now_ms) = (Pace::new(20, vec![900, 950]), Vec::new(), 1_000);
        while sent.len() < 100 {
            if pace.room(now_ms) > 0 {
                pace.spend(now_ms);
                sent.push(now_ms);
            } else {
                let next = pace.next_at_ms(now_ms);
                assert!(next > now_ms);
                now_ms = next;
            }
        }
        for (at, first) in sent.iter().enumerate() {
            let within = sent[at..].iter().filter(|s| **s < first + MINUTE_MS);
            assert!(within.count() <= 20);
        }
        assert_eq!(sent[17], 1_000, "two had been sent before");
        assert!(sent[18] > 60_900);
    }

    #[test]
    fn a_clock_that_jumps_back_opens_the_channel() {
        let mut pace = Pace::new(1, Vec::new());
        pace.spend(1_000_000);
        assert_eq!(pace.room(1_000_001), 0);
        assert_eq!(pace.room(10), 1);
    }
}
