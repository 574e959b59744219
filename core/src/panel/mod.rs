//! The panel: all records of one dataset as columns, and the edits judged over whole columns.
//!
//! A re-check of everything asks the same few questions of every record. Record by record that is a lookup for each figure; here
//! the figures of an indicator lie side by side as integers, and an edit is a few additions and comparisons over them, as exact
//! as for a single record: `Edit::evaluate_columns` and [`Edit::evaluate`](crate::edits::Edit::evaluate) agree on every row.
//!
//! - `layout`: period after period, all units of a period side by side, so that the past is an offset away.
//! - `column`: integers at one scale, a bitmap of which are known.
//! - `rollups`: sums over the children of units.
//! - `plan`: an edit's program, bound to the columns of a panel: sums of multiples of columns wherever it can be.
//! - `run`: a plan over a thousand rows at a time.
//! - `checker`: verdicts that follow a change of a record, by judging again only what looks at it.
//! - `outliers`: the two detectors that compare a figure with its own past, and a change with the changes of all units.

mod bits;
mod layout;
mod column;
mod rollups;
mod cells;
mod plan;
mod run;
mod outliers;
mod verdicts;
mod checker;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::{column::Column, rollups::Rollups};
use crate::{
    catalogue::Catalogue,
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    period::Period,
    snapshot::Snapshot,
};

pub use self::{
    bits::Bits,
    cells::Elsewhere,
    checker::{Change, Checker},
    layout::Layout,
    outliers::{Method, Screen},
    verdicts::{Alone, Counts, Crew, Piece, Recheck, Verdicts},
};

/// The records of a dataset without items.
#[derive(Clone, Debug)]
pub struct Panel {
    dataset: DatasetCode,
    layout: Layout,
    indicators: Vec<IndicatorCode>,
    columns: Vec<Column>,
    /// The rows for which there is a record.
    present: Bits,
    /// The rows that the roster expects; none where it expects all.
    owed: Option<Bits>,
    /// Who stands above whom, as it has been at different times.
    trees: Vec<Families>,
    /// For each period, its place in `trees`.
    tree_of: Vec<u32>,
}

/// Who stands directly above whom at one time, by the places of units.
#[derive(Clone, Debug)]
struct Families {
    /// For each unit, the one directly above it.
    parents: Vec<Option<u32>>,
    /// The units with children, and these.
    families: Vec<(u32, Vec<u32>)>,
    /// For each unit, its place in `families`.
    family_of: Vec<Option<u32>>,
}

impl Families {
    fn new(parents: Vec<Option<u32>>) -> Self {
        let mut families: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (child, parent) in (0..).zip(&parents) {
            if let Some(parent) = parent {
                families.entry(*parent).or_default().push(child);
            }
        }
        let families: Vec<(u32, Vec<u32>)> = families.into_iter().collect();
        let mut family_of = vec![None; parents.len()];
        for (at, (parent, _)) in (0..).zip(&families) {
            family_of[*parent as usize] = Some(at);
        }
        Self {
            parents,
            families,
            family_of,
        }
    }

    fn children(&self, unit: usize) -> &[u32] {
        let family = self.family_of.get(unit).copied().flatten();
        family.map_or(&[], |at| &self.families[at as usize].1)
    }
}

impl Panel {
    /// A panel without records, whose units have nobody above them.
    #[must_use]
    pub fn new(dataset: DatasetCode, layout: Layout, indicators: Vec<IndicatorCode>) -> Self {
        let (rows, words) = (layout.rows(), layout.words());
        let units = layout.units().len();
        Self {
            columns: indicators
                .iter()
                .map(|_| Column::new(rows, words))
                .collect(),
            present: Bits::new(words),
            owed: None,
            trees: vec![Families::new(vec![None; units])],
            tree_of: vec![0; layout.periods().len()],
            dataset,
            layout,
            indicators,
        }
    }

    /// A panel without records for a dataset of the catalogue: its units and who stands above whom, what the roster expects,
    /// and so many periods from `first` on. `None` where there is no such dataset or period.
    #[must_use]
    pub fn of_catalogue(
        catalogue: &Catalogue,
        dataset: &DatasetCode,
        first: Period,
        periods: usize,
    ) -> Option<Self> {
        let indicators = catalogue.dataset(dataset)?.indicators().to_vec();
        let units: Vec<UnitCode> = catalogue.units().iter().map(|u| u.code().clone()).collect();
        let layout = Layout::new(units, first, periods)?;
        let mut panel = Self::new(dataset.clone(), layout, indicators);
        let mut owed = Bits::new(panel.layout.words());
        let index = catalogue.dataset_index(dataset)?;
        for (at, unit) in panel.layout.units().iter().enumerate() {
            let unit = catalogue.unit_index(unit)?;
            for (period_at, period) in panel.layout.periods().iter().enumerate() {
                let expected = catalogue.expects_at(unit, index, *period);
                owed.set(panel.layout.row(at, period_at), expected);
            }
        }
        let all = panel.layout.units().len() * panel.layout.periods().len();
        panel.owed = (owed.count() < all).then_some(owed);
        panel.set_parents(|unit, period| catalogue.parent(unit, period).cloned());
        Some(panel)
    }

