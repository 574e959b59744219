//! The journal: the append-only record of everything, and the proofs about it.
//!
//! In the data folder:
//!
//! | name | holds |
//! |---|---|
//! | `journal.id` | the marker: a journal of this origin must exist here. It is written last when a journal is made |
//! | `journal/` | RocksDB (`store`): entries, payloads, digests, full tiles, and what the journal is |
//! | `journal.head` | the newest checkpoint (`head`) |
//!
//! Invariants:
//! - Entries are dense from 0. Entry, payload, digest and completed tiles are written by one synchronous batch.
//! - A missing journal is never silently recreated, a newer format never opened, a shorter or different one never taken
//!   for the one that the newest checkpoint was signed over.
//! - A payload is compared with its digest just before it is written and just after it is read.
//! - Nothing here assumes that this process wrote an entry.

mod error;
mod store;
mod head;
mod files;
mod append;
mod tree;

use std::{
    fmt,
    path::Path,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use granary_core::{
    digest::Digest,
    ledger::{JournalEntry, LogIndex},
};

use crate::durable;

pub use append::{Append, NewEntry};
pub use error::{OpenError, StoreError};
pub(crate) use store::{in_parts, quiet};
pub use tree::{Head, ReadError, Tail};

use files::{MARKER_FIRST_LINE, Paths, check_meta, create_store, open_store, read_marker};
use head::HeadFile;
use store::{Family, Store};

/// An open journal.
pub struct Journal {
    paths: Paths,
    origin: String,
    /// Closed (`None`) only while the store is opened again after a failed write, or where that failed too.
    store: RwLock<Option<Store>>,
    /// Entries that are durable and may be read. Moved by the sequencer.
    size: AtomicU64,
    /// The newest signed tree. Moved by the sequencer.
    head: ArcSwap<Head>,
    head_file: Mutex<HeadFile>,
}

/// One entry with its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The exact bytes that the leaf hash is over.
    pub bytes: Vec<u8>,
    /// The entry in them.
    pub entry: JournalEntry,
    /// The payload, whose digest is the entry's.
    pub payload: Vec<u8>,
}

impl Journal {
    /// Makes a new, empty journal of the log `origin` in `folder` and opens it.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where there is one or was one; [`OpenError`] where a file cannot be written.
    pub fn create(folder: &Path, origin: &str) -> Result<Self, OpenError> {
        let paths = Paths::of(folder);
        if let Some(taken) = [&paths.marker, &paths.store]
            .into_iter()
            .find(|path| path.exists())
        {
            return Err(OpenError::Exists(taken.clone()));
        }
        create_store(&paths, origin)?;
        HeadFile::create(&paths.head).map_err(|error| OpenError::file(&paths.head, error))?;
        // The marker comes last: where it stands, everything else was made.
        let marker = format!("{MARKER_FIRST_LINE}\n{origin}\n");
        durable::write_file(&paths.marker, marker.as_bytes())
            .map_err(|error| OpenError::file(&paths.marker, error))?;
        Self::open(folder)
    }

