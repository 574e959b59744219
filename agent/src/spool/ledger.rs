//! The ledger: an append-only file of small notes about segments and settled records, rewritten when it has grown.
//!
//! Nothing depends on it for safety. A lost note costs at most that settled records are offered again, or that
//! a missing file is not noticed. After any failed write the file is left alone and replaced as a whole.

use std::io;
use std::path::Path;

use crate::durable::{self, Disk, DiskFile};
use crate::spool::format::{self, ENTRY_BYTES, Entry, FileKind, HEADER_BYTES, Header, LEDGER_NAME};
use crate::spool::report::DamageKind;
use crate::spool::scan::read_fully;
use crate::spool::segment::Wrong;

/// Entries that are read or written at a time.
const CHUNK_ENTRIES: usize = 1024;
/// The ledger is rewritten when it has grown by this much and is twice as long as after the last time.
const GROWTH_BYTES_MIN: u64 = 64 * 1024;

/// The open ledger.
pub(super) struct Ledger<F> {
    /// `None` after a failure, until the ledger has been rewritten.
    file: Option<F>,
    end: u64,
    rewrite_at: u64,
}

impl<F: DiskFile> Ledger<F> {
    /// A ledger that must be rewritten before it takes notes.
    pub(super) fn broken() -> Self {
        Ledger {
            file: None,
            end: 0,
            rewrite_at: 0,
        }
    }

    /// True when it has failed or has grown too long: it takes the next notes by being rewritten.
    pub(super) fn needs_rewrite(&self) -> bool {
        self.file.is_none() || self.end >= self.rewrite_at
    }

    /// Appends notes; with `durable`, they survive a power cut once this has returned.
    pub(super) fn append(&mut self, entries: &[Entry], durable: bool) -> io::Result<()> {
        let Some(file) = self.file.take() else {
            return Err(io::Error::other("the ledger waits to be rewritten"));
        };
        let mut bytes = Vec::new();
        encode_all(entries, self.end, &mut bytes);
        file.write_at(&bytes, self.end)?;
        if durable {
            file.sync()?;
        }
        self.end += bytes.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// Replaces the file by one that holds just `entries`; durable on return.
    pub(super) fn rewrite<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        folder: &Path,
        entries: impl Iterator<Item = Entry>,
    ) -> io::Result<()> {
        *self = Self::broken();
        let path = folder.join(LEDGER_NAME);
        let mut end = HEADER_BYTES;
        durable::replace_durably(disk, &path, |file| {
            file.write_at(&format::encode_header(FileKind::Ledger, 0), 0)?;
            end = write_in_chunks(file, end, entries)?;
            Ok(())
        })?;
        self.file = Some(disk.open(&path)?);
        self.end = end;
        self.rewrite_at = (2 * end).max(end + GROWTH_BYTES_MIN);
        Ok(())
    }
}

fn write_in_chunks<F: DiskFile>(
    file: &F,
    start: u64,
    entries: impl Iterator<Item = Entry>,
) -> io::Result<u64> {
    let mut end = start;
    let mut bytes = Vec::new();
    for entry in entries {
        encode_all(&[entry], end, &mut bytes);
        if bytes.len() >= CHUNK_ENTRIES * ENTRY_BYTES as usize {
            file.write_at(&bytes, end)?;
            end += bytes.len() as u64;
            bytes.clear();
        }
    }
    if !bytes.is_empty() {
        file.write_at(&bytes, end)?;
    }
    Ok(end + bytes.len() as u64)
}

/// Appends to `bytes`, which start at offset `start` of the file.
fn encode_all(entries: &[Entry], start: u64, bytes: &mut Vec<u8>) {
    for entry in entries {
        let offset = start + bytes.len() as u64;
        bytes.extend_from_slice(&format::encode_entry(*entry, offset));
    }
}

/// Reads all notes in order; returns what is wrong with the file.
pub(super) fn load<F: DiskFile>(file: &F, mut visit: impl FnMut(Entry)) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut header = [0; HEADER_BYTES as usize];
    let known = Header::Known {
        kind: FileKind::Ledger,
        first: 0,
    };
    match read_fully(file, &mut header, 0) {
        Ok(count) if format::decode_header(&header[..count]) == known => {}
        Ok(count) => note_wrong(&mut wrong, 0, count as u64),
        Err(_) => {
            return vec![Wrong {
                kind: DamageKind::Unreadable,
                offset: 0,
                length: 0,
            }];
        }
    }
    let mut buffer = vec![0; CHUNK_ENTRIES * ENTRY_BYTES as usize];
    let mut offset = HEADER_BYTES;
    loop {
        let count = match read_fully(file, &mut buffer, offset) {
            Ok(0) => return wrong,
            Ok(count) => count,
            Err(_) => {
                wrong.push(Wrong {
                    kind: DamageKind::Unreadable,
                    offset,
                    length: 0,
                });
                return wrong;
            }
        };
        for bytes in buffer[..count].chunks(ENTRY_BYTES as usize) {
            match format::decode_entry(bytes, offset) {
                Some(entry) => visit(entry),
                None => note_wrong(&mut wrong, offset, bytes.len() as u64),
            }
            offset += bytes.len() as u64;
        }
    }
}

/// Neighbouring damage is one piece of damage.
fn note_wrong(wrong: &mut Vec<Wrong>, offset: u64, length: u64) {
    match wrong.last_mut() {
        Some(last) if last.offset + last.length == offset => last.length += length,
        Some(_) | None => wrong.push(Wrong {
            kind: DamageKind::Ledger,
            offset,
            length,
        }),
    }
}
