//! All zero: a record whose every figure is zero.
//!
//! A unit that has nothing to report may say so honestly, so the flag is a question. Zeros are nevertheless the commonest way to fill a
//! form that must be filled. Source: WHO, "Data quality review", module 2 (2017), completeness: zeros and missing values are to be
//! told apart, and zeros in place of missing values are to be found.

use super::reason::{Judgement, NotComputable};
use crate::decimal::Decimal;

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The fewest figures stated: 2.
    pub values_min: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { values_min: 2 }
    }
}

/// Judges the figures of one record; missing ones do not count. Answers how many were looked at, too.
pub fn judge(
    values: impl IntoIterator<Item = Option<Decimal>>,
    parameters: &Parameters,
) -> (u32, Judgement) {
    let (mut known, mut zeros) = (0_u32, 0_u32);
    for value in values.into_iter().flatten() {
        known += 1;
        zeros += u32::from(value.is_zero());
    }
    let needed = parameters.values_min.max(1);
    if known < needed {
        return (
            known,
            Judgement::NotComputable(NotComputable::TooFewValues { known, needed }),
        );
    }
    (known, Judgement::of(zeros == known))
}
