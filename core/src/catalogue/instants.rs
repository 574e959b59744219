//! The instants of a period: when its slots open, when they are due, when they lock.
//!
//! Everything that asks about a deadline asks here, so that a rule that moves one moves it everywhere.

use jiff::civil::Time;

use crate::period::Period;

use super::Dataset;

/// When the slots of one dataset and period open, are due and lock, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instants {
    /// From when on snapshots are taken: by the rule of the window, else from the first moment of the period's first day, in the
    /// dataset's zone; none beyond the calendar.
    pub opened_at_ms: Option<i64>,
    /// The due instant by the rule, without extensions; none where it lies beyond the calendar.
    pub due_at_ms: Option<i64>,
    /// How much longer what arrives is timely.
    pub grace_ms: i64,
    /// The last moment at which anything is taken, without extensions; none where the slot never locks.
    pub locked_at_ms: Option<i64>,
}

impl Instants {
    /// The last moment at which what arrives is timely, without extensions.
    #[must_use]
    pub fn timely_until_ms(&self) -> Option<i64> {
        Some(self.due_at_ms?.saturating_add(self.grace_ms))
    }
}

impl Dataset {
    /// The instants of `period`. Looks up a time zone, so ask once for a period, not once for a unit.
    #[must_use]
    pub fn instants(&self, period: Period) -> Instants {
        let terms = self.terms(period);
        let begins = self.begins_at_ms(period);
        Instants {
            opened_at_ms: terms.opens().map_or(begins, |opens| opens.at_ms(period)),
            due_at_ms: self.due_at_ms(period),
            grace_ms: terms.grace_ms(),
            locked_at_ms: terms.locks_at_ms(period, None),
        }
    }

    /// The first moment of the period's first day, in the dataset's zone, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn begins_at_ms(&self, period: Period) -> Option<i64> {
        let midnight = period.first_day().to_datetime(Time::midnight());
        let begins = self.deadline().zone().to_timestamp(midnight).ok()?;
        Some(begins.as_millisecond())
    }
}
