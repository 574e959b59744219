//! Reading frames one after another through a window of bounded size, and finding the next whole frame after damage.
//!
//! The same scan serves recovery and delivery, so both always agree about what a record is.

use crate::durable::DiskFile;
use crate::spool::format::{self, FRAME_BYTES, FRAME_MAGIC, FrameHead, Place};
use crate::spool::settled::MARKS_MAX;

/// Bytes that are read at a time, and all that a scan keeps in memory.
const WINDOW_BYTES: usize = 64 * 1024;
/// When a read fails, the file is read in pieces of this size, to lose no more than the bad sector.
const BLOCK_BYTES: usize = 4096;

/// What stands at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A whole record; its body starts [`FRAME_BYTES`] after the offset.
    Frame(FrameHead),
    /// Bytes that are no whole record, up to the next whole record or to the end.
    Damaged { until: u64 },
    /// Nothing more.
    End,
}

/// A scan over the frames of one segment.
pub(super) struct Scanner<'a, F> {
    window: Window<'a, F>,
    first: u64,
}

impl<'a, F: DiskFile> Scanner<'a, F> {
    /// Scans the segment `first` up to byte `end`.
    pub(super) fn new(file: &'a F, first: u64, end: u64) -> Self {
        Scanner {
            window: Window {
                file,
                end,
                start: 0,
                bytes: Vec::new(),
                failed: false,
            },
            first,
        }
    }

    /// Looks at `offset`, where a frame with a sequence number of at least `expected` should start.
    pub(super) fn step(&mut self, offset: u64, expected: u64) -> Step {
        if offset >= self.window.end {
            return Step::End;
        }
        let Some(head) = self.head(offset, expected) else {
            return Step::Damaged {
                until: self.resynchronise(offset + 1, expected),
            };
        };
        let until = head.end(offset);
        if until > self.window.end {
            // The length is certain, because the head is whole: the file ends within this frame.
            return Step::Damaged {
                until: self.window.end,
            };
        }
        if self.body_is_whole(offset, &head) {
            Step::Frame(head)
        } else {
            Step::Damaged { until }
        }
    }

    /// The first `count` bytes from `offset`, fewer at the end of the file; `count` is at most the window.
    pub(super) fn bytes(&mut self, offset: u64, count: usize) -> &[u8] {
        self.window.bytes(offset, count)
    }

    /// True when a read failed and zeros stood in for the bytes.
    pub(super) fn read_failed(&self) -> bool {
        self.window.failed
    }

    fn head(&mut self, offset: u64, expected: u64) -> Option<FrameHead> {
        let place = Place {
            first: self.first,
            offset,
        };
        let head =
            format::decode_frame_head(place, self.window.bytes(offset, FRAME_BYTES as usize))?;
        (expected..self.first.saturating_add(MARKS_MAX))
            .contains(&head.sequence)
            .then_some(head)
    }

    fn body_is_whole(&mut self, offset: u64, head: &FrameHead) -> bool {
        let until = head.end(offset);
        let mut at = offset + FRAME_BYTES;
        let mut crc = 0;
        while at < until {
            let count = (until - at).min(WINDOW_BYTES as u64);
            let bytes = self.window.bytes(at, count as usize);
            if bytes.is_empty() {
                return false;
            }
            crc = crc32c::crc32c_append(crc, bytes);
            at += bytes.len() as u64;
        }
        crc == head.body_crc
    }

    /// The offset of the next whole frame from `from` on, or the end. A frame's checksum covers its own offset, so
    /// bytes inside a damaged record that happen to look like a frame are passed over.
    fn resynchronise(&mut self, from: u64, expected: u64) -> u64 {
        let mut at = from;
        while let Some(candidate) = self.find_magic(at) {
            if let Some(head) = self.head(candidate, expected)
                && head.end(candidate) <= self.window.end
            {
                return candidate;
            }
            at = candidate + 1;
        }
        self.window.end
    }

    fn find_magic(&mut self, from: u64) -> Option<u64> {
        let mut at = from;
        loop {
            let bytes = self.window.bytes(at, WINDOW_BYTES);
            if bytes.len() < FRAME_MAGIC.len() {
                return None;
            }
            if let Some(found) = bytes
                .windows(FRAME_MAGIC.len())
                .position(|part| part == FRAME_MAGIC)
            {
                return Some(at + found as u64);
            }
            at += (bytes.len() - FRAME_MAGIC.len() + 1) as u64;
        }
    }
}

/// A part of a file in memory.
struct Window<'a, F> {
    file: &'a F,
    end: u64,
    start: u64,
    bytes: Vec<u8>,
    failed: bool,
}

impl<F: DiskFile> Window<'_, F> {
    fn bytes(&mut self, offset: u64, count: usize) -> &[u8] {
        let available = self.end.saturating_sub(offset);
        let count = usize::try_from(available).unwrap_or(usize::MAX).min(count);
        let held =
            self.start <= offset && offset + count as u64 <= self.start + self.bytes.len() as u64;
        if !held {
            self.fill(offset);
        }
        let from = (offset - self.start) as usize;
        let until = self.bytes.len().min(from + count);
        &self.bytes[from..until]
    }

    fn fill(&mut self, offset: u64) {
        let available = self.end.saturating_sub(offset).min(WINDOW_BYTES as u64) as usize;
        self.start = offset;
        self.bytes.clear();
        self.bytes.resize(available, 0);
        if let Ok(count) = read_fully(self.file, &mut self.bytes, offset) {
            self.bytes.truncate(count);
            return;
        }
        self.failed = true;
        self.fill_by_blocks(offset);
    }

    /// Blocks that cannot be read stay zero; the records in them are then damaged, and those around them are not.
    fn fill_by_blocks(&mut self, offset: u64) {
        let mut at = 0;
        while at < self.bytes.len() {
            let absolute = offset + at as u64;
            let step = BLOCK_BYTES - (absolute % BLOCK_BYTES as u64) as usize;
            let until = self.bytes.len().min(at + step);
            if read_fully(self.file, &mut self.bytes[at..until], absolute).is_err() {
                self.bytes[at..until].fill(0);
            }
            at = until;
        }
    }
}

/// Reads until `buffer` is full or the file ends; returns the bytes read.
pub(super) fn read_fully<F: DiskFile>(
    file: &F,
    buffer: &mut [u8],
    offset: u64,
) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