    /// Opens the journal in `folder` for this process alone.
    ///
    /// # Errors
    /// [`OpenError`] says what does not hold; nothing is repaired or recreated.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_as(Paths::of(folder), false)
    }

    /// Opens the journal as it is now, also beside a process that writes it.
    ///
    /// # Errors
    /// As [`Self::open`], but for [`OpenError::InUse`].
    pub fn open_read_only(folder: &Path) -> Result<Self, OpenError> {
        Self::open_as(Paths::of(folder), true)
    }

    fn open_as(paths: Paths, read_only: bool) -> Result<Self, OpenError> {
        let marker = read_marker(&paths)?;
        // The head is read first: a process beside this one may commit in between, and the journal only grows.
        let (head_file, stored) = HeadFile::open(&paths.head, read_only)
            .map_err(|error| OpenError::file(&paths.head, error))?;
        let store = open_store(&paths, read_only)?;
        check_meta(&store, &marker)?;
        let size = tree::stored_size(&store)?;
        let head = match stored {
            Some(stored) => tree::checked_head(&store, size, stored)?,
            None if size > 1 => {
                return Err(OpenError::HeadGone {
                    path: paths.head,
                    size,
                });
            }
            None => Head::unsigned(),
        };
        Ok(Self {
            paths,
            origin: marker,
            store: RwLock::new(Some(store)),
            size: AtomicU64::new(size),
            head: ArcSwap::from_pointee(head),
            head_file: Mutex::new(head_file),
        })
    }

    /// Closes the store and opens it again, after a write failed: what a failed write left behind is unknown until the
    /// log on disk is read. Readers wait meanwhile.
    ///
    /// # Errors
    /// [`OpenError`]; the store stays closed then, and the next call tries again.
    pub(crate) fn reopen(&self) -> Result<Tail, OpenError> {
        let mut guard = self
            .store
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // The old store must be gone first: it holds the lock.
        *guard = None;
        let store = open_store(&self.paths, false)?;
        let size = tree::stored_size(&store)?;
        let known = self.size();
        if size < known {
            return Err(OpenError::Shorter { size, head: known });
        }
        let tail = Tail::read(&store, size)?;
        *guard = Some(store);
        drop(guard);
        Ok(tail)
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries are durable; the newest few may not be under the newest checkpoint yet.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// The exact bytes of an entry.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn entry(&self, index: LogIndex) -> Result<Option<Vec<u8>>, StoreError> {
        self.with_store(|store| store.get(Family::Entries, &index.0.to_be_bytes()))
    }

    /// An entry and its payload, compared with its digest.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read, or what it holds is damaged.
    pub fn record(&self, index: LogIndex) -> Result<Option<Record>, StoreError> {
        if index.0 >= self.size() {
            return Ok(None);
        }
        // By key, not by a scan: the fold looks up earlier snapshots one by one, and what lies near them is asked for next.
        let key = index.0.to_be_bytes();
        let found = self.with_store(|store| {
            let entry = store.get(Family::Entries, &key)?;
            Ok(entry.zip(store.get(Family::Payloads, &key)?))
        })?;
        let (entry, payload) = found.ok_or_else(|| {
            StoreError::Damaged(format!("the entry or the payload of {index} is missing"))
        })?;
        Record::checked(entry, payload).map(Some)
    }

    /// Up to `count` entries from `first` on, with their payloads; fewer at the journal's end.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn records(&self, first: LogIndex, count: usize) -> Result<Vec<Record>, StoreError> {
        self.records_within(first, count, usize::MAX)
    }

    /// The same, but no further record is read once the payloads before it have `bytes_max` bytes together.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn records_within(
        &self,
        first: LogIndex,
        count: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let left = usize::try_from(self.size().saturating_sub(first.0)).unwrap_or(usize::MAX);
        let (start, count) = (first.0.to_be_bytes(), count.min(left));
        if count == 0 {
            return Ok(Vec::new());
        }
        let (entries, payloads) = self.with_store(|store| {
            let payloads = store.values_within(Family::Payloads, &start, count, bytes_max)?;
            let entries = store.values_from(Family::Entries, &start, payloads.len())?;
            Ok((entries, payloads))
        })?;
        // Where bytes set the bound, how many there are is known only now.
        let is_cut = bytes_max < usize::MAX && !payloads.is_empty();
        if entries.len() != payloads.len() || (payloads.len() != count && !is_cut) {
            return Err(StoreError::Damaged(format!(
                "entries or payloads behind {first} are missing"
            )));
        }
        entries
            .into_iter()
            .zip(payloads)
            .map(|(entry, payload)| Record::checked(entry, payload))
            .collect()
    }

    /// Where a payload with this digest stands.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn index_of(&self, digest: &Digest) -> Result<Option<LogIndex>, StoreError> {
        let Some(value) = self.with_store(|store| store.get(Family::Digests, digest.as_bytes()))?
        else {
            return Ok(None);
        };
        let index = value
            .try_into()
            .map_err(|_| StoreError::Damaged(format!("the index of {digest}")))?;
        Ok(Some(LogIndex(u64::from_be_bytes(index))))
    }

    /// What the next append builds on, read from the store.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read, or what it holds is damaged.
    pub(crate) fn tail(&self) -> Result<Tail, StoreError> {
        self.with_store(|store| Tail::read(store, self.size()))
    }

    /// The file that says that a journal must be here.
    pub(crate) fn marker(&self) -> &Path {
        &self.paths.marker
    }

    /// Copies the file of the newest checkpoint; gives the entries under it.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn copy_head(&self, to: &Path) -> std::io::Result<u64> {
        let file = self
            .head_file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::fs::copy(&self.paths.head, to)?;
        drop(file);
        let (_, stored) = HeadFile::open(to, true)?;
        Ok(stored.map_or(0, |stored| stored.checkpoint.size()))
    }

    /// Copies the store into a new folder while it is written; files that never change get a second name where they can.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn copy_store(&self, to: &Path) -> Result<(), StoreError> {
        self.with_store(|store| Ok(store.copy_to(to)?))
    }

    fn with_store<T>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let guard = self
            .store
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        read(guard.as_ref().ok_or(StoreError::Closed)?)
    }
}

impl Record {
    fn checked(bytes: Vec<u8>, payload: Vec<u8>) -> Result<Self, StoreError> {
        let entry = JournalEntry::decode(&bytes).map_err(|e| StoreError::Damaged(e.to_string()))?;
        if Digest::of(&payload) != entry.payload_sha256 {
            return Err(StoreError::Damaged(format!(
                "the payload of {} has another digest",
                entry.payload_sha256
            )));
        }
        Ok(Self {
            bytes,
            entry,
            payload,
        })
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("origin", &self.origin)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
