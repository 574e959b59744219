//! Only what was known counts: the future may be permuted at will, and a kept model is the one that would be learnt again.

use granary_core::{
    catalogue::Catalogue,
    completeness::Filter,
    forecast::{Arrivals, Models, Wanted, arrivals, calibrate, risks},
    ledger::rows::{ExtensionRow, SlotRow},
};
use proptest::prelude::*;

use crate::world::{DAY_MS, HOUR_MS, Numbers, World};

const UNITS: usize = 12;
const MONTHS: usize = 14;

/// A slot's row in which anything may have happened around its deadline.
fn any_row(numbers: &mut Numbers, due_ms: i64) -> SlotRow {
    let around =
        |numbers: &mut Numbers| due_ms + (numbers.below(30 * 24) as i64 - 25 * 24) * HOUR_MS;
    let mut row = SlotRow::default();
    if numbers.below(5) > 0 {
        row.first_received_at_ms = Some(around(numbers));
        row.first_accepted_at_ms = row.first_received_at_ms;
    }
    if numbers.below(6) == 0 {
        let at_ms = row.first_accepted_at_ms.unwrap_or(due_ms);
        row.first_received_at_ms = Some(at_ms - numbers.below(20) as i64 * DAY_MS);
    }
    if numbers.below(12) == 0 {
        row.extensions.push(ExtensionRow {
            received_at_ms: around(numbers),
            due_at_ms: due_ms + numbers.below(20) as i64 * DAY_MS,
        });
    }
    if numbers.below(8) == 0 {
        row.imported_at_ms = Some(around(numbers));
        row.import_received_at_ms = Some(due_ms + numbers.below(60) as i64 * DAY_MS);
    }
    if numbers.below(25) == 0 {
        row.exempted_at_ms = Some(around(numbers));
    }
    row
}

fn fill(world: &mut World, seed: u64) -> Vec<Vec<SlotRow>> {
    let mut numbers = Numbers(seed);
    let rows: Vec<Vec<SlotRow>> = (0..MONTHS)
        .map(|period| {
            (0..UNITS)
                .map(|_| any_row(&mut numbers, world.due_ms(period)))
                .collect()
        })
        .collect();
    for (period, sheet) in rows.iter().enumerate() {
        for (unit, row) in sheet.iter().enumerate() {
            world.put(unit, period, row.clone());
        }
    }
    rows
}

/// The row with everything after an instant made up anew.
fn with_another_future(row: &SlotRow, as_of_ms: i64, numbers: &mut Numbers) -> SlotRow {
    let mut later = |at_ms: Option<i64>| match at_ms {
        Some(at_ms) if at_ms <= as_of_ms => Some(at_ms),
        Some(_) | None => {
            (numbers.below(2) == 0).then(|| as_of_ms + 1 + numbers.below(90) as i64 * DAY_MS)
        }
    };
    let first_received_at_ms = later(row.first_received_at_ms);
    let accepted = later(row.first_accepted_at_ms);
    let first_accepted_at_ms = accepted.filter(|at| first_received_at_ms.is_some_and(|r| r <= *at));
    SlotRow {
        first_received_at_ms,
        first_accepted_at_ms,
        exempted_at_ms: later(row.exempted_at_ms),
        import_received_at_ms: later(row.import_received_at_ms),
        imported_at_ms: row
            .imported_at_ms
            .map(|at_ms| match row.import_received_at_ms {
                Some(known_ms) if known_ms <= as_of_ms => at_ms,
                Some(_) | None => at_ms - 77 * DAY_MS,
            }),
        extensions: row
            .extensions
            .iter()
            .filter(|e| e.received_at_ms <= as_of_ms)
            .copied()
            .collect(),
        ..SlotRow::default()
    }
}

