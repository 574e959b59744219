//! The unit's own current records, kept here so that edits on other periods and datasets are judged at this desk, also offline.
//!
//! In: records that the city gave ([`History::keep`]), and statements that were spooled ([`History::state`]). Out: a [`Past`] for one
//! draft. Durable after: [`History::keep`] has returned `Ok`. On crash: what was not written whole is cut off and fetched again.
//!
//! It is a cache: the city has everything in it. So damage is never an error for the clerk; what cannot be read is *hidden*, the edits
//! that need it are left to the city, and the next start fetches it again.
//!
//! # On disk
//! One file, `history`, in the state folder: frames one after the other, to which more are appended.
//! ```text
//! frame   0  4  magic A7 47 72 48
//!         4  1  kind: 1 unit, 2 record, 3 stated, 4 known
//!         5  3  zero
//!         8  4  length of the head, little-endian
//!        12  4  length of the body, little-endian
//!        16  4  CRC-32C of the bytes 0 to 15 and the head, little-endian
//!        20     head, then body
//! unit           head: the unit's code. The first frame, and no other.
//! record, stated head: `frame::RecordHead`, with the payload's SHA-256; body: the payload as signed, or nothing where it was let go
//! known          head: `frame::KnownHead`: up to which entry of the log the frames before it tell what is current, and since when
//! ```
//! *record*: a snapshot that the city says is current. *stated*: one that this agent has spooled; it counts while the inbox says that it
//! waits for its answer or was accepted. Of several frames for a slot the highest rank counts, by (revision, time of preparation,
//! digest), as the city ranks them.
//!
//! Whole is a frame whose checksum holds and whose body has the digest in its head. At a start the file is read once and cut before the
//! first frame that is not whole; records are asked for again from what the last *known* frame says that is left. Thus any cut of the file
//! is a state that the file once had, and nothing but the checksums is relied on.
//!
//! When superseded frames make up half of the file, it is written anew ([`crate::durable`]): the newest periods keep their payloads up to
//! [`BODY_BYTES_MAX`], the rest their heads. No index stays in memory; a look reads the heads and then the few payloads that it needs.
//!
//! # Owner
//! The desk owns [`History`]. A [`Reader`] opens the file anew for each look, so that `granary-agent check` can look while an agent runs.

mod frame;
mod walk;
mod past;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use granary_core::{
    code::UnitCode,
    digest::Digest,
    ledger::{JournalEntry, Subject},
    snapshot::{SlotKey, Snapshot},
};
use granary_proto::v1;

pub use self::past::{Origin, Past, Reader, Seen, Shelf};
use self::{
    frame::{Kind, KnownHead, RecordHead},
    walk::{Found, Rank, walk},
};
use crate::durable::{Disk as _, DiskFile as _, OsDisk, OsFile, replace_durably};

/// Bytes of payloads that outlive a rewriting of the file.
pub const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A shorter file is not worth rewriting.
const REWRITE_BYTES_MIN: u64 = 1024 * 1024;

/// As of when the records are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The entries before this index of the log.
    pub next_index: u64,
    /// By the city's clock, in milliseconds since 1970-01-01 UTC.
    pub city_time_ms: i64,
}

/// Why what the city gave is not kept. Nothing of it is.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// A record is not what it has to be.
    #[error("record {index} of the city is not kept: {why}")]
    Record {
        /// Its index in the log.
        index: u64,
        /// What does not hold.
        why: String,
    },
    /// It could not be written.
    #[error("the history could not be stored: {0}")]
    Storage(#[from] io::Error),
}

/// The file, for writing. One owner.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    unit: UnitCode,
    /// Nothing is kept where it cannot be opened.
    file: Option<OsFile>,
    /// Where the next frame goes.
    end: u64,
    next_index: u64,
    /// How long the file would be without superseded frames, as far as that is known.
    live: u64,
}

