//! How long to wait for a fuller group.
//!
//! A commit costs about the same for one entry as for a hundred, so under load a group should be full; but a lone
//! submission should not wait for others that do not come. The one sign of load that the sequencer can see is how many
//! submissions were under way at the same time: those of a batch, and those that arrived while it was being committed.
//! So the next batch waits for about as many, and stops waiting when they do not come.

use std::time::Duration;

/// How long no submission has to come for the wait to be given up.
const QUIET: Duration = Duration::from_micros(250);

/// Decides how long to gather. Owned by the sequencer's thread.
#[derive(Debug)]
pub(super) struct Gather {
    /// How many submissions were lately under way at once, times 16, so that it decays smoothly.
    under_way_x16: usize,
    wait_max: Duration,
}

impl Gather {
    pub(super) const fn new(wait_max: Duration) -> Self {
        Self {
            under_way_x16: 0,
            wait_max,
        }
    }

    /// What to wait for: a count, a quiet time and the longest time; nothing where a lone submission should go at once.
    pub(super) fn plan(&self) -> Option<(usize, Duration, Duration)> {
        let wanted = self.under_way_x16 / 16;
        (wanted > 1 && !self.wait_max.is_zero()).then_some((wanted, QUIET, self.wait_max))
    }

    /// Learns from a batch: its size and how many arrived while it was being committed.
    pub(super) fn observe(&mut self, batch: usize, arrived_meanwhile: usize) {
        // A burst is believed at once and forgotten over some ten batches.
        let decayed = self.under_way_x16 - self.under_way_x16.div_ceil(8);
        self.under_way_x16 = decayed.max((batch + arrived_meanwhile) * 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_submitter_never_waits_and_many_wait_for_each_other() {
        let mut gather = Gather::new(Duration::from_millis(2));
        for _ in 0..100 {
            assert_eq!(gather.plan(), None);
            gather.observe(1, 0);
        }
        // Sixteen at a time: one opens the batch, fifteen arrive while it is committed.
        gather.observe(1, 15);
        assert_eq!(gather.plan().unwrap().0, 16);
        gather.observe(16, 0);
        assert_eq!(gather.plan().unwrap().0, 16);
    }

    #[test]
    fn load_that_is_over_is_forgotten() {
        let mut gather = Gather::new(Duration::from_millis(2));
        gather.observe(300, 200);
        let batches = (0..200).take_while(|_| {
            gather.observe(1, 0);
            gather.plan().is_some()
        });
        assert!((5..100).contains(&batches.count()));
    }
}
