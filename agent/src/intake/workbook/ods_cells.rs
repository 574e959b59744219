//! How many cells the sheets of an `.ods` unfold to. A cell or row there can be written once and repeated a million times, so that a file of
//! a kilobyte is a table of gigabytes; this counts first, in a stream, what the reader of tables would hold.

use std::{
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use super::{
    super::fault::{Fault, say},
    container::{damaged, locked},
};

/// The most cells that are unfolded, in all sheets together, since all of them are held at once.
const CELLS_MAX: u64 = 4_000_000;
/// How much of the list of parts is looked at for encryption.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// What is counted of a sheet.
#[derive(Default)]
struct Count {
    /// Cells of the sheets before this one.
    before: u64,
    /// Rows up to the last that has a text.
    rows: u64,
    /// Rows after it.
    empty_rows: u64,
    /// The widest row.
    width: u64,
    row_repeats: u64,
    /// Cells of this row up to the last that has a text.
    row_width: u64,
    empty_cells: u64,
    cell_repeats: u64,
    cell_has_text: bool,
}

/// Checks that the sheets of an `.ods` are bearable.
///
/// # Errors
/// A fault where they are not, or the file is damaged.
pub(super) fn check(path: &Path) -> Result<(), Box<Fault>> {
    let file = File::open(path).map_err(|e| damaged(&e.to_string()))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(&e.to_string()))?;
    if is_encrypted(&mut archive) {
        return Err(locked());
    }
    let part = archive
        .by_name("content.xml")
        .map_err(|e| damaged(&e.to_string()))?;
    let mut reader = Reader::from_reader(BufReader::new(part));
    let (mut buffer, mut count) = (Vec::new(), Count::default());
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|e| damaged(&e.to_string()))? {
            Event::Start(tag) => count.start(&tag, false),
            Event::Empty(tag) => count.start(&tag, true),
            Event::End(tag) => count.end(tag.name().as_ref()),
            Event::Eof => return Ok(()),
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
        if count.cells() > CELLS_MAX {
            return Err(too_much());
        }
    }
}

/// Whether the list of parts says that they are encrypted.
fn is_encrypted(archive: &mut ZipArchive<BufReader<File>>) -> bool {
    let Ok(part) = archive.by_name("META-INF/manifest.xml") else {
        return false;
    };
    let mut text = Vec::new();
    let read = part.take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
    read.is_ok() && String::from_utf8_lossy(&text).contains("encryption-data")
}

impl Count {
    fn cells(&self) -> u64 {
        self.before
            .saturating_add(self.rows.saturating_mul(self.width))
    }

    fn start(&mut self, tag: &BytesStart<'_>, is_empty: bool) {
        match tag.name().as_ref() {
            "table:table" => {
                *self = Self {
                    before: self.cells(),
                    ..Self::default()
                };
            }
            "table:table-row" => {
                self.row_repeats = repeats(tag, "table:number-rows-repeated");
                (self.row_width, self.empty_cells) = (0, 0);
                if is_empty {
                    self.end("table:table-row");
                }
            }
            "table:table-cell" | "table:covered-table-cell" => {
                self.cell_repeats = repeats(tag, "table:number-columns-repeated");
                self.cell_has_text = has(tag, "office:value-type") || has(tag, "table:formula");
                if is_empty {
                    self.end("table:table-cell");
                }
            }
            "text:p" => self.cell_has_text = true,
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "table:table-cell" | "table:covered-table-cell" => {
                if self.cell_has_text {
                    self.row_width = self
                        .row_width
                        .saturating_add(self.empty_cells)
                        .saturating_add(self.cell_repeats);
                    self.empty_cells = 0;
                } else {
                    self.empty_cells = self.empty_cells.saturating_add(self.cell_repeats);
                }
            }
            "table:table-row" => {
                if self.row_width > 0 {
                    self.rows = self
                        .rows
                        .saturating_add(self.empty_rows)
                        .saturating_add(self.row_repeats);
                    self.empty_rows = 0;
                    self.width = self.width.max(self.row_width);
                } else {
                    self.empty_rows = self.empty_rows.saturating_add(self.row_repeats);
                }
            }
            _ => {}
        }
    }
}

fn repeats(tag: &BytesStart<'_>, name: &str) -> u64 {
    let found = tag.attributes().flatten().find(|a| a.key.as_ref() == name);
    found.and_then(|a| a.value.parse().ok()).unwrap_or(1)
}

fn has(tag: &BytesStart<'_>, name: &str) -> bool {
    tag.attributes().flatten().any(|a| a.key.as_ref() == name)
}

fn too_much() -> Box<Fault> {
    Box::new(Fault::of_file(
        say!(
            "工作表展开后超过 {CELLS_MAX} 个单元格，未读",
            "a sheet has more than {CELLS_MAX} cells when it is unfolded, and was not read"
        ),
        say!(
            "删去表格之外的单元格和格式，另存后再放入",
            "remove cells and formats outside of the table, save it and hand that in"
        ),
    ))
}
