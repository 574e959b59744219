//! The agent's durable queue: what was appended stays until it is settled, whatever happens to the machine.
//!
//! In: one signed snapshot envelope at a time, as opaque bytes. Out: pending records in the order of appending.
//! Durable after: [`Spool::append`] has returned `Ok`. On crash: everything appended and not settled is offered again.
//!
//! One owner, no threads, no async: the task that owns the spool calls it. Memory is bounded whatever the backlog: a
//! summary for each segment file, one bit for each record that was settled in a segment that still has
//! unsettled ones, and one window of 64 KiB while reading.
//!
//! # Files
//! ```text
//! LOCK                        held with flock while a spool is open
//! 00000000000000000001.seg    a segment; the name is the lowest sequence number that it may hold
//! ledger                      notes: which segments there are, how they end, which records are settled
//! quarantine/                 copies of damaged bytes: <segment>.<offset>-<length>.bad; never removed by the program
//! .<name>.tmp                 the unfinished replacement of a file; removed at the next start
//! ```
//! Integers are little-endian; every checksum is CRC-32C (RFC 3720, appendix B.4). Every file starts with 24 bytes:
//! ```text
//!  0  8  magic "GRNSPOOL"
//!  8  1  version, now 1; a later version with a right checksum is refused with a message
//!  9  1  kind: 1 segment, 2 ledger, 3 emptied segment
//! 10  2  zero
//! 12  8  the sequence number in the file's name; zero for the ledger
//! 20  4  checksum of bytes 0..20
//! ```
//! A segment is then a row of frames without padding:
//! ```text
//!  0  4  magic A7 "GrR"
//!  4  4  length of the record
//!  8  8  sequence number, rising by one within a segment
//! 16  4  flags, zero; a frame with others is damaged
//! 20  4  checksum of the record
//! 24  4  checksum of: the segment's first sequence number (8 bytes), the frame's offset (8 bytes), bytes 0..24
//! 28  .  the record
//! ```
//! The ledger is then a row of entries of 24 bytes: kind (4), a (8), b (8), and the checksum (4) of the entry's offset
//! (8 bytes) and its first 20 bytes. Kinds: 1 segment a exists; 2 segment a is sealed, and bytes from b on
//! are no part of it; 3 records a to b, both included, are settled; 4 segment a is retired.
//!
//! # Write rules
//! - An append writes one frame at the end of the newest segment and fsyncs the file; the first append to a segment also
//!   writes the header and fsyncs the folder. **This is the commit point.** Only then is a note left in the ledger.
//! - When any step fails, the segment is cut back to where it was, sealed there, and never written again; the next append
//!   goes to a new file. If the cut fails too, the seal in the ledger says that the bytes beyond are void. Only a
//!   disk that refuses all of this and then keeps the record delivers it; the caller repeats the same
//!   envelope, which the city knows by its digest. The sequence number is spent in any case.
//! - A segment that was found at a start is never appended to, and every start leaves out more numbers than a
//!   segment can hold: no number returns, even if the end of the newest file is lost without a trace.
//! - Settlements are noted without an fsync: a lost note only offers the record again. When a segment is full its end is
//!   noted. The ledger is rewritten (temporary file, fsync, rename, fsync of the folder) at every start,
//!   after any failure and when it has grown.
//! - Full means that the append fails and says so; nothing is ever dropped to make room.
//!
//! # Read rules
//! - Frames are read one after another; both checksums must hold, and numbers must rise.
//! - When the checksum of the record is wrong, the reader goes on after it, since the length is certain. When that of the
//!   frame is wrong, it looks byte by byte for the next magic whose frame is right. That checksum covers segment
//!   and offset, so a record that contains a copy of a frame is not taken for one.
//! - Damaged bytes are copied to the quarantine and reported with file and offset. At the end of a segment that is not
//!   sealed they are a torn tail and are cut after the copy was made. A segment that cannot be read or
//!   copied in full is held until a later start, and nothing is cut.
//! - Not detectable: an end that is lost exactly between two records of an unsealed segment.
//!
//! # Delete rules
//! - A segment is retired when all its whole records are settled and it is not the newest one that ever had any: its name
//!   keeps the sequence from starting again. First the note (fsynced), then the file is removed.
//! - On a disk so full that the note cannot be written, the segment's header is overwritten in place with kind 3 and the
//!   rest cut off. That gives its space back; the file is removed later.

mod report;
mod format;
mod scan;
mod settled;
mod segment;
mod ledger;
mod quarantine;
mod recovery;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

pub use read::Cursor;
pub use report::{
    AppendError, Batch, Damage, DamageKind, Limits, OpenError, Record, RecordId, Recovery,
    SettleError, Status,
};

use crate::durable::{Disk, DiskFile};
use format::{Entry, FRAME_BYTES, FileKind, HEADER_BYTES, Place};
use ledger::Ledger;
use segment::Segment;

