//! What the spool remembers of one segment file, and the examination of a file that was found on disk.

use crate::durable::DiskFile;
use crate::spool::format::{self, FileKind, HEADER_BYTES, Header};
use crate::spool::report::DamageKind;
use crate::spool::scan::{Scanner, Step};
use crate::spool::settled::Settled;

/// The summary of one segment. It does not grow with the number of records, but for one bit a record that was settled
/// in a segment that is not yet empty.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Sequence number in the name; no record has a lower one.
    pub(super) first: u64,
    /// Sequence number after the last whole record.
    pub(super) next: u64,
    /// Offset after the last whole record, zero before the first append.
    pub(super) end: u64,
    /// Nothing will ever be appended, and `end` is final.
    pub(super) sealed: bool,
    /// The file stays until a later start, because some of its bytes could be neither read nor copied.
    pub(super) held: bool,
    /// Its numbers may have been given out, so its name must stay until a newer segment has a record.
    pub(super) numbers_used: bool,
    /// Whole records that are not settled.
    unsettled: u64,
    settled: Settled,
    /// Damaged stretches, ascending.
    gaps: Vec<Gap>,
}

/// A damaged stretch of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// Offset of the first damaged byte.
    pub(super) offset: u64,
    /// Offset after the last one.
    pub(super) until: u64,
    /// Sequence numbers that are lost in it; empty when it is not known.
    sequences: (u64, u64),
}

