//! Folding revisions: what the figures of a slot are now against what they were when first accepted.

use prost::Message as _;

use crate::{
    catalogue::Catalogue,
    ledger::{
        LogIndex, Revisions,
        facts::{RevisedFigureRow, RevisionRow},
        keys::{self, Table},
        revision,
        rows::SlotRow,
    },
    snapshot::Snapshot,
};

use super::{FoldError, overlay::Draft};

/// Before `snapshot` becomes current: keeps the figures that differ from those first accepted, and gives the sums over all
/// figures. `None` for the first snapshot of a slot.
pub(super) fn follow(
    draft: &mut Draft<'_>,
    catalogue: &Catalogue,
    row: &SlotRow,
    snapshot: &Snapshot,
) -> Result<Option<Revisions>, FoldError> {
    let (Some(first_index), Some(first_received_at_ms)) =
        (row.first_accepted_index, row.first_accepted_at_ms)
    else {
        return Ok(None);
    };
    let first = draft.snapshot(LogIndex(first_index))?;
    let figures = revision::figures(&first, snapshot);
    let changed = figures.iter().filter(|figure| figure.is_changed());
    // Also where everything is as it first was, so that the row says when the slot was revised.
    let row = RevisionRow {
        first_index,
        first_received_at_ms,
        latest_index: draft.index.0,
        latest_received_at_ms: draft.entry.received_at_ms,
        revision: snapshot.revision,
        figures: changed.map(RevisedFigureRow::of).collect(),
    };
    draft.put(
        keys::slot(Table::Revision, &snapshot.slot),
        row.encode_to_vec(),
    );
    Ok(Some(Revisions::of(catalogue, &figures)))
}
