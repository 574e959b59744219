//! What was known of a slot at an instant, from derived rows and, where two revisions tie, from the payloads.
//!
//! The city's server and the auditor's replay answer with these functions, so that the same journal gives the same answers.

use std::ops::ControlFlow;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    catalogue::Dataset,
    period::Period,
    snapshot::{SlotKey, Snapshot},
};

use super::{
    FoldError, LogIndex, Outcome, View,
    keys::{self, Table},
    rows::{SlotRow, VintageRow},
};

/// One snapshot of a slot.
pub type Vintage = (LogIndex, VintageRow);

/// What was known of a slot at an instant, beside its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownSlot {
    /// When the first snapshot was received.
    pub first_received_at_ms: Option<i64>,
    /// When the first accepted snapshot was received.
    pub first_accepted_at_ms: Option<i64>,
    /// When the current value was received.
    pub last_revised_at_ms: Option<i64>,
    /// How many snapshots were received.
    pub received_count: u32,
    /// How many of them were returned.
    pub returned_count: u32,
    /// The current revision number; 0 where nothing was accepted.
    pub revision: u32,
    /// When the report arrived before the system, by imported history.
    pub imported_at_ms: Option<i64>,
}

/// The slot's row, if anything has happened to it.
///
/// # Errors
/// [`FoldError`] where the rows cannot be read.
pub fn slot_row(view: &dyn View, slot: &SlotKey) -> Result<Option<SlotRow>, FoldError> {
    let row = view.row(&keys::slot(Table::Slot, slot))?;
    Ok(row.map(|row| SlotRow::decode_row(&row)).transpose()?)
}

/// Every snapshot of the slot, in the order of the log.
///
/// # Errors
/// [`FoldError`] where the rows cannot be read.
pub fn vintages(view: &dyn View, slot: &SlotKey) -> Result<Vec<Vintage>, FoldError> {
    let mut rows = Vec::new();
    view.scan(&keys::slot(Table::Vintage, slot), &mut |key, value| {
        rows.push((keys::parse_index(key), VintageRow::decode_row(value)));
        ControlFlow::Continue(())
    })?;
    let checked = |(index, row): (Option<LogIndex>, Result<VintageRow, _>)| {
        let index = index.ok_or_else(|| FoldError::Row("a vintage's key".into()))?;
        Ok((index, row?))
    };
    rows.into_iter().map(checked).collect()
}

/// Whether a snapshot held every validity edit.
#[must_use]
pub fn is_valid(row: &VintageRow) -> bool {
    match Outcome::from_number(row.outcome) {
        Some(Outcome::Accepted | Outcome::Superseded) => true,
        Some(Outcome::Returned) | None => false,
    }
}

/// The snapshot of an entry.
///
/// # Errors
/// [`FoldError`] where the payload is gone or is no snapshot.
pub fn snapshot(view: &dyn View, index: LogIndex) -> Result<Snapshot, FoldError> {
    let payload = view.payload(index)?.ok_or(FoldError::PayloadGone(index))?;
    Snapshot::decode(&payload).map_err(|e| FoldError::Payload(index, e.to_string()))
}

/// The vintage that was current at an instant: of the valid ones received by then, the one that ranks highest by
/// (revision, prepared at, digest), as the fold ranks them.
///
/// # Errors
/// [`FoldError`] where a payload cannot be read.
pub fn current_at<'a>(
    view: &dyn View,
    vintages: &'a [Vintage],
    as_of_ms: i64,
) -> Result<Option<&'a Vintage>, FoldError> {
    let known = |(_, row): &&Vintage| row.received_at_ms <= as_of_ms && is_valid(row);
    let known: Vec<_> = vintages.iter().filter(known).collect();
    let Some(revision) = known.iter().map(|(_, row)| row.revision).max() else {
        return Ok(None);
    };
    let highest = known
        .into_iter()
        .filter(|(_, row)| row.revision == revision);
    let mut ranked = Vec::new();
    for vintage in highest {
        let prepared_at_ms = snapshot(view, vintage.0)?.prepared_at_ms;
        ranked.push(((prepared_at_ms, &vintage.1.payload_sha256), vintage));
    }
    let first = ranked.into_iter().max_by_key(|(rank, _)| *rank);
    Ok(first.map(|(_, vintage)| vintage))
}

