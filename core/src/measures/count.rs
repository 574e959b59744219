//! Counting a slot into a tally.

use crate::{
    completeness::{Board, Filter, Gather, Group, GroupBy, Seen, SlotState},
    ledger::{FindingStatus, Life},
};

use super::{Poor, Tally};

/// The tallies of the slots that a filter selects, one for each group, as of an instant, in the order of [`Group`].
#[must_use]
pub fn tallies(board: &Board, filter: &Filter, by: GroupBy, as_of_ms: i64) -> Vec<(Group, Tally)> {
    board.gather(filter, by, as_of_ms)
}

impl Gather for Tally {
    fn count(&mut self, seen: &Seen<'_>) {
        self.counts.count(seen);
        if seen.imported {
            self.by_hand += 1;
        }
        if !seen.is_expected() {
            return;
        }
        match seen.state {
            SlotState::Exempt => {}
            SlotState::Pending => self.count_submissions(seen),
            SlotState::Timely => {
                self.count_required(seen);
                self.count_submissions(seen);
            }
            SlotState::Late => {
                let late_ms = seen
                    .arrived_at_ms
                    .map(|at_ms| at_ms.saturating_sub(seen.due_at_ms));
                late_ms.into_iter().for_each(|ms| self.lateness.push(ms));
                self.count_required(seen);
                self.count_submissions(seen);
            }
            SlotState::Missing => {
                self.required.add(0, seen.asked().into());
                self.count_submissions(seen);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        Self::merge(self, other);
    }

    fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Tally {
    /// An imported arrival has no figures, so it says nothing about cells.
    fn count_required(&mut self, seen: &Seen<'_>) {
        if let Some(current) = seen.current() {
            let facts = current.facts;
            self.required
                .add(facts.required_filled.into(), facts.required_asked.into());
        }
    }

    fn count_submissions(&mut self, seen: &Seen<'_>) {
        let Some((first_at_ms, first_returned)) = seen.snapshots().first else {
            return;
        };
        self.received += 1;
        self.first_accepted += u64::from(!first_returned);
        let current = seen.current();
        if let Some(revisions) = current.as_ref().and_then(|current| current.revisions) {
            self.revisions.merge(revisions);
        }
        self.accepted += u64::from(current.is_some());
        let questioned = self.count_findings(seen);
        self.questioned += u64::from(current.is_some() && questioned);
        let returned_in_time = first_returned && first_at_ms <= seen.due_at_ms;
        self.poor.count(seen, returned_in_time);
    }

    /// Counts the slot's findings; whether one of a quality edit stands.
    fn count_findings(&mut self, seen: &Seen<'_>) -> bool {
        let mut questioned = false;
        for life in seen.findings() {
            let Some(status) = life.status(seen.as_of_ms()) else {
                continue;
            };
            self.count_responses(life, seen.as_of_ms());
            if !life.validity {
                let answered = status != FindingStatus::Open;
                self.findings.add(u64::from(answered), 1);
                questioned |= status != FindingStatus::Corrected;
            }
        }
        questioned
    }

    /// Each time that a finding opened and was answered; it opens anew after it had been corrected.
    fn count_responses(&mut self, life: &Life, as_of_ms: i64) {
        let mut waiting_since: Option<i64> = None;
        let mut closed = true;
        for (at_ms, status) in life.known(as_of_ms) {
            if closed {
                waiting_since = Some(*at_ms);
            }
            closed = *status == FindingStatus::Corrected;
            if *status != FindingStatus::Open
                && let Some(opened_at_ms) = waiting_since.take()
            {
                self.responses += 1;
                self.response_ms_sum += i128::from(*at_ms) - i128::from(opened_at_ms);
            }
        }
    }
}

impl Poor {
    fn count(&mut self, seen: &Seen<'_>, returned_in_time: bool) {
        let facts = seen.current().map(|current| current.facts);
        let is_copy = || {
            let before = seen.before().map(|before| before.facts.figures);
            before.is_some() && before == facts.map(|facts| facts.figures)
        };
        if facts.is_some_and(|facts| facts.empty) {
            self.empty += 1;
        } else if facts.is_some_and(|facts| facts.all_zero) {
            self.all_zero += 1;
        } else if is_copy() {
            self.copied += 1;
        } else if returned_in_time {
            self.returned_in_time += 1;
        }
    }
}