    /// Says who stands directly above whom in each period; units outside of the panel are nobody.
    pub fn set_parents(&mut self, parent: impl Fn(&UnitCode, Period) -> Option<UnitCode>) {
        self.trees.clear();
        self.tree_of.clear();
        for period in self.layout.periods() {
            let place = |unit: &UnitCode| self.layout.unit(&parent(unit, *period)?);
            let parents = self.layout.units().iter();
            let parents = parents
                .map(|unit| place(unit).map(|at| at as u32))
                .collect();
            // Trees change seldom, so nearly all periods share that of the period before.
            if self.trees.last().is_none_or(|last| last.parents != parents) {
                self.trees.push(Families::new(parents));
            }
            self.tree_of.push(self.trees.len() as u32 - 1);
        }
    }

    /// Enters the record of a snapshot. `None`, and nothing is entered, where it is of another dataset, or its unit or period
    /// is not of this panel.
    pub fn push(&mut self, snapshot: &Snapshot) -> Option<()> {
        let unit = self.layout.unit(&snapshot.slot.unit)?;
        let period = self.layout.period(snapshot.slot.period)?;
        let (row, same) = (
            self.layout.row(unit, period),
            snapshot.slot.dataset == self.dataset,
        );
        if !same {
            return None;
        }
        for at in 0..self.indicators.len() {
            let figure = snapshot.value(&self.indicators[at], None);
            self.columns[at].set(row, figure)?;
        }
        self.present.set(row, true);
        Some(())
    }

    /// Enters one figure of a record, and with it that there is a record. `None` where a place is beyond the panel or the
    /// figure has more than 18 digits.
    pub fn set(
        &mut self,
        unit: usize,
        period: usize,
        indicator: usize,
        figure: Option<Decimal>,
    ) -> Option<()> {
        let inside = unit < self.layout.units().len() && period < self.layout.periods().len();
        let short = figure.is_none_or(|figure| figure.to_wire().is_some());
        if !inside || !short {
            return None;
        }
        let row = self.layout.row(unit, period);
        self.columns.get_mut(indicator)?.set(row, figure)?;
        self.present.set(row, true);
        Some(())
    }

    /// Enters a whole column of mantissas at one scale, all units of the first period, then all of the second, and so on;
    /// units that are given no figure at all, here or in another column, have no record. `None`, and nothing is entered,
    /// where there are too few figures, or one has more than 18 digits.
    pub fn set_column(
        &mut self,
        indicator: usize,
        scale: u8,
        figures: impl IntoIterator<Item = Option<i64>>,
    ) -> Option<()> {
        let mut figures = figures.into_iter();
        let mut mantissas = vec![0; self.layout.rows()];
        let mut known = Bits::new(self.layout.words());
        let mut most = 0_u128;
        for period in 0..self.layout.periods().len() {
            for unit in 0..self.layout.units().len() {
                if let Some(figure) = figures.next()? {
                    let row = self.layout.row(unit, period);
                    mantissas[row] = figure;
                    most = most.max(figure.unsigned_abs().into());
                    known.set(row, true);
                }
            }
        }
        if most > Decimal::WIRE_MANTISSA_MAX.unsigned_abs().into() || scale > Decimal::SCALE_MAX {
            return None;
        }
        let present = self.present.words_mut().iter_mut();
        for (present, known) in present.zip(known.words()) {
            *present |= known;
        }
        *self.columns.get_mut(indicator)? = Column::of_mantissas(mantissas, known, scale, most);
        Some(())
    }

    /// Says that there is a record, even if it has no figures.
    pub fn set_present(&mut self, unit: usize, period: usize) {
        let row = self.layout.row(unit, period);
        self.present.set(row, true);
    }

    /// A figure, with the digits that it was entered with.
    #[must_use]
    pub fn figure(&self, unit: usize, period: usize, indicator: usize) -> Option<Decimal> {
        let row = self.layout.row(unit, period);
        self.columns.get(indicator)?.get(row)
    }

    /// The dataset.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetCode {
        &self.dataset
    }

    /// The units and periods.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The indicators, in the order of the columns.
    #[must_use]
    pub fn indicators(&self) -> &[IndicatorCode] {
        &self.indicators
    }

    /// The place of an indicator in [`Self::indicators`].
    #[must_use]
    pub fn indicator(&self, code: &IndicatorCode) -> Option<usize> {
        self.indicators.iter().position(|found| found == code)
    }

    fn column(&self, at: usize) -> &Column {
        &self.columns[at]
    }

    fn families(&self, period: usize) -> &Families {
        &self.trees[self.tree_of[period] as usize]
    }

    fn children(&self, unit: usize, period: usize) -> &[u32] {
        self.families(period).children(unit)
    }

    /// The unit directly above another in a period.
    fn parent(&self, unit: usize, period: usize) -> Option<usize> {
        let parent = self.families(period).parents.get(unit).copied().flatten();
        parent.map(|parent| parent as usize)
    }

    /// The most children that a unit has in any period.
    fn most_children(&self) -> usize {
        let families = self.trees.iter().flat_map(|tree| &tree.families);
        let counts = families.map(|(_, children)| children.len());
        counts.max().unwrap_or_default()
    }

    fn is_owed(&self, row: usize) -> bool {
        self.owed.as_ref().is_none_or(|owed| owed.get(row))
    }

    const fn all_owed(&self) -> bool {
        self.owed.is_none()
    }
}
