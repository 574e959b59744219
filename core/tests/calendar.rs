//! Windows that refuse and are held open by extensions, and trees that change by date: through admission, fold and counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    completeness::{Board, Filter, Group, GroupBy, SlotState, StateCounts},
    ledger::{Deed, RefusalCode, admit, keys, rows::RollupRow},
    period::Period,
    snapshot::SlotKey,
};
use proptest::prelude::*;
use support::*;

const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];
const NOON: &str = "2021-07-08T12:00:00+08:00";

/// The sample city with its files changed, its clock at `now`, and the keys of these units: the first has 100.
fn city(changes: &[(&str, &str, &str)], units: &[&str], now: &str) -> City {
    let mut files = sample_bundle().files().clone();
    for (file, from, to) in changes {
        let text = files.get_mut(*file).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        *text = text.replacen(from, to, 1);
    }
    let mut city = City::with_catalogue(Bundle::new(files).unwrap(), units);
    city.now_ms = at(now);
    city
}

/// The sample's quarterly accounts with a window.
fn windowed(window: &str, now: &str) -> City {
    let deadline = "deadline = { day = 8, time = \"12:00\" }";
    let with = format!("{deadline}\nwindow = {{ {window} }}");
    city(
        &[("datasets.toml", deadline, &with)],
        &["520100", "520200"],
        now,
    )
}

fn submission(seed: u8, unit_code: &str, revision: u32) -> Envelope {
    sign_snapshot(seed, &snapshot(accounts(unit_code), revision, GOOD))
}

fn refused(city: &City, envelope: &Envelope) -> RefusalCode {
    let refusal = admit(city.ledger.registry(), &envelope.received(), city.now_ms).unwrap_err();
    assert!(!refusal.message.zh.is_empty() && refusal.message.en.contains("2021"));
    refusal.code
}

fn extend(city: &mut City, nonce: u8, unit_code: &str, until: &str) {
    let deed = Deed::Extend {
        slot: accounts(unit_code),
        due_at_ms: at(until),
        reason: "flood".into(),
    };
    city.take(&sign_act(OPERATOR, nonce, deed)).unwrap();
}

fn board(city: &City) -> Board {
    Board::load(
        &city.store,
        Arc::clone(city.ledger.registry().catalogue().unwrap()),
    )
    .unwrap()
}

fn state_of(city: &City, unit_code: &str, instant: &str) -> SlotState {
    let filter = Filter {
        units: [unit(unit_code)].into(),
        datasets: ["quarterly-accounts".parse().unwrap()].into(),
        periods: [Period::parse("2021-Q2").unwrap()].into(),
        ..Filter::default()
    };
    board(city).slots(&filter, &BTreeSet::new(), at(instant), None, 1)[0].state
}

#[test]
fn nothing_is_taken_before_a_window_opens_and_after_it_locks() {
    let window = "opens = { day = 2, time = \"08:00\" }, locks = { day = 20, time = \"12:00\" }";
    let mut city = windowed(window, "2021-07-02T07:59:59.999+08:00");
    let first = submission(100, "520100", 1);
    assert_eq!(refused(&city, &first), RefusalCode::NotOpen);
    city.now_ms += 1;
    city.take(&first).unwrap();
    city.now_ms = at("2021-07-20T12:00:00+08:00");
    // Each entry takes a millisecond.
    city.take(&submission(101, "520200", 1)).unwrap();
    // A revision is locked out as well.
    assert_eq!(
        refused(&city, &submission(100, "520100", 2)),
        RefusalCode::Locked
    );
    assert_eq!(
        state_of(&city, "520100", "2021-08-01T00:00:00+08:00"),
        SlotState::Timely
    );
    assert_eq!(
        state_of(&city, "520200", "2021-08-01T00:00:00+08:00"),
        SlotState::Late
    );
}

#[test]
fn an_extension_opens_a_locked_slot_again_until_its_own_deadline() {
    let window = "grace = \"2h\", locks = { day = 9, time = \"12:00\" }";
    let mut city = windowed(window, "2021-07-15T00:00:00+08:00");
    let late = submission(100, "520100", 1);
    assert_eq!(refused(&city, &late), RefusalCode::Locked);
    extend(&mut city, 40, "520100", "2021-07-20T12:00:00+08:00");
    // The slot beside it stays locked.
    assert_eq!(
        refused(&city, &submission(101, "520200", 1)),
        RefusalCode::Locked
    );
    // A shorter extension takes back nothing of what the first gave.
    extend(&mut city, 41, "520100", "2021-07-16T12:00:00+08:00");
    city.now_ms = at("2021-07-20T14:00:00+08:00");
    city.take(&late).unwrap();
    assert_eq!(
        refused(&city, &submission(100, "520100", 2)),
        RefusalCode::Locked
    );
    // The fold, which asks admission again, took the entry; a rebuild comes to the same rows.
    assert_eq!(city.rebuilt().store.rows, city.store.rows);
    assert_eq!(
        state_of(&city, "520100", "2021-08-01T00:00:00+08:00"),
        SlotState::Late
    );
}

