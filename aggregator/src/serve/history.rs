//! What was known of a slot at an instant, by the core's functions over the city's stores.

use std::sync::Arc;

use granary_core::{
    ledger::{
        Known, LogIndex,
        history::{self, KnownSlot, Vintage},
        rows::SlotRow,
    },
    snapshot::{SlotKey, Snapshot},
};

use super::{City, failure::Failure};

pub(super) use granary_core::ledger::history::is_valid;

/// The slot's row, if anything has happened to it.
pub(super) fn slot_row(city: &City, slot: &SlotKey) -> Result<Option<SlotRow>, Failure> {
    history::slot_row(&city.handle.view(), slot).map_err(Failure::internal)
}

/// What was known of a slot, beside its state.
pub(super) fn known(city: &City, slot: &SlotKey, as_of_ms: i64) -> Result<KnownSlot, Failure> {
    history::known(&city.handle.view(), slot, as_of_ms).map_err(Failure::internal)
}

/// The snapshots whose figures were known of a slot, with when each was received.
pub(super) fn stated(
    city: &City,
    slot: &SlotKey,
    as_of_ms: i64,
    all_vintages: bool,
) -> Result<Vec<(LogIndex, i64)>, Failure> {
    history::stated(&city.handle.view(), slot, as_of_ms, all_vintages).map_err(Failure::internal)
}

/// Every snapshot of the slot, in the order of the log.
pub(super) fn vintages(city: &City, slot: &SlotKey) -> Result<Vec<Vintage>, Failure> {
    history::vintages(&city.handle.view(), slot).map_err(Failure::internal)
}

/// The snapshot of an entry.
pub(super) fn snapshot(city: &City, index: LogIndex) -> Result<Snapshot, Failure> {
    history::snapshot(&city.handle.view(), index).map_err(Failure::internal)
}

/// What the unit's current snapshot of a slot is, for edits that look at other records.
pub(super) fn current(city: &City, slot: &SlotKey) -> Result<Known, Failure> {
    let current = slot_row(city, slot)?.and_then(|row| row.current);
    let found = current.map(|current| snapshot(city, LogIndex(current.index)));
    Ok(found
        .transpose()?
        .map_or(Known::Nothing, |found| Known::Stated(Arc::new(found))))
}
