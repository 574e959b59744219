//! Rules of time: when a period's report is due, as an instant; windows open and lock by the same rules.
//!
//! ```toml
//! deadline = { day = 8, time = "12:00" }                       # 2021-Q1 is due on 2021-04-08 at 12:00
//! deadline = { day = 15, month_offset = 1, time = "24:00" }    # 2021-A1 is due at the end of 2022-02-15
//! deadline = { day = 8, time = "12:00", move = "next-workday" }  # past weekends and holidays; or "previous-workday"
//! deadline = { day_of_month = 25, month_offset = -1, time = "09:00" }  # on the 25th of the period's last month
//! deadline = { workday = 5, time = "17:00" }                   # on the fifth working day after the period
//! deadline = { last_workday_of_month = true, time = "17:00" }  # on the last working day of the month after the period
//! deadline = { day = 1, time = "09:00", timezone = "Asia/Urumqi" }
//! ```
//! - `day` is the so-manieth calendar day after the last day of the period, `workday` the so-manieth working day. `month_offset`
//!   whole months are added before the days are counted.
//! - `day_of_month` is a day of the month in which the period's next day lies, `last_workday_of_month` the last working day
//!   of that month. `month_offset` names another month: -1 the last one of the period.
//! - `move` says what becomes of a day off: nothing (`"none"`, as where nothing is said), or the working day next to it.
//! - Working days are those of `calendar = "cn"`, else of the catalogue's `calendar`, else of the only one there is. A
//!   make-up day is a working day.
//!
//! The time of day is local to the zone: the rule's, else the dataset's deadline's, else the catalogue's. Zones come from
//! the IANA database that is compiled in, never from the machine, so that city, county and auditor compute the same
//! instant. A local time that a change of clocks skips is moved on by the gap; one that happens twice is the first
//! (RFC 5545, section 3.3.5).

mod read;

use std::sync::Arc;

use jiff::{
    Span, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::{period::Period, text::Bilingual};

use super::calendar::{Calendar, DayKind};

pub(super) use read::{Around, Calendars, read, read_zone};

/// When the reports of a dataset are due, or their window opens or locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    rule: DeadlineRule,
    shift: Shift,
    /// Minutes after midnight; 1440 is the midnight that ends the day.
    minute_of_day: u16,
    zone: TimeZone,
    /// There where the rule asks for working days.
    calendar: Option<Arc<Calendar>>,
}

/// On which day a period's report is due, before days off are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineRule {
    /// The `day`-th calendar day (from 1) after the last day of the period, after adding `month_offset` whole months.
    DayAfterPeriod {
        /// From 1 to [`DeadlineRule::DAY_MAX`].
        day: u16,
        /// From 0 to [`DeadlineRule::MONTH_OFFSET_MAX`].
        month_offset: u16,
    },
    /// The `workday`-th working day (from 1) after the last day of the period, after adding `month_offset` whole months.
    WorkdayAfterPeriod {
        /// From 1 to [`DeadlineRule::WORKDAY_MAX`].
        workday: u16,
        /// From 0 to [`DeadlineRule::MONTH_OFFSET_MAX`].
        month_offset: u16,
    },
    /// A day of a month: of the one in which the period's next day lies, moved by so many months.
    DayOfMonth {
        /// From 1 to 31.
        day: i8,
        /// From [`DeadlineRule::MONTH_OFFSET_MIN`] to [`DeadlineRule::MONTH_OFFSET_MAX`].
        month_offset: i16,
    },
    /// The last working day of such a month.
    LastWorkdayOfMonth {
        /// As in [`DeadlineRule::DayOfMonth`].
        month_offset: i16,
    },
}

/// What becomes of a day off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// It stays.
    None,
    /// The first working day after it takes its place.
    NextWorkday,
    /// The last working day before it takes its place.
    PreviousWorkday,
}

/// The day on which a rule falls for one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Falls {
    /// The day.
    pub day: Date,
    /// The day off in whose place it is.
    pub moved: Option<Moved>,
}

/// A day off that a rule has moved away from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The day off.
    pub from: Date,
    /// Why it is one: the holiday, or the weekend.
    pub why: Bilingual,
}

impl DeadlineRule {
    /// The last calendar day that a rule may name.
    pub const DAY_MAX: u16 = 366;
    /// The last working day that a rule may name; no month has more.
    pub const WORKDAY_MAX: u16 = 23;
    /// The most months that a rule may add.
    pub const MONTH_OFFSET_MAX: u16 = 24;
    /// The most months by which a rule may go back into the period.
    pub const MONTH_OFFSET_MIN: i16 = -12;

    /// The calendar day that the rule names; `None` where there is no such day.
    fn day(self, period: Period, calendar: Option<&Calendar>) -> Option<Date> {
        let after = |months: i64| {
            let months = Span::new().months(months);
            period.day_after().checked_add(months).ok()
        };
        match self {
            Self::DayAfterPeriod { day, month_offset } => {
                let days = Span::new().days(i64::from(day) - 1);
                after(month_offset.into())?.checked_add(days).ok()
            }
            Self::WorkdayAfterPeriod {
                workday,
                month_offset,
            } => calendar?.nth_workday(after(month_offset.into())?, workday),
            Self::DayOfMonth { day, month_offset } => {
                let month = after(month_offset.into())?;
                Date::new(month.year(), month.month(), day).ok()
            }
            Self::LastWorkdayOfMonth { month_offset } => {
                let month = after(month_offset.into())?;
                let day = calendar?.workday_until(month.last_of_month())?;
                (day >= month.first_of_month()).then_some(day)
            }
        }
    }
}

