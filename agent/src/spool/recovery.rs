//! Opening a spool: find the files, read the ledger, examine every segment, and say what was wrong.
//!
//! Only three things keep a spool from opening: another agent has it, a later version wrote it, or the folder itself
//! cannot be used. Damage never does.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::durable::{self, Disk};
use crate::spool::Spool;
use crate::spool::format::{
    self, Entry, FileKind, HEADER_BYTES, Header, LEDGER_NAME, LOCK_NAME, QUARANTINE_NAME,
};
use crate::spool::ledger::{self, Ledger};
use crate::spool::quarantine;
use crate::spool::report::{Damage, DamageKind, Limits, OpenError, Recovery};
use crate::spool::scan::read_fully;
use crate::spool::segment::{Segment, Wrong};

/// Every opening leaves out this many numbers. It is more than one segment can hold, so that no number returns even if
/// the end of the newest segment is gone without a trace.
const SEQUENCE_GAP: u64 = 1 << 22;

/// What the ledger says, beside the settled records, which go into the segments at once.
#[derive(Default)]
struct Notes {
    known: BTreeSet<u64>,
    sealed: BTreeMap<u64, u64>,
    retired: BTreeSet<u64>,
    /// The highest sequence number that is mentioned.
    highest: u64,
}

/// The files of the folder.
#[derive(Default)]
struct Files {
    segments: Vec<u64>,
    ledger: bool,
    temporary: Vec<String>,
    foreign: Vec<String>,
}

/// Opens the spool in `folder`; see [`Spool::open`].
pub(super) fn open<D: Disk>(
    disk: D,
    folder: &Path,
    limits: Limits,
) -> Result<(Spool<D>, Recovery), OpenError> {
    let failed = |source| OpenError::Io {
        folder: folder.to_path_buf(),
        source,
    };
    create_folders(&disk, folder).map_err(failed)?;
    let lock = disk.lock(&folder.join(LOCK_NAME)).map_err(failed)?;
    let Some(lock) = lock else {
        return Err(OpenError::Locked {
            folder: folder.to_path_buf(),
        });
    };
    let files = sort_files(disk.list(folder).map_err(failed)?);
    refuse_later_formats(&disk, folder, &files)?;
    let mut recovery = Recovery::default();
    let (segments, retired, next) = recover(&disk, folder, &files, &mut recovery);
    let mut spool = Spool {
        disk,
        folder: folder.to_path_buf(),
        limits,
        segments,
        active: None,
        ledger: Ledger::broken(),
        retired,
        next,
        _lock: lock,
    };
    recovery.pending_records = spool.status().pending_records;
    spool.retire_drained();
    // Without a ledger the spool works too; the next note tries again.
    let _ = spool.note(&[], false);
    Ok((spool, recovery))
}

fn create_folders<D: Disk>(disk: &D, folder: &Path) -> io::Result<()> {
    disk.create_folder(&folder.join(QUARANTINE_NAME))?;
    disk.sync_folder(&durable::folder_of(folder))?;
    disk.sync_folder(folder)
}

fn sort_files(names: Vec<String>) -> Files {
    let mut files = Files::default();
    for name in names {
        if let Some(first) = format::parse_segment_name(&name) {
            files.segments.push(first);
        } else if name == LEDGER_NAME {
            files.ledger = true;
        } else if name.ends_with(durable::TEMPORARY_SUFFIX) {
            files.temporary.push(name);
        } else if name != LOCK_NAME && name != QUARANTINE_NAME {
            files.foreign.push(name);
        }
    }
    files
}

/// Before anything is changed: a later version may have left a folder that this one would spoil.
fn refuse_later_formats<D: Disk>(disk: &D, folder: &Path, files: &Files) -> Result<(), OpenError> {
    let segments = files
        .segments
        .iter()
        .map(|first| folder.join(format::segment_name(*first)));
    for file in segments.chain(files.ledger.then(|| folder.join(LEDGER_NAME))) {
        if let Header::Later { version } = read_header(disk, &file) {
            return Err(OpenError::LaterFormat { file, version });
        }
    }
    Ok(())
}

fn read_header<D: Disk>(disk: &D, path: &Path) -> Header {
    let mut bytes = [0; HEADER_BYTES as usize];
    let read = disk
        .open(path)
        .and_then(|file| read_fully(&file, &mut bytes, 0));
    read.map_or(Header::Damaged, |count| {
        format::decode_header(&bytes[..count])
    })
}

