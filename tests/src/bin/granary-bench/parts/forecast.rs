//! Early warning for a nation: the chance of every open slot, from three and from ten years of history.
//!
//! Synthetic: 3,000 units, 20 monthly datasets, each unit with a habit of its own; the last month is open. In process, through
//! [`risks`]. "anew" learns every model from the history; "kept" asks again with the models of the call before.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use granary_core::{
    catalogue::Catalogue,
    completeness::Board,
    forecast::{Models, Risks, Wanted, risks},
    ledger::{Facts, LogIndex, Outcome as Came, View, ViewError, Vintage, Visit},
    period::Period,
    snapshot::SlotKey,
};

use crate::{
    city::catalogue::Shape,
    context::{Context, Outcome},
    measure::{median, megabytes, millis},
    row::Row,
};

const HOUR_MS: i64 = 3_600_000;
const REPETITIONS: usize = 5;
/// How long before the last deadline the question is asked.
const LEAD_MS: i64 = 30 * HOUR_MS;

/// The rows of this part.
pub(crate) fn run(_: &Context) -> Outcome<Vec<Row>> {
    let mut rows = measure(3)?;
    rows.extend(measure(10)?);
    Ok(rows)
}

fn measure(years: usize) -> Outcome<Vec<Row>> {
    let shape = Shape {
        districts: 25,
        counties: 119,
        datasets: 20,
        indicators: 1,
        periods: years * 12 + 1,
        edits: false,
    };
    let catalogue = Catalogue::parse(&shape.bundle()?).map_err(|faults| format!("{faults:?}"))?;
    let catalogue = Arc::new(catalogue);
    let (board, as_of_ms) = board(&catalogue, &shape.period_list()?)?;
    let wanted = Wanted {
        chance_percent_min: 30,
        lines_max: 1_000,
        ..Wanted::default()
    };
    let mut models = Models::default();
    let mut anew = Vec::new();
    let mut kept = Vec::new();
    let mut found = Risks::default();
    for _ in 0..REPETITIONS {
        models = Models::default();
        let mut ask = |models: &mut Models| -> Duration {
            let start = Instant::now();
            found = black_box(risks(&board, models, &wanted, as_of_ms));
            start.elapsed()
        };
        anew.push(millis(ask(&mut models)));
        kept.push(millis(ask(&mut models)));
    }
    let note = format!(
        "{} open slots of {} units x 20 datasets, {years} years of months, {} at 30% or more, the first 1,000 with reasons; in process",
        found.pending,
        catalogue.units().len(),
        found.wanted,
    );
    let bytes = u64::try_from(models.bytes())?;
    Ok(vec![
        Row::lower(format!("risks_60k_anew_{years}y"), median(anew), "ms").note(note.clone()),
        Row::lower(format!("risks_60k_kept_{years}y"), median(kept), "ms")
            .note(format!("{note}; with the models of the call before")),
        Row::lower(format!("risks_60k_memory_{years}y"), megabytes(bytes), "MB")
            .note("the models that are kept between calls"),
    ])
}

/// A board on which every unit but the open month's latecomers reported by its habit, and the instant of the question.
fn board(catalogue: &Arc<Catalogue>, periods: &[Period]) -> Outcome<(Board, i64)> {
    let mut board = Board::load(&Nothing, Arc::clone(catalogue))?;
    let mut as_of_ms = i64::MAX;
    for dataset in catalogue.datasets() {
        for (age, period) in periods.iter().rev().enumerate() {
            let due_at_ms = dataset
                .due_at_ms(*period)
                .ok_or("a period without a deadline")?;
            if age == 0 {
                as_of_ms = as_of_ms.min(due_at_ms - LEAD_MS);
            }
            for (number, unit) in catalogue.units().iter().enumerate() {
                let late = number % 7 == 0 && (number + age) % 3 == 0;
                let hours = i64::try_from((number * 13 + age * 5) % 150)?;
                if age == 0 && hours < LEAD_MS / HOUR_MS {
                    continue;
                }
                let lead_ms = if late { -HOUR_MS } else { hours * HOUR_MS };
                let slot = SlotKey::new(unit.code().clone(), dataset.code().clone(), *period);
                let vintage = Vintage {
                    received_at_ms: due_at_ms - lead_ms,
                    outcome: Came::Accepted,
                    facts: Facts::default(),
                    revisions: None,
                };
                board.add_vintage(&slot, vintage);
            }
        }
    }
    Ok((board, as_of_ms))
}

/// Derived state without a row.
struct Nothing;

impl View for Nothing {
    fn row(&self, _: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }

    fn scan(&self, _: &[u8], _: &mut Visit<'_>) -> Result<(), ViewError> {
        Ok(())
    }

    fn payload(&self, _: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }
}
