//! Empty but complete: every required cell is filled in, and hardly any says anything.
//!
//! A cell says something where it holds a figure other than zero. The record is flagged where all required cells are stated and
//! fewer than 20 percent of them say something, unless all are zeros ([`super::all_zero`] tells that). Source: Eurostat, "European
//! Statistical System handbook for quality and metadata reports" (2021), indicator A1, data completeness rate: it is measured by what was
//! delivered, so a cell that is formally there and empty in substance escapes it.

use super::{
    number,
    reason::{Judgement, NotComputable},
};
use crate::decimal::{Decimal, power_of_ten};

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The share of telling cells below which a record is flagged, in percent: 20.
    pub telling_percent: Decimal,
    /// The fewest required cells: 4.
    pub values_min: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            telling_percent: number::decimal(20, 0),
            values_min: 4,
        }
    }
}

/// What a required cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing was stated.
    Unstated,
    /// A status that has no value: missing, not applicable, suppressed.
    Absent,
    /// A figure.
    Value(Decimal),
}

/// What was counted in a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Required cells.
    pub required: u32,
    /// Cells that hold a figure other than zero.
    pub telling: u32,
    /// Cells that hold a zero.
    pub zeros: u32,
    /// Cells with a status and no value.
    pub absent: u32,
}

/// Judges the required cells of one record. A record with an unstated cell is incomplete, which other rules tell: it is clean here.
pub fn judge(cells: impl IntoIterator<Item = Cell>, parameters: &Parameters) -> (Count, Judgement) {
    let mut count = Count::default();
    for cell in cells {
        count.required += 1;
        match cell {
            Cell::Unstated => {}
            Cell::Absent => count.absent += 1,
            Cell::Value(value) if value.is_zero() => count.zeros += 1,
            Cell::Value(_) => count.telling += 1,
        }
    }
    let needed = parameters.values_min.max(1);
    if count.required < needed {
        let too_few = NotComputable::TooFewValues {
            known: count.required,
            needed,
        };
        return (count, Judgement::NotComputable(too_few));
    }
    let is_complete = count.telling + count.zeros + count.absent == count.required;
    let mark = parameters.telling_percent;
    let reached = i128::from(count.telling) * 100 * power_of_ten(mark.scale());
    let is_empty = reached < mark.mantissa().saturating_mul(i128::from(count.required));
    let unusual = is_complete && is_empty && count.zeros < count.required;
    (count, Judgement::of(unusual))
}
