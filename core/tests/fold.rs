//! The laws of the fold: deterministic, order-free, honest about time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use granary_core::{
    code::EditId,
    ledger::{
        Deed, FindingStatus, JournalEntry, LogIndex, Outcome, RefusalCode, Subject, View,
        keys::{self, Table},
        rows::{FindingRow, SlotRow, VintageRow},
    },
    snapshot::SlotKey,
};
use proptest::prelude::*;
use support::*;

const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];

fn slot_row(city: &City, slot: &SlotKey) -> SlotRow {
    SlotRow::decode_row(&city.store.rows[&keys::slot(Table::Slot, slot)]).unwrap()
}

fn outcome(city: &City, slot: &SlotKey, index: u64) -> Outcome {
    let row = &city.store.rows[&keys::vintage(slot, LogIndex(index))];
    Outcome::from_number(VintageRow::decode_row(row).unwrap().outcome).unwrap()
}

fn finding(city: &City, slot: &SlotKey, edit: &str) -> Option<FindingRow> {
    let key = keys::finding(slot, &EditId::new(edit).unwrap(), None);
    Some(FindingRow::decode_row(city.store.rows.get(&key)?).unwrap())
}

fn status(city: &City, slot: &SlotKey, edit: &str) -> Option<FindingStatus> {
    FindingStatus::from_number(finding(city, slot, edit)?.status)
}

fn submit(city: &mut City, seed: u8, slot: &SlotKey, revision: u32, figures: [&str; 4]) -> u64 {
    let snapshot = snapshot(slot.clone(), revision, figures);
    city.take(&sign_snapshot(seed, &snapshot)).unwrap();
    city.entries.len() as u64 - 1
}

#[test]
fn a_returned_snapshot_never_becomes_current_and_the_clock_keeps_running() {
    let mut city = City::with_units(&["520100"]);
    let slot = accounts("520100");
    let first = submit(
        &mut city,
        100,
        &slot,
        1,
        ["100.00", "10.00", "40.00", "49.00"],
    );
    assert_eq!(outcome(&city, &slot, first), Outcome::Returned);
    let row = slot_row(&city, &slot);
    assert_eq!(
        (
            row.current.clone(),
            row.first_accepted_at_ms,
            row.returned_count
        ),
        (None, None, 1)
    );
    assert_eq!(
        status(&city, &slot, "GDP.BALANCE"),
        Some(FindingStatus::Open)
    );

    city.now_ms += 1_000_000;
    let second = submit(&mut city, 100, &slot, 2, GOOD);
    assert_eq!(outcome(&city, &slot, second), Outcome::Accepted);
    let later = slot_row(&city, &slot);
    assert_eq!(later.first_received_at_ms, row.first_received_at_ms);
    assert!(later.first_accepted_at_ms > row.first_received_at_ms);
    assert_eq!(later.current.unwrap().index, second);
    assert_eq!(
        status(&city, &slot, "GDP.BALANCE"),
        Some(FindingStatus::Corrected)
    );
}

#[test]
fn a_revision_does_not_make_a_timely_report_late() {
    let mut city = City::with_units(&["520100"]);
    let slot = accounts("520100");
    submit(&mut city, 100, &slot, 1, GOOD);
    let before = slot_row(&city, &slot);
    city.now_ms += 90_000_000;
    submit(
        &mut city,
        100,
        &slot,
        2,
        ["101.00", "11.00", "40.00", "50.00"],
    );
    let after = slot_row(&city, &slot);
    assert_eq!(after.first_accepted_at_ms, before.first_accepted_at_ms);
    assert!(after.current.unwrap().received_at_ms > before.current.unwrap().received_at_ms);
}

#[test]
fn a_blank_required_cell_is_returned_and_a_stated_absence_is_asked_about() {
    let mut city = City::with_units(&["520100"]);
    let slot = accounts("520100");
    let mut blank = snapshot(slot.clone(), 1, GOOD);
    blank
        .observations
        .retain(|o| o.indicator.as_str() != "tertiary");
    city.take(&sign_snapshot(100, &blank)).unwrap();
    let required = finding(&city, &slot, "GRANARY.REQUIRED").unwrap();
    assert!(
        required
            .failure
            .message_zh
            .contains("第三产业增加值（tertiary）")
    );
    assert!(required.failure.validity);
    let stated = submit(&mut city, 100, &slot, 2, ["100.00", "10.00", "40.00", ""]);
    assert_eq!(outcome(&city, &slot, stated), Outcome::Accepted);
    assert_eq!(
        status(&city, &slot, "GRANARY.MISSING"),
        Some(FindingStatus::Open)
    );
    assert_eq!(
        status(&city, &slot, "GRANARY.REQUIRED"),
        Some(FindingStatus::Corrected)
    );
}

