//! Terminal digits: figures whose last printed digits are not evenly spread.
//!
//! From the third significant digit on, the digits of measured figures are close to uniform; people who make up figures prefer some
//! digits and avoid others, and people who round prefer 0 and 5. The counts of the ten last digits are compared with equal
//! shares by Pearson's chi-square with 9 degrees of freedom.
//! Sources: Mosimann, Wiseman and Edelman, "Data fabrication: Can people generate random digits?" (Accountability in Research 4(1),
//! 1995); Beber and Scacco, "What the numbers say: A digit-based test for election fraud" (Political Analysis 20(2), 2012). At least
//! 50 figures, so that five of each digit are expected: Cochran, "Some methods for strengthening the common chi-square tests"
//! (Biometrics 10(4), 1954).

use super::{chi_square, number, reason::NotComputable};
use crate::decimal::{Decimal, power_of_ten};

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The false discovery rate over the units tested at once: 0.05.
    pub rate: Decimal,
    /// The fewest figures: 50.
    pub values_min: u32,
    /// The significant digits that a figure must have to count: 3.
    pub digits_min: u8,
    /// How many periods, up to and with this one, are looked at: 12.
    pub periods: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            rate: number::decimal(5, 2),
            values_min: 50,
            digits_min: 3,
            periods: 12,
        }
    }
}

/// How often each digit is the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By digit, from 0.
    pub counts: [u32; 10],
}

/// The outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// Pearson's statistic.
    pub chi_square: f64,
    /// The chance of a statistic at least so large, were all digits equally likely.
    pub p_value: f64,
    /// The commonest digit, and how often it occurs.
    pub commonest: (u8, u32),
    /// How many figures were counted.
    pub total: u32,
}

impl Tally {
    /// Adds the figures of one indicator, mantissas at the common `scale`. Their last digit is the last after the point that any of
    /// them uses: a spreadsheet drops the zeros at the end of a figure, and a unit that reports one digit where two are allowed
    /// makes no zeros up.
    pub fn add_series(
        &mut self,
        values: impl IntoIterator<Item = i64> + Clone,
        scale: u8,
        parameters: &Parameters,
    ) {
        let unit = printed_unit(values.clone(), scale);
        let least =
            power_of_ten(parameters.digits_min.clamp(1, Decimal::SCALE_MAX) - 1).unsigned_abs();
        for value in values {
            let printed = value.unsigned_abs() / unit;
            if u128::from(printed) >= least {
                self.counts[(printed % 10) as usize] += 1;
            }
        }
    }

    /// Pearson's test against equal shares.
    ///
    /// # Errors
    /// Too few figures.
    pub fn test(&self, parameters: &Parameters) -> Result<Test, NotComputable> {
        let total: u32 = self.counts.iter().sum();
        let needed = parameters.values_min.max(1);
        if total < needed {
            return Err(NotComputable::TooFewValues {
                known: total,
                needed,
            });
        }
        let statistic = chi_square::statistic(&self.counts, &[0.1; 10]);
        let commonest =
            (0..10_u8).max_by_key(|digit| (self.counts[usize::from(*digit)], 10 - digit));
        let commonest = commonest.unwrap_or_default();
        Ok(Test {
            chi_square: statistic,
            p_value: chi_square::p_value(statistic, 9),
            commonest: (commonest, self.counts[usize::from(commonest)]),
            total,
        })
    }
}

/// Below this many figures, that none of them uses the last digit may be chance.
const FIGURES_TO_TELL_DIGITS: usize = 3;

/// The largest power of ten, up to one whole unit of measure, that divides every figure of the series.
fn printed_unit(values: impl IntoIterator<Item = i64>, scale: u8) -> u64 {
    let mut unit = 10_u64.pow(u32::from(scale.min(Decimal::SCALE_MAX)));
    let mut count = 0;
    for value in values {
        count += 1;
        while !value.unsigned_abs().is_multiple_of(unit) {
            unit /= 10;
        }
    }
    if count < FIGURES_TO_TELL_DIGITS {
        1
    } else {
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(series: &[(&[i64], u8)]) -> [u32; 10] {
        let mut tally = Tally::default();
        for (values, scale) in series {
            tally.add_series(values.iter().copied(), *scale, &Parameters::default());
        }
        tally.counts
    }

    #[test]
    fn the_last_digit_is_the_last_that_the_series_prints() {
        // Two digits after the point are allowed and one is used: 12.5, 13.0 and 47.2 end in 5, 0 and 2.
        let expect = |digits: &[usize]| {
            let mut counts = [0; 10];
            digits.iter().for_each(|digit| counts[*digit] += 1);
            counts
        };
        assert_eq!(tally(&[(&[1250, 1300, 4720], 2)]), expect(&[5, 0, 2]));
        // Whole hundreds are round numbers, not a coarser print: their last digit is 0.
        assert_eq!(tally(&[(&[500, 700, 900], 0)]), expect(&[0, 0, 0]));
        // Two significant digits tell nothing, nor does a sign.
        assert_eq!(tally(&[(&[17, 99, 123, -456], 0)]), expect(&[3, 6]));
        // Of two figures it cannot be told how many digits are printed.
        assert_eq!(tally(&[(&[1250, 1300], 2)]), expect(&[0, 0]));
    }

    #[test]
    fn too_few_figures_are_told() {
        let mut tally = Tally::default();
        tally.counts[3] = 49;
        let told = tally.test(&Parameters::default()).unwrap_err();
        assert_eq!(
            told,
            NotComputable::TooFewValues {
                known: 49,
                needed: 50
            }
        );
        tally.counts[3] = 50;
        let found = tally.test(&Parameters::default()).unwrap();
        assert_eq!(
            (found.chi_square, found.commonest, found.total),
            (450.0, (3, 50), 50)
        );
    }
}
