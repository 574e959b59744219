//! Hidiroglou-Berthelot: a change from the last period that is out of line with the changes of all units, larger units being
//! given less room.
//!
//! With the ratio `r = x / y` of this period to the last and its median `m` over the units, the transformed ratio is
//! `s = 1 - m/r` for `r < m` and `s = r/m - 1` otherwise, and the effect is `E = s max(x, y)^U`. With the quartiles of `E`,
//! `d1 = max(median - q1, |A median|)` and `d3 = max(q3 - median, |A median|)`, a unit is flagged where `E` lies outside
//! `[median - C d1, median + C d3]`.
//! Source: Hidiroglou and Berthelot, "Statistical Editing and Imputation for Periodic Business Surveys" (Survey Methodology
//! 12(1), 1986), section 3, with the usual U = 0.5, A = 0.05, C = 4.
//!
//! Ratios and effects are binary floats: division and square root are correctly rounded everywhere, so that every machine
//! finds the same; other exponents go through `libm`, which is the same code everywhere.

use super::{
    number::{self, Quartiles},
    reason::{Judgement, NotComputable},
};
use crate::decimal::Decimal;

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// U, from 0 (size plays no part) to 1: 0.5.
    pub size_exponent: Decimal,
    /// A, the least spread as a share of the median effect: 0.05.
    pub least_spread: Decimal,
    /// C, how many spreads a unit may be off: 4.
    pub width: Decimal,
    /// The fewest units with a ratio: 5.
    pub units_min: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            size_exponent: number::decimal(5, 1),
            least_spread: number::decimal(5, 2),
            width: number::decimal(4, 0),
            units_min: 5,
        }
    }
}

/// What is overwritten for each group, kept by the caller so that nothing is allocated for a group.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    keys: Vec<i64>,
    effects: Vec<f64>,
}

/// The middle of a group and the interval of its effects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The median ratio.
    pub median_ratio: f64,
    /// The lowest effect that is not flagged.
    pub low: f64,
    /// The highest effect that is not flagged.
    pub high: f64,
    exponent: Exponent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Exponent {
    Zero,
    Half,
    One,
    Other(f64),
}

/// Judges one period over all units: `pairs` are the figures of the last and of this period, mantissas at one common scale.
///
/// One judgement a pair is appended to `out`: not computable where one of the two is missing, zero or negative. Answers the
/// interval, or why there is none.
///
/// # Errors
/// Too few units with a ratio; then no pair is judged.
pub fn judge<I>(
    pairs: I,
    parameters: &Parameters,
    scratch: &mut Scratch,
    out: &mut Vec<Judgement>,
) -> Result<Interval, NotComputable>
where
    I: IntoIterator<Item = (Option<i64>, Option<i64>)> + Clone,
{
    let interval = measure(pairs.clone(), parameters, scratch);
    let mut effects = scratch.effects.iter();
    out.extend(
        pairs
            .into_iter()
            .map(|(previous, current)| match ratio(previous, current) {
                Err(reason) => Judgement::NotComputable(reason),
                Ok(_) => match (effects.next(), interval) {
                    (Some(effect), Ok(interval)) => {
                        Judgement::of(!(interval.low..=interval.high).contains(effect))
                    }
                    (_, Err(reason)) => Judgement::NotComputable(reason),
                    (None, Ok(_)) => Judgement::NotComputable(NotComputable::ValueMissing),
                },
            }),
    );
    interval
}

/// The ratio, and the larger of the two figures.
fn ratio(previous: Option<i64>, current: Option<i64>) -> Result<(f64, f64), NotComputable> {
    match (previous, current) {
        (_, None) => Err(NotComputable::ValueMissing),
        (None, Some(_)) => Err(NotComputable::BaseMissing),
        (Some(y), Some(x)) if x > 0 && y > 0 => Ok((x as f64 / y as f64, x.max(y) as f64)),
        (Some(_), Some(_)) => Err(NotComputable::NotPositive),
    }
}

