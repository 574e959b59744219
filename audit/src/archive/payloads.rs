//! Payloads by their index, read from the archive itself: no second copy is made, and what was looked at not long ago
//! stays opened, up to [`OPEN_BYTES_MAX`].
//!
//! Figures are compared with those of the periods before, which arrived in much the same order; so one opened block
//! serves many lookups.

use std::{cell::RefCell, collections::BTreeMap, fs::File, os::unix::fs::FileExt as _, sync::Arc};

use super::{
    ArchiveError, BLOCK_HEADER_BYTES, Block, CHECKED_BYTES, Frame,
    block::{Head, checksum},
    error::Damage,
};

/// Bytes of opened blocks that are kept, all together.
const OPEN_BYTES_MAX: usize = 48 << 20;

/// The payloads of the blocks that were passed.
#[derive(Debug)]
pub struct Payloads {
    file: File,
    /// The first index of each block, and where it begins in the file.
    blocks: Vec<(u64, u64)>,
    open: RefCell<Open>,
}

/// Opened blocks by their first index, each with when it was last looked at.
#[derive(Debug, Default)]
struct Open {
    blocks: BTreeMap<u64, (u64, Arc<Block>)>,
    bytes: usize,
    clock: u64,
}

impl Payloads {
    /// No blocks yet of this file, which must be another handle than the one that is read in order.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            file,
            blocks: Vec::new(),
            open: RefCell::default(),
        }
    }

    /// Takes a block that was passed, and keeps it opened for a while.
    pub fn add(&mut self, offset: u64, block: Arc<Block>) {
        self.blocks.push((block.first(), offset));
        self.open.get_mut().keep(block);
    }

    /// The payload of an entry; `None` beyond the blocks that were passed.
    ///
    /// # Errors
    /// [`ArchiveError`] where the file is not any more what it was.
    pub fn get(&self, index: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
        let behind = self.blocks.partition_point(|(first, _)| *first <= index);
        let Some((first, offset)) = behind.checked_sub(1).and_then(|at| self.blocks.get(at)) else {
            return Ok(None);
        };
        if let Some(block) = self.open.borrow_mut().get(*first) {
            return Ok(block.payload(index).map(<[u8]>::to_vec));
        }
        let block = Arc::new(self.read(*first, *offset)?);
        let payload = block.payload(index).map(<[u8]>::to_vec);
        self.open.borrow_mut().keep(block);
        Ok(payload)
    }

    fn read(&self, first: u64, offset: u64) -> Result<Block, ArchiveError> {
        let damaged = |why| ArchiveError::Damaged {
            offset,
            entry: first,
            why,
        };
        let mut header = [0; BLOCK_HEADER_BYTES];
        self.file.read_exact_at(&mut header, offset)?;
        let (head, stated) = Head::parse(&header).map_err(damaged)?;
        let mut stored = vec![0; head.stored_bytes];
        self.file
            .read_exact_at(&mut stored, offset + BLOCK_HEADER_BYTES as u64)?;
        if checksum(&header[..CHECKED_BYTES], &stored) != stated || head.first != first {
            return Err(damaged(Damage::Checksum));
        }
        Frame {
            head,
            offset,
            stored,
        }
        .open()
    }
}

impl Open {
    fn get(&mut self, first: u64) -> Option<Arc<Block>> {
        self.clock += 1;
        let (looked_at, block) = self.blocks.get_mut(&first)?;
        *looked_at = self.clock;
        Some(Arc::clone(block))
    }

    fn keep(&mut self, block: Arc<Block>) {
        self.clock += 1;
        self.bytes += block.bytes();
        self.blocks.insert(block.first(), (self.clock, block));
        // The newest stays, however large it is.
        while self.bytes > OPEN_BYTES_MAX && self.blocks.len() > 1 {
            let oldest = self
                .blocks
                .iter()
                .min_by_key(|(_, (looked_at, _))| looked_at);
            let Some(first) = oldest.map(|(first, _)| *first) else {
                return;
            };
            if let Some((_, gone)) = self.blocks.remove(&first) {
                self.bytes -= gone.bytes();
            }
        }
    }
}
