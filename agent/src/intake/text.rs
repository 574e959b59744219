//! Delimited texts: CSV of either shape, and SDMX-CSV.
//!
//! The file is read in a stream, once for its digest and encoding and once for its rows; a third pass sees that it has not changed.
//! So a text of gigabytes costs time and no memory: what is kept is bounded by the limits of snapshots, and the rows are read no
//! further than to the first thing that is too much.

use std::path::Path;

use csv::StringRecord;

use super::{
    Read, Unread, cell, csv_long,
    csv_wide::Wide,
    fault::{Fault, Place, clip, say},
    gather::Gather,
    headings::Headings,
    metadata,
    names::Names,
    number::{Comma, Manner},
    records::{RecordError, Records},
    scan::{self, Scan, ScanError},
    sdmx::Sdmx,
};
use crate::draft::Draft;

/// Reads a delimited text.
///
/// # Errors
/// [`Unread`], with all faults at once.
pub(super) fn read(path: &Path, names: &Names<'_>) -> Result<Read, Unread> {
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
        ScanError::Fault(fault) | ScanError::NotUtf8(fault) => Unread::Faults {
            sha256: None,
            faults: vec![*fault],
        },
        ScanError::Io(error) => Unread::Io(error),
    })
}

/// What the line of headings has settled.
enum Shape<'a> {
    Wide(Headings, Wide<'a>),
    Long(Headings),
    Sdmx(Headings, Sdmx),
}

fn read_records(path: &Path, scan: &Scan, names: &Names<'_>) -> Result<Vec<Draft>, Unread> {
    let mut records = Records::open(path, scan.encoding, &scan.head).map_err(Unread::Io)?;
    let mut gather = Gather::new(names, path);
    if let Some(told) = scan.encoding.told() {
        gather.notice(told);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut shape: Option<Shape<'_>> = None;
    let mut record = StringRecord::new();
    while !gather.is_full() {
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
        match &mut shape {
            None => {
                gather.manner = manner(&mut gather, records.separator());
                shape = Some(read_headings(&mut gather, &record, row));
            }
            Some(Shape::Wide(headings, wide)) => wide.read_row(&mut gather, headings, &record, row),
            Some(Shape::Long(headings)) => {
                csv_long::read_row(&mut gather, headings, &record, row);
            }
            Some(Shape::Sdmx(headings, sdmx)) => {
                if let Some(plain) = sdmx.plain(&mut gather, &record, row) {
                    csv_long::read_row(&mut gather, headings, &plain, row);
                }
            }
        }
    }
    gather.finish().map_err(|faults| Unread::Faults {
        sha256: Some(scan.sha256),
        faults,
    })
}

/// What a comma is in this file: as it states; else, where the separator leaves the comma free, whatever is clear.
fn manner(gather: &mut Gather<'_, '_>, separator: char) -> Manner {
    let stated = gather.metadata.decimal.clone();
    let comma = match stated.as_ref().map(|line| cell::narrow(&line.text)) {
        None if separator == ';' => Comma::Unclear,
        None => Comma::Refused,
        Some(mark) if matches!(mark.as_str(), "," | "comma" | "逗号") => Comma::Decimal,
        Some(mark) if matches!(mark.as_str(), "." | "point" | "点") => Comma::Thousands,
        Some(mark) => {
            let (row, found) = (stated.map_or(0, |line| line.row), clip(&mark));
            gather.faults.report(Fault::new(
                Place::row(row),
                say!("“{found}”不是小数点", "\"{found}\" is no decimal mark"),
                say!(
                    "写“# 小数点: ,”或“# 小数点: .”",
                    "write \"# decimal: ,\" or \"# decimal: .\""
                ),
            ));
            Comma::Refused
        }
    };
    Manner {
        comma,
        ..Manner::default()
    }
}

fn read_headings<'a>(gather: &mut Gather<'_, 'a>, record: &StringRecord, row: u64) -> Shape<'a> {
    if let Some(sdmx) = Sdmx::read(gather, record, row) {
        let headings = Headings::read(sdmx.headings(), row, &mut gather.faults);
        csv_long::check_headings(gather, &headings, row);
        return Shape::Sdmx(headings, sdmx);
    }
    let headings = Headings::read(record, row, &mut gather.faults);
    if headings.is_long() {
        csv_long::check_headings(gather, &headings, row);
        Shape::Long(headings)
    } else {
        let wide = Wide::read(gather, &headings, row);
        Shape::Wide(headings, wide)
    }
}
