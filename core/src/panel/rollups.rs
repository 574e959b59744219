//! The sums over the units' children, for the edits that ask for them: computed once for a panel, then kept by difference.
//!
//! A parent's row holds the sum over those of its children of which the dataset is expected; what children without a figure
//! count for is said by the edit's [`RollupMode`](crate::edits::RollupMode), so the sum is kept with how many are known.

use std::collections::BTreeMap;

use super::{
    Panel,
    bits::Bits,
    column::{Column, Mantissas, NARROW_MAX, WIDE_MAX},
};
use crate::{decimal::Decimal, edits::Rollup};

/// The sums of some columns of a panel.
#[derive(Clone, Debug, Default)]
pub(super) struct Rollups(BTreeMap<usize, Sums>);

/// The sums of one column.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    /// Its mantissas are the sums of the known figures; its bitmap is not used.
    pub(super) sums: Column,
    known: Vec<u32>,
    expected: Vec<u32>,
    /// Rows all of whose children are known.
    pub(super) complete: Bits,
    /// Rows with children, unless their sum is too long to be kept.
    pub(super) summed: Bits,
    /// Rows with a child whose figure is known.
    pub(super) found: Bits,
}

/// What one row adds up to.
#[derive(Default)]
struct Total {
    sum: Option<i128>,
    known: u32,
    expected: u32,
}

impl Rollups {
    /// Sums these columns.
    pub(super) fn of(panel: &Panel, columns: impl Iterator<Item = usize>) -> Self {
        Self(columns.map(|at| (at, Sums::of(panel, at))).collect())
    }

    pub(super) fn get(&self, column: usize) -> Option<&Sums> {
        self.0.get(&column)
    }

    /// Adds all sums of a column up again, after its scale or its largest magnitude has changed.
    pub(super) fn remake(&mut self, panel: &Panel, column: usize) {
        if let Some(sums) = self.0.get_mut(&column) {
            *sums = Sums::of(panel, column);
        }
    }

    /// Brings the sum over a child up to date; the figure before and after, as mantissas of the column.
    pub(super) fn follow(
        &mut self,
        panel: &Panel,
        column: usize,
        (parent, period): (usize, usize),
        [before, after]: [Option<i128>; 2],
    ) {
        let Some(sums) = self.0.get_mut(&column) else {
            return;
        };
        let row = panel.layout().row(parent, period);
        let total = if sums.summed.get(row) {
            let more = after.unwrap_or_default() - before.unwrap_or_default();
            Total {
                sum: sums.sums.mantissa(row).checked_add(more),
                known: sums.known[row] + u32::from(after.is_some()) - u32::from(before.is_some()),
                expected: sums.expected[row],
            }
        } else {
            Total::of(panel, column, parent, period)
        };
        sums.put(row, &total);
    }
}

impl Sums {
    fn of(panel: &Panel, column: usize) -> Self {
        let (rows, words) = (panel.layout().rows(), panel.layout().words());
        let mut sums = Self {
            sums: Column::new(rows, words),
            known: vec![0; rows],
            expected: vec![0; rows],
            complete: Bits::new(words),
            summed: Bits::new(words),
            found: Bits::new(words),
        };
        sums.sums.scale = panel.column(column).scale;
        sums.sums.most = sums.bound(panel, column);
        if sums.sums.most >= NARROW_MAX {
            sums.sums.widen();
        }
        for period in 0..panel.layout().periods().len() {
            for (parent, _) in &panel.families(period).families {
                let total = Total::of(panel, column, *parent as usize, period);
                sums.put(panel.layout().row(*parent as usize, period), &total);
            }
        }
        sums
    }

    /// What no sum can be above.
    fn bound(&self, panel: &Panel, column: usize) -> u128 {
        let largest = panel.most_children() as u128;
        let most = panel.column(column).most.max(1);
        most.saturating_mul(largest).min(WIDE_MAX)
    }

    fn put(&mut self, row: usize, total: &Total) {
        let sum = total.sum.filter(|sum| sum.unsigned_abs() < WIDE_MAX);
        let summed = total.expected > 0 && sum.is_some();
        self.sums.put(row, sum.unwrap_or_default());
        (self.known[row], self.expected[row]) = (total.known, total.expected);
        self.summed.set(row, summed);
        self.complete
            .set(row, summed && total.known == total.expected);
        self.found.set(row, summed && total.known > 0);
    }

    /// The sum as the edits of a single record see it.
    pub(super) fn rollup(&self, panel: &Panel, column: usize, row: usize) -> Option<Rollup> {
        let (parent, period) = panel.layout().of_row(row);
        if self.expected[row] > 0 && !self.summed.get(row) {
            return None;
        }
        Some(Rollup {
            sum: Decimal::new(self.sums.mantissa(row), self.sums.scale)?.normalised(),
            rounding: rounding(panel, column, parent, period)?.normalised(),
            known: self.known[row],
            expected: self.expected[row],
        })
    }
}

/// Half a unit of the last digit of each figure that is summed.
fn rounding(panel: &Panel, column: usize, parent: usize, period: usize) -> Option<Decimal> {
    let (column, mut sum) = (panel.column(column), Decimal::ZERO);
    for child in panel.children(parent, period) {
        let row = panel.layout().row(*child as usize, period);
        if let Some(figure) = column.get(row).filter(|_| panel.is_owed(row)) {
            sum = sum.checked_add(figure.half_unit_of_last_digit())?;
        }
    }
    Some(sum)
}

impl Total {
    fn of(panel: &Panel, column: usize, parent: usize, period: usize) -> Self {
        let (column, children) = (panel.column(column), panel.children(parent, period));
        let first = panel.layout().row(0, period);
        let narrow = column.most.saturating_mul(children.len() as u128) < NARROW_MAX;
        match &column.mantissas {
            Mantissas::Narrow(mantissas) if narrow && panel.all_owed() => {
                let (mut sum, mut known) = (0_i64, 0);
                for child in children {
                    let row = first + *child as usize;
                    sum = sum.wrapping_add(mantissas[row]);
                    known += u32::from(column.known.get(row));
                }
                Self {
                    sum: Some(sum.into()),
                    known,
                    expected: children.len() as u32,
                }
            }
            Mantissas::Narrow(_) | Mantissas::Wide(_) => {
                let rows = children.iter().map(|child| first + *child as usize);
                Self::one_by_one(column, rows.filter(|row| panel.is_owed(*row)))
            }
        }
    }

    fn one_by_one(column: &Column, rows: impl Iterator<Item = usize>) -> Self {
        let mut total = Self {
            sum: Some(0),
            ..Self::default()
        };
        for row in rows {
            total.expected += 1;
            if column.known.get(row) {
                total.known += 1;
                total.sum = total
                    .sum
                    .and_then(|sum| sum.checked_add(column.mantissa(row)));
            }
        }
        total
    }
}

/// Half a unit of the last of `digits`, for the least scale that has it.
pub(super) const fn half_unit(digits: u8) -> Option<Decimal> {
    match Decimal::new(1, digits) {
        Some(unit) => Some(unit.half_unit_of_last_digit()),
        None => None,
    }
}
