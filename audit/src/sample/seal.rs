//! The tree that seals a draw, found by reading the leaves of an archive in order.

use std::{fs::File, io::BufReader, path::Path};

use granary_core::{
    ledger::{JournalEntry, sampling::Seal},
    log::{Frontier, Hash, leaf_hash},
    text::Bilingual,
};

use crate::archive::{ArchiveError, Piece, Reader};

/// What the seed is made of, besides the public string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The leaf hash of the announcement's entry.
    pub leaf: Hash,
    /// How many entries the tree has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Finds the tree; `None` where the archive does not reach it. The archive is taken to have been checked.
///
/// # Errors
/// Where it cannot be read.
pub fn sealed(file: &Path, announced: u64, seal: Seal) -> Result<Option<Sealed>, Bilingual> {
    walk(file, announced, seal).map_err(|error| error.message())
}

fn walk(file: &Path, announced: u64, seal: Seal) -> Result<Option<Sealed>, ArchiveError> {
    let file = File::open(file).map_err(ArchiveError::Disk)?;
    let mut reader = Reader::new(BufReader::with_capacity(1 << 20, file))?;
    let (mut frontier, mut leaf) = (Frontier::empty(), None);
    while let Some(Piece::Records(frame)) = reader.next_piece()? {
        let block = frame.open()?;
        for (index, (entry, _)) in (block.first()..).zip(block.records()) {
            let hash = leaf_hash(entry);
            frontier.push(hash);
            if index == announced {
                leaf = Some(hash);
            }
            // The sealed tree holds an entry behind the announcement, whatever its rule says.
            if index > announced && closes(seal, index, entry) {
                let sealed = |leaf| Sealed {
                    leaf,
                    size: frontier.size(),
                    root: frontier.root(),
                };
                return Ok(leaf.map(sealed));
            }
        }
    }
    Ok(None)
}

/// Whether the tree that ends with this entry is the seal's.
fn closes(seal: Seal, index: u64, entry: &[u8]) -> bool {
    match seal {
        Seal::Size(size) => index + 1 == size,
        Seal::After(at_ms) => {
            JournalEntry::decode(entry).is_ok_and(|entry| entry.received_at_ms >= at_ms)
        }
    }
}
