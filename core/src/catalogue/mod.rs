//! The catalogue: units in a tree, indicators, datasets with their deadlines, the roster and the edits.
//!
//! A catalogue is written as a few TOML files, a [`Bundle`], whose SHA-256 is its version. Reading a bundle gives an immutable,
//! indexed [`Catalogue`], or *all* its faults at once, each with file, line, column and remedy. Any file may hold any table; a
//! usual layout is `catalogue.toml`, `calendar.toml`, `units.toml`, `indicators.toml`, `datasets.toml`, `roster.toml`,
//! `edits.toml`, `detectors.toml`, `scorecards.toml` and `targets.toml`. The first is
//! ```toml
//! [catalogue]
//! name = { zh = "某市统计报送", en = "City statistics" }
//! timezone = "Asia/Shanghai"
//! calendar = "cn"                # optional: whose working days deadlines go by, where they name no other
//! ```
//! and each of the other tables is shown at the head of the module that reads it. All names and messages are in Chinese
//! and English. All date and period ranges include both ends.
//!
//! Invariants of a [`Catalogue`]: every code in it is declared once and every reference leads somewhere; the unit tree has
//! no cycle on any day; every edit is compiled; a unit owes only periods that its dataset covers and on whose last day it is in force.

// The text and what is said about it.
mod bundle;
mod source;
mod document;
mod entry;
mod names;
mod narrow;
mod fault;

// What the tables declare.
mod words;
mod calendar;
mod unit;
mod tree;
mod indicator;
mod deadline;
mod timetable;
mod signing;
mod dataset;
mod instants;
mod rules;
mod detectors;
mod roster;
mod scorecard;
mod target;
mod footprint;
mod difference;

mod build;
mod warnings;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    detect::Detector,
    digest::Digest,
    period::Period,
    text::Bilingual,
};

pub(crate) use self::fault::say;
pub(crate) use self::roster::Owing;
pub use self::{
    bundle::{Bundle, BundleError},
    calendar::{Calendar, DayKind, Holiday},
    dataset::{Dataset, DatasetIndex},
    deadline::{Deadline, DeadlineRule, Falls, Moved, Shift},
    difference::{Changes, Difference, SheetChange},
    fault::Fault,
    footprint::EditPlaces,
    indicator::{Department, Indicator, IndicatorKind, Measure},
    instants::Instants,
    scorecard::{Band, Component, Scorecard, Scoring, TARGET_PROGRESS},
    signing::SigningPolicy,
    target::{Aim, Target},
    timetable::{GRACE_MS_MAX, Terms},
    unit::{Level, Parent, Unit, UnitIndex},
    words::{
        CalendarCode, ComponentCode, DepartmentCode, LevelCode, MeasureCode, ScorecardCode,
        WordError,
    },
};

/// One version of the catalogue, checked and indexed.
pub struct Catalogue {
    version: Digest,
    name: Bilingual,
    zone: TimeZone,
    calendars: Vec<Arc<Calendar>>,
    warnings: Vec<Fault>,
    levels: Vec<Level>,
    units: Vec<Unit>,
    tree: tree::Tree,
    departments: Vec<Department>,
    measures: Vec<Measure>,
    indicators: Vec<Indicator>,
    datasets: Vec<Dataset>,
    detectors: Vec<Detector>,
    /// One for each of `datasets`.
    schedules: Vec<roster::Schedule>,
    footprint: footprint::Footprint,
    scorecards: Vec<Scorecard>,
    targets: Vec<Target>,
}

impl Catalogue {
    /// Reads a bundle.
    ///
    /// # Errors
    /// Every fault in the files, sorted by place: at most 1,000, then one that counts the rest. What may merely follow from
    /// a syntax fault is told once that is mended.
    pub fn parse(bundle: &Bundle) -> Result<Self, Vec<Fault>> {
        build::parse(bundle)
    }

    /// The version: the SHA-256 of the bundle's canonical bytes.
    #[must_use]
    pub const fn version(&self) -> Digest {
        self.version
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }

    /// The time zone of deadlines that name no other.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The calendars of holidays, sorted by code.
    #[must_use]
    pub fn calendars(&self) -> &[Arc<Calendar>] {
        &self.calendars
    }

