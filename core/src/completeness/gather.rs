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
    #[inline]
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
    /// Under which unit those that count stand.
    top: Option<UnitIndex>,
    /// For each of `units`, which of `lines` counts it; empty where the grouping does not look at units.
    line_of: Vec<usize>,
    lines: Vec<T>,
    /// The dataset that `lines` are of, where they are of one.
    dataset: Option<DatasetCode>,
    groups: BTreeMap<Group, T>,
    /// What `lines` have come to.
    told: Vec<(Group, T)>,
}

impl<'a, T: Gather> Gathering<'a, T> {
    pub(super) fn new(
        catalogue: &'a Catalogue,
        by: GroupBy,
        units: &'a [UnitIndex],
        top: Option<UnitIndex>,
    ) -> Self {
        let line_of: Vec<usize> = match by {
            GroupBy::Unit | GroupBy::UnitDataset => (0..units.len()).collect(),
            GroupBy::Level => units.iter().map(|unit| level(catalogue, *unit)).collect(),
            GroupBy::Nothing
            | GroupBy::Dataset
            | GroupBy::Period
            | GroupBy::DatasetPeriod
            | GroupBy::Department => Vec::new(),
        };
        let lines = line_of.iter().max().map_or(0, |last| last + 1);
        Self {
            catalogue,
            by,
            units,
            top,
            line_of,
            lines: vec![T::default(); lines],
            dataset: None,
            groups: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, sheet: &Sheet<'_>) {
        match self.groups_of(sheet) {
            Some(groups) => self.take_whole(sheet, groups),
            None => self.take_lines(sheet),
        }
    }

    fn take_whole(&mut self, sheet: &Sheet<'_>, groups: Vec<Group>) {
        let mut counted = T::default();
        for unit in self.units {
            if sheet.holds(*unit, self.top) {
                counted.count(&sheet.see(*unit));
            }
        }
        for group in groups.into_iter().filter(|_| !counted.is_empty()) {
            self.groups.entry(group).or_default().merge(counted.clone());
        }
    }

    fn take_lines(&mut self, sheet: &Sheet<'_>) {
        if self.by == GroupBy::UnitDataset && self.dataset.as_ref() != Some(sheet.dataset.code()) {
            self.flush();
            self.dataset = Some(sheet.dataset.code().clone());
        }
        for (unit, line) in self.units.iter().zip(&self.line_of) {
            if sheet.holds(*unit, self.top) {
                self.lines[*line].count(&sheet.see(*unit));
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<(Group, T)> {
        self.flush();
        // Units and datasets come in order; levels come in that of the catalogue.
        self.told.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.groups.into_iter().chain(self.told).collect()
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

    /// Tells what was counted by unit or level, and begins anew.
    fn flush(&mut self) {
        for line in 0..self.lines.len() {
            let counted = std::mem::take(&mut self.lines[line]);
            if !counted.is_empty() {
                self.told.push((self.group_of(line), counted));
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
