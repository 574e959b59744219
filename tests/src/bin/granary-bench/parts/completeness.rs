//! Completeness of a nation's year in one query, and what ten years of history add to it.
//!
//! Synthetic: 3,000 units, 20 monthly datasets, 12 periods of one year: 720,000 slots. In process, through [`Board`]; the
//! board is filled with an acceptance for nine slots of ten.

use std::{collections::BTreeSet, hint::black_box, sync::Arc};

use granary_core::{
    catalogue::Catalogue,
    completeness::{Board, Filter, GroupBy},
    ledger::{LogIndex, View, ViewError, Visit, rows::SlotRow},
    period::Period,
    snapshot::SlotKey,
};

use crate::{
    city::catalogue::Shape,
    context::{Context, Outcome},
    measure::median_ms,
    row::Row,
};

/// 1 city, 24 districts, 2,975 counties are 3,000 units.
const SHAPE: Shape = Shape {
    districts: 25,
    counties: 119,
    datasets: 20,
    indicators: 1,
    periods: 120,
    edits: false,
};
/// Beyond the last deadline, so that every slot is due.
const AS_OF_MS: i64 = 1_800_000_000_000;
const REPETITIONS: usize = 9;

/// The rows of this part.
pub(crate) fn run(_: &Context) -> Outcome<Vec<Row>> {
    let bundle = SHAPE.bundle()?;
    let catalogue = Catalogue::parse(&bundle).map_err(|faults| format!("{faults:?}"))?;
    let catalogue = Arc::new(catalogue);
    let periods = SHAPE.period_list()?;
    let year: BTreeSet<Period> = periods.iter().rev().take(12).copied().collect();
    let of_year = Filter {
        periods: year.clone(),
        ..Filter::default()
    };
    let short = board(&catalogue, &year.iter().copied().collect::<Vec<_>>())?;
    let long = board(&catalogue, &periods)?;
    let slots = expected(&short, &of_year);
    let all = expected(&long, &Filter::default());
    let time = |board: &Board, filter: &Filter, by| {
        median_ms(REPETITIONS, || {
            black_box(board.counts(filter, by, AS_OF_MS));
        })
    };
    let row = |name: &str, value, slots: u64, what: &str| {
        Row::lower(name, value, "ms").note(format!(
            "{slots} slots of {} units, in process; {what}",
            catalogue.units().len()
        ))
    };
    Ok(vec![
        row(
            "completeness_720k_1y",
            time(&short, &of_year, GroupBy::Nothing),
            slots,
            "one year held, one year asked",
        ),
        row(
            "completeness_720k_by_unit",
            time(&short, &of_year, GroupBy::Unit),
            slots,
            "the same, a row for each unit",
        ),
        row(
            "completeness_720k_by_sheet",
            time(&short, &of_year, GroupBy::DatasetPeriod),
            slots,
            "the same, a row for each dataset and period",
        ),
        row(
            "completeness_720k_of_10y",
            time(&long, &of_year, GroupBy::Nothing),
            slots,
            "ten years held, one year asked",
        ),
        row(
            "completeness_10y",
            time(&long, &Filter::default(), GroupBy::Nothing),
            all,
            "ten years held, ten years asked",
        ),
    ])
}

fn expected(board: &Board, filter: &Filter) -> u64 {
    board
        .counts(filter, GroupBy::Nothing, AS_OF_MS)
        .iter()
        .map(|(_, counts)| counts.expected())
        .sum()
}

/// A board on which nine slots of ten were accepted, one of them after it was due.
fn board(catalogue: &Arc<Catalogue>, periods: &[Period]) -> Outcome<Board> {
    let mut board = Board::load(&Nothing, Arc::clone(catalogue))?;
    for dataset in catalogue.datasets() {
        for period in periods {
            let due_at_ms = dataset
                .due_at_ms(*period)
                .ok_or("a period without a deadline")?;
            for (number, unit) in catalogue.units().iter().enumerate() {
                let accepted = match number % 10 {
                    0 => continue,
                    1 => due_at_ms + 1,
                    _ => due_at_ms - 1,
                };
                let slot = SlotKey::new(unit.code().clone(), dataset.code().clone(), *period);
                board.update(
                    &slot,
                    &SlotRow {
                        first_accepted_at_ms: Some(accepted),
                        ..SlotRow::default()
                    },
                );
            }
        }
    }
    Ok(board)
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