/// The sample's province with its three prefectures.
fn province() -> (City, SlotKey) {
    let city = City::with_units(&["520000", "520100", "520200", "520300"]);
    (city, accounts("520000"))
}

#[test]
fn a_roll_up_is_undecided_until_all_children_are_in_and_follows_each_of_them() {
    let (mut city, parent) = province();
    submit(
        &mut city,
        100,
        &parent,
        1,
        ["300.10", "30.00", "120.10", "150.00"],
    );
    submit(&mut city, 101, &accounts("520100"), 1, GOOD);
    submit(&mut city, 102, &accounts("520200"), 1, GOOD);
    assert_eq!(finding(&city, &parent, "GDP.ROLLUP"), None);
    submit(&mut city, 103, &accounts("520300"), 1, GOOD);
    let found = finding(&city, &parent, "GDP.ROLLUP").unwrap();
    assert_eq!(
        FindingStatus::from_number(found.status),
        Some(FindingStatus::Open)
    );
    assert_eq!(
        found
            .failure
            .imbalance
            .unwrap()
            .decimal()
            .unwrap()
            .to_string(),
        "0.10"
    );
    // A child's revision mends its parent's finding.
    submit(
        &mut city,
        103,
        &accounts("520300"),
        2,
        ["100.10", "10.10", "40.00", "50.00"],
    );
    assert_eq!(
        status(&city, &parent, "GDP.ROLLUP"),
        Some(FindingStatus::Corrected)
    );
}

#[test]
fn rounding_of_every_figure_is_allowed_for_in_a_roll_up() {
    let (mut city, parent) = province();
    submit(
        &mut city,
        100,
        &parent,
        1,
        ["300.02", "30.00", "120.02", "150.00"],
    );
    for (seed, child) in [(101, "520100"), (102, "520200"), (103, "520300")] {
        submit(&mut city, seed, &accounts(child), 1, GOOD);
    }
    // Four figures of two decimals may be off by 0.005 each: 0.02 in all.
    assert_eq!(finding(&city, &parent, "GDP.ROLLUP"), None);
    submit(
        &mut city,
        100,
        &parent,
        2,
        ["300.03", "30.00", "120.03", "150.00"],
    );
    assert_eq!(
        status(&city, &parent, "GDP.ROLLUP"),
        Some(FindingStatus::Open)
    );
}

#[test]
fn an_explanation_is_decided_on_once_and_lapses_with_the_figures() {
    let (mut city, parent) = province();
    for (seed, child) in [(101, "520100"), (102, "520200"), (103, "520300")] {
        submit(&mut city, seed, &accounts(child), 1, GOOD);
    }
    let state = |city: &City| status(city, &parent, "GDP.ROLLUP");
    let off = ["301.00", "31.00", "120.00", "150.00"];
    let explained = explain(
        snapshot(parent.clone(), 1, off),
        "GDP.ROLLUP",
        "includes the zone",
    );
    city.take(&sign_snapshot(100, &explained)).unwrap();
    let index = city.entries.len() as u64 - 1;
    assert_eq!(state(&city), Some(FindingStatus::Explained));

    let decide = |snapshot_index, accepted| Deed::Decide {
        slot: parent.clone(),
        edit: EditId::new("GDP.ROLLUP").unwrap(),
        item: None,
        snapshot_index: LogIndex(snapshot_index),
        accepted,
        reason: "checked against the register".into(),
    };
    city.take(&sign_act(OPERATOR, 50, decide(index - 1, true)))
        .unwrap();
    assert_eq!(
        state(&city),
        Some(FindingStatus::Explained),
        "a decision about another snapshot"
    );
    city.take(&sign_act(OPERATOR, 51, decide(index, true)))
        .unwrap();
    assert_eq!(state(&city), Some(FindingStatus::Accepted));
    assert_eq!(
        finding(&city, &parent, "GDP.ROLLUP")
            .unwrap()
            .decision_reason,
        "checked against the register"
    );

    // A child's revision changes the figures that were decided on.
    submit(
        &mut city,
        101,
        &accounts("520100"),
        2,
        ["100.50", "10.50", "40.00", "50.00"],
    );
    assert_eq!(state(&city), Some(FindingStatus::Explained));
    assert_eq!(
        finding(&city, &parent, "GDP.ROLLUP")
            .unwrap()
            .decision_reason,
        ""
    );
}

