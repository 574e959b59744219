//! A stretch of calendar days, both ends included: when a unit is in force, when it stands under another.

use jiff::civil::Date;

use crate::period::{Period, Periodicity};

/// Calendar days from the first to the last, both among them; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days {
    first: Date,
    last: Date,
}

impl Days {
    /// All days.
    pub const ALWAYS: Self = Self {
        first: Date::MIN,
        last: Date::MAX,
    };

    /// The days from `from` to `to`; an end that is not given lies beyond all records. `None` where `to` lies before `from`.
    #[must_use]
    pub fn new(from: Option<Date>, to: Option<Date>) -> Option<Self> {
        let (first, last) = (from.unwrap_or(Date::MIN), to.unwrap_or(Date::MAX));
        (first <= last).then_some(Self { first, last })
    }

    /// The first day.
    #[must_use]
    pub const fn first(self) -> Date {
        self.first
    }

    /// The last day.
    #[must_use]
    pub const fn last(self) -> Date {
        self.last
    }

    /// Whether `day` is one of them.
    #[must_use]
    pub fn hold(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }

    /// The days that both hold.
    #[must_use]
    pub fn meet(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }

    /// The first and last ordinal of the periods whose last day is one of these days; the first lies behind the last where
    /// there is no such period.
    #[must_use]
    pub fn ordinals(self, periodicity: Periodicity) -> (i32, i32) {
        let first = Period::containing(periodicity, self.first).map(Period::ordinal);
        let last = Period::containing(periodicity, self.last).map(|period| {
            let is_whole = period.last_day() == self.last;
            period.ordinal() - i32::from(!is_whole)
        });
        (first.unwrap_or(i32::MIN), last.unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn days(from: Option<Date>, to: Option<Date>) -> Days {
        Days::new(from, to).unwrap()
    }

    #[test]
    fn both_ends_are_among_them() {
        let days = days(Some(date(2021, 5, 15)), Some(date(2021, 8, 31)));
        assert!(days.hold(date(2021, 5, 15)) && days.hold(date(2021, 8, 31)));
        assert!(!days.hold(date(2021, 5, 14)) && !days.hold(date(2021, 9, 1)));
        assert_eq!(
            Days::new(Some(date(2021, 1, 2)), Some(date(2021, 1, 1))),
            None
        );
    }

    #[test]
    fn the_last_day_of_a_period_decides() {
        let ordinal = |text| Period::parse(text).unwrap().ordinal();
        let open = days(Some(date(2021, 5, 15)), Some(date(2021, 8, 31)));
        // The third quarter is not over when the days are.
        assert_eq!(
            open.ordinals(Periodicity::Quarter),
            (ordinal("2021-Q2"), ordinal("2021-Q2"))
        );
        assert_eq!(
            open.ordinals(Periodicity::Month),
            (ordinal("2021-M05"), ordinal("2021-M08"))
        );
        assert_eq!(
            Days::ALWAYS.ordinals(Periodicity::Month),
            (i32::MIN, i32::MAX)
        );
        let (first, last) =
            days(Some(date(2021, 7, 1)), Some(date(2021, 7, 9))).ordinals(Periodicity::Month);
        assert!(first > last);
    }
}