    /// The calendar with a code.
    #[must_use]
    pub fn calendar(&self, code: &CalendarCode) -> Option<&Arc<Calendar>> {
        let calendars = &self.calendars;
        let found = calendars.binary_search_by(|calendar| calendar.code().cmp(code));
        calendars.get(found.ok()?)
    }

    /// What is not wrong but ought to be known before it is published, as faults are told: sorted by place.
    #[must_use]
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// The levels of the unit tree, in catalogue order: from the top down.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// All units, sorted by code; [`UnitIndex`] counts them.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The unit with this code.
    #[must_use]
    pub fn unit(&self, code: &UnitCode) -> Option<&Unit> {
        self.unit_index(code).map(|index| self.unit_at(index))
    }

    /// The place of a unit in [`Self::units`].
    #[must_use]
    pub fn unit_index(&self, code: &UnitCode) -> Option<UnitIndex> {
        let found = self.units.binary_search_by(|unit| unit.code().cmp(code));
        Some(UnitIndex(u32::try_from(found.ok()?).ok()?))
    }

    /// The unit at an index of this catalogue; an index of another version may answer another unit, or panic.
    #[must_use]
    pub fn unit_at(&self, index: UnitIndex) -> &Unit {
        &self.units[index.get()]
    }

    /// The unit directly above `unit` in the tree of `period`, which is that of its last day.
    #[must_use]
    pub fn parent(&self, unit: &UnitCode, period: Period) -> Option<&UnitCode> {
        self.parent_on(unit, period.last_day())
    }

    /// The unit directly above `unit` in the tree of a day.
    #[must_use]
    pub fn parent_on(&self, unit: &UnitCode, day: Date) -> Option<&UnitCode> {
        let parent = self.tree.parent(self.unit_index(unit)?, day)?;
        Some(self.unit_at(parent).code())
    }

    /// The departments, sorted by code.
    #[must_use]
    pub fn departments(&self) -> &[Department] {
        &self.departments
    }

    /// The department with this code.
    #[must_use]
    pub fn department(&self, code: &DepartmentCode) -> Option<&Department> {
        let found = self.departments.binary_search_by(|d| d.code().cmp(code));
        self.departments.get(found.ok()?)
    }

    /// The units of measure, sorted by code.
    #[must_use]
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// The unit of measure with this code.
    #[must_use]
    pub fn measure(&self, code: &MeasureCode) -> Option<&Measure> {
        let found = self.measures.binary_search_by(|m| m.code().cmp(code));
        self.measures.get(found.ok()?)
    }

    /// The indicators, sorted by code.
    #[must_use]
    pub fn indicators(&self) -> &[Indicator] {
        &self.indicators
    }

    /// The indicator with this code.
    #[must_use]
    pub fn indicator(&self, code: &IndicatorCode) -> Option<&Indicator> {
        let found = self.indicators.binary_search_by(|i| i.code().cmp(code));
        self.indicators.get(found.ok()?)
    }

    /// The datasets, sorted by code; [`DatasetIndex`] counts them.
    #[must_use]
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The dataset with this code.
    #[must_use]
    pub fn dataset(&self, code: &DatasetCode) -> Option<&Dataset> {
        self.dataset_index(code).map(|index| self.dataset_at(index))
    }

    /// The place of a dataset in [`Self::datasets`].
    #[must_use]
    pub fn dataset_index(&self, code: &DatasetCode) -> Option<DatasetIndex> {
        let found = self.datasets.binary_search_by(|d| d.code().cmp(code));
        Some(DatasetIndex(u32::try_from(found.ok()?).ok()?))
    }

    /// The dataset at an index of this catalogue; an index of another version may answer another dataset, or panic.
    #[must_use]
    pub fn dataset_at(&self, index: DatasetIndex) -> &Dataset {
        &self.datasets[index.get()]
    }

    /// The detectors, sorted by id.
    #[must_use]
    pub fn detectors(&self) -> &[Detector] {
        &self.detectors
    }

    /// The scorecards, in catalogue order.
    #[must_use]
    pub fn scorecards(&self) -> &[Scorecard] {
        &self.scorecards
    }

    /// The scorecard with this code.
    #[must_use]
    pub fn scorecard(&self, code: &ScorecardCode) -> Option<&Scorecard> {
        self.scorecards.iter().find(|card| card.code() == code)
    }

