//! The five states sum to the slots expected, under random histories, acts and instants.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::Catalogue,
    completeness::{Board, Filter, Group, GroupBy, OpenSlot, SlotAt, SlotState, StateCounts},
    ledger::{Deed, FindingStatus, View as _, history, keys, rows::FindingRow},
    period::{Period, Periodicity},
    snapshot::SlotKey,
};
use proptest::prelude::*;
use support::*;

const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];
const UNITS: [&str; 3] = ["520100", "520200", "ZONE-1"];

fn board(city: &City) -> Board {
    Board::load(
        &city.store,
        city.ledger.registry().catalogue().unwrap().clone(),
    )
    .unwrap()
}

fn only(unit_code: &str) -> Filter {
    Filter {
        units: [unit(unit_code)].into(),
        datasets: ["quarterly-accounts".parse().unwrap()].into(),
        periods: [Period::parse("2021-Q2").unwrap()].into(),
        ..Filter::default()
    }
}

fn state_of(city: &City, unit_code: &str, instant: &str) -> Option<SlotState> {
    let slots = board(city).slots(&only(unit_code), &BTreeSet::new(), at(instant), None, 10);
    slots.first().map(|slot| slot.state)
}

fn submit(city: &mut City, seed: u8, unit_code: &str) {
    let snapshot = snapshot(accounts(unit_code), 1, GOOD);
    city.take(&sign_snapshot(seed, &snapshot)).unwrap();
}

#[test]
fn the_due_instant_itself_is_in_time() {
    let mut city = City::with_units(&UNITS);
    city.now_ms = at("2021-07-08T12:00:00+08:00");
    submit(&mut city, 100, "520100");
    city.now_ms = at("2021-07-08T12:00:00.001+08:00");
    submit(&mut city, 101, "520200");
    let noon = "2021-07-08T12:00:00+08:00";
    assert_eq!(state_of(&city, "520100", noon), Some(SlotState::Timely));
    assert_eq!(state_of(&city, "520200", noon), Some(SlotState::Pending));
    assert_eq!(
        state_of(&city, "520200", "2021-07-08T12:00:00.001+08:00"),
        Some(SlotState::Late)
    );
    assert_eq!(
        state_of(&city, "ZONE-1", "2021-07-08T12:00:00.001+08:00"),
        Some(SlotState::Missing)
    );
    assert_eq!(
        state_of(&city, "520100", "2021-03-31T23:59:59+08:00"),
        None,
        "the period has not begun"
    );
}

#[test]
fn acts_change_a_state_from_their_own_instant_on() {
    let mut city = City::with_units(&UNITS);
    city.now_ms = at("2021-07-09T00:00:00+08:00");
    let extend = Deed::Extend {
        slot: accounts("520100"),
        due_at_ms: at("2021-07-20T12:00:00+08:00"),
        reason: "flood".into(),
    };
    city.take(&sign_act(OPERATOR, 40, extend)).unwrap();
    let exempt = Deed::Exempt {
        slot: accounts("520200"),
        reason: "merged".into(),
    };
    city.take(&sign_act(OPERATOR, 41, exempt)).unwrap();
    city.now_ms = at("2021-07-15T00:00:00+08:00");
    submit(&mut city, 100, "520100");
    assert_eq!(
        state_of(&city, "520100", "2021-07-08T18:00:00+08:00"),
        Some(SlotState::Missing)
    );
    assert_eq!(
        state_of(&city, "520100", "2021-07-10T00:00:00+08:00"),
        Some(SlotState::Pending)
    );
    assert_eq!(
        state_of(&city, "520100", "2021-07-16T00:00:00+08:00"),
        Some(SlotState::Timely)
    );
    assert_eq!(
        state_of(&city, "520200", "2021-07-08T18:00:00+08:00"),
        Some(SlotState::Missing)
    );
    assert_eq!(
        state_of(&city, "520200", "2021-07-10T00:00:00+08:00"),
        Some(SlotState::Exempt)
    );
}

