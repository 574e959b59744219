//! Timetables: from when to when a dataset's report is taken, and which parts of the year differ.
//!
//! ```toml
//! [[dataset]]
//! deadline = { day = 8, time = "12:00", move = "next-workday" }
//! window = { opens = { day = 1, time = "00:00" }, grace = "2h", locks = { day = 20, time = "24:00" } }
//! not_reported = ["M01"]                       # January is not reported: there is no slot for it
//!
//! [[dataset.except]]                           # other terms for some parts of the year
//! periods = ["M02"]
//! deadline = { day = 15, time = "12:00" }      # what is not written is as for the others
//! ```
//! - `opens`: before it nothing is taken; where it is not written, from the first day of the period.
//! - the deadline: what is accepted until then is timely. `grace` lets that much more time pass, from `"1m"` to `"31d"`;
//!   lateness is counted from the deadline all the same.
//! - `locks`: after it nothing is taken, unless the slot was extended: then until the extended deadline and the grace are over.
//!
//! All ends are included. The order is checked for each period: the first day, opens, the deadline, the grace, locks.

mod read;

use std::collections::BTreeSet;

use crate::period::Period;

use super::deadline::Deadline;

pub(super) use read::{For, read};

/// The longest grace, in milliseconds: 31 days.
pub const GRACE_MS_MAX: i64 = 31 * 24 * 3_600_000;

/// From when to when reports of some periods are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    deadline: Deadline,
    opens: Option<Deadline>,
    grace_ms: i64,
    locks: Option<Deadline>,
}

/// The terms of every part of the year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timetable {
    general: Terms,
    /// By number within the year; no number stands in two of them.
    exceptions: Vec<(BTreeSet<i32>, Terms)>,
    not_reported: BTreeSet<i32>,
}

impl Terms {
    /// The deadline rule.
    #[must_use]
    pub const fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// From when reports are taken; none where that is the first day of the period.
    #[must_use]
    pub const fn opens(&self) -> Option<&Deadline> {
        self.opens.as_ref()
    }

    /// How long after the deadline a report is still timely, in milliseconds.
    #[must_use]
    pub const fn grace_ms(&self) -> i64 {
        self.grace_ms
    }

    /// Until when reports are taken; none where there is no end.
    #[must_use]
    pub const fn locks(&self) -> Option<&Deadline> {
        self.locks.as_ref()
    }

    /// The last instant at which a report is timely where `due_at_ms` is the deadline, an extended one perhaps.
    #[must_use]
    pub const fn timely_until_ms(&self, due_at_ms: i64) -> i64 {
        due_at_ms.saturating_add(self.grace_ms)
    }

    /// The last instant at which a report for `period` is taken, where the latest extension moved the deadline to
    /// `extended_to_ms`; none where there is no end.
    #[must_use]
    pub fn locks_at_ms(&self, period: Period, extended_to_ms: Option<i64>) -> Option<i64> {
        let locks = self.locks.as_ref()?.at_ms(period)?;
        let extended = extended_to_ms.map(|due| self.timely_until_ms(due));
        Some(extended.map_or(locks, |extended| extended.max(locks)))
    }

    /// All rules in it.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Deadline> {
        std::iter::once(&self.deadline)
            .chain(&self.opens)
            .chain(&self.locks)
    }
}

impl Timetable {
    pub(super) const fn general(&self) -> &Terms {
        &self.general
    }

    /// The terms of one period.
    pub(super) fn terms(&self, period: Period) -> &Terms {
        let exception = self.place_of(period).checked_sub(1);
        let own = exception.and_then(|at| self.exceptions.get(at));
        own.map_or(&self.general, |(_, terms)| terms)
    }

    /// Which terms are those of a period: 0 for the general ones, then the exceptions.
    fn place_of(&self, period: Period) -> usize {
        if self.exceptions.is_empty() {
            return 0;
        }
        let number = period.number();
        let own = |(numbers, _): &(BTreeSet<i32>, Terms)| numbers.contains(&number);
        self.exceptions.iter().position(own).map_or(0, |at| at + 1)
    }

    /// Whether the part of the year that `period` is gets reported at all.
    pub(super) fn reports(&self, period: Period) -> bool {
        // Days are not numbered parts of a year, and most datasets have no such exception.
        self.not_reported.is_empty() || !self.not_reported.contains(&period.number())
    }

    /// All rules in it.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Deadline> {
        let exceptions = self.exceptions.iter().map(|(_, terms)| terms);
        std::iter::once(&self.general)
            .chain(exceptions)
            .flat_map(Terms::rules)
    }
}
