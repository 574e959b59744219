//! The journal's RocksDB: its column families and how they are tuned.
//!
//! - One writer appends in index order, so `entries` and `payloads` never overlap between files and compaction only
//!   moves them.
//! - `digests` is looked up for every submission and nearly never has what is asked for: bloom filters answer from
//!   memory, in the tables and in the write buffer.
//! - The write-ahead log is synced by every append. Its files are used again, so that a sync need not also make a new
//!   file length durable. Recovery reads up to the first record that is not whole; that this was the end is checked
//!   against the head ([`super::head`]).

use std::path::Path;

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB,
    DBCompressionType, DBRecoveryMode, LogLevel, Options, ReadOptions, WriteBatch, WriteOptions,
    checkpoint::Checkpoint,
};

use super::StoreError;

const MIB: usize = 1024 * 1024;

/// Tables read from disk and their filters, all families together.
const BLOCK_CACHE_BYTES: usize = 64 * MIB;
/// What is in write buffers, all families together; reaching it writes them out.
const WRITE_BUFFER_BYTES_TOTAL: usize = 96 * MIB;
/// Write-ahead log files, all together; reaching it writes out the buffers that still need the oldest.
const WAL_BYTES_MAX: u64 = 128 * MIB as u64;
const OPEN_FILES_MAX: i32 = 512;
const BLOOM_BITS_A_KEY: f64 = 10.0;

/// A column family of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Index (u64 be) to the entry's bytes.
    Entries,
    /// Index (u64 be) to the payload's bytes.
    Payloads,
    /// SHA-256 of a payload to its index (u64 be).
    Digests,
    /// Level (u8) and index (u64 be) to a full tile's 8,192 bytes.
    Tiles,
    /// Name to value: what the journal is.
    Meta,
}

impl Family {
    const ALL: [Self; 5] = [
        Self::Entries,
        Self::Payloads,
        Self::Digests,
        Self::Tiles,
        Self::Meta,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Payloads => "payloads",
            Self::Digests => "digests",
            Self::Tiles => "tiles",
            Self::Meta => "meta",
        }
    }

    fn options(self, cache: &Cache) -> Options {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(cache);
        table.set_cache_index_and_filter_blocks(true);
        table.set_bloom_filter(BLOOM_BITS_A_KEY, false);
        in_parts(&mut table);
        let mut options = Options::default();
        options.set_max_write_buffer_number(3);
        options.set_compression_type(DBCompressionType::None);
        match self {
            Self::Entries => options.set_write_buffer_size(16 * MIB),
            Self::Payloads => {
                options.set_write_buffer_size(32 * MIB);
                options.set_compression_type(DBCompressionType::Zstd);
                // Larger blocks give the compressor more to find.
                table.set_block_size(32 * 1024);
            }
            Self::Digests => {
                options.set_write_buffer_size(16 * MIB);
                options.set_memtable_whole_key_filtering(true);
                options.set_memtable_prefix_bloom_ratio(0.1);
            }
            Self::Tiles => options.set_write_buffer_size(4 * MIB),
            Self::Meta => options.set_write_buffer_size(MIB),
        }
        options.set_block_based_table_factory(&table);
        options
    }
}

/// Has a table's index and filter in parts, of which only those in use are cached. Whole, those of a long journal's tables are
/// megabytes each, push one another out of the cache, and are read and unpacked again for each key.
pub(crate) fn in_parts(table: &mut BlockBasedOptions) {
    table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    table.set_partition_filters(true);
    table.set_pin_top_level_index_and_filter(true);
}

/// An open store.
pub(super) struct Store {
    db: DB,
    sync: WriteOptions,
}

impl Store {
    /// Makes a new, empty store in a folder that must not hold one.
    pub(super) fn create(path: &Path) -> Result<Self, rocksdb::Error> {
        let mut options = db_options();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_error_if_exists(true);
        Ok(Self::of(DB::open_cf_descriptors(
            &options,
            path,
            descriptors(),
        )?))
    }

    /// Opens a store for this process alone.
    pub(super) fn open(path: &Path) -> Result<Self, rocksdb::Error> {
        Ok(Self::of(DB::open_cf_descriptors(
            &db_options(),
            path,
            descriptors(),
        )?))
    }

    /// Opens a store as it is now, without a lock.
    pub(super) fn open_read_only(path: &Path) -> Result<Self, rocksdb::Error> {
        Ok(Self::of(DB::open_cf_descriptors_read_only(
            &db_options(),
            path,
            descriptors(),
            false,
        )?))
    }

    fn of(db: DB) -> Self {
        let mut sync = WriteOptions::default();
        sync.set_sync(true);
        Self { db, sync }
    }

    /// Copies the store as it is now into a new folder, by RocksDB's checkpoint.
    pub(super) fn copy_to(&self, to: &Path) -> Result<(), rocksdb::Error> {
        Checkpoint::new(&self.db)?.create_checkpoint(to)
    }

    /// A family's handle, to put rows into a batch.
    pub(super) fn family(&self, family: Family) -> Result<&ColumnFamily, StoreError> {
        let handle = self.db.cf_handle(family.name());
        handle.ok_or_else(|| {
            StoreError::Damaged(format!("it has no column family {}", family.name()))
        })
    }

    pub(super) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.db.get_cf(self.family(family)?, key)?)
    }

    /// The last row of a family.
    pub(super) fn last_key(&self, family: Family) -> Result<Option<Vec<u8>>, StoreError> {
        let mut iterator = self.db.raw_iterator_cf(self.family(family)?);
        iterator.seek_to_last();
        iterator.status()?;
        Ok(iterator.key().map(<[u8]>::to_vec))
    }

    /// The values of `count` rows from `start` on; fewer where the family ends.
    pub(super) fn values_from(
        &self,
        family: Family,
        start: &[u8],
        count: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.values_within(family, start, count, usize::MAX)
    }

    /// The same, but no further value is read once those before it have `bytes_max` bytes together.
    pub(super) fn values_within(
        &self,
        family: Family,
        start: &[u8],
        count: usize,
        bytes_max: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut options = ReadOptions::default();
        // One sequential pass over the whole family must not push out what others look up.
        options.fill_cache(false);
        let mut iterator = self.db.raw_iterator_cf_opt(self.family(family)?, options);
        iterator.seek(start);
        let (mut values, mut bytes) = (Vec::with_capacity(count), 0);
        while let Some(value) = iterator
            .value()
            .filter(|_| values.len() < count && bytes < bytes_max)
        {
            bytes += value.len();
            values.push(value.to_vec());
            iterator.next();
        }
        iterator.status()?;
        Ok(values)
    }

    /// Writes a batch and syncs the write-ahead log: the commit point.
    pub(super) fn write_synced(&self, batch: WriteBatch) -> Result<(), rocksdb::Error> {
        self.db.write_opt(batch, &self.sync)
    }
}

fn descriptors() -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(BLOCK_CACHE_BYTES);
    let descriptor =
        |family: Family| ColumnFamilyDescriptor::new(family.name(), family.options(&cache));
    Family::ALL.map(descriptor).into()
}

fn db_options() -> Options {
    let mut options = Options::default();
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_recycle_log_file_num(2);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_db_write_buffer_size(WRITE_BUFFER_BYTES_TOTAL);
    options.set_max_background_jobs(2);
    options.set_bytes_per_sync(MIB as u64);
    options.set_max_open_files(OPEN_FILES_MAX);
    quiet(&mut options);
    options
}

/// Keeps RocksDB's own log small: what matters goes through this program's events.
pub(crate) fn quiet(options: &mut Options) {
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(4 * MIB);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
}
