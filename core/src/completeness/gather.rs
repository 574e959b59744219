//! Gathering: one count for each group of slots.
//!
//! Most groupings do not look at the unit, so a sheet is counted once and then added to its groups. Those that do have one
//! count for each unit or level while sheets are read.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalogue::{Catalogue, DepartmentCode, UnitIndex},
    code::DatasetCode,
};

use super::{
    Group, GroupBy, StateCounts,
    sheet::{Seen, Sheet},
};

/// What can be counted over slots.
pub(crate) trait Gather: Clone + Default {
    /// Counts one slot.
    fn count(&mut self, seen: &Seen<'_>);

    /// Takes up another count.
    fn merge(&mut self, other: Self);

    /// Whether no slot was counted.
    fn is_empty(&self) -> bool;
}

impl Gather for StateCounts {
    fn count(&mut self, seen: &Seen<'_>) {
        self.imported += u64::from(seen.imported);
        if seen.is_expected() {
            self.add(seen.state);
        }
    }

    fn merge(&mut self, other: Self) {
        *self = self.plus(other);
    }

    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

/// Counts over sheets that come dataset by dataset.
pub(super) struct Gathering<'a, T> {
    catalogue: &'a Catalogue,
    by: GroupBy,
    units: &'a [UnitIndex],
    /// For each of `units`, which of `lines` counts it.
    line_of: Vec<usize>,
    lines: Vec<T>,
    /// The dataset that `lines` are of, where they are of one.
    dataset: Option<DatasetCode>,
    groups: BTreeMap<Group, T>,
}

impl<'a, T: Gather> Gathering<'a, T> {
    pub(super) fn new(catalogue: &'a Catalogue, by: GroupBy, units: &'a [UnitIndex]) -> Self {
        let line_of: Vec<usize> = match by {
            GroupBy::Unit | GroupBy::UnitDataset => (0..units.len()).collect(),
            GroupBy::Level => units.iter().map(|unit| level(catalogue, *unit)).collect(),
            GroupBy::Nothing
            | GroupBy::Dataset
            | GroupBy::Period
            | GroupBy::DatasetPeriod
            | GroupBy::Department => vec![0; units.len()],
        };
        let lines = line_of.iter().max().map_or(0, |last| last + 1);
        Self {
            catalogue,
            by,
            units,
            line_of,
            lines: vec![T::default(); lines],
            dataset: None,
            groups: BTreeMap::new(),
        }
    }

    pub(super) fn take(&mut self, sheet: &Sheet<'_>) {
        if self.lines.is_empty() {
            return;
        }
        if self.by == GroupBy::UnitDataset && self.dataset.as_ref() != Some(sheet.dataset.code()) {
            self.flush();
            self.dataset = Some(sheet.dataset.code().clone());
        }
        for (unit, line) in self.units.iter().zip(&self.line_of) {
            if self.catalogue.expects_at(*unit, sheet.index, sheet.period) {
                self.lines[*line].count(&sheet.see(*unit));
            }
        }
        if let Some(groups) = self.groups_of(sheet) {
            let counted = std::mem::take(&mut self.lines[0]);
            for group in groups.into_iter().filter(|_| !counted.is_empty()) {
                self.groups.entry(group).or_default().merge(counted.clone());
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<(Group, T)> {
        self.flush();
        self.groups.into_iter().collect()
    }

    /// The groups that a whole sheet counts in; none where the grouping looks at units.
    fn groups_of(&self, sheet: &Sheet<'_>) -> Option<Vec<Group>> {
        let dataset = || Some(sheet.dataset.code().clone());
        let mut group = Group::default();
        match self.by {
            GroupBy::Unit | GroupBy::UnitDataset | GroupBy::Level => return None,
            GroupBy::Nothing => {}
            GroupBy::Dataset => group.dataset = dataset(),
            GroupBy::Period => group.period = Some(sheet.period),
            GroupBy::DatasetPeriod => {
                group.dataset = dataset();
                group.period = Some(sheet.period);
            }
            GroupBy::Department => {
                let owners = owners(self.catalogue, sheet);
                let group = |owner| Group {
                    department: Some(owner),
                    ..Group::default()
                };
                return Some(owners.into_iter().map(group).collect());
            }
        }
        Some(vec![group])
    }

    /// Moves what was counted by unit or level to its groups.
    fn flush(&mut self) {
        let empty = vec![T::default(); self.lines.len()];
        let lines = std::mem::replace(&mut self.lines, empty);
        for (line, counted) in lines.into_iter().enumerate() {
            if !counted.is_empty() {
                let group = self.group_of(line);
                self.groups.entry(group).or_default().merge(counted);
            }
        }
    }

    fn group_of(&self, line: usize) -> Group {
        let unit = self
            .units
            .get(line)
            .map(|unit| self.catalogue.unit_at(*unit).code().clone());
        match self.by {
            GroupBy::Unit | GroupBy::UnitDataset => Group {
                dataset: self.dataset.clone(),
                unit,
                ..Group::default()
            },
            GroupBy::Level => Group {
                level: self
                    .catalogue
                    .levels()
                    .get(line)
                    .map(|level| level.code().clone()),
                ..Group::default()
            },
            GroupBy::Nothing
            | GroupBy::Dataset
            | GroupBy::Period
            | GroupBy::DatasetPeriod
            | GroupBy::Department => Group::default(),
        }
    }
}

/// The place of a unit's level; one beyond the last for units without a level.
fn level(catalogue: &Catalogue, unit: UnitIndex) -> usize {
    let levels = catalogue.levels();
    let own = catalogue.unit_at(unit).level();
    let found = levels.iter().position(|level| Some(level.code()) == own);
    found.unwrap_or(levels.len())
}

/// The departments that own an indicator of the sheet's dataset.
fn owners(catalogue: &Catalogue, sheet: &Sheet<'_>) -> BTreeSet<DepartmentCode> {
    let indicators = sheet.dataset.indicators().iter();
    let known = indicators.filter_map(|code| catalogue.indicator(code));
    known.map(|indicator| indicator.owner().clone()).collect()
}
