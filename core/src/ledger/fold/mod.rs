//! The fold: `(view, entry) -> changes`.
//!
//! Laws, each with a test:
//! - deterministic: no clock, no randomness, no order but the journal's;
//! - a duplicate changes no value: the journal never holds a payload twice, and one that it did would outrank nothing;
//! - the current value of a slot is the accepted snapshot that ranks highest by (revision, prepared at, digest), so that
//!   any order of delivery ends in the same values;
//! - a snapshot that fails a validity edit is kept as a vintage and never becomes current;
//! - first received, first accepted and an imported arrival never change once they are set.
//!
//! An entry that admission would refuse has no effect here either ([`Applied::ineffective`]), so that a journal written
//! by a faulty program cannot change figures.

mod acts;
mod findings;
mod imports;
mod evidence;
mod overlay;
mod recent;
mod related;
mod revisions;
mod rollups;
mod snapshots;

use std::{cell::RefCell, sync::Arc};

use self::{overlay::Draft, recent::Recent};
use super::{
    Change, JournalEntry, Life, LogIndex, Refusal, Registry, Subject, View, ViewError, Vintage,
    keys::{self, Table},
    rows::{RowError, SlotRow},
};
use crate::{code::UnitCode, digest::Digest, snapshot::SlotKey};

/// The fold's own memory between entries: how far it is, and who may do what.
#[derive(Clone, Debug)]
pub struct Ledger {
    applied: u64,
    registry: Arc<Registry>,
    recent: Recent,
}

/// What one entry came to.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The rows that change, sorted by key; they include how far the fold is. To be written together.
    pub changes: Vec<Change>,
    /// The slots whose row changed, for the indexes that the serving side keeps in memory.
    pub slots: Vec<(SlotKey, SlotRow)>,
    /// The snapshot that was assessed, for the same indexes.
    pub vintage: Option<(SlotKey, Vintage)>,
    /// The findings that changed, by the key of their row; for the same indexes.
    pub findings: Vec<(Vec<u8>, Life)>,
    /// Whether there is a new registry.
    pub registry_changed: bool,
    /// The unit whose snapshot was assessed.
    pub assessed: Option<UnitCode>,
    /// Why the entry has no effect, where it has none.
    pub ineffective: Option<Refusal>,
}

/// What became of a snapshot; the numbers are those of `granary.v1.Outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is the current value of its slot.
    Accepted,
    /// It fails a validity edit.
    Returned,
    /// It is valid, but a higher revision had already been accepted.
    Superseded,
}

/// The life of a finding; the numbers are those of `granary.v1.FindingStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingStatus {
    /// Nobody has answered it.
    Open,
    /// The unit has explained it.
    Explained,
    /// Operations have accepted the explanation.
    Accepted,
    /// A later snapshot has put it right.
    Corrected,
}

/// Why the fold cannot go on. It never skips an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The store cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A derived row is damaged; a rebuild mends it.
    #[error("a derived row is damaged ({0}): rebuild the derived state from the journal")]
    Row(String),
    /// An entry's payload is not in the store.
    #[error(
        "the payload of entry {0} is gone from the store: restore the data folder from a backup"
    )]
    PayloadGone(LogIndex),
    /// An entry's payload is not what the entry says.
    #[error("the payload of entry {0} is damaged: {1}")]
    Payload(LogIndex, String),
    /// The entry is not the next one.
    #[error("entry {found} was offered where entry {expected} is next")]
    OutOfOrder {
        /// The next index.
        expected: u64,
        /// The index that was offered.
        found: u64,
    },
}

impl Ledger {
    /// Takes up where the derived rows are.
    ///
    /// # Errors
    /// [`FoldError`] where they cannot be read.
    pub fn load(view: &dyn View) -> Result<Self, FoldError> {
        let applied = match view.row(&keys::table(Table::Applied))? {
            None => 0,
            Some(row) => {
                let bytes = row.as_slice().try_into();
                u64::from_be_bytes(bytes.map_err(|_| FoldError::Row("applied".into()))?)
            }
        };
        Ok(Self {
            applied,
            registry: Arc::new(Registry::load(view, applied)?),
            recent: Recent::default(),
        })
    }

    /// How many entries are folded.
    #[must_use]
    pub const fn applied(&self) -> u64 {
        self.applied
    }

    /// Who may do what, now.
    #[must_use]
    pub const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Folds the next entry.
    ///
    /// # Errors
    /// [`FoldError`]; nothing has changed then.
    pub fn apply(
        &mut self,
        view: &dyn View,
        index: LogIndex,
        entry: &JournalEntry,
        payload: &[u8],
    ) -> Result<Applied, FoldError> {
        if index.0 != self.applied {
            return Err(FoldError::OutOfOrder {
                expected: self.applied,
                found: index.0,
            });
        }
        if Digest::of(payload) != entry.payload_sha256 {
            return Err(FoldError::Payload(
                index,
                "its digest is not the entry's".into(),
            ));
        }
        // Where folding fails, what was kept decoded is merely forgotten.
        let recent = RefCell::new(std::mem::take(&mut self.recent));
        let mut draft = Draft::new(view, &recent, index, entry);
        draft.put(
            keys::table(Table::Applied),
            (index.0 + 1).to_be_bytes().to_vec(),
        );
        match &entry.subject {
            Subject::Act => acts::fold(&mut draft, &self.registry, payload)?,
            Subject::Snapshot(slot) => snapshots::fold(&mut draft, &self.registry, slot, payload)?,
        }
        if let Some((slot, due_at_ms)) = draft.extended.take() {
            let registry = self.registry.with_extension(index.0 + 1, slot, due_at_ms);
            self.registry = Arc::new(registry);
        } else if draft.applied.registry_changed {
            self.registry = Arc::new(self.registry.after(&draft, index.0 + 1)?);
            if draft.applied.ineffective.is_none() {
                rollups::rebuild_if_published(&mut draft, &self.registry)?;
            }
        }
        self.applied = index.0 + 1;
        let applied = draft.finish();
        self.recent = recent.into_inner();
        Ok(applied)
    }
}

impl Outcome {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Accepted => 1,
            Self::Returned => 2,
            Self::Superseded => 3,
        }
    }

    /// The inverse of [`Self::number`].
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Accepted),
            2 => Some(Self::Returned),
            3 => Some(Self::Superseded),
            _ => None,
        }
    }
}

impl FindingStatus {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Open => 1,
            Self::Explained => 2,
            Self::Accepted => 3,
            Self::Corrected => 4,
        }
    }

    /// The inverse of [`Self::number`].
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Open),
            2 => Some(Self::Explained),
            3 => Some(Self::Accepted),
            4 => Some(Self::Corrected),
            _ => None,
        }
    }
}

impl From<RowError> for FoldError {
    fn from(error: RowError) -> Self {
        Self::Row(error.0)
    }
}
