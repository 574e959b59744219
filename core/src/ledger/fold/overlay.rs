//! The draft of one entry's changes, laid over the view, so that later steps of the same entry see earlier ones.

use std::{cell::RefCell, collections::BTreeMap, ops::ControlFlow, sync::Arc};

use crate::{
    ledger::{
        Change, JournalEntry, Life, LogIndex, Refusal, View, ViewError, Visit,
        facts::LifeRow,
        keys::{self, Table},
        rows::{FindingRow, SlotRow},
    },
    snapshot::{SlotKey, Snapshot},
};
use prost::Message as _;

use super::{Applied, FoldError, recent::Recent};

pub(super) struct Draft<'a> {
    view: &'a dyn View,
    recent: &'a RefCell<Recent>,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(super) index: LogIndex,
    pub(super) entry: &'a JournalEntry,
    pub(super) applied: Applied,
    /// The slot that this entry extends, and until when.
    pub(super) extended: Option<(SlotKey, i64)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        view: &'a dyn View,
        recent: &'a RefCell<Recent>,
        index: LogIndex,
        entry: &'a JournalEntry,
    ) -> Self {
        Self {
            view,
            recent,
            changes: BTreeMap::new(),
            index,
            entry,
            applied: Applied::default(),
            extended: None,
        }
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    pub(super) fn change(&mut self, change: Change) {
        self.changes.insert(change.key, change.value);
    }

    pub(super) fn delete(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// Whether this entry puts or deletes the row.
    pub(super) fn is_changed(&self, key: &[u8]) -> bool {
        self.changes.contains_key(key)
    }

    /// Leaves the entry without effect. How far the fold is has already been put.
    pub(super) fn ignore(&mut self, why: Refusal) {
        self.applied.ineffective = Some(why);
    }

    pub(super) fn slot_row(&self, slot: &SlotKey) -> Result<SlotRow, FoldError> {
        let row = self.row(&keys::slot(Table::Slot, slot))?;
        Ok(row
            .map(|row| SlotRow::decode_row(&row))
            .transpose()?
            .unwrap_or_default())
    }

    pub(super) fn put_slot_row(&mut self, slot: &SlotKey, row: SlotRow) {
        self.put(keys::slot(Table::Slot, slot), row.encode_to_vec());
        self.applied.slots.push((slot.clone(), row));
    }

    /// Puts a finding, and notes in its life where its status is another one now.
    pub(super) fn put_finding(
        &mut self,
        key: Vec<u8>,
        mut row: FindingRow,
    ) -> Result<(), FoldError> {
        LifeRow::note(&mut row, self.index, self.entry.received_at_ms);
        self.put(key.clone(), row.encode_to_vec());
        self.applied.findings.push((key, Life::of(&row)?));
        Ok(())
    }

    /// The snapshot that an entry holds, for entries that the fold took before.
    pub(super) fn snapshot(&self, index: LogIndex) -> Result<Arc<Snapshot>, FoldError> {
        if let Some(known) = self.recent.borrow().get(index) {
            return Ok(known);
        }
        let payload = self.payload(index)?.ok_or(FoldError::PayloadGone(index))?;
        let decoded = Snapshot::decode(&payload);
        let decoded = decoded.map_err(|e| FoldError::Payload(index, e.to_string()))?;
        Ok(self.remember(index, decoded))
    }

    /// Keeps a snapshot decoded for the entries to come.
    pub(super) fn remember(&self, index: LogIndex, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        self.recent.borrow_mut().put(index, Arc::clone(&snapshot));
        snapshot
    }

    pub(super) fn finish(self) -> Applied {
        let change = |(key, value)| Change { key, value };
        Applied {
            changes: self.changes.into_iter().map(change).collect(),
            ..self.applied
        }
    }
}

impl View for Draft<'_> {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.view.row(key),
        }
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError> {
        let ours = self
            .changes
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix));
        let mut ours = ours.peekable();
        let mut stopped = false;
        self.view.scan(prefix, &mut |key, value| {
            while let Some((own, change)) = ours.next_if(|(own, _)| own.as_slice() < key) {
                if change
                    .as_ref()
                    .is_some_and(|value| visit(own, value).is_break())
                {
                    stopped = true;
                    return ControlFlow::Break(());
                }
            }
            let flow = match ours.next_if(|(own, _)| own.as_slice() == key) {
                Some((_, Some(value))) => visit(key, value),
                Some((_, None)) => ControlFlow::Continue(()),
                None => visit(key, value),
            };
            stopped = flow.is_break();
            flow
        })?;
        if !stopped {
            for (own, change) in ours {
                if change
                    .as_ref()
                    .is_some_and(|value| visit(own, value).is_break())
                {
                    break;
                }
            }
        }
        Ok(())
    }

    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        self.view.payload(index)
    }
}
