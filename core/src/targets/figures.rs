//! Figures as they were known at an instant, read from derived rows and payloads.

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    ledger::{
        FoldError, LogIndex, Outcome, View,
        keys::{self, Table},
        rows::{SlotRow, VintageRow},
    },
    period::Period,
    snapshot::{SlotKey, Snapshot},
};

/// Reads figures from a view. What was read of a slot is kept, since one snapshot holds the figures of many targets.
pub struct Figures<'v> {
    view: &'v dyn View,
    as_of_ms: i64,
    read: BTreeMap<SlotKey, BTreeMap<IndicatorCode, Decimal>>,
}

impl<'v> Figures<'v> {
    /// The figures known at an instant, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn new(view: &'v dyn View, as_of_ms: i64) -> Self {
        Self {
            view,
            as_of_ms,
            read: BTreeMap::new(),
        }
    }

    /// One figure of a whole record; none where the slot had no accepted snapshot then, or it states no value.
    ///
    /// # Errors
    /// [`FoldError`] where a row or payload is damaged, or the store cannot be read.
    pub fn value(
        &mut self,
        unit: &UnitCode,
        dataset: &DatasetCode,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Result<Option<Decimal>, FoldError> {
        let slot = SlotKey::new(unit.clone(), dataset.clone(), period);
        if !self.read.contains_key(&slot) {
            let values = self.values(&slot)?;
            self.read.insert(slot.clone(), values);
        }
        let values = self.read.get(&slot);
        Ok(values.and_then(|values| values.get(indicator).copied()))
    }

    /// The values of the snapshot that was current.
    fn values(&self, slot: &SlotKey) -> Result<BTreeMap<IndicatorCode, Decimal>, FoldError> {
        let Some(row) = self.view.row(&keys::slot(Table::Slot, slot))? else {
            return Ok(BTreeMap::new());
        };
        let row = SlotRow::decode_row(&row).map_err(|_| damaged(slot))?;
        let known =
            |current: &crate::ledger::rows::CurrentRow| current.received_at_ms <= self.as_of_ms;
        let snapshot = match row.current.filter(known) {
            Some(current) => Some(self.snapshot(LogIndex(current.index))?),
            None => self.current_then(slot)?,
        };
        let observations = snapshot.map(|snapshot| snapshot.observations);
        let whole = observations
            .into_iter()
            .flatten()
            .filter(|o| o.item.is_none());
        Ok(whole
            .filter_map(|o| Some((o.indicator, o.value?)))
            .collect())
    }

    /// Of the valid snapshots received by the instant, the one that ranks highest by (revision, prepared at, digest), as the fold
    /// ranks them.
    fn current_then(&self, slot: &SlotKey) -> Result<Option<Snapshot>, FoldError> {
        let mut rows: Vec<(Option<LogIndex>, Vec<u8>)> = Vec::new();
        let prefix = keys::slot(Table::Vintage, slot);
        self.view.scan(&prefix, &mut |key, value| {
            rows.push((keys::parse_index(key), value.to_vec()));
            ControlFlow::Continue(())
        })?;
        let mut best: Option<(Rank, Snapshot)> = None;
        for (index, row) in rows {
            let row = VintageRow::decode_row(&row).map_err(|_| damaged(slot))?;
            let is_valid = match Outcome::from_number(row.outcome) {
                Some(Outcome::Accepted | Outcome::Superseded) => true,
                Some(Outcome::Returned) | None => false,
            };
            if !is_valid || row.received_at_ms > self.as_of_ms {
                continue;
            }
            let snapshot = self.snapshot(index.ok_or_else(|| damaged(slot))?)?;
            let rank = (
                snapshot.revision,
                snapshot.prepared_at_ms,
                row.payload_sha256,
            );
            if best.as_ref().is_none_or(|(highest, _)| rank > *highest) {
                best = Some((rank, snapshot));
            }
        }
        Ok(best.map(|(_, snapshot)| snapshot))
    }

    fn snapshot(&self, index: LogIndex) -> Result<Snapshot, FoldError> {
        let payload = self
            .view
            .payload(index)?
            .ok_or(FoldError::PayloadGone(index))?;
        Snapshot::decode(&payload).map_err(|error| FoldError::Payload(index, error.to_string()))
    }
}

/// Revision, prepared at, payload digest.
type Rank = (u32, i64, Vec<u8>);

fn damaged(slot: &SlotKey) -> FoldError {
    FoldError::Row(format!("a row of {slot}"))
}