#[test]
fn slots_are_listed_in_pages_without_gaps() {
    let city = City::with_units(&UNITS);
    let board = board(&city);
    let instant = at("2021-12-31T00:00:00+08:00");
    let all = board.slots(
        &Filter::default(),
        &BTreeSet::new(),
        instant,
        None,
        usize::MAX,
    );
    let mut paged: Vec<SlotKey> = Vec::new();
    loop {
        let page = board.slots(
            &Filter::default(),
            &BTreeSet::new(),
            instant,
            paged.last(),
            4,
        );
        if page.is_empty() {
            break;
        }
        paged.extend(page.into_iter().map(|slot| slot.slot));
    }
    assert!(all.len() > 20);
    assert_eq!(
        paged,
        all.into_iter().map(|slot| slot.slot).collect::<Vec<_>>()
    );
}

#[derive(Clone, Debug)]
enum Step {
    Submit(usize, u32, bool),
    Extend(usize, i64),
    Exempt(usize),
}

fn any_step() -> impl Strategy<Value = (u32, Step)> {
    let step = prop_oneof![
        4 => (0..3_usize, 1..4_u32, any::<bool>()).prop_map(|(u, r, good)| Step::Submit(u, r, good)),
        1 => (0..3_usize, 1..20_i64).prop_map(|(u, days)| Step::Extend(u, days)),
        1 => (0..3_usize).prop_map(Step::Exempt),
    ];
    (0..400_000_000_u32, step)
}

fn play(steps: &[(u32, Step)]) -> City {
    let mut city = City::with_units(&UNITS);
    for (nonce, (wait_ms, step)) in (1_u8..).zip(steps) {
        city.now_ms += i64::from(*wait_ms);
        let due = at("2021-07-08T12:00:00+08:00");
        let reason = String::from("random");
        let envelope = match step {
            Step::Submit(u, revision, good) => {
                let figures = if *good { GOOD } else { ["1", "1", "1", "1"] };
                sign_snapshot(
                    100 + *u as u8,
                    &snapshot(accounts(UNITS[*u]), *revision, figures),
                )
            }
            Step::Extend(u, days) => {
                let due_at_ms = due + days * 86_400_000;
                sign_act(
                    OPERATOR,
                    nonce,
                    Deed::Extend {
                        slot: accounts(UNITS[*u]),
                        due_at_ms,
                        reason,
                    },
                )
            }
            Step::Exempt(u) => sign_act(
                OPERATOR,
                nonce,
                Deed::Exempt {
                    slot: accounts(UNITS[*u]),
                    reason,
                },
            ),
        };
        city.take(&envelope).unwrap();
    }
    city
}

