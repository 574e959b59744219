//! The city's clock. It is read by the ingress and the sequencer and handed on as a number: the fold never reads it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Says what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// The operating system's clock. It can jump; the sequencer watches it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        // Before 1970 the duration is in the error; such a clock is far behind any journal and stops sequencing.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |duration| {
            i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
        })
    }
}
