//! How much units differ from each other: the strength of a Dirichlet prior, by the method of moments.
//!
//! Each unit's outcomes fall into K categories with shares of its own; the shares of the units are spread around the mean of
//! all. With the mean squares between units (MSP) and within them (MSG) of the indicator variables,
//! ```text
//! theta = (MSP - MSG) / (MSP + (n_c - 1) MSG),    strength = (1 - theta) / theta
//! ```
//! where `n_c = (sum n - sum n^2 / sum n) / (J - 1)` over J units. The strength is the number of outcomes that the peers' mean
//! counts for: near 0 where units have nothing in common, large where they are all alike. With K = 2 this is the
//! beta-binomial.
//!
//! Source: Weir and Hill, "Estimating F-statistics" (Annual Review of Genetics 36, 2002), the moment estimator for a
//! Dirichlet-multinomial; Mosimann, "On the compound multinomial distribution" (Biometrika 49, 1962); empirical Bayes by moments:
//! Robbins, "An empirical Bayes approach to statistics" (Third Berkeley Symposium, 1956), Efron and Morris, "Data analysis using Stein's estimator"
//! (Journal of the American Statistical Association 70, 1975), Carlin and Louis, "Bayes and Empirical Bayes Methods for Data Analysis" (Chapman and Hall, 2000), chapter 3.

/// The least and the most that the peers may count for, in outcomes. The most keeps habits of one unit visible where all were
/// alike so far; in such a city it costs less than a hundredth of the Brier score.
const STRENGTH_MIN: f64 = 0.1;
const STRENGTH_MAX: f64 = 60.0;
/// What they count for where too few units are known to tell how they differ.
const STRENGTH_UNKNOWN: f64 = 4.0;
/// Mean squares below this are nothing but rounding.
const ROUNDING: f64 = 1e-9;
/// The fewest units whose differences are measured.
const UNITS_MIN: u32 = 3;

/// Sums over units. They are additive, so that one unit can be taken out again: a prior that a unit's own record has shaped
/// would count that record twice.
#[derive(Clone, Debug)]
pub(super) struct Moments<const K: usize> {
    units: u32,
    /// The sum of n.
    total: f64,
    /// The sum of n^2.
    squares: f64,
    /// The sum over units and categories of n_k^2 / n.
    purity: f64,
    /// By category, the sum of n_k.
    parts: [f64; K],
}

impl<const K: usize> Default for Moments<K> {
    fn default() -> Self {
        Self {
            units: 0,
            total: 0.0,
            squares: 0.0,
            purity: 0.0,
            parts: [0.0; K],
        }
    }
}

impl<const K: usize> Moments<K> {
    /// Adds one unit's outcomes by category; a unit without any is not counted.
    pub(super) fn add(&mut self, counts: &[f64; K]) {
        self.apply(counts, 1.0);
        if counts.iter().sum::<f64>() > 0.0 {
            self.units += 1;
        }
    }

    /// The same sums without a unit that was added.
    pub(super) fn without(&self, counts: &[f64; K]) -> Self {
        let mut rest = self.clone();
        rest.apply(counts, -1.0);
        if counts.iter().sum::<f64>() > 0.0 {
            rest.units = rest.units.saturating_sub(1);
        }
        rest
    }

    fn apply(&mut self, counts: &[f64; K], sign: f64) {
        let n: f64 = counts.iter().sum();
        if n <= 0.0 {
            return;
        }
        self.total += sign * n;
        self.squares += sign * n * n;
        self.purity += sign * counts.iter().map(|count| count * count).sum::<f64>() / n;
        for (part, count) in self.parts.iter_mut().zip(counts) {
            *part += sign * count;
        }
    }

    /// How many outcomes the mean of these units counts for.
    pub(super) fn strength(&self) -> f64 {
        let units = f64::from(self.units);
        let within_degrees = self.total - units;
        if self.units < UNITS_MIN || within_degrees < 1.0 {
            return STRENGTH_UNKNOWN;
        }
        let pure = self.parts.iter().map(|part| part * part).sum::<f64>() / self.total;
        let between = (self.purity - pure) / (units - 1.0);
        let within = (self.total - self.purity) / within_degrees;
        let size = (self.total - self.squares / self.total) / (units - 1.0);
        let whole = between + (size - 1.0) * within;
        // Without any difference at all, within or between, the units are alike; what is left is rounding.
        let theta = if whole > ROUNDING {
            (between - within) / whole
        } else {
            0.0
        };
        if theta <= 0.0 {
            return STRENGTH_MAX;
        }
        ((1.0 - theta) / theta).clamp(STRENGTH_MIN, STRENGTH_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(units: &[[f64; 2]]) -> Moments<2> {
        let mut moments = Moments::default();
        units.iter().for_each(|counts| moments.add(counts));
        moments
    }

    #[test]
    fn units_that_are_alike_lend_each_other_much() {
        assert_eq!(of(&[[2.0, 8.0]; 10]).strength(), STRENGTH_MAX);
    }

    #[test]
    fn units_that_have_nothing_in_common_lend_each_other_little() {
        let units = [[10.0, 0.0], [0.0, 10.0], [10.0, 0.0], [0.0, 10.0]];
        assert_eq!(of(&units).strength(), STRENGTH_MIN);
    }

    #[test]
    fn two_units_cannot_tell_how_units_differ() {
        assert_eq!(of(&[[5.0, 5.0], [1.0, 9.0]]).strength(), STRENGTH_UNKNOWN);
        assert_eq!(of(&[[1.0, 0.0]; 9]).strength(), STRENGTH_UNKNOWN);
    }

    #[test]
    fn a_unit_that_is_taken_out_leaves_no_trace() {
        let units = [[3.0, 7.0], [1.0, 12.0], [6.0, 6.0], [0.0, 9.0], [2.0, 2.0]];
        let rest = of(&units).without(&units[2]);
        let fresh = of(&[units[0], units[1], units[3], units[4]]);
        assert_eq!(rest.units, fresh.units);
        assert!((rest.strength() - fresh.strength()).abs() < 1e-9);
    }

    /// A one-way analysis of variance of shares 0.2, 0.4 and 0.6, of ten outcomes each.
    #[test]
    fn a_case_worked_by_hand() {
        let moments = of(&[[2.0, 8.0], [4.0, 6.0], [6.0, 4.0]]);
        // Between: 2 categories * 10 * (0.04 + 0 + 0.04) / 2 = 0.8; within: 2 * (1.6 + 2.4 + 2.4) / 27 = 0.47407.
        let (between, within): (f64, f64) = (0.8, 12.8 / 27.0);
        let theta = (between - within) / (between + 9.0 * within);
        assert!((moments.strength() - (1.0 - theta) / theta).abs() < 1e-9);
    }
}
