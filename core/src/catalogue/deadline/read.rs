//! Reading a rule of time: every slip in it with its place and its remedy.

use std::sync::Arc;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::catalogue::{
    calendar::{self, Calendar},
    entry::{Entry, Field, quoted},
    fault::{Faults, say},
    names::{Names, did_you_mean},
    source::At,
    words::CalendarCode,
};

use super::{Deadline, DeadlineRule, Shift};

/// The calendars that a rule may name.
pub(in crate::catalogue) struct Calendars<'s, 'a> {
    pub(in crate::catalogue) known: &'s [calendar::Draft<'a>],
    pub(in crate::catalogue) names: &'s Names<'a, CalendarCode>,
    /// The catalogue's own.
    pub(in crate::catalogue) default: Option<At<'a, CalendarCode>>,
}

/// What a rule is read by.
#[derive(Clone, Copy)]
pub(in crate::catalogue) struct Around<'s, 'a> {
    /// The zone where the rule names none; `None` where that is a fault.
    pub(in crate::catalogue) zone: Option<&'s TimeZone>,
    pub(in crate::catalogue) calendars: &'s Calendars<'s, 'a>,
    pub(in crate::catalogue) faults: &'s Faults,
}

const KEYS: [&str; 9] = [
    "day",
    "day_of_month",
    "workday",
    "last_workday_of_month",
    "time",
    "month_offset",
    "timezone",
    "move",
    "calendar",
];

const SHIFTS: [(&str, Shift); 3] = [
    ("none", Shift::None),
    ("next-workday", Shift::NextWorkday),
    ("previous-workday", Shift::PreviousWorkday),
];

/// Reads the table of a rule. `None` after a fault, also where the zone around it is one.
pub(in crate::catalogue) fn read(entry: &Entry<'_>, around: Around<'_, '_>) -> Option<Deadline> {
    entry.allow(&KEYS);
    let rule = read_rule(entry, around.faults);
    let minute_of_day = entry.need("time").and_then(|field| minute_of_day(&field));
    let zone = match entry.field("timezone") {
        Some(field) => read_zone(&field),
        None => around.zone.cloned(),
    };
    let shift = match entry.field("move") {
        Some(field) => field.choice(&SHIFTS),
        None => Some(Shift::None),
    };
    let rule = rule?;
    let shift = check_shift(entry, rule, shift?)?;
    let calendar = if asks_for_workdays(rule, shift) {
        Some(around.calendars.of(entry, around.faults)?)
    } else {
        report_idle_calendar(entry);
        None
    };
    Some(Deadline {
        rule,
        shift,
        minute_of_day: minute_of_day?,
        zone: zone?,
        calendar,
    })
}

fn read_rule(entry: &Entry<'_>, faults: &Faults) -> Option<DeadlineRule> {
    let named: Vec<Field<'_>> = KEYS[..4]
        .iter()
        .filter_map(|key| entry.field(key))
        .collect();
    if let [_, more, ..] = &named[..] {
        more.fault(
            say!(
                "一条期限只能写一种日子",
                "a rule names its day in one way only"
            ),
            say!(
                "day、day_of_month、workday、last_workday_of_month 只留一个",
                "keep one of day, day_of_month, workday and last_workday_of_month"
            ),
        );
        return None;
    }
    let months = |low: i16| match entry.field("month_offset") {
        Some(field) => {
            let months = field.integer(low.into()..=DeadlineRule::MONTH_OFFSET_MAX.into())?;
            i16::try_from(months).ok()
        }
        None => Some(0),
    };
    let later = || u16::try_from(months(0)?).ok();
    let either = || months(DeadlineRule::MONTH_OFFSET_MIN);
    if let Some(field) = entry.field("workday") {
        let workday = field.integer(1..=DeadlineRule::WORKDAY_MAX.into());
        let month_offset = later();
        return Some(DeadlineRule::WorkdayAfterPeriod {
            workday: u16::try_from(workday?).ok()?,
            month_offset: month_offset?,
        });
    }
    if let Some(field) = entry.field("day_of_month") {
        let day = field.integer(1..=31);
        let month_offset = either();
        return Some(DeadlineRule::DayOfMonth {
            day: i8::try_from(day?).ok()?,
            month_offset: month_offset?,
        });
    }
    if let Some(field) = entry.field("last_workday_of_month") {
        let month_offset = either();
        check_true(&field, faults)?;
        return Some(DeadlineRule::LastWorkdayOfMonth {
            month_offset: month_offset?,
        });
    }
    let day = entry
        .need("day")
        .and_then(|field| field.integer(1..=DeadlineRule::DAY_MAX.into()));
    let month_offset = later();
    Some(DeadlineRule::DayAfterPeriod {
        day: u16::try_from(day?).ok()?,
        month_offset: month_offset?,
    })
}

