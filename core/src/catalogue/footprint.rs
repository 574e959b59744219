//! Footprints: which edits have to be judged again when a figure changes.
//!
//! An edit that looks beyond its record reaches it from other periods, units and datasets. The footprint turns that round: from
//! a changed (unit, dataset, period, indicator) it gives the records whose edits look at it, so that a late revision of last
//! year's base judges this year's growth edit again, a county's figure its city's roll-up, and nothing else. From a record it also gives
//! the unit's other records that its edits look at, so that a county knows which of its own it needs at hand.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    edits::{Edit, Looked, Source},
    period::{Period, Periodicity},
    snapshot::SlotKey,
};

use super::{Catalogue, dataset::Dataset};

/// The edits of a dataset to judge again, by their place in [`Dataset::edits`].
pub type EditPlaces = BTreeSet<usize>;

/// For each dataset and indicator, the edits that look at it and are not of one record.
#[derive(Debug, Default)]
pub(super) struct Footprint(BTreeMap<DatasetCode, BTreeMap<IndicatorCode, Vec<Look>>>);

/// One edit looks at one indicator.
#[derive(Clone, Debug)]
struct Look {
    source: Source,
    /// Where the edit is.
    dataset: DatasetCode,
    edit: usize,
}

impl Footprint {
    pub(super) fn new(datasets: &[Dataset]) -> Self {
        let mut footprint = Self::default();
        for dataset in datasets {
            for (place, edit) in dataset.edits().iter().enumerate() {
                if !edit.is_of_one_record() {
                    footprint.add(dataset.code(), place, edit);
                }
            }
        }
        footprint
    }

    fn add(&mut self, dataset: &DatasetCode, place: usize, edit: &Edit) {
        self.0.entry(dataset.clone()).or_default();
        for operand in edit.operands() {
            let looked_at = operand.dataset.as_ref().unwrap_or(dataset);
            let indicators = self.0.entry(looked_at.clone()).or_default();
            let looks = indicators.entry(operand.indicator.clone()).or_default();
            looks.push(Look {
                source: operand.source,
                dataset: dataset.clone(),
                edit: place,
            });
        }
    }
}

impl Catalogue {
    /// The other records of the same unit that the edits of `slot` look at: what has to be at hand to judge it, roll-ups apart.
    #[must_use]
    pub fn looked_at(&self, slot: &SlotKey) -> BTreeSet<SlotKey> {
        let dataset = self.dataset(&slot.dataset);
        let edits = dataset.into_iter().flat_map(Dataset::edits);
        let edits = edits.filter(|edit| edit.scope().holds(&slot.unit, slot.period));
        let looks = edits
            .filter(|edit| edit.is_of_one_unit())
            .flat_map(|edit| edit.looks(slot.period));
        let record = |look: Looked| {
            let dataset = look.dataset.unwrap_or_else(|| slot.dataset.clone());
            SlotKey::new(slot.unit.clone(), dataset, look.period)
        };
        looks.map(record).collect()
    }

    /// The other records of the same unit whose edits look at figures of `slot`: what a revision of it judges anew, roll-ups apart.
    #[must_use]
    pub fn looking_at(&self, slot: &SlotKey) -> BTreeSet<SlotKey> {
        let related = self.related_indicators(&slot.dataset).cloned().collect();
        let records = self.affected(slot, &related).into_keys();
        records
            .filter(|record| record.unit == slot.unit && record != slot)
            .collect()
    }

    /// Whether an edit of `dataset` looks beyond its record, or one that does looks at figures of `dataset`.
    #[must_use]
    pub fn is_related(&self, dataset: &DatasetCode) -> bool {
        self.footprint.0.contains_key(dataset)
    }

    /// The indicators of `dataset` that edits look at from beyond their record, sorted.
    pub fn related_indicators(
        &self,
        dataset: &DatasetCode,
    ) -> impl Iterator<Item = &IndicatorCode> {
        let indicators = self.footprint.0.get(dataset);
        indicators.into_iter().flat_map(BTreeMap::keys)
    }

    /// The records, and which of their edits, that look at the given indicators of `slot` and are not of one record. Records
    /// of `slot` itself are among them.
    #[must_use]
    pub fn affected(
        &self,
        slot: &SlotKey,
        indicators: &BTreeSet<IndicatorCode>,
    ) -> BTreeMap<SlotKey, EditPlaces> {
        let mut affected: BTreeMap<SlotKey, EditPlaces> = BTreeMap::new();
        let Some(by_indicator) = self.footprint.0.get(&slot.dataset) else {
            return affected;
        };
        for looks in indicators.iter().filter_map(|i| by_indicator.get(i)) {
            for look in looks {
                self.add_records(slot, look, &mut affected);
            }
        }
        affected
    }

    fn add_records(
        &self,
        slot: &SlotKey,
        look: &Look,
        affected: &mut BTreeMap<SlotKey, EditPlaces>,
    ) {
        let Some(dataset) = self.dataset(&look.dataset) else {
            return;
        };
        let unit = match look.source {
            Source::Children => self.parent(&slot.unit),
            Source::Own | Source::Lag(_) | Source::YearAgo | Source::YearToDate => Some(&slot.unit),
        };
        let (Some(unit), Some(edit)) = (unit, dataset.edits().get(look.edit)) else {
            return;
        };
        for period in looking(look.source, slot.period, dataset.periodicity()) {
            if edit.scope().holds(unit, period) {
                let record = SlotKey {
                    unit: UnitCode::clone(unit),
                    dataset: look.dataset.clone(),
                    period,
                };
                affected.entry(record).or_default().insert(look.edit);
            }
        }
    }
}

/// The periods of records that look at `period` in this way, where records have `periodicity`.
fn looking(source: Source, period: Period, periodicity: Periodicity) -> Vec<Period> {
    let looked_from: Vec<Period> = match source {
        Source::Own | Source::Children => vec![period],
        Source::Lag(count) => period.plus(i32::from(count)).into_iter().collect(),
        Source::YearAgo => period.year_later().into_iter().collect(),
        Source::YearToDate => {
            let next = |p: &Period| p.plus(1).filter(|next| next.year() == period.year());
            std::iter::successors(Some(period), next).collect()
        }
    };
    let records = looked_from.into_iter();
    records
        .filter_map(|p| p.ending_together(periodicity))
        .collect()
}