/// The slots that the roster expects, counted one by one by asking it about every unit, dataset and period.
fn expected(catalogue: &Catalogue, instant_ms: i64) -> u64 {
    let today = jiff::Timestamp::from_millisecond(instant_ms).unwrap();
    let today = catalogue.zone().to_datetime(today).date();
    let mut count = 0;
    for dataset in catalogue.datasets() {
        for year in 2021..=2023 {
            for number in 1..=12 {
                let Some(period) = Period::new(dataset.periodicity(), year, number) else {
                    continue;
                };
                let begun = period.first_day() <= today;
                let owed = catalogue
                    .units()
                    .iter()
                    .filter(|u| catalogue.expects(u.code(), dataset.code(), period));
                count += if begun { owed.count() as u64 } else { 0 };
            }
        }
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_five_states_sum(
        steps in proptest::collection::vec(any_step(), 0..10),
        day in 0..900_i64,
        ms in 0..86_400_000_i64,
    ) {
        let city = play(&steps);
        let board = board(&city);
        let instant = at("2021-01-01T00:00:00+08:00") + day * 86_400_000 + ms;
        let whole = board.counts(&Filter::default(), GroupBy::Nothing, instant);
        let whole = whole.first().map_or_else(StateCounts::default, |(_, counts)| *counts);
        prop_assert_eq!(whole.expected(), expected(board.catalogue(), instant));
        for by in [GroupBy::Unit, GroupBy::Dataset, GroupBy::Period, GroupBy::DatasetPeriod] {
            let rows = board.counts(&Filter::default(), by, instant);
            let sum = rows.iter().fold(StateCounts::default(), |sum, (_, counts)| sum.plus(*counts));
            prop_assert_eq!(sum, whole, "{:?}", by);
        }
        let slots = board.slots(&Filter::default(), &BTreeSet::new(), instant, None, usize::MAX);
        let mut listed = StateCounts::default();
        slots.iter().for_each(|slot| listed.add(slot.state));
        prop_assert_eq!(listed, whole);
        // Whoever asks for one state gets what stands in the whole list.
        for state in SlotState::ALL {
            let asked = board.slots(&Filter::default(), &BTreeSet::from([state]), instant, None, usize::MAX);
            let among: Vec<_> = slots.iter().filter(|slot| slot.state == state).cloned().collect();
            prop_assert_eq!(asked, among, "{:?}", state);
        }
    }

    #[test]
    fn what_is_open_is_what_slots_and_rows_say(
        steps in proptest::collection::vec(any_step(), 0..10),
        days in 0..60_i64,
    ) {
        let city = play(&steps);
        let board = board(&city);
        let catalogue = board.catalogue();
        let instant = city.now_ms + days * 86_400_000;
        let slots = board.slots(&Filter::default(), &BTreeSet::new(), instant, None, usize::MAX);
        let index = |slot: &SlotKey| (catalogue.dataset_index(&slot.dataset).unwrap(), slot.period);
        let sheets: BTreeSet<_> = slots.iter().map(|slot| index(&slot.slot)).collect();
        let open = board.open(&Filter::default(), &sheets, instant);

        let mut by_deadline: BTreeMap<_, StateCounts> = BTreeMap::new();
        for slot in &slots {
            let (dataset, period) = index(&slot.slot);
            by_deadline.entry((dataset, period, slot.due_at_ms)).or_default().add(slot.state);
        }
        prop_assert_eq!(&open.deadlines, &by_deadline);
        let returned = |slot: &SlotKey| {
            history::known(&city.store, slot, instant).unwrap().returned_count
        };
        let told = |open: &[OpenSlot]| -> BTreeSet<SlotKey> {
            assert!(open.is_sorted());
            open.iter().map(|slot| slot.at(catalogue).slot).collect()
        };
        let is_open = |slot: &&SlotAt| matches!(slot.state, SlotState::Missing | SlotState::Pending);
        let missing = slots.iter().filter(|slot| slot.state == SlotState::Missing);
        prop_assert_eq!(told(&open.late), missing.map(|slot| slot.slot.clone()).collect());
        let back = slots.iter().filter(is_open).filter(|slot| returned(&slot.slot) > 0);
        prop_assert_eq!(told(&open.returned), back.map(|slot| slot.slot.clone()).collect());
        for slot in &open.returned {
            prop_assert_eq!(slot.returned_count, returned(&slot.at(catalogue).slot));
        }

        let mut rows: BTreeMap<_, u64> = BTreeMap::new();
        city.store.scan(&keys::table(keys::Table::Finding), &mut |key, value| {
            let (slot, _) = keys::parse_slot(key).unwrap();
            if FindingRow::decode_row(value).unwrap().status == FindingStatus::Open.number() {
                *rows.entry(catalogue.unit_index(&slot.unit).unwrap()).or_default() += 1;
            }
            std::ops::ControlFlow::Continue(())
        }).unwrap();
        prop_assert_eq!(board.unexplained(&Filter::default(), instant), rows);
    }

    #[test]
    fn a_board_kept_up_to_date_is_the_board_loaded(steps in proptest::collection::vec(any_step(), 0..10)) {
        let mut city = City::with_units(&UNITS);
        let mut kept = board(&city);
        let whole = play(&steps);
        let start = city.entries.len();
        for index in start..whole.entries.len() {
            let applied = city.journal(whole.entries[index].clone(), &whole.store.payloads[index]);
            kept.follow(&applied);
        }
        let loaded = board(&whole);
        for instant in ["2021-07-08T12:00:00+08:00", "2021-07-20T00:00:00+08:00", "2022-01-01T00:00:00+08:00"] {
            let rows = |board: &Board| -> BTreeMap<Group, StateCounts> {
                board.counts(&Filter::default(), GroupBy::Unit, at(instant)).into_iter().collect()
            };
            prop_assert_eq!(rows(&kept), rows(&loaded));
        }
    }
}

#[test]
fn periodicities_have_their_words() {
    for periodicity in Periodicity::ALL {
        assert_eq!(
            Periodicity::from_word(periodicity.word()),
            Some(periodicity)
        );
    }
}
