//! A sheet: one dataset and period, looked at from an instant. It says what is known of each slot.

use std::collections::BTreeSet;

use crate::{
    catalogue::{Catalogue, Dataset, Owing, UnitIndex},
    ledger::Life,
    period::Period,
    snapshot::SlotKey,
};

use super::{
    Imported, SlotState,
    column::{Column, Current, NEVER, Snapshots, mark},
    state,
};

/// One dataset and period at an instant.
#[derive(Clone, Copy)]
pub(crate) struct Sheet<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// Who owes it; none where nobody does.
    pub(super) owing: Option<Owing<'a>>,
    pub(super) dataset: &'a Dataset,
    pub(crate) period: Period,
    /// By the rule; [`NEVER`] where it lies beyond the calendar.
    pub(super) due_at_ms: i64,
    /// How much longer what arrives is timely.
    pub(super) grace_ms: i64,
    /// The cells that a complete record without items fills.
    pub(super) asked: u32,
    pub(super) column: Option<&'a Column>,
    /// The column of the period before.
    pub(super) before: Option<&'a Column>,
    pub(crate) as_of_ms: i64,
    pub(super) imported: Imported,
}

/// A slot that the roster expects, as known at an instant.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    sheet: &'a Sheet<'a>,
    pub(crate) unit: UnitIndex,
    /// Its state; where imported history stands apart and alone settles it, what its state would be.
    pub(crate) state: SlotState,
    /// Whether imported history alone settles it.
    pub(crate) imported: bool,
    /// With the extensions known at the instant.
    pub(crate) due_at_ms: i64,
    /// When its grace is over.
    pub(crate) timely_until_ms: i64,
    /// What decided between timely and late.
    pub(crate) arrived_at_ms: Option<i64>,
}

/// One slot at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotAt {
    /// Which.
    pub slot: SlotKey,
    /// Its state; of a slot that stands apart from those expected, what it would be.
    pub state: SlotState,
    /// When it is due, with the extensions known at the instant.
    pub due_at_ms: i64,
    /// When the grace after it is over: what arrives until then is timely.
    pub timely_until_ms: i64,
    /// When the report arrived that decided between timely and late.
    pub arrived_at_ms: Option<i64>,
    /// Whether imported history alone settles it.
    pub imported: bool,
}

impl SlotAt {
    /// How late the report was that decided, in milliseconds, counted from when it was due; 0 where it came within the grace, or
    /// there is none.
    #[must_use]
    pub fn lateness_ms(&self) -> i64 {
        let arrived = self.arrived_at_ms;
        let late = arrived.filter(|arrived| *arrived > self.timely_until_ms);
        late.map_or(0, |arrived| arrived.saturating_sub(self.due_at_ms))
    }
}

impl<'a> Sheet<'a> {
    /// Whether the roster expects it of a unit that stands under `top` in the tree of the period, or under any where there is
    /// none.
    #[inline]
    pub(super) fn holds(&self, unit: UnitIndex, top: Option<UnitIndex>) -> bool {
        let within = |top| self.catalogue.is_within(unit, top, self.period);
        self.owing.is_some_and(|owing| owing.holds(unit)) && top.is_none_or(within)
    }

    /// Whether any of its slots can be in one of these states (in any, where there are none): long after a deadline that was not
    /// extended none is pending, so that whoever asks for what is pending need not look at all the years before.
    pub(super) fn may_be_in(&self, states: &BTreeSet<SlotState>) -> bool {
        let is_only_pending = states.len() == 1 && states.contains(&SlotState::Pending);
        if !is_only_pending || self.due_at_ms.saturating_add(self.grace_ms) >= self.as_of_ms {
            return true;
        }
        let from_ms = self.as_of_ms.saturating_sub(self.grace_ms);
        self.column
            .is_some_and(|column| column.was_extended_past(from_ms))
    }

    /// What is known of a unit's slot, which the roster must expect.
    #[inline]
    pub(super) fn see(&'a self, unit: UnitIndex) -> Seen<'a> {
        let accepted_at_ms = self
            .column
            .map_or(NEVER, |column| column.accepted_at_ms(unit));
        match self.column {
            Some(column) if column.has(unit, mark::ACTS | mark::IMPORTED) => {
                self.see_acts(column, unit, accepted_at_ms)
            }
            Some(_) | None => self.seen(unit, accepted_at_ms, self.due_at_ms),
        }
    }

    #[inline]
    fn seen(&'a self, unit: UnitIndex, arrived_at_ms: i64, due_at_ms: i64) -> Seen<'a> {
        let timely_until_ms = due_at_ms.saturating_add(self.grace_ms);
        Seen {
            sheet: self,
            unit,
            state: state(arrived_at_ms, timely_until_ms, self.as_of_ms),
            imported: false,
            due_at_ms,
            timely_until_ms,
            arrived_at_ms: Some(arrived_at_ms).filter(|at_ms| *at_ms <= self.as_of_ms),
        }
    }

    fn see_acts(&'a self, column: &Column, unit: UnitIndex, accepted_at_ms: i64) -> Seen<'a> {
        let acts = column.acts(unit);
        let due_at_ms = acts.map_or(self.due_at_ms, |acts| {
            acts.due_at_ms(self.due_at_ms, self.as_of_ms)
        });
        if acts.is_some_and(|acts| acts.is_exempt(self.as_of_ms)) {
            return Seen {
                state: SlotState::Exempt,
                ..self.seen(unit, accepted_at_ms, due_at_ms)
            };
        }
        let Some(import) = column.import(unit, self.as_of_ms) else {
            return self.seen(unit, accepted_at_ms, due_at_ms);
        };
        let imported = accepted_at_ms > self.as_of_ms;
        let arrived_at_ms = if imported || self.imported == Imported::Counted {
            accepted_at_ms.min(import.arrived_at_ms)
        } else {
            accepted_at_ms
        };
        Seen {
            imported,
            ..self.seen(unit, arrived_at_ms, due_at_ms)
        }
    }
}

impl<'a> Seen<'a> {
    /// Whether it is one of the slots expected.
    #[inline]
    pub(crate) fn is_expected(&self) -> bool {
        !self.imported || self.sheet.imported == Imported::Counted
    }

    /// Cells that a complete record without items fills.
    pub(crate) const fn asked(&self) -> u32 {
        self.sheet.asked
    }

    pub(crate) const fn as_of_ms(&self) -> i64 {
        self.sheet.as_of_ms
    }

    pub(crate) fn snapshots(&self) -> Snapshots {
        let column = self.sheet.column;
        column.map_or_else(Snapshots::default, |column| {
            column.snapshots(self.unit, self.sheet.as_of_ms)
        })
    }

    pub(crate) fn current(&self) -> Option<Current<'a>> {
        let sheet = self.sheet;
        sheet
            .column?
            .current(self.unit, sheet.asked, sheet.as_of_ms)
    }

    /// The unit's current snapshot in the period before.
    pub(crate) fn before(&self) -> Option<Current<'a>> {
        let sheet = self.sheet;
        sheet
            .before?
            .current(self.unit, sheet.asked, sheet.as_of_ms)
    }

    pub(crate) fn findings(&self) -> impl Iterator<Item = &'a Life> {
        let column = self.sheet.column;
        column
            .into_iter()
            .flat_map(|column| column.findings(self.unit))
    }
}