impl History {
    /// Opens the file under `state`, cuts off what is not whole, and begins anew where it is another unit's.
    #[must_use]
    pub fn open(state: &Path, unit: &UnitCode) -> Self {
        let mut history = Self {
            path: path(state),
            unit: unit.clone(),
            file: None,
            end: 0,
            next_index: 0,
            live: 0,
        };
        if let Err(error) = history.load() {
            tracing::warn!(%error, "the history of own records cannot be kept");
        }
        history
    }

    /// From which index of the log on the city is asked.
    #[must_use]
    pub const fn next_index(&self) -> u64 {
        self.next_index
    }

    /// Checks and keeps what the city gave: records, and up to where they tell what is current. `complete` says that there is no more.
    ///
    /// # Errors
    /// [`KeepError`]: nothing of it is kept, and it has to be asked for again.
    pub fn keep(
        &mut self,
        records: &[v1::Record],
        as_of: AsOf,
        complete: bool,
    ) -> Result<(), KeepError> {
        let mut bytes = Vec::new();
        for record in records {
            let head = self.check(record).map_err(|why| KeepError::Record {
                index: record.index,
                why,
            })?;
            frame::write(&mut bytes, Kind::Record, &head, &record.payload);
        }
        let known = KnownHead {
            next_index: as_of.next_index,
            city_time_ms: as_of.city_time_ms,
            complete,
        };
        frame::write(&mut bytes, Kind::Known, &known, &[]);
        self.append(&bytes, true)?;
        self.next_index = as_of.next_index;
        self.rewrite_if_worth()?;
        Ok(())
    }

    /// Notes a statement that is in the spool. It is not synced: what a crash takes of it is hidden until the city gives it.
    ///
    /// # Errors
    /// Where it could not be written.
    pub fn state(&mut self, snapshot: &Snapshot, payload: &[u8]) -> io::Result<()> {
        let head = RecordHead::of(snapshot, &Digest::of(payload));
        let mut bytes = Vec::new();
        frame::write(&mut bytes, Kind::Stated, &head, payload);
        self.append(&bytes, false)
    }

    /// The unit is ours, the digest is the entry's, and the payload states the entry's slot.
    fn check(&self, record: &v1::Record) -> Result<RecordHead, String> {
        let entry = JournalEntry::decode(&record.entry).map_err(|error| error.to_string())?;
        let digest = Digest::of(&record.payload);
        if digest != entry.payload_sha256 {
            return Err("its payload has another digest than its entry".to_owned());
        }
        let snapshot = Snapshot::decode(&record.payload).map_err(|error| error.to_string())?;
        if snapshot.slot.unit != self.unit {
            return Err(format!("it is of unit {}", snapshot.slot.unit));
        }
        if entry.subject != Subject::Snapshot(snapshot.slot.clone()) {
            return Err("its entry is about another slot".to_owned());
        }
        Ok(RecordHead {
            index: Some(record.index),
            ..RecordHead::of(&snapshot, &digest)
        })
    }

