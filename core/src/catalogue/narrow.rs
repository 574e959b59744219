//! A catalogue as one department sees it: the indicators that it answers for, and nothing of what looks at others.

use std::collections::BTreeSet;

use crate::code::IndicatorCode;

use super::{Catalogue, Dataset, DepartmentCode, footprint::Footprint};

impl Catalogue {
    /// The part of the catalogue that a department answers for, under the same version:
    /// - its indicators, and the datasets that hold any, with no others in them;
    /// - the edits and targets that look at these alone, and the detectors of datasets that are wholly its own;
    /// - all units and departments, and no scorecard, for a score is made of everybody's reports.
    ///
    /// Indices of datasets are those of the part, not of the whole.
    #[must_use]
    pub fn of_department(&self, department: &DepartmentCode) -> Self {
        let own = self.indicators.iter();
        let own = own.filter(|indicator| indicator.owner() == department);
        let indicators: Vec<_> = own.cloned().collect();
        let own: BTreeSet<&IndicatorCode> = indicators.iter().map(|one| one.code()).collect();
        let parts = self.datasets.iter().zip(&self.schedules);
        let parts = parts.filter_map(|(dataset, schedule)| {
            Some((dataset.of_indicators(&own)?, schedule.clone()))
        });
        let (datasets, schedules): (Vec<Dataset>, Vec<_>) = parts.unzip();
        let detectors = self.detectors.iter().filter(|detector| {
            let dataset = self.dataset(&detector.dataset);
            dataset.is_some_and(|dataset| dataset.indicators().iter().all(|one| own.contains(one)))
        });
        let detectors = detectors.cloned().collect();
        let targets = self.targets.iter();
        let targets = targets.filter(|target| own.contains(&target.indicator));
        Self {
            version: self.version,
            name: self.name.clone(),
            zone: self.zone.clone(),
            calendars: self.calendars.clone(),
            warnings: Vec::new(),
            levels: self.levels.clone(),
            units: self.units.clone(),
            tree: self.tree.clone(),
            departments: self.departments.clone(),
            measures: self.measures.clone(),
            footprint: Footprint::new(&datasets),
            scorecards: Vec::new(),
            targets: targets.cloned().collect(),
            datasets,
            schedules,
            detectors,
            indicators,
        }
    }

    /// Whether a department owns every indicator of a dataset and all that its edits look at, so that its reports can be shown whole.
    #[must_use]
    pub fn is_wholly_of(&self, dataset: &Dataset, department: &DepartmentCode) -> bool {
        let is_own = |code: &IndicatorCode| {
            let indicator = self.indicator(code);
            indicator.is_some_and(|indicator| indicator.owner() == department)
        };
        let looked = dataset.edits().iter().flat_map(|edit| edit.operands());
        dataset.indicators().iter().all(is_own) && { looked }.all(|one| is_own(&one.indicator))
    }
}
