//! What the fold may read: the stored rows, and over them the changes that are not written yet.

use std::{cell::RefCell, collections::BTreeMap, ops::ControlFlow};

use granary_core::ledger::{LogIndex, View, ViewError, Visit};

use super::{
    Derived,
    derived::{below, walk},
    kept::Kept,
};
use crate::journal::{Journal, StoreError};

/// The rows as of the last written step, and the journal's payloads.
#[derive(Clone, Copy, Debug)]
pub struct StoredView<'a> {
    /// The rows.
    pub derived: &'a Derived,
    /// The payloads.
    pub journal: &'a Journal,
}

/// The rows as they were at one moment, whatever is written meanwhile, and the journal's payloads.
pub struct FrozenView<'a> {
    rows: rocksdb::Snapshot<'a>,
    journal: &'a Journal,
}

/// Rows that will be written together; `None` deletes.
pub(super) type Pending = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The stored rows with the pending changes over them.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingView<'a> {
    pub(super) stored: StoredView<'a>,
    pub(super) pending: &'a Pending,
    /// Stored rows that need not be read again.
    pub(super) kept: &'a RefCell<Kept>,
}

impl View for StoredView<'_> {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.derived.row(key).map_err(unreadable)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError> {
        self.derived
            .scan_from(prefix, prefix, visit)
            .map_err(unreadable)
    }

    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        let record = self.journal.record(index).map_err(unreadable)?;
        Ok(record.map(|record| record.payload))
    }
}

impl<'a> FrozenView<'a> {
    /// Keeps the written rows as they are now.
    #[must_use]
    pub fn new(derived: &'a Derived, journal: &'a Journal) -> Self {
        Self {
            rows: derived.freeze(),
            journal,
        }
    }
}

impl View for FrozenView<'_> {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        let row = self.rows.get(key);
        row.map_err(|error| unreadable(error.into()))
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError> {
        let iterator = self.rows.raw_iterator_opt(below(prefix));
        walk(iterator, prefix, visit).map_err(unreadable)
    }

    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        let record = self.journal.record(index).map_err(unreadable)?;
        Ok(record.map(|record| record.payload))
    }
}

impl View for PendingView<'_> {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        if let Some(value) = self.pending.get(key) {
            return Ok(value.clone());
        }
        if let Some(row) = self.kept.borrow_mut().get(key) {
            return Ok(row);
        }
        let row = self.stored.row(key)?;
        self.kept.borrow_mut().put(key.to_vec(), row.clone());
        Ok(row)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError> {
        let pending = self.pending.range(prefix.to_vec()..);
        let mut pending = pending
            .take_while(|(key, _)| key.starts_with(prefix))
            .peekable();
        let mut flow = ControlFlow::Continue(());
        self.stored.scan(prefix, &mut |key, value| {
            while let Some((new_key, new_value)) =
                pending.next_if(|(new_key, _)| new_key.as_slice() < key)
            {
                flow = visit_some(visit, new_key, new_value.as_deref());
                flow?;
            }
            let over = pending.next_if(|(new_key, _)| new_key.as_slice() == key);
            flow = match over {
                Some((_, new_value)) => visit_some(visit, key, new_value.as_deref()),
                None => visit(key, value),
            };
            flow
        })?;
        while let (ControlFlow::Continue(()), Some((key, value))) = (flow, pending.next()) {
            flow = visit_some(visit, key, value.as_deref());
        }
        Ok(())
    }

    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        self.stored.payload(index)
    }
}

fn visit_some(visit: &mut Visit<'_>, key: &[u8], value: Option<&[u8]>) -> ControlFlow<()> {
    value.map_or(ControlFlow::Continue(()), |value| visit(key, value))
}

fn unreadable(error: StoreError) -> ViewError {
    ViewError::new(error)
}
