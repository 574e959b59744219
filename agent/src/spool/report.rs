//! What callers of the spool give and get: limits, record ids, batches, damage reports and errors.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::spool::format::VERSION;

/// The number of a record in the spool. It rises with every append and never repeats, across restarts and damage too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub(super) u64);

impl RecordId {
    /// The number itself, for logs.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How large the spool may become. All sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of all segments with unsettled records. The disk may hold one settled segment more.
    pub total_bytes_max: u64,
    /// A new segment is begun before one exceeds this; taken as [`Limits::SEGMENT_BYTES_MAX`] when larger.
    pub segment_bytes_max: u64,
    /// The longest record. A record that is longer than a segment gets a segment of its own.
    pub record_bytes_max: u32,
    /// Appends stop while the file system has less than this left for others.
    pub disk_free_bytes_min: u64,
}

impl Limits {
    /// The largest segment.
    pub const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
    /// The largest record.
    pub const RECORD_BYTES_MAX: u32 = 16 * 1024 * 1024;
}

impl Default for Limits {
    /// 4 GiB in segments of 16 MiB, records of 4 MiB, 256 MiB left to others.
    fn default() -> Self {
        Limits {
            total_bytes_max: 4 << 30,
            segment_bytes_max: 16 << 20,
            record_bytes_max: 4 << 20,
            disk_free_bytes_min: 256 << 20,
        }
    }
}

/// A record as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, for [`crate::spool::Spool::settle`].
    pub id: RecordId,
    /// Its bytes, checked against their checksum.
    pub bytes: Vec<u8>,
}

/// Some pending records in order, and damage that was met on the way and was not known before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Pending records, ascending by id. Empty when the cursor has seen everything.
    pub records: Vec<Record>,
    /// New damage.
    pub damage: Vec<Damage>,
}

/// What is wrong with a stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The last write before a crash was not finished; the rest was cut off. Nothing acknowledged is lost, unless the
    /// disk changed bytes behind our back.
    TornTail,
    /// The bytes of one record or of several are damaged. Those before and after are delivered.
    Record,
    /// The file's header is damaged; its records are delivered.
    Header,
    /// The end of the file is gone.
    Shortened,
    /// The file is gone, and its records with it.
    Missing,
    /// The bytes cannot be read. The file is kept as it is and tried again at the next start.
    Unreadable,
    /// An entry of the ledger is damaged, or all of it is gone: settled records may be offered again.
    Ledger,
    /// A file that the spool did not write; it is left alone.
    Foreign,
}

/// Damage that was found and survived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub kind: DamageKind,
    /// The file.
    pub file: PathBuf,
    /// Offset of the first damaged byte.
    pub offset: u64,
    /// Number of damaged bytes.
    pub length: u64,
    /// Where a copy of the bytes was put.
    pub copy: Option<PathBuf>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DamageKind::TornTail => "the last write was not finished and was cut off",
            DamageKind::Record => "damaged records were passed over",
            DamageKind::Header => "the header is damaged; the records are delivered",
            DamageKind::Shortened => "the end of the file is gone",
            DamageKind::Missing => "the file is missing; restore it from a copy if there is one",
            DamageKind::Unreadable => "cannot be read; check the disk, then start again",
            DamageKind::Ledger => {
                "notes are lost; settled records may be sent again, which changes nothing"
            }
            DamageKind::Foreign => "not a file of the spool; left alone",
        };
        write!(
            f,
            "{}: {what} (offset {}, {} bytes",
            self.file.display(),
            self.offset,
            self.length
        )?;
        match &self.copy {
            Some(copy) => write!(f, ", copy in {})", copy.display()),
            None => write!(f, ")"),
        }
    }
}

/// What opening the spool found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records that wait for their receipt.
    pub pending_records: u64,
    /// Damage, at most [`Recovery::DAMAGE_MAX`] of it.
    pub damage: Vec<Damage>,
    /// Damage beyond that number. Its bytes were copied too.
    pub damage_not_listed: u64,
}

impl Recovery {
    /// The most damage that is listed, so that a ruined disk cannot fill the memory.
    pub const DAMAGE_MAX: usize = 1000;

    pub(super) fn report(&mut self, damage: impl IntoIterator<Item = Damage>) {
        for one in damage {
            if self.damage.len() < Self::DAMAGE_MAX {
                self.damage.push(one);
            } else {
                self.damage_not_listed += 1;
            }
        }
    }
}

/// How full the spool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Records that wait for their receipt.
    pub pending_records: u64,
    /// Bytes of the segments that hold them.
    pub used_bytes: u64,
    /// The limit that `used_bytes` runs against.
    pub limit_bytes: u64,
}

/// Why a spool could not be opened. Damage is never a reason.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Wait for the other agent to end, or stop it.
    #[error("{} is in use by another agent; stop it first, or give this one a folder of its own", .folder.display())]
    Locked {
        /// The spool's folder.
        folder: PathBuf,
    },
    /// Install the version that wrote the file.
    #[error(
        "{} has format {version}, and this program knows formats up to {VERSION}; install the later version again",
        .file.display()
    )]
    LaterFormat {
        /// The file.
        file: PathBuf,
        /// Its format.
        version: u8,
    },
    /// Retry once the folder can be reached.
    #[error("cannot use the spool's folder {}: {source}; check that it exists, its owner and its disk", .folder.display())]
    Io {
        /// The spool's folder.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why a record was not appended. In every case the record is not in the spool, and what was in it still is.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Retry when records have been settled.
    #[error("the spool is full: {used} of {limit} bytes; it empties as soon as the city answers")]
    Full {
        /// Bytes of the segments with unsettled records.
        used: u64,
        /// The limit.
        limit: u64,
    },
    /// Retry when the disk has room.
    #[error(
        "the disk is full: {free} bytes left, {floor} are kept free; remove other files from this disk"
    )]
    DiskFull {
        /// Bytes left on the file system.
        free: u64,
        /// Bytes that the spool leaves to others.
        floor: u64,
    },
    /// Never retry the same bytes.
    #[error("a record of {length} bytes is longer than {limit} bytes")]
    TooLong {
        /// Length of the record.
        length: usize,
        /// The limit.
        limit: u32,
    },
    /// Retry: the next attempt goes to another file. Should a failing disk have kept the record in spite of its error,
    /// it may be delivered beside the retry; it is the same envelope, so the city knows it by its digest.
    #[error("writing to the spool failed: {0}; the attempt can be repeated")]
    Io(io::Error),
}

impl AppendError {
    /// True when the same append can succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            AppendError::Full { .. } | AppendError::DiskFull { .. } | AppendError::Io(_) => true,
            AppendError::TooLong { .. } => false,
        }
    }
}

/// Why a settlement was not noted.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// A fault of the caller: no such record was ever appended.
    #[error("record {0} was never appended")]
    Unknown(RecordId),
    /// Go on: the record is not offered again by this process, but perhaps after a restart.
    #[error(
        "the settlement could not be noted: {0}; the record may be sent again after a restart, which changes nothing"
    )]
    NotNoted(io::Error),
}