/// The segments that remain, those that were just removed, and the next sequence number.
fn recover<D: Disk>(
    disk: &D,
    folder: &Path,
    files: &Files,
    recovery: &mut Recovery,
) -> (Vec<Segment>, BTreeSet<u64>, u64) {
    for name in &files.temporary {
        // What stays is found again at the next start.
        let _ = disk.remove(&folder.join(name));
    }
    recovery.report(
        files
            .foreign
            .iter()
            .map(|name| plain_damage(DamageKind::Foreign, folder.join(name))),
    );
    let mut segments: Vec<Segment> = files
        .segments
        .iter()
        .map(|first| Segment::new(*first))
        .collect();
    let notes = read_ledger(disk, folder, files, &mut segments, recovery);
    let next = next_sequence(&segments, &notes);
    let mut retired = BTreeSet::new();
    segments.retain(|segment| {
        let gone = remove_retired(disk, folder, segment.first, &notes);
        !(gone && retired.insert(segment.first))
    });
    examine_all(disk, folder, &notes, &mut segments, recovery);
    let missing = notes
        .known
        .iter()
        .filter(|first| !files.segments.contains(first) && !notes.retired.contains(first));
    recovery.report(missing.map(|first| {
        plain_damage(
            DamageKind::Missing,
            folder.join(format::segment_name(*first)),
        )
    }));
    let next = segments
        .iter()
        .map(|segment| segment.next.saturating_add(SEQUENCE_GAP))
        .fold(next, u64::max);
    (segments, retired, next)
}

fn read_ledger<D: Disk>(
    disk: &D,
    folder: &Path,
    files: &Files,
    segments: &mut [Segment],
    recovery: &mut Recovery,
) -> Notes {
    let mut notes = Notes::default();
    let path = folder.join(LEDGER_NAME);
    if !files.ledger {
        if !segments.is_empty() {
            recovery.report([plain_damage(DamageKind::Ledger, path)]);
        }
        return notes;
    }
    let Ok(file) = disk.open(&path) else {
        recovery.report([plain_damage(DamageKind::Unreadable, path)]);
        return notes;
    };
    let wrong = ledger::load(&file, |entry| notes.take(entry, segments));
    recovery.report(wrong.into_iter().map(
        |Wrong {
             kind,
             offset,
             length,
         }| Damage {
            kind,
            file: path.clone(),
            offset,
            length,
            copy: None,
        },
    ));
    notes
}

impl Notes {
    fn take(&mut self, entry: Entry, segments: &mut [Segment]) {
        match entry {
            Entry::Segment { first } => {
                self.known.insert(first);
                self.highest = self.highest.max(first);
            }
            Entry::Sealed { first, end } => {
                self.sealed.insert(first, end);
                self.highest = self.highest.max(first);
            }
            Entry::Settled { from, to } => {
                self.highest = self.highest.max(to);
                let after = segments.partition_point(|segment| segment.first <= from);
                if let Some(segment) = after
                    .checked_sub(1)
                    .and_then(|index| segments.get_mut(index))
                {
                    segment.settle_noted(from, to);
                }
            }
            Entry::Retired { first } => {
                self.retired.insert(first);
                self.highest = self.highest.max(first);
            }
        }
    }
}

/// True when the segment was given up earlier and is gone now. One that cannot be removed is kept like any other, and
/// its marks say that all its records are settled.
fn remove_retired<D: Disk>(disk: &D, folder: &Path, first: u64, notes: &Notes) -> bool {
    let path = folder.join(format::segment_name(first));
    let emptied = read_header(disk, &path)
        == (Header::Known {
            kind: FileKind::Emptied,
            first,
        });
    if !emptied && !notes.retired.contains(&first) {
        return false;
    }
    disk.remove(&path).is_ok() || emptied
}

fn examine_all<D: Disk>(
    disk: &D,
    folder: &Path,
    notes: &Notes,
    segments: &mut [Segment],
    recovery: &mut Recovery,
) {
    for segment in segments {
        let sealed_end = notes.sealed.get(&segment.first).copied();
        recovery.report(quarantine::examine(disk, folder, segment, sealed_end));
        // A file that was found is never appended to, so its end is final, unless it must be examined once more.
        segment.sealed |= !segment.held;
        segment.numbers_used = true;
    }
}

/// The first number that no file and no note leads to. The records that are found may raise it later.
fn next_sequence(segments: &[Segment], notes: &Notes) -> u64 {
    let highest = segments
        .last()
        .map_or(0, |segment| segment.first)
        .max(notes.highest);
    if highest == 0 {
        1
    } else {
        highest.saturating_add(SEQUENCE_GAP)
    }
}

fn plain_damage(kind: DamageKind, file: PathBuf) -> Damage {
    Damage {
        kind,
        file,
        offset: 0,
        length: 0,
        copy: None,
    }
}
