//! What a city waits for: what is due when, slots that are overdue, reports that came back, findings that nobody has answered.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalogue::{Catalogue, DatasetIndex, UnitIndex},
    ledger::{FindingStatus, Life},
    period::Period,
    snapshot::SlotKey,
};

use super::{
    Board, Filter, SlotAt, SlotState, StateCounts,
    sheet::{Seen, Sheet},
};

/// A slot for which nothing is accepted, as of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenSlot {
    /// When it is due, with the extensions known at the instant.
    pub due_at_ms: i64,
    /// When the grace after it is over.
    pub timely_until_ms: i64,
    /// Of which dataset.
    pub dataset: DatasetIndex,
    /// Of which period.
    pub period: Period,
    /// Whose.
    pub unit: UnitIndex,
    /// Missing or pending.
    pub state: SlotState,
    /// How many of its snapshots were returned.
    pub returned_count: u32,
}

/// The slots of some sheets by when they are due, and those that are open, each list by due instant, dataset, period, unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// How many slots of a dataset and period are due at an instant, with the extensions known, and how they stand. Over its instants they
    /// sum to the sheet's counts.
    pub deadlines: BTreeMap<(DatasetIndex, Period, i64), StateCounts>,
    /// Slots that are missing.
    pub late: Vec<OpenSlot>,
    /// Slots, missing or pending, of which a snapshot was returned and none accepted since.
    pub returned: Vec<OpenSlot>,
}

impl Board {
    /// What is due and open of the sheets, for the units of a filter, at an instant.
    #[must_use]
    pub fn open(
        &self,
        filter: &Filter,
        sheets: &BTreeSet<(DatasetIndex, Period)>,
        as_of_ms: i64,
    ) -> Open {
        let (units, top) = (self.selected_units(filter), self.top(filter));
        let mut open = Open::default();
        for (dataset, period) in sheets {
            let sheet: Sheet<'_> = self.sheet(*dataset, *period, filter, as_of_ms);
            for unit in units.iter().filter(|unit| sheet.holds(**unit, top)) {
                open.look(&sheet.see(*unit), *dataset, *period);
            }
        }
        open.late.sort_unstable();
        open.returned.sort_unstable();
        open
    }

    /// Findings in status open at an instant, of each unit of the filter that has any; whatever the dataset and period.
    #[must_use]
    pub fn unexplained(&self, filter: &Filter, as_of_ms: i64) -> BTreeMap<UnitIndex, u64> {
        let wanted: BTreeSet<UnitIndex> = self.selected_units(filter).into_iter().collect();
        let is_open = |life: &Life| life.status(as_of_ms) == Some(FindingStatus::Open);
        let mut open: BTreeMap<UnitIndex, u64> = BTreeMap::new();
        let lives = self.columns().flat_map(|column| column.all_findings());
        for (unit, _) in lives.filter(|(unit, life)| wanted.contains(unit) && is_open(life)) {
            *open.entry(unit).or_default() += 1;
        }
        open
    }
}

impl OpenSlot {
    /// As listings of slots tell it.
    #[must_use]
    pub fn at(&self, catalogue: &Catalogue) -> SlotAt {
        SlotAt {
            slot: SlotKey::new(
                catalogue.unit_at(self.unit).code().clone(),
                catalogue.dataset_at(self.dataset).code().clone(),
                self.period,
            ),
            state: self.state,
            due_at_ms: self.due_at_ms,
            timely_until_ms: self.timely_until_ms,
            arrived_at_ms: None,
            imported: false,
        }
    }
}

impl Open {
    fn look(&mut self, seen: &Seen<'_>, dataset: DatasetIndex, period: Period) {
        if !seen.is_expected() {
            return;
        }
        let deadline = self.deadlines.entry((dataset, period, seen.due_at_ms));
        deadline.or_default().add(seen.state);
        if !matches!(seen.state, SlotState::Missing | SlotState::Pending) {
            return;
        }
        let slot = OpenSlot {
            due_at_ms: seen.due_at_ms,
            timely_until_ms: seen.timely_until_ms,
            dataset,
            period,
            unit: seen.unit,
            state: seen.state,
            returned_count: seen.snapshots().returned,
        };
        if slot.state == SlotState::Missing {
            self.late.push(slot);
        }
        if slot.returned_count > 0 {
            self.returned.push(slot);
        }
    }
}