/// An open spool. Dropping it loses nothing.
pub struct Spool<D: Disk> {
    disk: D,
    folder: PathBuf,
    limits: Limits,
    /// Ascending by first sequence number.
    segments: Vec<Segment>,
    /// The file of the last segment, while it takes appends.
    active: Option<D::File>,
    ledger: Ledger<D::File>,
    /// Segments whose removal may not have reached the disk yet.
    retired: BTreeSet<u64>,
    /// The next sequence number.
    next: u64,
    _lock: D::Lock,
}

impl<D: Disk> Spool<D> {
    /// Opens the spool in `folder`, or creates it. Damage is repaired as far as possible and told in [`Recovery`].
    pub fn open(disk: D, folder: &Path, limits: Limits) -> Result<(Self, Recovery), OpenError> {
        recovery::open(disk, folder, limits)
    }

    /// Appends a record; it is durable once this returns `Ok`. After an error it is not in the spool.
    pub fn append(&mut self, record: &[u8]) -> Result<RecordId, AppendError> {
        let length = self.checked_length(record)?;
        self.make_room(FRAME_BYTES + u64::from(length))?;
        let sequence = self.next;
        self.next += 1;
        let created = self.active.is_none();
        if let Err(error) = self.write(sequence, record, length) {
            self.void_tail();
            return Err(self.append_error(error));
        }
        if created {
            // The ledger only helps to notice a missing file, so its failure is no failure of the append.
            let _ = self.note(&[Entry::Segment { first: sequence }], false);
            self.retire_drained();
        }
        Ok(RecordId(sequence))
    }

    /// Marks a record as done, after its receipt has been verified and stored. Records may be settled in any order, and
    /// settling one twice changes nothing. Segments without unsettled records are removed.
    pub fn settle(&mut self, id: RecordId) -> Result<(), SettleError> {
        if id.0 == 0 || id.0 >= self.next {
            return Err(SettleError::Unknown(id));
        }
        let after = self
            .segments
            .partition_point(|segment| segment.first <= id.0);
        let Some(segment) = after
            .checked_sub(1)
            .and_then(|index| self.segments.get_mut(index))
        else {
            return Ok(());
        };
        if !segment.settle(id.0) {
            return Ok(());
        }
        let drained = segment.unsettled() == 0;
        let noted = self.note(
            &[Entry::Settled {
                from: id.0,
                to: id.0,
            }],
            false,
        );
        if drained {
            self.retire_drained();
        }
        noted.map_err(SettleError::NotNoted)
    }

    /// How full the spool is.
    pub fn status(&self) -> Status {
        Status {
            pending_records: self.segments.iter().map(Segment::unsettled).sum(),
            used_bytes: self.used_bytes(),
            limit_bytes: self.limits.total_bytes_max,
        }
    }

    /// Bytes of memory that the spool keeps while nobody reads from it.
    pub fn index_bytes(&self) -> usize {
        let unused = (self.segments.capacity() - self.segments.len()) * size_of::<Segment>();
        size_of::<Self>()
            + unused
            + self
                .segments
                .iter()
                .map(Segment::memory_bytes)
                .sum::<usize>()
    }

    fn used_bytes(&self) -> u64 {
        self.segments
            .iter()
            .filter(|segment| segment.unsettled() > 0)
            .map(|segment| segment.end)
            .sum()
    }

    fn checked_length(&self, record: &[u8]) -> Result<u32, AppendError> {
        let limit = self.limits.record_bytes_max.min(Limits::RECORD_BYTES_MAX);
        let length = u32::try_from(record.len())
            .ok()
            .filter(|length| *length <= limit);
        length.ok_or(AppendError::TooLong {
            length: record.len(),
            limit,
        })
    }

