//! Notices: nothing twice, nothing in quiet hours, nobody reminded of what is accepted, and everybody reminded of what is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;
mod laws;

use std::{collections::BTreeMap, convert::Infallible, fmt::Write as _, sync::Arc};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::UnitCode,
    completeness::Board,
    ledger::{
        Facts, Outcome, Vintage,
        rows::{ExtensionRow, SlotRow},
    },
    notices::{
        Audience, Audiences, DaysOff, Dropped, Foreseen, Foresight, Kind, Mark, Notice, Plan,
        Quiet, Reason, Role, Situation, foresee,
    },
    period::Period,
    snapshot::SlotKey,
    text::Language,
};
use support::*;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Those that owe the quarterly accounts of 2021-Q3.
const UNITS: [&str; 7] = [
    "520000", "520100", "520102", "520103", "520200", "520300", "ZONE-1",
];

fn quarter(unit_code: &str) -> SlotKey {
    SlotKey::new(
        unit(unit_code),
        "quarterly-accounts".parse().unwrap(),
        Period::parse("2021-Q3").unwrap(),
    )
}

fn everybody() -> Audiences {
    Audiences {
        units: true,
        departments: true,
        operations: true,
    }
}

fn plan() -> Plan {
    let catalogue = Catalogue::parse(&sample_bundle()).unwrap();
    Plan {
        datasets: ["quarterly-accounts".parse().unwrap()].into(),
        reminders_ms: [24 * HOUR_MS, 2 * HOUR_MS].into(),
        summary: Audiences {
            units: false,
            ..everybody()
        },
        escalations_ms: [24 * HOUR_MS, 72 * HOUR_MS].into(),
        escalation: everybody(),
        returned_ms: Some(4 * HOUR_MS),
        returned: Audiences {
            departments: false,
            ..everybody()
        },
        all_in: Audiences {
            units: false,
            ..everybody()
        },
        all_in_within_ms: 14 * DAY_MS,
        quiet: night(Some((22 * 60, 7 * 60)), false),
        stale_ms: 3 * DAY_MS,
        since_ms: at("2021-09-01T00:00:00+08:00"),
        unit_contacts: UNITS.iter().map(|code| unit(code)).collect(),
        department_contacts: catalogue
            .departments()
            .iter()
            .map(|d| d.code().clone())
            .collect(),
        has_operations: true,
    }
}

fn night(daily: Option<(u16, u16)>, weekends: bool) -> Option<Quiet> {
    let zone = jiff::tz::TimeZoneDatabase::bundled()
        .get("Asia/Shanghai")
        .unwrap();
    let days_off = if weekends {
        DaysOff::Weekends
    } else {
        DaysOff::None
    };
    Some(Quiet::new(zone, daily, days_off).unwrap())
}

fn empty_board() -> Board {
    let catalogue = Arc::new(Catalogue::parse(&sample_bundle()).unwrap());
    Board::empty(catalogue)
}

/// A board of the sample catalogue whose quarterly accounts have a window.
fn board_with(window: &str) -> Board {
    let mut files = sample_bundle().files().clone();
    let datasets = files.get_mut("datasets.toml").unwrap();
    let deadline = "deadline = { day = 8, time = \"12:00\" }\n";
    let more = format!("{deadline}window = {{ {window} }}\n");
    *datasets = datasets.replacen(deadline, &more, 1);
    let bundle = Bundle::new(files).unwrap();
    Board::empty(Arc::new(Catalogue::parse(&bundle).unwrap()))
}

/// Puts a slot's row on the board, with the snapshot that was accepted.
fn record(board: &mut Board, slot: &SlotKey, row: &SlotRow) {
    board.update(slot, row);
    if let Some(received_at_ms) = row.first_accepted_at_ms {
        board.add_vintage(
            slot,
            Vintage {
                received_at_ms,
                outcome: Outcome::Accepted,
                facts: Facts::default(),
                revisions: None,
            },
        );
    }
}

