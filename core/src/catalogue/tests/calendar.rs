//! Working days, deadlines that move past days off, windows, and parts of the year with terms of their own.

use jiff::civil::{Date, date};

use super::*;
use crate::{
    catalogue::{Calendar, Dataset, DayKind, Fault},
    code::DatasetCode,
    ledger::window::{Closed, closed},
    period::Period,
    text::{Bilingual, Language},
};

/// The lists of the State Council, as the demo city has them.
const CHINA: &str = include_str!("../../../../deploy/demo/catalogue/calendar.toml");

const HEADER: &str =
    "[catalogue]\nname = { zh = \"某市\", en = \"City\" }\ntimezone = \"Asia/Shanghai\"\n";

/// What every dataset needs beside its terms.
const FIGURES: &str = "
[[department]]
code = \"statistics\"
name = { zh = \"统计局\", en = \"Statistics\" }

[[unit_of_measure]]
code = \"CNY\"
name = { zh = \"元\", en = \"CNY\" }

[[indicator]]
code = \"x\"
name = { zh = \"指标\", en = \"Indicator\" }
unit_of_measure = \"CNY\"
decimals = 2
kind = \"flow\"
owner = \"statistics\"
";

fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

/// The files of a catalogue with one dataset of these terms, whose lines are counted from 5.
fn parse(calendar: &str, first: &str, terms: &str) -> Result<Catalogue, Vec<Fault>> {
    let first = period(first);
    let dataset = format!(
        "[[dataset]]\ncode = \"d\"\nname = {{ zh = \"报表\", en = \"Report\" }}\nindicators = [\"x\"]\n{terms}\n"
    );
    // The keys of the dataset itself come before the tables of its exceptions.
    let own = format!(
        "periodicity = \"{}\"\nfirst_period = \"{first}\"\n",
        first.periodicity().word()
    );
    let dataset = dataset.replacen("indicators", &format!("{own}indicators"), 1);
    Catalogue::parse(&bundle(&[
        ("catalogue.toml", HEADER),
        ("calendar.toml", calendar),
        ("datasets.toml", &dataset),
        ("indicators.toml", FIGURES),
    ]))
}

fn dataset(catalogue: &Catalogue) -> &Dataset {
    catalogue.dataset(&DatasetCode::new("d").unwrap()).unwrap()
}

/// When `at` is due by a rule, on the wall in the rule's zone.
#[track_caller]
fn check(rule: &str, at: &str, expect: &str) {
    let terms = format!("deadline = {{ {rule} }}");
    let catalogue = parse(CHINA, at, &terms).unwrap_or_else(|faults| panic!("{rule}: {faults:#?}"));
    let rule_of = dataset(&catalogue).deadline();
    let due = dataset(&catalogue).due_at_ms(period(at)).unwrap();
    let shown = rule_of.local(due);
    assert_eq!(shown.split(" (").next().unwrap(), expect, "{rule} {at}");
}

/// What is wrong, without the remedies.
fn told(result: Result<Catalogue, Vec<Fault>>) -> String {
    let faults = result.unwrap_err();
    let is_full = |text: &Bilingual| !text.zh.trim().is_empty() && !text.en.trim().is_empty();
    let full = |fault: &Fault| is_full(&fault.message) && is_full(&fault.remedy);
    assert!(faults.iter().all(full));
    let line = |f: Fault| format!("{}:{}:{}: {}\n", f.file, f.line, f.column, f.message.en);
    faults.into_iter().map(line).collect()
}

fn china() -> Catalogue {
    parse(
        CHINA,
        "2021-M01",
        "deadline = { day = 1, time = \"12:00\" }",
    )
    .unwrap()
}

fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.tomorrow().ok()).take_while(move |day| *day <= to)
}

#[test]
fn the_lists_of_the_state_council_free_as_many_working_days_as_the_law_says() {
    let catalogue = china();
    let calendar: &Calendar = &catalogue.calendars()[0];
    assert_eq!(calendar.years(), [2021, 2022, 2023, 2024, 2025, 2026]);
    // 11 statutory days until 2024, 13 since (全国年节及纪念日放假办法): what is freed more is worked on weekends, list by list.
    for (year, (from, to)) in [
        (2021, (date(2021, 1, 1), date(2022, 1, 1))),
        (2022, (date(2022, 1, 1), date(2022, 12, 31))),
        (2023, (date(2022, 12, 31), date(2024, 1, 1))),
        (2024, (date(2024, 1, 1), date(2025, 1, 1))),
        (2025, (date(2025, 1, 1), date(2026, 1, 1))),
        (2026, (date(2026, 1, 1), date(2027, 1, 1))),
    ] {
        let mut balance = 0;
        for day in days(from, to.yesterday().unwrap()) {
            let is_weekend = day.weekday().to_monday_zero_offset() >= 5;
            match calendar.kind(day) {
                DayKind::Holiday(_) if !is_weekend => balance += 1,
                DayKind::MadeUp => balance -= 1,
                DayKind::Workday | DayKind::Weekend | DayKind::Holiday(_) => {}
            }
        }
        assert_eq!(balance, if year < 2025 { 11 } else { 13 }, "{year}");
    }
}

#[test]
fn the_week_of_national_day_moves_deadlines_to_either_side() {
    let (next, previous) = ("move = \"next-workday\"", "move = \"previous-workday\"");
    let on = |day: i8, shift: &str| format!("day = {day}, time = \"12:00\", {shift}");
    // 2021: off from 1 to 7 October; Sunday 26 September and Saturday 9 October are worked.
    check(&on(5, next), "2021-Q3", "2021-10-08 12:00");
    check(&on(5, previous), "2021-Q3", "2021-09-30 12:00");
    check(&on(5, "move = \"none\""), "2021-Q3", "2021-10-05 12:00");
    check(&on(8, next), "2021-Q3", "2021-10-08 12:00");
    check(&on(9, next), "2021-M09", "2021-10-09 12:00");
    check(&on(10, next), "2021-M09", "2021-10-11 12:00");
    check(&on(10, previous), "2021-M09", "2021-10-09 12:00");
    check(&on(26, next), "2021-M08", "2021-09-26 12:00");
    // 2023: off from 29 September to 6 October, then a Saturday and a Sunday are worked.
    check(&on(1, next), "2023-M09", "2023-10-07 12:00");
    check(&on(29, next), "2023-M08", "2023-10-07 12:00");
    check(&on(6, previous), "2023-M09", "2023-09-28 12:00");
    check(&on(9, next), "2023-M09", "2023-10-09 12:00");
}

#[test]
fn spring_festival_is_counted_over() {
    let workday = |n: u8| format!("workday = {n}, time = \"17:00\"");
    // 2026: off from 15 to 23 February; the Saturdays 14 and 28 February are worked.
    check(&workday(1), "2026-M01", "2026-02-02 17:00");
    check(&workday(10), "2026-M01", "2026-02-13 17:00");
    check(&workday(11), "2026-M01", "2026-02-14 17:00");
    check(&workday(12), "2026-M01", "2026-02-24 17:00");
    check(
        "workday = 5, month_offset = 1, time = \"17:00\"",
        "2026-M01",
        "2026-03-06 17:00",
    );
    check(
        "day = 15, time = \"24:00\", move = \"next-workday\"",
        "2026-M01",
        "2026-02-25 00:00",
    );
    let last = |offset: i8| {
        format!("last_workday_of_month = true, month_offset = {offset}, time = \"17:00\"")
    };
    check(&last(0), "2026-M01", "2026-02-28 17:00");
    check(&last(-1), "2026-M01", "2026-01-30 17:00");
    check(&last(8), "2026-M01", "2026-10-30 17:00");
    check(
        "last_workday_of_month = true, time = \"17:00\"",
        "2025-A1",
        "2026-01-30 17:00",
    );
}

#[test]
fn years_end_and_leap_days_come() {
    check(
        "day = 1, time = \"12:00\", move = \"next-workday\"",
        "2020-A1",
        "2021-01-04 12:00",
    );
    // The last day of 2022 is a holiday of the list of 2023.
    let last = |shift: &str| {
        format!("day_of_month = 31, month_offset = -1, time = \"12:00\", move = \"{shift}\"")
    };
    check(&last("next-workday"), "2022-A1", "2023-01-03 12:00");
    check(&last("previous-workday"), "2022-A1", "2022-12-30 12:00");
    // There is no list for 2027, so its first Friday counts as worked, and the Saturday does not.
    check(
        "day = 1, time = \"12:00\", move = \"next-workday\"",
        "2026-A1",
        "2027-01-01 12:00",
    );
    check(
        "day = 2, time = \"12:00\", move = \"next-workday\"",
        "2026-A1",
        "2027-01-04 12:00",
    );
    check(
        "day = 1, time = \"12:00\", move = \"next-workday\"",
        "2024-02-28",
        "2024-02-29 12:00",
    );
    check(
        "day_of_month = 25, month_offset = -1, time = \"09:00\"",
        "2024-M02",
        "2024-02-25 09:00",
    );
    check(
        "day_of_month = 28, time = \"12:00\"",
        "2024-M01",
        "2024-02-28 12:00",
    );
}

#[test]
fn a_moved_deadline_keeps_the_clock_of_its_zone() {
    let europe = "[[calendar]]\ncode = \"it\"\nname = { zh = \"某国\", en = \"Elsewhere\" }\nweekend = [\"sunday\"]\n";
    let due = |terms: &str, at: &str| {
        let catalogue = parse(europe, at, terms).unwrap();
        let due = dataset(&catalogue).due_at_ms(period(at)).unwrap();
        jiff::Timestamp::from_millisecond(due).unwrap().to_string()
    };
    let rule = |day: u8| {
        format!(
            "deadline = {{ day = {day}, time = \"02:30\", timezone = \"Europe/Rome\", move = \"next-workday\" }}"
        )
    };
    // Sunday 28 March 2021 has no 02:30 in Rome; Monday has, at summer time.
    assert_eq!(due(&rule(28), "2021-M02"), "2021-03-29T00:30:00Z");
    // Saturday is worked here.
    assert_eq!(due(&rule(27), "2021-M02"), "2021-03-27T01:30:00Z");
    // Sunday 31 October 2021 has two; Monday has one, at winter time.
    assert_eq!(due(&rule(31), "2021-M09"), "2021-11-01T01:30:00Z");
}

#[test]
fn where_a_deadline_moved_from_is_told() {
    let terms = "deadline = { day = 5, time = \"12:00\", move = \"next-workday\" }";
    let catalogue = parse(CHINA, "2021-M01", terms).unwrap();
    let moved = |at: &str| {
        let falls = dataset(&catalogue).deadline().falls(period(at)).unwrap();
        let moved = falls
            .moved
            .map(|moved| (moved.from.to_string(), moved.why.zh));
        (falls.day.to_string(), moved)
    };
    let text = |day: &str, why: &str| Some((day.to_owned(), why.to_owned()));
    assert_eq!(
        moved("2021-M09"),
        ("2021-10-08".into(), text("2021-10-05", "国庆节"))
    );
    assert_eq!(
        moved("2021-M08"),
        ("2021-09-06".into(), text("2021-09-05", "周末"))
    );
    assert_eq!(moved("2021-M07"), ("2021-08-05".into(), None));
}

#[test]
fn parts_of_the_year_have_terms_of_their_own() {
    let terms = "deadline = { day = 8, time = \"12:00\" }\nwindow = { grace = \"2h\" }\nnot_reported = [\"M01\"]\n\
                 [[dataset.except]]\nperiods = [\"M02\", \"M12\"]\ndeadline = { day = 15, time = \"12:00\" }\n\
                 [[dataset.except]]\nperiods = [\"M03\"]\nwindow = { grace = \"1d\", opens = { day = 2, time = \"08:00\" } }";
    let catalogue = parse("", "2021-M01", terms).unwrap();
    let dataset = dataset(&catalogue);
    let check = |at: &str, due: &str, grace_hours: i64| {
        let terms = dataset.terms(period(at));
        let shown = terms
            .deadline()
            .local(dataset.due_at_ms(period(at)).unwrap());
        let grace_ms = grace_hours * 3_600_000;
        assert_eq!((shown.as_str(), terms.grace_ms()), (due, grace_ms), "{at}");
    };
    check("2021-M02", "2021-03-15 12:00 (Asia/Shanghai)", 2);
    check("2021-M03", "2021-04-08 12:00 (Asia/Shanghai)", 24);
    check("2021-M04", "2021-05-08 12:00 (Asia/Shanghai)", 2);
    check("2022-M12", "2023-01-15 12:00 (Asia/Shanghai)", 2);
    assert!(!dataset.covers(period("2021-M01")) && !dataset.covers(period("2022-M01")));
    assert!(dataset.covers(period("2021-M02")) && dataset.covers(period("2022-M12")));
}

#[test]
fn a_window_is_open_at_both_of_its_ends() {
    let terms = "deadline = { day = 8, time = \"12:00\" }\n\
                 window = { opens = { day = 1, time = \"08:00\" }, grace = \"2h\", locks = { day = 20, time = \"24:00\" } }";
    let catalogue = parse("", "2021-M01", terms).unwrap();
    let dataset = dataset(&catalogue);
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let (opens, locks) = (
        at("2021-05-01T08:00:00+08:00"),
        at("2021-05-21T00:00:00+08:00"),
    );
    let asked = |now, extended| closed(dataset, period("2021-M04"), extended, now);
    assert_eq!(asked(opens - 1, None), Some(Closed::NotOpen(opens)));
    assert_eq!((asked(opens, None), asked(locks, None)), (None, None));
    assert_eq!(asked(locks + 1, None), Some(Closed::Locked(locks)));
    // An extension holds the slot open until the extended deadline and its grace are over, and never closes it earlier.
    let extended = at("2021-06-01T12:00:00+08:00");
    let until = extended + 2 * 3_600_000;
    assert_eq!(asked(until, Some(extended)), None);
    assert_eq!(
        asked(until + 1, Some(extended)),
        Some(Closed::Locked(until))
    );
    assert_eq!(asked(locks, Some(at("2021-05-09T12:00:00+08:00"))), None);
    let message = Closed::Locked(locks).message(dataset, period("2021-M04"));
    assert_eq!(
        message.zh,
        "“报表”2021-M04 已于 2021-05-21 00:00 (Asia/Shanghai) 锁定，不再接收报送"
    );
    assert!(Closed::Locked(locks).remedy().en.contains("extension"));
    // A period that is not reported has no window.
    assert_eq!(closed(dataset, period("2020-M01"), None, locks), None);
}

#[test]
fn faults_of_a_calendar_are_told_at_their_places() {
    let faulty = r#"
[[calendar]]
code = "cn"
name = { zh = "日历", en = "Calendar" }
weekend = ["saturday", "sonday"]

[[calendar.year]]
year = 2022
holidays = [
    { from = "2022-01-01", to = "2022-01-03", name = { zh = "元旦", en = "New Year" } },
    { from = "2022-01-03", to = "2022-01-04", name = { zh = "又一节", en = "Another" } },
    { from = "2022-05-04", to = "2022-05-01", name = { zh = "倒置", en = "Backwards" } },
    { from = "2023-05-01", to = "2023-05-03", name = { zh = "错年", en = "Wrong year" } },
    { from = "2022-07-01", to = "2022-09-01", name = { zh = "过长", en = "Too long" } },
    { to = "2022-10-07", name = { zh = "国庆节" } },
]
workdays = ["2022-01-02", "2022-01-11", "2022-01-15", "2022-01-15", "2024-01-06"]

[[calendar.year]]
year = 2021
holiday = []

[[calendar.year]]
year = 2022

[[calendar]]
code = "cn"
name = { zh = "重复", en = "Again" }
weekend = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
"#;
    let result = parse(
        faulty,
        "2021-M01",
        "deadline = { day = 1, time = \"12:00\" }",
    );
    insta::assert_snapshot!(told(result), @r#"
    calendar.toml:5:24: weekend cannot be "sonday"
    calendar.toml:11:14: 2022-01-03 does not lie after what stands before it (until 2022-01-03)
    calendar.toml:12:33: a holiday from 2022-05-04 to 2022-05-01 has no day, or more than 31
    calendar.toml:13:14: 2023-05-01 is not of the year 2022
    calendar.toml:14:33: a holiday from 2022-07-01 to 2022-09-01 has no day, or more than 31
    calendar.toml:15:5: from is missing
    calendar.toml:15:33: en is missing
    calendar.toml:17:13: the make-up day 2022-01-02 lies in a holiday, New Year
    calendar.toml:17:27: the make-up day 2022-01-11 is no day of the weekend
    calendar.toml:17:55: 2022-01-15 does not lie after what stands before it (until 2022-01-15)
    calendar.toml:17:69: 2024-01-06 is not of the year 2022
    calendar.toml:20:8: the year 2021 stands after 2022
    calendar.toml:21:1: unknown key "holiday"
    calendar.toml:24:8: the year 2022 is listed twice
    calendar.toml:27:8: calendar code cn is declared twice
    calendar.toml:29:11: no day of the week is worked
    "#);
}

#[test]
fn faults_of_a_rule_are_told_at_their_places() {
    let mut all = String::new();
    let mut check = |calendar: &str, rule: &str| {
        let told = told(parse(
            calendar,
            "2021-M01",
            &format!("deadline = {{ {rule} }}"),
        ));
        all += &format!("{rule}\n  {told}");
    };
    check(CHINA, "day_of_month = 31, time = \"12:00\"");
    check(CHINA, "day_of_month = 29, time = \"12:00\"");
    check(CHINA, "workday = 30, time = \"12:00\"");
    check(CHINA, "day = 8, workday = 5, time = \"12:00\"");
    check(
        CHINA,
        "workday = 5, time = \"12:00\", move = \"next-workday\"",
    );
    check(CHINA, "last_workday_of_month = false, time = \"12:00\"");
    check(CHINA, "day = 8, time = \"12:00\", month_offset = -1");
    check(
        CHINA,
        "day_of_month = 8, time = \"12:00\", month_offset = -2",
    );
    check(CHINA, "day = 8, time = \"12:00\", move = \"forwards\"");
    check(CHINA, "day = 8, time = \"12:00\", calendar = \"cn\"");
    check(CHINA, "workday = 5, time = \"12:00\", calendar = \"us\"");
    check("", "workday = 5, time = \"12:00\"");
    let two = CHINA.to_owned()
        + "\n[[calendar]]\ncode = \"zone\"\nname = { zh = \"区\", en = \"Zone\" }\n";
    check(&two, "workday = 5, time = \"12:00\"");
    check(CHINA, "time = \"12:00\"");
    insta::assert_snapshot!(all, @r#"
    day_of_month = 31, time = "12:00"
      datasets.toml:7:12: there is no such day for 2021-M01
    day_of_month = 29, time = "12:00"
      datasets.toml:7:12: there is no such day for 2021-M01
    workday = 30, time = "12:00"
      datasets.toml:7:24: workday = 30 is out of range
    day = 8, workday = 5, time = "12:00"
      datasets.toml:7:33: a rule names its day in one way only
    workday = 5, time = "12:00", move = "next-workday"
      datasets.toml:7:50: a working day is never moved
    last_workday_of_month = false, time = "12:00"
      datasets.toml:7:38: last_workday_of_month = false says nothing
    day = 8, time = "12:00", month_offset = -1
      datasets.toml:7:54: month_offset = -1 is out of range
    day_of_month = 8, time = "12:00", month_offset = -2
      datasets.toml:7:12: for 2021-M01 this is 2020-12-08, before the period begins
    day = 8, time = "12:00", move = "forwards"
      datasets.toml:7:46: move cannot be "forwards"
    day = 8, time = "12:00", calendar = "cn"
      datasets.toml:7:50: this rule does not ask for working days, so the calendar has no effect
    workday = 5, time = "12:00", calendar = "us"
      datasets.toml:7:54: there is no calendar code us
    workday = 5, time = "12:00"
      datasets.toml:7:12: there is no calendar to say which days are worked
    workday = 5, time = "12:00"
      datasets.toml:7:12: there are several calendars, and the rule names none
    time = "12:00"
      datasets.toml:7:12: day is missing
    "#);
}

#[test]
fn faults_of_a_timetable_are_told_at_their_places() {
    let mut all = String::new();
    let mut check = |more: &str| {
        let terms = format!("deadline = {{ day = 8, time = \"12:00\" }}\n{more}");
        all += &format!("{more}\n  {}", told(parse(CHINA, "2021-M01", &terms)));
    };
    check("window = { grace = \"2 hours\" }");
    check("window = { grace = \"32d\" }");
    check("window = { open = { day = 1, time = \"08:00\" } }");
    check("window = { opens = { day = 9, time = \"08:00\" } }");
    check("window = { grace = \"2h\", locks = { day = 8, time = \"13:00\" } }");
    check("window = { locks = { workday = 4, time = \"12:00\" } }");
    check("not_reported = [\"M1\", \"Q1\", \"M01\", \"M01\"]");
    check(
        "not_reported = [\"M01\", \"M02\", \"M03\", \"M04\", \"M05\", \"M06\", \"M07\", \"M08\", \"M09\", \"M10\", \"M11\", \"M12\"]",
    );
    check(
        "not_reported = [\"M01\"]\n[[dataset.except]]\nperiods = [\"M01\"]\ndeadline = { day = 9, time = \"12:00\" }",
    );
    check("[[dataset.except]]\nperiods = [\"M02\"]");
    check("[[dataset.except]]\ndeadline = { day_of_month = 30, time = \"12:00\" }");
    check(
        "[[dataset.except]]\nperiods = [\"M01\"]\ndeadline = { day_of_month = 30, time = \"12:00\" }",
    );
    // Only the exception's own months count: each has a day 30 after it.
    let sound = "deadline = { day = 8, time = \"12:00\" }\n[[dataset.except]]\nperiods = [\"M02\"]\ndeadline = { day_of_month = 30, time = \"12:00\" }";
    assert!(parse(CHINA, "2021-M01", sound).is_ok());
    let daily = "deadline = { day = 1, time = \"12:00\" }\nnot_reported = [\"01-01\"]";
    all += &format!("daily\n  {}", told(parse(CHINA, "2021-01-01", daily)));
    insta::assert_snapshot!(all, @r#"
    window = { grace = "2 hours" }
      datasets.toml:8:20: "2 hours" is not a time of grace
    window = { grace = "32d" }
      datasets.toml:8:20: "32d" is not a time of grace
    window = { open = { day = 1, time = "08:00" } }
      datasets.toml:8:12: unknown key "open"
    window = { opens = { day = 9, time = "08:00" } }
      datasets.toml:8:20: 2021-M01 opens only when it is due already
    window = { grace = "2h", locks = { day = 8, time = "13:00" } }
      datasets.toml:8:34: 2021-M01 locks before the deadline and its grace are over
    window = { locks = { workday = 4, time = "12:00" } }
      datasets.toml:8:20: 2021-M01 locks before the deadline and its grace are over
    not_reported = ["M1", "Q1", "M01", "M01"]
      datasets.toml:8:17: "M1" is no part of a year by month
    datasets.toml:8:23: "Q1" is no part of a year by month
    datasets.toml:8:36: M01 is named before
    not_reported = ["M01", "M02", "M03", "M04", "M05", "M06", "M07", "M08", "M09", "M10", "M11", "M12"]
      datasets.toml:8:16: no period is left to report
    not_reported = ["M01"]
    [[dataset.except]]
    periods = ["M01"]
    deadline = { day = 9, time = "12:00" }
      datasets.toml:10:12: M01 is named before
    [[dataset.except]]
    periods = ["M02"]
      datasets.toml:8:1: nothing is said about what differs
    [[dataset.except]]
    deadline = { day_of_month = 30, time = "12:00" }
      datasets.toml:8:1: periods is missing
    [[dataset.except]]
    periods = ["M01"]
    deadline = { day_of_month = 30, time = "12:00" }
      datasets.toml:10:12: there is no such day for 2021-M01
    daily
      datasets.toml:8:17: "01-01" is no part of a year by day
    "#);
}

#[test]
fn a_list_that_is_missing_is_a_warning_and_no_fault() {
    let warnings = |first: &str, terms: &str| {
        let catalogue = parse(CHINA, first, terms).unwrap();
        let text = |fault: &Fault| fault.text(Language::En);
        catalogue
            .warnings()
            .iter()
            .map(text)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(
        warnings("2019-M12", "deadline = { day = 8, time = \"12:00\" }"),
        ""
    );
    let moves = "deadline = { day = 8, time = \"12:00\", move = \"next-workday\" }";
    let told = warnings("2019-M12", moves);
    assert_eq!(
        told,
        "calendar.toml:6:8: calendar cn has no holidays for 2020, 2027 and later years, which d ask for; \
         add a [[calendar.year]] when they are published; until then only weekends count in these years"
    );
    assert_eq!(
        warnings("2021-M01", &format!("{moves}\nlast_period = \"2026-M11\"")),
        ""
    );
    assert!(
        warnings("2021-M01", &format!("{moves}\nlast_period = \"2027-M11\""))
            .contains("for 2027, which")
    );
    // A window asks as well.
    let window = "deadline = { day = 8, time = \"12:00\" }\nwindow = { locks = { workday = 15, time = \"12:00\" } }";
    assert!(warnings("2026-M01", window).contains("2027 and later"));
}
