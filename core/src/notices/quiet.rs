//! Quiet hours: stretches of local time in which nobody is disturbed, and whole days off.

use std::sync::Arc;

use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};

use crate::catalogue::{Calendar, CalendarCode, Catalogue};

/// Quiet hours of every day, and whole days off where that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    zone: TimeZone,
    /// Minutes after local midnight from which and before which it is quiet; past midnight where the first is larger.
    daily: Option<(u16, u16)>,
    days_off: DaysOff,
    /// The calendar that [`Self::days_off`] names, once it is known.
    calendar: Option<Arc<Calendar>>,
}

/// Which days are quiet as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DaysOff {
    /// None.
    #[default]
    None,
    /// Saturdays and Sundays.
    Weekends,
    /// Weekends and holidays by a calendar of the catalogue; make-up working days (调休) are days like any other.
    Calendar(CalendarCode),
}

/// Why hours are no quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("quiet hours last from one minute to 23 hours, from and to times of day up to 23:59")]
pub struct QuietError;

/// A day must leave at least an hour in which something may be told.
const DAILY_MINUTES_MAX: u16 = 23 * 60;
/// More days than a quiet stretch can last: two of the longest holidays in a row, with weekends around them.
const STRETCH_DAYS_MAX: i32 = 80;
const DAY_MS: i64 = 86_400_000;

impl Quiet {
    /// Checks the hours; `daily` is in minutes after local midnight.
    ///
    /// # Errors
    /// [`QuietError`] where they would leave no time to tell anything.
    pub fn new(
        zone: TimeZone,
        daily: Option<(u16, u16)>,
        days_off: DaysOff,
    ) -> Result<Self, QuietError> {
        if let Some((from, to)) = daily {
            let length = (to + 1_440 - from % 1_440) % 1_440;
            if from >= 1_440 || to >= 1_440 || length == 0 || length > DAILY_MINUTES_MAX {
                return Err(QuietError);
            }
        }
        Ok(Self {
            zone,
            daily,
            days_off,
            calendar: None,
        })
    }

    /// The calendar that says which days are quiet; none where the days off need none.
    #[must_use]
    pub const fn calendar(&self) -> Option<&CalendarCode> {
        match &self.days_off {
            DaysOff::Calendar(code) => Some(code),
            DaysOff::None | DaysOff::Weekends => None,
        }
    }

    /// The same hours with the days off as a catalogue has them. A calendar that it does not have leaves Saturdays and
    /// Sundays.
    #[must_use]
    pub fn by(&self, catalogue: &Catalogue) -> Self {
        let calendar = self.calendar().and_then(|code| catalogue.calendar(code));
        Self {
            calendar: calendar.cloned(),
            ..self.clone()
        }
    }

    /// The zone in which the hours are meant.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether it is quiet at an instant.
    #[must_use]
    pub fn holds(&self, at_ms: i64) -> bool {
        let local = self.local(at_ms);
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let in_hours = self.daily.is_some_and(|(from, to)| {
            if from < to {
                (from..to).contains(&minute)
            } else {
                minute >= from || minute < to
            }
        });
        in_hours || self.is_off(local.date())
    }

    /// The first instant from `at_ms` on at which it is not quiet.
    #[must_use]
    pub fn end(&self, at_ms: i64) -> i64 {
        if !self.holds(at_ms) {
            return at_ms;
        }
        let mut days = (-1..=STRETCH_DAYS_MAX).filter_map(|days| {
            let bounds = self.bounds(at_ms, days).into_iter();
            let later = bounds.filter(|bound| *bound > at_ms && !self.holds(*bound));
            later.min()
        });
        days.next()
            .unwrap_or_else(|| at_ms.saturating_add(i64::from(STRETCH_DAYS_MAX) * DAY_MS))
    }

    /// The instant at which the quiet stretch around `at_ms` began; `at_ms` where it is not quiet.
    #[must_use]
    pub fn start(&self, at_ms: i64) -> i64 {
        if !self.holds(at_ms) {
            return at_ms;
        }
        let mut days = (-1..=STRETCH_DAYS_MAX).filter_map(|days| {
            let bounds = self.bounds(at_ms, -days).into_iter();
            let earlier = bounds.filter(|bound| *bound <= at_ms && !self.holds(*bound - 1));
            earlier.max()
        });
        days.next().unwrap_or(at_ms)
    }

    fn is_off(&self, day: Date) -> bool {
        if let Some(calendar) = &self.calendar {
            return !calendar.is_workday(day);
        }
        match self.days_off {
            DaysOff::None => false,
            DaysOff::Weekends | DaysOff::Calendar(_) => {
                matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            }
        }
    }

