//! A passage: what the rows tell of one expected slot, whatever the instant. Forecasts read it, since they ask about many
//! instants at once; when what it tells was known is part of it.

use std::sync::Arc;

use crate::{
    catalogue::{DatasetIndex, UnitIndex},
    period::Period,
};

use super::{
    Board, SlotState,
    column::{Acts, Column, Import, NEVER, mark},
    state,
};

/// One slot that the roster expects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage<'a> {
    pub(crate) unit: UnitIndex,
    /// When its first snapshot was received, where that was returned.
    pub(crate) returned_at_ms: Option<i64>,
    /// When it was first accepted.
    accepted_at_ms: Option<i64>,
    import: Option<Import>,
    rule_due_at_ms: i64,
    acts: Option<&'a Acts>,
}

/// What has happened to the slots of one dataset and period: equal to itself until anything happens to one of them.
#[derive(Clone, Debug)]
pub(crate) struct Edition(Option<Arc<Column>>);

impl PartialEq for Edition {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl Board {
    /// Every slot of a dataset and period that the roster expects, by unit. A period whose deadline lies beyond the calendar
    /// is never due.
    pub(crate) fn passages(
        &self,
        dataset: DatasetIndex,
        period: Period,
    ) -> impl Iterator<Item = Passage<'_>> {
        let described = self.catalogue().dataset_at(dataset);
        let rule_due_at_ms = described.instants(period).due_at_ms.unwrap_or(NEVER);
        let column = self.column_at(dataset, period).map(AsRef::as_ref);
        let units = self.catalogue().expected_units(described.code(), period);
        units
            .into_iter()
            .map(move |unit| Passage::of(column, unit, rule_due_at_ms))
    }

    /// What has happened to the slots of a dataset and period so far.
    pub(crate) fn edition(&self, dataset: DatasetIndex, period: Period) -> Edition {
        Edition(self.column_at(dataset, period).cloned())
    }

    /// Whether an act has changed a slot of a dataset and period.
    pub(crate) fn has_acts(&self, dataset: DatasetIndex, period: Period) -> bool {
        let column = self.column_at(dataset, period);
        column.is_some_and(|column| column.has_acts())
    }
}

impl<'a> Passage<'a> {
    fn of(column: Option<&'a Column>, unit: UnitIndex, rule_due_at_ms: i64) -> Self {
        let accepted = column.map_or(NEVER, |column| column.accepted_at_ms(unit));
        let marked = |marks| column.filter(|column| column.has(unit, marks));
        Self {
            unit,
            returned_at_ms: marked(mark::VINTAGES).and_then(|column| column.returned_at_ms(unit)),
            accepted_at_ms: (accepted < NEVER).then_some(accepted),
            import: marked(mark::IMPORTED).and_then(|column| column.any_import(unit)),
            rule_due_at_ms,
            acts: marked(mark::ACTS).and_then(|column| column.acts(unit)),
        }
    }

    /// When it is due, with the extensions known at an instant.
    pub(crate) fn due_at_ms(&self, as_of_ms: i64) -> i64 {
        let rule_ms = self.rule_due_at_ms;
        self.acts
            .map_or(rule_ms, |acts| acts.due_at_ms(rule_ms, as_of_ms))
    }

    /// When its report arrived, as known at an instant: through the system, or by imported history.
    pub(crate) fn arrived_at_ms(&self, as_of_ms: i64) -> Option<i64> {
        let accepted = self.accepted_at_ms.filter(|at_ms| *at_ms <= as_of_ms);
        let import = self.import.filter(|import| import.known_at_ms <= as_of_ms);
        let import = import.map(|import| import.arrived_at_ms);
        accepted.into_iter().chain(import).min()
    }

    /// From which instant on an arrival is known at all.
    pub(crate) fn known_from_ms(&self) -> Option<i64> {
        let import = self.import.map(|import| import.known_at_ms);
        self.accepted_at_ms.into_iter().chain(import).min()
    }

    /// Its state at an instant, with imported history counted.
    pub(crate) fn state(&self, as_of_ms: i64) -> SlotState {
        if self.acts.is_some_and(|acts| acts.is_exempt(as_of_ms)) {
            return SlotState::Exempt;
        }
        let arrived = self.arrived_at_ms(as_of_ms).unwrap_or(NEVER);
        state(arrived, self.due_at_ms(as_of_ms), as_of_ms)
    }

    /// The instants at which an act, or what it says, changes it.
    pub(crate) fn turns_ms(&self) -> impl Iterator<Item = i64> {
        let acts = self.acts.into_iter().flat_map(|acts| {
            let extensions = acts.extensions.iter();
            let turns = extensions.flat_map(|e| [e.received_at_ms, e.due_at_ms.saturating_add(1)]);
            turns.chain(acts.exempted_at_ms)
        });
        acts.chain(self.import.map(|import| import.known_at_ms))
    }
}
