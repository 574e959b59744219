//! Folding imported history: each slot takes the first arrival that is imported for it.

use crate::{
    code::DatasetCode,
    ledger::import::{self, Arrival},
    snapshot::SlotKey,
};

use super::{FoldError, overlay::Draft};

/// All arrivals of an act, or none where one of them contradicts an earlier import.
pub(super) fn fold(
    draft: &mut Draft<'_>,
    dataset: &DatasetCode,
    arrivals: &[Arrival],
) -> Result<(), FoldError> {
    if let Some(refusal) = import::conflict(draft, dataset, arrivals)? {
        draft.ignore(refusal);
        return Ok(());
    }
    for arrival in arrivals {
        let slot = SlotKey::new(arrival.unit.clone(), dataset.clone(), arrival.period);
        let mut row = draft.slot_row(&slot)?;
        if row.imported_at_ms.is_some() {
            continue;
        }
        row.imported_at_ms = Some(arrival.arrived_at_ms);
        row.import_received_at_ms = Some(draft.entry.received_at_ms);
        row.import_index = Some(draft.index.0);
        draft.put_slot_row(&slot, row);
    }
    Ok(())
}
