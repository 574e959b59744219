//! Where the refolded rows are: in memory while they are few, and beyond that in a RocksDB in a temporary folder, so that
//! a long journal takes no more memory than a short one.
//!
//! Both keep the rows in the order of their keys, which the state digest needs. The folder is gone when the rows are
//! dropped; nothing in it is synced, because it can be folded again.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use granary_core::{
    digest::Digest,
    ledger::{Change, Visit, state_digest},
};
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, DB, DBCompressionType, LogLevel, Options,
    ReadOptions, WriteBatch, WriteOptions,
};
use tempfile::TempDir;

const MIB: usize = 1 << 20;
/// Bytes of keys and values that are kept in memory before they go to disk.
pub(super) const MEMORY_BYTES_MAX: usize = 24 * MIB;
const BLOCK_CACHE_BYTES: usize = 32 * MIB;
const WRITE_BUFFER_BYTES: usize = 16 * MIB;
const OPEN_FILES_MAX: i32 = 256;
const BLOOM_BITS_A_KEY: f64 = 10.0;

/// The derived rows of the replay.
pub(super) struct Rows {
    place: Place,
    memory_bytes_max: usize,
    /// Where a temporary folder may be made.
    scratch: PathBuf,
}

enum Place {
    Memory {
        rows: BTreeMap<Vec<u8>, Vec<u8>>,
        bytes: usize,
    },
    Disk {
        // Before the folder, so that it is closed first.
        db: DB,
        write: WriteOptions,
        _folder: TempDir,
    },
}

impl Rows {
    pub(super) fn new(scratch: &Path, memory_bytes_max: usize) -> Self {
        Self {
            place: Place::Memory {
                rows: BTreeMap::new(),
                bytes: 0,
            },
            memory_bytes_max,
            scratch: scratch.to_path_buf(),
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        match &self.place {
            Place::Memory { rows, .. } => Ok(rows.get(key).cloned()),
            Place::Disk { db, .. } => db.get(key).map_err(|e| self.failed(&e)),
        }
    }

    /// Visits the rows whose key begins with `prefix`, in order.
    pub(super) fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), String> {
        match &self.place {
            Place::Memory { rows, .. } => {
                let from = (
                    std::ops::Bound::Included(prefix),
                    std::ops::Bound::Unbounded,
                );
                let rows = rows.range::<[u8], _>(from);
                for (key, value) in rows.take_while(|(key, _)| key.starts_with(prefix)) {
                    if visit(key, value).is_break() {
                        break;
                    }
                }
                Ok(())
            }
            Place::Disk { db, .. } => {
                let mut options = ReadOptions::default();
                options.set_iterate_range(rocksdb::PrefixRange(prefix));
                let mut iterator = db.raw_iterator_opt(options);
                iterator.seek(prefix);
                while let Some((key, value)) = iterator.item() {
                    if let ControlFlow::Break(()) = visit(key, value) {
                        return Ok(());
                    }
                    iterator.next();
                }
                iterator.status().map_err(|e| self.failed(&e))
            }
        }
    }

    /// Takes over what an entry changed.
    pub(super) fn write(&mut self, changes: Vec<Change>) -> Result<(), String> {
        match &mut self.place {
            Place::Memory { rows, bytes } => {
                for Change { key, value } in changes {
                    let key_bytes = key.len();
                    let added = value.as_ref().map_or(0, |value| key_bytes + value.len());
                    let old = match value {
                        Some(value) => rows.insert(key, value),
                        None => rows.remove(&key),
                    };
                    *bytes += added;
                    *bytes -= old.map_or(0, |old| key_bytes + old.len());
                }
                if *bytes > self.memory_bytes_max {
                    self.spill()?;
                }
                Ok(())
            }
            Place::Disk { db, write, .. } => {
                let mut batch = WriteBatch::default();
                for Change { key, value } in changes {
                    match value {
                        Some(value) => batch.put(key, value),
                        None => batch.delete(key),
                    }
                }
                let written = db.write_opt(batch, write);
                written.map_err(|e| self.failed(&e))
            }
        }
    }

