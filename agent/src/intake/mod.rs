//! Intake: from a file on a clerk's desk to drafts.
//!
//! In: the path of a file, and the names of the catalogue. Out: one [`Draft`] for each dataset and
//! period in it, or all faults. Durable after: nothing. On crash: the file is read again.
//!
//! A file is read more than once: first for its digest and to see that it is what it seems and of a bearable size, then for its
//! rows. If the passes saw different bytes the reading is void ([`Unread::Changed`]). Memory is bounded by the
//! limits of a snapshot, not by the file. Texts (`text`) and workbooks (`workbook`) hand their rows, as texts, to the same
//! reading of headings and rows, [`csv_long`] and [`csv_wide`], and so to the same gathering. `docs/INTAKE.md` tells a clerk about it.
//!
//! A file is read whole or not at all: where one cell is at fault nothing of it is sent.

mod fault;
mod encoding;
mod scan;
mod records;
mod cell;
mod names;
mod number;
mod period;
mod headings;
mod metadata;
mod gather;
pub mod csv_long;
pub mod csv_wide;
mod text;
mod sdmx;
mod mapping;
mod workbook;

#[cfg(test)]
pub(crate) mod tests;

use std::{io, path::Path};

use granary_core::digest::Digest;

pub use self::{
    cell::{CellFault, Reading, read_status, read_value},
    fault::{Column, FAULTS_MAX, Fault, Faults, Place, PlaceWire},
    names::{Conversion, Names, Unknown, nearest},
    period::read_period,
    records::{COLUMNS_MAX, RECORD_BYTES_MAX, ROWS_MAX},
    scan::{FILE_BYTES_MAX, TEXT_BYTES_MAX, digest_of},
};
pub(crate) use self::{
    fault::{clip, say},
    scan::is_utf8_text,
    workbook::SKIP,
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

/// Reads a file of any kind: a workbook by its first bytes, else a text.
///
/// # Errors
/// [`Unread`], with all faults at once.
pub fn read(path: &Path, names: &Names<'_>) -> Result<Read, Unread> {
    match workbook::kind_of(path).map_err(Unread::Io)? {
        Some(kind) => workbook::read(path, kind, names),
        None => text::read(path, names),
    }
}
