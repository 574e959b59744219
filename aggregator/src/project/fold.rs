//! Folding entries into the derived store: one step an entry, several steps a write.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use granary_core::{
    code::UnitCode,
    completeness::Board,
    ledger::{FoldError, JournalEntry, Ledger, Life, LogIndex, Registry, Vintage, rows::SlotRow},
    snapshot::SlotKey,
};

use super::{
    Derived,
    derived::overlay,
    kept::Kept,
    view::{Pending, PendingView, StoredView},
};
use crate::{
    journal::{Journal, StoreError},
    visit::Folding,
};

/// Rows that are changed in memory before they are written, at the most.
const PENDING_ROWS_MAX: usize = 4_096;
/// Entries that are read from the journal at once.
const READ_COUNT: usize = 256;

/// Why folding has stopped. No entry is ever skipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// The fold itself cannot go on.
    #[error("entry {index} cannot be folded: {error}")]
    Fold {
        /// The entry.
        index: LogIndex,
        /// Why.
        error: FoldError,
    },
    /// The derived rows cannot be read back.
    #[error("the derived rows cannot be read: {0}")]
    Load(FoldError),
    /// The derived rows are of a longer journal.
    #[error(
        "the derived rows cover {applied} entries, the journal has {size}: they belong to another journal; run `granary-aggregator rebuild`"
    )]
    Ahead {
        /// Entries folded.
        applied: u64,
        /// Entries in the journal.
        size: u64,
    },
    /// The derived rows are of another log.
    #[error(
        "the derived rows are of the log {derived}, the journal is {journal}: run `granary-aggregator rebuild`"
    )]
    OtherLog {
        /// The origin in the rows.
        derived: String,
        /// The journal's origin.
        journal: String,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The fold over one journal and its derived rows. Owned by the projector's thread.
#[derive(Debug)]
pub(crate) struct Folder {
    journal: Arc<Journal>,
    derived: Arc<Derived>,
    ledger: Ledger,
    pending: Pending,
    kept: RefCell<Kept>,
    effects: Effects,
}

/// What the steps of one write came to, beside their rows.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(super) slots: BTreeMap<SlotKey, SlotRow>,
    /// In the order of the log.
    pub(super) vintages: Vec<(SlotKey, Vintage)>,
    /// By the key of their row.
    pub(super) findings: BTreeMap<Vec<u8>, Life>,
    pub(super) assessed: BTreeSet<UnitCode>,
    pub(super) registry_changed: bool,
    pub(super) entries: u64,
    pub(super) ineffective: u64,
    /// Snapshots whose trace is told.
    pub(super) traced: Vec<Folding>,
}

impl Folder {
    /// Takes up where the derived rows are.
    pub(crate) fn load(journal: Arc<Journal>, derived: Arc<Derived>) -> Result<Self, ProjectError> {
        let ledger = Ledger::load(&StoredView {
            derived: &derived,
            journal: &journal,
        })
        .map_err(ProjectError::Load)?;
        let (applied, size) = (ledger.applied(), journal.size());
        if applied > size {
            return Err(ProjectError::Ahead { applied, size });
        }
        if let Some(genesis) = ledger
            .registry()
            .genesis()
            .filter(|genesis| genesis.origin != journal.origin())
        {
            return Err(ProjectError::OtherLog {
                derived: genesis.origin.clone(),
                journal: journal.origin().to_owned(),
            });
        }
        Ok(Self {
            journal,
            derived,
            ledger,
            pending: Pending::new(),
            kept: RefCell::default(),
            effects: Effects::default(),
        })
    }

    /// How many entries are folded, the unwritten ones included.
    pub(crate) const fn applied(&self) -> u64 {
        self.ledger.applied()
    }

    /// Who may do what, after the last folded entry.
    pub(crate) const fn registry(&self) -> &Arc<Registry> {
        self.ledger.registry()
    }

    /// The journal that is folded.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The slots' states as the written rows have them; none before a catalogue is published.
    pub(crate) fn board(&self) -> Result<Option<Board>, ProjectError> {
        let view = StoredView {
            derived: &self.derived,
            journal: &self.journal,
        };
        let catalogue = self.ledger.registry().catalogue().cloned();
        catalogue
            .map(|catalogue| Board::load(&view, catalogue))
            .transpose()
            .map_err(ProjectError::Load)
    }

    /// Folds one entry, which must be the next. Its changes are pending until [`Self::write`].
    pub(super) fn step(
        &mut self,
        index: LogIndex,
        entry: &JournalEntry,
        payload: &[u8],
    ) -> Result<(), ProjectError> {
        let begun = granary_trace::begin();
        let stored = StoredView {
            derived: &self.derived,
            journal: &self.journal,
        };
        let view = PendingView {
            stored,
            pending: &self.pending,
            kept: &self.kept,
        };
        let applied = self.ledger.apply(&view, index, entry, payload);
        let applied = applied.map_err(|error| ProjectError::Fold { index, error })?;
        overlay(&mut self.pending, applied.changes);
        let outcome = applied.vintage.as_ref().map(|(_, vintage)| vintage.outcome);
        let traced = Folding::of(entry, index, begun, outcome);
        self.effects.traced.extend(traced);
        self.effects.slots.extend(applied.slots);
        self.effects.vintages.extend(applied.vintage);
        self.effects.findings.extend(applied.findings);
        self.effects.assessed.extend(applied.assessed);
        self.effects.registry_changed |= applied.registry_changed;
        self.effects.entries += 1;
        self.effects.ineffective += u64::from(applied.ineffective.is_some());
        Ok(())
    }

    /// Whether the pending changes should be written now: there are many, or somebody waits for the new registry.
    pub(super) fn is_due(&self) -> bool {
        self.pending.len() >= PENDING_ROWS_MAX || self.effects.registry_changed
    }

    /// Writes the pending changes, all or none, and gives what they came to.
    pub(super) fn write(&mut self) -> Result<Effects, ProjectError> {
        if !self.pending.is_empty() {
            self.derived.write(self.pending.iter())?;
            let kept = self.kept.get_mut();
            for (key, row) in std::mem::take(&mut self.pending) {
                kept.put(key, row);
            }
        }
        Ok(std::mem::take(&mut self.effects))
    }

    /// Folds what the journal has beyond the last folded entry. `written` is called after each write.
    pub(super) fn catch_up(
        &mut self,
        written: &mut dyn FnMut(&Self, Effects) -> Result<(), ProjectError>,
    ) -> Result<(), ProjectError> {
        while self.applied() < self.journal.size() {
            let records = self.journal.records(LogIndex(self.applied()), READ_COUNT)?;
            for record in &records {
                self.step(LogIndex(self.applied()), &record.entry, &record.payload)?;
                if self.is_due() {
                    let effects = self.write()?;
                    written(self, effects)?;
                }
            }
        }
        let effects = self.write()?;
        written(self, effects)
    }
}