    /// The instants of one day, so many days from that of `at_ms`, at which quiet may begin or end: midnight, the ends of the
    /// daily hours, and a change of clocks, which may skip such an end or repeat the hour before it.
    fn bounds(&self, at_ms: i64, days: i32) -> Vec<i64> {
        let today = self.local(at_ms).date();
        let Ok(day) = today.checked_add(Span::new().days(days)) else {
            return Vec::new();
        };
        let (from, to) = self.daily.unwrap_or((0, 0));
        let mut bounds = Vec::new();
        for minute in [0, from, to] {
            let time = Span::new().minutes(i64::from(minute));
            let local = day.to_datetime(Time::midnight()).checked_add(time);
            let instant = local.and_then(|local| self.zone.to_timestamp(local));
            bounds.extend(instant.map(Timestamp::as_millisecond));
        }
        let Some(midnight) = bounds.first().copied() else {
            return bounds;
        };
        let before = Timestamp::from_millisecond(midnight - 1);
        let changes = self.zone.following(before.unwrap_or(Timestamp::MIN));
        let changes = changes.map(|change| change.timestamp().as_millisecond());
        let near = changes.take_while(|change| *change <= midnight.saturating_add(DAY_MS));
        bounds.extend(near);
        bounds
    }

    fn local(&self, at_ms: i64) -> DateTime {
        let instant = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(instant)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn quiet(zone: &str, daily: Option<(u16, u16)>, weekends: bool) -> Quiet {
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let days_off = if weekends {
            DaysOff::Weekends
        } else {
            DaysOff::None
        };
        Quiet::new(zone, daily, days_off).unwrap()
    }

    #[track_caller]
    fn check(quiet: &Quiet, instant: &str, start: &str, end: &str) {
        let instant = at(instant);
        assert_eq!(quiet.start(instant), at(start), "start");
        assert_eq!(quiet.end(instant), at(end), "end");
        assert_eq!(quiet.holds(instant), start != end);
    }

    #[test]
    fn a_night_ends_in_the_morning() {
        let night = quiet("Asia/Shanghai", Some((22 * 60, 7 * 60)), false);
        let (start, end) = ("2021-07-07T22:00:00+08:00", "2021-07-08T07:00:00+08:00");
        check(&night, start, start, end);
        check(&night, "2021-07-08T03:00:00+08:00", start, end);
        check(&night, "2021-07-08T06:59:59.999+08:00", start, end);
        check(&night, end, end, end);
        let noon = "2021-07-08T12:00:00+08:00";
        check(&night, noon, noon, noon);
    }

    #[test]
    fn a_weekend_joins_its_nights() {
        let both = quiet("Asia/Shanghai", Some((22 * 60, 7 * 60)), true);
        let (start, end) = ("2021-07-09T22:00:00+08:00", "2021-07-12T07:00:00+08:00");
        check(&both, "2021-07-10T12:00:00+08:00", start, end);
        check(&both, "2021-07-12T06:00:00+08:00", start, end);
        let only = quiet("Asia/Shanghai", None, true);
        let (start, end) = ("2021-07-10T00:00:00+08:00", "2021-07-12T00:00:00+08:00");
        check(&only, "2021-07-11T12:00:00+08:00", start, end);
    }

    #[test]
    fn clocks_that_change_do_not_matter() {
        let night = quiet("Europe/Rome", Some((23 * 60, 2 * 60 + 30)), false);
        // 02:30 does not exist on 28 March: the clock goes from 02:00 to 03:00.
        check(
            &night,
            "2021-03-28T00:30:00+01:00",
            "2021-03-27T23:00:00+01:00",
            "2021-03-28T03:00:00+02:00",
        );
    }

    #[test]
    fn hours_that_leave_no_time_are_refused() {
        for daily in [(0, 0), (60, 60), (0, 1_440), (8 * 60, 7 * 60 + 30)] {
            assert_eq!(
                Quiet::new(TimeZone::UTC, Some(daily), DaysOff::None),
                Err(QuietError),
                "{daily:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_end_is_the_first_instant_that_is_not_quiet(
            from in 0..1_440_u16, length in 1..=DAILY_MINUTES_MAX, weekends: bool,
            ms in 1_609_459_200_000..1_640_995_200_000_i64, part in 0.0..1.0_f64,
        ) {
            for zone in ["Asia/Shanghai", "America/New_York"] {
                let quiet = quiet(zone, Some((from, (from + length) % 1_440)), weekends);
                let (start, end) = (quiet.start(ms), quiet.end(ms));
                prop_assert!(start <= ms && ms <= end);
                prop_assert!(!quiet.holds(end));
                if quiet.holds(ms) {
                    prop_assert!(!quiet.holds(start - 1));
                    let between = start + ((end - start) as f64 * part) as i64;
                    prop_assert!(quiet.holds(between.min(end - 1)));
                }
            }
        }
    }
}