    fn load(&mut self) -> io::Result<()> {
        let file = match OsDisk.open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.begin(),
            Err(error) => return Err(error),
        };
        let mut live = Live::default();
        let whole = walk(&file, true, &mut |found| live.take(found))?;
        if whole.unit.as_ref() != Some(&self.unit) {
            return self.begin();
        }
        if whole.end < file.length()? {
            tracing::warn!(
                at = whole.end,
                "the history of own records was damaged; the rest is fetched again"
            );
            file.truncate(whole.end)?;
            file.sync()?;
        }
        (self.end, self.next_index) = (whole.end, whole.next_index);
        self.live = live.bytes();
        self.file = Some(file);
        Ok(())
    }

    /// A file that holds nothing yet.
    fn begin(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame::write_unit(&mut bytes, &self.unit);
        self.replace(|file| file.write_at(&bytes, 0))?;
        self.next_index = 0;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], sync: bool) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Err(io::Error::other(
                "the file cannot be used; see the log of the start",
            ));
        };
        let written = file.write_at(bytes, self.end);
        let written = written.and_then(|()| if sync { file.sync() } else { Ok(()) });
        if written.is_err() {
            // What cannot be cut off now is cut at the next start, if it is not whole.
            let _ = file.truncate(self.end);
            return written;
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn rewrite_if_worth(&mut self) -> io::Result<()> {
        if self.end < REWRITE_BYTES_MIN || self.end < self.live.saturating_mul(2) {
            return Ok(());
        }
        self.rewrite(BODY_BYTES_MAX)
    }

    /// Writes the file anew without superseded frames, and without the payloads of the oldest periods where they are too many.
    fn rewrite(&mut self, body_bytes_max: u64) -> io::Result<()> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        let rewritten = self.rewrite_from(&file, body_bytes_max);
        if rewritten.is_err() {
            self.file = Some(file);
        }
        rewritten
    }

    fn rewrite_from(&mut self, file: &OsFile, body_bytes_max: u64) -> io::Result<()> {
        let mut live = Live::default();
        let whole = walk(file, false, &mut |found| live.take(found))?;
        let (mut first, mut last) = (Vec::new(), Vec::new());
        frame::write_unit(&mut first, &self.unit);
        for known in whole.known() {
            frame::write(&mut last, Kind::Known, known, &[]);
        }
        self.replace(|new| {
            new.write_at(&first, 0)?;
            let end = live.copy(file, new, first.len() as u64, body_bytes_max)?;
            new.write_at(&last, end)
        })
    }

    fn replace(&mut self, fill: impl FnOnce(&OsFile) -> io::Result<()>) -> io::Result<()> {
        replace_durably(&OsDisk, &self.path, fill)?;
        let file = OsDisk.open(&self.path)?;
        self.end = file.length()?;
        self.live = self.end;
        self.file = Some(file);
        Ok(())
    }
}

/// The frames that count: of each slot the highest of each kind. A statement is let go once a record of its rank is there.
#[derive(Default)]
struct Live {
    records: BTreeMap<SlotKey, (Rank, Found)>,
    stated: BTreeMap<SlotKey, (Rank, Found)>,
}

impl Live {
    fn take(&mut self, found: &Found) {
        let map = if found.kind == Kind::Record {
            &mut self.records
        } else {
            &mut self.stated
        };
        let Some(slot) = found.slot() else { return };
        let rank = found.rank();
        if map.get(&slot).is_none_or(|(held, _)| *held <= rank) {
            map.insert(slot, (rank, found.clone()));
        }
    }

    fn frames(&self) -> impl Iterator<Item = (&SlotKey, &Found)> {
        let open = |(slot, (rank, _)): &(&SlotKey, &(Rank, Found))| {
            self.records.get(*slot).is_none_or(|(held, _)| held < rank)
        };
        let stated = self.stated.iter().filter(open);
        let frames = self.records.iter().chain(stated);
        frames.map(|(slot, (_, found))| (slot, found))
    }

    fn bytes(&self) -> u64 {
        self.frames().map(|(_, found)| found.length()).sum()
    }

    /// Copies the frames, the newest periods first; gives the end of the new file.
    fn copy(&self, old: &OsFile, new: &OsFile, start: u64, body_bytes_max: u64) -> io::Result<u64> {
        let mut frames: Vec<_> = self.frames().collect();
        frames.sort_by_key(|(slot, found)| (std::cmp::Reverse(slot.period.day_after()), found.at));
        let (mut end, mut room) = (start, body_bytes_max);
        for (_, found) in frames {
            let body = match u64::from(found.body_length) <= room {
                true => found.body(old)?,
                false => Vec::new(),
            };
            room = room.saturating_sub(body.len() as u64);
            let mut bytes = Vec::new();
            frame::write(&mut bytes, found.kind, &found.head, &body);
            new.write_at(&bytes, end)?;
            end += bytes.len() as u64;
        }
        Ok(end)
    }
}

/// The file under a state folder.
fn path(state: &Path) -> PathBuf {
    state.join("history")
}
