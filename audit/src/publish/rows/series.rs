//! Figures as known at an instant, or of every valid snapshot: by dataset, period, unit, snapshot, indicator, item.
//!
//! What is stated of a slot comes from `core::ledger::history`, as in `granary-audit series`.

use std::ops::ControlFlow;

use granary_core::{
    catalogue::Catalogue,
    code::DatasetCode,
    ledger::{FoldError, LogIndex, View, history, keys},
    snapshot::{Observation, SlotKey},
};

use super::{Known, SLOT, Visit, slot_cells};
use crate::{
    publish::{
        Cell, Column, PublishError,
        column::{Kind, always, maybe},
    },
    replay::{AnswerError, wants},
};

/// One figure, or its stated absence, in one snapshot.
pub(in crate::publish) struct Point<'a> {
    pub(in crate::publish) slot: &'a SlotKey,
    pub(in crate::publish) observation: &'a Observation,
    pub(in crate::publish) revision: u32,
    pub(in crate::publish) index: LogIndex,
    pub(in crate::publish) received_at_ms: i64,
    /// Whether the snapshot is the slot's current one at the instant.
    pub(in crate::publish) is_current: bool,
}

type PointVisit<'a> = dyn FnMut(&Point<'_>) -> Result<(), PublishError> + 'a;

/// The columns; figures have as many decimals as the most precise indicator.
pub(super) fn columns(known: &Known<'_>) -> Vec<Column> {
    let scale = known.catalogue().map_or(0, |c| scale(known, c));
    let mut columns = SLOT.to_vec();
    columns.extend([
        always("indicator", Kind::Text),
        maybe("indicator_name_zh", Kind::Text),
        maybe("indicator_name_en", Kind::Text),
        maybe("item", Kind::Text),
        maybe("value", Kind::Figure { scale }),
        always("status", Kind::Text),
        maybe("unit_of_measure", Kind::Text),
        always("revision", Kind::Integer),
        always("received_at", Kind::Instant),
        always("log_index", Kind::Integer),
        always("is_current", Kind::Flag),
    ]);
    columns
}

fn scale(known: &Known<'_>, catalogue: &Catalogue) -> u8 {
    let wanted = |code: &DatasetCode| {
        known.filter.datasets.is_empty() || known.filter.datasets.contains(code)
    };
    let datasets = catalogue.datasets().iter().filter(|d| wanted(d.code()));
    let indicators = datasets.flat_map(|dataset| dataset.indicators());
    let decimals = indicators.filter_map(|code| Some(catalogue.indicator(code)?.decimals()));
    decimals.max().unwrap_or_default()
}

pub(super) fn rows(
    known: &Known<'_>,
    all_vintages: bool,
    visit: &mut Visit<'_>,
) -> Result<(), PublishError> {
    each(known, all_vintages, &mut |point| visit(cells(known, point)))
}

fn cells(known: &Known<'_>, point: &Point<'_>) -> Vec<Cell> {
    let observation = point.observation;
    let catalogue = known.catalogue();
    let indicator = catalogue.and_then(|c| c.indicator(&observation.indicator));
    let name = indicator.map(|i| i.name().clone()).unwrap_or_default();
    let measure = indicator.map(|i| i.unit_of_measure().to_string());
    let mut cells = slot_cells(known, point.slot);
    cells.extend([
        Cell::code(&observation.indicator),
        Cell::words(name.zh),
        Cell::words(name.en),
        observation.item.as_ref().map_or(Cell::Nothing, Cell::code),
        Cell::figure(observation.value),
        Cell::code(observation.status.letter()),
        Cell::words(measure.unwrap_or_default()),
        Cell::count(point.revision),
        Cell::Instant(point.received_at_ms),
        Cell::count(point.index.0),
        Cell::Flag(point.is_current),
    ]);
    cells
}

/// Visits every figure.
pub(in crate::publish) fn each(
    known: &Known<'_>,
    all_vintages: bool,
    visit: &mut PointVisit<'_>,
) -> Result<(), PublishError> {
    let view = known.journal.view();
    let (table, mut broken) = (keys::table(keys::Table::Slot), None);
    let scanned =
        view.scan(
            &table,
            &mut |key, _| match of_key(known, &view, key, all_vintages, visit) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    broken = Some(error);
                    ControlFlow::Break(())
                }
            },
        );
    scanned.map_err(|error| fold(error.into()))?;
    broken.map_or(Ok(()), Err)
}

fn of_key(
    known: &Known<'_>,
    view: &dyn View,
    key: &[u8],
    all_vintages: bool,
    visit: &mut PointVisit<'_>,
) -> Result<(), PublishError> {
    let parsed = keys::parse_slot(key);
    let (slot, _) = parsed.ok_or_else(|| fold(FoldError::Row("a slot's key".into())))?;
    if !wants(known.filter, &slot) {
        return Ok(());
    }
    let stated = |all| history::stated(view, &slot, known.as_of_ms, all).map_err(fold);
    let current = stated(false)?;
    let vintages = if all_vintages {
        stated(true)?
    } else {
        current.clone()
    };
    for (index, received_at_ms) in vintages {
        let snapshot = history::snapshot(view, index).map_err(fold)?;
        for observation in &snapshot.observations {
            visit(&Point {
                slot: &slot,
                observation,
                revision: snapshot.revision,
                index,
                received_at_ms,
                is_current: current.iter().any(|(current, _)| *current == index),
            })?;
        }
    }
    Ok(())
}

fn fold(error: FoldError) -> PublishError {
    AnswerError::Fold(error).into()
}
