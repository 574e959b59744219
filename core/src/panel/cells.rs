//! One row of a panel, as the evaluation of a single record reads it.

use super::{Panel, Rollups};
use crate::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    edits::{Cells, Rollup},
    period::Period,
};

/// Figures of other datasets, for the edits that name some.
pub trait Elsewhere: Sync {
    /// The figure, where it is known.
    fn figure(
        &self,
        dataset: &DatasetCode,
        unit: &UnitCode,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal>;
}

/// There is no other dataset.
impl Elsewhere for () {
    fn figure(
        &self,
        _: &DatasetCode,
        _: &UnitCode,
        _: Period,
        _: &IndicatorCode,
    ) -> Option<Decimal> {
        None
    }
}

/// Other panels.
impl Elsewhere for &[&Panel] {
    fn figure(
        &self,
        dataset: &DatasetCode,
        unit: &UnitCode,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        let panel = self.iter().find(|panel| panel.dataset() == dataset)?;
        let (unit, period) = (panel.layout().unit(unit)?, panel.layout().period(period)?);
        panel.figure(unit, period, panel.indicator(indicator)?)
    }
}

pub(super) struct Row<'a> {
    pub(super) panel: &'a Panel,
    pub(super) rollups: &'a Rollups,
    pub(super) elsewhere: &'a dyn Elsewhere,
    pub(super) unit: usize,
    pub(super) period: usize,
}

impl Cells for Row<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        let column = self.panel.indicator(indicator)?;
        self.panel.figure(self.unit, self.period, column)
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        let column = self.panel.indicator(indicator)?;
        let row = self.panel.layout().row(self.unit, self.period);
        self.rollups.get(column)?.rollup(self.panel, column, row)
    }

    fn period(&self) -> Period {
        self.panel.layout().periods()[self.period]
    }

    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        match dataset {
            Some(dataset) if dataset != self.panel.dataset() => {
                let unit = self.panel.layout().units().get(self.unit)?;
                self.elsewhere.figure(dataset, unit, period, indicator)
            }
            Some(_) | None => {
                let period = self.panel.layout().period(period)?;
                let column = self.panel.indicator(indicator)?;
                self.panel.figure(self.unit, period, column)
            }
        }
    }
}
