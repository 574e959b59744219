//! What can be wrong with a journal, and what to do about it.

use std::path::{Path, PathBuf};

/// Why a read or a write of a store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk or the file system failed; trying again may help.
    #[error("the disk refused: {0}")]
    Disk(String),
    /// What was read is not what was written.
    #[error(
        "the stored data is damaged: {0}. Stop the program and restore the data folder from a copy"
    )]
    Damaged(String),
    /// A write failed and the store could not be opened again since.
    #[error("the store is closed since a write failed")]
    Closed,
}

/// Why a journal is not made or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no journal and no marker.
    #[error("{} holds no journal: run `granary-aggregator init` once", .0.display())]
    NotInitialised(PathBuf),
    /// The marker says that there must be one, and there is not.
    #[error(
        "{} is missing, but its marker says that a journal was made here. Restore it from a copy; it is never recreated",
        .0.display()
    )]
    Missing(PathBuf),
    /// There is one already.
    #[error("{} exists already; a journal is never made twice", .0.display())]
    Exists(PathBuf),
    /// Another process has it open.
    #[error("{} is in use by another process; only one may write it", .0.display())]
    InUse(PathBuf),
    /// A newer program wrote it.
    #[error(
        "the journal has format {found}, this program reads up to {known}: use the newer program"
    )]
    NewerFormat {
        /// The journal's format.
        found: u64,
        /// The newest that is known here.
        known: u64,
    },
    /// Marker and store name different logs.
    #[error(
        "the marker names the log {marker}, the store {store}: these files do not belong together"
    )]
    OriginDiffers {
        /// The origin in the marker.
        marker: String,
        /// The origin in the store.
        store: String,
    },
    /// Acknowledged entries are gone.
    #[error(
        "the newest checkpoint covers {head} entries, the journal has {size}: acknowledged entries are lost. Restore the data folder from a copy"
    )]
    Shorter {
        /// Entries in the journal.
        size: u64,
        /// Entries under the newest checkpoint.
        head: u64,
    },
    /// The entries are not those that the checkpoint was signed over.
    #[error(
        "the journal's first {size} entries do not give the root of the newest checkpoint: the journal was altered or damaged"
    )]
    RootDiffers {
        /// Entries under the checkpoint.
        size: u64,
    },
    /// A journal with entries has no checkpoint.
    #[error("{} holds no checkpoint, but the journal has {size} entries: restore it from a copy", .path.display())]
    HeadGone {
        /// The head file.
        path: PathBuf,
        /// Entries in the journal.
        size: u64,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        error: std::io::Error,
    },
    /// The store cannot be read or written.
    #[error("the journal cannot be opened: {0}")]
    Store(#[from] StoreError),
}

impl OpenError {
    pub(super) fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }
}

impl From<rocksdb::Error> for StoreError {
    fn from(error: rocksdb::Error) -> Self {
        if error.kind() == rocksdb::ErrorKind::Corruption {
            Self::Damaged(error.into_string())
        } else {
            Self::Disk(error.into_string())
        }
    }
}
