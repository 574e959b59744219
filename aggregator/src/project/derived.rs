//! The derived store: the fold's rows in a RocksDB of their own.
//!
//! It has no write-ahead log and is never synced: whatever prefix of the writes survives a crash is a whole number of the
//! fold's steps, because a step is one batch and holds the row that says how far the fold is. The fold goes on from
//! there. So the folder can be deleted whenever nobody has it open, and the sequencer never waits for its writes.

use std::{
    fmt, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use granary_core::{
    digest::Digest,
    ledger::{self, Change, Visit},
};
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, DBRawIterator, Options, ReadOptions, Snapshot,
    WriteBatch, checkpoint::Checkpoint,
};

use crate::journal::{self, StoreError};

const MIB: usize = 1024 * 1024;
const BLOCK_CACHE_BYTES: usize = 64 * MIB;
/// Bounds what has to be folded again after a crash, and memory: three buffers at the most.
const WRITE_BUFFER_BYTES: usize = 32 * MIB;
const OPEN_FILES_MAX: i32 = 512;
const BLOOM_BITS_A_KEY: f64 = 10.0;

/// The rows that the fold has made.
pub struct Derived {
    db: DB,
}

impl Derived {
    /// Opens the derived rows of the data folder for this process alone; made empty where there are none.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be opened; removing them helps, since they can be made again.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let mut options = options();
        options.create_if_missing(true);
        Ok(Self {
            db: DB::open(&options, path(folder))?,
        })
    }

    /// Opens the derived rows as they were last written out, also beside a process that writes them.
    ///
    /// # Errors
    /// [`StoreError`] where there are none, or they cannot be opened.
    pub fn open_read_only(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            db: DB::open_for_read_only(&options(), path(folder), false)?,
        })
    }

    /// Removes the derived rows, which nobody may have open; they are folded again from the journal.
    ///
    /// # Errors
    /// What the file system said.
    pub fn remove(folder: &Path) -> io::Result<()> {
        match std::fs::remove_dir_all(path(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// The value of one row.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.db.get(key)?)
    }

    /// Visits the rows whose key begins with `prefix`, from the key `start` on, in the order of the keys, until `visit`
    /// breaks. All rows are as they were when the scan began.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn scan_from(
        &self,
        prefix: &[u8],
        start: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let iterator = self.db.raw_iterator_opt(below(prefix));
        walk(iterator, start.max(prefix), visit)
    }

    /// The rows as they are now, unchanged by what is written from here on.
    pub(super) fn freeze(&self) -> Snapshot<'_> {
        self.db.snapshot()
    }

    /// The digest of all rows: equal for equal journals.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn state_digest(&self) -> Result<Digest, StoreError> {
        let mut failure = None;
        let rows = self.db.iterator(rocksdb::IteratorMode::Start);
        let rows = rows.map_while(|row| row.map_err(|error| failure = Some(error)).ok());
        let digest = ledger::state_digest(rows);
        failure.map_or(Ok(digest), |error: rocksdb::Error| Err(error.into()))
    }

    /// Writes the changes of some of the fold's steps, all or none.
    pub(super) fn write<'a>(
        &self,
        rows: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    ) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for (key, value) in rows {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        Ok(self.db.write_without_wal(batch)?)
    }

    /// Copies the rows as they are now into a new folder, by RocksDB's checkpoint: a whole number of the fold's steps.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        Ok(Checkpoint::new(&self.db)?.create_checkpoint(to)?)
    }

    /// Writes what is in memory to disk; for an orderly end, so that nothing has to be folded again.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        Ok(self.db.flush()?)
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived")
            .field("path", &self.db.path())
            .finish()
    }
}

/// Puts a step's changes over those of the steps before.
pub(super) fn overlay(
    rows: &mut std::collections::BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    changes: Vec<Change>,
) {
    rows.extend(changes.into_iter().map(|change| (change.key, change.value)));
}

/// Only the rows whose key begins with `prefix`.
pub(super) fn below(prefix: &[u8]) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_iterate_range(rocksdb::PrefixRange(prefix));
    options
}

/// Visits rows from the key `start` on, until `visit` breaks.
pub(super) fn walk(
    mut iterator: DBRawIterator<'_>,
    start: &[u8],
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    iterator.seek(start);
    while let Some((key, value)) = iterator.item() {
        if let ControlFlow::Break(()) = visit(key, value) {
            return Ok(());
        }
        iterator.next();
    }
    Ok(iterator.status()?)
}

fn path(folder: &Path) -> PathBuf {
    folder.join("derived")
}

fn options() -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&Cache::new_lru_cache(BLOCK_CACHE_BYTES));
    table.set_cache_index_and_filter_blocks(true);
    table.set_bloom_filter(BLOOM_BITS_A_KEY, false);
    journal::in_parts(&mut table);
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_max_write_buffer_number(3);
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(0.05);
    options.set_compression_type(DBCompressionType::None);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);
    options.set_max_background_jobs(2);
    options.set_max_open_files(OPEN_FILES_MAX);
    journal::quiet(&mut options);
    options
}
