//! Deadline rules: when a period's report is due, as an instant.
//!
//! ```toml
//! deadline = { day = 8, time = "12:00" }                       # 2021-Q1 is due on 2021-04-08 at 12:00
//! deadline = { day = 15, month_offset = 1, time = "24:00" }    # 2021-A1 is due at the end of 2022-02-15
//! deadline = { day = 1, time = "09:00", timezone = "Asia/Urumqi" }
//! ```
//! The due day is the `day`-th calendar day after the last day of the period; `month_offset` whole months are added
//! before the days are counted. The time of day is local to the zone: the dataset's, else the catalogue's. Zones come
//! from the IANA database that is compiled in, never from the machine, so that city, county and auditor compute the same
//! instant. A local time that a change of clocks skips is moved on by the gap; one that happens twice is the first
//! (RFC 5545, section 3.3.5).

use jiff::{
    Span,
    civil::Time,
    tz::{TimeZone, TimeZoneDatabase},
};

use crate::period::Period;

use super::{
    entry::{Entry, Field, quoted},
    fault::say,
    names::did_you_mean,
};

/// When the reports of a dataset are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    rule: DeadlineRule,
    /// Minutes after midnight; 1440 is the midnight that ends the day.
    minute_of_day: u16,
    zone: TimeZone,
}

/// On which day a period's report is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineRule {
    /// The `day`-th calendar day (from 1) after the last day of the period, after adding `month_offset` whole months.
    DayAfterPeriod {
        /// From 1 to [`DeadlineRule::DAY_MAX`].
        day: u16,
        /// From 0 to [`DeadlineRule::MONTH_OFFSET_MAX`].
        month_offset: u16,
    },
}

impl DeadlineRule {
    /// The last day that a rule may name.
    pub const DAY_MAX: u16 = 366;
    /// The most months that a rule may add.
    pub const MONTH_OFFSET_MAX: u16 = 24;
}

impl Deadline {
    /// The due instant of `period` in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn due_at_ms(&self, period: Period) -> Option<i64> {
        let day = match self.rule {
            DeadlineRule::DayAfterPeriod { day, month_offset } => {
                let months = Span::new().months(i64::from(month_offset));
                let days = Span::new().days(i64::from(day) - 1);
                let start = period.day_after().checked_add(months).ok()?;
                start.checked_add(days).ok()?
            }
        };
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

    /// In which zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// Reads the table `deadline`; `zone` is the catalogue's. `None` after a fault, also where the catalogue's zone is one.
pub(super) fn read(entry: &Entry<'_>, zone: Option<&TimeZone>) -> Option<Deadline> {
    entry.allow(&["day", "time", "month_offset", "timezone"]);
    let whole = |field: Option<Field<'_>>, low, high: u16| {
        let value = field?.integer(low..=i64::from(high))?;
        u16::try_from(value).ok()
    };
    let day = whole(entry.need("day"), 1, DeadlineRule::DAY_MAX);
    let minute_of_day = entry.need("time").and_then(|field| minute_of_day(&field));
    let month_offset = match entry.field("month_offset") {
        Some(field) => whole(Some(field), 0, DeadlineRule::MONTH_OFFSET_MAX),
        None => Some(0),
    };
    let zone = match entry.field("timezone") {
        Some(field) => read_zone(&field),
        None => zone.cloned(),
    };
    Some(Deadline {
        rule: DeadlineRule::DayAfterPeriod {
            day: day?,
            month_offset: month_offset?,
        },
        minute_of_day: minute_of_day?,
        zone: zone?,
    })
}

/// Reads the name of a zone in the IANA database.
pub(super) fn read_zone(field: &Field<'_>) -> Option<TimeZone> {
    let name = field.text()?.value;
    let database = TimeZoneDatabase::bundled();
    let zone = database.get(name).ok();
    if zone.is_none() {
        let shown = quoted(name);
        let known: Vec<String> = database.available().map(|n| n.to_string()).collect();
        let hint = did_you_mean(name, known.iter().map(String::as_str));
        field.fault(
            say!("没有时区 {shown}", "there is no time zone {shown}"),
            hint.unwrap_or_else(|| {
                say!(
                    "写 IANA 时区名，例如 \"Asia/Shanghai\"",
                    "write the name of an IANA zone, for instance \"Asia/Shanghai\""
                )
            }),
        );
    }
    zone
}

/// Reads `HH:MM`, from 00:00 to 24:00.
fn minute_of_day(field: &Field<'_>) -> Option<u16> {
    let text = field.text()?.value;
    let minute = parse_minute(text);
    if minute.is_none() {
        let shown = quoted(text);
        field.fault(
            say!("{shown} 不是时刻", "{shown} is not a time of day"),
            say!(
                "写成 \"09:00\" 这样的 24 小时制，至 \"24:00\"",
                "write it as \"09:00\", in 24 hours, up to \"24:00\""
            ),
        );
    }
    minute
}

fn parse_minute(text: &str) -> Option<u16> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else {
        return None;
    };
    let digits = [h1, h2, m1, m2];
    if !digits.iter().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let [h1, h2, m1, m2] = digits.map(|b| u16::from(b - b'0'));
    let (hour, minute) = (h1 * 10 + h2, m1 * 10 + m2);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 1440).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(day: u16, month_offset: u16, time: &str, zone: &str, period: &str, expect: &str) {
        let deadline = Deadline {
            rule: DeadlineRule::DayAfterPeriod { day, month_offset },
            minute_of_day: parse_minute(time).unwrap(),
            zone: TimeZoneDatabase::bundled().get(zone).unwrap(),
        };
        let due = deadline.due_at_ms(Period::parse(period).unwrap()).unwrap();
        let due = jiff::Timestamp::from_millisecond(due).unwrap();
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

    #[test]
    fn only_times_of_day_are_read() {
        for text in [
            "24:01", "12:60", "9:00", "12:0", "12-00", "+1:00", "12:00:00", "",
        ] {
            assert_eq!(parse_minute(text), None, "{text}");
        }
        assert_eq!(parse_minute("24:00"), Some(1440));
    }
}
