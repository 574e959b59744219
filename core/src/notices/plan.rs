//! The plan: what is told, when and to whom.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::{
    catalogue::{Catalogue, DepartmentCode},
    code::{DatasetCode, UnitCode},
};

use super::{Kind, Quiet, Recipient};

/// Which audiences are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audiences {
    /// The units concerned.
    pub units: bool,
    /// The departments that answer for an indicator of the dataset.
    pub departments: bool,
    /// The city's operations.
    pub operations: bool,
}

/// What is told, when and to whom. All lengths are in milliseconds and not negative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Only these datasets; all, where it is empty.
    pub datasets: BTreeSet<DatasetCode>,
    /// How long before the deadline units are reminded.
    pub reminders_ms: BTreeSet<i64>,
    /// Who gets the summary at the deadline; never units.
    pub summary: Audiences,
    /// How long after the deadline missing reports are told.
    pub escalations_ms: BTreeSet<i64>,
    /// To whom.
    pub escalation: Audiences,
    /// How long after a return an unanswered one is told; not at all, where it is absent.
    pub returned_ms: Option<i64>,
    /// To whom; never departments.
    pub returned: Audiences,
    /// Who is told that all is in; never units.
    pub all_in: Audiences,
    /// How long after the deadline it is still told that all is in.
    pub all_in_within_ms: i64,
    /// When nobody is disturbed.
    pub quiet: Option<Quiet>,
    /// What is later than this is dropped, for instance after the server stood still.
    pub stale_ms: i64,
    /// Deadlines and returns before this instant are not told, so that switching notices on does not tell all of the past.
    pub since_ms: i64,
    /// The units with contacts of their own.
    pub unit_contacts: BTreeSet<UnitCode>,
    /// The departments with contacts.
    pub department_contacts: BTreeSet<DepartmentCode>,
    /// Whether operations have contacts.
    pub has_operations: bool,
}

/// How long before the quiet hours a reminder goes out that would otherwise wait beyond the deadline: time enough for a
/// message to be sent and tried again.
const ADVANCE_MS: i64 = 15 * 60_000;

impl Plan {
    /// Takes the days off from a catalogue; whoever decides does so whenever the catalogue may have changed.
    pub fn follow(&mut self, catalogue: &Catalogue) {
        self.quiet = self.quiet.as_ref().map(|quiet| quiet.by(catalogue));
    }

    /// Whether the plan speaks of a dataset.
    #[must_use]
    pub fn covers(&self, dataset: &DatasetCode) -> bool {
        self.datasets.is_empty() || self.datasets.contains(dataset)
    }

    /// When the reminder `before_ms` ahead of the due instant is told: then, or when the quiet hours end, or just before they
    /// begin where they last beyond the due instant.
    #[must_use]
    pub fn reminder_at_ms(&self, before_ms: i64, due_at_ms: i64) -> i64 {
        let nominal = due_at_ms.saturating_sub(before_ms);
        let Some(quiet) = &self.quiet else {
            return nominal;
        };
        let end = quiet.end(nominal);
        if end == nominal || end < due_at_ms {
            return end;
        }
        // Between two quiet stretches lies an hour at least, so this is outside.
        quiet.start(nominal) - ADVANCE_MS
    }

    /// The shortest lead whose reminder has come due; the longer ones are superseded by it.
    pub(super) fn reminder_due(&self, due_at_ms: i64, now_ms: i64) -> Option<i64> {
        let mut leads = self.reminders_ms.iter().copied();
        leads.find(|lead| self.reminder_at_ms(*lead, due_at_ms) <= now_ms)
    }

    /// The longest delay whose escalation has come due, for what was timely until `closed_at_ms`.
    pub(super) fn escalation_due(&self, closed_at_ms: i64, now_ms: i64) -> Option<i64> {
        let mut delays = self.escalations_ms.iter().rev().copied();
        delays.find(|delay| closed_at_ms.saturating_add(*delay) <= now_ms)
    }

    /// From now, or from the end of the quiet hours.
    pub(super) fn not_before_ms(&self, now_ms: i64) -> i64 {
        self.quiet
            .as_ref()
            .map_or(now_ms, |quiet| quiet.end(now_ms))
    }

    /// Deadlines that were over, with their grace, before this bring nothing any more.
    pub(super) fn oldest_due_ms(&self, now_ms: i64) -> i64 {
        let longest = self.escalations_ms.last().copied().unwrap_or(0);
        let longest = longest.max(self.all_in_within_ms);
        now_ms.saturating_sub(longest.saturating_add(self.stale_ms))
    }

    /// Until which age a mark is worth remembering: beyond it nothing asks about it.
    #[must_use]
    pub fn memory_ms(&self, now_ms: i64) -> i64 {
        let returned = self.returned_ms.unwrap_or(0);
        self.oldest_due_ms(now_ms).saturating_sub(returned)
    }

    /// Whether the audiences of a kind include departments or operations.
    pub(super) const fn audiences(&self, kind: Kind) -> Audiences {
        match kind {
            Kind::Reminder => Audiences {
                units: true,
                departments: false,
                operations: false,
            },
            Kind::Summary => self.summary,
            Kind::Escalation => self.escalation,
            Kind::Returned => self.returned,
            Kind::AllIn => self.all_in,
        }
    }

    /// Whose contacts get what concerns a unit on a day: its own, else those of the nearest unit above it that has some.
    #[must_use]
    pub fn recipient(
        &self,
        catalogue: &Catalogue,
        unit: &UnitCode,
        day: Date,
    ) -> Option<Recipient> {
        // The catalogue has no cycle.
        let mut above = std::iter::successors(Some(unit), |unit| catalogue.parent_on(unit, day));
        let found = above.find(|unit| self.unit_contacts.contains(*unit));
        found.cloned().map(Recipient::Unit)
    }

    /// The departments with contacts that answer for an indicator of the dataset.
    pub(super) fn departments(
        &self,
        catalogue: &Catalogue,
        dataset: &DatasetCode,
    ) -> BTreeSet<DepartmentCode> {
        let indicators = catalogue
            .dataset(dataset)
            .map_or(&[][..], |d| d.indicators());
        let owners = indicators
            .iter()
            .filter_map(|code| catalogue.indicator(code));
        let owners = owners.map(|indicator| indicator.owner().clone());
        owners
            .filter(|owner| self.department_contacts.contains(owner))
            .collect()
    }
}
