//! The measures: the worked examples of `docs/METRICS.md`, and that looking back equals folding only what came before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use granary_core::{
    bulletin::Measured,
    code::EditId,
    completeness::{Board, Filter, GroupBy, Imported, SlotState, StateCounts},
    ledger::{
        Arrival, Deed, LogIndex, RefusalCode, View as _,
        facts::RevisionRow,
        keys::{self, Table},
        rows::{FindingRow, SlotRow},
    },
    measures::{self, Measure, Tally, Value, tallies},
    period::Period,
    snapshot::{SlotKey, Snapshot},
};
use proptest::prelude::*;
use support::*;

const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];
const UNBALANCED: [&str; 4] = ["100.00", "10.00", "40.00", "49.00"];
const UNITS: [&str; 4] = ["520000", "520100", "520200", "520300"];
const GROUPINGS: [GroupBy; 8] = [
    GroupBy::Nothing,
    GroupBy::Unit,
    GroupBy::Dataset,
    GroupBy::Period,
    GroupBy::DatasetPeriod,
    GroupBy::UnitDataset,
    GroupBy::Department,
    GroupBy::Level,
];

fn board(city: &City) -> Board {
    let catalogue = city.ledger.registry().catalogue().unwrap();
    let board = Board::load(&city.store, catalogue.clone()).unwrap();
    // What only counts states reads less and counts the same.
    let states = Board::load_states(&city.store, catalogue.clone()).unwrap();
    for by in [GroupBy::UnitDataset, GroupBy::DatasetPeriod] {
        let counts = |board: &Board| board.counts(&Filter::default(), by, city.now_ms);
        assert_eq!(counts(&board), counts(&states));
    }
    board
}

fn submit(city: &mut City, at_text: &str, snapshot: &Snapshot) {
    let unit = snapshot.slot.unit.as_str();
    let seed = UNITS.iter().position(|u| *u == unit).unwrap();
    city.now_ms = at(at_text);
    let seed = 100 + u8::try_from(seed).unwrap();
    city.take(&sign_snapshot(seed, snapshot)).unwrap();
}

fn import(nonce: u8, period: &str, arrivals: &[(&str, &str)]) -> Envelope {
    let arrival = |(code, arrived): &(&str, &str)| Arrival {
        unit: unit(code),
        period: Period::parse(period).unwrap(),
        arrived_at_ms: at(arrived),
    };
    let deed = Deed::ImportHistory {
        dataset: "quarterly-accounts".parse().unwrap(),
        source: "登记簿 2021".into(),
        arrivals: arrivals.iter().map(arrival).collect(),
    };
    sign_act(OPERATOR, nonce, deed)
}

/// The quarter of `docs/METRICS.md`.
fn quarter() -> City {
    let mut city = City::with_units(&UNITS);
    let copied = ["100.00", "", "40.00", "50.00"];
    let first_quarter = slot("520300", "quarterly-accounts", "2021-Q1");
    submit(
        &mut city,
        "2021-07-02T08:00:00+08:00",
        &snapshot(first_quarter, 1, copied),
    );
    submit(
        &mut city,
        "2021-07-05T09:00:00+08:00",
        &snapshot(accounts("520100"), 1, UNBALANCED),
    );
    submit(
        &mut city,
        "2021-07-06T09:00:00+08:00",
        &snapshot(accounts("520100"), 2, GOOD),
    );
    city.now_ms = at("2021-07-07T00:00:00+08:00");
    let reason = String::from("merged");
    let slot = accounts("520199");
    city.take(&sign_act(OPERATOR, 40, Deed::Exempt { slot, reason }))
        .unwrap();
    city.take(&import(
        41,
        "2021-Q2",
        &[("ZONE-1", "2021-07-06T10:00:00+08:00")],
    ))
    .unwrap();
    submit(
        &mut city,
        "2021-07-09T12:00:00+08:00",
        &snapshot(accounts("520300"), 1, copied),
    );
    let first = ["100.00", "10.00", "40.00", ""];
    submit(
        &mut city,
        "2021-07-10T12:00:00+08:00",
        &snapshot(accounts("520200"), 1, first),
    );
    let revised = ["110.00", "10.00", "40.00", "60.00"];
    submit(
        &mut city,
        "2021-07-12T12:00:00+08:00",
        &snapshot(accounts("520200"), 2, revised),
    );
    city
}

/// The six slots of the example.
fn example() -> Filter {
    let units = UNITS.iter().chain(&["520199", "ZONE-1"]);
    Filter {
        units: units.map(|code| unit(code)).collect(),
        datasets: ["quarterly-accounts".parse().unwrap()].into(),
        periods: [Period::parse("2021-Q2").unwrap()].into(),
        ..Filter::default()
    }
}

