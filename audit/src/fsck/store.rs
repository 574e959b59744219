//! A city's data folder, read beside the process that writes it, without a lock and without a write.
//!
//! | in the folder | holds |
//! |---|---|
//! | `journal/` | RocksDB with the column families `entries` and `payloads` (index, u64 big-endian, to bytes), `digests` (a payload's SHA-256 to its index), `tiles` (level, u8, and index, u64 big-endian, to the 8,192 bytes of a full tile) |
//! | `journal.head` | two slots of 4,096 bytes, the newer of which is the newest checkpoint: SHA-256 of the text (32 bytes), its length (u16 big-endian), the text of the signed note, zeroes |
//! | `derived/` | RocksDB with the rows of the fold |

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use granary_core::{
    digest::Digest,
    ledger::{self, keys},
    log::{Checkpoint, SignedNote, TileId},
};
use rocksdb::{DB, DBRawIterator, LogLevel, Options, ReadOptions};

use super::FsckError;

const HEAD_SLOT_BYTES: usize = 4_096;
const HEAD_SLOTS: usize = 2;
const OPEN_FILES_MAX: i32 = 512;

/// The column families of a journal. RocksDB wants all of them named, those too that are not read.
const FAMILIES: [&str; 5] = ["entries", "payloads", "digests", "tiles", "meta"];

/// A journal, as it is now.
pub(super) struct Store {
    db: DB,
}

/// The newest checkpoint, as it lies in the folder. Nobody has checked its signature.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) size: u64,
    pub(super) note: String,
}

/// How far the derived rows are, and their digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derived {
    pub(super) applied: u64,
    pub(super) digest: Digest,
}

/// Takes an entry: its index, its bytes and its payload.
type Visit<'a> = dyn FnMut(u64, &[u8], &[u8]) -> Result<(), FsckError> + 'a;

impl Store {
    pub(super) fn open(folder: &Path) -> Result<Self, FsckError> {
        let path = folder.join("journal");
        let opened = DB::open_cf_for_read_only(&options(), &path, FAMILIES, false);
        Ok(Self {
            db: opened.map_err(|error| FsckError::store(&path, error))?,
        })
    }

    /// Visits the first `count` entries with their payloads, in order. Fewer, where one is missing.
    pub(super) fn records(&self, count: u64, visit: &mut Visit<'_>) -> Result<u64, FsckError> {
        let (mut entries, mut payloads) = (self.walk("entries")?, self.walk("payloads")?);
        let mut index = 0;
        while index < count {
            let (Some(entry), Some(payload)) = (entries.item(), payloads.item()) else {
                break;
            };
            let key = index.to_be_bytes();
            if entry.0 != key || payload.0 != key {
                break;
            }
            visit(index, entry.1, payload.1)?;
            index += 1;
            entries.next();
            payloads.next();
        }
        entries.status().map_err(FsckError::disk)?;
        payloads.status().map_err(FsckError::disk)?;
        Ok(index)
    }

    /// The index that a payload's digest leads to.
    pub(super) fn index_of(&self, payload: &Digest) -> Result<Option<u64>, FsckError> {
        let family = self.family("digests")?;
        let value = self.db.get_cf(family, payload.as_bytes());
        let value = value.map_err(FsckError::disk)?;
        Ok(value.and_then(|bytes| bytes.try_into().ok().map(u64::from_be_bytes)))
    }

    /// How many digests lead to one of the first `size` entries.
    pub(super) fn digests_below(&self, size: u64) -> Result<u64, FsckError> {
        let mut rows = self.walk("digests")?;
        let mut count = 0;
        while let Some(value) = rows.value() {
            let index = value.try_into().ok().map(u64::from_be_bytes);
            count += u64::from(index.is_none_or(|index| index < size));
            rows.next();
        }
        rows.status().map_err(FsckError::disk)?;
        Ok(count)
    }

    /// A full tile's bytes.
    pub(super) fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, FsckError> {
        let mut key = vec![id.level()];
        key.extend_from_slice(&id.index().to_be_bytes());
        let found = self.db.get_cf(self.family("tiles")?, key);
        found.map_err(FsckError::disk)
    }

    fn family(&self, name: &str) -> Result<&rocksdb::ColumnFamily, FsckError> {
        let missing = || FsckError::Local(format!("the journal has no column family {name}"));
        self.db.cf_handle(name).ok_or_else(missing)
    }

    fn walk(&self, family: &str) -> Result<DBRawIterator<'_>, FsckError> {
        let mut read = ReadOptions::default();
        // One pass over everything needs no cache.
        read.fill_cache(false);
        let mut rows = self.db.raw_iterator_cf_opt(self.family(family)?, read);
        rows.seek_to_first();
        Ok(rows)
    }
}

impl Head {
    /// Reads the newer slot; none where neither is whole.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, FsckError> {
        let path = folder.join("journal.head");
        let bytes = read_file(&path).map_err(|error| FsckError::file(&path, &error))?;
        let slots = bytes.chunks(HEAD_SLOT_BYTES).take(HEAD_SLOTS);
        Ok(slots.filter_map(parse_slot).max_by_key(|head| head.size))
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = (HEAD_SLOT_BYTES * HEAD_SLOTS) as u64;
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse_slot(bytes: &[u8]) -> Option<Head> {
    let (digest, rest) = bytes.split_at_checked(32)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let text = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    if Digest::of(text).as_bytes() != digest {
        return None;
    }
    let note = SignedNote::parse(text).ok()?;
    let checkpoint = Checkpoint::parse(note.unverified_text()).ok()?;
    Some(Head {
        size: checkpoint.size(),
        note: String::from_utf8(text.to_vec()).ok()?,
    })
}

impl Derived {
    /// Reads the rows as they were last written out; none where there are none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, FsckError> {
        let path: PathBuf = folder.join("derived");
        if !path.is_dir() {
            return Ok(None);
        }
        let opened = DB::open_for_read_only(&options(), &path, false);
        let db = opened.map_err(|error| FsckError::store(&path, error))?;
        let applied = db.get(keys::table(keys::Table::Applied));
        let applied = applied.map_err(FsckError::disk)?;
        let applied = applied.and_then(|bytes| bytes.try_into().ok().map(u64::from_be_bytes));
        let mut failure = None;
        let rows = db.iterator(rocksdb::IteratorMode::Start);
        let rows = rows.map_while(|row| row.map_err(|error| failure = Some(error)).ok());
        let digest = ledger::state_digest(rows);
        if let Some(error) = failure {
            return Err(FsckError::disk(error));
        }
        Ok(applied.map(|applied| Self { applied, digest }))
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_log_level(LogLevel::Error);
    options
}
