//! The situation: the slots whose deadlines are near or past but not long past, with their states at an instant.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::Arc,
};

use jiff::{Timestamp, civil::Date};

use crate::{
    catalogue::{Catalogue, Dataset, GRACE_MS_MAX},
    code::DatasetCode,
    completeness::{Board, Filter, SlotAt, SlotState},
    ledger::{
        FoldError, Outcome, View,
        keys::{self, Table},
        rows::{SlotRow, VintageRow},
    },
    period::Period,
    snapshot::SlotKey,
};

use super::Plan;

/// What is known at an instant.
#[derive(Clone, Debug)]
pub struct Situation {
    /// The catalogue that the slots were laid out by.
    pub catalogue: Arc<Catalogue>,
    /// The instant.
    pub as_of_ms: i64,
    /// The slots of each dataset and period that the plan may speak of.
    pub sheets: BTreeMap<(DatasetCode, Period), Sheet>,
    /// When the last report of a slot was returned, for slots that wait for another; see [`Situation::read_returned`].
    pub returned: BTreeMap<SlotKey, i64>,
}

/// The slots of one dataset and period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The due instant by the rule, without extensions.
    pub due_at_ms: i64,
    /// Its slots, sorted by unit.
    pub slots: Vec<SlotAt>,
}

impl Situation {
    /// Which datasets and periods the plan may speak of at an instant: the periods that have begun and whose deadline, by
    /// the rule or by an extension, is not long past.
    #[must_use]
    pub fn outline(
        board: &Board,
        plan: &Plan,
        as_of_ms: i64,
    ) -> BTreeMap<(DatasetCode, Period), i64> {
        let oldest_ms = plan.oldest_due_ms(as_of_ms);
        let catalogue = board.catalogue();
        let mut outline = BTreeMap::new();
        for dataset in catalogue.datasets() {
            if plan.covers(dataset.code()) {
                let recent = recent_periods(dataset, oldest_ms, as_of_ms);
                outline.extend(recent.map(|(period, due)| ((dataset.code().clone(), period), due)));
            }
        }
        for (code, period) in board.sheets_extended_past(oldest_ms) {
            let due = catalogue.dataset(&code).and_then(|d| d.due_at_ms(period));
            if let (true, Some(due)) = (plan.covers(&code), due) {
                outline.insert((code, period), due);
            }
        }
        outline
    }

    /// The slots of one dataset and period.
    #[must_use]
    pub fn sheet(
        board: &Board,
        dataset: &DatasetCode,
        period: Period,
        as_of_ms: i64,
    ) -> Vec<SlotAt> {
        let filter = Filter {
            datasets: [dataset.clone()].into(),
            periods: [period].into(),
            ..Filter::default()
        };
        board.slots(&filter, &BTreeSet::new(), as_of_ms, None, usize::MAX)
    }

    /// Reads the whole from a board. Where folding must not wait so long, [`Self::outline`] and [`Self::sheet`] read it in
    /// parts.
    #[must_use]
    pub fn of(board: &Board, plan: &Plan, as_of_ms: i64) -> Self {
        let mut situation = Self::empty(Arc::clone(board.catalogue()), as_of_ms);
        for ((dataset, period), due_at_ms) in Self::outline(board, plan, as_of_ms) {
            let slots = Self::sheet(board, &dataset, period, as_of_ms);
            situation.add(dataset, period, Sheet { due_at_ms, slots });
        }
        situation
    }

    /// A situation without slots.
    #[must_use]
    pub const fn empty(catalogue: Arc<Catalogue>, as_of_ms: i64) -> Self {
        Self {
            catalogue,
            as_of_ms,
            sheets: BTreeMap::new(),
            returned: BTreeMap::new(),
        }
    }

    /// The day of the instant, in the catalogue's zone.
    pub(super) fn today(&self) -> Date {
        let now = Timestamp::from_millisecond(self.as_of_ms).unwrap_or(Timestamp::MAX);
        self.catalogue.zone().to_datetime(now).date()
    }

    /// Adds a dataset and period.
    pub fn add(&mut self, dataset: DatasetCode, period: Period, sheet: Sheet) {
        if !sheet.slots.is_empty() {
            self.sheets.insert((dataset, period), sheet);
        }
    }

