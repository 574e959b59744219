//! When a query runs: `every 30m`, `daily 09:30`, `monthly 5 09:30` (on the last day of a month that has no such day).

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

/// The shortest pause that is taken, in milliseconds.
const EVERY_MS_MIN: i64 = 60_000;
const MINUTE_MS: i64 = 60_000;

/// When a query runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Again and again after so many milliseconds.
    Every(i64),
    /// Each day.
    Daily(Time),
    /// Each month, on this day.
    Monthly(i8, Time),
}

impl Schedule {
    /// Reads one; `None` where it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["every", span] => {
                let unit = span.chars().last()?;
                let count: i64 = span.strip_suffix(unit)?.parse().ok()?;
                let minutes = match unit {
                    'm' => 1,
                    'h' => 60,
                    'd' => 24 * 60,
                    _ => return None,
                };
                let every_ms = count.checked_mul(minutes)?.checked_mul(MINUTE_MS)?;
                (every_ms >= EVERY_MS_MIN).then_some(Self::Every(every_ms))
            }
            ["daily", time] => Some(Self::Daily(clock(time)?)),
            ["monthly", day, time] => {
                let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
                Some(Self::Monthly(day, clock(time)?))
            }
            _ => None,
        }
    }

    /// The first instant after the last run at which it is due; where it never ran, the first before or at now, so that a new source,
    /// and one that was missed while the machine was off, runs at once.
    #[must_use]
    pub fn due_at_ms(self, last_ms: Option<i64>, now_ms: i64, zone: &TimeZone) -> i64 {
        let Some(last_ms) = last_ms else {
            return now_ms;
        };
        match self {
            Self::Every(every_ms) => last_ms.saturating_add(every_ms),
            Self::Daily(_) | Self::Monthly(..) => self.next(last_ms, zone).unwrap_or(i64::MAX),
        }
    }

    /// The first civil instant of the schedule after one.
    fn next(self, after_ms: i64, zone: &TimeZone) -> Option<i64> {
        let after = Timestamp::from_millisecond(after_ms).ok()?;
        let mut day = zone.to_datetime(after).date();
        // A month has at most 31 days, and a time that a clock change skips is moved, so this ends.
        for _ in 0..64 {
            if let Some(time) = self.on(day) {
                let at = zone
                    .to_ambiguous_timestamp(day.to_datetime(time))
                    .compatible()
                    .ok()?;
                if at.as_millisecond() > after_ms {
                    return Some(at.as_millisecond());
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn on(self, day: Date) -> Option<Time> {
        match self {
            Self::Every(_) => None,
            Self::Daily(time) => Some(time),
            Self::Monthly(wanted, time) => {
                (day.day() == wanted.min(day.days_in_month())).then_some(time)
            }
        }
    }
}

fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn check(schedule: &str, last: &str, expect: &str) {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let due = Schedule::parse(schedule)
            .unwrap()
            .due_at_ms(Some(at(last)), at(last), &zone);
        assert_eq!(due, at(expect), "{schedule} after {last}");
    }

    #[test]
    fn a_run_is_due_after_the_last_one() {
        check("every 90m", "2022-01-01T00:00:00Z", "2022-01-01T01:30:00Z");
        check(
            "daily 09:30",
            "2022-01-01T01:29:59Z",
            "2022-01-01T01:30:00Z",
        );
        check(
            "daily 09:30",
            "2022-01-01T01:30:00Z",
            "2022-01-02T01:30:00Z",
        );
        check(
            "monthly 5 09:30",
            "2022-01-05T02:00:00Z",
            "2022-02-05T01:30:00Z",
        );
        check(
            "monthly 31 00:00",
            "2022-01-31T00:00:00Z",
            "2022-02-27T16:00:00Z",
        );
    }

    #[test]
    fn what_never_ran_runs_now_and_what_was_missed_is_due_in_the_past() {
        let daily = Schedule::parse("daily 09:30").unwrap();
        assert_eq!(daily.due_at_ms(None, 77, &TimeZone::UTC), 77);
        let week_ms = 7 * 86_400_000;
        assert!(daily.due_at_ms(Some(0), week_ms, &TimeZone::UTC) < week_ms);
    }

    #[test]
    fn what_is_no_schedule_is_none() {
        for bad in [
            "",
            "daily",
            "daily 25:00",
            "daily 9",
            "monthly 0 09:30",
            "monthly 32 09:30",
            "every 0m",
            "every 5s",
            "every m",
            "hourly",
            "every 99999999999999d",
        ] {
            assert_eq!(Schedule::parse(bad), None, "{bad}");
        }
    }
}
