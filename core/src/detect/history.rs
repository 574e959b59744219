//! What a screening looks at: the records of one dataset by period and unit, with their earlier versions.

use std::collections::BTreeMap;

use crate::{
    code::{IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    period::Period,
    snapshot::Observation,
};

/// One version of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vintage {
    /// When it was accepted, in milliseconds since 1970-01-01 UTC.
    pub accepted_at_ms: i64,
    /// Its observations, sorted by (indicator, item) as in a snapshot.
    pub observations: Vec<Observation>,
}

/// The records of one dataset.
#[derive(Clone, Debug, Default)]
pub struct History {
    records: BTreeMap<Period, BTreeMap<UnitCode, Vec<Vintage>>>,
    ranked_at_ms: BTreeMap<Period, i64>,
}

impl History {
    /// No records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a version of a record. Versions are added in the order in which they became the current one.
    pub fn accept(&mut self, unit: UnitCode, period: Period, mut vintage: Vintage) {
        vintage.observations.sort_by(|a, b| a.key().cmp(&b.key()));
        let units = self.records.entry(period).or_default();
        units.entry(unit).or_default().push(vintage);
    }

    /// Notes when the ranking of a period was published, in milliseconds since 1970-01-01 UTC.
    pub fn rank(&mut self, period: Period, at_ms: i64) {
        self.ranked_at_ms.insert(period, at_ms);
    }

    /// When the ranking of a period was published, where that was noted.
    #[must_use]
    pub fn ranked_at_ms(&self, period: Period) -> Option<i64> {
        self.ranked_at_ms.get(&period).copied()
    }

    /// The units with a record for `period`, ascending, each with its current observations.
    pub fn records(&self, period: Period) -> impl Iterator<Item = (&UnitCode, &[Observation])> {
        let units = self.records.get(&period).into_iter().flatten();
        units.filter_map(|(unit, vintages)| Some((unit, vintages.last()?.observations.as_slice())))
    }

    /// The versions of a record, the current one last.
    #[must_use]
    pub fn vintages(&self, unit: &UnitCode, period: Period) -> &[Vintage] {
        let units = self.records.get(&period);
        units
            .and_then(|units| units.get(unit))
            .map_or(&[], Vec::as_slice)
    }

    /// One current observation.
    #[must_use]
    pub fn observation(
        &self,
        unit: &UnitCode,
        period: Period,
        indicator: &IndicatorCode,
        item: Option<&ItemKey>,
    ) -> Option<&Observation> {
        self.vintages(unit, period)
            .last()?
            .observation(indicator, item)
    }

    /// One current value.
    #[must_use]
    pub fn value(
        &self,
        unit: &UnitCode,
        period: Period,
        indicator: &IndicatorCode,
        item: Option<&ItemKey>,
    ) -> Option<Decimal> {
        self.observation(unit, period, indicator, item)?.value
    }

    /// The first period that has records, among those of the periodicity of `like`.
    #[must_use]
    pub fn first_period(&self, like: Period) -> Option<Period> {
        let mut periods = self.records.keys().copied();
        periods.find(|period| period.periodicity() == like.periodicity())
    }
}

impl Vintage {
    /// One observation.
    #[must_use]
    pub fn observation(
        &self,
        indicator: &IndicatorCode,
        item: Option<&ItemKey>,
    ) -> Option<&Observation> {
        let key = (indicator, item);
        let found = self.observations.binary_search_by(|o| o.key().cmp(&key));
        self.observations.get(found.ok()?)
    }
}