/// Leaves one effect for each pair with a ratio in `scratch`.
fn measure<I>(
    pairs: I,
    parameters: &Parameters,
    scratch: &mut Scratch,
) -> Result<Interval, NotComputable>
where
    I: IntoIterator<Item = (Option<i64>, Option<i64>)> + Clone,
{
    let known = |pairs: I| pairs.into_iter().filter_map(|(y, x)| ratio(y, x).ok());
    scratch.keys.clear();
    scratch.effects.clear();
    scratch
        .keys
        .extend(known(pairs.clone()).map(|(ratio, _)| number::sort_key(ratio)));
    let count = u32::try_from(scratch.keys.len()).unwrap_or(u32::MAX);
    let needed = parameters.units_min.max(1);
    let too_few = NotComputable::TooFewUnits {
        known: count,
        needed,
    };
    if count < needed {
        return Err(too_few);
    }
    let median_ratio = number::median_of_keys(&mut scratch.keys).ok_or(too_few)?;
    let exponent = Exponent::of(parameters.size_exponent);
    scratch.effects.extend(
        known(pairs).map(|(ratio, size)| transformed(ratio, median_ratio) * exponent.power(size)),
    );
    scratch.keys.clear();
    scratch.keys.extend(
        scratch
            .effects
            .iter()
            .map(|effect| number::sort_key(*effect)),
    );
    let Quartiles {
        first,
        median,
        third,
    } = number::quartiles_of_keys(&mut scratch.keys).ok_or(too_few)?;
    let (least, width) = (
        number::to_float(parameters.least_spread),
        number::to_float(parameters.width),
    );
    let least = (least * median).abs();
    Ok(Interval {
        median_ratio,
        low: median - width * (median - first).max(least),
        high: median + width * (third - median).max(least),
        exponent,
    })
}

fn transformed(ratio: f64, median: f64) -> f64 {
    if ratio < median {
        1.0 - median / ratio
    } else {
        ratio / median - 1.0
    }
}

impl Exponent {
    fn of(value: Decimal) -> Self {
        if value.is_zero() {
            Self::Zero
        } else if value == number::decimal(5, 1) {
            Self::Half
        } else if value == Decimal::ONE {
            Self::One
        } else {
            Self::Other(number::to_float(value))
        }
    }

    fn power(self, size: f64) -> f64 {
        match self {
            Self::Zero => 1.0,
            Self::Half => size.sqrt(),
            Self::One => size,
            Self::Other(exponent) => libm::pow(size, exponent),
        }
    }
}

impl Interval {
    /// The effect of one pair, where it has a ratio.
    #[must_use]
    pub fn effect(&self, previous: i64, current: i64) -> Option<f64> {
        let (ratio, size) = ratio(Some(previous), Some(current)).ok()?;
        Some(transformed(ratio, self.median_ratio) * self.exponent.power(size))
    }

    /// The lowest and the highest ratio that a unit of this size may have: the interval of effects, turned back.
    #[must_use]
    pub fn ratios(&self, previous: i64, current: i64) -> (f64, f64) {
        let power = self.exponent.power(previous.max(current) as f64);
        let back = |effect: f64| {
            let s = effect / power;
            if s < 0.0 {
                self.median_ratio / (1.0 - s)
            } else {
                self.median_ratio * (1.0 + s)
            }
        };
        (back(self.low), back(self.high))
    }
}