    /// The targets, sorted by dataset, indicator, year and unit.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// All operands that the dataset's edits sum over a unit's children, sorted; none for an unknown dataset.
    #[must_use]
    pub fn rollup_indicators(&self, dataset: &DatasetCode) -> &[IndicatorCode] {
        self.dataset(dataset)
            .map_or(&[], Dataset::rollup_indicators)
    }

    /// Whether the roster expects `dataset` of `unit` for `period`.
    #[must_use]
    pub fn expects(&self, unit: &UnitCode, dataset: &DatasetCode, period: Period) -> bool {
        match (self.unit_index(unit), self.dataset_index(dataset)) {
            (Some(unit), Some(dataset)) => self.expects_at(unit, dataset, period),
            (None, _) | (_, None) => false,
        }
    }

    /// [`Self::expects`] by indices: no search for codes.
    #[must_use]
    pub fn expects_at(&self, unit: UnitIndex, dataset: DatasetIndex, period: Period) -> bool {
        let owing = self.owing(dataset, period);
        owing.is_some_and(|owing| owing.holds(unit))
    }

    /// Who owes `dataset` for `period`, for whoever asks it of many units; none where the dataset does not cover the period.
    pub(crate) fn owing(&self, dataset: DatasetIndex, period: Period) -> Option<Owing<'_>> {
        let is_covered = self.dataset_at(dataset).covers(period);
        is_covered.then(|| Owing {
            schedule: &self.schedules[dataset.get()],
            ordinal: period.ordinal(),
        })
    }

    /// The units of which the roster expects `dataset` for `period`, ascending.
    #[must_use]
    pub fn expected_units(&self, dataset: &DatasetCode, period: Period) -> Vec<UnitIndex> {
        let Some(dataset) = self.dataset_index(dataset) else {
            return Vec::new();
        };
        self.unit_indices()
            .filter(|unit| self.expects_at(*unit, dataset, period))
            .collect()
    }

    /// The units directly under `unit` in the tree of `period`, which is that of its last day, of which the roster expects
    /// `dataset` for it, ascending: those that a roll-up sums over.
    #[must_use]
    pub fn children(
        &self,
        unit: &UnitCode,
        dataset: &DatasetCode,
        period: Period,
    ) -> Vec<UnitCode> {
        let children = self.child_indices(unit, dataset, period);
        children
            .map(|child| self.unit_at(child).code().clone())
            .collect()
    }

    /// How many units [`Self::children`] gives.
    #[must_use]
    pub fn count_children(&self, unit: &UnitCode, dataset: &DatasetCode, period: Period) -> usize {
        self.child_indices(unit, dataset, period).count()
    }

    fn child_indices(
        &self,
        unit: &UnitCode,
        dataset: &DatasetCode,
        period: Period,
    ) -> impl Iterator<Item = UnitIndex> {
        let found = self.unit_index(unit).zip(self.dataset_index(dataset));
        found.into_iter().flat_map(move |(unit, dataset)| {
            let children = self.tree.children(unit, period.last_day());
            children.filter(move |child| self.expects_at(*child, dataset, period))
        })
    }

    /// All units below `unit` in the tree of `period`, which is that of its last day, without itself, in no particular order;
    /// none for an unknown unit.
    #[must_use]
    pub fn descendants(&self, unit: &UnitCode, period: Period) -> Vec<UnitIndex> {
        self.unit_index(unit).map_or(Vec::new(), |unit| {
            self.tree.descendants(unit, period.last_day())
        })
    }

    /// All units that are below `unit` in the tree of some day, ascending; none for an unknown unit.
    #[must_use]
    pub fn ever_below(&self, unit: &UnitCode) -> Vec<UnitIndex> {
        let below = self.unit_index(unit).map(|unit| self.tree.below(unit));
        let below = below.into_iter().flatten().map(|(unit, _)| unit);
        let mut below: Vec<UnitIndex> = below.collect();
        below.sort_unstable();
        below.dedup();
        below
    }

    /// Whether a unit is another, or stands anywhere below it in the tree of `period`.
    #[must_use]
    pub fn is_within(&self, unit: UnitIndex, top: UnitIndex, period: Period) -> bool {
        self.tree.is_within(unit, top, period.last_day())
    }

    fn unit_indices(&self) -> impl Iterator<Item = UnitIndex> {
        let count = u32::try_from(self.units.len()).unwrap_or(u32::MAX);
        (0..count).map(UnitIndex)
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Catalogue({}, {})", self.name.en, self.version)
    }
}
