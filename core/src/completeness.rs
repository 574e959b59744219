//! Completeness: the state of every slot that the roster expects, at an instant.
//!
//! A slot exists from the first day of its period. At an instant it is in exactly one of five states ([`SlotState`]), so
//! the counts of the five always sum to the slots expected; [`StateCounts`] has no other number to disagree with them.
//! States are decided by the receive time of the first submission that was accepted, against the due instant with the
//! extensions known at the instant. Everything is a pure function of (journal prefix, instant).
//!
//! [`Board`] keeps one dense column of first-accepted times for each (dataset, period): 8 bytes a slot, so that a
//! nation's year is counted in milliseconds.

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
        FoldError, View,
        keys::{self, Table},
        rows::{ExtensionRow, SlotRow},
    },
    period::Period,
    snapshot::SlotKey,
};

/// The state of a slot at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotState {
    /// Accepted, received no later than due (按时).
    Timely,
    /// Accepted, received after it was due (迟报).
    Late,
    /// Due and not accepted (未报).
    Missing,
    /// Not owed, by a journaled act (免报).
    Exempt,
    /// Not yet due and not accepted (待报).
    Pending,
}

/// How many slots are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Accepted in time.
    pub timely: u64,
    /// Accepted late.
    pub late: u64,
    /// Due and not accepted.
    pub missing: u64,
    /// Not owed.
    pub exempt: u64,
    /// Not yet due.
    pub pending: u64,
}

/// Which slots are meant. An empty set means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Units.
    pub units: BTreeSet<UnitCode>,
    /// Datasets.
    pub datasets: BTreeSet<DatasetCode>,
    /// Periods.
    pub periods: BTreeSet<Period>,
}

/// By what counts are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// One row for everything.
    #[default]
    Nothing,
    /// A row for each unit.
    Unit,
    /// A row for each dataset.
    Dataset,
    /// A row for each period.
    Period,
    /// A row for each dataset and period.
    DatasetPeriod,
}

/// What a row of counts is about; what is not grouped by is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The dataset.
    pub dataset: Option<DatasetCode>,
    /// The period.
    pub period: Option<Period>,
    /// The unit.
    pub unit: Option<UnitCode>,
}

/// One slot at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotAt {
    /// Which.
    pub slot: SlotKey,
    /// Its state.
    pub state: SlotState,
    /// When it is due, with the extensions known at the instant.
    pub due_at_ms: i64,
}

/// When first accepted, for every slot of a catalogue version.
#[derive(Clone, Debug)]
pub struct Board {
    catalogue: Arc<Catalogue>,
    columns: BTreeMap<(DatasetIndex, Period), Column>,
}

/// One dataset and period.
#[derive(Clone, Debug)]
struct Column {
    /// By unit index; [`NEVER`] where nothing was accepted.
    accepted_at_ms: Vec<i64>,
    /// Slots that an act has changed; few.
    acts: BTreeMap<UnitIndex, Acts>,
}

#[derive(Clone, Debug)]
struct Acts {
    extensions: Vec<ExtensionRow>,
    exempted_at_ms: Option<i64>,
}

/// Later than any instant.
const NEVER: i64 = i64::MAX;

/// The state of a slot that is not exempt.
#[must_use]
pub const fn state(accepted_at_ms: i64, due_at_ms: i64, as_of_ms: i64) -> SlotState {
    if accepted_at_ms <= as_of_ms {
        if accepted_at_ms <= due_at_ms {
            SlotState::Timely
        } else {
            SlotState::Late
        }
    } else if as_of_ms > due_at_ms {
        SlotState::Missing
    } else {
        SlotState::Pending
    }
}

impl SlotState {
    /// Every state, in the order of the numbers on the wire (from 1).
    pub const ALL: [Self; 5] = [
        Self::Timely,
        Self::Late,
        Self::Missing,
        Self::Exempt,
        Self::Pending,
    ];

    /// The number on the wire (`granary.v1.SlotState`).
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32 + 1
    }

    /// The inverse of [`Self::number`].
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

impl StateCounts {
    /// Counts one slot.
    pub const fn add(&mut self, state: SlotState) {
        match state {
            SlotState::Timely => self.timely += 1,
            SlotState::Late => self.late += 1,
            SlotState::Missing => self.missing += 1,
            SlotState::Exempt => self.exempt += 1,
            SlotState::Pending => self.pending += 1,
        }
    }

    /// The slots expected: the sum of the five states.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.timely + self.late + self.missing + self.exempt + self.pending
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            timely: self.timely + other.timely,
            late: self.late + other.late,
            missing: self.missing + other.missing,
            exempt: self.exempt + other.exempt,
            pending: self.pending + other.pending,
        }
    }
}