fn accepted(at_ms: i64) -> SlotRow {
    SlotRow {
        first_received_at_ms: Some(at_ms),
        first_accepted_at_ms: Some(at_ms),
        ..SlotRow::default()
    }
}

/// What went out, and what did not.
#[derive(Default)]
struct Told {
    notices: Vec<(i64, Notice)>,
    dropped: Vec<(i64, Dropped)>,
}

impl Told {
    fn marks(&self, kind: Kind) -> Vec<(i64, &Mark)> {
        let notices = self.notices.iter().filter(|(_, n)| n.matter.kind == kind);
        notices
            .flat_map(|(at_ms, n)| n.matter.marks.iter().map(|mark| (*at_ms, mark)))
            .collect()
    }

    fn reminded(&self, slot: &SlotKey, due_at_ms: i64, lead_ms: i64) -> bool {
        self.marks(Kind::Reminder).iter().any(|(_, mark)| {
            mark.slot().as_ref() == Some(slot)
                && mark.at_ms == due_at_ms
                && mark.offset_ms == lead_ms
        })
    }

    /// One line a notice.
    fn log(&self) -> String {
        let mut log = String::new();
        let show = |at_ms: i64| {
            let at = jiff::Timestamp::from_millisecond(at_ms + 8 * HOUR_MS).unwrap();
            at.strftime("%m-%d %H:%M").to_string()
        };
        for (at_ms, notice) in &self.notices {
            let (to, subject) = (notice.matter.recipient.word(), &notice.subject.en);
            writeln!(log, "{} {to}: {subject}", show(*at_ms)).unwrap();
        }
        for (at_ms, dropped) in &self.dropped {
            let (mark, reason) = (&dropped.mark, dropped.reason.word());
            writeln!(log, "{} dropped, {reason}: {mark}", show(*at_ms)).unwrap();
        }
        log
    }
}

/// What is told between two instants where something arrives at others.
fn run(board: &Board, plan: &Plan, from_ms: i64, until_ms: i64, arrivals: &[i64]) -> Told {
    run_with(board, plan, from_ms, until_ms, arrivals, &BTreeMap::new())
}

fn run_with(
    board: &Board,
    plan: &Plan,
    from_ms: i64,
    until_ms: i64,
    arrivals: &[i64],
    returned: &BTreeMap<SlotKey, i64>,
) -> Told {
    let foreseen = foresee(plan, (from_ms, until_ms), arrivals, |now_ms| {
        let mut situation = Situation::of(board, plan, now_ms);
        situation.returned = returned.clone();
        situation.returned.retain(|_, at_ms| *at_ms <= now_ms);
        Ok::<_, Infallible>(situation)
    });
    let mut told = Told::default();
    for Foreseen { at_ms, what } in foreseen.unwrap() {
        match what {
            Foresight::Told(notice) => told.notices.push((at_ms, *notice)),
            Foresight::NotTold(dropped) => told.dropped.push((at_ms, dropped)),
        }
    }
    told
}

