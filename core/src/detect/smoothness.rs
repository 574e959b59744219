//! Implausible smoothness: a unit whose growth hardly moves, while that of the others does.
//!
//! Economies fluctuate, and small ones more than large ones; a growth rate that is the same in every period is made, not measured.
//! The roughness of a series is the mean absolute change of its growth from one period to the next, where growth is `x / y - 1` against
//! the same period a year before (the last period, for annual data), so that a season is no roughness. The logarithm of
//! the roughness is compared with those of the other units by the modified z-score on the lower side.
//! Sources: Nakamura, Steinsson and Liu, "Are Chinese growth and inflation too smooth? Evidence from Engel curves" (American Economic
//! Journal: Macroeconomics 8(3), 2016), for the sign that official figures may be too smooth; Iglewicz and Hoaglin (1993) for the score.
//!
//! The p-value is that of the Student distribution which the score over so many units follows ([`super::modified_z::chance_of_flag`]).

use super::{modified_z, number, reason::NotComputable};
use crate::decimal::Decimal;

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The false discovery rate over the units tested at once: 0.05.
    pub rate: Decimal,
    /// The fewest changes of growth: 6.
    pub values_min: u32,
    /// The fewest units with a roughness: 10.
    pub units_min: u32,
    /// How many periods, up to and with this one, are looked at: 24.
    pub periods: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            rate: number::decimal(5, 2),
            values_min: 6,
            units_min: 10,
            periods: 24,
        }
    }
}

/// The roughness of a series in time order, in growth (0.01 is one percentage point); `lag` periods lie between a figure and its base.
///
/// # Errors
/// Too few changes of growth. A growth that cannot be computed, since a figure is missing or not positive, breaks the chain.
pub fn roughness(
    series: &[Option<i64>],
    lag: usize,
    parameters: &Parameters,
) -> Result<f64, NotComputable> {
    let growth = |at: usize| match (series[at - lag], series[at]) {
        (Some(y), Some(x)) if x > 0 && y > 0 => Some(x as f64 / y as f64),
        (_, _) => None,
    };
    let (mut sum, mut count) = (0.0, 0_u32);
    let mut last = None;
    for at in lag..series.len() {
        let current = growth(at);
        if let (Some(last), Some(current)) = (last, current) {
            sum += f64::abs(current - last);
            count += 1;
        }
        last = current;
    }
    let needed = parameters.values_min.max(1);
    if count < needed {
        return Err(NotComputable::TooFewValues {
            known: count,
            needed,
        });
    }
    Ok(sum / f64::from(count))
}

/// The middle and the spread of the units' log roughness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peers {
    median: f64,
    spread: f64,
    count: u32,
}

impl Peers {
    /// Measures the units that have a roughness.
    ///
    /// # Errors
    /// Too few units, or no spread among them.
    pub fn of(
        roughness: impl IntoIterator<Item = f64>,
        parameters: &Parameters,
    ) -> Result<Self, NotComputable> {
        let mut keys: Vec<i64> = roughness
            .into_iter()
            .map(|r| number::sort_key(libm::log(r)))
            .collect();
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let needed = parameters.units_min.max(1);
        let too_few = NotComputable::TooFewUnits {
            known: count,
            needed,
        };
        if count < needed {
            return Err(too_few);
        }
        let median = number::median_of_keys(&mut keys).ok_or(too_few)?;
        if !median.is_finite() {
            return Err(NotComputable::NoSpread);
        }
        for key in &mut keys {
            *key = number::sort_key((number::from_sort_key(*key) - median).abs());
        }
        let deviation = number::median_of_keys(&mut keys).ok_or(too_few)?;
        if deviation > 0.0 && deviation.is_finite() {
            Ok(Self {
                median,
                spread: deviation / 0.6745,
                count,
            })
        } else {
            Err(NotComputable::NoSpread)
        }
    }

    /// The median roughness of the units.
    #[must_use]
    pub fn median(&self) -> f64 {
        libm::exp(self.median)
    }

    /// How many spreads below the others a roughness lies; negative where it is above.
    #[must_use]
    pub fn score(&self, roughness: f64) -> f64 {
        (self.median - libm::log(roughness)) / self.spread
    }

    /// The chance of a score at least so large; 0 for a series that never moves.
    #[must_use]
    pub fn p_value(&self, roughness: f64) -> f64 {
        let score = self.score(roughness);
        if score.is_infinite() {
            return 0.0;
        }
        let both = number::student_two_sided(score, modified_z::degrees_of_freedom(self.count));
        if score > 0.0 {
            both / 2.0
        } else {
            1.0 - both / 2.0
        }
    }
}