/// What was found wrong in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) kind: DamageKind,
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Segment {
    /// A segment that starts with `first` and has no records yet.
    pub(super) fn new(first: u64) -> Self {
        let settled = Settled::default();
        Segment {
            first,
            next: first,
            end: 0,
            sealed: false,
            held: false,
            numbers_used: false,
            unsettled: 0,
            settled,
            gaps: Vec::new(),
        }
    }

    /// Takes note of a record that is durable and ends at `end`.
    pub(super) fn appended(&mut self, sequence: u64, end: u64) {
        self.next = sequence + 1;
        self.end = end;
        self.unsettled += 1;
        self.numbers_used = true;
    }

    /// Marks a record as settled; false when there is nothing to do.
    pub(super) fn settle(&mut self, sequence: u64) -> bool {
        let fresh = sequence < self.next && self.settled.mark(sequence - self.first);
        if fresh && !self.lost(sequence) {
            self.unsettled -= 1;
        }
        fresh
    }

    /// Marks what the ledger says is settled, before the file is examined.
    pub(super) fn settle_noted(&mut self, from: u64, to: u64) {
        if to >= self.first {
            self.settled
                .mark_all(from.max(self.first) - self.first, to - self.first);
        }
    }

    /// True when the record has been settled.
    pub(super) fn is_settled(&self, sequence: u64) -> bool {
        sequence >= self.first && self.settled.contains(sequence - self.first)
    }

    /// Runs of settled sequence numbers, both ends included.
    pub(super) fn settled_runs(&self) -> impl Iterator<Item = (u64, u64)> {
        self.settled
            .runs()
            .map(|(from, to)| (self.first + from, self.first + to))
    }

    /// Whole records that are not settled.
    pub(super) fn unsettled(&self) -> u64 {
        self.unsettled
    }

    /// True when the damaged stretch is already known.
    pub(super) fn knows_gap(&self, offset: u64, until: u64) -> bool {
        self.gaps
            .iter()
            .any(|gap| gap.offset == offset && gap.until == until)
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Segment>() + self.settled.memory_bytes() + self.gaps.capacity() * size_of::<Gap>()
    }

    fn lost(&self, sequence: u64) -> bool {
        self.gaps
            .iter()
            .any(|gap| (gap.sequences.0..gap.sequences.1).contains(&sequence))
    }

    /// Reads the whole file and fills the summary from it. `sealed_end` is the final length, if it is
    /// known. Returns what is wrong, ascending by offset.
    pub(super) fn examine<F: DiskFile>(&mut self, file: &F, sealed_end: Option<u64>) -> Vec<Wrong> {
        let Ok(length) = file.length() else {
            self.held = true;
            return vec![Wrong {
                kind: DamageKind::Unreadable,
                offset: 0,
                length: 0,
            }];
        };
        let limit = sealed_end.unwrap_or(length);
        let next_known = self.next;
        self.sealed = sealed_end.is_some();
        self.unsettled = 0;
        self.gaps.clear();
        let mut scanner = Scanner::new(file, self.first, limit);
        let mut wrong = Vec::new();
        self.examine_header(&mut scanner, limit, &mut wrong);
        self.examine_frames(&mut scanner, length, limit, &mut wrong);
        if let Some(end) = sealed_end {
            self.examine_end(end, next_known);
        }
        self.held |= scanner.read_failed();
        self.forget_torn_creation(limit, &mut wrong);
        wrong
    }

    fn examine_header<F: DiskFile>(
        &mut self,
        scanner: &mut Scanner<'_, F>,
        limit: u64,
        wrong: &mut Vec<Wrong>,
    ) {
        self.end = limit.min(HEADER_BYTES);
        let header = format::decode_header(scanner.bytes(0, HEADER_BYTES as usize));
        if header
            == (Header::Known {
                kind: FileKind::Segment,
                first: self.first,
            })
        {
            return;
        }
        let wrong_here = if scanner.read_failed() {
            Some((DamageKind::Unreadable, limit.min(HEADER_BYTES)))
        } else if limit >= HEADER_BYTES {
            Some((DamageKind::Header, HEADER_BYTES))
        } else {
            (!self.sealed).then_some((DamageKind::TornTail, limit))
        };
        wrong.extend(wrong_here.map(|(kind, length)| Wrong {
            kind,
            offset: 0,
            length,
        }));
    }

    fn examine_frames<F: DiskFile>(
        &mut self,
        scanner: &mut Scanner<'_, F>,
        length: u64,
        limit: u64,
        wrong: &mut Vec<Wrong>,
    ) {
        let mut offset = HEADER_BYTES;
        self.next = self.first;
        loop {
            match scanner.step(offset, self.next) {
                Step::End => return,
                Step::Frame(head) => {
                    self.found(head.sequence);
                    offset = head.end(offset);
                    self.end = offset;
                }
                Step::Damaged { until } => {
                    let kind = if until > length {
                        DamageKind::Shortened
                    } else {
                        self.kind_of_damage(until == limit, scanner.read_failed())
                    };
                    wrong.push(Wrong {
                        kind,
                        offset,
                        length: until - offset,
                    });
                    self.gaps.push(Gap {
                        offset,
                        until,
                        sequences: (self.next, self.next),
                    });
                    offset = until;
                }
            }
        }
    }

    /// An unsealed segment with neither a header nor a record is all torn: the crash came while it was being created.
    fn forget_torn_creation(&mut self, limit: u64, wrong: &mut Vec<Wrong>) {
        let headless = wrong.first().is_some_and(|first| first.offset == 0);
        if headless && !self.sealed && !self.held && self.next == self.first {
            *wrong = vec![Wrong {
                kind: DamageKind::TornTail,
                offset: 0,
                length: limit,
            }];
            self.end = 0;
        }
    }

    /// The end of a sealed segment is what the seal says, and not where the last whole record happens to end.
    fn examine_end(&mut self, end: u64, next_known: u64) {
        self.end = end;
        if let Some(gap) = self.gaps.last_mut()
            && next_known > self.next
        {
            gap.sequences = (self.next, next_known);
            self.next = next_known;
        }
    }

    fn found(&mut self, sequence: u64) {
        // A stretch that begins where the last whole record ended holds the numbers in between.
        if let Some(gap) = self.gaps.last_mut()
            && gap.until > self.end
        {
            gap.sequences = (self.next, sequence);
        }
        self.next = sequence + 1;
        if !self.is_settled(sequence) {
            self.unsettled += 1;
        }
    }

    /// Only an unsealed segment has a torn tail, and only if its bytes could be read: nothing that a
    /// failing disk hides for a moment may be cut off.
    fn kind_of_damage(&self, at_the_end: bool, read_failed: bool) -> DamageKind {
        if read_failed {
            DamageKind::Unreadable
        } else if at_the_end && !self.sealed {
            DamageKind::TornTail
        } else {
            DamageKind::Record
        }
    }
}
