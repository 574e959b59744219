//! Modified z-score: a figure far from the median of its own history.
//!
//! `M = 0.6745 |x - median| / MAD`, flagged where `M >= 3.5`; MAD is the median of the absolute deviations from the median.
//! Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (ASQC Basic References in Quality Control 16, 1993),
//! section 3.3. The comparison is exact: `0.6745 |x - median| >= 3.5 MAD` in integers.
//!
//! Where more than half of the values are equal the MAD is zero and the score has no meaning. Then the answer is "not
//! computable", or, if the parameters say so, the mean absolute deviation takes its place: `M = |x - median| / (1.253314
//! MeanAD)`, as IBM SPSS does (1.253314 is the square root of pi/2, which makes it comparable for a normal distribution).

use statrs::function::beta::checked_beta_reg;

use super::{
    number,
    reason::{Judgement, NotComputable},
};
use crate::decimal::{Decimal, power_of_ten};

/// The square root of pi/2, in millionths.
const MEAN_DEVIATION_FACTOR_MILLIONTHS: i128 = 1_253_314;

/// What is done where the MAD is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroSpread {
    /// The method answers "not computable".
    Undecided,
    /// The mean absolute deviation takes the place of the median one.
    MeanDeviation,
}

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The score from which on a figure is flagged: 3.5.
    pub threshold: Decimal,
    /// The factor that makes the MAD comparable to a standard deviation: 0.6745.
    pub factor: Decimal,
    /// The fewest known values: 5.
    pub values_min: u32,
    /// What is done where the MAD is zero: undecided.
    pub zero_spread: ZeroSpread,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            threshold: number::decimal(35, 1),
            factor: number::decimal(6745, 4),
            values_min: 5,
            zero_spread: ZeroSpread::Undecided,
        }
    }
}

/// The centre and the spread of a series, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// Twice the median, so that it is whole.
    median_doubled: i64,
    /// Twice the deviation from the median, from which on a value is flagged.
    limit_doubled: i128,
    spread: Spread,
    known: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spread {
    /// Four times the MAD.
    Median { quadrupled: i64 },
    /// Twice the sum of the absolute deviations.
    Mean { sum_doubled: i128 },
}

/// Judges every value of one series against all of it, this value included.
///
/// The values are mantissas at a common scale, `None` where one is missing. One judgement a value is appended to `out`;
/// `scratch` is overwritten, and kept by the caller so that nothing is allocated for a series.
pub fn judge<I>(
    values: I,
    parameters: &Parameters,
    scratch: &mut Vec<i64>,
    out: &mut Vec<Judgement>,
) where
    I: IntoIterator<Item = Option<i64>> + Clone,
{
    scratch.clear();
    scratch.extend(values.clone().into_iter().flatten());
    let baseline = Baseline::of(scratch, parameters);
    out.extend(values.into_iter().map(|value| match (value, baseline) {
        (None, _) => Judgement::NotComputable(NotComputable::ValueMissing),
        (Some(_), Err(reason)) => Judgement::NotComputable(reason),
        (Some(value), Ok(baseline)) => Judgement::of(baseline.is_outlier(value)),
    }));
}

impl Baseline {
    /// Measures the known values of a series, which are overwritten.
    ///
    /// # Errors
    /// Too few values, no spread, or values beyond [`Decimal::WIRE_MANTISSA_MAX`].
    pub fn of(values: &mut [i64], parameters: &Parameters) -> Result<Self, NotComputable> {
        let known = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let needed = parameters.values_min.max(1);
        let too_few = NotComputable::TooFewValues { known, needed };
        if known < needed {
            return Err(too_few);
        }
        if values
            .iter()
            .any(|v| v.unsigned_abs() > Decimal::WIRE_MANTISSA_MAX.unsigned_abs())
        {
            return Err(NotComputable::TooLarge);
        }
        let (low, high) = number::middle_two(values).ok_or(too_few)?;
        let median_doubled = low + high;
        for value in values.iter_mut() {
            *value = (2 * *value - median_doubled).abs();
        }
        let (low, high) = number::middle_two(values).ok_or(too_few)?;
        let spread = match (low + high, parameters.zero_spread) {
            (0, ZeroSpread::Undecided) => return Err(NotComputable::NoSpread),
            (0, ZeroSpread::MeanDeviation) => Spread::Mean {
                sum_doubled: values.iter().map(|v| i128::from(*v)).sum(),
            },
            (quadrupled, ZeroSpread::Undecided | ZeroSpread::MeanDeviation) => {
                Spread::Median { quadrupled }
            }
        };
        let limit_doubled = spread.limit_doubled(parameters, known)?;
        Ok(Self {
            median_doubled,
            limit_doubled,
            spread,
            known,
        })
    }

