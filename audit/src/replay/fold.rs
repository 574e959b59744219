//! Folding checked records in their order: times, keys, admission, state, tree.
//!
//! - In: blocks of checked records, in order.
//! - Out: the rows, the tally, the frontier of the tree; or the first [`Fault`].
//! - Durable after: nothing; the rows are temporary.
//! - On crash: run it again.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    digest::Digest,
    ledger::{
        Applied, Change, Deed, FoldError, JournalEntry, Ledger, LogIndex, Outcome, RefusalCode,
        Subject, View, ViewError, Visit, keys, rows::VintageRow, signing_key,
    },
    log::{Frontier, Growth, Hash},
    snapshot::SlotKey,
};

use super::{
    Options,
    check::{Content, Keys, Sound, check_left},
    crew::Arrived,
    fault::{EntryFault, Fault},
    rows::Rows,
    tally::Tally,
};
use crate::archive::Payloads;

/// The fold over one journal. Owned by the calling thread.
pub(super) struct Fold<'a> {
    pub(super) ledger: Ledger,
    pub(super) rows: Rows,
    pub(super) payloads: Payloads,
    pub(super) tally: Tally,
    pub(super) frontier: Frontier,
    pub(super) last_received_at_ms: i64,
    /// The roots that were asked for, by the number of entries that they are over.
    pub(super) roots: BTreeMap<u64, Hash>,
    /// The sizes whose roots are kept.
    wanted: BTreeSet<u64>,
    /// How many entries are folded at the most; those after them are only hashed into the tree.
    entries_max: u64,
    keys: &'a Keys,
    /// The payloads of acts, so that none counts twice. Of snapshots the rows tell it.
    acts: BTreeSet<Digest>,
}

/// The rows so far and the payloads of the blocks so far.
#[derive(Clone, Copy)]
pub(super) struct Folded<'a> {
    pub(super) rows: &'a Rows,
    pub(super) payloads: &'a Payloads,
}

impl View for Folded<'_> {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.rows.get(key).map_err(ViewError::new)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError> {
        self.rows.scan(prefix, visit).map_err(ViewError::new)
    }

    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        self.payloads.get(index.0).map_err(ViewError::new)
    }
}

impl<'a> Fold<'a> {
    pub(super) fn new(
        rows: Rows,
        payloads: Payloads,
        keys: &'a Keys,
        options: &Options,
    ) -> Result<Self, Fault> {
        let view = Folded {
            rows: &rows,
            payloads: &payloads,
        };
        let ledger = Ledger::load(&view).map_err(Fault::local)?;
        Ok(Self {
            ledger,
            rows,
            payloads,
            tally: Tally::default(),
            frontier: Frontier::empty(),
            last_received_at_ms: i64::MIN,
            roots: BTreeMap::new(),
            wanted: options.sizes_wanted(),
            entries_max: options.entries_max.unwrap_or(u64::MAX),
            keys,
            acts: BTreeSet::new(),
        })
    }

    /// Takes up a block.
    pub(super) fn take(&mut self, arrived: Arrived) -> Result<(), Fault> {
        let block = arrived.block;
        self.payloads
            .add(arrived.offset, std::sync::Arc::clone(&block));
        let records = arrived.checked.records.into_iter().zip(block.records());
        for (index, (sound, (_, payload))) in (block.first()..).zip(records) {
            let sound = sound?;
            if index < self.entries_max {
                self.record(index, &sound, payload)?;
            }
        }
        self.grow(arrived.checked.leaves);
        Ok(())
    }

    /// Adds leaves to the tree, and keeps the roots on the way that are wanted.
    fn grow(&mut self, mut leaves: Vec<Hash>) {
        let before = self.frontier.size();
        let after = before + leaves.len() as u64;
        let within: Vec<u64> = self.wanted.range(before..=after).copied().collect();
        for size in within {
            let left = usize::try_from(size - self.frontier.size()).unwrap_or(leaves.len());
            let beyond = leaves.split_off(left);
            self.frontier = Growth::new(&self.frontier, leaves).into_frontier();
            self.roots.insert(size, self.frontier.root());
            leaves = beyond;
        }
        self.frontier = Growth::new(&self.frontier, leaves).into_frontier();
    }

    fn record(&mut self, index: u64, sound: &Sound, payload: &[u8]) -> Result<(), Fault> {
        let fault = |what| Fault::entry(index, what);
        if sound.is_genesis() != (index == 0) {
            return Err(fault(EntryFault::Genesis));
        }
        let at_ms = sound.entry.received_at_ms;
        if at_ms < self.last_received_at_ms {
            let before_ms = self.last_received_at_ms;
            return Err(fault(EntryFault::TimeGoesBack { at_ms, before_ms }));
        }
        check_left(sound, payload, self.keys).map_err(fault)?;
        if let Content::Act(_) = &sound.content {
            self.may_act(sound).map_err(fault)?;
        }
        let applied = self.apply(index, &sound.entry, payload)?;
        self.last_received_at_ms = at_ms;
        self.tally.signatures += sound.entry.signatures.len() as u64;
        match &sound.content {
            Content::Snapshot(observations) => {
                self.tally.snapshots += 1;
                self.tally.observations += observations;
            }
            Content::Act(_) => self.tally.acts += 1,
        }
        self.judge(index, sound, &applied)?;
        self.rows.write(applied.changes).map_err(Fault::local)
    }

