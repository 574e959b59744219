//! Modified z-score: a figure far from the median of its own history.
//!
//! `M = 0.6745 |x - median| / MAD`, flagged where `M >= 3.5`; MAD is the median of the absolute deviations from the median.
//! Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (ASQC Basic References in Quality Control 16, 1993),
//! section 3.3. The comparison is exact: `0.6745 |x - median| >= 3.5 MAD` in integers.
//!
//! Where more than half of the values are equal the MAD is zero and the score has no meaning. Then the answer is "not
//! computable", or, if the parameters say so, the mean absolute deviation takes its place: `M = |x - median| / (1.253314
//! MeanAD)`, as IBM SPSS does (1.253314 is the square root of pi/2, which makes it comparable for a normal distribution).

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
/// Dividing by the MAD instead of the unknown standard deviation gives the score the tails of a Student distribution, whose
/// degrees of freedom grow with the number of values as the efficiency of the MAD lets them: 0.37 for each value in a
/// long series (Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", JASA 88, 1993). Simulation gives 0.4 n + 1
/// for an even and 0.4 n + 0.5 for an odd number of values; at 3.5 that is right within a tenth for 5 to 160 values.
#[must_use]
pub fn chance_of_flag(known: u32, parameters: &Parameters) -> f64 {
    let threshold = number::to_float(parameters.threshold);
    number::student_two_sided(threshold, degrees_of_freedom(known))
}

/// Those of the Student distribution that a score over `known` values follows.
pub(super) fn degrees_of_freedom(known: u32) -> f64 {
    let odd_even = if known.is_multiple_of(2) { 1.0 } else { 0.5 };
    0.4 * f64::from(known) + odd_even
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn baseline(values: &[i64], parameters: &Parameters) -> Result<Baseline, NotComputable> {
        Baseline::of(&mut values.to_vec(), parameters)
    }

    fn judged(values: &[Option<i64>], parameters: &Parameters) -> Vec<Judgement> {
        let mut out = Vec::new();
        judge(
            values.iter().copied(),
            parameters,
            &mut Vec::new(),
            &mut out,
        );
        out
    }

    const PUBLISHED: [i64; 6] = [31, 34, 38, 81, 39, 33];

    /// The series of DHIS2's outlier tests. Its MAD is 3, so that 27.104 and 44.895 lie two spreads (2 * 3 / 0.6745) from the median
    /// of 36; three spreads reach from 22.657 to 49.343.
    #[test]
    fn published_series() {
        let at = |threshold| Parameters {
            threshold: Decimal::integer(threshold),
            ..Parameters::default()
        };
        let found = baseline(&PUBLISHED, &Parameters::default()).unwrap();
        assert_eq!(found.median(), 36.0);
        assert_eq!(
            number::text(found.score(81, &Parameters::default()), 4),
            "10.1175"
        );
        let check = |threshold, low: f64, high: f64| {
            let (found_low, found_high) = baseline(&PUBLISHED, &at(threshold))
                .unwrap()
                .bounds(&at(threshold));
            assert!(
                (found_low - low).abs() < 1e-3 && (found_high - high).abs() < 1e-3,
                "{found_low} {found_high}"
            );
        };
        check(2, 27.104, 44.895);
        check(3, 22.657, 49.343);
        let flagged = judged(&PUBLISHED.map(Some), &Parameters::default());
        let flags: Vec<bool> = flagged.iter().map(|j| *j == Judgement::Flagged).collect();
        assert_eq!(flags, [false, false, false, true, false, false]);
    }

    #[test]
    fn the_limit_itself_is_flagged() {
        // Median 0, MAD 1349: 0.6745 * 7000 = 3.5 * 1349 exactly.
        let values = [-1349, -1349, 0, 1349, 1349, 7000, -7000];
        let found = baseline(&values, &Parameters::default()).unwrap();
        assert_eq!(found.bounds(&Parameters::default()), (-7000.0, 7000.0));
        assert!(found.is_outlier(7000) && found.is_outlier(-7000) && !found.is_outlier(6999));
    }

    #[test]
    fn what_cannot_be_computed_is_told() {
        let check = |values: &[i64], expect| {
            assert_eq!(baseline(values, &Parameters::default()), Err(expect))
        };
        check(
            &[1, 2, 3, 4],
            NotComputable::TooFewValues {
                known: 4,
                needed: 5,
            },
        );
        check(&[7, 7, 7, 7, 900], NotComputable::NoSpread);
        check(&[1, 2, 3, 4, i64::MAX], NotComputable::TooLarge);
        let answers = judged(&[Some(1), None, Some(2)], &Parameters::default());
        assert_eq!(
            answers[1],
            Judgement::NotComputable(NotComputable::ValueMissing)
        );
        assert_eq!(
            answers[2],
            Judgement::NotComputable(NotComputable::TooFewValues {
                known: 2,
                needed: 5
            })
        );
    }

    #[test]
    fn the_mean_deviation_takes_the_place_of_a_zero_mad() {
        let parameters = Parameters {
            zero_spread: ZeroSpread::MeanDeviation,
            ..Parameters::default()
        };
        // The deviations are six zeros and one 7, so that MeanAD is 1 and the score 7 / 1.253314.
        let found = baseline(&[5, 5, 5, 5, 5, 5, 12], &parameters).unwrap();
        assert!((found.score(12, &parameters) - 7.0 / 1.253_314).abs() < 1e-9);
        assert!(found.is_outlier(12) && !found.is_outlier(5) && !found.is_outlier(9));
        assert_eq!(baseline(&[5; 7], &parameters), Err(NotComputable::NoSpread));
    }

    /// The rule as it is written, on rationals: `0.6745 |x - med| >= 3.5 mad`, over a common denominator of 4.
    fn by_the_rule(values: &[i64], x: i64) -> Option<bool> {
        let middle = |values: &mut Vec<i128>| {
            values.sort_unstable();
            values[(values.len() - 1) / 2] + values[values.len() / 2]
        };
        let median2 = middle(&mut values.iter().map(|v| i128::from(*v)).collect());
        let mad4 = middle(
            &mut values
                .iter()
                .map(|v| (2 * i128::from(*v) - median2).abs())
                .collect(),
        );
        let apart4 = 2 * (2 * i128::from(x) - median2).abs();
        (values.len() >= 5 && mad4 > 0).then_some(6745 * apart4 >= 35000 * mad4)
    }

    proptest! {
        #[test]
        fn the_rule_is_kept_exactly(values in prop::collection::vec(-40_i64..40, 1..60), scale in 0_u32..16) {
            let values: Vec<i64> = values.iter().map(|v| v * 10_i64.pow(scale)).collect();
            let answers = judged(&values.iter().copied().map(Some).collect::<Vec<_>>(), &Parameters::default());
            for (value, answer) in values.iter().zip(answers) {
                match by_the_rule(&values, *value) {
                    Some(unusual) => prop_assert_eq!(answer, Judgement::of(unusual)),
                    None => prop_assert!(matches!(answer, Judgement::NotComputable(_))),
                }
            }
        }
    }
}