    /// Whether `value`, at the scale of the series, is flagged.
    #[must_use]
    pub const fn is_outlier(&self, value: i64) -> bool {
        let deviation_doubled = (2 * value as i128 - self.median_doubled as i128).abs();
        deviation_doubled >= self.limit_doubled
    }

    /// The median, at the scale of the series.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.median_doubled as f64 / 2.0
    }

    /// The spread in units of which deviations are measured: MAD / 0.6745, or 1.253314 MeanAD.
    #[must_use]
    pub fn deviation(&self, parameters: &Parameters) -> f64 {
        match self.spread {
            Spread::Median { quadrupled } => {
                quadrupled as f64 / 4.0 / number::to_float(parameters.factor)
            }
            Spread::Mean { sum_doubled } => {
                let mean = sum_doubled as f64 / 2.0 / f64::from(self.known);
                mean * MEAN_DEVIATION_FACTOR_MILLIONTHS as f64 / 1e6
            }
        }
    }

    /// The modified z-score of `value`, without sign.
    #[must_use]
    pub fn score(&self, value: i64, parameters: &Parameters) -> f64 {
        (value as f64 - self.median()).abs() / self.deviation(parameters)
    }

    /// The lowest and the highest figure that is not flagged, at the scale of the series.
    #[must_use]
    pub fn bounds(&self, parameters: &Parameters) -> (f64, f64) {
        let reach = number::to_float(parameters.threshold) * self.deviation(parameters);
        (self.median() - reach, self.median() + reach)
    }
}

impl Spread {
    /// The smallest doubled deviation that is flagged, rounded up: deviations are whole, so that is exact.
    fn limit_doubled(self, parameters: &Parameters, known: u32) -> Result<i128, NotComputable> {
        let Parameters {
            threshold: t,
            factor: f,
            ..
        } = parameters;
        // With the parameters at a common scale: f (d/2) >= t (mad/4), so d >= t mad / 2f.
        let (above, below) = match self {
            Self::Median { quadrupled } => (
                product(&[
                    t.mantissa(),
                    i128::from(quadrupled),
                    power_of_ten(f.scale()),
                ]),
                product(&[2, f.mantissa(), power_of_ten(t.scale())]),
            ),
            Self::Mean { sum_doubled: 0 } => return Err(NotComputable::NoSpread),
            Self::Mean { sum_doubled } => (
                product(&[t.mantissa(), sum_doubled, MEAN_DEVIATION_FACTOR_MILLIONTHS]),
                product(&[i128::from(known), 1_000_000, power_of_ten(t.scale())]),
            ),
        };
        match (above, below) {
            (Some(above), Some(below)) if below > 0 => {
                Ok(above.div_euclid(below) + i128::from(above.rem_euclid(below) > 0))
            }
            (Some(_), Some(_)) | (None, _) | (_, None) => Err(NotComputable::TooLarge),
        }
    }
}

fn product(factors: &[i128]) -> Option<i128> {
    factors
        .iter()
        .try_fold(1_i128, |product, factor| product.checked_mul(*factor))
}

/// The share of figures of a clean series of `known` normal values that the method flags all the same.
///
/// Dividing by the MAD instead of the unknown standard deviation gives the score the tails of a Student distribution. The MAD
/// has 36.75 % of the efficiency of the standard deviation (Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation",
/// JASA 88, 1993), hence 0.3675 n degrees of freedom; measured by simulation, this is right within a factor of two.
#[must_use]
pub fn chance_of_flag(known: u32, parameters: &Parameters) -> f64 {
    let degrees = 0.3675 * f64::from(known);
    let threshold = number::to_float(parameters.threshold);
    checked_beta_reg(
        degrees / 2.0,
        0.5,
        degrees / (degrees + threshold * threshold),
    )
    .unwrap_or(1.0)
}