fn expected(world: &World, period: usize, as_of_ms: i64) -> Arrivals {
    let catalogue: &Catalogue = world.board.catalogue();
    let dataset = catalogue
        .dataset_index(catalogue.datasets()[0].code())
        .unwrap();
    arrivals(
        &world.board,
        &mut Models::default(),
        dataset,
        world.periods[period],
        as_of_ms,
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn another_future_changes_nothing(seed: u64, month in 3..MONTHS, hours in -300..300_i64) {
        let mut world = World::new(UNITS, MONTHS);
        let rows = fill(&mut world, seed);
        let as_of_ms = world.due_ms(month) + hours * HOUR_MS;
        let mut other = World::new(UNITS, MONTHS);
        let mut numbers = Numbers(seed ^ 1);
        for (period, sheet) in rows.iter().enumerate() {
            for (unit, row) in sheet.iter().enumerate() {
                other.put(unit, period, with_another_future(row, as_of_ms, &mut numbers));
            }
        }
        prop_assert_eq!(world.risks(as_of_ms), other.risks(as_of_ms));
        prop_assert_eq!(expected(&world, month, as_of_ms), expected(&other, month, as_of_ms));
        let scored = |world: &World| calibrate(&world.board, &Filter::default(), as_of_ms);
        prop_assert_eq!(scored(&world), scored(&other));
    }

    #[test]
    fn a_kept_model_is_the_one_that_would_be_learnt_again(
        seed: u64, steps in prop::collection::vec((0..UNITS, 0..MONTHS, 0..MONTHS, -400..400_i64), 1..25),
    ) {
        let mut world = World::new(UNITS, MONTHS);
        fill(&mut world, seed);
        let mut kept = Models::default();
        let wanted = Wanted { lines_max: usize::MAX, overdue: true, ..Wanted::default() };
        let mut numbers = Numbers(seed);
        for (unit, period, month, hours) in steps {
            let row = any_row(&mut numbers, world.due_ms(period));
            world.put(unit, period, row);
            for near in [0, 1] {
                let as_of_ms = world.due_ms(month) + hours * HOUR_MS + near;
                let by_kept = risks(&world.board, &mut kept, &wanted, as_of_ms);
                prop_assert_eq!(by_kept, world.risks(as_of_ms));
            }
        }
    }
}

#[test]
fn a_slot_is_open_until_it_is_accepted_and_certain_once_it_is_due() {
    let mut world = World::new(20, 6);
    for period in 0..5 {
        for unit in 0..20 {
            let late = unit % 5 == 0 && period % 2 == 0;
            world.report(unit, period, (!late).then_some(30 * HOUR_MS));
        }
    }
    world.report(3, 5, Some(30 * HOUR_MS));
    let due_ms = world.due_ms(5);
    let of_sheet = |as_of_ms| {
        let periods = world.periods[..6].iter().copied().collect();
        let wanted = Wanted {
            filter: Filter {
                periods,
                ..Filter::default()
            },
            overdue: true,
            lines_max: usize::MAX,
            ..Wanted::default()
        };
        risks(&world.board, &mut Models::default(), &wanted, as_of_ms)
    };
    let before = of_sheet(due_ms - 31 * HOUR_MS);
    let count =
        |risks: &granary_core::forecast::Risks| (risks.pending, risks.overdue, risks.unknown);
    assert_eq!(count(&before), (20, 12, 0));
    let near = of_sheet(due_ms - HOUR_MS);
    assert_eq!(count(&near), (19, 12, 0));
    let of = |risks: &granary_core::forecast::Risks, unit: &str| {
        let own = risks
            .lines
            .iter()
            .find(|l| l.unit.code == unit && l.period == "2020-M06");
        own.map(|line| line.chance_percent.parse::<f64>().unwrap())
    };
    assert!(of(&near, "U0005") > of(&near, "U0006"), "habit counts");
    assert!(of(&near, "U0006") > of(&before, "U0006"), "time counts");
    assert_eq!(of(&near, "U0003"), None, "accepted");
    let after = of_sheet(due_ms + 1);
    assert_eq!(count(&after), (0, 31, 0));
    assert_eq!(of(&after, "U0006"), Some(100.0));
    assert_eq!(
        count(&of_sheet(world.due_ms(0))),
        (24, 0, 24),
        "nothing is over yet"
    );
}
