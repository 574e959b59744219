//! Delivering pending records in order, a bounded batch at a time.

use crate::durable::Disk;
use crate::spool::Spool;
use crate::spool::format::{self, FRAME_BYTES, FrameHead, HEADER_BYTES};
use crate::spool::quarantine;
use crate::spool::report::{Batch, Damage, DamageKind, Record, RecordId};
use crate::spool::scan::{Scanner, Step, read_fully};

/// A place in the sequence of records. One pass with one cursor delivers every pending record once. To offer what is
/// still unsettled again, for instance after a reconnect, begin with a new cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Lowest sequence number that has not been looked at.
    next: u64,
    /// The segment and the offset where it is, or would be, if that is known.
    place: Option<(u64, u64)>,
}

impl Cursor {
    /// Before the oldest record.
    pub fn start() -> Self {
        Cursor {
            next: 0,
            place: None,
        }
    }

    /// After the record `id`.
    pub fn after(id: RecordId) -> Self {
        Cursor {
            next: id.0.saturating_add(1),
            place: None,
        }
    }
}

/// What one batch may hold.
#[derive(Clone, Copy)]
struct Room {
    records_max: usize,
    bytes_max: usize,
}

impl Room {
    /// The first record always fits, or a long one would never be delivered.
    fn takes(self, batch: &Batch, length: usize) -> bool {
        let held: usize = batch.records.iter().map(|record| record.bytes.len()).sum();
        let count = batch.records.len();
        count < self.records_max && (count == 0 || held.saturating_add(length) <= self.bytes_max)
    }
}

impl<D: Disk> Spool<D> {
    /// The next pending records from the cursor on, ascending, and moves the cursor behind them. At most `records_max`
    /// records, and no more than `bytes_max` bytes unless the first record alone is longer. An empty batch means
    /// that the cursor has seen everything; the same cursor delivers what is appended later.
    ///
    /// A file that cannot be read is reported as damage and left out of this pass; a new cursor tries it again.
    pub fn pending(&mut self, cursor: &mut Cursor, records_max: usize, bytes_max: usize) -> Batch {
        let mut batch = Batch::default();
        let room = Room {
            records_max,
            bytes_max,
        };
        loop {
            let index = self
                .segments
                .partition_point(|segment| segment.next <= cursor.next);
            let Some(segment) = self.segments.get(index) else {
                return batch;
            };
            if segment.unsettled() == 0 {
                cursor.next = segment.next;
            } else if !self.read_segment(index, cursor, room, &mut batch) {
                return batch;
            }
        }
    }

    /// False when the batch is full; otherwise the cursor is behind the segment's last record.
    fn read_segment(
        &mut self,
        index: usize,
        cursor: &mut Cursor,
        room: Room,
        batch: &mut Batch,
    ) -> bool {
        let segment = &self.segments[index];
        let (first, end, next) = (segment.first, segment.end, segment.next);
        let path = self.folder.join(format::segment_name(first));
        let Ok(file) = self.disk.open(&path) else {
            batch.damage.push(self.unreadable(first, 0));
            cursor.next = next;
            return true;
        };
        let (mut offset, mut expected) = match cursor.place {
            Some((held, offset)) if held == first => (offset, cursor.next),
            Some(_) | None => (HEADER_BYTES, first),
        };
        let mut scanner = Scanner::new(&file, first, end);
        loop {
            match scanner.step(offset, expected) {
                Step::End => break,
                Step::Damaged { until } => {
                    self.met_damage(index, offset, until, batch);
                    offset = until;
                }
                Step::Frame(head) => {
                    let wanted = head.sequence >= cursor.next
                        && !self.segments[index].is_settled(head.sequence);
                    if wanted && !room.takes(batch, head.length as usize) {
                        return false;
                    }
                    if wanted {
                        self.deliver(&file, first, offset, &head, batch);
                    }
                    expected = head.sequence + 1;
                    offset = head.end(offset);
                    cursor.next = cursor.next.max(expected);
                    cursor.place = Some((first, offset));
                }
            }
        }
        cursor.next = next;
        true
    }

    fn deliver(
        &self,
        file: &D::File,
        first: u64,
        offset: u64,
        head: &FrameHead,
        batch: &mut Batch,
    ) {
        let mut bytes = vec![0; head.length as usize];
        let read = read_fully(file, &mut bytes, offset + FRAME_BYTES);
        // The bytes were whole a moment ago: now they are read once more, and checked once more.
        if read.is_ok_and(|count| count == bytes.len()) && crc32c::crc32c(&bytes) == head.body_crc {
            batch.records.push(Record {
                id: RecordId(head.sequence),
                bytes,
            });
        } else {
            batch.damage.push(self.unreadable(first, offset));
        }
    }

    /// Damage that recovery did not see has come since: the segment is examined once more.
    fn met_damage(&mut self, index: usize, offset: u64, until: u64, batch: &mut Batch) {
        let segment = &mut self.segments[index];
        if segment.knows_gap(offset, until) {
            return;
        }
        let (sealed, end) = (segment.sealed, segment.end);
        let damage = quarantine::examine(&self.disk, &self.folder, segment, Some(end));
        segment.sealed = sealed;
        let first = segment.first;
        if damage.is_empty() {
            // It was gone at the second look: the disk hesitates, and the record is offered in the next pass.
            batch.damage.push(self.unreadable(first, offset));
        }
        batch.damage.extend(damage);
    }

    fn unreadable(&self, first: u64, offset: u64) -> Damage {
        let file = self.folder.join(format::segment_name(first));
        Damage {
            kind: DamageKind::Unreadable,
            file,
            offset,
            length: 0,
            copy: None,
        }
    }
}
