//! The full re-check: every edit of the catalogue in force over all current figures of a dataset, by columns.
//!
//! Findings follow each change by themselves; the re-check is for whoever wants to see it done at once, and for edits that a new
//! catalogue brings, which findings meet only when a figure changes.

use std::{collections::BTreeSet, ops::ControlFlow};

use granary_core::{
    catalogue::Catalogue,
    code::DatasetCode,
    edits::{Edit, EditKind},
    ledger::{
        LogIndex,
        keys::{self, Table},
        rows::SlotRow,
    },
    panel::{Alone, Panel, Recheck},
    period::Period,
};
use granary_proto::v1;

use super::{City, failure::Failure, history, monitoring::basis};

/// The most cells of one panel; eight bytes each.
const CELLS_MAX: usize = 200_000_000;

/// Judges a dataset.
pub(super) fn dataset(
    city: &City,
    request: &v1::RecheckDatasetRequest,
) -> Result<v1::RecheckDatasetResponse, Failure> {
    let code = DatasetCode::new(&request.dataset).map_err(|e| Failure::invalid("dataset", e))?;
    let basis = basis(city, city.clock.now_ms());
    let registry = city.handle.registry();
    let catalogue = registry
        .catalogue()
        .ok_or(Failure::NotReady("no catalogue has been published yet"))?;
    let found = catalogue
        .dataset(&code)
        .ok_or(Failure::NotFound("the catalogue has no such dataset"))?;
    if found.itemised() {
        return Err(Failure::invalid(
            "dataset",
            "a dataset with items is not re-checked at once",
        ));
    }
    let mut answer = v1::RecheckDatasetResponse {
        basis: Some(basis),
        ..Default::default()
    };
    let Some((panel, records)) = panel(city, catalogue, &code)? else {
        return Ok(answer);
    };
    answer.records = records;
    let others = other_panels(city, catalogue, &code, found.edits())?;
    let others: Vec<&Panel> = others.iter().collect();
    let recheck = Recheck::new(&panel, found.edits().to_vec(), Vec::new());
    let verdicts = recheck.run(&panel, &others.as_slice(), &Alone);
    let rows = found.edits().iter().zip(verdicts);
    answer.edits = rows
        .map(|(edit, verdicts)| row(edit, verdicts.counts()))
        .collect();
    Ok(answer)
}

/// The current figures of a dataset, and of how many records; `None` where nothing was accepted yet.
fn panel(
    city: &City,
    catalogue: &Catalogue,
    dataset: &DatasetCode,
) -> Result<Option<(Panel, u64)>, Failure> {
    let current = current(city, dataset)?;
    let (Some(first), Some(last)) = (current.first(), current.last()) else {
        return Ok(None);
    };
    let (first, last) = (first.0, last.0);
    let periods = last.ordinal().abs_diff(first.ordinal()) as usize + 1;
    let columns = catalogue
        .dataset(dataset)
        .map_or(0, |d| d.indicators().len());
    let cells = catalogue
        .units()
        .len()
        .saturating_mul(periods)
        .saturating_mul(columns);
    if cells > CELLS_MAX {
        return Err(Failure::NotReady(
            "this dataset holds too much to be judged at once",
        ));
    }
    let Some(mut panel) = Panel::of_catalogue(catalogue, dataset, first, periods) else {
        return Ok(None);
    };
    let mut records = 0;
    for (_, index) in &current {
        let snapshot = history::snapshot(city, *index)?;
        records += u64::from(panel.push(&snapshot).is_some());
    }
    Ok(Some((panel, records)))
}

/// The periods and entries of the current snapshots, by period.
pub(super) fn current(
    city: &City,
    dataset: &DatasetCode,
) -> Result<BTreeSet<(Period, LogIndex)>, Failure> {
    let prefix = keys::dataset_prefix(Table::Slot, dataset);
    let mut found = BTreeSet::new();
    let mut damaged = None;
    let scanned = city
        .handle
        .derived()
        .scan_from(&prefix, &prefix, &mut |key, value| match (
            keys::parse_slot(key),
            SlotRow::decode_row(value),
        ) {
            (Some((slot, _)), Ok(row)) => {
                found.extend(row.current.map(|row| (slot.period, LogIndex(row.index))));
                ControlFlow::Continue(())
            }
            (_, Err(error)) => {
                damaged = Some(Failure::internal(error));
                ControlFlow::Break(())
            }
            (None, Ok(_)) => {
                damaged = Some(Failure::internal("a slot's key is damaged"));
                ControlFlow::Break(())
            }
        });
    scanned.map_err(Failure::internal)?;
    damaged.map_or(Ok(found), Err)
}

/// The figures of the other datasets that the edits look at.
fn other_panels(
    city: &City,
    catalogue: &Catalogue,
    own: &DatasetCode,
    edits: &[Edit],
) -> Result<Vec<Panel>, Failure> {
    let operands = edits.iter().flat_map(Edit::operands);
    let others: BTreeSet<&DatasetCode> = operands.filter_map(|o| o.dataset.as_ref()).collect();
    let mut panels = Vec::new();
    for other in others.into_iter().filter(|other| *other != own) {
        panels.extend(panel(city, catalogue, other)?.map(|(panel, _)| panel));
    }
    Ok(panels)
}

fn row(edit: &Edit, counts: granary_core::panel::Counts) -> v1::EditCounts {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let kind = match edit.kind() {
        EditKind::Validity => v1::EditKind::Validity,
        EditKind::Quality => v1::EditKind::Quality,
    };
    v1::EditCounts {
        edit: edit.id().to_string(),
        kind: kind.into(),
        holds: count(counts.passed),
        fails: count(counts.failed),
        undecided: count(counts.undecided),
        message_zh: edit.message().zh.clone(),
        message_en: edit.message().en.clone(),
    }
}
