//! Blocks: sealed as they lie in the file, and opened into records.

use std::ops::Range;

use super::{
    ArchiveError, BLOCK_HEADER_BYTES, CHECKED_BYTES, LEVEL, PLAIN_BYTES_MAX, STORED_BYTES_MAX,
    error::Damage,
};

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Records,
    End,
}

/// What a block's header states. Its lengths are within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) stored_bytes: usize,
    pub(super) plain_bytes: usize,
    pub(super) first: u64,
    pub(super) count: u32,
}

/// A block as it lies in the file, whose checksum fits.
#[derive(Clone, Debug)]
pub struct Frame {
    pub(super) head: Head,
    pub(super) offset: u64,
    pub(super) stored: Vec<u8>,
}

/// Records that follow one another, in the plain bytes of their block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    first: u64,
    plain: Vec<u8>,
    spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    entry: Range<usize>,
    payload: Range<usize>,
}

/// What the last block states. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The log's verifier key, as the city's server gave it.
    pub verifier_key: String,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

impl Head {
    /// Reads a header and the checksum in it. Nothing is read or allocated on its word before its lengths are in bounds.
    pub(super) fn parse(bytes: &[u8; BLOCK_HEADER_BYTES]) -> Result<(Self, u32), Damage> {
        let kind = match bytes.first_chunk::<4>() {
            Some([1, 0, 0, 0]) => Kind::Records,
            Some([2, 0, 0, 0]) => Kind::End,
            Some(_) | None => return Err(Damage::Kind),
        };
        let (stored, plain) = (number(bytes, 4), number(bytes, 8));
        let (stored_bytes, plain_bytes) = (stored as usize, plain as usize);
        if stored_bytes > STORED_BYTES_MAX || plain_bytes > PLAIN_BYTES_MAX {
            return Err(Damage::Length);
        }
        let first = (u64::from(number(bytes, 12)) << 32) | u64::from(number(bytes, 16));
        let head = Self {
            kind,
            stored_bytes,
            plain_bytes,
            first,
            count: number(bytes, 20),
        };
        Ok((head, number(bytes, CHECKED_BYTES)))
    }
}

impl Frame {
    /// Seals plain bytes.
    pub(super) fn seal(
        kind: Kind,
        first: u64,
        count: u32,
        plain: &[u8],
    ) -> std::io::Result<Vec<u8>> {
        let mut stored = vec![0; zstd_safe::compress_bound(plain.len())];
        let length = zstd_safe::compress(&mut stored[..], plain, LEVEL);
        let length = length.map_err(|code| zstd_error("compress", code))?;
        stored.truncate(length);
        let short = |length: usize| {
            u32::try_from(length).map_err(|_| std::io::Error::other("a block is too large"))
        };
        let mut bytes = Vec::with_capacity(BLOCK_HEADER_BYTES + length);
        bytes.extend_from_slice(&[if kind == Kind::Records { 1 } else { 2 }, 0, 0, 0]);
        bytes.extend_from_slice(&short(length)?.to_be_bytes());
        bytes.extend_from_slice(&short(plain.len())?.to_be_bytes());
        bytes.extend_from_slice(&first.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        let checksum = checksum(&bytes, &stored);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes.extend_from_slice(&stored);
        Ok(bytes)
    }

    /// Where the block begins in the file.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The index of its first record.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.head.first
    }

    /// How many records it states.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.head.count as u64
    }

    /// How many bytes it opens into.
    #[must_use]
    pub const fn plain_bytes(&self) -> usize {
        self.head.plain_bytes
    }

    /// Opens it into records.
    ///
    /// # Errors
    /// [`ArchiveError::Damaged`] where it holds something else than it states.
    pub fn open(&self) -> Result<Block, ArchiveError> {
        let plain = self.plain().map_err(|why| self.damaged(why))?;
        let spans = spans(&plain, self.head.count).ok_or(Damage::Records);
        Ok(Block {
            first: self.head.first,
            spans: spans.map_err(|why| self.damaged(why))?,
            plain,
        })
    }

    /// Opens the end block.
    pub(super) fn end(&self) -> Result<End, ArchiveError> {
        let plain = self.plain().map_err(|why| self.damaged(why))?;
        let parse = || {
            let mut rest = plain.as_slice();
            let verifier_key = String::from_utf8(part(&mut rest)?.to_vec()).ok()?;
            let checkpoint = String::from_utf8(part(&mut rest)?.to_vec()).ok()?;
            (rest.is_empty() && self.head.count == 0).then_some(End {
                verifier_key,
                checkpoint,
            })
        };
        parse().ok_or_else(|| self.damaged(Damage::Records))
    }

    /// The plain bytes, in a buffer of just the stated length: a frame that would open into more is refused by zstd.
    fn plain(&self) -> Result<Vec<u8>, Damage> {
        let mut plain = vec![0; self.head.plain_bytes];
        match zstd_safe::decompress(&mut plain[..], &self.stored) {
            Ok(length) if length == plain.len() => Ok(plain),
            Ok(_) | Err(_) => Err(Damage::Compression),
        }
    }

    fn damaged(&self, why: Damage) -> ArchiveError {
        ArchiveError::Damaged {
            offset: self.offset,
            entry: self.head.first,
            why,
        }
    }
}

impl Block {
    /// Puts records together that were never in a file.
    #[must_use]
    pub fn of<'a>(first: u64, records: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut block = Self {
            first,
            plain: Vec::new(),
            spans: Vec::new(),
        };
        for (entry, payload) in records {
            let start = block.plain.len();
            block.plain.extend_from_slice(entry);
            let middle = block.plain.len();
            block.plain.extend_from_slice(payload);
            block.spans.push(Span {
                entry: start..middle,
                payload: middle..block.plain.len(),
            });
        }
        block
    }

    /// The index of the first record.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// How many records there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// How many bytes it takes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.plain.len()
    }

    /// Entries and payloads, in order.
    pub fn records(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.spans.iter().map(|span| self.record(span))
    }

    /// The payload of the entry with this index, if it is in this block.
    #[must_use]
    pub fn payload(&self, index: u64) -> Option<&[u8]> {
        let offset = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.spans.get(offset).map(|span| self.record(span).1)
    }

    fn record(&self, span: &Span) -> (&[u8], &[u8]) {
        (
            &self.plain[span.entry.clone()],
            &self.plain[span.payload.clone()],
        )
    }
}

/// The checksum of a header, without the checksum in it, and the stored bytes.
pub(super) fn checksum(head: &[u8], stored: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(head), stored)
}

/// Where the records lie; `None` where they do not fill the plain bytes.
fn spans(plain: &[u8], count: u32) -> Option<Vec<Span>> {
    let (mut spans, mut rest) = (Vec::new(), plain);
    let mut next = || {
        let length = part(&mut rest)?.len();
        let end = plain.len() - rest.len();
        Some(end - length..end)
    };
    for _ in 0..count {
        // Each record takes eight bytes at the least, so a false count ends here soon and allocates nothing.
        spans.push(Span {
            entry: next()?,
            payload: next()?,
        });
    }
    (rest.is_empty() && count > 0).then_some(spans)
}

/// Takes a length and as many bytes.
fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let (bytes, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = behind;
    Some(bytes)
}

/// Four bytes of a header as a number.
fn number(bytes: &[u8; BLOCK_HEADER_BYTES], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn zstd_error(what: &str, code: usize) -> std::io::Error {
    std::io::Error::other(format!("{what}: {}", zstd_safe::get_error_name(code)))
}
