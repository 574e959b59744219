//! Completeness of a nation's year in one query, and what ten years of history add to it.
//!
//! Synthetic: 3,000 units, 20 monthly datasets, 12 periods of one year: 720,000 slots. In process, through [`Board`]; the
//! board is filled without a journal.

use std::{collections::BTreeSet, hint::black_box, sync::Arc};

use granary_core::{
    catalogue::Catalogue,
    completeness::{Board, Filter, GroupBy},
    period::Period,
};

use super::board::{AS_OF_MS, SHAPE, filled};
use crate::{
    context::{Context, Outcome},
    measure::median_ms,
    row::Row,
};

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
    let short = filled(&catalogue, &year.iter().copied().collect::<Vec<_>>())?;
    let long = filled(&catalogue, &periods)?;
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
