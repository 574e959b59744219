//! What must hold in the end, whatever was killed or cut, each law by its name. The judge reads the stopped city's journal and
//! folds it once more from nothing, in maps, without a break.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use granary_aggregator::journal::{Journal, Record};
use granary_core::{
    digest::Digest,
    ledger::{
        Ledger, LogIndex, Subject, View, ViewError, Visit, keys, rows::SlotRow, state_digest,
    },
    log::{Checkpoint, Frontier, Hash, Receipt, VerifierKey, leaf_hash, verify_consistency},
    snapshot::{SlotKey, Snapshot},
};

use crate::{
    city::City,
    pusher::{Promise, Pusher},
};

/// Reads a stopped city.
pub(crate) struct Judge {
    journal: Journal,
    log_key: VerifierKey,
    head: Checkpoint,
    pub(crate) records: Vec<Record>,
    folded: Folded,
}

/// Derived rows and payloads in maps.
#[derive(Default)]
struct Folded {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    payloads: Vec<Vec<u8>>,
}

impl View for Folded {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError> {
        let rows = self.rows.range(prefix.to_vec()..);
        for (key, value) in rows.take_while(|(key, _)| key.starts_with(prefix)) {
            if visit(key, value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self
            .payloads
            .get(usize::try_from(index.0).unwrap())
            .cloned())
    }
}

impl Judge {
    /// Opens the journal of a city whose server was killed after it had answered everything.
    pub(crate) fn of(city: &City) -> Self {
        let journal = Journal::open(&city.data()).unwrap();
        let log_key = city.log_key();
        let keys = std::slice::from_ref(&log_key);
        let head = Checkpoint::open(
            journal.checkpoint().as_bytes(),
            log_key.name().as_str(),
            keys,
        )
        .unwrap();
        let records: Vec<Record> = (0..journal.size())
            .map(|index| journal.record(LogIndex(index)).unwrap().unwrap())
            .collect();
        let folded = fold(&records);
        Self {
            journal,
            log_key,
            head,
            records,
            folded,
        }
    }

    /// The newest head is signed over exactly the entries that are there.
    pub(crate) fn the_head_covers_the_journal(&self) {
        let mut tree = Frontier::default();
        self.records
            .iter()
            .for_each(|record| tree.push(leaf_hash(&record.bytes)));
        assert_eq!(
            (self.head.size(), *self.head.root()),
            (self.records.len() as u64, tree.root())
        );
    }

    /// No payload stands in the journal twice, each snapshot came to one vintage, and time never goes back.
    pub(crate) fn nothing_is_applied_twice(&self) {
        let payloads: BTreeSet<Digest> = self
            .records
            .iter()
            .map(|record| record.entry.payload_sha256)
            .collect();
        assert_eq!(
            payloads.len(),
            self.records.len(),
            "a payload stands in the journal twice"
        );
        let vintages = self
            .folded
            .rows
            .keys()
            .filter(|key| key[0] == keys::Table::Vintage as u8)
            .count();
        assert_eq!(vintages, self.snapshots().count());
        assert!(
            self.records
                .is_sorted_by_key(|record| record.entry.received_at_ms)
        );
    }

    /// Every receipt holds by itself, its entry is still where it says, and its head is one that the newest head grew from.
    pub(crate) fn every_receipt_holds<'a>(
        &self,
        receipts: impl Iterator<Item = &'a Receipt>,
    ) -> usize {
        let (mut heads, mut count) = (BTreeMap::<u64, Hash>::new(), 0);
        for receipt in receipts {
            let head = receipt.verify(&self.log_key).unwrap();
            let record = self.records.get(usize::try_from(receipt.index).unwrap());
            let record = record
                .unwrap_or_else(|| panic!("entry {} was acknowledged and is lost", receipt.index));
            assert_eq!(
                record.bytes, receipt.entry,
                "entry {} was acknowledged as another",
                receipt.index
            );
            let root = *heads.entry(head.size()).or_insert(*head.root());
            assert_eq!(root, *head.root(), "two heads of {} entries", head.size());
            count += 1;
        }
        for (size, root) in heads {
            let proof = self
                .journal
                .consistency_proof(size, self.head.size())
                .unwrap();
            verify_consistency(size, &root, self.head.size(), self.head.root(), &proof).unwrap();
        }
        count
    }

