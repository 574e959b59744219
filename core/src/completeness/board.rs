//! The board: every slot of a catalogue version, in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    catalogue::{Catalogue, Dataset, DatasetIndex, UnitIndex},
    code::{DatasetCode, UnitCode},
    ledger::{
        Applied, FoldError, Life, Outcome, View, Vintage,
        keys::{self, Table},
        rows::{CurrentRow, FindingRow, SlotRow, VintageRow},
    },
    period::Period,
    snapshot::SlotKey,
};

use super::{
    Filter, Group, GroupBy, SlotAt, SlotState, StateCounts,
    column::{Acts, Column, Import, NEVER},
    gather::{Gather, Gathering},
    sheet::Sheet,
};

/// What has happened to every slot of a catalogue version. A clone costs little, and stays as it is while the original
/// follows the journal: whoever has much to compute takes one and holds no lock.
#[derive(Clone, Debug)]
pub struct Board {
    catalogue: Arc<Catalogue>,
    /// Shared with clones until one of both changes a column.
    columns: BTreeMap<(DatasetIndex, Period), Arc<Column>>,
    /// When a snapshot was last received, by unit index.
    last_seen_ms: Vec<Option<i64>>,
}

impl Board {
    /// Reads derived state.
    ///
    /// # Errors
    /// [`FoldError`] where a row is damaged or the store cannot be read.
    pub fn load(view: &dyn View, catalogue: Arc<Catalogue>) -> Result<Self, FoldError> {
        let mut board = Self::empty(catalogue);
        let mut several = Vec::new();
        each(view, &keys::table(Table::Slot), &mut |key, value| {
            let (slot, _) = keys::parse_slot(key)?;
            let row = SlotRow::decode_row(value).ok()?;
            board.update(&slot, &row);
            match &row.current {
                Some(current) if row.received_count == 1 => {
                    board.add_vintage(&slot, only(current));
                }
                Some(_) | None if row.received_count > 0 => several.push(slot),
                Some(_) | None => {}
            }
            Some(())
        })?;
        for slot in several {
            each(view, &keys::slot(Table::Vintage, &slot), &mut |_, value| {
                let row = VintageRow::decode_row(value).ok()?;
                board.add_vintage(&slot, Vintage::of(&row).ok()?);
                Some(())
            })?;
        }
        each(view, &keys::table(Table::Finding), &mut |key, value| {
            let row = FindingRow::decode_row(value).ok()?;
            board.set_finding(key, Life::of(&row).ok()?)
        })?;
        Ok(board)
    }

