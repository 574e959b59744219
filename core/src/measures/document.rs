//! The parts of a bulletin that slots and their measures make.
//!
//! Each is a pure function of derived state and an instant. A bulletin of a period tells of every dataset's periods that end
//! within it ([`Period::ending_within`]). States, counts, measures and revisions at an earlier instant are those that a fold
//! of the entries received by then gives; so is the status of a finding, while its words and figures are those of the last
//! time that it was judged.

use std::{cmp::Reverse, collections::BTreeMap, ops::ControlFlow};

use crate::{
    bulletin::{
        FindingLine, Matrix, MatrixCell, MatrixRow, MeasureValue, Measured, Named, RevisionLine,
        Share, UnitMeasures,
    },
    catalogue::{Catalogue, DatasetIndex, UnitIndex},
    code::{IndicatorCode, UnitCode},
    completeness::{Board, Filter, Gather, GroupBy, Imported, Seen, StateCounts},
    ledger::{
        FindingStatus, FoldError, LogIndex, Outcome, View,
        facts::{LifeRow, RevisedFigureRow, RevisionRow},
        history,
        keys::{self, Table},
        revision,
        rows::{ExactRow, FindingRow, VintageRow},
    },
    period::{Period, Periodicity},
    snapshot::{SlotKey, Snapshot},
};

use super::{Measure, Tally, Value, tallies};

/// The slots that a bulletin of `period` tells of.
#[must_use]
pub fn of_period(period: Period, imported: Imported) -> Filter {
    let periodicities = Periodicity::ALL.into_iter();
    Filter {
        periods: periodicities
            .flat_map(|p| period.ending_within(p))
            .collect(),
        imported,
        ..Filter::default()
    }
}

/// A measure in a document.
#[must_use]
pub fn measure_value(measure: Measure, value: Option<Value>) -> MeasureValue {
    let measured = |value| match value {
        Value::Share {
            numerator,
            denominator,
        } => Measured::Share(Share {
            numerator,
            denominator,
        }),
        Value::DurationMs(ms) => Measured::DurationMs(ms),
        Value::Number(number) => Measured::Number(number.to_string()),
    };
    MeasureValue {
        measure: measure.word().to_owned(),
        value: value.map(measured),
    }
}

/// All measures of a tally, in the order of `docs/METRICS.md`.
#[must_use]
pub fn measure_values(tally: &Tally) -> Vec<MeasureValue> {
    let values = tally.values();
    values
        .map(|(measure, value)| measure_value(measure, value))
        .collect()
}

/// Units by datasets: who has reported.
#[must_use]
pub fn matrix(board: &Board, period: Period, as_of_ms: i64, imported: Imported) -> Matrix {
    let catalogue = board.catalogue();
    let cells = board.cells::<Cell>(&of_period(period, imported), as_of_ms);
    // Cells come dataset by dataset, so the columns come in order.
    let datasets: Vec<DatasetIndex> = cells
        .chunk_by(|(a, _, _), (b, _, _)| a == b)
        .filter_map(|of_dataset| of_dataset.first().map(|(dataset, _, _)| *dataset))
        .collect();
    let mut rows: BTreeMap<UnitIndex, MatrixRow> = BTreeMap::new();
    let mut columns = datasets.iter().enumerate().peekable();
    for (dataset, unit, cell) in cells {
        while columns.next_if(|(_, column)| **column < dataset).is_some() {}
        let row = rows.entry(unit).or_insert_with(|| MatrixRow {
            unit: named_unit(catalogue, catalogue.unit_at(unit).code()),
            cells: vec![MatrixCell::default(); datasets.len()],
        });
        if let Some((at, _)) = columns.peek() {
            row.cells[*at] = cell.wire();
        }
    }
    let column = |dataset: &DatasetIndex| {
        let dataset = catalogue.dataset_at(*dataset);
        Named::new(dataset.code(), dataset.name())
    };
    Matrix {
        columns: datasets.iter().map(column).collect(),
        rows: rows.into_values().collect(),
    }
}

