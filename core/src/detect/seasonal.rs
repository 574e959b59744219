//! Seasonal comparison: a figure far from the same period of earlier years.
//!
//! `|x - mean| > tolerance * mean`, where the mean is that of the same period of up to three preceding years. Source: World
//! Health Organization, "Data quality review: a toolkit for facility data quality assessment", module 2 (2017), desk review,
//! consistency over time: the ratio to the mean of up to three preceding years, off by 33 % or more. The comparison is exact.
//!
//! The same period is taken of every year, so that a season is no fault, and the tolerance is wide, so that a trend is none.

use super::{
    number,
    reason::{Judgement, NotComputable},
};
use crate::decimal::{Decimal, power_of_ten};

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// How far a figure may be off, in percent of the mean: 33.
    pub tolerance_percent: Decimal,
    /// How many preceding years are looked at: 3.
    pub years: u32,
    /// In how many of them there must be a figure: 2.
    pub years_min: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            tolerance_percent: number::decimal(33, 0),
            years: 3,
            years_min: 2,
        }
    }
}

/// The sum of the earlier figures, and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    sum: i128,
    count: u32,
}

impl Baseline {
    /// Of the same period in the preceding years, mantissas at a common scale.
    ///
    /// # Errors
    /// Too few figures, or a mean that is not above zero.
    pub fn of(
        earlier: impl IntoIterator<Item = Option<i64>>,
        parameters: &Parameters,
    ) -> Result<Self, NotComputable> {
        let years = usize::try_from(parameters.years).unwrap_or(usize::MAX);
        let (mut sum, mut count) = (0_i128, 0_u32);
        for value in earlier.into_iter().take(years).flatten() {
            sum += i128::from(value);
            count += 1;
        }
        let needed = parameters.years_min.max(1);
        if count < needed {
            return Err(NotComputable::TooFewValues {
                known: count,
                needed,
            });
        }
        if sum <= 0 {
            return Err(NotComputable::NotPositive);
        }
        Ok(Self { sum, count })
    }

    /// Whether `value` is too far from the mean.
    ///
    /// `|n x - sum| 100 > tolerance sum`, in integers; where that overflows, the answer is "too large".
    #[must_use]
    pub fn judge(&self, value: i64, parameters: &Parameters) -> Judgement {
        let tolerance = parameters.tolerance_percent;
        let apart = (i128::from(value) * i128::from(self.count) - self.sum).abs();
        let left = apart.checked_mul(100 * power_of_ten(tolerance.scale()));
        let right = self.sum.checked_mul(tolerance.mantissa());
        match (left, right) {
            (Some(left), Some(right)) => Judgement::of(left > right),
            (None, _) | (_, None) => Judgement::NotComputable(NotComputable::TooLarge),
        }
    }

    /// The mean, at the scale of the figures.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum as f64 / f64::from(self.count)
    }

    /// How many years it is the mean of.
    #[must_use]
    pub const fn years(&self) -> u32 {
        self.count
    }

    /// The lowest and the highest figure that is not flagged.
    #[must_use]
    pub fn bounds(&self, parameters: &Parameters) -> (f64, f64) {
        let share = number::to_float(parameters.tolerance_percent) / 100.0;
        (self.mean() * (1.0 - share), self.mean() * (1.0 + share))
    }
}
