//! The check of a city's own data folder, also while its server runs: what [`crate::replay`] checks of an archive, and that
//! the rows which the city keeps beside its entries are those that follow from them.
//!
//! - In: a data folder, read without a lock.
//! - Out: that it holds, or the first thing that differs.
//! - It writes nothing into the folder: entries and payloads go through a temporary archive, which is gone at the end.

mod error;
mod store;
mod tiles;

use std::{
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use ed25519_dalek::VerifyingKey;
use granary_core::{
    ledger::{Act, Deed, JournalEntry},
    log::{KeyName, VerifierKey, leaf_hash},
};
use tempfile::NamedTempFile;

use self::{
    store::{Head, Store},
    tiles::Tiles,
};
use crate::{
    archive::{End, Writer},
    progress::Progress,
    replay::{self, Replayed},
};

pub use error::FsckError;

/// How to check.
#[derive(Clone, Debug)]
pub struct Options {
    /// The log's key as the auditor has it from elsewhere.
    pub log_key: Option<VerifierKey>,
    /// Where temporary files may be made: as much as the journal takes, compressed.
    pub scratch: PathBuf,
}

/// A folder that holds.
pub struct Checked {
    /// What its entries came to.
    pub replayed: Replayed,
    /// Full tiles that were compared.
    pub tiles: u64,
    /// What was found of the derived rows.
    pub derived: Derived,
}

/// What was found of the derived rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// There are none; the next start makes them.
    Absent,
    /// They are those that the first so many entries give.
    Equal {
        /// How many entries they cover.
        applied: u64,
    },
    /// They cover entries that came after the checkpoint that was checked, so they were not compared.
    Ahead {
        /// How many entries they cover.
        applied: u64,
    },
}

/// Checks a data folder.
///
/// # Errors
/// [`FsckError`] says what differs first.
pub fn fsck(
    folder: &Path,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Checked, FsckError> {
    if !folder.join("journal").is_dir() {
        return Err(FsckError::NoJournal(folder.to_path_buf()));
    }
    // What only grows is read from its end to its beginning: rows, then head, then entries.
    let derived = store::Derived::read(folder)?;
    let head = Head::read(folder)?.ok_or(FsckError::NoHead)?;
    let store = Store::open(folder)?;
    let (archive, tiles) = copy(&store, &head, &options.scratch, progress)?;
    check_digests(&store, head.size)?;
    let replay = |entries_max, progress: &mut dyn FnMut(Progress)| {
        let options = replay::Options {
            log_key: options.log_key.clone(),
            scratch: options.scratch.clone(),
            entries_max,
            ..replay::Options::default()
        };
        replay::replay(archive.path(), &options, progress)
    };
    let replayed = replay(None, progress)?;
    let derived = match derived {
        None => Derived::Absent,
        Some(kept) if kept.applied > head.size => Derived::Ahead {
            applied: kept.applied,
        },
        Some(kept) => {
            let computed = if kept.applied == head.size {
                replayed.state_digest()?
            } else {
                replay(Some(kept.applied), progress)?.state_digest()?
            };
            if computed != kept.digest {
                return Err(FsckError::Derived {
                    applied: kept.applied,
                    kept: kept.digest,
                    computed,
                });
            }
            Derived::Equal {
                applied: kept.applied,
            }
        }
    };
    Ok(Checked {
        replayed,
        tiles,
        derived,
    })
}

/// Puts what the head covers into a temporary archive, and compares tiles and digests on the way.
fn copy(
    store: &Store,
    head: &Head,
    scratch: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(NamedTempFile, u64), FsckError> {
    let file = tempfile::Builder::new()
        .prefix("granary-fsck-")
        .tempfile_in(scratch)
        .map_err(FsckError::local)?;
    let own = file.reopen().map_err(FsckError::local)?;
    let mut archive = Writer::new(BufWriter::new(own)).map_err(FsckError::local)?;
    let mut tiles = Tiles::new(store);
    let (mut log_key, mut bytes) = (None, 0);
    let held = store.records(head.size, &mut |index, entry, payload| {
        if index == 0 {
            log_key = genesis_key(payload);
        }
        // What is no entry has no digest to look up; the replay says what is wrong with it.
        if let Ok(decoded) = JournalEntry::decode(entry)
            && store.index_of(&decoded.payload_sha256)? != Some(index)
        {
            return Err(FsckError::Digest { index });
        }
        tiles.push(leaf_hash(entry))?;
        archive.push(entry, payload).map_err(FsckError::local)?;
        bytes += (entry.len() + payload.len()) as u64;
        progress(Progress {
            entries: index + 1,
            bytes,
            done: index + 1,
            total: head.size,
        });
        Ok(())
    })?;
    if held < head.size {
        return Err(FsckError::Lost {
            signed: head.size,
            held,
        });
    }
    let end = End {
        verifier_key: log_key.map(|key| key.to_string()).unwrap_or_default(),
        checkpoint: head.note.clone(),
    };
    let finished = archive.finish(&end).and_then(|mut file| file.flush());
    finished.map_err(FsckError::local)?;
    Ok((file, tiles.finish()?))
}

/// Each entry's digest leads to it, so as many digests as entries leave none over.
fn check_digests(store: &Store, size: u64) -> Result<(), FsckError> {
    let digests = store.digests_below(size)?;
    if digests == size {
        Ok(())
    } else {
        Err(FsckError::Digests { digests, size })
    }
}

/// The log's key as the first entry names it. The replay checks that entry; here it is only taken over.
fn genesis_key(payload: &[u8]) -> Option<VerifierKey> {
    let Deed::Genesis {
        origin,
        log_public_key,
        ..
    } = Act::decode(payload).ok()?.deed
    else {
        return None;
    };
    let key = VerifyingKey::from_bytes(&log_public_key).ok()?;
    VerifierKey::new(KeyName::new(&origin).ok()?, key).ok()
}