/// A deadline's life: due on Friday 8 October 2021 at 12:00.
#[test]
fn a_deadline_from_the_first_reminder_to_the_last_report() {
    let mut board = empty_board();
    let times = [
        ("520000", "2021-10-03T10:00:00+08:00"),
        ("520100", "2021-10-07T18:00:00+08:00"),
        ("520102", "2021-10-08T11:00:00+08:00"),
        ("520103", "2021-10-08T12:00:00+08:00"),
        ("520200", "2021-10-08T12:00:01+08:00"),
        ("520300", "2021-10-11T09:00:00+08:00"),
    ];
    for (unit_code, instant) in times {
        record(&mut board, &quarter(unit_code), &accepted(at(instant)));
    }
    let extended = SlotRow {
        extensions: vec![ExtensionRow {
            received_at_ms: at("2021-10-08T09:00:00+08:00"),
            due_at_ms: at("2021-10-12T06:00:00+08:00"),
        }],
        ..accepted(at("2021-10-12T07:30:00+08:00"))
    };
    record(&mut board, &quarter("ZONE-1"), &extended);
    let arrivals: Vec<i64> = times.iter().map(|(_, instant)| at(instant)).collect();
    let more = [
        at("2021-10-08T09:00:00+08:00"),
        at("2021-10-12T07:30:00+08:00"),
    ];
    let arrivals = [arrivals, more.to_vec()].concat();
    let mut plan = plan();
    plan.unit_contacts = [unit("520000"), unit("520100")].into();
    let (from, until) = ("2021-10-01T00:00:00+08:00", "2021-10-20T00:00:00+08:00");
    let told = run(&board, &plan, at(from), at(until), &arrivals);
    insta::assert_snapshot!(told.log());
}

#[test]
fn the_words_of_every_kind() {
    let mut board = empty_board();
    record(
        &mut board,
        &quarter("520100"),
        &accepted(at("2021-10-09T09:00:00+08:00")),
    );
    let returned = [(quarter("520200"), at("2021-10-09T10:00:00+08:00"))].into();
    let plan = plan();
    let (from, until) = ("2021-10-01T00:00:00+08:00", "2021-10-10T00:00:00+08:00");
    let told = run_with(&board, &plan, at(from), at(until), &[], &returned);
    let mut pages = String::new();
    for kind in Kind::ALL {
        let of_kind = told.notices.iter().find(|(_, n)| n.matter.kind == kind);
        if let Some((_, notice)) = of_kind {
            page(notice, &mut pages);
        }
    }
    insta::assert_snapshot!(pages);
}

fn page(notice: &Notice, pages: &mut String) {
    for language in [Language::Zh, Language::En] {
        writeln!(pages, "== {}", notice.subject.get(language)).unwrap();
        for line in &notice.lines {
            let mark = match line.role {
                Role::Sentence => "",
                Role::Heading => "# ",
                Role::Item => "- ",
            };
            writeln!(pages, "{mark}{}", line.text.get(language)).unwrap();
        }
    }
}

#[test]
fn a_reminder_that_would_wait_beyond_the_deadline_goes_out_before_the_quiet_hours() {
    let board = empty_board();
    let mut plan = plan();
    plan.reminders_ms = [2 * HOUR_MS].into();
    plan.quiet = night(Some((9 * 60, 13 * 60)), false);
    let (from, until) = ("2021-10-01T00:00:00+08:00", "2021-10-08T12:00:00+08:00");
    let told = run(&board, &plan, at(from), at(until), &[]);
    let times: Vec<i64> = told.notices.iter().map(|(at_ms, _)| *at_ms).collect();
    assert_eq!(times, vec![at("2021-10-08T08:45:00+08:00"); UNITS.len()]);
}

/// Due on Friday at 12:00, and timely for 26 hours more.
#[test]
fn within_the_grace_nobody_is_called_missing() {
    let mut board = board_with("grace = \"26h\"");
    let times = [
        ("520000", "2021-10-08T11:00:00+08:00"),
        ("520100", "2021-10-09T13:00:00+08:00"),
        ("520102", "2021-10-09T14:30:00+08:00"),
        ("520103", "2021-10-11T09:00:00+08:00"),
    ];
    for (unit_code, instant) in times {
        record(&mut board, &quarter(unit_code), &accepted(at(instant)));
    }
    for unit_code in &UNITS[4..] {
        let exempted = SlotRow {
            exempted_at_ms: Some(at("2021-10-01T00:00:00+08:00")),
            ..SlotRow::default()
        };
        record(&mut board, &quarter(unit_code), &exempted);
    }
    let arrivals: Vec<i64> = times.iter().map(|(_, instant)| at(instant)).collect();
    let mut plan = plan();
    plan.escalation.departments = false;
    plan.unit_contacts = [unit("520000")].into();
    let (from, until) = ("2021-10-01T00:00:00+08:00", "2021-10-20T00:00:00+08:00");
    let told = run(&board, &plan, at(from), at(until), &arrivals);
    insta::assert_snapshot!(told.log());
    let summary = told
        .notices
        .iter()
        .find(|(_, n)| n.matter.kind == Kind::Summary);
    let section = &summary.unwrap().1.sections[0];
    let due = (section.due_at_ms, section.timely_until_ms);
    let closes = "2021-10-09T14:00:00+08:00";
    assert_eq!(due, (at("2021-10-08T12:00:00+08:00"), at(closes)));
}

