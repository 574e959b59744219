//! Columns and single records give the same verdicts.

use proptest::prelude::*;

use super::world::{
    Threads, World, Written, Yearly, dataset, figure, indicator, unit, world, written,
};
use crate::{
    code::UnitCode,
    decimal::Decimal,
    digest::Digest,
    edits::Truth,
    panel::{Alone, Counts, Panel, Recheck, Verdicts, plan},
    period::Period,
    snapshot::{Observation, ObservationStatus, SlotKey, Snapshot},
};

/// Compares every row with the verdict on its record.
fn compare(world: &World, panel: &Panel, written: &Written, verdicts: &Verdicts) {
    let edit = written.compiled();
    for at in 0..world.units {
        for period in 0..world.periods {
            let in_force = edit
                .scope()
                .holds(&unit(at), panel.layout().periods()[period]);
            let expect = in_force.then(|| edit.evaluate(&world.record(at, period)).truth);
            let row = panel.layout().row(at, period);
            assert_eq!(
                verdicts.get(row),
                expect,
                "{written:?} unit {at} period {period}"
            );
        }
    }
    assert!(verdicts.decided.rows().all(|row| verdicts.judged.get(row)));
    assert!(verdicts.holds.rows().all(|row| verdicts.decided.get(row)));
}

fn is_bound(panel: &Panel, written: &Written) -> bool {
    let edit = written.compiled();
    let rollups = Recheck::new(panel, vec![edit.clone()], Vec::new()).sums(panel);
    plan::bind(&edit, panel, &rollups).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn columns_agree_with_records(world in world(), written in written()) {
        let panel = world.panel();
        let verdicts = written.compiled().evaluate_columns(&panel, &Yearly);
        compare(&world, &panel, &written, &verdicts);
    }

    #[test]
    fn threads_change_nothing(world in world(), a in written(), b in written()) {
        let panel = world.panel();
        let (a, b) = (a.compiled(), b.compiled());
        let recheck = Recheck::new(&panel, vec![a.clone(), b], Vec::new());
        let one = recheck.run(&panel, &Yearly, &Alone);
        for threads in [2, 3, 100] {
            prop_assert_eq!(&recheck.run(&panel, &Yearly, &Threads(threads)), &one);
        }
        prop_assert_eq!(&a.evaluate_columns(&panel, &Yearly), &one[0]);
    }

    /// What is entered is what is read, whatever stands beside it in the column.
    #[test]
    fn figures_keep_their_digits(figures in prop::collection::vec(prop::option::of(figure()), 1..30)) {
        let world = World {
            units: 5,
            periods: 6,
            first: Period::parse("2020-Q1").unwrap(),
            figures: std::collections::BTreeMap::new(),
        };
        let mut panel = world.empty_panel();
        for (at, figure) in figures.iter().enumerate() {
            panel.set(at % 5, at / 5, 0, *figure).unwrap();
        }
        for (at, figure) in figures.iter().enumerate() {
            let kept = panel.figure(at % 5, at / 5, 0).map(|figure| figure.to_string());
            prop_assert_eq!(kept, figure.map(|figure| figure.to_string()));
        }
    }
}

/// Everyday edits are bound to columns; what the engine leaves to single records is known.
#[test]
fn what_is_computed_by_columns() {
    let world = World {
        units: 70,
        periods: 5,
        first: Period::parse("2020-Q1").unwrap(),
        figures: (0..70)
            .map(|unit| ((unit, 0, "a"), Decimal::new(12_345, 2).unwrap()))
            .collect(),
    };
    let panel = world.panel();
    for (expression, tolerance) in [
        ("a = b + c", "0.05"),
        ("a = b + c", "rounding"),
        ("a = b + c", "0.1%"),
        ("a = b * c / 100", "0.05"),
        ("a = rollup(a)", "1"),
        ("subperiod() = 1 or a >= previous(a)", ""),
        (
            "if year_ago(a) > 0 then abs(b * year_ago(a) - 100 * (a - year_ago(a))) <= 0.5 * year_ago(a) else null",
            "",
        ),
        ("not (a > 0 and b > 0) or round(c, 1) in {1, 2}", ""),
        ("nvl(a, 0) + ytd(b) >= (if c > 0 then d else -d)", "0.5"),
    ] {
        assert!(
            is_bound(&panel, &Written::new(expression, tolerance)),
            "{expression}"
        );
    }
    for (expression, tolerance) in [
        ("a / b < 2", ""),
        ("sqrt(a) < b", ""),
        ("a = 'other'#a", ""),
        ("a = rollup(a)", "rounding"),
        ("a * b = c", "rounding"),
    ] {
        assert!(
            !is_bound(&panel, &Written::new(expression, tolerance)),
            "{expression}"
        );
    }
}

