//! Reading a timetable, and checking the order of its instants for the periods that it is for.

use std::collections::BTreeSet;

use crate::{
    catalogue::{
        deadline::{self, Around, Deadline, DeadlineRule},
        entry::{Entry, Field, quoted},
        fault::{Faults, say},
        source::{At, Place},
    },
    period::{Period, Periodicity},
    text::Bilingual,
};

use super::{GRACE_MS_MAX, Terms, Timetable};

/// The longest grace in minutes: 31 days.
const GRACE_MINUTES_MAX: i64 = GRACE_MS_MAX / 60_000;
/// For how many years beyond the first period the order of a timetable is checked: every kind of year is among them.
const CHECKED_YEARS: i16 = 8;

/// Which periods a timetable is for.
#[derive(Clone, Copy)]
pub(in crate::catalogue) struct For {
    pub(in crate::catalogue) periodicity: Option<Periodicity>,
    pub(in crate::catalogue) first: Option<Period>,
    pub(in crate::catalogue) last: Option<Period>,
}

/// Terms as they were written, with the places of their rules.
#[derive(Clone)]
struct Draft<'a> {
    deadline: At<'a, Deadline>,
    window: Window<'a>,
}

#[derive(Clone, Default)]
struct Window<'a> {
    opens: Option<At<'a, Deadline>>,
    grace_ms: i64,
    locks: Option<At<'a, Deadline>>,
}

/// What is wrong with the terms of one period.
struct Wrong<'a> {
    place: Place<'a>,
    message: Bilingual,
    remedy: Bilingual,
}

/// Reads the keys `deadline`, `window`, `not_reported` and `except` of a dataset. `None` after a fault.
pub(in crate::catalogue) fn read<'a>(
    entry: &Entry<'a>,
    periods: For,
    around: Around<'_, '_>,
) -> Option<Timetable> {
    let deadline = entry.need("deadline").and_then(|f| read_rule(&f, around));
    // What a rule of the window does not say of its zone, the deadline says.
    let inner = Around {
        zone: deadline
            .as_ref()
            .map_or(around.zone, |d| Some(d.value.zone())),
        ..around
    };
    let window = read_window(entry, inner);
    let general = deadline.clone().zip(window);
    let general = general.map(|(deadline, window)| Draft { deadline, window });
    let mut named = BTreeSet::new();
    let not_reported = read_not_reported(entry, periods, &mut named, around.faults);
    let mut exceptions = Some(Vec::new());
    for except in entry.tables("except") {
        let read = read_except(&except, general.as_ref(), periods, &mut named, inner);
        exceptions = exceptions.zip(read).map(|(mut all, one)| {
            all.push(one);
            all
        });
    }
    let (general, exceptions) = (general?, exceptions?);
    let timetable = Timetable {
        general: general.terms(),
        exceptions: exceptions
            .iter()
            .map(|(numbers, draft)| (numbers.clone(), draft.terms()))
            .collect(),
        not_reported: not_reported?,
    };
    let drafts: Vec<&Draft<'_>> = std::iter::once(&general)
        .chain(exceptions.iter().map(|(_, draft)| draft))
        .collect();
    check(&timetable, &drafts, periods, around.faults);
    Some(timetable)
}

fn read_rule<'a>(field: &Field<'a>, around: Around<'_, '_>) -> Option<At<'a, Deadline>> {
    let rule = deadline::read(&field.table()?, around)?;
    Some(field.at(rule))
}

/// The window of a dataset or an exception: one without ends where none is written, `None` after a fault.
fn read_window<'a>(entry: &Entry<'a>, around: Around<'_, '_>) -> Option<Window<'a>> {
    let Some(field) = entry.field("window") else {
        return Some(Window::default());
    };
    let table = field.table()?;
    table.allow(&["opens", "grace", "locks"]);
    let rule = |key| match table.field(key) {
        Some(field) => read_rule(&field, around).map(Some),
        None => Some(None),
    };
    let (opens, locks) = (rule("opens"), rule("locks"));
    let grace_ms = match table.field("grace") {
        Some(field) => read_grace(&field),
        None => Some(0),
    };
    Some(Window {
        opens: opens?,
        grace_ms: grace_ms?,
        locks: locks?,
    })
}

/// Reads `"90m"`, `"2h"` or `"1d"`, in milliseconds.
fn read_grace(field: &Field<'_>) -> Option<i64> {
    let text = field.text()?.value;
    let minutes = parse_minutes(text).filter(|minutes| (1..=GRACE_MINUTES_MAX).contains(minutes));
    if minutes.is_none() {
        let shown = quoted(text);
        field.fault(
            say!("{shown} 不是宽限时间", "{shown} is not a time of grace"),
            say!(
                "写成 \"30m\"、\"2h\" 或 \"1d\"，至多 31 天",
                "write \"30m\", \"2h\" or \"1d\", at most 31 days"
            ),
        );
    }
    minutes.map(|minutes| minutes * 60_000)
}

