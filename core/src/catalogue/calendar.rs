//! Calendars: which days are working days, by the weekend, the statutory holidays and the make-up working days (调休).
//!
//! ```toml
//! [[calendar]]
//! code = "cn"
//! name = { zh = "国务院节假日安排", en = "Holidays of the State Council" }
//! weekend = ["saturday", "sunday"]          # optional, these two
//!
//! [[calendar.year]]                         # one list a year, ascending
//! year = 2022
//! source = "国办发明电〔2021〕11号"            # optional: where the list was published
//! holidays = [                              # days off, ascending and apart
//!     { from = "2022-01-01", to = "2022-01-03", name = { zh = "元旦", en = "New Year" } },
//!     { from = "2022-01-31", to = "2022-02-06", name = { zh = "春节", en = "Spring Festival" } },
//! ]
//! workdays = ["2022-01-29", "2022-01-30"]   # days of a weekend that are worked, ascending
//! ```
//! A year's list may reach into the December before and the January after, as those of the State Council do. A holiday
//! covers the weekend days within it. In a year without a list only the weekends are days off; where a deadline needs such
//! a year, the catalogue is read all the same, with a warning.

use std::sync::Arc;

use jiff::civil::{Date, Weekday};

use crate::{days::Days, text::Bilingual};

use super::{
    entry::Entry,
    fault::{Faults, say},
    names::Names,
    source::{At, Place},
    words::CalendarCode,
};

/// The longest holiday in days: what is longer is a slip of the pen.
const HOLIDAY_DAYS_MAX: usize = 31;
/// How far a working day is looked for.
const SEARCH_DAYS_MAX: usize = 366;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// Which days are working days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    code: CalendarCode,
    name: Bilingual,
    /// Monday first.
    weekend: [bool; 7],
    /// The years that have a list, ascending.
    years: Vec<i16>,
    /// Ascending and apart.
    holidays: Vec<Holiday>,
    /// Ascending.
    workdays: Vec<Date>,
}

/// Some days off in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    days: Days,
    name: Bilingual,
}

/// What a day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind<'c> {
    /// A working day like any other.
    Workday,
    /// A day of a weekend that is worked.
    MadeUp,
    /// A day of a weekend.
    Weekend,
    /// A day of a holiday.
    Holiday(&'c Holiday),
}

impl Holiday {
    /// The days off.
    #[must_use]
    pub const fn days(&self) -> Days {
        self.days
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }
}

impl Calendar {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &CalendarCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }

    /// The years that have a list of holidays, ascending.
    #[must_use]
    pub fn years(&self) -> &[i16] {
        &self.years
    }

    /// The holidays, ascending.
    #[must_use]
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    /// The make-up working days, ascending.
    #[must_use]
    pub fn workdays(&self) -> &[Date] {
        &self.workdays
    }

    /// What a day is.
    #[must_use]
    pub fn kind(&self, day: Date) -> DayKind<'_> {
        if let Some(holiday) = self.holiday(day) {
            return DayKind::Holiday(holiday);
        }
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset());
        let is_weekend = weekday.is_ok_and(|at| self.weekend.get(at) == Some(&true));
        match (is_weekend, self.workdays.binary_search(&day).is_ok()) {
            (true, true) => DayKind::MadeUp,
            (true, false) => DayKind::Weekend,
            (false, _) => DayKind::Workday,
        }
    }

    /// Whether a day is worked.
    #[must_use]
    pub fn is_workday(&self, day: Date) -> bool {
        match self.kind(day) {
            DayKind::Workday | DayKind::MadeUp => true,
            DayKind::Weekend | DayKind::Holiday(_) => false,
        }
    }

    /// The first working day from `day` on, itself included; `None` where there is none within a year.
    #[must_use]
    pub fn workday_from(&self, day: Date) -> Option<Date> {
        let next = |day: &Date| day.tomorrow().ok();
        let mut days = std::iter::successors(Some(day), next).take(SEARCH_DAYS_MAX);
        days.find(|day| self.is_workday(*day))
    }

    /// The last working day until `day`, itself included; `None` where there is none within a year.
    #[must_use]
    pub fn workday_until(&self, day: Date) -> Option<Date> {
        let before = |day: &Date| day.yesterday().ok();
        let mut days = std::iter::successors(Some(day), before).take(SEARCH_DAYS_MAX);
        days.find(|day| self.is_workday(*day))
    }

    /// The `number`-th working day (from 1) from `day` on, itself included; `None` where there is none within a year.
    #[must_use]
    pub fn nth_workday(&self, day: Date, number: u16) -> Option<Date> {
        let next = |day: &Date| day.tomorrow().ok();
        let days = std::iter::successors(Some(day), next).take(SEARCH_DAYS_MAX);
        let mut workdays = days.filter(|day| self.is_workday(*day));
        workdays.nth(usize::from(number).checked_sub(1)?)
    }

    fn holiday(&self, day: Date) -> Option<&Holiday> {
        let at = self.holidays.partition_point(|h| h.days.last() < day);
        self.holidays.get(at).filter(|h| h.days.hold(day))
    }
}

