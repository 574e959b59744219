//! How old outcomes fade: the weight of an outcome halves every few periods.
//!
//! Weights are integers in units of 2^-20, so that sums of them are exact and do not depend on the order of adding. An outcome's
//! age is counted in periods back from the newest one that is over. Exponential forgetting is discounting in the sense
//! of West and Harrison, "Bayesian Forecasting and Dynamic Models" (Springer, 1997), section 6.3.

use crate::period::Periodicity;

/// One whole outcome.
pub(super) const ONE: u32 = 1 << 20;

/// Outcomes older than so many periods are not looked at; they would weigh little, and their ages fit into 64 bits.
pub(super) const AGES: u32 = 60;

/// After how many periods an outcome counts half.
#[must_use]
pub const fn half_life(periodicity: Periodicity) -> u32 {
    match periodicity {
        Periodicity::Annual => 4,
        Periodicity::HalfYear => 6,
        Periodicity::Quarter => 8,
        Periodicity::Month => 12,
        Periodicity::Day => 28,
    }
}

/// The weight of an outcome by its age.
pub(super) fn weights(half_life: u32) -> Vec<u32> {
    let half_life = f64::from(half_life.max(1));
    let weight = |age: u32| libm::exp2(-f64::from(age) / half_life) * f64::from(ONE);
    (0..AGES)
        .map(|age| libm::round(weight(age)) as u32)
        .collect()
}

/// A sum of weights as a number of outcomes.
pub(super) fn outcomes(weight: u64) -> f64 {
    // A sum over 10^9 outcomes is below 2^52.
    weight as f64 / f64::from(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_halves_with_each_half_life() {
        let weights = weights(12);
        assert_eq!(weights.len(), AGES as usize);
        assert_eq!(
            (weights[0], weights[12], weights[24]),
            (ONE, ONE / 2, ONE / 4)
        );
        assert!(weights.is_sorted_by(|a, b| a > b));
    }
}