fn parse_minutes(text: &str) -> Option<i64> {
    let digits = text.strip_suffix(['m', 'h', 'd'])?;
    if !(1..=6).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: i64 = digits.parse().ok()?;
    let unit = match text.as_bytes().last()? {
        b'm' => 1,
        b'h' => 60,
        _ => 24 * 60,
    };
    Some(count * unit)
}

fn read_not_reported(
    entry: &Entry<'_>,
    periods: For,
    named: &mut BTreeSet<i32>,
    faults: &Faults,
) -> Option<BTreeSet<i32>> {
    let Some(field) = entry.field("not_reported") else {
        return Some(BTreeSet::new());
    };
    let numbers = read_parts(&field, periods, named, faults)?;
    let all = periods.periodicity.and_then(Periodicity::per_year);
    if all.is_some_and(|all| usize::try_from(all) == Ok(numbers.len())) {
        field.fault(
            say!("没有一期要报送", "no period is left to report"),
            say!(
                "至少留下一期，或删去报表",
                "leave one, or remove the dataset"
            ),
        );
    }
    Some(numbers)
}

fn read_except<'a>(
    entry: &Entry<'a>,
    general: Option<&Draft<'a>>,
    periods: For,
    named: &mut BTreeSet<i32>,
    around: Around<'_, '_>,
) -> Option<(BTreeSet<i32>, Draft<'a>)> {
    entry.allow(&["periods", "deadline", "window"]);
    let numbers = entry
        .need("periods")
        .and_then(|field| read_parts(&field, periods, named, around.faults));
    let deadline = match entry.field("deadline") {
        Some(field) => read_rule(&field, around),
        None => general.map(|general| general.deadline.clone()),
    };
    let window = match (entry.field("window"), general) {
        (Some(_), _) => read_window(entry, around),
        (None, general) => general.map(|general| general.window.clone()),
    };
    if entry.field("deadline").is_none() && entry.field("window").is_none() {
        around.faults.report(
            entry.place(),
            say!("这里没有写明有何不同", "nothing is said about what differs"),
            say!("写上 deadline 或 window", "write deadline or window"),
        );
    }
    let (deadline, window) = (deadline?, window?);
    Some((numbers?, Draft { deadline, window }))
}

/// Reads parts of the year, `"M01"` or `"Q4"`, each of which may be named once in all of `named`.
fn read_parts(
    field: &Field<'_>,
    periods: For,
    named: &mut BTreeSet<i32>,
    faults: &Faults,
) -> Option<BTreeSet<i32>> {
    let mut numbers = BTreeSet::new();
    let mut is_whole = true;
    for part in field.list()? {
        let Some(text) = part.text() else {
            is_whole = false;
            continue;
        };
        let periodicity = periods.periodicity?;
        match number_of(text.value, periodicity) {
            Some(number) if named.insert(number) => {
                numbers.insert(number);
            }
            Some(_) => {
                is_whole = false;
                report_twice(&text, faults);
            }
            None => {
                is_whole = false;
                report_no_part(&text, periodicity, faults);
            }
        }
    }
    is_whole.then_some(numbers)
}

/// The number of a part of the year: the part is what follows the year in a period.
fn number_of(text: &str, periodicity: Periodicity) -> Option<i32> {
    let period = Period::parse(&format!("2000-{text}")).ok()?;
    let fits = period.periodicity() == periodicity && periodicity.per_year().is_some();
    fits.then(|| period.number())
}

fn report_twice(part: &At<'_, &str>, faults: &Faults) {
    let text = part.value;
    faults.report(
        part.place,
        say!("{text} 已在前面写过", "{text} is named before"),
        say!(
            "一期只能有一种规定，删去一处",
            "a period has one rule only; remove one"
        ),
    );
}

fn report_no_part(part: &At<'_, &str>, periodicity: Periodicity, faults: &Faults) {
    let (shown, word) = (quoted(part.value), periodicity.word());
    let remedy = match Period::new(periodicity, 2000, 1).filter(|_| periodicity != Periodicity::Day)
    {
        Some(first) => {
            let example = first.to_string().split_off("2000-".len());
            say!("例如写 \"{example}\"", "write for instance \"{example}\"")
        }
        None => say!(
            "日报不能按一年中的某期另作规定",
            "daily datasets have no parts of the year"
        ),
    };
    faults.report(
        part.place,
        say!(
            "{shown} 不是周期 {word} 的一期",
            "{shown} is no part of a year by {word}"
        ),
        remedy,
    );
}