    /// Seals the newest segment when the frame does not fit into it, and refuses the frame when the spool is full.
    fn make_room(&mut self, frame_bytes: u64) -> Result<(), AppendError> {
        let limit = self.limits.total_bytes_max;
        if self.active.is_some() {
            let newest = self.segments.last().map_or(0, |segment| segment.end);
            let drained = self
                .segments
                .last()
                .is_some_and(|segment| segment.unsettled() == 0);
            let segment_max = self.limits.segment_bytes_max.min(Limits::SEGMENT_BYTES_MAX);
            // A segment without unsettled records would keep its space as long as it is appended to.
            let wasteful = drained && self.used_bytes() + newest + frame_bytes > limit;
            if newest + frame_bytes > segment_max || wasteful {
                self.seal();
            }
        }
        let used = self.used_bytes();
        if used + HEADER_BYTES + frame_bytes > limit {
            return Err(AppendError::Full { used, limit });
        }
        let floor = self.limits.disk_free_bytes_min;
        match self.disk.free_bytes(&self.folder) {
            Ok(free) if free < floor.saturating_add(frame_bytes) => {
                Err(AppendError::DiskFull { free, floor })
            }
            // A disk that cannot say how full it is says so when it is written to.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn seal(&mut self) {
        self.active = None;
        if let Some(segment) = self.segments.last_mut() {
            segment.sealed = true;
            let sealed = Entry::Sealed {
                first: segment.first,
                end: segment.end,
            };
            // A lost seal means that a damaged end is taken for a torn one; both are copied and reported.
            let _ = self.note(&[sealed], false);
        }
    }

    fn write(&mut self, sequence: u64, record: &[u8], length: u32) -> io::Result<()> {
        let created = self.active.is_none();
        if created {
            self.create_segment(sequence)?;
        }
        let (Some(file), Some(segment)) = (&self.active, self.segments.last_mut()) else {
            return Err(io::Error::other("no segment takes appends"));
        };
        let mut bytes = Vec::with_capacity((HEADER_BYTES + FRAME_BYTES) as usize + record.len());
        if created {
            bytes.extend_from_slice(&format::encode_header(FileKind::Segment, segment.first));
        }
        let place = Place {
            first: segment.first,
            offset: segment.end + bytes.len() as u64,
        };
        format::encode_frame(place, sequence, record, length, &mut bytes);
        file.write_at(&bytes, segment.end)?;
        file.sync()?;
        if created {
            self.disk.sync_folder(&self.folder)?;
        }
        segment.appended(sequence, segment.end + bytes.len() as u64);
        Ok(())
    }

    fn create_segment(&mut self, first: u64) -> io::Result<()> {
        let path = self.folder.join(format::segment_name(first));
        match self.disk.create(&path) {
            Ok(file) => {
                self.segments.push(Segment::new(first));
                self.active = Some(file);
                Ok(())
            }
            Err(error) => {
                // A disk may fail and create the file all the same; an empty one does no harm.
                let _ = self.disk.remove(&path);
                Err(error)
            }
        }
    }

    /// After a failed append: makes sure as far as possible that the record is not found later, and leaves the segment.
    fn void_tail(&mut self) {
        let (Some(file), Some(segment)) = (self.active.take(), self.segments.last_mut()) else {
            return;
        };
        segment.sealed = true;
        let (first, end) = (segment.first, segment.end);
        let cut = file.truncate(end).and_then(|()| file.sync());
        let _ = self.note(&[Entry::Sealed { first, end }], cut.is_err());
        self.retire_drained();
    }

    fn append_error(&self, error: io::Error) -> AppendError {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        if !full.contains(&error.kind()) {
            return AppendError::Io(error);
        }
        AppendError::DiskFull {
            free: self.disk.free_bytes(&self.folder).unwrap_or(0),
            floor: self.limits.disk_free_bytes_min,
        }
    }

    /// Leaves notes in the ledger. What they say must already be in memory, because a ledger
    /// that has failed or grown is rewritten from there.
    fn note(&mut self, entries: &[Entry], durable: bool) -> io::Result<()> {
        if !self.ledger.needs_rewrite() {
            return self.ledger.append(entries, durable);
        }
        let retired = self
            .retired
            .iter()
            .map(|first| Entry::Retired { first: *first });
        let all = self.segments.iter().flat_map(segment_notes).chain(retired);
        self.ledger.rewrite(&self.disk, &self.folder, all)?;
        // Rewriting has fsynced the folder, and with it the removals.
        let segments = &self.segments;
        self.retired
            .retain(|first| segments.iter().any(|segment| segment.first == *first));
        Ok(())
    }

    /// Removes segments that are of no more use.
    fn retire_drained(&mut self) {
        let drained: Vec<u64> = self.drained().collect();
        if drained.is_empty() {
            return;
        }
        self.retired.extend(&drained);
        let notes: Vec<Entry> = drained
            .iter()
            .map(|first| Entry::Retired { first: *first })
            .collect();
        let noted = self.note(&notes, true).is_ok();
        for first in drained {
            let path = self.folder.join(format::segment_name(first));
            if !noted {
                self.empty(first, &path);
            } else if self.disk.remove(&path).is_ok() {
                self.segments.retain(|segment| segment.first != first);
            }
        }
    }

    /// Segments without unsettled records, but for the newest that ever had any. The active one has had some, once an
    /// append to it has succeeded, so it is never among them.
    fn drained(&self) -> impl Iterator<Item = u64> {
        let newest = self
            .segments
            .iter()
            .rev()
            .find(|segment| segment.numbers_used)
            .map(|segment| segment.first);
        self.segments
            .iter()
            .filter(|segment| segment.unsettled() == 0 && !segment.held)
            .map(|segment| segment.first)
            .filter(move |first| Some(*first) != newest)
    }

    /// Gives the space of a settled segment back without needing any.
    fn empty(&self, first: u64, path: &Path) {
        let emptied = self.disk.open(path).and_then(|file| {
            file.write_at(&format::encode_header(FileKind::Emptied, first), 0)?;
            file.truncate(HEADER_BYTES)
        });
        // The file stays in the list, so that its removal is tried again.
        let _ = emptied;
    }
}

fn segment_notes(segment: &Segment) -> impl Iterator<Item = Entry> {
    let first = segment.first;
    let sealed = segment.sealed.then_some(Entry::Sealed {
        first,
        end: segment.end,
    });
    let settled = segment
        .settled_runs()
        .map(|(from, to)| Entry::Settled { from, to });
    std::iter::once(Entry::Segment { first })
        .chain(sealed)
        .chain(settled)
}
