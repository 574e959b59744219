//! How much two records are alike: what both detectors of copied figures count.
//!
//! Only telling figures are counted. A figure tells something where both records state it, it is not zero, and it has enough
//! significant digits that two honest reports would hardly agree on it by chance.
//! Source: Kuriakose and Robbins, "Don't get duped: Fraud through duplication in public opinion surveys" (Statistical Journal of the
//! IAOS 32(3), 2016): the percent match of two records, with 85 % as the mark above which two interviews count as near duplicates.

use super::{
    number,
    reason::{Judgement, NotComputable},
};
use crate::decimal::{Decimal, power_of_ten};

/// The parameters of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The share of equal figures from which on a record is flagged, in percent: 85.
    pub match_percent: Decimal,
    /// The fewest telling figures that both records state: 5.
    pub values_min: u32,
    /// The significant digits that make a figure telling: 3.
    pub digits_min: u8,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            match_percent: number::decimal(85, 0),
            values_min: 5,
            digits_min: 3,
        }
    }
}

/// How many telling figures two records share, and how many of them are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    /// Telling figures that both state.
    pub compared: u32,
    /// Those that are equal.
    pub equal: u32,
}

impl Likeness {
    /// Compares two records cell by cell.
    pub fn of(
        pairs: impl IntoIterator<Item = (Option<Decimal>, Option<Decimal>)>,
        parameters: &Parameters,
    ) -> Self {
        let mut likeness = Self::default();
        for (one, other) in pairs {
            let (Some(one), Some(other)) = (one, other) else {
                continue;
            };
            if is_telling(one, parameters.digits_min) || is_telling(other, parameters.digits_min) {
                likeness.compared += 1;
                likeness.equal += u32::from(one == other);
            }
        }
        likeness
    }

    /// Whether the records are too much alike.
    #[must_use]
    pub fn judge(self, parameters: &Parameters) -> Judgement {
        let (known, needed) = (self.compared, parameters.values_min.max(1));
        if known < needed {
            return Judgement::NotComputable(NotComputable::TooFewValues { known, needed });
        }
        let mark = parameters.match_percent;
        let reached = i128::from(self.equal) * 100 * power_of_ten(mark.scale());
        let wanted = mark.mantissa().saturating_mul(i128::from(self.compared));
        Judgement::of(reached >= wanted)
    }

    /// The share of equal figures, in percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        100.0 * f64::from(self.equal) / f64::from(self.compared.max(1))
    }
}

/// Whether `value` has at least `digits` digits from its first to the last that is not zero.
fn is_telling(value: Decimal, digits: u8) -> bool {
    let mut mantissa = value.mantissa().unsigned_abs();
    if mantissa == 0 {
        return false;
    }
    while mantissa.is_multiple_of(10) {
        mantissa /= 10;
    }
    mantissa >= power_of_ten(digits.clamp(1, Decimal::SCALE_MAX) - 1).unsigned_abs()
}
