//! What is said of a slot, and the curve of a sheet, as whole documents.

use std::fmt::Write as _;

use granary_core::{
    forecast::{Models, arrivals},
    ledger::rows::SlotRow,
};

use crate::world::{DAY_MS, HOUR_MS, World};

/// Twelve counties over nine months: one is often late, one reports in the last hours, one has no past.
fn world() -> World {
    let mut world = World::new(24, 10);
    for period in 0..9 {
        for unit in 0..23 {
            let lead_ms = match unit {
                0 if period % 3 != 0 => None,
                1 => Some(2 * HOUR_MS),
                _ => Some((2 + unit as i64 % 5) * DAY_MS),
            };
            if unit != 5 {
                world.report(unit, period, lead_ms);
            }
        }
    }
    let at_ms = world.due_ms(9) - 20 * HOUR_MS;
    world.put(
        2,
        9,
        SlotRow {
            first_received_at_ms: Some(at_ms),
            received_count: 1,
            returned_count: 1,
            ..SlotRow::default()
        },
    );
    (3..20)
        .filter(|unit| *unit != 5)
        .for_each(|unit| world.report(unit, 9, Some(3 * DAY_MS)));
    world
}

#[test]
fn the_most_endangered_come_first_and_each_says_why() {
    let world = world();
    let risks = world.risks(world.due_ms(9) - 6 * HOUR_MS);
    let mut text = String::new();
    for line in risks.lines.iter().filter(|line| line.period == "2020-M10") {
        writeln!(
            text,
            "{} {}% ({} of {} late; {}% had arrived)\n  {}\n  {}",
            line.unit.code,
            line.chance_percent,
            line.late,
            line.known,
            line.arrived_by_now_percent,
            line.reason.zh,
            line.reason.en
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_curve_of_a_sheet() {
    let world = world();
    let catalogue = world.board.catalogue();
    let dataset = catalogue
        .dataset_index(catalogue.datasets()[0].code())
        .unwrap();
    let as_of_ms = world.due_ms(9) - 30 * HOUR_MS;
    let sheet = arrivals(
        &world.board,
        &mut Models::default(),
        dataset,
        world.periods[9],
        as_of_ms,
    );
    let sheet = sheet.unwrap();
    let mut text = format!(
        "{} owed, {} periods known\n",
        sheet.owed, sheet.periods_known
    );
    for point in sheet.points.iter().chain([&sheet.now]) {
        let hours = (sheet.due_at_ms - point.at_ms) / HOUR_MS;
        writeln!(
            text,
            "{hours:>5} h: {:>5} ({} to {}), arrived {:?}",
            point.expected, point.low, point.high, point.arrived
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}