/// A figure of 18 digits and one of 18 digits after the point cannot meet in 64 bits.
#[test]
fn long_figures_are_computed_in_128_bits() {
    let mut world = World {
        units: 4,
        periods: 1,
        first: Period::parse("2020-Q1").unwrap(),
        figures: std::collections::BTreeMap::new(),
    };
    let d = |text: &str| Decimal::parse(text).unwrap();
    for (unit, a, b) in [
        (0, "999999999999999999", "999999999999999999"),
        (1, "99999999999999999", "99999999999999998.9"),
        (2, "0.999999999999999999", "0.999999999999999998"),
        (3, "999999999999999999", "0.000000000000000001"),
    ] {
        world.figures.insert((unit, 0, "a"), d(a));
        world.figures.insert((unit, 0, "b"), d(b));
    }
    let mut world_in_18_digits = world.clone();
    world_in_18_digits.figures.remove(&(1, 0, "b"));
    let panel = world_in_18_digits.panel();
    let written = Written::new("a - b <= 0", "");
    assert!(is_bound(&panel, &written));
    let verdicts = written.compiled().evaluate_columns(&panel, &());
    let found: Vec<Option<Truth>> = (0..4).map(|row| verdicts.get(row)).collect();
    let [yes, no, open] = [Truth::True, Truth::False, Truth::Undecided].map(Some);
    assert_eq!(found, [yes, open, no, no]);
    let counts = Counts {
        passed: 1,
        failed: 2,
        undecided: 1,
    };
    assert_eq!(verdicts.counts(), counts);
}

/// A column entered whole is the same as its figures entered one by one.
#[test]
fn whole_columns_can_be_entered() {
    let mut world = World {
        units: 70,
        periods: 2,
        first: Period::parse("2020-Q1").unwrap(),
        figures: std::collections::BTreeMap::new(),
    };
    let figure = |at: usize| (!at.is_multiple_of(5)).then_some(at as i64 * 7 - 300);
    let mut panel = world.empty_panel();
    for (column, name) in super::world::NAMES.iter().enumerate() {
        for at in 0..140 {
            if let Some(mantissa) = figure(at + column) {
                let value = Decimal::new(mantissa.into(), 1).unwrap();
                world.figures.insert((at % 70, at / 70, name), value);
            }
        }
        panel
            .set_column(column, 1, (0..140).map(|at| figure(at + column)))
            .unwrap();
    }
    for unit in 0..70 {
        panel.set_present(unit, 0);
        panel.set_present(unit, 1);
    }
    let written = Written::new("a + b >= 0 and previous(c) < 10 * d", "rounding");
    let verdicts = written.compiled().evaluate_columns(&panel, &());
    compare(&world, &panel, &written, &verdicts);
    assert_eq!(panel.set_column(0, 1, (0..139).map(figure)), None);
    assert_eq!(panel.dataset(), &dataset("own"));
}

/// A snapshot enters its figures, and only in a panel that has a place for it.
#[test]
fn snapshots_are_entered() {
    let world = World {
        units: 4,
        periods: 2,
        first: Period::parse("2020-Q1").unwrap(),
        figures: std::collections::BTreeMap::new(),
    };
    let mut panel = world.empty_panel();
    let snapshot = |unit: UnitCode, name: &str, period: &str| Snapshot {
        slot: SlotKey::new(unit, dataset(name), Period::parse(period).unwrap()),
        revision: 1,
        prepared_at_ms: 0,
        catalogue_version: Digest::of(b""),
        observations: vec![Observation {
            indicator: indicator("b"),
            item: None,
            value: Some(Decimal::new(150, 2).unwrap()),
            status: ObservationStatus::Normal,
        }],
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: String::new(),
    };
    panel.push(&snapshot(unit(2), "own", "2020-Q2")).unwrap();
    assert_eq!(panel.figure(2, 1, 1).unwrap().to_string(), "1.50");
    assert_eq!(panel.figure(2, 1, 0), None);
    for (unit, name, period) in [
        (unit(2), "other", "2020-Q2"),
        (unit(9), "own", "2020-Q2"),
        (unit(2), "own", "2020-Q3"),
        (unit(2), "own", "2020-M05"),
    ] {
        assert_eq!(panel.push(&snapshot(unit, name, period)), None);
    }
    let verdicts = Written::new("b > 1", "")
        .compiled()
        .evaluate_columns(&panel, &());
    let counts = Counts {
        passed: 1,
        ..Counts::default()
    };
    assert_eq!(verdicts.counts(), counts, "the others have no record");
    assert_eq!(verdicts.not_true().count(), 0);
}

/// Bounds are exact to the last digit: factors in common, tolerances between two digits, strict and not.
#[test]
fn bounds_are_exact() {
    let mut world = World {
        units: 49,
        periods: 1,
        first: Period::parse("2020-Q1").unwrap(),
        figures: std::collections::BTreeMap::new(),
    };
    for unit in 0..49 {
        for (name, mantissa) in [("a", unit / 7), ("b", unit % 7)] {
            let figure = Decimal::new(mantissa as i128 - 3, 2).unwrap();
            world.figures.insert((unit, 0, name), figure);
        }
    }
    let panel = world.panel();
    for op in ["=", "<>", "<", "<=", ">", ">="] {
        for (left, right) in [
            ("2 * a", "2 * b"),
            ("6 * a", "4 * b + 0.02"),
            ("a - 0.015", "-b"),
            ("3 * a", "9 * a - 3 * b"),
            ("a / 10", "b * 0.1"),
        ] {
            for tolerance in ["", "0.02", "0.03", "0.005", "0.001", "50%", "rounding"] {
                let written = Written::new(&format!("{left} {op} {right}"), tolerance);
                assert!(is_bound(&panel, &written), "{written:?}");
                let verdicts = written.compiled().evaluate_columns(&panel, &());
                compare(&world, &panel, &written, &verdicts);
            }
        }
    }
}