/// What each unit's reporting measures, in the order of codes.
#[must_use]
pub fn unit_measures(
    board: &Board,
    period: Period,
    as_of_ms: i64,
    imported: Imported,
) -> Vec<UnitMeasures> {
    let counted = tallies(board, &of_period(period, imported), GroupBy::Unit, as_of_ms);
    let line = |unit: UnitCode, tally: &Tally| UnitMeasures {
        counts: tally.counts.into(),
        measures: measure_values(tally),
        last_seen_ms: board.last_seen_ms(&unit, as_of_ms),
        unit: named_unit(board.catalogue(), &unit),
    };
    let counted = counted.into_iter();
    counted
        .filter_map(|(group, tally)| Some(line(group.unit?, &tally)))
        .collect()
}

/// The figures of a period's slots that are no longer what was first accepted, ordered by unit, dataset, period, indicator,
/// item.
///
/// # Errors
/// [`FoldError`] where a row or a payload is damaged, or the store cannot be read.
pub fn revision_lines(
    view: &dyn View,
    catalogue: &Catalogue,
    period: Period,
    as_of_ms: i64,
) -> Result<Vec<RevisionLine>, FoldError> {
    let mut lines = Vec::new();
    for (key, value) in rows_of(view, catalogue, Table::Revision, period)? {
        let Some((slot, _)) = keys::parse_slot(&key) else {
            return Err(FoldError::Row("a revision's key".into()));
        };
        let row = RevisionRow::decode_row(&value)?;
        lines.extend(lines_of(view, catalogue, &slot, row, as_of_ms)?);
    }
    let key = |line: &RevisionLine| {
        let parsed = Period::parse(&line.period).ok();
        let (unit, dataset) = (line.unit.code.clone(), line.dataset.code.clone());
        (
            unit,
            dataset,
            parsed,
            line.indicator.code.clone(),
            line.item.clone(),
        )
    };
    lines.sort_by_cached_key(key);
    Ok(lines)
}

/// The figures of one unit's slots that are no longer what was first accepted: the newest revision first, then by dataset, period,
/// indicator, item.
///
/// # Errors
/// As [`revision_lines`].
pub fn unit_revisions(
    view: &dyn View,
    catalogue: &Catalogue,
    unit: &UnitCode,
    as_of_ms: i64,
) -> Result<Vec<RevisionLine>, FoldError> {
    let mut lines = Vec::new();
    for dataset in catalogue.datasets() {
        for period in history::periods(dataset, None, None, as_of_ms) {
            let slot = SlotKey::new(unit.clone(), dataset.code().clone(), period);
            if let Some(row) = view.row(&keys::slot(Table::Revision, &slot))? {
                let row = RevisionRow::decode_row(&row)?;
                lines.extend(lines_of(view, catalogue, &slot, row, as_of_ms)?);
            }
        }
    }
    // Datasets come in order, and so do their periods and figures: lines of one instant stay as they are.
    lines.sort_by_key(|line| Reverse(line.latest_received_at_ms));
    Ok(lines)
}

/// The lines of one revised slot, as it was known at the instant.
fn lines_of(
    view: &dyn View,
    catalogue: &Catalogue,
    slot: &SlotKey,
    row: RevisionRow,
    as_of_ms: i64,
) -> Result<Vec<RevisionLine>, FoldError> {
    let row = if row.latest_received_at_ms <= as_of_ms {
        Some(row)
    } else {
        revised_by(view, slot, row, as_of_ms)?
    };
    let Some(row) = row.filter(|_| expected(catalogue, slot)) else {
        return Ok(Vec::new());
    };
    let figures = row.figures.iter();
    Ok(figures
        .map(|figure| revision_line(catalogue, slot, &row, figure))
        .collect())
}

