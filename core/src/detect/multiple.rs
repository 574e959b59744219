//! Many tests at once: which p-values count, and how many flags chance alone would give.
//!
//! Source: Benjamini and Hochberg, "Controlling the False Discovery Rate" (Journal of the Royal Statistical Society B 57(1),
//! 1995), section 3.1: with the p-values in ascending order, the largest k with `p(k) <= q k / m` is sought, and the k smallest are
//! flagged. Among independent (or positively dependent) tests, at most the share q of the flags is then false on average.

use super::number;

/// The outcome of a control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Control {
    /// A test is flagged where its p-value is at most this; 0 where none is.
    pub cut: f64,
    /// How many are flagged.
    pub flags: usize,
    /// How many p-values at or below the cut chance alone would give, were every unit clean: the number of tests times the
    /// cut; where nothing is flagged, times the first step of the staircase, `q / m`.
    pub expected_by_chance: f64,
}

/// Controls the false discovery rate of `p_values` at `rate`. Reorders nothing; the order of the input does not matter.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64], rate: f64) -> Control {
    let mut keys: Vec<i64> = p_values.iter().copied().map(number::sort_key).collect();
    keys.sort_unstable();
    let count = keys.len() as f64;
    let step = |rank: usize| rate * (rank as f64 + 1.0) / count;
    let last = (0..keys.len())
        .rev()
        .find(|rank| number::from_sort_key(keys[*rank]) <= step(*rank));
    let flags = last.map_or(0, |rank| rank + 1);
    // The cut is the step, not the largest p-value under it: no p-value lies between the two.
    let cut = last.map_or(0.0, step);
    let first_step = if keys.is_empty() { 0.0 } else { rate };
    Control {
        cut,
        flags,
        expected_by_chance: last.map_or(first_step, |_| count * cut),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fifteen p-values of the paper's section 4.1 (a trial of two treatments of myocardial infarction): at 0.05 it rejects
    /// the four smallest.
    const PAPER: [f64; 15] = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ];

    #[test]
    fn the_papers_example() {
        let control = benjamini_hochberg(&PAPER, 0.05);
        assert_eq!(control.flags, 4);
        assert!((control.cut - 0.05 * 4.0 / 15.0).abs() < 1e-12);
        assert!((control.expected_by_chance - 0.2).abs() < 1e-12);
        let backwards: Vec<f64> = PAPER.iter().rev().copied().collect();
        assert_eq!(benjamini_hochberg(&backwards, 0.05), control);
    }

    #[test]
    fn nothing_is_flagged_without_tests_or_without_small_p_values() {
        assert_eq!(
            benjamini_hochberg(&[], 0.05),
            Control {
                cut: 0.0,
                flags: 0,
                expected_by_chance: 0.0
            }
        );
        let control = benjamini_hochberg(&[0.5, 0.9], 0.05);
        assert_eq!(
            (control.cut, control.flags, control.expected_by_chance),
            (0.0, 0, 0.05)
        );
    }

    #[test]
    fn a_later_small_step_carries_earlier_ones() {
        // 0.04 alone would fail its own step of 0.025; the second one passes, so both are flagged.
        assert_eq!(benjamini_hochberg(&[0.04, 0.045], 0.05).flags, 2);
    }
}