#[test]
fn within_the_grace_a_report_is_timely_and_until_then_pending() {
    let mut city = windowed("grace = \"2h\"", "2021-07-08T14:00:00+08:00");
    city.take(&submission(100, "520100", 1)).unwrap();
    city.take(&submission(101, "520200", 1)).unwrap();
    let later = "2021-08-01T00:00:00+08:00";
    assert_eq!(state_of(&city, "520100", later), SlotState::Timely);
    assert_eq!(state_of(&city, "520200", later), SlotState::Late);
    assert_eq!(
        state_of(&city, "520100", "2021-07-08T13:00:00+08:00"),
        SlotState::Pending
    );
    assert_eq!(
        state_of(&city, "520200", "2021-07-08T14:00:00+08:00"),
        SlotState::Pending
    );
    assert_eq!(state_of(&city, "520200", NOON), SlotState::Pending);
}

#[test]
fn what_is_not_reported_has_no_slot_and_is_not_taken() {
    let deadline = "deadline = { day = 8, time = \"12:00\" }";
    let with = format!("{deadline}\nnot_reported = [\"Q2\"]");
    let mut city = city(
        &[("datasets.toml", deadline, &with)],
        &["520100"],
        "2021-07-02T00:00:00+08:00",
    );
    let refusal = city.take(&submission(100, "520100", 1)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::PeriodUnknown);
    assert!(
        refusal.message.en.contains("not reported for 2021-Q2"),
        "{refusal}"
    );
    let counts = board(&city).counts(
        &Filter::default(),
        GroupBy::DatasetPeriod,
        at("2021-12-01T00:00:00+08:00"),
    );
    let quarters: Vec<String> = counts
        .iter()
        .filter(|(group, _)| {
            group
                .dataset
                .as_ref()
                .is_some_and(|d| d.as_str() == "quarterly-accounts")
        })
        .map(|(group, _)| group.period.unwrap().to_string())
        .collect();
    assert_eq!(quarters, ["2021-Q1", "2021-Q3", "2021-Q4"]);
}

/// A county that moves to another city is summed up where it stood on the last day of each quarter, before and after the
/// catalogue knew that it would move.
#[test]
fn sums_follow_the_tree_of_their_period() {
    let units = ["520102", "520103"];
    let mut city = city(&[], &units, "2021-12-31T00:00:00+08:00");
    let quarters = ["2021-Q2", "2021-Q3"];
    for quarter in quarters {
        for (seed, county) in (100..).zip(units) {
            let own = slot(county, "quarterly-accounts", quarter);
            city.take(&sign_snapshot(seed, &snapshot(own, 1, GOOD)))
                .unwrap();
        }
    }
    let known = |city: &City, parent: &str, quarter: &str| {
        let key = keys::slot(
            keys::Table::Rollup,
            &slot(parent, "quarterly-accounts", quarter),
        );
        let row = city.store.rows.get(&key);
        let row = row.map(|row| RollupRow::decode_row(row).unwrap());
        row.map_or(0, |row| row.sums.first().map_or(0, |sum| sum.known))
    };
    let all = |city: &City| {
        quarters.map(|quarter| {
            [
                known(city, "520100", quarter),
                known(city, "520200", quarter),
            ]
        })
    };
    assert_eq!(all(&city), [[2, 0], [2, 0]]);
    let mut files = sample_bundle().files().clone();
    let text = files.get_mut("units.toml").unwrap();
    let moved = "code = \"520103\"\nname = { zh = \"云岩区\", en = \"Yunyan\" }\n";
    assert!(text.contains(moved));
    *text = text.replacen(
        &format!("{moved}parent = \"520100\""),
        &format!("{moved}parents = [{{ parent = \"520100\", to = \"2021-07-31\" }}, {{ parent = \"520200\", from = \"2021-08-01\" }}]"),
        1,
    );
    let publish = Deed::PublishCatalogue(Bundle::new(files).unwrap());
    city.take(&sign_act(OPERATOR, 50, publish)).unwrap();
    assert_eq!(all(&city), [[2, 0], [1, 1]]);
    // What is revised later is summed in the same places.
    for quarter in quarters {
        let own = slot("520103", "quarterly-accounts", quarter);
        city.take(&sign_snapshot(101, &snapshot(own, 2, GOOD)))
            .unwrap();
    }
    assert_eq!(all(&city), [[2, 0], [1, 1]]);
    assert_eq!(city.rebuilt().store.rows, city.store.rows);
}

