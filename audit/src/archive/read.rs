//! Reading an archive from its beginning to its end, block by block.

use std::io::{self, Read};

use super::{
    ArchiveError, BLOCK_HEADER_BYTES, CHECKED_BYTES, End, Frame, HEADER_BYTES, MAGIC, VERSION,
    block::{Head, Kind, checksum},
    error::Damage,
};

/// Reads blocks one after another; each is checked before it is given.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    offset: u64,
    /// The index that the next block begins with.
    next: u64,
    ended: bool,
}

/// One block.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Records, still sealed, so that they can be opened elsewhere.
    Records(Frame),
    /// The end.
    End(End),
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ArchiveError`] where it is none.
    pub fn new(mut inner: R) -> Result<Self, ArchiveError> {
        let mut header = [0; HEADER_BYTES];
        let read = fill(&mut inner, &mut header)?;
        if read < MAGIC.len() || !header.starts_with(&MAGIC) {
            return Err(ArchiveError::Magic);
        }
        if read < HEADER_BYTES {
            return Err(ArchiveError::Truncated {
                bytes: read as u64,
                entries: 0,
            });
        }
        let (stated, sum) = header.split_at(12);
        if crc32c::crc32c(stated).to_be_bytes() != *sum {
            return Err(ArchiveError::Magic);
        }
        let version = stated
            .last_chunk::<4>()
            .map_or(0, |b| u32::from_be_bytes(*b));
        if version != VERSION {
            return Err(ArchiveError::Version { found: version });
        }
        Ok(Self {
            inner,
            offset: HEADER_BYTES as u64,
            next: 0,
            ended: false,
        })
    }

    /// Where the next block begins.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// How many records the blocks so far state.
    pub const fn entries(&self) -> u64 {
        self.next
    }

    /// The next block; `None` behind the end.
    ///
    /// # Errors
    /// [`ArchiveError`]; what was given before is whole.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, ArchiveError> {
        if self.ended {
            return Ok(None);
        }
        let frame = self.frame()?;
        let bytes = (BLOCK_HEADER_BYTES + frame.stored.len()) as u64;
        match frame.head.kind {
            Kind::Records => {
                self.offset += bytes;
                self.next += frame.count();
                Ok(Some(Piece::Records(frame)))
            }
            Kind::End => {
                let end = frame.end()?;
                self.offset += bytes;
                self.ended = true;
                if fill(&mut self.inner, &mut [0])? > 0 {
                    return Err(ArchiveError::Trailing {
                        offset: self.offset,
                    });
                }
                Ok(Some(Piece::End(end)))
            }
        }
    }

    fn frame(&mut self) -> Result<Frame, ArchiveError> {
        let mut header = [0; BLOCK_HEADER_BYTES];
        let read = fill(&mut self.inner, &mut header)?;
        if read < header.len() {
            return Err(self.truncated(read));
        }
        let (head, stated) = Head::parse(&header).map_err(|why| self.damaged(why))?;
        let mut stored = vec![0; head.stored_bytes];
        let read = fill(&mut self.inner, &mut stored)?;
        if read < stored.len() {
            return Err(self.truncated(BLOCK_HEADER_BYTES + read));
        }
        if checksum(&header[..CHECKED_BYTES], &stored) != stated {
            return Err(self.damaged(Damage::Checksum));
        }
        if head.first != self.next {
            return Err(self.damaged(Damage::Order));
        }
        Ok(Frame {
            head,
            offset: self.offset,
            stored,
        })
    }

    fn truncated(&self, read: usize) -> ArchiveError {
        ArchiveError::Truncated {
            bytes: self.offset + read as u64,
            entries: self.next,
        }
    }

    fn damaged(&self, why: Damage) -> ArchiveError {
        ArchiveError::Damaged {
            offset: self.offset,
            entry: self.next,
            why,
        }
    }
}

/// Reads until the buffer is full or the file ends; says how many bytes there were.
fn fill(inner: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match inner.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