    /// Reads what the states of the slots follow from, which of all vintages is the first accepted one, and neither what measures count nor findings: for whoever only counts
    /// states, in a journal of any length.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_states(view: &dyn View, catalogue: Arc<Catalogue>) -> Result<Self, FoldError> {
        let mut board = Self::empty(catalogue);
        each(view, &keys::table(Table::Slot), &mut |key, value| {
            let (slot, _) = keys::parse_slot(key)?;
            let row = SlotRow::decode_row(value).ok()?;
            board.update(&slot, &row);
            if let Some(received_at_ms) = row.first_accepted_at_ms {
                let first = Vintage {
                    received_at_ms,
                    outcome: Outcome::Accepted,
                    facts: row
                        .current
                        .as_ref()
                        .map(|current| current.facts.facts())
                        .unwrap_or_default(),
                    revisions: None,
                };
                board.add_vintage(&slot, first);
            }
            Some(())
        })?;
        Ok(board)
    }

    /// A board on which nothing has happened.
    #[must_use]
    pub fn empty(catalogue: Arc<Catalogue>) -> Self {
        Self {
            last_seen_ms: vec![None; catalogue.units().len()],
            catalogue,
            columns: BTreeMap::new(),
        }
    }

    /// The catalogue that the board is laid out by.
    #[must_use]
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The datasets and periods of which a slot's last extension, with the grace, is not over before an instant.
    #[must_use]
    pub fn sheets_extended_past(&self, from_ms: i64) -> BTreeSet<(DatasetCode, Period)> {
        let code = |dataset: DatasetIndex| self.catalogue.dataset_at(dataset).code().clone();
        let columns = self.columns.iter();
        let extended = columns.filter(|((dataset, period), column)| {
            let terms = self.catalogue.dataset_at(*dataset).terms(*period);
            column.is_extended_past(from_ms.saturating_sub(terms.grace_ms()))
        });
        extended
            .map(|((dataset, period), _)| (code(*dataset), *period))
            .collect()
    }

    /// Takes over what an entry came to; entries must come in the order of the log.
    pub fn follow(&mut self, applied: &Applied) {
        for (slot, row) in &applied.slots {
            self.update(slot, row);
        }
        if let Some((slot, vintage)) = &applied.vintage {
            self.add_vintage(slot, vintage.clone());
        }
        for (key, life) in &applied.findings {
            self.set_finding(key, life.clone());
        }
    }

    /// Takes over the acts in a slot's row. A slot that the catalogue does not know is passed over, here and below.
    pub fn update(&mut self, slot: &SlotKey, row: &SlotRow) {
        let has_acts = !row.extensions.is_empty() || row.exempted_at_ms.is_some();
        let import = row.imported_at_ms.zip(row.import_received_at_ms);
        if !has_acts && import.is_none() {
            return;
        }
        let Some((column, unit, _)) = self.column(slot) else {
            return;
        };
        if has_acts {
            let acts = Acts {
                extensions: row.extensions.clone(),
                exempted_at_ms: row.exempted_at_ms,
            };
            column.set_acts(unit, acts);
        }
        if let Some((arrived_at_ms, known_at_ms)) = import {
            let import = Import {
                arrived_at_ms,
                known_at_ms,
            };
            column.set_import(unit, import);
        }
    }

    /// Takes the next snapshot of a slot.
    pub fn add_vintage(&mut self, slot: &SlotKey, vintage: Vintage) {
        let received_at_ms = vintage.received_at_ms;
        let Some((column, unit, asked)) = self.column(slot) else {
            return;
        };
        column.add_vintage(unit, asked, vintage);
        let last = &mut self.last_seen_ms[unit.get()];
        *last = (*last).max(Some(received_at_ms));
    }

    /// Takes over a finding, by the key of its row; `None` where the key is damaged.
    pub fn set_finding(&mut self, key: &[u8], life: Life) -> Option<()> {
        let (slot, rest) = keys::parse_slot(key)?;
        if let Some((column, unit, _)) = self.column(&slot) {
            column.set_finding(unit, rest, life);
        }
        Some(())
    }

    /// A slot's column and place in it, and the required cells of its dataset.
    fn column(&mut self, slot: &SlotKey) -> Option<(&mut Column, UnitIndex, u32)> {
        let dataset = self.catalogue.dataset_index(&slot.dataset)?;
        let unit = self.catalogue.unit_index(&slot.unit)?;
        let asked = asked(self.catalogue.dataset_at(dataset));
        let units = self.catalogue.units().len();
        let column = self.columns.entry((dataset, slot.period));
        let column = column.or_insert_with(|| Arc::new(Column::new(units)));
        Some((Arc::make_mut(column), unit, asked))
    }

    /// Counts states as of an instant, one row for each group, in the order of [`Group`].
    #[must_use]
    pub fn counts(&self, filter: &Filter, by: GroupBy, as_of_ms: i64) -> Vec<(Group, StateCounts)> {
        self.gather(filter, by, as_of_ms)
    }

    pub(crate) fn gather<T: Gather>(
        &self,
        filter: &Filter,
        by: GroupBy,
        as_of_ms: i64,
    ) -> Vec<(Group, T)> {
        let units = self.selected_units(filter);
        let mut gathering = Gathering::new(&self.catalogue, by, &units, self.top(filter));
        for (dataset, period) in self.places(filter, as_of_ms) {
            gathering.take(&self.sheet(dataset, period, filter, as_of_ms));
        }
        gathering.finish()
    }

    /// Counts the slots of each unit and dataset, ordered by dataset, then unit; cells without a slot are left out.
    pub(crate) fn cells<T: Gather>(
        &self,
        filter: &Filter,
        as_of_ms: i64,
    ) -> Vec<(DatasetIndex, UnitIndex, T)> {
        let (units, top) = (self.selected_units(filter), self.top(filter));
        let places = self.places(filter, as_of_ms);
        let mut cells = Vec::new();
        let mut lines = vec![T::default(); units.len()];
        for of_dataset in places.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((dataset, _)) = of_dataset.first() else {
                continue;
            };
            for (_, period) in of_dataset {
                let sheet = self.sheet(*dataset, *period, filter, as_of_ms);
                for (unit, line) in units.iter().zip(&mut lines) {
                    if sheet.holds(*unit, top) {
                        line.count(&sheet.see(*unit));
                    }
                }
            }
            for (unit, line) in units.iter().zip(&mut lines) {
                let counted = std::mem::take(line);
                if !counted.is_empty() {
                    cells.push((*dataset, *unit, counted));
                }
            }
        }
        cells
    }

    /// Lists slots as of an instant, ordered by dataset, period, unit: at most `count_max` of those after `after` that are
    /// in one of `states` (any, where it is empty). Slots that stand apart from those expected are in no state.
    #[must_use]
    pub fn slots(
        &self,
        filter: &Filter,
        states: &BTreeSet<SlotState>,
        as_of_ms: i64,
        after: Option<&SlotKey>,
        count_max: usize,
    ) -> Vec<SlotAt> {
        let (units, top) = (self.selected_units(filter), self.top(filter));
        let mut found: Vec<SlotAt> = Vec::new();
        for (dataset, period) in self.places(filter, as_of_ms) {
            let code = self.catalogue.dataset_at(dataset).code();
            if after.is_some_and(|after| (code, period) < (&after.dataset, after.period)) {
                continue;
            }
            let sheet = self.sheet(dataset, period, filter, as_of_ms);
            if !sheet.may_be_in(states) {
                continue;
            }
            for unit in &units {
                if found.len() >= count_max {
                    return found;
                }
                if !sheet.holds(*unit, top) {
                    continue;
                }
                let seen = sheet.see(*unit);
                let wanted =
                    states.is_empty() || (seen.is_expected() && states.contains(&seen.state));
                if !wanted {
                    continue;
                }
                let slot = SlotKey::new(
                    self.catalogue.unit_at(*unit).code().clone(),
                    code.clone(),
                    period,
                );
                if after.is_none_or(|after| slot > *after) {
                    found.push(SlotAt {
                        slot,
                        state: seen.state,
                        due_at_ms: seen.due_at_ms,
                        timely_until_ms: seen.timely_until_ms,
                        arrived_at_ms: seen.arrived_at_ms,
                        imported: seen.imported,
                    });
                }
            }
        }
        found
    }

    /// When the city last received a snapshot of the unit by an instant.
    #[must_use]
    pub fn last_seen_ms(&self, unit: &UnitCode, as_of_ms: i64) -> Option<i64> {
        let unit = self.catalogue.unit_index(unit)?;
        let last = self.last_seen_ms[unit.get()]?;
        if last <= as_of_ms {
            return Some(last);
        }
        let columns = self.columns.values();
        columns
            .filter_map(|column| column.last_received_at_ms(unit, as_of_ms))
            .max()
    }

    /// The datasets and periods that have begun at an instant, in order.
    pub(crate) fn places(&self, filter: &Filter, as_of_ms: i64) -> Vec<(DatasetIndex, Period)> {
        let datasets = self.catalogue.datasets().iter();
        let wanted =
            |code: &DatasetCode| filter.datasets.is_empty() || filter.datasets.contains(code);
        let datasets = datasets.filter(|dataset| wanted(dataset.code()));
        let mut places = Vec::new();
        for dataset in datasets {
            let Some(index) = self.catalogue.dataset_index(dataset.code()) else {
                continue;
            };
            let begun = Begun::new(dataset, as_of_ms);
            if filter.periods.is_empty() {
                places.extend(begun.periods().map(|period| (index, period)));
            } else {
                let asked = filter.periods.iter().filter(|period| begun.holds(**period));
                places.extend(asked.map(|period| (index, *period)));
            }
        }
        places
    }

    /// Under which unit a filter's units have to stand.
    pub(crate) fn top(&self, filter: &Filter) -> Option<UnitIndex> {
        self.catalogue.unit_index(filter.under.as_ref()?)
    }

    /// The units that a filter selects in any period, ascending; in each period, only those count that stand under its
    /// [`Self::top`] then.
    pub(crate) fn selected_units(&self, filter: &Filter) -> Vec<UnitIndex> {
        let catalogue = &self.catalogue;
        let all = || {
            let codes = catalogue.units().iter().map(|unit| unit.code());
            codes.filter_map(|code| catalogue.unit_index(code))
        };
        let mut units: Vec<UnitIndex> = match (&filter.under, filter.units.is_empty()) {
            (None, true) => all().collect(),
            (None, false) => {
                let codes = filter.units.iter();
                codes
                    .filter_map(|code| catalogue.unit_index(code))
                    .collect()
            }
            (Some(top), _) => {
                let below = catalogue.ever_below(top);
                let wanted = |unit: &UnitIndex| {
                    filter.units.is_empty()
                        || filter.units.contains(catalogue.unit_at(*unit).code())
                };
                let whole = catalogue.unit_index(top).into_iter().chain(below);
                whole.filter(wanted).collect()
            }
        };
        units.sort_unstable();
        units
    }

    /// What has happened to a dataset and period; none where nothing has.
    /// All columns, by dataset and period.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.values().map(AsRef::as_ref)
    }

    pub(super) fn column_at(&self, dataset: DatasetIndex, period: Period) -> Option<&Arc<Column>> {
        self.columns.get(&(dataset, period))
    }

    pub(super) fn sheet(
        &self,
        index: DatasetIndex,
        period: Period,
        filter: &Filter,
        as_of_ms: i64,
    ) -> Sheet<'_> {
        let dataset = self.catalogue.dataset_at(index);
        let column = |period: Period| self.columns.get(&(index, period)).map(AsRef::as_ref);
        let instants = dataset.instants(period);
        Sheet {
            catalogue: &self.catalogue,
            owing: self.catalogue.owing(index, period),
            dataset,
            period,
            // A period whose deadline lies beyond the calendar is never due.
            due_at_ms: instants.due_at_ms.unwrap_or(NEVER),
            grace_ms: instants.grace_ms,
            asked: asked(dataset),
            column: column(period),
            before: period.plus(-1).and_then(column),
            as_of_ms,
            imported: filter.imported,
        }
    }
}

