//! Repeating and summing up: a figure is a median of repetitions, after one that does not count.

use std::time::{Duration, Instant};

/// Repetitions of a short measurement.
pub(crate) const REPETITIONS: usize = 5;

/// The middle of some figures; zero where there are none.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// How often a second `work` can be done: the median of [`REPETITIONS`] stretches, after one to warm up. `work` does
/// several units and says how many.
pub(crate) fn rate_per_s(stretch: Duration, mut work: impl FnMut() -> usize) -> f64 {
    let mut one = || {
        let start = Instant::now();
        let mut done = 0;
        while start.elapsed() < stretch {
            done += work();
        }
        per_s(done, start.elapsed())
    };
    one();
    median((0..REPETITIONS).map(|_| one()).collect())
}

/// The median time of one `work` in milliseconds, after one to warm up.
pub(crate) fn median_ms(repetitions: usize, mut work: impl FnMut()) -> f64 {
    let mut one = || {
        let start = Instant::now();
        work();
        millis(start.elapsed())
    };
    one();
    median((0..repetitions).map(|_| one()).collect())
}

/// A rate.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]
pub(crate) fn per_s(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// A duration in milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A share of bytes in megabytes (10^6).
#[expect(
    clippy::cast_precision_loss,
    reason = "sizes of a benchmark are far below 2^52"
)]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