/// The findings on a period's slots, ordered by unit, dataset, period, edit, item; corrected ones included.
///
/// # Errors
/// [`FoldError`] where a row is damaged or the store cannot be read.
pub fn finding_lines(
    view: &dyn View,
    catalogue: &Catalogue,
    period: Period,
    as_of_ms: i64,
) -> Result<Vec<FindingLine>, FoldError> {
    let mut lines = Vec::new();
    for (key, value) in rows_of(view, catalogue, Table::Finding, period)? {
        let Some((slot, edit, item)) = keys::parse_finding(&key) else {
            return Err(FoldError::Row("a finding's key".into()));
        };
        let row = FindingRow::decode_row(&value)?;
        if expected(catalogue, &slot)
            && let Some(line) = finding_line(catalogue, &slot, &row, as_of_ms)
        {
            lines.push((slot.unit, slot.dataset, slot.period, edit, item, line));
        }
    }
    lines.sort_by(|a, b| (&a.0, &a.1, &a.2, &a.3, &a.4).cmp(&(&b.0, &b.1, &b.2, &b.3, &b.4)));
    Ok(lines.into_iter().map(|line| line.5).collect())
}

/// What one cell of the matrix counts.
#[derive(Clone, Default)]
struct Cell {
    counts: StateCounts,
    lateness_ms: i64,
    returned: u32,
}

impl Gather for Cell {
    fn count(&mut self, seen: &Seen<'_>) {
        self.counts.count(seen);
        if !seen.is_expected() {
            return;
        }
        self.returned += seen.snapshots().returned;
        let late_ms = seen
            .arrived_at_ms
            .filter(|at_ms| *at_ms > seen.timely_until_ms)
            .map(|at_ms| at_ms.saturating_sub(seen.due_at_ms));
        self.lateness_ms = self.lateness_ms.max(late_ms.unwrap_or_default());
    }

    fn merge(&mut self, other: Self) {
        self.counts = self.counts.plus(other.counts);
        self.lateness_ms = self.lateness_ms.max(other.lateness_ms);
        self.returned += other.returned;
    }

    fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Cell {
    fn wire(&self) -> MatrixCell {
        MatrixCell {
            counts: self.counts.into(),
            lateness_ms: self.lateness_ms,
            returned: self.returned,
            imported: u32::try_from(self.counts.imported).unwrap_or(u32::MAX),
        }
    }
}

type Row = (Vec<u8>, Vec<u8>);

/// The rows of a table of slots that a bulletin of `period` tells of.
fn rows_of(
    view: &dyn View,
    catalogue: &Catalogue,
    table: Table,
    period: Period,
) -> Result<Vec<Row>, FoldError> {
    let mut rows = Vec::new();
    for dataset in catalogue.datasets() {
        for period in period.ending_within(dataset.periodicity()) {
            let prefix = keys::dataset_period(table, dataset.code(), period);
            view.scan(&prefix, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            })?;
        }
    }
    Ok(rows)
}

/// The revision as it was known at an earlier instant: `None` where the slot had not yet been revised.
fn revised_by(
    view: &dyn View,
    slot: &SlotKey,
    row: RevisionRow,
    as_of_ms: i64,
) -> Result<Option<RevisionRow>, FoldError> {
    let Some((index, vintage)) = current_by(view, slot, as_of_ms)? else {
        return Ok(None);
    };
    if index.0 == row.first_index {
        return Ok(None);
    }
    let first = snapshot(view, LogIndex(row.first_index))?;
    let latest = snapshot(view, index)?;
    let figures = revision::figures(&first, &latest);
    let changed = figures.iter().filter(|figure| figure.is_changed());
    Ok(Some(RevisionRow {
        latest_index: index.0,
        latest_received_at_ms: vintage.received_at_ms,
        revision: vintage.revision,
        figures: changed.map(RevisedFigureRow::of).collect(),
        ..row
    }))
}