impl<'a> Draft<'a> {
    fn terms(&self) -> Terms {
        let value = |rule: &Option<At<'a, Deadline>>| rule.as_ref().map(|rule| rule.value.clone());
        Terms {
            deadline: self.deadline.value.clone(),
            opens: value(&self.window.opens),
            grace_ms: self.window.grace_ms,
            locks: value(&self.window.locks),
        }
    }

    /// Whether something in it can be wrong for one period and right for another.
    fn needs_check(&self) -> bool {
        let plain = matches!(
            self.deadline.value.rule(),
            DeadlineRule::DayAfterPeriod { .. }
        ) && self.deadline.value.calendar().is_none();
        !plain || self.window.opens.is_some() || self.window.locks.is_some()
    }

    /// The first thing that is wrong for one period.
    fn wrong(&self, period: Period) -> Option<Wrong<'a>> {
        let due = match instant(&self.deadline, period) {
            Ok(due) => due,
            Err(wrong) => return Some(wrong),
        };
        let timely = due.saturating_add(self.window.grace_ms);
        let opens = self
            .window
            .opens
            .as_ref()
            .map(|rule| (rule.place, instant(rule, period)));
        match opens {
            Some((_, Err(wrong))) => return Some(wrong),
            Some((place, Ok(opens))) if opens >= due => {
                return Some(Wrong {
                    place,
                    message: say!(
                        "{period} 要到截止之后才开放报送",
                        "{period} opens only when it is due already"
                    ),
                    remedy: say!("开放时间要早于截止时间", "let it open before it is due"),
                });
            }
            Some((_, Ok(_))) | None => {}
        }
        let locks = self
            .window
            .locks
            .as_ref()
            .map(|rule| (rule.place, instant(rule, period)));
        match locks {
            Some((_, Err(wrong))) => Some(wrong),
            Some((place, Ok(locks))) if locks < timely => Some(Wrong {
                place,
                message: say!(
                    "{period} 在截止和宽限结束之前就锁定",
                    "{period} locks before the deadline and its grace are over"
                ),
                remedy: say!(
                    "锁定时间不得早于截止加宽限",
                    "let it lock when both are over, or later"
                ),
            }),
            Some((_, Ok(_))) | None => None,
        }
    }
}

/// The instant of a rule for one period: there is one, and it does not lie before the period.
fn instant<'a>(rule: &At<'a, Deadline>, period: Period) -> Result<i64, Wrong<'a>> {
    let place = rule.place;
    let found = rule.value.falls(period).zip(rule.value.at_ms(period));
    let Some((falls, at_ms)) = found else {
        return Err(Wrong {
            place,
            message: say!(
                "{period} 没有这样的一天",
                "there is no such day for {period}"
            ),
            remedy: match rule.value.rule() {
                DeadlineRule::DayOfMonth { .. } => say!(
                    "写每个月都有的日子（至多 28），或 last_workday_of_month = true",
                    "write a day that every month has, at most 28, or last_workday_of_month = true"
                ),
                DeadlineRule::DayAfterPeriod { .. }
                | DeadlineRule::WorkdayAfterPeriod { .. }
                | DeadlineRule::LastWorkdayOfMonth { .. } => say!(
                    "改小天数，或核对日历中的假期",
                    "write a smaller number, or check the holidays of the calendar"
                ),
            },
        });
    };
    let day = falls.day;
    if day < period.first_day() {
        return Err(Wrong {
            place,
            message: say!(
                "{period} 的这一天是 {day}，早于报告期开始",
                "for {period} this is {day}, before the period begins"
            ),
            remedy: say!("改正 month_offset", "correct month_offset"),
        });
    }
    Ok(at_ms)
}

/// Checks each of `drafts`, the general one first, over the periods that it is for, and reports the first that is wrong.
fn check(timetable: &Timetable, drafts: &[&Draft<'_>], periods: For, faults: &Faults) {
    let mut open: Vec<Option<&Draft<'_>>> = drafts
        .iter()
        .map(|draft| draft.needs_check().then_some(*draft))
        .collect();
    let (Some(first), true) = (periods.first, open.iter().any(Option::is_some)) else {
        return;
    };
    let listed = timetable
        .rules()
        .filter_map(|rule| rule.calendar()?.years().last().copied());
    let horizon = listed.fold(first.year() + CHECKED_YEARS, |year, listed| {
        year.max(listed + 1)
    });
    let wanted = |p: &Period| p.year() <= horizon && periods.last.is_none_or(|last| *p <= last);
    let all = std::iter::successors(Some(first), |period| period.plus(1)).take_while(wanted);
    for period in all.filter(|period| timetable.reports(*period)) {
        let draft = open.get_mut(timetable.place_of(period));
        let Some(draft) = draft else { continue };
        if let Some(wrong) = draft.and_then(|draft| draft.wrong(period)) {
            faults.report(wrong.place, wrong.message, wrong.remedy);
            *draft = None;
        }
    }
}
