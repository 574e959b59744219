//! What a city still waits for: slots that are overdue, reports that came back, findings that nobody has answered.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalogue::{Catalogue, DatasetIndex, UnitIndex},
    ledger::FindingStatus,
    period::Period,
    snapshot::SlotKey,
};

use super::{
    Board, Filter, SlotAt, SlotState,
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

/// What is open, each list by due instant, dataset, period, unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Slots that are missing.
    pub late: Vec<OpenSlot>,
    /// Slots, missing or pending, of which a snapshot was returned and none accepted since.
    pub returned: Vec<OpenSlot>,
    /// Findings in status open of each unit that has any.
    pub unexplained: BTreeMap<UnitIndex, u64>,
}

impl Board {
    /// What is open of the sheets, for the units of a filter, at an instant.
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
        let is_open = |status| status == Some(FindingStatus::Open);
        let findings = seen.findings();
        let unexplained = findings.filter(|life| is_open(life.status(seen.as_of_ms())));
        let unexplained = unexplained.count() as u64;
        if unexplained > 0 {
            *self.unexplained.entry(seen.unit).or_default() += unexplained;
        }
        if !seen.is_expected() || !matches!(seen.state, SlotState::Missing | SlotState::Pending) {
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