impl Board {
    /// Reads the slot rows of derived state.
    ///
    /// # Errors
    /// [`FoldError`] where a row is damaged or the store cannot be read.
    pub fn load(view: &dyn View, catalogue: Arc<Catalogue>) -> Result<Self, FoldError> {
        let mut board = Self::empty(catalogue);
        let mut damaged = false;
        view.scan(&keys::table(Table::Slot), &mut |key, value| {
            match (keys::parse_slot(key), SlotRow::decode_row(value)) {
                (Some((slot, _)), Ok(row)) => board.update(&slot, &row),
                (None, _) | (_, Err(_)) => damaged = true,
            }
            if damaged {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if damaged {
            Err(FoldError::Row("a slot".into()))
        } else {
            Ok(board)
        }
    }

    /// A board on which nothing has happened.
    #[must_use]
    pub const fn empty(catalogue: Arc<Catalogue>) -> Self {
        Self {
            catalogue,
            columns: BTreeMap::new(),
        }
    }

    /// The catalogue that the board is laid out by.
    #[must_use]
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Takes over a slot's row after it changed. A slot that the catalogue does not know is passed over.
    pub fn update(&mut self, slot: &SlotKey, row: &SlotRow) {
        let dataset = self.catalogue.dataset_index(&slot.dataset);
        let unit = self.catalogue.unit_index(&slot.unit);
        let (Some(dataset), Some(unit)) = (dataset, unit) else {
            return;
        };
        let units = self.catalogue.units().len();
        let column = self
            .columns
            .entry((dataset, slot.period))
            .or_insert_with(|| Column {
                accepted_at_ms: vec![NEVER; units],
                acts: BTreeMap::new(),
            });
        if let Some(accepted) = column.accepted_at_ms.get_mut(unit.get()) {
            *accepted = row.first_accepted_at_ms.unwrap_or(NEVER);
        }
        if !row.extensions.is_empty() || row.exempted_at_ms.is_some() {
            let acts = Acts {
                extensions: row.extensions.clone(),
                exempted_at_ms: row.exempted_at_ms,
            };
            column.acts.insert(unit, acts);
        }
    }

    /// Counts states as of an instant, one row for each group, in the order of [`Group`].
    #[must_use]
    pub fn counts(&self, filter: &Filter, by: GroupBy, as_of_ms: i64) -> Vec<(Group, StateCounts)> {
        let selected = self.selected_units(filter);
        let mut rows: BTreeMap<Group, StateCounts> = BTreeMap::new();
        let mut by_unit = vec![StateCounts::default(); self.catalogue.units().len()];
        for (dataset, period) in self.sheets(filter, as_of_ms) {
            let mut counts = StateCounts::default();
            self.visit(
                dataset,
                period,
                selected.as_deref(),
                as_of_ms,
                |unit, state, _| {
                    if by == GroupBy::Unit {
                        by_unit[unit.get()].add(state);
                    } else {
                        counts.add(state);
                    }
                },
            );
            if by != GroupBy::Unit && counts.expected() > 0 {
                let row = rows.entry(self.group(by, dataset, period)).or_default();
                *row = row.plus(counts);
            }
        }
        for (unit, counts) in self.catalogue.units().iter().zip(by_unit) {
            if counts.expected() > 0 {
                rows.insert(
                    Group {
                        unit: Some(unit.code().clone()),
                        ..Group::default()
                    },
                    counts,
                );
            }
        }
        rows.into_iter().collect()
    }

    /// Lists slots as of an instant, ordered by dataset, period, unit: at most `count_max` of those after `after` that are
    /// in one of `states` (any, where it is empty).
    #[must_use]
    pub fn slots(
        &self,
        filter: &Filter,
        states: &BTreeSet<SlotState>,
        as_of_ms: i64,
        after: Option<&SlotKey>,
        count_max: usize,
    ) -> Vec<SlotAt> {
        let selected = self.selected_units(filter);
        let mut found: Vec<SlotAt> = Vec::new();
        for (dataset, period) in self.sheets(filter, as_of_ms) {
            let code = self.catalogue.dataset_at(dataset).code();
            if after.is_some_and(|after| (code, period) < (&after.dataset, after.period)) {
                continue;
            }
            self.visit(
                dataset,
                period,
                selected.as_deref(),
                as_of_ms,
                |unit, state, due_at_ms| {
                    if found.len() >= count_max || !(states.is_empty() || states.contains(&state)) {
                        return;
                    }
                    let unit = self.catalogue.unit_at(unit).code().clone();
                    let slot = SlotKey::new(unit, code.clone(), period);
                    if after.is_none_or(|after| slot > *after) {
                        found.push(SlotAt {
                            slot,
                            state,
                            due_at_ms,
                        });
                    }
                },
            );
            if found.len() >= count_max {
                break;
            }
        }
        found
    }

    /// The datasets and periods of which a slot's last extension is due from an instant on.
    #[must_use]
    pub fn sheets_extended_past(&self, from_ms: i64) -> BTreeSet<(DatasetCode, Period)> {
        let is_late = |acts: &Acts| {
            acts.extensions
                .last()
                .is_some_and(|e| e.due_at_ms >= from_ms)
        };
        let columns = self.columns.iter();
        let extended = columns.filter(|(_, column)| column.acts.values().any(is_late));
        let code = |dataset: DatasetIndex| self.catalogue.dataset_at(dataset).code().clone();
        extended
            .map(|((dataset, period), _)| (code(*dataset), *period))
            .collect()
    }

    /// The datasets and periods that have begun at an instant, in order.
    fn sheets(&self, filter: &Filter, as_of_ms: i64) -> Vec<(DatasetIndex, Period)> {
        let datasets = self.catalogue.datasets().iter();
        let wanted =
            |code: &DatasetCode| filter.datasets.is_empty() || filter.datasets.contains(code);
        let datasets = datasets.filter(|dataset| wanted(dataset.code()));
        let mut sheets = Vec::new();
        for dataset in datasets {
            let Some(index) = self.catalogue.dataset_index(dataset.code()) else {
                continue;
            };
            let periods = begun_periods(dataset, as_of_ms);
            let wanted = |p: &Period| filter.periods.is_empty() || filter.periods.contains(p);
            sheets.extend(periods.filter(wanted).map(|period| (index, period)));
        }
        sheets
    }

    fn selected_units(&self, filter: &Filter) -> Option<Vec<bool>> {
        if filter.units.is_empty() {
            return None;
        }
        let units = self.catalogue.units().iter();
        Some(
            units
                .map(|unit| filter.units.contains(unit.code()))
                .collect(),
        )
    }

    fn visit(
        &self,
        dataset: DatasetIndex,
        period: Period,
        selected: Option<&[bool]>,
        as_of_ms: i64,
        mut visit: impl FnMut(UnitIndex, SlotState, i64),
    ) {
        let described = self.catalogue.dataset_at(dataset);
        // A period whose deadline lies beyond the calendar is never due.
        let due_at_ms = described.due_at_ms(period).unwrap_or(NEVER);
        let column = self.columns.get(&(dataset, period));
        for unit in self.catalogue.expected_units(described.code(), period) {
            if selected.is_some_and(|selected| !selected[unit.get()]) {
                continue;
            }
            let accepted = column.map_or(NEVER, |column| column.accepted_at_ms[unit.get()]);
            match column.and_then(|column| column.acts.get(&unit)) {
                None => visit(unit, state(accepted, due_at_ms, as_of_ms), due_at_ms),
                Some(acts) => {
                    let due_at_ms = acts.due_at_ms(due_at_ms, as_of_ms);
                    visit(unit, acts.state(accepted, due_at_ms, as_of_ms), due_at_ms);
                }
            }
        }
    }

    fn group(&self, by: GroupBy, dataset: DatasetIndex, period: Period) -> Group {
        let dataset = Some(self.catalogue.dataset_at(dataset).code().clone());
        match by {
            GroupBy::Nothing | GroupBy::Unit => Group::default(),
            GroupBy::Dataset => Group {
                dataset,
                ..Group::default()
            },
            GroupBy::Period => Group {
                period: Some(period),
                ..Group::default()
            },
            GroupBy::DatasetPeriod => Group {
                dataset,
                period: Some(period),
                unit: None,
            },
        }
    }
}

impl Acts {
    /// The due instant with the last extension that was known at the instant.
    fn due_at_ms(&self, rule_ms: i64, as_of_ms: i64) -> i64 {
        let known = self
            .extensions
            .iter()
            .rev()
            .find(|e| e.received_at_ms <= as_of_ms);
        known.map_or(rule_ms, |extension| extension.due_at_ms)
    }

    fn state(&self, accepted_at_ms: i64, due_at_ms: i64, as_of_ms: i64) -> SlotState {
        if self.exempted_at_ms.is_some_and(|at| at <= as_of_ms) {
            return SlotState::Exempt;
        }
        state(accepted_at_ms, due_at_ms, as_of_ms)
    }
}

/// The periods of a dataset that have begun at an instant, by its own time zone.
fn begun_periods(dataset: &Dataset, as_of_ms: i64) -> impl Iterator<Item = Period> {
    let now = Timestamp::from_millisecond(as_of_ms).unwrap_or(Timestamp::MAX);
    let today = dataset.deadline().zone().to_datetime(now).date();
    let last = dataset.last_period();
    let first = dataset.first_period();
    std::iter::successors(Some(first), |period| period.plus(1))
        .take_while(move |p| p.first_day() <= today && last.is_none_or(|last| *p <= last))
}