fn tally_of(city: &City, filter: &Filter, instant: &str) -> Tally {
    let tallies = tallies(&board(city), filter, GroupBy::Nothing, at(instant));
    tallies
        .into_iter()
        .next()
        .map_or_else(Tally::default, |(_, tally)| tally)
}

fn text(value: Option<&Value>) -> String {
    match value {
        None => "none".into(),
        Some(Value::Share {
            numerator,
            denominator,
        }) => format!("{numerator}/{denominator}"),
        Some(Value::DurationMs(ms)) => format!("{} h", ms / 3_600_000),
        Some(Value::Number(number)) => format!("{number} %"),
    }
}

#[test]
fn the_worked_examples_are_computed() {
    let page = include_str!("../../docs/METRICS.md");
    let tally = tally_of(&quarter(), &example(), "2021-08-01T00:00:00+08:00");
    assert_eq!(tally.counts.expected(), 5);
    for (measure, value) in tally.values() {
        let row = format!("| `{}` | {} |", measure.word(), text(value.as_ref()));
        assert!(page.contains(&row), "docs/METRICS.md lacks: {row}");
    }
}

#[test]
fn imported_history_stands_apart_unless_it_is_counted() {
    let city = quarter();
    let zone = |imported| Filter {
        units: [unit("ZONE-1")].into(),
        imported,
        ..example()
    };
    let counts = |imported, instant| tally_of(&city, &zone(imported), instant).counts;
    let later = "2021-08-01T00:00:00+08:00";
    let expected = |timely, imported, missing| StateCounts {
        timely,
        imported,
        missing,
        ..StateCounts::default()
    };
    assert_eq!(counts(Imported::Apart, later), expected(0, 1, 0));
    assert_eq!(counts(Imported::Counted, later), expected(1, 1, 0));
    let slots = |imported, states: BTreeSet<SlotState>| {
        board(&city).slots(&zone(imported), &states, at(later), None, 9)
    };
    let listed = slots(Imported::Apart, BTreeSet::new());
    assert_eq!(
        (listed[0].imported, listed[0].state),
        (true, SlotState::Timely)
    );
    assert_eq!(slots(Imported::Apart, [SlotState::Timely].into()), []);
    assert_eq!(slots(Imported::Counted, [SlotState::Timely].into()), listed);
    // Before the act was received nobody knew of the arrival.
    let before = counts(Imported::Counted, "2021-07-06T18:00:00+08:00");
    assert_eq!((before.pending, before.imported), (1, 0));
}

#[test]
fn imports_are_checked_and_the_first_one_stays() {
    let mut city = quarter();
    let refused = |city: &mut City, nonce, period, arrivals: &[_]| {
        let refusal = city.take(&import(nonce, period, arrivals)).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Act);
        refusal.message.en
    };
    let good = ("520102", "2021-07-01T09:00:00+08:00");
    let check = |city: &mut City, nonce, period, bad: (&'static str, &'static str), why: &str| {
        let message = refused(city, nonce, period, &[good, bad]);
        assert_eq!(message, format!("row 2 (unit {}, {period}): {why}", bad.0));
    };
    let day = "2021-07-06T10:00:00+08:00";
    let not_expected = "the roster does not expect it";
    check(&mut city, 60, "2021-Q2", ("999999", day), not_expected);
    let future = "its arrival lies in the future";
    check(
        &mut city,
        61,
        "2021-Q2",
        ("520103", "2021-07-12T12:00:01+08:00"),
        future,
    );
    let early = "its arrival lies before the period begins";
    check(
        &mut city,
        62,
        "2021-Q2",
        ("520103", "2021-03-31T23:59:59+08:00"),
        early,
    );
    check(&mut city, 63, "2021-Q2", good, "the same slot occurs twice");

    // The same arrival again changes nothing; another one makes the whole act void.
    let key = keys::slot(Table::Slot, &accounts("ZONE-1"));
    let before = city.store.rows[&key].clone();
    city.take(&import(64, "2021-Q2", &[("ZONE-1", day)]))
        .unwrap();
    assert_eq!(city.store.rows[&key], before);
    let other = [good, ("ZONE-1", "2021-07-06T10:00:01+08:00")];
    let applied = city.take(&import(65, "2021-Q2", &other)).unwrap();
    let why = applied.ineffective.unwrap().message.en;
    assert_eq!(
        why,
        "row 2 (unit ZONE-1, 2021-Q2): another arrival was imported for it before"
    );
    assert!(
        city.store
            .row(&keys::slot(Table::Slot, &accounts("520102")))
            .unwrap()
            .is_none()
    );
    assert_eq!(city.digest(), city.rebuilt().digest());
}