    /// Reads which of the slots that are not accepted had their last report returned.
    ///
    /// # Errors
    /// [`FoldError`] where a row is damaged or the store cannot be read.
    pub fn read_returned(&mut self, view: &dyn View) -> Result<(), FoldError> {
        let open = self.slots().filter(|at| is_open(at.state));
        let open: Vec<SlotKey> = open.map(|at| at.slot.clone()).collect();
        for slot in open {
            if let Some(at_ms) = returned_at_ms(view, &slot, self.as_of_ms)? {
                self.returned.insert(slot, at_ms);
            }
        }
        Ok(())
    }

    /// Every slot, in the order of datasets, periods and units.
    pub(super) fn slots(&self) -> impl Iterator<Item = &SlotAt> {
        self.sheets.values().flat_map(|sheet| &sheet.slots)
    }

    /// One slot.
    pub(super) fn slot(&self, slot: &SlotKey) -> Option<&SlotAt> {
        let sheet = self.sheets.get(&(slot.dataset.clone(), slot.period))?;
        let found = sheet
            .slots
            .binary_search_by(|at| at.slot.unit.cmp(&slot.unit));
        sheet.slots.get(found.ok()?)
    }
}

impl Sheet {
    /// The slots whose deadline, with its grace, is over at an instant.
    pub(super) fn closing_at(&self, closes_at_ms: i64) -> impl Iterator<Item = &SlotAt> {
        self.slots
            .iter()
            .filter(move |at| at.timely_until_ms == closes_at_ms)
    }

    /// Whether any slot is neither accepted nor exempt.
    pub(super) fn has_open(&self) -> bool {
        self.slots.iter().any(|at| is_open(at.state))
    }
}

/// Whether a slot is neither accepted nor exempt.
pub(super) const fn is_open(state: SlotState) -> bool {
    match state {
        SlotState::Pending | SlotState::Missing => true,
        SlotState::Timely | SlotState::Late | SlotState::Exempt => false,
    }
}

/// The periods that have begun and whose deadline, with its grace, is not over before `oldest_ms`, with their due instants.
/// Later periods are due later.
fn recent_periods(
    dataset: &Dataset,
    oldest_ms: i64,
    as_of_ms: i64,
) -> impl Iterator<Item = (Period, i64)> {
    let periods = std::iter::successors(last_begun(dataset, as_of_ms), |period| period.plus(-1));
    let periods = periods.take_while(|period| *period >= dataset.first_period());
    let due = periods.filter_map(|period| Some((period, dataset.due_at_ms(period)?)));
    let near = due.take_while(move |(_, due)| due.saturating_add(GRACE_MS_MAX) >= oldest_ms);
    near.filter(move |(period, due)| dataset.terms(*period).timely_until_ms(*due) >= oldest_ms)
}

/// The last period of a dataset that has begun at an instant.
pub(super) fn last_begun(dataset: &Dataset, as_of_ms: i64) -> Option<Period> {
    let now = Timestamp::from_millisecond(as_of_ms).ok()?;
    let today = dataset.deadline().zone().to_datetime(now).date();
    let period = Period::containing(dataset.periodicity(), today)?;
    Some(
        dataset
            .last_period()
            .map_or(period, |last| last.min(period)),
    )
}

/// When the last report of the slot was received, where that was returned.
fn returned_at_ms(
    view: &dyn View,
    slot: &SlotKey,
    as_of_ms: i64,
) -> Result<Option<i64>, FoldError> {
    let row = view.row(&keys::slot(Table::Slot, slot))?;
    let row = row.map(|row| SlotRow::decode_row(&row)).transpose()?;
    if row.is_none_or(|row| row.returned_count == 0) {
        return Ok(None);
    }
    let mut vintages = Vec::new();
    view.scan(&keys::slot(Table::Vintage, slot), &mut |_, value| {
        vintages.push(VintageRow::decode_row(value));
        ControlFlow::Continue(())
    })?;
    let vintages = vintages.into_iter().collect::<Result<Vec<_>, _>>()?;
    // The rows are in the order of the log, which is that of their receive times.
    let last = vintages
        .into_iter()
        .rev()
        .find(|row| row.received_at_ms <= as_of_ms);
    let is_returned =
        |row: &VintageRow| Outcome::from_number(row.outcome) == Some(Outcome::Returned);
    Ok(last.filter(is_returned).map(|row| row.received_at_ms))
}