/// What is remembered and looked at reaches as far as the longest grace.
#[test]
fn a_long_grace_is_summed_up_all_the_same() {
    let board = board_with("grace = \"30d\"");
    let mut plan = plan();
    plan.reminders_ms.clear();
    let (from, until) = ("2021-10-01T00:00:00+08:00", "2021-11-20T00:00:00+08:00");
    let told = run(&board, &plan, at(from), at(until), &[]);
    let summaries = told
        .notices
        .iter()
        .filter(|(_, n)| n.matter.kind == Kind::Summary);
    let times: Vec<i64> = summaries.map(|(at_ms, _)| *at_ms).collect();
    assert_eq!(
        times,
        [at("2021-11-07T12:00:00+08:00") + 1; 2],
        "{}",
        told.log()
    );
}

#[test]
fn days_off_by_a_calendar_are_quiet_and_make_up_days_are_not() {
    let calendar = r#"
[[calendar]]
code = "cn"
name = { zh = "节假日", en = "Holidays" }
[[calendar.year]]
year = 2021
holidays = [{ from = "2021-10-01", to = "2021-10-07", name = { zh = "国庆节", en = "National Day" } }]
workdays = ["2021-09-26", "2021-10-09"]
"#;
    let catalogue = Catalogue::parse(&bundle_with(calendar)).unwrap();
    let zone = jiff::tz::TimeZoneDatabase::bundled();
    let zone = zone.get("Asia/Shanghai").unwrap();
    let hours = Some((22 * 60, 7 * 60));
    let days_off = DaysOff::Calendar("cn".parse().unwrap());
    let unbound = Quiet::new(zone, hours, days_off).unwrap();
    let quiet = unbound.by(&catalogue);
    let check = |instant: &str, start: &str, end: &str| {
        let instant = at(instant);
        assert_eq!(
            (quiet.start(instant), quiet.end(instant)),
            (at(start), at(end))
        );
    };
    let (start, end) = ("2021-09-30T22:00:00+08:00", "2021-10-08T07:00:00+08:00");
    check("2021-10-03T12:00:00+08:00", start, end);
    check("2021-10-08T03:00:00+08:00", start, end);
    // Saturday 9 October is worked, Sunday is not.
    let noon = "2021-10-09T12:00:00+08:00";
    check(noon, noon, noon);
    check(
        "2021-10-10T12:00:00+08:00",
        "2021-10-09T22:00:00+08:00",
        "2021-10-11T07:00:00+08:00",
    );
    // Before the catalogue is known, and without the calendar, weekends are quiet.
    assert!(unbound.holds(at(noon)) && !unbound.holds(at("2021-10-04T12:00:00+08:00")));
    let without = Catalogue::parse(&sample_bundle()).unwrap();
    assert_eq!(quiet.by(&without), unbound);
}