#[test]
fn a_revision_keeps_first_and_current_values() {
    let city = quarter();
    let row = |unit| {
        let row = city
            .store
            .row(&keys::slot(Table::Revision, &accounts(unit)))
            .unwrap();
        row.map(|row| RevisionRow::decode_row(&row).unwrap())
    };
    assert_eq!(row("520100"), None, "a returned snapshot is no first value");
    let names = |row: RevisionRow| {
        row.figures
            .into_iter()
            .map(|f| f.indicator)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(row("520200").unwrap()), ["gdp", "tertiary"]);
    let period = Period::parse("2021-Q2").unwrap();
    let catalogue = city.ledger.registry().catalogue().unwrap().clone();
    let lines =
        |instant| measures::revision_lines(&city.store, &catalogue, period, at(instant)).unwrap();
    let told = lines("2021-08-01T00:00:00+08:00");
    let told: Vec<_> = told
        .iter()
        .map(|l| (l.first.as_str(), l.latest.as_str()))
        .collect();
    assert_eq!(told, [("100.00", "110.00"), ("", "60.00")]);
    assert_eq!(lines("2021-07-12T11:59:59+08:00"), []);
}

#[test]
fn a_slot_row_tells_of_the_current_snapshot() {
    let city = quarter();
    let row = &city.store.rows[&keys::slot(Table::Slot, &accounts("520300"))];
    let facts = SlotRow::decode_row(row).unwrap().current.unwrap().facts;
    assert_eq!((facts.required_filled, facts.required_asked), (3, 4));
    assert!(!facts.empty && !facts.all_zero);
    let first_quarter = slot("520300", "quarterly-accounts", "2021-Q1");
    let before = &city.store.rows[&keys::slot(Table::Slot, &first_quarter)];
    let before = SlotRow::decode_row(before).unwrap().current.unwrap().facts;
    assert_eq!(
        facts.figures_sha256, before.figures_sha256,
        "the figures are copied"
    );
}

#[test]
fn the_matrix_and_the_units_are_those_of_the_periods_that_end_within() {
    let city = quarter();
    let (board, later) = (board(&city), at("2021-08-01T00:00:00+08:00"));
    let period = Period::parse("2021-Q2").unwrap();
    let matrix = measures::matrix(&board, period, later, Imported::Apart);
    let columns: Vec<_> = matrix
        .columns
        .iter()
        .map(|column| column.code.as_str())
        .collect();
    assert_eq!(columns, ["monthly-revenue", "quarterly-accounts"]);
    let row = matrix
        .rows
        .iter()
        .find(|row| row.unit.code == "520200")
        .unwrap();
    assert_eq!(row.cells[0].counts.missing, 3, "April, May and June");
    assert_eq!(
        (row.cells[1].counts.late, row.cells[1].lateness_ms),
        (1, 2 * 86_400_000)
    );
    let zone = matrix
        .rows
        .iter()
        .find(|row| row.unit.code == "ZONE-1")
        .unwrap();
    assert_eq!(
        (zone.cells[1].imported, zone.cells[1].counts.expected),
        (1, 0)
    );
    let units = measures::unit_measures(&board, period, later, Imported::Apart);
    let unit = units
        .iter()
        .find(|line| line.unit.code == "520100")
        .unwrap();
    assert_eq!(unit.last_seen_ms, Some(at("2021-07-06T09:00:00+08:00")));
    let words: Vec<_> = unit.measures.iter().map(|m| m.measure.as_str()).collect();
    assert_eq!(
        words,
        Measure::ALL.iter().map(|m| m.word()).collect::<Vec<_>>()
    );
    assert!(matches!(unit.measures[0].value, Some(Measured::Share(_))));
}

#[derive(Clone, Debug)]
enum Step {
    Submit {
        unit: usize,
        period: usize,
        revision: u32,
        figures: usize,
        explained: bool,
    },
    Extend(usize, i64),
    Exempt(usize),
    Import(usize, i64),
    Decide(usize, bool),
}

const PERIODS: [&str; 3] = ["2021-Q1", "2021-Q2", "2021-Q3"];
const FIGURES: [[&str; 4]; 6] = [
    GOOD,
    ["300.00", "30.00", "120.00", "150.00"],
    UNBALANCED,
    ["100.00", "10.00", "40.00", ""],
    ["0", "0", "0", "0"],
    ["", "", "", ""],
];