#[test]
fn a_republished_catalogue_makes_the_sums_anew() {
    let (mut city, parent) = province();
    for (seed, child) in [(101, "520100"), (102, "520200"), (103, "520300")] {
        submit(&mut city, seed, &accounts(child), 1, GOOD);
    }
    let key = keys::slot(Table::Rollup, &parent);
    let before = city.store.rows[&key].clone();
    city.take(&sign_act(
        OPERATOR,
        60,
        Deed::PublishCatalogue(sample_bundle()),
    ))
    .unwrap();
    assert_eq!(city.store.rows[&key], before);
    assert_eq!(city.digest(), city.rebuilt().digest());
}

#[test]
fn what_a_faulty_program_journals_has_no_effect() {
    let mut city = City::with_units(&["520100", "520200"]);
    let slot = accounts("520100");
    let forged = sign_snapshot(101, &snapshot(slot.clone(), 1, GOOD));
    assert_eq!(
        city.take(&forged).unwrap_err().code,
        RefusalCode::KeyOfAnotherUnit
    );
    let entry = JournalEntry {
        received_at_ms: city.now_ms,
        subject: Subject::Snapshot(slot.clone()),
        payload_sha256: granary_core::digest::Digest::of(&forged.payload),
        signatures: forged.signatures.clone(),
    };
    let applied = city.journal(entry, &forged.payload);
    assert_eq!(
        applied.ineffective.unwrap().code,
        RefusalCode::KeyOfAnotherUnit
    );
    assert_eq!(
        city.store.row(&keys::slot(Table::Slot, &slot)).unwrap(),
        None
    );
}

/// One step of a random history: which unit, which revision, which figures.
fn any_step() -> impl Strategy<Value = (usize, u32, usize)> {
    (0..4_usize, 1..5_u32, 0..5_usize)
}

const FIGURES: [[&str; 4]; 5] = [
    GOOD,
    ["300.00", "30.00", "120.00", "150.00"],
    ["100.00", "10.00", "40.00", "49.00"],
    ["200.4", "20.4", "80", "100.0"],
    ["100.00", "", "40.00", "50.00"],
];
const UNITS: [&str; 4] = ["520000", "520100", "520200", "520300"];

fn run(steps: &[(usize, u32, usize)]) -> City {
    let mut city = City::with_units(&UNITS);
    for &(who, revision, figures) in steps {
        let seed = 100 + u8::try_from(who).unwrap();
        let snapshot = snapshot(accounts(UNITS[who]), revision, FIGURES[figures]);
        city.take(&sign_snapshot(seed, &snapshot)).unwrap();
    }
    city
}

/// What any order of delivery must agree on: each slot's current payload, and the parent's sums.
fn values(city: &City) -> Vec<[Option<Vec<u8>>; 2]> {
    let values = UNITS.iter().map(|unit| {
        let slot = accounts(unit);
        let row = city.store.rows.get(&keys::slot(Table::Slot, &slot));
        let current = row.and_then(|row| SlotRow::decode_row(row).unwrap().current);
        let sums = city
            .store
            .rows
            .get(&keys::slot(Table::Rollup, &slot))
            .cloned();
        [
            current.map(|current| current.payload_sha256),
            sums.filter(|sums| !sums.is_empty()),
        ]
    });
    values.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_order_of_delivery_ends_in_the_same_values(
        steps in proptest::collection::vec(any_step(), 0..14).prop_flat_map(|steps| {
            (Just(steps.clone()), Just(steps).prop_shuffle())
        })
    ) {
        prop_assert_eq!(values(&run(&steps.0)), values(&run(&steps.1)));
    }

    #[test]
    fn a_rebuild_gives_the_same_rows(steps in proptest::collection::vec(any_step(), 0..12)) {
        let city = run(&steps);
        prop_assert_eq!(city.digest(), city.rebuilt().digest());
    }

    #[test]
    fn sums_are_those_of_the_current_values(steps in proptest::collection::vec(any_step(), 0..14)) {
        // Folding everything and republishing makes the sums from scratch; they must be what increments had made.
        let mut city = run(&steps);
        let before = values(&city);
        city.take(&sign_act(OPERATOR, 77, Deed::PublishCatalogue(sample_bundle()))).unwrap();
        prop_assert_eq!(values(&city), before);
    }
}