/// What was known of a slot at an instant.
///
/// # Errors
/// [`FoldError`] where the rows or payloads cannot be read.
pub fn known(view: &dyn View, slot: &SlotKey, as_of_ms: i64) -> Result<KnownSlot, FoldError> {
    let row = slot_row(view, slot)?.unwrap_or_default();
    let by_then = |at_ms: Option<i64>| at_ms.filter(|at_ms| *at_ms <= as_of_ms);
    let import_known = by_then(row.import_received_at_ms).is_some();
    let known = KnownSlot {
        first_received_at_ms: by_then(row.first_received_at_ms),
        first_accepted_at_ms: by_then(row.first_accepted_at_ms),
        imported_at_ms: row.imported_at_ms.filter(|_| import_known),
        ..KnownSlot::default()
    };
    let current = row.current.as_ref();
    let current = current.map(|current| (current.received_at_ms, current.revision));
    // A row with one snapshot tells all. Where there are more, some may have come after the instant.
    if row.received_count <= 1 && current.is_none_or(|(at_ms, _)| at_ms <= as_of_ms) {
        let first = known.first_received_at_ms;
        return Ok(KnownSlot {
            received_count: first.map_or(0, |_| row.received_count),
            returned_count: first.map_or(0, |_| row.returned_count),
            ..known.with(current)
        });
    }
    let vintages = vintages(view, slot)?;
    let by_then = vintages
        .iter()
        .filter(|(_, row)| row.received_at_ms <= as_of_ms);
    let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let returned = by_then.clone().filter(|(_, row)| !is_valid(row));
    let current = current_at(view, &vintages, as_of_ms)?;
    Ok(KnownSlot {
        received_count: narrow(by_then.count()),
        returned_count: narrow(returned.count()),
        ..known.with(current.map(|(_, row)| (row.received_at_ms, row.revision)))
    })
}

/// The snapshots whose figures were known of a slot at an instant, with when each was received: the current one, or all
/// valid ones in the order of the log.
///
/// # Errors
/// [`FoldError`] where the rows or payloads cannot be read.
pub fn stated(
    view: &dyn View,
    slot: &SlotKey,
    as_of_ms: i64,
    all_vintages: bool,
) -> Result<Vec<(LogIndex, i64)>, FoldError> {
    let Some(row) = slot_row(view, slot)? else {
        return Ok(Vec::new());
    };
    let current = row
        .current
        .filter(|current| current.received_at_ms <= as_of_ms && !all_vintages);
    if let Some(current) = current {
        return Ok(vec![(LogIndex(current.index), current.received_at_ms)]);
    }
    let vintages = vintages(view, slot)?;
    let dated = |(index, row): &Vintage| (*index, row.received_at_ms);
    if all_vintages {
        let known = |(_, row): &&Vintage| row.received_at_ms <= as_of_ms && is_valid(row);
        return Ok(vintages.iter().filter(known).map(dated).collect());
    }
    Ok(current_at(view, &vintages, as_of_ms)?
        .into_iter()
        .map(dated)
        .collect())
}

/// The dataset's periods from `first` to `last` that have begun anywhere on earth at the instant.
pub fn periods(
    dataset: &Dataset,
    first: Option<Period>,
    last: Option<Period>,
    as_of_ms: i64,
) -> impl Iterator<Item = Period> {
    let start = first.map_or(dataset.first_period(), |first| {
        first.max(dataset.first_period())
    });
    let now = Timestamp::from_millisecond(as_of_ms).unwrap_or(Timestamp::MAX);
    let today = TimeZone::UTC.to_datetime(now).date();
    let tomorrow = today.tomorrow().unwrap_or(today);
    let covers = dataset.covers(start);
    std::iter::successors(covers.then_some(start), |period| period.plus(1)).take_while(
        move |period| period.first_day() <= tomorrow && last.is_none_or(|last| *period <= last),
    )
}

impl KnownSlot {
    /// With the current snapshot's receive time and revision.
    fn with(self, current: Option<(i64, u32)>) -> Self {
        Self {
            last_revised_at_ms: current.map(|(received_at_ms, _)| received_at_ms),
            revision: current.map_or(0, |(_, revision)| revision),
            ..self
        }
    }
}