impl Deadline {
    /// The day on which the rule falls for `period`; `None` where the calendar has no such day.
    #[must_use]
    pub fn falls(&self, period: Period) -> Option<Falls> {
        let calendar = self.calendar.as_deref();
        let named = self.rule.day(period, calendar)?;
        let day = match (self.shift, calendar) {
            (Shift::None, _) | (Shift::NextWorkday | Shift::PreviousWorkday, None) => named,
            (Shift::NextWorkday, Some(calendar)) => calendar.workday_from(named)?,
            (Shift::PreviousWorkday, Some(calendar)) => calendar.workday_until(named)?,
        };
        let moved = calendar.filter(|_| day != named).map(|calendar| Moved {
            from: named,
            why: why_off(calendar.kind(named)),
        });
        Some(Falls { day, moved })
    }

    /// The instant of `period` in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn at_ms(&self, period: Period) -> Option<i64> {
        let day = self.falls(period)?.day;
        let time = Span::new().minutes(i64::from(self.minute_of_day));
        let local = day.to_datetime(Time::midnight()).checked_add(time).ok()?;
        let instant = self.zone.to_timestamp(local).ok()?;
        Some(instant.as_millisecond())
    }

    /// On which day.
    #[must_use]
    pub const fn rule(&self) -> DeadlineRule {
        self.rule
    }

    /// What becomes of a day off.
    #[must_use]
    pub const fn shift(&self) -> Shift {
        self.shift
    }

    /// In which zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// By which working days, where the rule asks for them.
    #[must_use]
    pub fn calendar(&self) -> Option<&Calendar> {
        self.calendar.as_deref()
    }

    /// An instant as a clock on the wall shows it in the rule's zone, to the minute, with the zone's name.
    #[must_use]
    pub fn local(&self, at_ms: i64) -> String {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        match Timestamp::from_millisecond(at_ms) {
            Ok(instant) => {
                let local = self.zone.to_datetime(instant);
                format!("{} ({zone})", local.strftime("%Y-%m-%d %H:%M"))
            }
            Err(_) => format!("{at_ms} ms"),
        }
    }
}

fn why_off(kind: DayKind<'_>) -> Bilingual {
    match kind {
        DayKind::Holiday(holiday) => holiday.name().clone(),
        DayKind::Weekend => Bilingual::new("周末", "weekend"),
        DayKind::Workday | DayKind::MadeUp => Bilingual::default(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;

    use super::{read::parse_minute, *};

    #[track_caller]
    fn check(day: u16, month_offset: u16, time: &str, zone: &str, period: &str, expect: &str) {
        let deadline = Deadline {
            rule: DeadlineRule::DayAfterPeriod { day, month_offset },
            shift: Shift::None,
            calendar: None,
            minute_of_day: parse_minute(time).unwrap(),
            zone: TimeZoneDatabase::bundled().get(zone).unwrap(),
        };
        let due = deadline.at_ms(Period::parse(period).unwrap()).unwrap();
        let due = Timestamp::from_millisecond(due).unwrap();
        assert_eq!(
            due.to_string(),
            expect,
            "{day} {month_offset} {time} {zone} {period}"
        );
    }

    #[test]
    fn days_are_counted_after_the_period() {
        let zone = "Asia/Shanghai";
        check(8, 0, "12:00", zone, "2021-Q1", "2021-04-08T04:00:00Z");
        check(1, 0, "00:00", zone, "2021-M03", "2021-03-31T16:00:00Z");
        check(31, 0, "12:00", zone, "2021-M01", "2021-03-03T04:00:00Z");
        check(1, 0, "12:00", zone, "2020-02-28", "2020-02-29T04:00:00Z");
        check(2, 0, "12:00", zone, "2021-02-28", "2021-03-02T04:00:00Z");
        check(366, 0, "12:00", zone, "2019-A1", "2020-12-31T04:00:00Z");
        check(366, 0, "12:00", zone, "2020-A1", "2022-01-01T04:00:00Z");
    }

    #[test]
    fn years_end_between_the_period_and_its_deadline() {
        let zone = "Asia/Shanghai";
        check(8, 0, "12:00", zone, "2020-Q4", "2021-01-08T04:00:00Z");
        check(31, 0, "23:59", zone, "2020-A1", "2021-01-31T15:59:00Z");
        check(1, 0, "07:59", zone, "2020-12-31", "2020-12-31T23:59:00Z");
        check(31, 11, "24:00", zone, "2020-S2", "2021-12-31T16:00:00Z");
    }

    #[test]
    fn months_are_added_before_the_days() {
        let zone = "UTC";
        check(29, 1, "12:00", zone, "2019-A1", "2020-02-29T12:00:00Z");
        check(29, 1, "12:00", zone, "2020-A1", "2021-03-01T12:00:00Z");
        check(15, 24, "12:00", zone, "2021-M11", "2023-12-15T12:00:00Z");
        // A month after 31 January ends with February.
        check(1, 1, "12:00", zone, "2021-01-30", "2021-02-28T12:00:00Z");
    }

    #[test]
    fn clocks_that_change_move_the_instant() {
        let zone = "Europe/Rome";
        check(8, 0, "12:00", zone, "2021-M02", "2021-03-08T11:00:00Z");
        check(8, 0, "12:00", zone, "2021-M03", "2021-04-08T10:00:00Z");
        // 02:30 is skipped on 28 March and happens twice on 31 October.
        check(28, 0, "02:30", zone, "2021-M02", "2021-03-28T01:30:00Z");
        check(31, 0, "02:30", zone, "2021-M09", "2021-10-31T00:30:00Z");
        // Shanghai itself had summer time until 1991.
        check(
            8,
            0,
            "12:00",
            "Asia/Shanghai",
            "1990-M06",
            "1990-07-08T03:00:00Z",
        );
    }
}
