//! The instants of a period: when its slots open, when they are due, when they lock.
//!
//! Everything that asks about a deadline asks here, so that a rule that moves one moves it everywhere.

use jiff::civil::Time;

use crate::period::Period;

use super::Dataset;

/// When the slots of one dataset and period open, are due and lock, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instants {
    /// The first moment of the period's first day, in the dataset's zone; none beyond the calendar.
    pub opened_at_ms: Option<i64>,
    /// The due instant by the rule, without extensions; none where it lies beyond the calendar.
    pub due_at_ms: Option<i64>,
    /// From when on nothing is taken; none where the slot never locks.
    pub locked_at_ms: Option<i64>,
}

impl Dataset {
    /// The instants of `period`. Looks up a time zone, so ask once for a period, not once for a unit.
    #[must_use]
    pub fn instants(&self, period: Period) -> Instants {
        let midnight = period.first_day().to_datetime(Time::midnight());
        let opened = self.deadline().zone().to_timestamp(midnight).ok();
        Instants {
            opened_at_ms: opened.map(|instant| instant.as_millisecond()),
            due_at_ms: self.due_at_ms(period),
            // No rule of a catalogue locks a period.
            locked_at_ms: None,
        }
    }
}