/// A calendar and where it is written.
pub(super) struct Draft<'a> {
    pub(super) calendar: Arc<Calendar>,
    pub(super) place: Place<'a>,
}

/// Reads the calendars, sorted by code.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    names: &mut Names<'a, CalendarCode>,
    faults: &Faults,
) -> Vec<Draft<'a>> {
    let mut calendars: Vec<Draft<'a>> = Vec::new();
    for entry in entries {
        entry.allow(&["code", "name", "weekend", "year"]);
        let (code, name) = (entry.code("code"), entry.bilingual("name"));
        let weekend = read_weekend(entry);
        let mut lists = Lists::default();
        for year in entry.tables("year") {
            lists.read(&year, faults);
        }
        lists.check_workdays(weekend, faults);
        let Some(code) = code.filter(|code| names.declare(code, faults)) else {
            continue;
        };
        let calendar = Calendar {
            code: code.value,
            name,
            weekend,
            years: lists.years,
            holidays: lists.holidays,
            workdays: lists.workdays.into_iter().map(|day| day.value).collect(),
        };
        calendars.push(Draft {
            calendar: Arc::new(calendar),
            place: code.place,
        });
    }
    calendars.sort_by(|a, b| a.calendar.code.cmp(&b.calendar.code));
    calendars
}

fn read_weekend(entry: &Entry<'_>) -> [bool; 7] {
    let mut weekend = [false, false, false, false, false, true, true];
    let Some(field) = entry.field("weekend") else {
        return weekend;
    };
    let Some(list) = field.list() else {
        return weekend;
    };
    weekend = [false; 7];
    for day in list.iter().filter_map(|day| day.choice(&WEEKDAYS)) {
        if let Ok(at) = usize::try_from(day.to_monday_zero_offset()) {
            weekend[at] = true;
        }
    }
    if weekend == [true; 7] {
        field.fault(
            say!("一周没有工作日", "no day of the week is worked"),
            say!(
                "weekend 只写休息日，例如 [\"saturday\", \"sunday\"]",
                "write the days off only, for instance [\"saturday\", \"sunday\"]"
            ),
        );
        weekend = [false; 7];
    }
    weekend
}

/// The lists of one calendar, while they are read.
#[derive(Default)]
struct Lists<'a> {
    years: Vec<i16>,
    holidays: Vec<Holiday>,
    workdays: Vec<At<'a, Date>>,
}

impl<'a> Lists<'a> {
    fn read(&mut self, entry: &Entry<'a>, faults: &Faults) {
        entry.allow(&["year", "source", "holidays", "workdays"]);
        let year = self.read_year(entry);
        if let Some(source) = entry.field("source") {
            source.text();
        }
        for holiday in entry.tables("holidays") {
            self.read_holiday(&holiday, year, faults);
        }
        let days = entry.field("workdays").and_then(|field| field.list());
        for day in days.into_iter().flatten().filter_map(|day| day.date()) {
            if !is_near(&day, year, faults) {
                continue;
            }
            let before = self.workdays.last().map(|last| last.value);
            if before.is_none_or(|before| before < day.value) {
                self.workdays.push(day);
            } else {
                report_order(&day, before, faults);
            }
        }
    }

