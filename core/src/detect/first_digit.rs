//! First digits: figures of very different sizes whose first digits do not follow Benford's law.
//!
//! The share of first digit d is `log10(1 + 1/d)`. Sources: Benford, "The law of anomalous numbers" (Proceedings of the American
//! Philosophical Society 78(4), 1938); Hill, "A statistical derivation of the significant-digit law" (Statistical Science 10(4), 1995).
//! Pearson's chi-square with 8 degrees of freedom is used together with the mean absolute deviation of the shares, of which
//! Nigrini, "Benford's Law" (Wiley, 2012), table 7.1, calls 0.015 and more nonconformity: with thousands of figures the
//! chi-square alone would flag deviations of no consequence.
//!
//! The law holds only where figures span several powers of ten; elsewhere the method says that it does not apply. Figures of
//! several periods are not independent, since a unit's figure keeps its first digit for years, so one period is judged by itself.

use super::{chi_square, number, reason::NotComputable};
use crate::decimal::Decimal;

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The false discovery rate over the units tested at once: 0.05.
    pub rate: Decimal,
    /// The fewest figures: 110, so that five first digits 9 are expected.
    pub values_min: u32,
    /// The least whole decades from the 1st to the 99th percentile of the figures: 3.
    pub decades_min: u32,
    /// The least mean absolute deviation of the nine shares: 0.015.
    pub deviation_min: Decimal,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            rate: number::decimal(5, 2),
            values_min: 110,
            decades_min: 3,
            deviation_min: number::decimal(15, 3),
        }
    }
}

/// The outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// How often each digit is the first, from 1.
    pub counts: [u32; 9],
    /// Pearson's statistic.
    pub chi_square: f64,
    /// The chance of a statistic at least so large, did the figures follow the law.
    pub p_value: f64,
    /// The mean absolute deviation of the nine shares from the law's.
    pub deviation: f64,
    /// How many figures were counted.
    pub total: u32,
}

/// The shares of Benford's law, from digit 1.
#[must_use]
pub fn shares() -> [f64; 9] {
    std::array::from_fn(|at| libm::log10(1.0 + 1.0 / (at as f64 + 1.0)))
}

/// Tests the figures, mantissas of any scale (a power of ten changes no first digit, so long as it is one for all of them, and the
/// span is measured in mantissas). Zeros do not count; the order of the slice is changed.
///
/// # Errors
/// Too few figures, or figures that span too few decades.
pub fn test(values: &mut [i64], parameters: &Parameters) -> Result<Test, NotComputable> {
    values.sort_unstable_by_key(|value| value.unsigned_abs());
    let zeros = values.partition_point(|value| *value == 0);
    let values = &values[zeros..];
    let total = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let needed = parameters.values_min.max(1);
    if total < needed {
        return Err(NotComputable::TooFewValues {
            known: total,
            needed,
        });
    }
    let spanned = decades(values);
    if spanned < parameters.decades_min {
        return Err(NotComputable::TooFewDecades {
            spanned,
            needed: parameters.decades_min,
        });
    }
    let mut counts = [0_u32; 9];
    for value in values {
        counts[first_digit(value.unsigned_abs()) - 1] += 1;
    }
    let shares = shares();
    let statistic = chi_square::statistic(&counts, &shares);
    let apart = |(count, share): (&u32, &f64)| (f64::from(*count) / f64::from(total) - share).abs();
    Ok(Test {
        counts,
        chi_square: statistic,
        p_value: chi_square::p_value(statistic, 8),
        deviation: counts.iter().zip(&shares).map(apart).sum::<f64>() / 9.0,
        total,
    })
}

impl Test {
    /// Whether the deviation is large enough to matter; that it is not chance is for the p-value to say.
    #[must_use]
    pub fn matters(&self, parameters: &Parameters) -> bool {
        self.deviation >= number::to_float(parameters.deviation_min)
    }
}

/// Whole powers of ten from the 1st to the 99th percentile; single stray figures make no span.
fn decades(sorted: &[i64]) -> u32 {
    let last = sorted.len().saturating_sub(1);
    let (low, high) = (last / 100, last - last / 100);
    let (low, high) = (
        sorted[low].unsigned_abs().max(1),
        sorted[high].unsigned_abs(),
    );
    (high / low).checked_ilog10().unwrap_or(0)
}

/// The first digit of a number above zero.
fn first_digit(value: u64) -> usize {
    let power = 10_u64.pow(value.checked_ilog10().unwrap_or(0));
    (value / power).clamp(1, 9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Benford (1938), table I.
    #[test]
    fn published_shares() {
        let table = [
            0.301, 0.176, 0.125, 0.097, 0.079, 0.067, 0.058, 0.051, 0.046,
        ];
        for (share, published) in shares().iter().zip(table) {
            assert!((share - published).abs() < 5e-4);
        }
        assert!((shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn powers_follow_the_law_and_even_digits_do_not() {
        let powers_of = |base: i64| (0..).map_while(move |n| base.checked_pow(n));
        let mut powers: Vec<i64> = [2, 3, 5, 7].into_iter().flat_map(powers_of).collect();
        let test_of = |values: &mut Vec<i64>| test(values, &Parameters::default());
        let found = test_of(&mut powers).unwrap();
        assert!(
            found.p_value > 0.9 && !found.matters(&Parameters::default()),
            "{found:?}"
        );
        let mut even: Vec<i64> = (0..180)
            .map(|n| (n % 9 + 1) * 10_i64.pow(n as u32 / 9 % 6))
            .collect();
        let found = test_of(&mut even).unwrap();
        assert!(
            found.p_value < 1e-6 && found.matters(&Parameters::default()),
            "{found:?}"
        );
        assert_eq!(found.counts, [20; 9]);
    }

    #[test]
    fn what_cannot_be_computed_is_told() {
        let check = |values: Vec<i64>, expect| {
            assert_eq!(
                test(&mut values.clone(), &Parameters::default()).unwrap_err(),
                expect
            )
        };
        check(
            vec![0; 500],
            NotComputable::TooFewValues {
                known: 0,
                needed: 110,
            },
        );
        check(
            (1..=200).collect(),
            NotComputable::TooFewDecades {
                spanned: 1,
                needed: 3,
            },
        );
    }
}