/// The one snapshot of a slot that has no other.
fn only(current: &CurrentRow) -> Vintage {
    Vintage {
        received_at_ms: current.received_at_ms,
        outcome: Outcome::Accepted,
        facts: current.facts.facts(),
        revisions: None,
    }
}

fn asked(dataset: &Dataset) -> u32 {
    u32::try_from(dataset.required().len()).unwrap_or(u32::MAX)
}

/// Takes one row's key and value; `None` where they are damaged.
type Take<'a> = dyn FnMut(&[u8], &[u8]) -> Option<()> + 'a;

/// Visits rows until one is damaged.
fn each(view: &dyn View, prefix: &[u8], visit: &mut Take<'_>) -> Result<(), FoldError> {
    let mut damaged = false;
    view.scan(prefix, &mut |key, value| {
        if visit(key, value).is_some() {
            return ControlFlow::Continue(());
        }
        damaged = true;
        ControlFlow::Break(())
    })?;
    if damaged {
        Err(FoldError::Row("a slot, a vintage or a finding".into()))
    } else {
        Ok(())
    }
}

/// The periods of a dataset that have begun at an instant, by its own time zone.
struct Begun<'a> {
    dataset: &'a Dataset,
    today: jiff::civil::Date,
}

impl<'a> Begun<'a> {
    fn new(dataset: &'a Dataset, as_of_ms: i64) -> Self {
        let now = Timestamp::from_millisecond(as_of_ms).unwrap_or(Timestamp::MAX);
        Self {
            dataset,
            today: dataset.deadline().zone().to_datetime(now).date(),
        }
    }

    fn holds(&self, period: Period) -> bool {
        self.dataset.covers(period) && period.first_day() <= self.today
    }

    fn periods(&self) -> impl Iterator<Item = Period> {
        let (first, last) = (self.dataset.first_period(), self.dataset.last_period());
        // A part of the year that is not reported is no end.
        std::iter::successors(Some(first), |period| period.plus(1))
            .take_while(move |period| {
                period.first_day() <= self.today && last.is_none_or(|last| *period <= last)
            })
            .filter(|period| self.holds(*period))
    }
}