/// The vintage that was current at an instant. What was accepted had outranked everything before it, so it is the last.
fn current_by(
    view: &dyn View,
    slot: &SlotKey,
    as_of_ms: i64,
) -> Result<Option<(LogIndex, VintageRow)>, FoldError> {
    let mut last = None;
    view.scan(&keys::slot(Table::Vintage, slot), &mut |key, value| {
        let row = VintageRow::decode_row(value)
            .ok()
            .zip(keys::parse_index(key));
        match row {
            Some((row, _)) if row.received_at_ms > as_of_ms => return ControlFlow::Break(()),
            Some((row, index)) if row.outcome == Outcome::Accepted.number() => {
                last = Some((index, row));
            }
            Some(_) | None => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(last)
}

fn snapshot(view: &dyn View, index: LogIndex) -> Result<Snapshot, FoldError> {
    let payload = view.payload(index)?.ok_or(FoldError::PayloadGone(index))?;
    Snapshot::decode(&payload).map_err(|e| FoldError::Payload(index, e.to_string()))
}

fn revision_line(
    catalogue: &Catalogue,
    slot: &SlotKey,
    row: &RevisionRow,
    figure: &RevisedFigureRow,
) -> RevisionLine {
    let indicator = IndicatorCode::new(&figure.indicator).ok();
    let indicator = indicator.and_then(|code| catalogue.indicator(&code));
    let measure = indicator.and_then(|known| catalogue.measure(known.unit_of_measure()));
    let name = indicator.map(|known| known.name().clone());
    let text = |value: &Option<ExactRow>| {
        let value = value.as_ref().and_then(ExactRow::decimal);
        value.map(|value| value.to_string()).unwrap_or_default()
    };
    RevisionLine {
        unit: named_unit(catalogue, &slot.unit),
        dataset: named_dataset(catalogue, slot),
        period: slot.period.to_string(),
        indicator: Named::new(&figure.indicator, &name.unwrap_or_default()),
        item: figure.item.clone(),
        first: text(&figure.first),
        latest: text(&figure.latest),
        measure: measure.map(|known| known.name().into()).unwrap_or_default(),
        first_received_at_ms: row.first_received_at_ms,
        latest_received_at_ms: row.latest_received_at_ms,
        revision: row.revision,
    }
}

/// A finding at an instant; `None` before it was made.
fn finding_line(
    catalogue: &Catalogue,
    slot: &SlotKey,
    row: &FindingRow,
    as_of_ms: i64,
) -> Option<FindingLine> {
    let count = row.life.partition_point(|step| step.at_ms <= as_of_ms);
    let known = &row.life[..count];
    let status = known.last()?.status;
    let failure = row.failure.failure().ok()?;
    // A decision that came after the instant was not known.
    let decision_reason = if count == row.life.len() {
        row.decision_reason.clone()
    } else {
        String::new()
    };
    Some(FindingLine {
        unit: named_unit(catalogue, &slot.unit),
        dataset: named_dataset(catalogue, slot),
        period: slot.period.to_string(),
        edit: failure.edit.to_string(),
        item: row.failure.item.clone(),
        validity: row.failure.validity,
        status,
        message: (&failure.message).into(),
        imbalance: failure
            .figures
            .imbalance
            .map(|imbalance| imbalance.to_string())
            .unwrap_or_default(),
        explanation: failure.explanation.unwrap_or_default(),
        decision_reason,
        opened_index: opened_index(known)?,
    })
}

/// The entry of the last opening: the first step, or the first after a correction.
fn opened_index(known: &[LifeRow]) -> Option<u64> {
    let corrected = FindingStatus::Corrected.number();
    let before_last = known.split_last()?.1;
    let reopened = before_last
        .iter()
        .rposition(|step| step.status == corrected);
    known
        .get(reopened.map_or(0, |at| at + 1))
        .map(|step| step.index)
}

fn expected(catalogue: &Catalogue, slot: &SlotKey) -> bool {
    catalogue.expects(&slot.unit, &slot.dataset, slot.period)
}

fn named_unit(catalogue: &Catalogue, code: &UnitCode) -> Named {
    let name = catalogue.unit(code).map(|unit| unit.name().clone());
    Named::new(code, &name.unwrap_or_default())
}

fn named_dataset(catalogue: &Catalogue, slot: &SlotKey) -> Named {
    let name = catalogue
        .dataset(&slot.dataset)
        .map(|dataset| dataset.name().clone());
    Named::new(&slot.dataset, &name.unwrap_or_default())
}
