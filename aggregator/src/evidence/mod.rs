//! Evidence that units have handed in: files under their digests in `evidence/` of the data folder, beside the journal.
//!
//! | file | holds |
//! |---|---|
//! | `SHA256` | a whole file whose digest was checked |
//! | `SHA256.UNIT.part` | what has arrived of it from one unit |
//! | `SHA256.UNIT.said` | what the unit last answered: the entry of the request, the time, a word |
//!
//! No name that anybody sent is ever a part of a path: digests are hexadecimal digits, and unit codes follow one.

mod upload;

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use granary_core::{code::UnitCode, digest::Digest};

pub use upload::{Upload, UploadFault};

use crate::durable;

/// The store. Files are written by whoever holds the [`Upload`] of their digest and unit.
#[derive(Clone, Debug)]
pub struct EvidenceStore {
    folder: PathBuf,
    bytes_max: u64,
    busy: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// Why a unit cannot hand a file in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is no such file any more.
    Gone,
    /// The file of this name is another one now.
    Changed,
    /// It is larger than is handed in.
    TooLarge,
}

/// What a unit last answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The entry of the request that it answered.
    pub request_index: u64,
    /// When, by the city's clock.
    pub at_ms: i64,
    /// Why it cannot hand the file in.
    pub missing: Missing,
}

impl Missing {
    const ALL: [Self; 3] = [Self::Gone, Self::Changed, Self::TooLarge];

    /// The word in files and in the access log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::TooLarge => "too-large",
        }
    }
}

impl EvidenceStore {
    /// The store of a data folder, which is made if it is not there.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn open(data: &Path, bytes_max: u64) -> io::Result<Self> {
        let folder = data.join("evidence");
        std::fs::create_dir_all(&folder)?;
        durable::sync_folder(&folder)?;
        Ok(Self {
            folder,
            bytes_max,
            busy: Arc::default(),
        })
    }

    /// The largest file that is taken, in bytes.
    #[must_use]
    pub const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// The length of a file that is held; `None` where it is not.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn held(&self, sha256: &Digest) -> io::Result<Option<u64>> {
        length(&self.whole(sha256))
    }

    /// When a file that is held was handed in, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn held_at_ms(&self, sha256: &Digest) -> i64 {
        let modified = std::fs::metadata(self.whole(sha256)).and_then(|file| file.modified());
        let since = modified
            .ok()
            .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
    }

    /// How many bytes of a file have arrived from a unit.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn arrived(&self, sha256: &Digest, unit: &UnitCode) -> io::Result<u64> {
        Ok(length(&self.part(sha256, unit))?.unwrap_or(0))
    }

    /// A file that is held, to be read.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn file(&self, sha256: &Digest) -> io::Result<File> {
        File::open(self.whole(sha256))
    }

    /// What a unit last answered; `None` where it has not, or where the file is damaged.
    #[must_use]
    pub fn said(&self, sha256: &Digest, unit: &UnitCode) -> Option<Said> {
        let text = std::fs::read_to_string(self.answer(sha256, unit)).ok()?;
        let mut words = text.split_whitespace();
        let (request_index, at_ms) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let word = words.next()?;
        let missing = Missing::ALL
            .into_iter()
            .find(|missing| missing.word() == word)?;
        Some(Said {
            request_index,
            at_ms,
            missing,
        })
    }

    /// Keeps what a unit answered.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn say(&self, sha256: &Digest, unit: &UnitCode, said: Said) -> io::Result<()> {
        let (index, at_ms, word) = (said.request_index, said.at_ms, said.missing.word());
        let text = format!("{index} {at_ms} {word}\n");
        durable::write_file(&self.answer(sha256, unit), text.as_bytes())
    }

    fn whole(&self, sha256: &Digest) -> PathBuf {
        self.folder.join(sha256.to_string())
    }

    fn part(&self, sha256: &Digest, unit: &UnitCode) -> PathBuf {
        self.folder.join(format!("{sha256}.{unit}.part"))
    }

    fn answer(&self, sha256: &Digest, unit: &UnitCode) -> PathBuf {
        self.folder.join(format!("{sha256}.{unit}.said"))
    }

    /// Takes a part for one upload; false where another one has it.
    fn take(&self, part: &Path) -> bool {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(part.to_owned())
    }

    fn release(&self, part: &Path) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(part);
    }
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Ok(file) => Ok(Some(file.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
