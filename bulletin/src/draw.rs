//! The three drawings as functions of a document.

use std::path::PathBuf;

use granary_core::{bulletin::Bulletin, text::Bilingual};

use super::{article::Article, html as page, pdf as paper, xlsx as workbook};
use crate::words::Manner;

/// Typesets the bulletin as PDF. Fonts are looked for in `font_dirs` first, then in the usual folders of the system.
///
/// The bytes depend on the document, the manner and the fonts that are found, on nothing else.
///
/// # Errors
/// Where no font is found that has the characters needed; the message says which package to install.
pub fn pdf(
    bulletin: &Bulletin,
    manner: &Manner,
    font_dirs: &[PathBuf],
) -> Result<Vec<u8>, Bilingual> {
    paper::pdf(&Article::new(bulletin, manner), font_dirs)
}

/// Writes the bulletin as a workbook, in which every row of every list stands.
///
/// # Errors
/// Where the document has more rows or longer names than a workbook may have.
pub fn xlsx(bulletin: &Bulletin, manner: &Manner) -> Result<Vec<u8>, Bilingual> {
    workbook::xlsx(&Article::new(bulletin, manner))
}

/// Writes the bulletin as one HTML page without script and without any outside reference.
///
/// # Errors
/// None today; the signature is that of its siblings.
pub fn html(bulletin: &Bulletin, manner: &Manner) -> Result<Vec<u8>, Bilingual> {
    Ok(page::html(&Article::new(bulletin, manner)).into_bytes())
}
