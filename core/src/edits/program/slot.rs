//! Where the figure of a slot stands.

use super::Cells;
use crate::{
    decimal::Decimal,
    edits::{
        Looked,
        ast::{Operand, Source},
        checker::Slot,
    },
    period::Period,
};

impl Slot {
    /// Whether an operand, whose names are codes by now, is this slot.
    pub(in crate::edits) fn is(&self, named: &Operand) -> bool {
        let dataset = self.dataset.as_ref().map(|(code, _)| code.as_str());
        self.source == named.source
            && dataset == named.dataset.as_deref()
            && self.indicator.as_str() == &*named.name
    }

    /// The figure of a slot that is no roll-up, and by how much rounding may have moved it.
    pub(in crate::edits) fn figure(&self, cells: &dyn Cells) -> Option<(Decimal, Decimal)> {
        let printed = |value: Decimal| (value, value.half_unit_of_last_digit());
        let period = self.period(cells.period())?;
        match self.source {
            Source::Children => None,
            Source::Own if self.dataset.is_none() => cells.cell(&self.indicator).map(printed),
            Source::Own => self.at(cells, period).map(printed),
            Source::Lag(count) => {
                let period = period.plus(-i32::from(count))?;
                self.at(cells, period).map(printed)
            }
            Source::YearAgo => self.at(cells, period.year_ago()?).map(printed),
            Source::YearToDate => self.year_to_date(cells, period),
        }
    }

    /// What it looks at in other records of the unit; nothing for a roll-up.
    pub(in crate::edits) fn looks(&self, record: Period) -> Vec<Looked> {
        let own = self.dataset.is_none().then_some(record);
        let periods = self.period(record).map(|p| self.periods(p));
        let others = periods.into_iter().flatten();
        others
            .filter(|period| Some(*period) != own)
            .map(|period| Looked {
                dataset: self.dataset.as_ref().map(|(code, _)| code.clone()),
                period,
                indicator: self.indicator.clone(),
            })
            .collect()
    }

    /// The periods whose figures make up the slot's, where `period` is the one that it is seen from.
    fn periods(&self, period: Period) -> Vec<Period> {
        match self.source {
            Source::Children => Vec::new(),
            Source::Own => vec![period],
            Source::Lag(count) => period.plus(-i32::from(count)).into_iter().collect(),
            Source::YearAgo => period.year_ago().into_iter().collect(),
            Source::YearToDate => {
                let first = Period::new(period.periodicity(), period.year(), 1);
                let next = |p: &Period| p.plus(1).filter(|next| *next <= period);
                std::iter::successors(first, next).collect()
            }
        }
    }

    /// The period of the slot's dataset that ends on the same day as the record's; none where none does.
    fn period(&self, record: Period) -> Option<Period> {
        match &self.dataset {
            Some((_, periodicity)) => record.ending_together(*periodicity),
            None => Some(record),
        }
    }

    fn at(&self, cells: &dyn Cells, period: Period) -> Option<Decimal> {
        if self.dataset.is_none() && period == cells.period() {
            return cells.cell(&self.indicator);
        }
        let dataset = self.dataset.as_ref().map(|(code, _)| code);
        cells.elsewhere(dataset, period, &self.indicator)
    }

    /// The sum from the first period of the year on; one missing figure makes it missing.
    fn year_to_date(&self, cells: &dyn Cells, last: Period) -> Option<(Decimal, Decimal)> {
        let mut period = Period::new(last.periodicity(), last.year(), 1)?;
        let (mut sum, mut half) = (Decimal::ZERO, Decimal::ZERO);
        loop {
            let value = self.at(cells, period)?;
            sum = sum.checked_add(value)?;
            half = half.checked_add(value.half_unit_of_last_digit())?;
            if period >= last {
                return Some((sum, half));
            }
            period = period.plus(1)?;
        }
    }
}