/// A random city of eight units: two cities, six counties that open, close and move.
#[derive(Clone, Debug)]
struct Plan {
    /// For each county: first city, opening and closing month of 2021 to 2023.
    counties: Vec<(usize, Option<i32>, Option<i32>)>,
    /// What is decided later: county, city, and from which month on.
    moves: Vec<(usize, usize, i32)>,
    closings: Vec<(usize, i32)>,
}

/// The last month about which the first catalogue knows everything.
const KNOWN_MONTHS: i32 = 18;

fn any_plan() -> impl Strategy<Value = Plan> {
    let county = (
        0..2_usize,
        prop::option::of(0..12_i32),
        prop::option::of(12..KNOWN_MONTHS),
    );
    let later = KNOWN_MONTHS + 1..36_i32;
    (
        prop::collection::vec(county, 6),
        prop::collection::vec((0..6_usize, 0..2_usize, later.clone()), 0..6),
        prop::collection::vec((0..6_usize, later), 0..3),
    )
        .prop_map(|(counties, moves, closings)| Plan {
            counties,
            moves,
            closings,
        })
}

fn first_day(month: i32) -> String {
    format!("{}-{:02}-01", 2021 + month / 12, month % 12 + 1)
}

fn day_before(month: i32) -> String {
    let day: jiff::civil::Date = first_day(month).parse().unwrap();
    day.yesterday().unwrap().to_string()
}

impl Plan {
    /// The catalogue's text: with what is decided later, or without.
    fn text(&self, with_later: bool) -> String {
        let mut text = String::new();
        for city in 0..2 {
            let name = "name = { zh = \"单位\", en = \"Unit\" }";
            let _ = writeln!(text, "[[unit]]\ncode = \"c{city}\"\n{name}");
            // One county stays, so that each row of the roster selects somebody.
            let _ = writeln!(
                text,
                "[[unit]]\ncode = \"k{city}\"\n{name}\nparent = \"c{city}\""
            );
        }
        for (place, (city, opens, closes)) in self.counties.iter().enumerate() {
            let _ = writeln!(
                text,
                "[[unit]]\ncode = \"u{place}\"\nname = {{ zh = \"县\", en = \"County\" }}"
            );
            let mut changes: BTreeMap<i32, usize> = BTreeMap::new();
            let mut closes = *closes;
            if with_later {
                let own = self.moves.iter().filter(|(county, _, _)| *county == place);
                changes.extend(own.map(|(_, to, from)| (*from, *to)));
                let closing = self.closings.iter().find(|(county, _)| *county == place);
                closes = closes.or(closing.map(|(_, month)| *month));
            }
            let mut parents = Vec::new();
            let (mut parent, mut from) = (*city, String::new());
            for (month, to) in changes {
                parents.push(format!(
                    "{{ parent = \"c{parent}\"{from}, to = \"{}\" }}",
                    day_before(month)
                ));
                (parent, from) = (to, format!(", from = \"{}\"", first_day(month)));
            }
            parents.push(format!("{{ parent = \"c{parent}\"{from} }}"));
            let _ = writeln!(text, "parents = [{}]", parents.join(", "));
            if let Some(opens) = opens {
                let _ = writeln!(text, "from = \"{}\"", first_day(*opens));
            }
            if let Some(closes) = closes {
                let _ = writeln!(text, "to = \"{}\"", day_before(closes));
            }
        }
        text + &datasets()
    }

    fn bundle(&self, with_later: bool) -> Bundle {
        let mut files = sample_bundle().files().clone();
        for name in ["datasets.toml", "roster.toml", "edits.toml"] {
            files.remove(name);
        }
        files.insert("units.toml".into(), self.text(with_later));
        Bundle::new(files).unwrap()
    }
}

/// Each city has a dataset of its own counties, with a grace and a part of the year that is left out.
fn datasets() -> String {
    (0..2)
        .map(|city| {
            format!(
                "[[dataset]]\ncode = \"d{city}\"\nname = {{ zh = \"报表\", en = \"Report\" }}\nperiodicity = \"month\"\n\
                 indicators = [\"revenue\"]\ndeadline = {{ day = 8, time = \"12:00\" }}\nwindow = {{ grace = \"1d\" }}\n\
                 not_reported = [\"M01\"]\nfirst_period = \"2021-M01\"\n\
                 [[roster]]\ndataset = \"d{city}\"\nunder = \"c{city}\"\n"
            )
        })
        .collect()
}

fn publish(plan: &Plan, with_later: bool) -> City {
    let mut city = City::with_catalogue(plan.bundle(with_later), &[]);
    city.now_ms = at("2022-08-15T00:00:00+08:00");
    city
}