    /// What a unit's journal says is exactly what its client was promised: nothing is lost, and nothing came from nowhere.
    pub(crate) fn promises_are_kept(&self, pusher: &Pusher, unit: &str) {
        let journaled: BTreeSet<Digest> = self
            .snapshots()
            .filter(|(slot, _)| slot.unit.as_str() == unit)
            .map(|(_, digest)| digest)
            .collect();
        let promised: BTreeSet<Digest> = pusher.receipted.keys().copied().collect();
        assert_eq!(journaled, promised);
    }

    /// The current value of each slot is the valid statement that ranks highest, in whatever order they came.
    pub(crate) fn the_highest_revision_counts<'a>(
        &self,
        promises: impl Iterator<Item = &'a Promise>,
    ) {
        let mut highest: BTreeMap<&SlotKey, &Promise> = BTreeMap::new();
        for promise in promises.filter(|promise| promise.statement.is_valid) {
            let best = highest.entry(&promise.statement.slot).or_insert(promise);
            if promise.statement.rank > best.statement.rank {
                *best = promise;
            }
        }
        for (slot, promise) in highest {
            let row = self
                .folded
                .rows
                .get(&keys::slot(keys::Table::Slot, slot))
                .unwrap();
            let current = SlotRow::decode_row(row).unwrap().current.unwrap();
            assert_eq!(
                current.payload_sha256,
                promise.statement.payload_sha256.as_bytes(),
                "{slot}"
            );
        }
    }

    /// The slots and digests of the snapshots in the journal.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (&SlotKey, Digest)> {
        self.records
            .iter()
            .filter_map(|record| match &record.entry.subject {
                Subject::Snapshot(slot) => Some((slot, record.entry.payload_sha256)),
                Subject::Act => None,
            })
    }

    /// A snapshot of the journal.
    pub(crate) fn snapshot(record: &Record) -> Option<Snapshot> {
        matches!(record.entry.subject, Subject::Snapshot(_))
            .then(|| Snapshot::decode(&record.payload).unwrap())
    }

    /// Closes the journal, and then: what the server said last, what its folder says, and what comes of folding everything
    /// again must be what the uninterrupted fold says.
    pub(crate) fn every_fold_is_the_same(self, city: &City, served: (Digest, u64)) {
        let uninterrupted = (
            state_digest(self.folded.rows.iter()),
            self.records.len() as u64,
        );
        drop(self);
        assert_eq!(
            served, uninterrupted,
            "as the server said before it was killed"
        );
        assert_eq!(city.state_digest_stored(), uninterrupted, "as it is stored");
        assert_eq!(
            city.state_digest_rebuilt(),
            uninterrupted,
            "as it is rebuilt"
        );
        assert_eq!(
            city.state_digest_stored(),
            uninterrupted,
            "as it is stored after it was rebuilt"
        );
    }
}

fn fold(records: &[Record]) -> Folded {
    let mut folded = Folded::default();
    let mut ledger = Ledger::load(&folded).unwrap();
    for (index, record) in records.iter().enumerate() {
        folded.payloads.push(record.payload.clone());
        let applied = ledger
            .apply(
                &folded,
                LogIndex(index as u64),
                &record.entry,
                &record.payload,
            )
            .unwrap();
        assert_eq!(applied.ineffective, None, "entry {index} has no effect");
        for change in applied.changes {
            match change.value {
                Some(value) => folded.rows.insert(change.key, value),
                None => folded.rows.remove(&change.key),
            };
        }
    }
    folded
}
