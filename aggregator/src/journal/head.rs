//! The newest checkpoint on disk: a small file beside the store, written in place after every commit and never synced.
//!
//! It is written only once the entries that it covers are durable, so whatever of it survives a power cut is covered by
//! the journal. A journal shorter than this head has lost entries that were acknowledged. The store's write-ahead log
//! by itself could not tell: its recovery stops at the first damaged record.
//!
//! Format: two slots of [`SLOT_BYTES`], written in turn, so that a torn write leaves the other one whole:
//! `SHA-256 of the rest of the text (32) | length (u16 be) | text of the signed note | zeroes`.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

use granary_core::{
    digest::Digest,
    log::{Checkpoint, SignedNote},
};

/// Bytes of a slot: one block, which a disk writes whole.
const SLOT_BYTES: usize = 4_096;
const SLOTS: u64 = 2;
const TEXT_START: usize = 34;

/// The head file. Owned by the sequencer's thread for writing.
#[derive(Debug)]
pub(super) struct HeadFile {
    file: File,
    next_slot: u64,
}

/// A checkpoint as it was stored. Its signature is checked by whoever holds the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredHead {
    pub(super) checkpoint: Checkpoint,
    pub(super) note: String,
}

impl HeadFile {
    /// Makes the file, with no head in it.
    pub(super) fn create(path: &Path) -> io::Result<()> {
        crate::durable::write_file(path, &[0; SLOT_BYTES * SLOTS as usize])
    }

    /// Opens the file and reads the newer of its heads; none in a journal that never signed one.
    pub(super) fn open(path: &Path, read_only: bool) -> io::Result<(Self, Option<StoredHead>)> {
        let file = OpenOptions::new().read(true).write(!read_only).open(path)?;
        let mut newest: Option<(u64, StoredHead)> = None;
        for slot in 0..SLOTS {
            let Some(head) = read_slot(&file, slot)? else {
                continue;
            };
            let newer = newest
                .as_ref()
                .is_none_or(|(_, n)| n.checkpoint.size() <= head.checkpoint.size());
            if newer {
                newest = Some((slot, head));
            }
        }
        let next_slot = newest.as_ref().map_or(0, |(slot, _)| (slot + 1) % SLOTS);
        Ok((Self { file, next_slot }, newest.map(|(_, head)| head)))
    }

    /// Writes a head over the older one. Not synced.
    pub(super) fn write(&mut self, note: &str) -> io::Result<()> {
        let mut slot = Vec::with_capacity(TEXT_START + note.len());
        let length = u16::try_from(note.len())
            .ok()
            .filter(|_| TEXT_START + note.len() <= SLOT_BYTES);
        let length =
            length.ok_or_else(|| io::Error::other("the checkpoint is too long for its slot"))?;
        slot.extend_from_slice(Digest::of(note.as_bytes()).as_bytes());
        slot.extend_from_slice(&length.to_be_bytes());
        slot.extend_from_slice(note.as_bytes());
        self.file
            .write_all_at(&slot, self.next_slot * SLOT_BYTES as u64)?;
        self.next_slot = (self.next_slot + 1) % SLOTS;
        Ok(())
    }

    /// Makes what was written durable; for an orderly end.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn read_slot(file: &File, slot: u64) -> io::Result<Option<StoredHead>> {
    let mut bytes = [0; SLOT_BYTES];
    match file.read_exact_at(&mut bytes, slot * SLOT_BYTES as u64) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    Ok(parse_slot(&bytes))
}

fn parse_slot(bytes: &[u8]) -> Option<StoredHead> {
    let (digest, rest) = bytes.split_at_checked(32)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let text = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    if text.is_empty() || Digest::of(text).as_bytes() != digest {
        return None;
    }
    let note = SignedNote::parse(text).ok()?;
    let checkpoint = Checkpoint::parse(note.unverified_text()).ok()?;
    Some(StoredHead {
        checkpoint,
        note: String::from_utf8(text.to_vec()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use granary_core::log::{Hash, KeyName};

    use super::*;

    fn note(size: u64) -> String {
        let checkpoint =
            Checkpoint::new("city.example/log", size, Hash::from_bytes([1; 32])).unwrap();
        let name = KeyName::new("city.example/log").unwrap();
        checkpoint
            .sign(&name, &SigningKey::from_bytes(&[1; 32]))
            .unwrap()
            .to_text()
    }

    #[test]
    fn a_torn_write_leaves_the_head_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head");
        HeadFile::create(&path).unwrap();
        let (mut file, none) = HeadFile::open(&path, false).unwrap();
        assert_eq!(none, None);
        for size in 1..=4 {
            file.write(&note(size)).unwrap();
        }
        let (_, head) = HeadFile::open(&path, true).unwrap();
        assert_eq!(head.unwrap().note, note(4));

        // The fourth head stands in the second slot; half of it is lost.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[SLOT_BYTES + 100..].fill(0);
        std::fs::write(&path, &bytes).unwrap();
        let (mut file, head) = HeadFile::open(&path, false).unwrap();
        assert_eq!(head.unwrap().note, note(3));
        // The next write goes over the torn slot, not over the one that holds.
        file.write(&note(5)).unwrap();
        bytes = std::fs::read(&path).unwrap();
        bytes[SLOT_BYTES..].fill(0);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(
            HeadFile::open(&path, true).unwrap().1.unwrap().note,
            note(3)
        );
    }

    #[test]
    fn a_checkpoint_that_does_not_fit_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head");
        HeadFile::create(&path).unwrap();
        let (mut file, _) = HeadFile::open(&path, false).unwrap();
        assert!(file.write(&"x".repeat(SLOT_BYTES)).is_err());
    }
}
