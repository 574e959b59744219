//! Examining one segment file: what is damaged is copied aside and reported, a torn tail is cut.
//!
//! The copy is made durably before anything is cut. When it cannot be made, nothing is cut and the file is held
//! until a later start.

use std::io;
use std::path::{Path, PathBuf};

use crate::durable::{self, Disk, DiskFile};
use crate::spool::format::{self, QUARANTINE_NAME};
use crate::spool::report::{Damage, DamageKind};
use crate::spool::scan::read_fully;
use crate::spool::segment::{Segment, Wrong};

/// Bytes that are copied at a time.
const COPY_BYTES: usize = 64 * 1024;

/// Reads the segment's file, fills the summary from it and keeps copies of what is damaged.
/// For `sealed_end` see [`Segment::examine`].
pub(super) fn examine<D: Disk>(
    disk: &D,
    folder: &Path,
    segment: &mut Segment,
    sealed_end: Option<u64>,
) -> Vec<Damage> {
    let path = folder.join(format::segment_name(segment.first));
    let Ok(file) = disk.open(&path) else {
        segment.held = true;
        return vec![Damage {
            kind: DamageKind::Unreadable,
            file: path,
            offset: 0,
            length: 0,
            copy: None,
        }];
    };
    let mut damage = Vec::new();
    for wrong in segment.examine(&file, sealed_end) {
        let copy = keep_copy(disk, folder, segment.first, &file, wrong);
        segment.held |= copy.is_err();
        let Wrong {
            kind,
            offset,
            length,
        } = wrong;
        damage.push(Damage {
            kind,
            file: path.clone(),
            offset,
            length,
            copy: copy.unwrap_or(None),
        });
    }
    // A killed process leaves records in the cache: they are delivered, so they are brought to the disk first.
    segment.held |= sealed_end.is_none() && file.sync().is_err();
    if !segment.held {
        cut(&file, segment.end);
    }
    damage
}

/// Cuts what follows the last record. A failure does no harm: the ledger says where the segment ends.
fn cut<F: DiskFile>(file: &F, end: u64) {
    if file.length().is_ok_and(|length| length > end) {
        let _ = file.truncate(end).and_then(|()| file.sync());
    }
}

fn keep_copy<D: Disk>(
    disk: &D,
    folder: &Path,
    first: u64,
    file: &D::File,
    wrong: Wrong,
) -> io::Result<Option<PathBuf>> {
    let worth_keeping = match wrong.kind {
        DamageKind::TornTail | DamageKind::Record | DamageKind::Header => wrong.length > 0,
        DamageKind::Shortened => file.length()? > wrong.offset,
        DamageKind::Missing | DamageKind::Unreadable | DamageKind::Ledger | DamageKind::Foreign => {
            false
        }
    };
    if !worth_keeping {
        return Ok(None);
    }
    let name = format!(
        "{}.{}-{}.bad",
        format::segment_name(first),
        wrong.offset,
        wrong.length
    );
    let path = folder.join(QUARANTINE_NAME).join(name);
    // An earlier start has copied the same bytes already.
    if disk.open(&path).is_err() {
        durable::replace_durably(disk, &path, |copy| {
            copy_bytes(file, wrong.offset, wrong.length, copy)
        })?;
    }
    Ok(Some(path))
}

fn copy_bytes<F: DiskFile>(from: &F, offset: u64, length: u64, to: &F) -> io::Result<()> {
    let mut buffer = vec![0; COPY_BYTES];
    let mut done = 0;
    while done < length {
        let count = (length - done).min(COPY_BYTES as u64) as usize;
        let count = read_fully(from, &mut buffer[..count], offset + done)?;
        if count == 0 {
            break;
        }
        to.write_at(&buffer[..count], done)?;
        done += count as u64;
    }
    Ok(())
}
