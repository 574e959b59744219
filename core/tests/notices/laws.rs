//! For any lives of reports, quiet hours and plans: nothing twice, nothing in quiet hours, nobody forgotten.

use granary_core::{
    completeness::{Board, SlotState},
    ledger::rows::{ExtensionRow, SlotRow},
    notices::{Kind, Quiet, Situation},
    snapshot::SlotKey,
};
use proptest::prelude::*;

use super::{
    DAY_MS, HOUR_MS, UNITS, accepted, board_with, empty_board, night, plan, quarter, record, run,
    support::*,
};

#[derive(Clone, Debug)]
struct Life {
    accepted_after_ms: Option<i64>,
    extension: Option<(i64, i64)>,
    exempted_after_ms: Option<i64>,
}

/// Instants count from 25 September; the deadline is 13.5 days later.
fn any_life() -> impl Strategy<Value = Life> {
    let within = 0..30 * DAY_MS;
    let accepted = prop::option::weighted(0.7, within.clone());
    let extension = prop::option::weighted(0.2, (0..13 * DAY_MS, 6 * DAY_MS..10 * DAY_MS));
    (accepted, extension, prop::option::weighted(0.1, within)).prop_map(
        |(accepted_after_ms, extension, exempted_after_ms)| Life {
            accepted_after_ms,
            extension,
            exempted_after_ms,
        },
    )
}

/// Half of them are whole quarters of an hour, so that they meet the ends of quiet hours exactly.
fn any_span() -> impl Strategy<Value = i64> {
    prop_oneof![1..200 * HOUR_MS, (1..800_i64).prop_map(|n| n * HOUR_MS / 4)]
}

fn any_quiet() -> impl Strategy<Value = Option<Quiet>> {
    let quarters = (0..96_u16, 1..=92_u16).prop_map(|(from, len)| (from * 15, len * 15));
    let hours = prop_oneof![(0..1_440_u16, 1..=23 * 60_u16), quarters];
    let hours = hours.prop_map(|(from, len)| (from, (from + len) % 1_440));
    let some = (prop::option::of(hours), any::<bool>());
    prop::option::weighted(0.9, some)
        .prop_map(|q| q.and_then(|(daily, weekends)| night(daily, weekends)))
}

fn play(lives: &[Life], start_ms: i64, mut board: Board) -> (Board, Vec<i64>) {
    let mut arrivals = Vec::new();
    let due_at_ms = at("2021-10-08T12:00:00+08:00");
    for (code, life) in UNITS.iter().zip(lives) {
        let after = |ms: Option<i64>| ms.map(|ms| start_ms + ms);
        let mut row = after(life.accepted_after_ms).map_or_else(SlotRow::default, accepted);
        row.exempted_at_ms = after(life.exempted_after_ms);
        row.extensions = life
            .extension
            .map(|(after_ms, by_ms)| ExtensionRow {
                received_at_ms: start_ms + after_ms,
                due_at_ms: due_at_ms + by_ms,
            })
            .into_iter()
            .collect();
        arrivals.extend(row.first_accepted_at_ms);
        arrivals.extend(row.exempted_at_ms);
        arrivals.extend(row.extensions.iter().map(|e| e.received_at_ms));
        record(&mut board, &quarter(code), &row);
    }
    (board, arrivals)
}

/// A slot's state, when it is due, and until when it is timely.
fn state(board: &Board, slot: &SlotKey, at_ms: i64) -> (SlotState, i64, i64) {
    let slots = Situation::sheet(board, &slot.dataset, slot.period, at_ms);
    let found = slots.iter().find(|at| at.slot == *slot).unwrap();
    (found.state, found.due_at_ms, found.timely_until_ms)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_twice_nothing_in_quiet_hours_and_nobody_forgotten(
        lives in proptest::collection::vec(any_life(), UNITS.len()),
        quiet in any_quiet(),
        leads in proptest::collection::btree_set(any_span(), 0..4),
        delays in proptest::collection::btree_set(any_span(), 0..3),
        grace in prop::option::weighted(0.5, 1..80_u32),
    ) {
        let start_ms = at("2021-09-25T00:00:00+08:00");
        let board = grace.map_or_else(empty_board, |hours| board_with(&format!("grace = \"{hours}h\"")));
        let (board, arrivals) = play(&lives, start_ms, board);
        let mut plan = plan();
        (plan.quiet, plan.reminders_ms, plan.escalations_ms) = (quiet, leads, delays);
        let until_ms = start_ms + 60 * DAY_MS;
        let told = run(&board, &plan, start_ms, until_ms, &arrivals);

        let mut seen = std::collections::BTreeSet::new();
        for (at_ms, notice) in &told.notices {
            let is_quiet = plan.quiet.as_ref().is_some_and(|quiet| quiet.holds(*at_ms));
            prop_assert!(!is_quiet, "{} in quiet hours", notice.subject.en);
            for mark in &notice.matter.marks {
                prop_assert!(seen.insert(mark.clone()), "{mark} is told twice");
                let Some(slot) = mark.slot() else { continue };
                let (state, due_at_ms, timely_until_ms) = state(&board, &slot, *at_ms);
                let (expected, about_ms) = match mark.kind {
                    Kind::Reminder => (SlotState::Pending, due_at_ms),
                    Kind::Escalation => (SlotState::Missing, timely_until_ms),
                    Kind::Returned | Kind::Summary | Kind::AllIn => unreachable!("{mark}"),
                };
                prop_assert_eq!((state, about_ms), (expected, mark.at_ms), "{}", mark);
                prop_assert!(mark.kind != Kind::Reminder || *at_ms <= due_at_ms, "{}", mark);
            }
        }
        for code in UNITS {
            let slot = quarter(code);
            let (_, due_at_ms, _) = state(&board, &slot, until_ms);
            // At the instant of each reminder, whoever is pending then has had it, or a later one in its place.
            for lead in &plan.reminders_ms {
                let reminder_at_ms = plan.reminder_at_ms(*lead, due_at_ms);
                let begun = at("2021-07-01T00:00:00+08:00").max(start_ms);
                let (state, due_then_ms, _) = state(&board, &slot, reminder_at_ms.max(begun));
                if reminder_at_ms < begun || state != SlotState::Pending || due_then_ms != due_at_ms {
                    continue;
                }
                let due_leads = plan.reminders_ms.iter();
                let latest = due_leads.copied().find(|l| plan.reminder_at_ms(*l, due_at_ms) <= reminder_at_ms);
                prop_assert!(told.reminded(&slot, due_at_ms, latest.unwrap()), "{code} lead {lead}: {}", told.log());
            }
        }
        // Told when the deadline of each group has passed: once to operations and once to the department.
        let summaries = told.marks(Kind::Summary).len();
        let groups: std::collections::BTreeSet<i64> =
            UNITS.iter().map(|code| state(&board, &quarter(code), until_ms).2).collect();
        prop_assert!(summaries >= 2 * groups.len(), "{summaries} of {}: {}", groups.len(), told.log());
        for (_, dropped) in &told.dropped {
            prop_assert!(!dropped.reason.is_loss(), "{}", told.log());
        }
    }
}
