//! Forms (填报表格): a workbook for one slot that the agent reads back without a mapping.
//!
//! In: the catalogue, a slot, the record of the period before. Out: an `.xlsx` file. Durable after: the file has been renamed to its name.
//! On crash: a file with `.part` at its end may be left.
//!
//! The first sheet is a long table as [`crate::intake`] reads it: one row for each indicator, or for each item and indicator. Its
//! first rows name dataset, period and unit. The second sheet lists the dataset's edits and begins with `# skip`.
//! Cells to be filled in are unlocked; the rest is protected without a password, against slips only. In an itemised form nothing is
//! protected, because rows are added to it.

mod checks;
mod sheet;
#[cfg(test)]
mod tests;

use std::{io, path::Path};

use granary_core::{
    catalogue::Catalogue,
    snapshot::{SlotKey, Snapshot},
};
use rust_xlsxwriter::{Workbook, XlsxError};

use crate::durable::write_durably;

/// What a form is for.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// The catalogue in force.
    pub catalogue: &'a Catalogue,
    /// Who will state what for when.
    pub slot: &'a SlotKey,
    /// The record of the period before, if it is known here.
    pub last: Option<&'a Snapshot>,
}

/// Why no form was written.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// The catalogue has no such dataset.
    #[error("没有报表 / there is no dataset {0}")]
    Dataset(String),
    /// A file of this name is there already.
    #[error("{0} 已存在，没有改动 / is there already and was left as it is")]
    Taken(String),
    /// The workbook could not be made.
    #[error("{0}")]
    Workbook(#[from] XlsxError),
    /// The disk would not take it.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Writes a form under a name that is not taken.
///
/// # Errors
/// [`FormError`]
pub fn write(form: &Form<'_>, path: &Path) -> Result<(), FormError> {
    if path.symlink_metadata().is_ok() {
        return Err(FormError::Taken(path.display().to_string()));
    }
    write_durably(path, &bytes(form)?)?;
    Ok(())
}

/// The form as a file.
///
/// # Errors
/// [`FormError`], but for those of the disk.
pub fn bytes(form: &Form<'_>) -> Result<Vec<u8>, FormError> {
    let code = &form.slot.dataset;
    let dataset = form.catalogue.dataset(code);
    let dataset = dataset.ok_or_else(|| FormError::Dataset(code.to_string()))?;
    let mut book = Workbook::new();
    let rows = sheet::write(book.add_worksheet(), form, dataset)?;
    let edits = checks::edits(form, dataset);
    checks::paint(book.worksheet_from_index(0)?, form, &edits, &rows)?;
    checks::list(book.add_worksheet(), &edits)?;
    Ok(book.save_to_buffer()?)
}