    /// The digest of all rows, as the aggregator computes it.
    pub(super) fn digest(&self) -> Result<Digest, String> {
        match &self.place {
            Place::Memory { rows, .. } => Ok(state_digest(rows.iter())),
            Place::Disk { db, .. } => {
                let mut failure = None;
                let rows = db.iterator(rocksdb::IteratorMode::Start);
                let rows = rows.map_while(|row| row.map_err(|error| failure = Some(error)).ok());
                let digest = state_digest(rows);
                failure.map_or(Ok(digest), |error| Err(self.failed(&error)))
            }
        }
    }

    /// Moves the rows to disk.
    fn spill(&mut self) -> Result<(), String> {
        let Place::Memory { rows, .. } = &self.place else {
            return Ok(());
        };
        let folder = tempfile::Builder::new()
            .prefix("granary-replay-")
            .tempdir_in(&self.scratch)
            .map_err(|e| self.failed(&e))?;
        let mut write = WriteOptions::default();
        write.disable_wal(true);
        let db = DB::open(&options(), folder.path()).map_err(|e| self.failed(&e))?;
        for (key, value) in rows {
            db.put_opt(key, value, &write)
                .map_err(|e| self.failed(&e))?;
        }
        self.place = Place::Disk {
            db,
            write,
            _folder: folder,
        };
        Ok(())
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> String {
        format!("the temporary rows in {}: {error}", self.scratch.display())
    }
}

fn options() -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&Cache::new_lru_cache(BLOCK_CACHE_BYTES));
    table.set_cache_index_and_filter_blocks(true);
    table.set_bloom_filter(BLOOM_BITS_A_KEY, false);
    // A table's index and filter in parts, of which only those in use are cached: whole, those of a long journal's tables are
    // megabytes each, push one another out of the cache, and are read and unpacked again for each key.
    table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    table.set_partition_filters(true);
    table.set_pin_top_level_index_and_filter(true);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_max_write_buffer_number(3);
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(0.05);
    options.set_compression_type(DBCompressionType::None);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);
    options.set_max_background_jobs(2);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_log_level(LogLevel::Error);
    options.set_keep_log_file_num(1);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: u32, value: Option<u8>) -> Change {
        Change {
            key: key.to_be_bytes().to_vec(),
            value: value.map(|value| vec![value; 10]),
        }
    }

    fn seen(rows: &Rows, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut seen = Vec::new();
        let visited = rows.scan(prefix, &mut |key, value| {
            seen.push((key.to_vec(), value.to_vec()));
            if seen.len() == 5 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        visited.unwrap();
        seen
    }

    #[test]
    fn rows_on_disk_are_those_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = Rows::new(folder.path(), usize::MAX);
        let mut disk = Rows::new(folder.path(), 200);
        for step in 0..400_u32 {
            let key = step.wrapping_mul(2_654_435_761) % 97;
            let value = (step % 5 != 0).then_some(step.to_be_bytes()[3]);
            let changes = vec![
                change(key, value),
                change(1_000, Some(step.to_be_bytes()[3])),
            ];
            memory.write(changes.clone()).unwrap();
            disk.write(changes).unwrap();
        }
        assert!(matches!(memory.place, Place::Memory { .. }));
        assert!(matches!(disk.place, Place::Disk { .. }));
        assert_eq!(memory.digest().unwrap(), disk.digest().unwrap());
        for prefix in [&[][..], &[0, 0, 0], &[0, 0, 3, 232], &[9]] {
            assert_eq!(seen(&memory, prefix), seen(&disk, prefix));
        }
        for key in 0..100_u32 {
            let key = key.to_be_bytes();
            assert_eq!(memory.get(&key).unwrap(), disk.get(&key).unwrap());
        }
        drop(disk);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