fn any_step() -> impl Strategy<Value = (u32, Step)> {
    let submit = (0..4_usize, 0..3_usize, 1..4_u32, 0..6_usize, any::<bool>()).prop_map(
        |(unit, period, revision, figures, explained)| Step::Submit {
            unit,
            period,
            revision,
            figures,
            explained,
        },
    );
    let step = prop_oneof![
        8 => submit,
        1 => (0..4_usize, 1..20_i64).prop_map(|(unit, days)| Step::Extend(unit, days)),
        1 => (0..4_usize).prop_map(Step::Exempt),
        2 => (0..4_usize, 0..3_i64).prop_map(|(unit, days)| Step::Import(unit, days)),
        2 => (0..4_usize, any::<bool>()).prop_map(|(unit, accepted)| Step::Decide(unit, accepted)),
    ];
    (1..300_000_000_u32, step)
}

fn envelope(city: &City, nonce: u8, step: &Step) -> Envelope {
    let reason = String::from("random");
    let act = |deed| sign_act(OPERATOR, nonce, deed);
    match step {
        Step::Submit {
            unit,
            period,
            revision,
            figures,
            explained,
        } => {
            let slot = slot(UNITS[*unit], "quarterly-accounts", PERIODS[*period]);
            let mut snapshot = snapshot(slot, *revision, FIGURES[*figures]);
            // Two deliveries are two payloads.
            snapshot.prepared_at_ms = i64::from(nonce);
            if *explained {
                snapshot = explain(snapshot, "GRANARY.MISSING", "not surveyed");
            }
            sign_snapshot(100 + *unit as u8, &snapshot)
        }
        Step::Extend(unit, days) => act(Deed::Extend {
            slot: accounts(UNITS[*unit]),
            due_at_ms: at("2021-07-08T12:00:00+08:00") + days * 86_400_000,
            reason,
        }),
        Step::Exempt(unit) => act(Deed::Exempt {
            slot: accounts(UNITS[*unit]),
            reason,
        }),
        Step::Import(unit, days) => {
            let arrival = Arrival {
                unit: support::unit(UNITS[*unit]),
                period: Period::parse("2021-Q2").unwrap(),
                arrived_at_ms: at("2021-06-29T12:00:00+08:00") + days * 86_400_000 / 2,
            };
            act(Deed::ImportHistory {
                dataset: "quarterly-accounts".parse().unwrap(),
                source: "register".into(),
                arrivals: vec![arrival],
            })
        }
        Step::Decide(unit, accepted) => act(Deed::Decide {
            slot: accounts(UNITS[*unit]),
            edit: EditId::new("GRANARY.MISSING").unwrap(),
            item: None,
            snapshot_index: current_index(city, &accounts(UNITS[*unit])),
            accepted: *accepted,
            reason,
        }),
    }
}

fn current_index(city: &City, slot: &SlotKey) -> LogIndex {
    let row = city.store.rows.get(&keys::slot(Table::Slot, slot));
    let current = row.and_then(|row| SlotRow::decode_row(row).unwrap().current);
    LogIndex(current.map_or(0, |current| current.index))
}

/// The city after each prefix of the steps that it took.
fn play(steps: &[(u32, Step)]) -> Vec<City> {
    let mut cities = vec![City::with_units(&UNITS)];
    for (nonce, (wait_ms, step)) in (1_u8..).zip(steps) {
        let mut city = cities.last().unwrap().clone();
        city.now_ms += i64::from(*wait_ms);
        let envelope = envelope(&city, nonce, step);
        // A third quarter that has not begun, or an extension that is none, is refused.
        if city.take(&envelope).is_ok() {
            cities.push(city);
        }
    }
    cities
}

fn any_steps() -> impl Strategy<Value = Vec<(u32, Step)>> {
    proptest::collection::vec(any_step(), 0..24)
}

