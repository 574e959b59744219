//! Measures of reporting quality: a row for each group of slots and each measure, in the order of `docs/METRICS.md`, with the
//! counts of slots before them.

use granary_core::{
    completeness::{GroupBy, Labels, StateCounts},
    decimal::Decimal,
    measures::{self, Tally, Value},
};

use super::{Known, Visit};
use crate::{
    publish::{
        Cell, Column, PublishError,
        column::{Kind, always, maybe},
    },
    replay::AnswerError,
};

pub(super) fn columns() -> Vec<Column> {
    let number = Kind::Figure {
        scale: Decimal::SCALE_MAX,
    };
    vec![
        maybe("unit", Kind::Text),
        maybe("dataset", Kind::Text),
        maybe("period", Kind::Text),
        maybe("department", Kind::Text),
        maybe("level", Kind::Text),
        maybe("name_zh", Kind::Text),
        maybe("name_en", Kind::Text),
        always("measure", Kind::Text),
        always("kind", Kind::Text),
        maybe("numerator", Kind::Integer),
        maybe("denominator", Kind::Integer),
        maybe("duration_ms", Kind::Integer),
        maybe("percent", number),
    ]
}

pub(super) fn rows(
    known: &Known<'_>,
    by: GroupBy,
    visit: &mut Visit<'_>,
) -> Result<(), PublishError> {
    let board = known.journal.board().map_err(AnswerError::Fold)?;
    let Some(board) = board else { return Ok(()) };
    for (group, tally) in measures::tallies(&board, known.filter, by, known.as_of_ms) {
        let about = about(&Labels::of(board.catalogue(), &group));
        of_group(&about, &tally, visit)?;
    }
    Ok(())
}

fn about(labels: &Labels) -> Vec<Cell> {
    let texts = [
        &labels.unit,
        &labels.dataset,
        &labels.period,
        &labels.department,
        &labels.level,
        &labels.name.zh,
        &labels.name.en,
    ];
    texts.map(Cell::words).to_vec()
}

fn of_group(about: &[Cell], tally: &Tally, visit: &mut Visit<'_>) -> Result<(), PublishError> {
    let mut row = |measure: &str, cells: [Cell; 5]| {
        let measure = [Cell::code(measure)];
        visit(about.iter().cloned().chain(measure).chain(cells).collect())
    };
    for (measure, count) in counts(&tally.counts) {
        row(measure, count_cells(count))?;
    }
    for (measure, value) in tally.values() {
        row(measure.word(), value_cells(value))?;
    }
    Ok(())
}

fn counts(counts: &StateCounts) -> [(&'static str, u64); 7] {
    [
        ("slots_expected", counts.expected()),
        ("slots_timely", counts.timely),
        ("slots_late", counts.late),
        ("slots_missing", counts.missing),
        ("slots_exempt", counts.exempt),
        ("slots_pending", counts.pending),
        ("slots_imported", counts.imported),
    ]
}

/// The cells behind the measure: kind, numerator, denominator, duration, per cent.
fn count_cells(count: u64) -> [Cell; 5] {
    let kind = Cell::code("count");
    [
        kind,
        Cell::count(count),
        Cell::Nothing,
        Cell::Nothing,
        Cell::Nothing,
    ]
}

/// The same of a measure. One that cannot be computed, such as a rate of nothing, has kind `none`.
fn value_cells(value: Option<Value>) -> [Cell; 5] {
    const NONE: Cell = Cell::Nothing;
    match value {
        None => [Cell::code("none"), NONE, NONE, NONE, NONE],
        Some(Value::Share {
            numerator,
            denominator,
        }) => {
            let (numerator, denominator) = (Cell::count(numerator), Cell::count(denominator));
            [Cell::code("share"), numerator, denominator, NONE, NONE]
        }
        Some(Value::DurationMs(ms)) => {
            [Cell::code("duration"), NONE, NONE, Cell::Integer(ms), NONE]
        }
        Some(Value::Number(number)) => [
            Cell::code("percent"),
            NONE,
            NONE,
            NONE,
            Cell::Figure(number),
        ],
    }
}