/// The share of `units` with normal effects that the method flags all the same.
///
/// The bounds lie `C` times 0.6745 standard deviations from the median, where a quartile is. Bound and quartile are themselves
/// estimates: the large-sample variance of `median + 4 (q3 - median)` (Mosteller, "On some useful 'inefficient' statistics", Annals
/// of Mathematical Statistics 17, 1946) is 20.2 / n, which spreads the effects as a Student distribution with 0.18 n degrees of
/// freedom does.
#[must_use]
pub fn chance_of_flag(units: u32, parameters: &Parameters) -> f64 {
    let deviations = number::to_float(parameters.width) * 0.674_489_75;
    number::student_two_sided(deviations, 0.18 * f64::from(units))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Pair = (Option<i64>, Option<i64>);

    fn judged(
        pairs: &[Pair],
        parameters: &Parameters,
    ) -> (Result<Interval, NotComputable>, Vec<Judgement>) {
        let mut out = Vec::new();
        let interval = judge(
            pairs.iter().copied(),
            parameters,
            &mut Scratch::default(),
            &mut out,
        );
        (interval, out)
    }

    /// The paper's steps one by one, with a full sort.
    fn by_the_steps(pairs: &[(i64, i64)], parameters: &Parameters) -> Vec<bool> {
        let [u, a, c] = [
            parameters.size_exponent,
            parameters.least_spread,
            parameters.width,
        ]
        .map(number::to_float);
        let ratios: Vec<f64> = pairs.iter().map(|(y, x)| *x as f64 / *y as f64).collect();
        let quantile = |values: &[f64], p: f64| {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            let h = (sorted.len() - 1) as f64 * p;
            let next = sorted[(h as usize + 1).min(sorted.len() - 1)];
            sorted[h as usize] + h.fract() * (next - sorted[h as usize])
        };
        let middle = quantile(&ratios, 0.5);
        let effects: Vec<f64> = ratios
            .iter()
            .zip(pairs)
            .map(|(r, (y, x))| if *r < middle { 1.0 - middle / r } else { r / middle - 1.0 } * (*x.max(y) as f64).powf(u))
            .collect();
        let [q1, q2, q3] = [0.25, 0.5, 0.75].map(|p| quantile(&effects, p));
        let (low, high) = (
            q2 - c * (q2 - q1).max((a * q2).abs()),
            q2 + c * (q3 - q2).max((a * q2).abs()),
        );
        effects
            .iter()
            .map(|e| *e < low - 1e-9 * low.abs() || *e > high + 1e-9 * high.abs())
            .collect()
    }

    proptest! {
        #[test]
        fn selection_keeps_the_steps(pairs in prop::collection::vec((1_i64..100_000, 1_i64..100_000), 5..120), half in any::<bool>()) {
            let size_exponent = if half { number::decimal(5, 1) } else { number::decimal(3, 1) };
            let parameters = Parameters { size_exponent, ..Parameters::default() };
            let (interval, answers) = judged(&pairs.iter().map(|(y, x)| (Some(*y), Some(*x))).collect::<Vec<_>>(), &parameters);
            let interval = interval.unwrap();
            for ((flag, answer), (y, x)) in by_the_steps(&pairs, &parameters).into_iter().zip(answers).zip(&pairs) {
                let effect = interval.effect(*y, *x).unwrap();
                let is_close = [interval.low, interval.high].iter().any(|b| (effect - b).abs() < 1e-6 * b.abs().max(1.0));
                prop_assert!(is_close || answer == Judgement::of(flag));
            }
        }
    }

    #[test]
    fn a_large_unit_has_less_room_than_a_small_one() {
        let mut pairs: Vec<Pair> = (0..40)
            .map(|n| (Some(10_000), Some(10_000 + 40 * (n % 20 - 10))))
            .collect();
        pairs.extend([
            (Some(100), Some(105)),
            (Some(1_000_000), Some(1_050_000)),
            (Some(1_000_000), Some(1_002_000)),
        ]);
        let (interval, answers) = judged(&pairs, &Parameters::default());
        assert_eq!(
            answers[40..],
            [Judgement::Clean, Judgement::Flagged, Judgement::Clean]
        );
        let (low, high) = interval.unwrap().ratios(1_000_000, 1_050_000);
        assert!(
            low > 0.97 && low < 1.0 && high < 1.05 && high > 1.0,
            "{low} {high}"
        );
    }

    #[test]
    fn what_cannot_be_computed_is_told() {
        let ok = (Some(10), Some(11));
        let pairs = [
            ok,
            ok,
            ok,
            ok,
            ok,
            (None, Some(1)),
            (Some(1), None),
            (Some(0), Some(1)),
            (Some(1), Some(-1)),
        ];
        let told = |reason| Judgement::NotComputable(reason);
        let expect = [
            NotComputable::BaseMissing,
            NotComputable::ValueMissing,
            NotComputable::NotPositive,
            NotComputable::NotPositive,
        ]
        .map(told);
        assert_eq!(judged(&pairs, &Parameters::default()).1[5..], expect);
        let (interval, answers) = judged(&pairs[..4], &Parameters::default());
        let too_few = NotComputable::TooFewUnits {
            known: 4,
            needed: 5,
        };
        assert_eq!(
            (interval.unwrap_err(), answers),
            (too_few, vec![told(too_few); 4])
        );
    }

    #[test]
    fn the_chance_of_a_normal_effect() {
        // Four quartile distances are 2.698 standard deviations, Tukey's outer mark of 0.7 %.
        let chance = chance_of_flag(1_000_000, &Parameters::default());
        assert!((chance - 0.006_977).abs() < 1e-5, "{chance}");
    }
}
