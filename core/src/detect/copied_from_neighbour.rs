//! Copied from a neighbour: a record that repeats that of another unit for the same period.
//!
//! Each record is compared with those of the units under the same parent, and the one most like it is judged: at least 85
//! percent of the telling figures are equal ([`super::likeness`] says what is counted, and gives the source). Two records that are
//! alike are both flagged; which of them was copied the figures do not say.

use super::{
    likeness::Likeness,
    reason::{Judgement, NotComputable},
};
use crate::decimal::Decimal;

pub use super::likeness::Parameters;

/// For each record the neighbour most like it, and what follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The place of the neighbour among the records; none where nothing could be compared.
    pub neighbour: Option<usize>,
    /// How much the two are alike.
    pub likeness: Likeness,
    /// The answer.
    pub judgement: Judgement,
}

/// Judges the records of neighbouring units, each the same cells in the same order; every pair is compared once.
#[must_use]
pub fn judge(records: &[Vec<Option<Decimal>>], parameters: &Parameters) -> Vec<Nearest> {
    let none = Nearest {
        neighbour: None,
        likeness: Likeness::default(),
        judgement: Judgement::NotComputable(NotComputable::TooFewUnits {
            known: 0,
            needed: 1,
        }),
    };
    let mut nearest = vec![none; records.len()];
    for (one, record) in records.iter().enumerate() {
        for (other, beside) in records.iter().enumerate().skip(one + 1) {
            let pairs = record.iter().copied().zip(beside.iter().copied());
            let likeness = Likeness::of(pairs, parameters);
            let judgement = likeness.judge(parameters);
            nearest[one].consider(other, likeness, judgement);
            nearest[other].consider(one, likeness, judgement);
        }
    }
    nearest
}

impl Nearest {
    /// Keeps the pair that can be judged and is most alike; the first among equals.
    fn consider(&mut self, neighbour: usize, likeness: Likeness, judgement: Judgement) {
        let rank = |judgement: Judgement, likeness: Likeness| {
            let is_judged = !matches!(judgement, Judgement::NotComputable(_));
            (is_judged, likeness.percent())
        };
        let is_nearer = rank(judgement, likeness) > rank(self.judgement, self.likeness);
        if self.neighbour.is_none() || is_nearer {
            *self = Self {
                neighbour: Some(neighbour),
                likeness,
                judgement,
            };
        }
    }
}