    /// Whether the act is new, and signed by whoever may sign such an act.
    fn may_act(&mut self, sound: &Sound) -> Result<(), EntryFault> {
        let digest = sound.entry.payload_sha256;
        if !self.acts.insert(digest) {
            return Err(EntryFault::Duplicate(digest));
        }
        let Content::Act(act) = &sound.content else {
            return Ok(());
        };
        let registry = self.ledger.registry();
        let mut signers = sound.entry.signatures.iter().map(|s| s.key_id);
        match signers.find(|id| signing_key(registry, act, id).is_err()) {
            Some(other) => Err(EntryFault::NotPermitted(other)),
            None => Ok(()),
        }
    }

    fn apply(
        &mut self,
        index: u64,
        entry: &JournalEntry,
        payload: &[u8],
    ) -> Result<Applied, Fault> {
        let view = Folded {
            rows: &self.rows,
            payloads: &self.payloads,
        };
        let applied = self.ledger.apply(&view, LogIndex(index), entry, payload);
        applied.map_err(|error| match error {
            FoldError::View(error) => Fault::local(error),
            other @ (FoldError::Row(_)
            | FoldError::PayloadGone(_)
            | FoldError::Payload(..)
            | FoldError::OutOfOrder { .. }) => Fault::entry(index, EntryFault::Fold(other)),
        })
    }

    /// Counts what the entry came to, and learns its key or catalogue.
    fn judge(&mut self, index: u64, sound: &Sound, applied: &Applied) -> Result<(), Fault> {
        if let Some(refusal) = &applied.ineffective {
            // Whoever was not entitled to sign should not be in the journal at all; the rest merely has no effect.
            if matches!(
                refusal.code,
                RefusalCode::KeyUnknown
                    | RefusalCode::KeyRevoked
                    | RefusalCode::KeyReplaced
                    | RefusalCode::KeyOfAnotherUnit
                    | RefusalCode::Signature
                    | RefusalCode::SignaturesMissing
            ) {
                let what = EntryFault::Unauthentic(refusal.clone());
                return Err(Fault::entry(index, what));
            }
            self.tally.no_effect(index, refusal.clone());
            return Ok(());
        }
        match &sound.entry.subject {
            Subject::Snapshot(slot) => self.assessed(index, slot, &sound.entry, &applied.changes),
            Subject::Act => {
                if let Some(key) = sound.brought_key() {
                    self.keys.add(key);
                }
                if sound.is_genesis()
                    && let Some(key) = self.ledger.registry().log_key()
                {
                    self.keys.add(key);
                }
                if let Content::Act(act) = &sound.content
                    && let Deed::PublishCatalogue(_) = act.deed
                    && let Some(catalogue) = self.ledger.registry().catalogue()
                {
                    self.tally.published(catalogue.version(), index);
                }
                Ok(())
            }
        }
    }

    fn assessed(
        &mut self,
        index: u64,
        slot: &SlotKey,
        entry: &JournalEntry,
        changes: &[Change],
    ) -> Result<(), Fault> {
        let key = keys::vintage(slot, LogIndex(index));
        let at = changes.binary_search_by(|change| change.key.cmp(&key));
        let row = at.ok().and_then(|at| changes.get(at)?.value.as_deref());
        let row = row.map(VintageRow::decode_row).transpose();
        let outcome = row.map_err(Fault::local)?;
        let outcome = outcome.and_then(|row| Outcome::from_number(row.outcome));
        let outcome = outcome.ok_or_else(|| Fault::local("a vintage has no outcome"))?;
        // What becomes current outranks everything before it, so it cannot be a copy of anything.
        if outcome != Outcome::Accepted && self.is_copy(slot, &entry.payload_sha256)? {
            let what = EntryFault::Duplicate(entry.payload_sha256);
            return Err(Fault::entry(index, what));
        }
        self.tally.assessed(outcome);
        Ok(())
    }

    /// Whether an earlier snapshot of the slot has this payload. Equal payloads state the same slot.
    fn is_copy(&self, slot: &SlotKey, digest: &Digest) -> Result<bool, Fault> {
        let view = Folded {
            rows: &self.rows,
            payloads: &self.payloads,
        };
        let vintages = granary_core::ledger::history::vintages(&view, slot);
        let vintages = vintages.map_err(Fault::local)?;
        Ok(vintages
            .iter()
            .any(|(_, row)| row.payload_sha256 == digest.as_bytes()))
    }
}