fn check_true(field: &Field<'_>, faults: &Faults) -> Option<()> {
    if field.boolean()? {
        return Some(());
    }
    faults.report(
        field.place(),
        say!(
            "last_workday_of_month = false 没有意义",
            "last_workday_of_month = false says nothing"
        ),
        say!("写 true，或改写 day", "write true, or write day instead"),
    );
    None
}

const fn asks_for_workdays(rule: DeadlineRule, shift: Shift) -> bool {
    match (rule, shift) {
        (DeadlineRule::WorkdayAfterPeriod { .. } | DeadlineRule::LastWorkdayOfMonth { .. }, _)
        | (_, Shift::NextWorkday | Shift::PreviousWorkday) => true,
        (DeadlineRule::DayAfterPeriod { .. } | DeadlineRule::DayOfMonth { .. }, Shift::None) => {
            false
        }
    }
}

/// A working day need not be moved; who writes it means something else.
fn check_shift(entry: &Entry<'_>, rule: DeadlineRule, shift: Shift) -> Option<Shift> {
    let is_workday = asks_for_workdays(rule, Shift::None);
    let field = entry
        .field("move")
        .filter(|_| is_workday && shift != Shift::None);
    let Some(field) = field else {
        return Some(shift);
    };
    field.fault(
        say!("工作日无需再挪动", "a working day is never moved"),
        say!(
            "删去 move，或改用 day、day_of_month",
            "remove move, or write day or day_of_month"
        ),
    );
    None
}

fn report_idle_calendar(entry: &Entry<'_>) {
    if let Some(field) = entry.field("calendar") {
        field.fault(
            say!(
                "这条期限不看工作日，calendar 不起作用",
                "this rule does not ask for working days, so the calendar has no effect"
            ),
            say!(
                "加上 move = \"next-workday\"，或删去 calendar",
                "add move = \"next-workday\", or remove the calendar"
            ),
        );
    }
}

impl Calendars<'_, '_> {
    /// The calendar that a rule names, the catalogue's, or the only one.
    fn of(&self, entry: &Entry<'_>, faults: &Faults) -> Option<Arc<Calendar>> {
        if let Some(field) = entry.field("calendar") {
            let code = field.lexical::<CalendarCode>()?;
            let known = self.names.resolve(&code, faults);
            return known.then(|| self.find(&code.value)).flatten();
        }
        if let Some(default) = &self.default {
            return self.find(&default.value);
        }
        match self.known {
            [only] => return Some(Arc::clone(&only.calendar)),
            [] if self.names.is_torn() => {}
            [] => faults.report(
                entry.place(),
                say!(
                    "没有日历，不知道哪天是工作日",
                    "there is no calendar to say which days are worked"
                ),
                say!(
                    "用 [[calendar]] 声明节假日",
                    "declare the holidays by [[calendar]]"
                ),
            ),
            [..] => faults.report(
                entry.place(),
                say!(
                    "有多个日历，没有写明用哪个",
                    "there are several calendars, and the rule names none"
                ),
                say!(
                    "写上 calendar = \"…\"，或写在 [catalogue] 中",
                    "write calendar = \"…\" here or in [catalogue]"
                ),
            ),
        }
        None
    }

    fn find(&self, code: &CalendarCode) -> Option<Arc<Calendar>> {
        let found = self
            .known
            .iter()
            .find(|draft| draft.calendar.code() == code);
        found.map(|draft| Arc::clone(&draft.calendar))
    }
}

/// Reads the name of a zone in the IANA database.
pub(in crate::catalogue) fn read_zone(field: &Field<'_>) -> Option<TimeZone> {
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

pub(super) fn parse_minute(text: &str) -> Option<u16> {
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