#[test]
fn a_server_that_stood_still_tells_what_still_matters() {
    let board = empty_board();
    let plan = plan();
    let until = at("2021-10-30T00:00:00+08:00");
    // Down until half past eleven: one reminder, not two.
    let told = run(&board, &plan, at("2021-10-08T11:30:00+08:00"), until, &[]);
    assert_eq!(told.marks(Kind::Reminder).len(), UNITS.len());
    assert!(told.dropped.is_empty());
    // Down for a week after the deadline: nothing is told so late, and that is said once.
    let told = run(&board, &plan, at("2021-10-20T12:00:00+08:00"), until, &[]);
    assert!(told.notices.is_empty());
    assert!(told.dropped.iter().all(|(_, d)| d.reason == Reason::Stale));
    assert_eq!(told.dropped.len(), 2 + 2 + UNITS.len());
}

#[test]
fn switching_on_does_not_tell_the_past() {
    let board = empty_board();
    let mut plan = plan();
    plan.since_ms = at("2021-10-08T13:00:00+08:00");
    let told = run(
        &board,
        &plan,
        plan.since_ms,
        plan.since_ms + 30 * DAY_MS,
        &[],
    );
    assert!(told.notices.is_empty() && told.dropped.is_empty());
}

#[test]
fn a_unit_without_a_contact_is_told_through_the_unit_above_or_not_at_all() {
    let board = empty_board();
    let mut plan = plan();
    plan.unit_contacts = [unit("520100")].into();
    let (from, until) = ("2021-10-07T12:00:00+08:00", "2021-10-07T13:00:00+08:00");
    let told = run(&board, &plan, at(from), at(until), &[]);
    let [(_, notice)] = told.notices.as_slice() else {
        panic!("one notice is expected: {}", told.log());
    };
    let units: Vec<&str> = notice.sections[0]
        .units
        .iter()
        .map(UnitCode::as_str)
        .collect();
    assert_eq!(units, ["520100", "520102", "520103", "ZONE-1"]);
    assert!(
        told.dropped
            .iter()
            .all(|(_, d)| d.reason == Reason::NoContact)
    );
    assert_eq!(told.dropped.len(), 3);
}

#[test]
fn a_return_is_read_from_the_rows_and_ends_with_the_next_report() {
    let mut city = City::with_units(&["520100"]);
    let mut returned_at_ms = |instant: &str, revision, figures| {
        city.now_ms = at(instant);
        let snapshot = snapshot(accounts("520100"), revision, figures);
        city.take(&sign_snapshot(100, &snapshot)).unwrap();
        let catalogue = city.ledger.registry().catalogue().unwrap().clone();
        let board = Board::load(&city.store, catalogue).unwrap();
        let mut situation = Situation::of(&board, &plan(), city.now_ms);
        situation.read_returned(&city.store).unwrap();
        situation.returned.get(&accounts("520100")).copied()
    };
    let bad = ["100.00", "10.00", "40.00", "60.00"];
    for (revision, instant) in [
        (1, "2021-07-06T10:00:00+08:00"),
        (2, "2021-07-06T11:00:00+08:00"),
    ] {
        assert_eq!(returned_at_ms(instant, revision, bad), Some(at(instant)));
    }
    let good = ["100.00", "10.00", "40.00", "50.00"];
    assert_eq!(returned_at_ms("2021-07-06T12:00:00+08:00", 3, good), None);
}

#[test]
fn a_mark_is_read_as_it_is_written() {
    let department = Audience::Department("statistics".parse().unwrap());
    for audience in [Audience::Units, Audience::Operations, department] {
        for unit in [None, Some(unit("520100"))] {
            for kind in Kind::ALL {
                let slot = quarter("520100");
                let mark = Mark {
                    kind,
                    offset_ms: 7,
                    audience: audience.clone(),
                    dataset: slot.dataset,
                    period: slot.period,
                    unit: unit.clone(),
                    at_ms: -3,
                };
                assert_eq!(mark.to_string().parse::<Mark>().unwrap(), mark);
            }
        }
    }
    for text in [
        "",
        "reminder 7 units a 2021-Q3 -",
        "x 7 units a 2021-Q3 - 1",
    ] {
        assert!(text.parse::<Mark>().is_err(), "{text}");
    }
}
