//! Following changes gives the verdicts that a full re-check gives, and judges nothing that does not look at what changed.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::world::{NAMES, World, Written, Yearly, figure, indicator, unit, world, written};
use crate::{
    decimal::Decimal,
    detect::{hidiroglou_berthelot, modified_z},
    edits::{Edit, Scope},
    panel::{Alone, Checker, Method, Panel, Recheck, Screen, Verdicts},
};

/// A figure to enter: unit, period, indicator.
type Entry = (usize, usize, usize, Option<Decimal>);

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (
        any::<u16>(),
        0..6_usize,
        0..4_usize,
        prop::option::weighted(0.8, figure()),
    );
    let entry = entry
        .prop_map(|(unit, period, indicator, figure)| (unit.into(), period, indicator, figure));
    prop::collection::vec(entry, 1..12)
}

fn screens() -> Vec<Screen> {
    let history = modified_z::Parameters {
        values_min: 2,
        ..modified_z::Parameters::default()
    };
    let of = |name, method| Screen {
        indicator: indicator(name),
        scope: Scope::default(),
        method,
    };
    let some = Scope {
        units: Some((0..100).map(unit).collect()),
        ..Scope::default()
    };
    vec![
        of("a", Method::History(history)),
        Screen {
            scope: some,
            ..of(
                "a",
                Method::Change(hidiroglou_berthelot::Parameters::default()),
            )
        },
        of(
            "b",
            Method::Change(hidiroglou_berthelot::Parameters {
                units_min: 1,
                ..hidiroglou_berthelot::Parameters::default()
            }),
        ),
    ]
}

fn full(panel: &Panel, edits: &[Edit]) -> Vec<Verdicts> {
    Recheck::new(panel, edits.to_vec(), screens()).run(panel, &Yearly, &Alone)
}

/// The rules whose verdicts differ on some row.
fn differing(a: &[Verdicts], b: &[Verdicts]) -> Vec<usize> {
    let differs = |rule: &usize| a[*rule] != b[*rule];
    (0..a.len()).filter(differs).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn following_agrees_with_starting_anew(
        world in world(),
        edits in prop::collection::vec(written(), 1..5),
        entries in entries(),
    ) {
        let edits: Vec<Edit> = edits.iter().map(Written::compiled).collect();
        let panel = world.panel();
        let recheck = Recheck::new(&panel, edits.clone(), screens());
        let mut checker = Checker::new(panel, recheck, &Yearly, &Alone);
        for (unit, period, indicator, figure) in entries {
            let place = (unit % world.units, period % world.periods);
            let before = checker.verdicts().to_vec();
            let mut changes = Vec::new();
            checker.enter(place, &[(indicator, figure)], &Yearly, &mut changes).unwrap();
            let expect = full(checker.panel(), &edits);
            prop_assert_eq!(differing(checker.verdicts(), &expect), Vec::<usize>::new());
            for change in &changes {
                prop_assert_eq!(change.before, before[change.rule].get(change.row));
                prop_assert_eq!(change.after, expect[change.rule].get(change.row));
                prop_assert!(change.before != change.after);
            }
            let differ: usize = before.iter().zip(&expect).map(|(b, e)| {
                (0..checker.panel().layout().rows()).filter(|row| b.get(*row) != e.get(*row)).count()
            }).sum();
            prop_assert_eq!(changes.len(), differ);
        }
    }

    /// Records that come in one by one.
    #[test]
    fn an_empty_panel_fills_up(world in world(), edits in prop::collection::vec(written(), 1..3)) {
        let edits: Vec<Edit> = edits.iter().map(Written::compiled).collect();
        let empty = world.empty_panel();
        let recheck = Recheck::new(&empty, edits.clone(), screens());
        let mut checker = Checker::new(empty, recheck, &Yearly, &Alone);
        for period in 0..world.periods {
            for unit in (0..world.units.min(9)).rev() {
                let figures: Vec<_> = (0..).zip(NAMES).map(|(at, name)| {
                    (at, world.figures.get(&(unit, period, name)).copied())
                }).collect();
                checker.enter((unit, period), &figures, &Yearly, &mut Vec::new()).unwrap();
            }
        }
        let expect = full(checker.panel(), &edits);
        prop_assert_eq!(differing(checker.verdicts(), &expect), Vec::<usize>::new());
    }
}

/// Only what looks at the figure is judged, wherever it stands.
#[test]
fn what_looks_at_a_figure() {
    let world = World {
        units: 6,
        periods: 6,
        first: crate::period::Period::parse("2020-Q1").unwrap(),
        figures: std::collections::BTreeMap::new(),
    };
    let edits = [
        "a > 0",
        "b > 0",
        "a >= previous(a)",
        "year_ago(a) > 0",
        "ytd(a) > 0",
        "b = rollup(a)",
        "lag(a, 2) > 'other'#a",
    ];
    let edits: Vec<Edit> = edits
        .iter()
        .map(|text| Written::new(text, "").compiled())
        .collect();
    let panel = world.panel();
    let recheck = Recheck::new(&panel, edits, Vec::new());
    let checker = Checker::new(panel, recheck, &Yearly, &Alone);
    let found: BTreeSet<(usize, usize)> = checker.affected((4, 1), 0).collect();
    let row = |unit, period| checker.panel().layout().row(unit, period);
    let parent = World::parent(4, 0).unwrap();
    let expect = [
        (0, row(4, 1)),
        (2, row(4, 1)),
        (2, row(4, 2)),
        (3, row(4, 5)),
        (4, row(4, 1)),
        (4, row(4, 2)),
        (4, row(4, 3)),
        (5, row(parent, 1)),
        (6, row(4, 3)),
    ];
    assert_eq!(found, BTreeSet::from(expect));
}
