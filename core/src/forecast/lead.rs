//! Lead times: how long before its due instant a report was accepted, in bins that are narrow near the deadline.

/// How many bins.
pub(super) const BINS: usize = 20;

const HOUR_MS: i64 = 3_600_000;

/// Where each bin begins, in hours before the due instant, and where the last one ends for want of a better end.
const EDGES_H: [i64; BINS + 1] = [
    0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504, 720, 1440,
];

/// The bin of a report accepted so many milliseconds before it was due; from 0 up.
pub(super) fn bin(lead_ms: i64) -> usize {
    let after = EDGES_H.partition_point(|edge_h| edge_h * HOUR_MS <= lead_ms);
    after.saturating_sub(1).min(BINS - 1)
}

/// Of reports counted by bin, how many come later than `lead_ms` before the due instant. Within a bin they are spread
/// evenly, so the answer falls steadily to 0 at the due instant.
pub(super) fn still_to_come(counts: &[f64; BINS], lead_ms: i64) -> f64 {
    at(&later_than_edges(counts), lead_ms)
}

/// Of reports counted by bin, how many come later than each bin's beginning: 0 at the due instant, and last all of them.
pub(super) fn later_than_edges(counts: &[f64; BINS]) -> [f64; BINS + 1] {
    let mut later = [0.0; BINS + 1];
    for (bin, count) in counts.iter().enumerate() {
        later[bin + 1] = later[bin] + count;
    }
    later
}

/// The value at a lead time of a curve that is given at the bins' edges and straight between them.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of 60 days are far below 2^52"
)]
pub(super) fn at(curve: &[f64; BINS + 1], lead_ms: i64) -> f64 {
    let lead_ms = lead_ms.clamp(0, EDGES_H[BINS] * HOUR_MS);
    let bin = bin(lead_ms);
    let (low, high) = (EDGES_H[bin] * HOUR_MS, EDGES_H[bin + 1] * HOUR_MS);
    let share = (lead_ms - low) as f64 / (high - low) as f64;
    curve[bin] + share * (curve[bin + 1] - curve[bin])
}

/// The lead times at which a curve is drawn: where bins begin, from the longest to 0.
pub(super) fn drawn_ms() -> impl Iterator<Item = i64> {
    EDGES_H.into_iter().rev().map(|edge_h| edge_h * HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lies_in_the_bin_whose_edges_hold_it() {
        for (lead_ms, expect) in [
            (0, 0),
            (HOUR_MS - 1, 0),
            (HOUR_MS, 1),
            (5 * HOUR_MS, 4),
            (30 * 24 * HOUR_MS, 19),
            (900 * 24 * HOUR_MS, 19),
        ] {
            assert_eq!(bin(lead_ms), expect, "{lead_ms}");
        }
    }

    #[test]
    fn what_is_still_to_come_falls_to_nothing_at_the_deadline() {
        let counts = [1.0; BINS];
        let all = still_to_come(&counts, i64::MAX);
        assert!((all - 20.0).abs() < 1e-12);
        assert_eq!(still_to_come(&counts, 0), 0.0);
        assert_eq!(still_to_come(&counts, -1), 0.0);
        assert_eq!(still_to_come(&counts, HOUR_MS / 2), 0.5);
        let falling: Vec<f64> = drawn_ms()
            .map(|lead| still_to_come(&counts, lead))
            .collect();
        assert!(falling.is_sorted_by(|a, b| a > b));
    }
}