/// Everything that can be asked about an instant, as text.
fn everything(city: &City, board: &Board, as_of_ms: i64) -> Vec<String> {
    let mut told = Vec::new();
    for imported in [Imported::Apart, Imported::Counted] {
        let filter = Filter {
            imported,
            ..Filter::default()
        };
        let under = Filter {
            under: Some(unit("520100")),
            ..filter.clone()
        };
        for by in GROUPINGS {
            told.push(format!("{:?}", tallies(board, &filter, by, as_of_ms).len()));
            for (group, tally) in tallies(board, &filter, by, as_of_ms) {
                let values: Vec<_> = tally.values().collect();
                told.push(format!("{by:?} {group:?} {:?} {values:?}", tally.counts));
            }
            told.push(format!("{:?}", board.counts(&under, by, as_of_ms)));
        }
        let slots = board.slots(&filter, &BTreeSet::new(), as_of_ms, None, usize::MAX);
        told.push(format!("{slots:?}"));
        for period in PERIODS.map(|period| Period::parse(period).unwrap()) {
            told.push(format!(
                "{:?}",
                measures::matrix(board, period, as_of_ms, imported)
            ));
            told.push(format!(
                "{:?}",
                measures::unit_measures(board, period, as_of_ms, imported)
            ));
        }
    }
    let catalogue = board.catalogue();
    for period in PERIODS.map(|period| Period::parse(period).unwrap()) {
        let lines = measures::revision_lines(&city.store, catalogue, period, as_of_ms).unwrap();
        told.push(format!("{lines:?}"));
        for line in measures::finding_lines(&city.store, catalogue, period, as_of_ms).unwrap() {
            let which = (&line.unit.code, &line.period, &line.edit);
            told.push(format!("{which:?} {} {}", line.status, line.opened_index));
        }
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn looking_back_equals_folding_what_came_before(
        steps in any_steps(),
        pick in any::<prop::sample::Index>(),
        later_ms in 0..400_000_000_i64,
    ) {
        let cities = play(&steps);
        let at = pick.index(cities.len());
        let (then, now) = (&cities[at], cities.last().unwrap());
        // Any instant until the next entry was received.
        let last = then.entries.last().unwrap().received_at_ms;
        let next = cities.get(at + 1).map(|city| city.entries.last().unwrap().received_at_ms - 1);
        let as_of_ms = (last + later_ms).min(next.unwrap_or(i64::MAX));
        prop_assert_eq!(
            everything(then, &board(then), as_of_ms),
            everything(now, &board(now), as_of_ms)
        );
    }

    #[test]
    fn a_board_that_follows_is_the_board_loaded(steps in any_steps()) {
        let mut kept: Option<Board> = None;
        let mut city = City::with_units(&UNITS);
        let whole = play(&steps).pop().unwrap();
        for index in city.entries.len()..whole.entries.len() {
            let kept = kept.get_or_insert_with(|| board(&city));
            kept.follow(&city.journal(whole.entries[index].clone(), &whole.store.payloads[index]));
        }
        let as_of_ms = whole.now_ms + 50 * 86_400_000;
        let kept = kept.unwrap_or_else(|| board(&city));
        prop_assert_eq!(everything(&whole, &kept, as_of_ms), everything(&whole, &board(&whole), as_of_ms));
    }

    #[test]
    fn five_states_sum_and_tallies_add_up(steps in any_steps(), day in 0..300_i64) {
        let city = play(&steps).pop().unwrap();
        let board = board(&city);
        let as_of_ms = at("2021-06-01T00:00:00+08:00") + day * 86_400_000;
        let mut slots = Vec::new();
        for imported in [Imported::Apart, Imported::Counted] {
            let filter = Filter { imported, ..Filter::default() };
            let whole = tallies(&board, &filter, GroupBy::Nothing, as_of_ms);
            let whole = whole.into_iter().next().map_or_else(Tally::default, |(_, tally)| tally);
            for by in GROUPINGS.into_iter().filter(|by| by.is_partition()) {
                let rows = tallies(&board, &filter, by, as_of_ms);
                let sum = rows.into_iter().fold(Tally::default(), |sum, (_, row)| sum.plus(row));
                prop_assert_eq!(&sum, &whole, "{:?}", by);
            }
            let apart = if imported == Imported::Apart { whole.counts.imported } else { 0 };
            slots.push(whole.counts.expected() + apart);
        }
        prop_assert_eq!(slots[0], slots[1], "every slot is expected or stands apart");
    }

    #[test]
    fn a_rebuild_gives_the_same_rows(steps in any_steps()) {
        let city = play(&steps).pop().unwrap();
        prop_assert_eq!(city.digest(), city.rebuilt().digest());
    }

    #[test]
    fn the_last_step_of_a_finding_is_its_status(steps in any_steps()) {
        let city = play(&steps).pop().unwrap();
        let findings = city.store.rows.iter().filter(|(key, _)| key[0] == Table::Finding as u8);
        for (_, row) in findings {
            let row = FindingRow::decode_row(row).unwrap();
            prop_assert_eq!(row.life.last().unwrap().status, row.status);
            prop_assert!(row.life.is_sorted_by_key(|step| step.index));
        }
    }
}
