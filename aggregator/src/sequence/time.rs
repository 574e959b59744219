//! Receive times: never earlier than the entry before, and no time at all from a clock that jumped back.

/// Gives receive times. Owned by the sequencer's thread.
#[derive(Debug)]
pub(super) struct ReceiveTime {
    last_ms: Option<i64>,
    tolerance_ms: i64,
    stopped: bool,
}

/// The clock is so far behind the last entry that no receive time can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockBehind {
    /// By how much, in milliseconds.
    pub(super) behind_ms: i64,
    /// Whether this is the first refusal since the clock was right.
    pub(super) first: bool,
}

impl ReceiveTime {
    pub(super) const fn new(last_ms: Option<i64>, tolerance_ms: i64) -> Self {
        Self {
            last_ms,
            tolerance_ms,
            stopped: false,
        }
    }

    /// The receive time at `now_ms`. Within the tolerance a clock that stepped back is held at the last entry's time;
    /// beyond it nothing is given until the clock has caught up with the last entry.
    pub(super) fn at(&mut self, now_ms: i64) -> Result<i64, ClockBehind> {
        let last_ms = self.last_ms.unwrap_or(now_ms);
        let behind_ms = last_ms.saturating_sub(now_ms);
        let tolerated_ms = if self.stopped { 0 } else { self.tolerance_ms };
        if behind_ms > tolerated_ms {
            let first = !std::mem::replace(&mut self.stopped, true);
            return Err(ClockBehind { behind_ms, first });
        }
        self.stopped = false;
        Ok(now_ms.max(last_ms))
    }

    /// Takes over the time of the last durable entry.
    pub(super) fn committed(&mut self, last_ms: Option<i64>) {
        self.last_ms = last_ms.or(self.last_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_step_back_is_held_and_a_jump_stops_until_caught_up() {
        let mut time = ReceiveTime::new(None, 1_000);
        assert_eq!(time.at(50_000), Ok(50_000));
        time.committed(Some(50_000));
        assert_eq!(time.at(49_000), Ok(50_000));
        assert_eq!(
            time.at(48_999),
            Err(ClockBehind {
                behind_ms: 1_001,
                first: true
            })
        );
        // Once stopped, the tolerance does not let it go on early.
        assert_eq!(
            time.at(49_500),
            Err(ClockBehind {
                behind_ms: 500,
                first: false
            })
        );
        assert_eq!(time.at(50_000), Ok(50_000));
        assert_eq!(time.at(49_500), Ok(50_000));
        assert_eq!(time.at(60_000), Ok(60_000));
    }

    #[test]
    fn the_time_before_a_restart_counts() {
        let mut time = ReceiveTime::new(Some(90_000), 1_000);
        assert_eq!(
            time.at(10_000),
            Err(ClockBehind {
                behind_ms: 80_000,
                first: true
            })
        );
    }
}