/// Extends, exempts and decides nothing about what it cannot: an act about a slot that nobody owes is refused.
fn act(city: &mut City, nonce: u8, slot: SlotKey, days: i64) {
    let reason = String::from("random");
    let deed = match days {
        0 => Deed::Exempt { slot, reason },
        days => Deed::Extend {
            due_at_ms: at("2022-08-20T00:00:00+08:00") + days * 86_400_000,
            slot,
            reason,
        },
    };
    drop(city.take(&sign_act(OPERATOR, nonce, deed)));
}

fn counts(city: &City, by: GroupBy, until: i32, instant_ms: i64) -> Vec<(Group, StateCounts)> {
    let month = |number: i32| Period::parse("2021-M01").unwrap().plus(number);
    let filter = Filter {
        periods: (0..=until).filter_map(month).collect(),
        ..Filter::default()
    };
    board(city).counts(&filter, by, instant_ms)
}

/// How many slots begun by the instant the catalogue expects, asked one by one.
fn expected(catalogue: &Catalogue, instant_ms: i64) -> u64 {
    let today = jiff::Timestamp::from_millisecond(instant_ms).unwrap();
    let today = catalogue.zone().to_datetime(today).date();
    let mut count = 0;
    for dataset in catalogue.datasets() {
        for number in 0..60 {
            let period = Period::parse("2021-M01").unwrap().plus(number).unwrap();
            let units = catalogue.units().iter();
            let owed = units.filter(|u| catalogue.expects(u.code(), dataset.code(), period));
            if period.first_day() <= today {
                count += owed.count() as u64;
            }
        }
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_past_stays_as_it_was_when_units_later_move_close_or_open(
        plan in any_plan(),
        acts in prop::collection::vec((0..6_usize, 0..2_usize, 1..KNOWN_MONTHS, 0..20_i64), 0..6),
        day in 0..1_400_i64,
        ms in 0..86_400_000_i64,
    ) {
        let mut cities = [publish(&plan, false), publish(&plan, true)];
        for (nonce, (county, dataset, month, days)) in (40_u8..).zip(&acts) {
            let period = Period::parse("2021-M01").unwrap().plus(*month).unwrap();
            let slot = SlotKey::new(
                unit(&format!("u{county}")),
                format!("d{dataset}").parse().unwrap(),
                period,
            );
            cities.iter_mut().for_each(|city| act(city, nonce, slot.clone(), *days));
        }
        let instant = at("2021-01-01T00:00:00+08:00") + day * 86_400_000 + ms;
        for by in [GroupBy::Nothing, GroupBy::Unit, GroupBy::Dataset, GroupBy::DatasetPeriod] {
            let [before, after] = [&cities[0], &cities[1]].map(|city| counts(city, by, KNOWN_MONTHS, instant));
            prop_assert_eq!(before, after, "{:?}", by);
        }
        for city in &cities {
            let catalogue = city.ledger.registry().catalogue().unwrap();
            let whole = counts(city, GroupBy::Nothing, 60, instant);
            let whole = whole.first().map_or(StateCounts::default(), |(_, counts)| *counts);
            prop_assert_eq!(whole.expected(), expected(catalogue, instant));
            for by in [GroupBy::Unit, GroupBy::Period, GroupBy::DatasetPeriod] {
                let rows = counts(city, by, 60, instant);
                let sum = rows.iter().fold(StateCounts::default(), |sum, (_, counts)| sum.plus(*counts));
                prop_assert_eq!(sum, whole, "{:?}", by);
            }
        }
        // On every last day of a month a county that is in force stands under exactly one city, and owes that one's dataset.
        let catalogue = cities[1].ledger.registry().catalogue().unwrap();
        for number in 1..40 {
            let period = Period::parse("2021-M01").unwrap().plus(number).unwrap();
            let reported = period.number() != 1;
            for county in (0..6).map(|county| unit(&format!("u{county}"))) {
                let in_force = catalogue.unit(&county).unwrap().in_force_on(period.last_day());
                let parent = catalogue.parent(&county, period).unwrap().to_string();
                for city in ["c0", "c1"] {
                    let dataset = city.replace('c', "d").parse().unwrap();
                    let owes = catalogue.expects(&county, &dataset, period);
                    prop_assert_eq!(owes, in_force && reported && parent == city);
                    let children = catalogue.children(&unit(city), &dataset, period);
                    prop_assert_eq!(children.contains(&county), owes);
                    let below = catalogue.descendants(&unit(city), period);
                    let place = catalogue.unit_index(&county).unwrap();
                    prop_assert_eq!(below.contains(&place), parent == city);
                }
            }
        }
    }
}