    fn read_year(&mut self, entry: &Entry<'_>) -> Option<i16> {
        let field = entry.need("year")?;
        let year = i16::try_from(field.integer(1900..=2199)?).ok()?;
        match self.years.last() {
            Some(last) if *last == year => field.fault(
                say!("{year} 年写了两次", "the year {year} is listed twice"),
                say!("合并成一张表", "make one list of the two"),
            ),
            Some(last) if *last > year => field.fault(
                say!(
                    "{year} 年排在 {last} 年之后",
                    "the year {year} stands after {last}"
                ),
                say!("按年份从早到晚排列", "put the years in ascending order"),
            ),
            Some(_) | None => self.years.push(year),
        }
        Some(year)
    }

    fn read_holiday(&mut self, entry: &Entry<'a>, year: Option<i16>, faults: &Faults) {
        entry.allow(&["from", "to", "name"]);
        let from = entry.need("from").and_then(|f| f.date());
        let to = entry.field("to").map_or(from, |f| f.date());
        let name = entry.bilingual("name");
        let (Some(from), Some(to)) = (from, to) else {
            return;
        };
        if !is_near(&from, year, faults) || !is_near(&to, year, faults) {
            return;
        }
        let before = self.holidays.last().map(|holiday| holiday.days.last());
        if before.is_some_and(|before| from.value <= before) {
            report_order(&from, before, faults);
            return;
        }
        let next = |day: &Date| day.tomorrow().ok();
        let mut days = std::iter::successors(Some(from.value), next);
        let is_short = days
            .by_ref()
            .take(HOLIDAY_DAYS_MAX)
            .any(|day| day == to.value);
        match Days::new(Some(from.value), Some(to.value)).filter(|_| is_short) {
            Some(days) => self.holidays.push(Holiday { days, name }),
            None => report_length(&from, &to, faults),
        }
    }

    /// A make-up day is a day of the weekend outside of every holiday; anything else is a slip that would move deadlines.
    fn check_workdays(&self, weekend: [bool; 7], faults: &Faults) {
        for day in &self.workdays {
            let date = day.value;
            let at = usize::try_from(date.weekday().to_monday_zero_offset());
            let is_weekend = at.is_ok_and(|at| weekend.get(at) == Some(&true));
            let holiday = self.holidays.iter().find(|h| h.days.hold(date));
            let message = match holiday {
                Some(holiday) => {
                    let Bilingual { zh, en } = &holiday.name;
                    say!(
                        "调休上班日 {date} 在“{zh}”假期之内",
                        "the make-up day {date} lies in a holiday, {en}"
                    )
                }
                None if !is_weekend => say!(
                    "调休上班日 {date} 本来就不是周末",
                    "the make-up day {date} is no day of the weekend"
                ),
                None => continue,
            };
            faults.report(
                day.place,
                message,
                say!(
                    "对照放假通知改正日期",
                    "correct the date by the notice of the holidays"
                ),
            );
        }
    }
}

/// Whether a day is of the year of its list, or of the month next to it; reports it where it is not.
fn is_near(day: &At<'_, Date>, year: Option<i16>, faults: &Faults) -> bool {
    let Some(year) = year else { return true };
    let date = day.value;
    let fits = match date.year() - year {
        0 => true,
        -1 => date.month() == 12,
        1 => date.month() == 1,
        _ => false,
    };
    if !fits {
        faults.report(
            day.place,
            say!("{date} 不属于 {year} 年", "{date} is not of the year {year}"),
            say!(
                "写在所属年份的表里；只可跨到上年 12 月或次年 1 月",
                "write it in the list of its year; only the December before and the January after may stand here"
            ),
        );
    }
    fits
}

fn report_order(day: &At<'_, Date>, before: Option<Date>, faults: &Faults) {
    let date = day.value;
    let before = before.unwrap_or(date);
    faults.report(
        day.place,
        say!(
            "{date} 不在前一项（至 {before}）之后",
            "{date} does not lie after what stands before it (until {before})"
        ),
        say!(
            "按日期从早到晚排列，不得重叠",
            "put the days in ascending order, without overlap"
        ),
    );
}

fn report_length(from: &At<'_, Date>, to: &At<'_, Date>, faults: &Faults) {
    let (first, last) = (from.value, to.value);
    faults.report(
        to.place,
        say!(
            "假期从 {first} 到 {last}，不足一天或超过 {HOLIDAY_DAYS_MAX} 天",
            "a holiday from {first} to {last} has no day, or more than {HOLIDAY_DAYS_MAX}"
        ),
        say!("改正 from 或 to", "correct from or to"),
    );
}
