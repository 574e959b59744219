//! A slot's vintages: what was current at an instant, from derived rows and, where two revisions tie, from the payloads.

use std::ops::ControlFlow;

use granary_core::{
    ledger::{
        LogIndex, Outcome, keys,
        rows::{SlotRow, VintageRow},
    },
    snapshot::{SlotKey, Snapshot},
};

use super::{City, failure::Failure};

/// One snapshot of a slot.
pub(super) type Vintage = (LogIndex, VintageRow);

/// The slot's row, if anything has happened to it.
pub(super) fn slot_row(city: &City, slot: &SlotKey) -> Result<Option<SlotRow>, Failure> {
    let row = city
        .handle
        .derived()
        .row(&keys::slot(keys::Table::Slot, slot))
        .map_err(Failure::internal)?;
    row.map(|row| SlotRow::decode_row(&row))
        .transpose()
        .map_err(Failure::internal)
}

/// Every snapshot of the slot, in the order of the log.
pub(super) fn vintages(city: &City, slot: &SlotKey) -> Result<Vec<Vintage>, Failure> {
    let prefix = keys::slot(keys::Table::Vintage, slot);
    let mut rows = Vec::new();
    let scanned = city
        .handle
        .derived()
        .scan_from(&prefix, &prefix, &mut |key, value| {
            rows.push((keys::parse_index(key), value.to_vec()));
            ControlFlow::Continue(())
        });
    scanned.map_err(Failure::internal)?;
    let decode = |(index, value): (Option<LogIndex>, Vec<u8>)| {
        let index = index.ok_or_else(|| Failure::internal("a vintage's key is damaged"))?;
        Ok((
            index,
            VintageRow::decode_row(&value).map_err(Failure::internal)?,
        ))
    };
    rows.into_iter().map(decode).collect()
}

/// Whether a snapshot held every validity edit.
pub(super) fn is_valid(row: &VintageRow) -> bool {
    match Outcome::from_number(row.outcome) {
        Some(Outcome::Accepted | Outcome::Superseded) => true,
        Some(Outcome::Returned) | None => false,
    }
}

/// The vintage that was current at an instant: of the valid ones received by then, the one that ranks highest by
/// (revision, prepared at, digest), as the fold ranks them.
pub(super) fn current_at<'a>(
    city: &City,
    vintages: &'a [Vintage],
    as_of_ms: i64,
) -> Result<Option<&'a Vintage>, Failure> {
    let known: Vec<_> = vintages
        .iter()
        .filter(|(_, row)| row.received_at_ms <= as_of_ms && is_valid(row))
        .collect();
    let Some(revision) = known.iter().map(|(_, row)| row.revision).max() else {
        return Ok(None);
    };
    let highest: Vec<_> = known
        .into_iter()
        .filter(|(_, row)| row.revision == revision)
        .collect();
    let mut ranked = Vec::with_capacity(highest.len());
    for vintage in highest {
        let prepared_at_ms = snapshot(city, vintage.0)?.prepared_at_ms;
        ranked.push(((prepared_at_ms, &vintage.1.payload_sha256), vintage));
    }
    Ok(ranked
        .into_iter()
        .max_by_key(|(rank, _)| *rank)
        .map(|(_, vintage)| vintage))
}

/// The snapshot of an entry.
pub(super) fn snapshot(city: &City, index: LogIndex) -> Result<Snapshot, Failure> {
    let record = city
        .handle
        .journal()
        .record(index)
        .map_err(Failure::internal)?;
    let record = record.ok_or_else(|| Failure::internal("a vintage's entry is gone"))?;
    Snapshot::decode(&record.payload).map_err(Failure::internal)
}
