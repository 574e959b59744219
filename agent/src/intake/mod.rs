//! Intake: from a file on a clerk's desk to drafts.
//!
//! In: the path of a file, and the names of the catalogue. Out: one [`Draft`] for each dataset and
//! period in it, or all faults. Durable after: nothing. On crash: the file is read again.
//!
//! The file is read twice, in a stream: once for its digest and to see that it is UTF-8 text of a bearable size, once for its
//! rows. If the two passes saw different bytes the reading is void ([`Unread::Changed`]). Memory is bounded by the
//! limits of a snapshot, not by the file. A source of another kind (a workbook, a database) has a module of its own beside
//! [`csv_long`] and [`csv_wide`] and hands its cells to the same gathering.
//!
//! A file is read whole or not at all: where one cell is at fault nothing of it is sent.

mod fault;
mod scan;
mod records;
mod cell;
mod names;
mod period;
mod headings;
mod metadata;
mod gather;
pub mod csv_long;
pub mod csv_wide;

#[cfg(test)]
pub(crate) mod tests;

use std::{io, path::Path};

use csv::StringRecord;
use granary_core::digest::Digest;

pub(crate) use self::fault::{clip, say};
pub use self::{
    cell::{CellFault, Reading, read_status, read_value},
    fault::{Column, FAULTS_MAX, Fault, Faults, Place, PlaceWire},
    names::{Names, Unknown, nearest},
    records::{COLUMNS_MAX, RECORD_BYTES_MAX, ROWS_MAX},
    scan::{FILE_BYTES_MAX, digest_of},
};
use self::{
    csv_wide::Wide,
    gather::Gather,
    headings::Headings,
    records::{RecordError, Records},
    scan::{Scan, ScanError},
};
use crate::draft::Draft;

/// What a file held.
#[derive(Clone, Debug)]
pub struct Read {
    /// The SHA-256 of the file.
    pub sha256: Digest,
    /// The drafts, by dataset and period.
    pub drafts: Vec<Draft>,
}

/// Why a file gave no drafts.
#[derive(Debug)]
pub enum Unread {
    /// The clerk must mend it.
    Faults {
        /// The SHA-256 of the file, if it could be read to its end.
        sha256: Option<Digest>,
        /// All that is wrong.
        faults: Vec<Fault>,
    },
    /// It changed while it was read: read it again when it is whole.
    Changed,
    /// The disk or a network share would not give it: try again later.
    Io(io::Error),
}

/// Reads a CSV file of either shape.
///
/// # Errors
/// [`Unread`], with all faults at once.
pub fn read(path: &Path, names: &Names<'_>) -> Result<Read, Unread> {
    let first = scan_of(path)?;
    let drafts = read_records(path, &first, names);
    // What was gathered is only what the digest names if the bytes are still the same.
    if scan_of(path)?.sha256 != first.sha256 {
        return Err(Unread::Changed);
    }
    Ok(Read {
        sha256: first.sha256,
        drafts: drafts?,
    })
}

fn scan_of(path: &Path) -> Result<Scan, Unread> {
    scan::scan(path).map_err(|error| match error {
        ScanError::Fault(fault) => Unread::Faults {
            sha256: None,
            faults: vec![*fault],
        },
        ScanError::Io(error) => Unread::Io(error),
    })
}

fn read_records(path: &Path, scan: &Scan, names: &Names<'_>) -> Result<Vec<Draft>, Unread> {
    let mut records = Records::open(path, &scan.head).map_err(Unread::Io)?;
    let mut gather = Gather::new(names, path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut shape: Option<(Headings, Option<Wide<'_>>)> = None;
    let mut record = StringRecord::new();
    loop {
        let row = match records.next(&mut record) {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(RecordError::Io(error)) => return Err(Unread::Io(error)),
            Err(RecordError::Fault(fault)) => {
                gather.faults.report(*fault);
                break;
            }
        };
        if let Some(line) = metadata::line_of(&record, records.separator()) {
            gather
                .metadata
                .take(&line, row, folder, shape.is_some(), &mut gather.faults);
            continue;
        }
        if record.iter().all(|field| cell::trim(field).is_empty()) {
            continue;
        }
        match &shape {
            None => shape = Some(read_headings(&mut gather, &record, row)),
            Some((headings, Some(wide))) => wide.read_row(&mut gather, headings, &record, row),
            Some((headings, None)) => csv_long::read_row(&mut gather, headings, &record, row),
        }
    }
    gather.finish().map_err(|faults| Unread::Faults {
        sha256: Some(scan.sha256),
        faults,
    })
}

fn read_headings<'a>(
    gather: &mut Gather<'_, 'a>,
    record: &StringRecord,
    row: u64,
) -> (Headings, Option<Wide<'a>>) {
    let headings = Headings::read(record, row, &mut gather.faults);
    let wide = if headings.is_long() {
        csv_long::check_headings(gather, &headings, row);
        None
    } else {
        Some(Wide::read(gather, &headings, row))
    };
    (headings, wide)
}
